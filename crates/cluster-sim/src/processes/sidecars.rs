//! Programs beside the clients of a job.

use std::{fs, io, path::Path, time::Duration};

use tokio::{
    io::AsyncReadExt as _, net::unix::pipe::Receiver, process::Command, sync::watch, task::JoinSet,
    time::timeout,
};

use super::{Machine, group::Group, log::Log, plan::Sidecar};

/// From SIGTERM to SIGKILL: nothing depends on a sidecar any more then.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of what a sidecar printed last that are kept, for when it ends too early.
const TAIL_BYTES: usize = 2048;
/// Lines of it that are shown.
const TAIL_LINES: usize = 5;

/// The running sidecars of a job. Dropping it kills all of them.
#[derive(Debug)]
pub(super) struct Sidecars {
    running: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Sidecars {
    /// Starts them. One that cannot be started, or ends before it is stopped, is told in the log.
    ///
    /// A sidecar's output is its own, as in a cluster, and not the job's.
    pub(super) fn start(sidecars: &[Sidecar], machine: &Machine, root: &Path, log: &Log) -> Self {
        let mut running = JoinSet::new();
        let stop = watch::Sender::new(false);
        for sidecar in sidecars {
            let started = prepare(sidecar, machine, root).and_then(|mut command| Group::start(&mut command));
            let (name, log, stopped) = (sidecar.name.clone(), log.clone(), stop.subscribe());
            running.spawn(async move {
                let told = match started {
                    Ok((group, output)) => accompany(group, output, stopped).await,
                    Err(error) => Some(format!("cannot be run: {error}")),
                };
                if let Some(told) = told {
                    log.line(format!("# The sidecar {name} {told}")).await;
                }
            });
        }
        Self { running, stop }
    }

    /// Asks them to end, and waits until they are gone.
    pub(super) async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.running.join_next().await.is_some() {}
    }
}

fn prepare(sidecar: &Sidecar, machine: &Machine, root: &Path) -> io::Result<Command> {
    let directory = sidecar.directory(root);
    fs::create_dir_all(&directory)?;
    let (program, arguments) = sidecar.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = machine.command(program, &sidecar.variables, &directory);
    command.args(arguments);
    Ok(command)
}

/// Waits until it is stopped; if it ends before, says how.
async fn accompany(
    mut group: Group,
    mut output: Receiver,
    mut stopped: watch::Receiver<bool>,
) -> Option<String> {
    let mut printed = Vec::new();
    let ended = tokio::select! {
        biased;
        _ = stopped.wait_for(|stopped| *stopped) => None,
        ended = group.ended() => Some(ended),
        () = keep_reading(&mut output, &mut printed) => None,
    };
    let Some(ended) = ended else {
        group.terminate();
        let reading = keep_reading(&mut output, &mut printed);
        tokio::select! {
            biased;
            _ = timeout(GRACE, group.ended()) => {}
            () = reading => {}
        }
        // Whatever is left of it ends with the group.
        return None;
    };
    let how = match ended {
        Ok(status) => format!("ended by itself ({status}) and is not started again"),
        Err(error) => format!("is lost: {error}"),
    };
    let _ = timeout(Duration::from_millis(100), read(&mut output, &mut printed)).await;
    Some(format!("{how}{}", tail(&String::from_utf8_lossy(&printed))))
}

/// Reads for ever, so that the program is not held up.
async fn keep_reading(output: &mut Receiver, printed: &mut Vec<u8>) {
    read(output, printed).await;
    std::future::pending().await
}

/// Reads to the end of the pipe and keeps the end of what is read.
async fn read(output: &mut Receiver, printed: &mut Vec<u8>) {
    let mut buffer = vec![0; TAIL_BYTES];
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        printed.extend_from_slice(&buffer[..count]);
        printed.drain(..printed.len().saturating_sub(TAIL_BYTES));
    }
}

fn tail(printed: &str) -> String {
    let lines: Vec<&str> = printed.lines().collect();
    let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    last.iter().map(|line| format!("\n#   {line}")).collect()
}
