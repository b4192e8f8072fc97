//! The program as a child process whose output is watched.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

/// Nothing that is waited for here takes longer, unless it never comes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The program with nothing in its environment but `variables`; `folder` is its home and where it runs.
pub(crate) fn command(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent-stack-k8s"));
    command.args(arguments).env_clear().env("HOME", folder).envs(variables.iter().copied());
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// All that it said.
    pub(crate) fn output(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }
}

/// Runs the program to its end, which has to come by itself.
pub(crate) async fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    Running::start(command(folder, arguments, variables)).ended().await
}

/// A stream of the child, collected line by line.
struct Output {
    text: watch::Receiver<String>,
    reader: JoinHandle<()>,
}

impl Output {
    fn collect(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (sender, text) = watch::channel(String::new());
        let reader = tokio::spawn(async move {
            let mut lines = BufReader::new(stream).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                sender.send_modify(|text| *text = format!("{text}{line}\n"));
            }
        });
        Self { text, reader }
    }

    fn so_far(&self) -> String {
        self.text.borrow().clone()
    }

    async fn until(&self, wanted: &str) {
        let mut text = self.text.clone();
        let found = timeout(DEADLINE, text.wait_for(|text| text.contains(wanted))).await;
        assert!(matches!(found, Ok(Ok(_))), "never said `{wanted}`, only\n{}", self.so_far());
    }

    async fn end(self) -> String {
        self.reader.await.unwrap();
        self.text.borrow().clone()
    }
}

/// The program while it runs; dropping it kills it.
pub(crate) struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = Output::collect(child.stdout.take().unwrap());
        let stderr = Output::collect(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits until a line of the log holds `text`.
    pub(crate) async fn says(&self, text: &str) {
        self.stdout.until(text).await;
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.stdout.so_far()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().expect("it runs and was not waited for");
        kill(Pid::from_raw(id.try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> Ended {
        let Ok(status) = timeout(DEADLINE, self.child.wait()).await else {
            panic!("does not end; its log:\n{}\nits errors:\n{}", self.log(), self.stderr.so_far());
        };
        Ended { status: status.unwrap(), stdout: self.stdout.end().await, stderr: self.stderr.end().await }
    }

    /// Asks it to stop and waits for the end.
    pub(crate) async fn stop(self) -> Ended {
        self.signal(Signal::SIGTERM);
        self.ended().await
    }
}
