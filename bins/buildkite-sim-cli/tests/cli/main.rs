//! The binary as people run it, against a simulator in this process and an agent played by hand.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agent;
mod embedded;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use buildkite_sim::{BuildState, Options, Simulator};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::net::TcpListener;

use agent::Agent;

/// A simulator on a port, and a directory for pipeline files.
struct Stage {
    simulator: Simulator,
    url: String,
    directory: TempDir,
    _server: tokio::task::JoinHandle<()>,
}

impl Stage {
    async fn new() -> Self {
        let simulator = Simulator::new(Options::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = simulator.clone();
        let server = tokio::spawn(async move {
            let router = served.router();
            served.serve(listener, router, std::future::pending()).await.unwrap();
        });
        Self { simulator, url, directory: TempDir::new().unwrap(), _server: server }
    }

    /// `buildkite-sim run` of a pipeline on this stage.
    fn run(&self, pipeline: &str, more: &[&str]) -> Command {
        let file = self.directory.path().join("hello world.yml");
        fs::write(&file, pipeline).unwrap();
        let mut command = program();
        command.arg("run").arg(file).args(["--endpoint", &self.url]).args(more);
        command
    }

    async fn job(&self, position: usize) -> uuid::Uuid {
        self.simulator
            .until(|simulator| {
                let builds = simulator.builds();
                let job = builds.first()?.jobs().nth(position)?;
                (job.state == buildkite_sim::JobState::Scheduled).then_some(job.id)
            })
            .await
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildkite-sim"));
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Sends a signal to the program and to nothing that it may have started.
fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

async fn finish(child: Child) -> (i32, String, String) {
    let output: Output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_followed_to_green() {
    let stage = Stage::new().await;
    let pipeline = "
env: {GREETING: hello}
steps:
- {label: first, command: 'echo $GREETING $BUILDKITE_BRANCH $WHO $$HOME'}
- wait
- {label: a second one, command: make}
";
    let child = stage.run(pipeline, &["--branch", "dev", "--env", "WHO=world"]).spawn().unwrap();
    let agent = Agent::register(&stage.simulator).await;
    let first = stage.job(0).await;
    assert_eq!(stage.simulator.job(first).unwrap().command, "echo hello dev world $HOME");
    agent.work(first, "\u{1b}_bk;t=1\u{7}\u{1b}[32mhello\u{1b}[0m\r\r\nlast", 0).await;
    let second = stage.job(1).await;
    agent.work(second, "done\n", 0).await;
    let (status, out, err) = finish(child).await;
    assert_eq!(status, 0, "{out}{err}");
    for line in [
        "Build #1 of hello-world, page http://127.0.0.1:",
        "first        > running on by-hand",
        "first        | hello",
        "first        | last",
        "first        > passed in ",
        "a second one | done",
        "Build #1 passed",
    ] {
        assert!(out.contains(line), "{line:?} is not in {out}");
    }
    assert!(!out.contains('\u{1b}'), "no colours where there is no terminal: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_and_exits_with_1() {
    let stage = Stage::new().await;
    let pipeline = "[{label: bad, command: 'false'}, wait, {label: never, command: make}]";
    let child = stage.run(pipeline, &["--color", "always"]).spawn().unwrap();
    let agent = Agent::register(&stage.simulator).await;
    agent.work(stage.job(0).await, "\u{1b}[31mbroken\u{1b}[0m\n", 3).await;
    let (status, out, err) = finish(child).await;
    assert_eq!(status, 1, "{out}{err}");
    for part in ["\u{1b}[31mbroken\u{1b}[0m", "failed with exit status 3", "something before it failed"] {
        assert!(out.contains(part), "{part:?} is not in {out}");
    }
    assert!(out.ends_with("\u{1b}[1;31mBuild #1 failed\u{1b}[0m\n"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn block_steps_are_unblocked_on_request() {
    let stage = Stage::new().await;
    let pipeline = "[{block: Ship it?, fields: [{text: Name, key: name, default: Ada}]}, {wait: ~}]";
    let child = stage.run(pipeline, &["--unblock"]).spawn().unwrap();
    let (status, out, err) = finish(child).await;
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(stage.simulator.builds()[0].meta_data["name"], "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cancels_the_build() {
    let stage = Stage::new().await;
    let mut child = stage.run("[{block: Ship it?}, {label: after, command: make}]", &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let waiting = lines.find(|line| line.as_ref().unwrap().contains("Waiting at \"Ship it?\""));
    assert!(waiting.is_some(), "says what it waits for");
    send(&child, Signal::SIGINT);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let (status, _, err) = finish(child).await;
    assert_eq!(status, 130, "{rest:?}{err}");
    assert_eq!(stage.simulator.builds()[0].state, BuildState::Canceled);
    assert!(rest.last().unwrap().contains("Build #1 canceled"), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_its_own_says_how_to_connect() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("p.yml");
    fs::write(&file, "x-unused: 1\nsteps: [wait]\n").unwrap();
    let mut command = program();
    let child =
        command.arg("run").arg(file).args(["--listen", "127.0.0.1:0", "--queue", "q1"]).spawn().unwrap();
    let (status, out, err) = finish(child).await;
    assert_eq!(status, 0, "{out}{err}");
    for part in
        ["BUILDKITE_AGENT_ENDPOINT=http://127.0.0.1:", "--tags queue=q1", "`x-unused` at the top level"]
    {
        assert!(err.contains(part), "{part} is not in {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_exits_with_2_and_says_why() {
    let stage = Stage::new().await;
    for (pipeline, want) in [
        (
            "[{label: deploy, trigger: other}]",
            "step 1 (\"deploy\"): \"trigger\" steps are not supported by this simulator",
        ),
        ("steps:\n- command: [}\n", "hello world.yml"),
        ("[{command: '${A%x}'}]", "an operator that interpolation does not know"),
        ("[{command: a, agents: {queue: other}}]", "there is no queue \"other\""),
    ] {
        let (status, out, err) = finish(stage.run(pipeline, &[]).spawn().unwrap()).await;
        assert_eq!(status, 2, "{pipeline}: {out}{err}");
        assert!(err.starts_with("error: ") && err.contains(want), "{pipeline}: {err}");
    }
    for arguments in [&["run"][..], &["run", "f", "--env", "A"], &["bake"], &["run", "missing.yml"]] {
        let (status, _, err) = finish(program().args(arguments).spawn().unwrap()).await;
        assert_eq!(status, 2, "{arguments:?}: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_that_is_not_there_is_named() {
    let stage = Stage::new().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let file = stage.directory.path().join("p.yml");
    fs::write(&file, "[wait]").unwrap();
    let mut command = program();
    let child = command.arg("run").arg(file).args(["--endpoint", &format!("http://{free}")]).spawn().unwrap();
    let (status, _, err) = finish(child).await;
    assert_eq!(status, 1, "{err}");
    assert!(err.contains(&format!("failed to reach the simulator at http://{free}")), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_runs_until_it_is_interrupted() {
    let mut child = program().args(["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let page = lines.next().unwrap().unwrap();
    let url = page.trim_start_matches("page").trim().trim_end_matches('/').to_owned();
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("p.yml");
    fs::write(&file, "[wait]").unwrap();
    let run = program().arg("run").arg(file).args(["--endpoint", &url]).spawn().unwrap();
    let (status, out, err) = finish(run).await;
    assert_eq!(status, 0, "{out}{err}");
    send(&child, Signal::SIGTERM);
    drop(lines);
    assert_eq!(finish(child).await.0, 0);
}
