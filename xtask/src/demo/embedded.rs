//! `--cluster embedded`: no cluster at all. `buildkite-sim run` has everything in one process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use super::buildkite::USUAL_PORT;
use super::screen::Screen;
use super::signals::StopSignals;
use super::{Args, Pipeline, binaries, next_steps, question, took};

/// Runs the pipeline and shows it; an error if it did not go green.
pub(super) async fn play(args: &Args, screen: Screen) -> anyhow::Result<()> {
    let started = Instant::now();
    let pipeline = super::pipeline(args)?;
    super::check(args)?;
    screen.line(
        "A pipeline on the real controller, without a cluster: Kubernetes and Buildkite are simulated, and the \
         steps\nrun as processes of this machine. Real parts: --cluster local.",
    );
    // Ours is known to do no harm.
    if args.pipeline.is_some() && pipeline.means_containers && !args.yes {
        ask(&pipeline, screen).await?;
    }
    let simulator = match &args.binaries {
        Some(directory) => binaries::simulator_in(directory)?,
        None => {
            screen.step("Building", "buildkite-sim");
            binaries::build_simulator().await?
        }
    };
    screen.step("Running", &pipeline.file.display().to_string());
    let before = started.elapsed();
    let mut child = start(&simulator, &pipeline.file, args)?;
    let status = until_it_ends(&mut child, screen).await?;
    match status.code() {
        // How long somebody looked around is no figure of the demo's.
        Some(0) if args.keep => Ok(()),
        Some(0) => {
            screen.verdict(true, &took(started.elapsed(), before));
            screen.line(&next_steps(args));
            Ok(())
        }
        Some(1) => {
            screen.verdict(false, &took(started.elapsed(), before));
            bail!("the build did not go green; its log is above")
        }
        Some(130) => bail!("interrupted"),
        _ => bail!("`buildkite-sim run` could not run {} ({status})", pipeline.file.display()),
    }
}

/// A file that means containers gets none here, so it is run only after a yes.
async fn ask(pipeline: &Pipeline, screen: Screen) -> anyhow::Result<()> {
    let file = pipeline.file.display();
    screen.step("Asking", &format!("{file} has a `kubernetes` plugin, and there are no containers here"));
    screen.note(
        "Its commands and sidecars would run as processes of this machine, with your rights and without\n\
         images, volumes or users.",
    );
    ensure!(
        question::can_ask(),
        "{file} has a `kubernetes` plugin and would run without its containers; that needs a yes, and there is no \
         terminal to ask on: --yes agrees"
    );
    question::go_on().await
}

fn start(simulator: &Path, pipeline: &Path, args: &Args) -> anyhow::Result<Child> {
    // Whatever happens to this process, that one ends politely and takes the processes of steps with it.
    let mut command = super::controller::tied_command(simulator, "TERM");
    command.arg("run").arg(pipeline).args(["--cluster", "embedded", "--yes"]);
    command.arg("--listen").arg(address().to_string());
    for (flag, given) in [("--keep", args.keep), ("--unblock", args.unblock)] {
        if given {
            command.arg(flag);
        }
    }
    command
        .stdin(Stdio::null())
        // Its own group: Ctrl-C arrives here and is passed on, however this process was started.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {}", simulator.display()))
}

/// The usual address if it is free, so that the page's is the same every time.
fn address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    let is_free = TcpListener::bind(usual).is_ok();
    if is_free { usual } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}

/// Waits for the end and passes signals on: the first cancels the build, a second one leaves at once.
async fn until_it_ends(child: &mut Child, screen: Screen) -> anyhow::Result<ExitStatus> {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let mut signals = StopSignals::listen()?;
    loop {
        tokio::select! {
            biased;
            status = child.wait() => return status.context("wait for buildkite-sim"),
            () = signals.next() => {
                // Below the `^C` of the terminal.
                screen.line("");
                if let Some(id) = id {
                    // It may have ended in this moment.
                    let _ = kill(id, Signal::SIGINT);
                }
            }
        }
    }
}
