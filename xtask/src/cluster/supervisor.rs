//! The one process that owns a cluster: process 1 of a namespace of its own.
//!
//! It starts the cluster's programs, starts them again when they end, and reaps what they leave.
//! When it ends, however it ends, the kernel takes every process, mount and network device with it.

use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::plan::{self, Condition, Kind, Program};
use super::spec::{Layout, Spec};
use super::{cgroups, namespace};

/// Arguments of the hidden subcommand.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// State directory; only to be found by in the list of processes
    #[arg(long)]
    dir: PathBuf,
}

/// How often ended programs are looked for.
const TICK: Duration = Duration::from_millis(50);
/// How long a program that ended stays down.
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Reads the specification from standard input and runs the cluster until it is told to stop.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(std::process::id() == 1, "this is the inner half of `cargo xtask cluster up` and useless alone");
    // Blocked before the first thread, so that every thread inherits it and one can wait.
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals.thread_block().context("block signals")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("read the specification")?;
    let spec: Spec = serde_json::from_str(&line).context("understand the specification")?;
    ensure!(spec.dir == args.dir, "the specification is of another directory");

    let (stop, stopped) = mpsc::channel();
    listen(signals, spec.tied, &stop);
    let outcome = serve(&spec, &stopped);
    if let Err(error) = &outcome {
        println!("failed: {error:#}");
    }
    tear_down(&spec);
    outcome
}

fn listen(signals: SigSet, tied: bool, stop: &mpsc::Sender<String>) {
    let on_signal = stop.clone();
    std::thread::spawn(move || {
        if let Ok(signal) = signals.wait() {
            let _ = on_signal.send(format!("signal {signal}"));
        }
    });
    if tied {
        let on_end = stop.clone();
        std::thread::spawn(move || {
            let _ = io::stdin().lock().read_to_end(&mut Vec::new());
            let _ = on_end.send("the caller has ended".to_owned());
        });
    }
}

fn serve(spec: &Spec, stopped: &mpsc::Receiver<String>) -> anyhow::Result<()> {
    if spec.node {
        namespace::set_up(spec, || stopped.try_recv().is_ok())?;
    }
    let programs = plan::programs(spec).into_iter();
    let mut tasks: Vec<Task> = programs.map(|program| Task { program, state: State::Waiting }).collect();
    loop {
        for (pid, status) in reap() {
            note_end(&mut tasks, pid, status);
        }
        start_ready(spec, &mut tasks)?;
        match stopped.recv_timeout(TICK) {
            Ok(reason) => {
                println!("stopping: {reason}");
                return Ok(());
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                std::thread::sleep(TICK);
            }
        }
    }
}

struct Task {
    program: Program,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running(Pid),
    Down { until: Instant },
    Done,
}

fn start_ready(spec: &Spec, tasks: &mut [Task]) -> anyhow::Result<()> {
    let now = Instant::now();
    for index in 0..tasks.len() {
        if may_start(&tasks[index], tasks, now, |path| path.exists()) {
            let pid = spawn(spec, &tasks[index].program)?;
            println!("{} started as process {pid}", tasks[index].program.name);
            tasks[index].state = State::Running(pid);
        }
    }
    Ok(())
}

fn may_start(task: &Task, all: &[Task], now: Instant, exists: impl Fn(&Path) -> bool) -> bool {
    let due = match task.state {
        State::Waiting => true,
        State::Down { until } => until <= now,
        State::Running(_) | State::Done => false,
    };
    due && task.program.after.iter().all(|condition| match condition {
        Condition::Exists(path) => exists(path),
        Condition::Done(name) => {
            all.iter().any(|other| other.program.name == *name && other.state == State::Done)
        }
    })
}

fn note_end(tasks: &mut [Task], pid: Pid, status: ExitStatus) {
    let Some(task) = tasks.iter_mut().find(|task| task.state == State::Running(pid)) else {
        return;
    };
    println!("{} ended: {status}", task.program.name);
    task.state = match task.program.kind {
        Kind::Once if status.success() => State::Done,
        Kind::Once | Kind::Service => State::Down { until: Instant::now() + RESTART_DELAY },
    };
}

fn spawn(spec: &Spec, program: &Program) -> anyhow::Result<Pid> {
    let layout = Layout(&spec.dir);
    let log = layout.logs().join(format!("{}.log", program.name));
    let out = fs::File::options()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("open {}", log.display()))?;
    let errors = out.try_clone().context("share a log")?;
    let path = std::env::var("PATH").unwrap_or_default();
    let child = Command::new(layout.bin().join(program.file))
        .args(&program.args)
        .env("PATH", format!("{}:/usr/sbin:/sbin:{path}", layout.bin().display()))
        .current_dir(&spec.dir)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("start {}", program.name))?;
    Ok(Pid::from_raw(i32::try_from(child.id()).expect("process ids are positive and small")))
}

/// Collects every process that has ended, the orphans that this process inherits too.
fn reap() -> Vec<(Pid, ExitStatus)> {
    let mut ended = Vec::new();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => ended.push((pid, ExitStatus::from_raw(code << 8))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                ended.push((pid, ExitStatus::from_raw(signal as i32)));
            }
            Err(Errno::EINTR) | Ok(WaitStatus::Stopped(..) | WaitStatus::Continued(_)) => {}
            Ok(_) | Err(_) => return ended,
        }
    }
}

/// Leaves nothing but the logs. The processes first: they hold mounts and control groups.
fn tear_down(spec: &Spec) {
    let deadline = Instant::now() + Duration::from_secs(5);
    // Process 1 addresses every process of its namespace but itself, containers included.
    while kill(Pid::from_raw(-1), Signal::SIGKILL).is_ok() && Instant::now() < deadline {
        reap();
        std::thread::sleep(Duration::from_millis(10));
    }
    cgroups::remove(&spec.dir);
    if spec.node {
        namespace::unwire();
        namespace::unmount(&spec.dir);
    }
    remove_state(&spec.dir);
}

/// Removes everything in a state directory but the logs.
pub(crate) fn remove_state(dir: &Path) {
    let layout = Layout(dir);
    for path in [layout.bin(), layout.pki(), layout.etc(), layout.etcd(), layout.node()] {
        remove(&path, fs::remove_dir_all(&path));
    }
    for path in [layout.kubeconfig(), layout.spec(), layout.pid()] {
        remove(&path, fs::remove_file(&path));
    }
}

fn remove(path: &Path, outcome: io::Result<()>) {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            println!("could not remove {}: {error}", path.display());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, kind: Kind, after: Vec<Condition>, state: State) -> Task {
        let name = name.to_owned();
        Task { program: Program { name, file: "true", args: Vec::new(), after, kind }, state }
    }

    #[track_caller]
    fn check(state: State, after: Vec<Condition>, other: State, want: bool) {
        let other = task("other", Kind::Once, Vec::new(), other);
        let tasks = [task("it", Kind::Service, after, state), other];
        let here = |path: &Path| path == Path::new("/here");
        assert_eq!(may_start(&tasks[0], &tasks, Instant::now(), here), want);
    }

    #[test]
    fn a_program_starts_when_what_it_waits_for_holds() {
        let done = || vec![Condition::Done("other".to_owned())];
        let exists = |path: &str| vec![Condition::Exists(path.into())];
        let running = State::Running(Pid::from_raw(7));
        check(State::Waiting, vec![], State::Waiting, true);
        check(State::Waiting, done(), State::Waiting, false);
        check(State::Waiting, done(), running, false);
        check(State::Waiting, done(), State::Done, true);
        check(State::Waiting, exists("/here"), State::Waiting, true);
        check(State::Waiting, exists("/there"), State::Waiting, false);
        check(running, vec![], State::Waiting, false);
        check(State::Done, vec![], State::Waiting, false);
    }

    #[test]
    fn an_ended_service_is_down_for_a_moment_and_a_good_import_is_done() {
        let pid = Pid::from_raw(7);
        let success = ExitStatus::from_raw(0);
        for (kind, status, done) in [
            (Kind::Service, success, false),
            (Kind::Once, success, true),
            (Kind::Once, ExitStatus::from_raw(1 << 8), false),
        ] {
            let mut tasks = [task("it", kind, Vec::new(), State::Running(pid))];
            note_end(&mut tasks, pid, status);
            assert_eq!(tasks[0].state == State::Done, done, "{kind:?} {status}");
            assert_eq!(matches!(tasks[0].state, State::Down { .. }), !done, "{kind:?} {status}");
        }
    }
}
