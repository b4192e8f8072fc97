//! The real agent as a plain process, without Kubernetes, against the simulator: what the agent
//! thinks of the simulator's Agent API. Needs no cluster, only the built agent.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use buildkite_sim::{BuildFacts, BuildRequest, BuildSnapshot, BuildState, Effect, Fault, JobState, Options};
use e2e_tests::buildkite::Buildkite;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use uuid::Uuid;

/// A simulator and a folder for agents.
struct Bench {
    buildkite: Buildkite,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let buildkite = Buildkite::start(Ipv4Addr::LOCALHOST.into(), Options::default())
            .await
            .expect("the simulator listens");
        Self { buildkite, folder: TempDir::new().expect("a folder can be made") }
    }

    fn build(&self, steps: &str) -> Uuid {
        let text = format!("env: {{BUILDKITE_SKIP_CHECKOUT: 'true'}}\nsteps:\n{steps}");
        let request = BuildRequest::from_file(&text, "test.yml", BuildFacts::default()).expect("a pipeline");
        self.buildkite.simulator.create_build(request).expect("a pipeline that can run")
    }

    /// Starts an agent; with a job it acquires this one and exits, without it takes what comes.
    fn agent(&self, job: Option<Uuid>) -> Child {
        let bin = std::env::var("TESTBED_BIN").expect("TESTBED_BIN is set by `cargo xtask test`");
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = |name: &str| -> std::path::PathBuf { self.folder.path().join(name) };
        let token = self.buildkite.agent_token();
        let mut command = Command::new(Path::new(&bin).join("buildkite-agent"));
        command
            .arg("start")
            .env_clear()
            .env("PATH", format!("{bin}:{path}"))
            .env("HOME", self.folder.path())
            .env("BUILDKITE_AGENT_TOKEN", token.expose())
            .env("BUILDKITE_AGENT_ENDPOINT", self.buildkite.endpoint())
            .env("BUILDKITE_AGENT_NAME", "%hostname-%spawn")
            .env("BUILDKITE_AGENT_TAGS", "queue=kubernetes,os=linux")
            .env("BUILDKITE_BUILD_PATH", folder("build"))
            .env("BUILDKITE_HOOKS_PATH", folder("hooks"))
            .env("BUILDKITE_PLUGINS_PATH", folder("plugins"))
            .env("BUILDKITE_SOCKETS_PATH", folder("sockets"))
            .env("BUILDKITE_SHELL", "/bin/sh -ec")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if let Some(job) = job {
            command.env("BUILDKITE_AGENT_ACQUIRE_JOB", job.to_string());
        }
        command.spawn().expect("the agent starts")
    }

    async fn settled(&self, build: Uuid) -> BuildSnapshot {
        self.buildkite.settled(build, Duration::from_secs(60)).await
    }

    fn job(&self, build: Uuid, step: &str) -> Uuid {
        let build = self.buildkite.simulator.build(build).expect("the build exists");
        build.job_of(step).expect("the step has a job").id
    }
}

async fn exit(mut agent: Child) -> ExitStatus {
    tokio::time::timeout(Duration::from_secs(60), agent.wait())
        .await
        .expect("the agent exits in time")
        .expect("its status is known")
}

/// agent-protocol 1, 11, 12
#[tokio::test(flavor = "multi_thread")]
async fn the_real_agent_acquires_and_runs_a_job() {
    let bench = Bench::new().await;
    let build = bench.build("- {command: 'echo hello from $$BUILDKITE_STEP_KEY; exit 3', key: one}");
    let agent = bench.agent(Some(bench.job(build, "one")));
    let settled = bench.settled(build).await;
    assert_eq!(settled.state, BuildState::Failed);
    assert_eq!(settled.job_of("one").unwrap().exit_status, Some(3));
    let log = bench.buildkite.log(build, "one");
    assert!(log.lines().any(|line| line == "hello from one"), "{log}");
    assert_eq!(exit(agent).await.code(), Some(0));
    assert_eq!(bench.buildkite.simulator.agents()[0].connection, "disconnected");
}

/// agent-protocol 6.1, 11
#[tokio::test(flavor = "multi_thread")]
async fn the_real_agent_exits_27_when_the_job_is_taken() {
    let bench = Bench::new().await;
    let build = bench.build("- {command: 'true', key: one}");
    bench.buildkite.simulator.cancel_build(build).unwrap();
    let agent = bench.agent(Some(bench.job(build, "one")));
    assert_eq!(exit(agent).await.code(), Some(27));
}

/// agent-protocol 8
#[tokio::test(flavor = "multi_thread")]
async fn the_real_agents_commands_work_inside_jobs() {
    let bench = Bench::new().await;
    let build = bench.build(
        r#"
- key: one
  label: first
  agents: {os: linux}
  command: |
    buildkite-agent meta-data set release r42
    buildkite-agent annotate "hi **there**" --style info --context a.b
    mkdir -p out/deep
    echo data > out/deep/a.txt
    buildkite-agent artifact upload "out/**/*"
    buildkite-agent step update label "second" --append
    echo "label=$$(buildkite-agent step get label)"
- wait
- key: two
  command: |
    echo "release=$$(buildkite-agent meta-data get release)"
    buildkite-agent meta-data exists nothing || echo "exists=$$?"
    buildkite-agent meta-data get nothing --default none
    rm -rf out
    buildkite-agent artifact download "out/**/*" .
    echo "artifact=$$(cat out/deep/a.txt)"
    buildkite-agent annotation remove --context a.b
    echo '{"steps": [{"command": "echo uploaded", "key": "three", "env": {"BUILDKITE_SKIP_CHECKOUT": "true"}}]}' \
      | buildkite-agent pipeline upload
    echo 'steps: [{command: x, cache: y}]' | buildkite-agent pipeline upload || echo "upload=$$?"
    buildkite-agent oidc request-token || echo "oidc=$$?"
"#,
    );
    let mut agent = bench.agent(None);
    let settled = bench.settled(build).await;
    agent.kill().await.unwrap();
    assert_eq!(settled.state, BuildState::Passed, "{}", bench.buildkite.describe(build));
    for (step, line) in [
        ("one", "label=firstsecond"),
        ("two", "release=r42"),
        ("two", "exists=100"),
        ("two", "artifact=data"),
        ("two", "upload=1"),
        ("two", "oidc=1"),
        ("three", "uploaded"),
    ] {
        let log = bench.buildkite.log(build, step);
        assert!(log.lines().any(|found| found == line), "no line {line:?} in:\n{log}");
    }
    assert_eq!(settled.meta_data["release"], "r42");
    assert!(settled.annotations.is_empty());
    assert_eq!(settled.artifacts[0].path, "out/deep/a.txt");
}

/// agent-protocol 6.5, 6.6, 9
#[tokio::test(flavor = "multi_thread")]
async fn the_real_agent_is_cancelled_and_survives_faults() {
    let bench = Bench::new().await;
    let faults =
        [("start", Effect::LoseAnswer), ("finish", Effect::status(503)), ("chunks", Effect::status(503))];
    for (endpoint, effect) in faults {
        bench.buildkite.simulator.inject_fault(Fault::always(endpoint, effect).times(1));
    }
    let build = bench.build("- {command: 'echo ready; sleep 600', key: one}");
    let job = bench.job(build, "one");
    let agent = bench.agent(Some(job));
    let minute = Duration::from_secs(60);
    let ready = bench.buildkite.simulator.until(|simulator| {
        simulator.log_text(job).filter(|log| log.contains("\nready") || log.contains("\u{7}ready"))
    });
    tokio::time::timeout(minute, ready).await.expect("the log arrives in time");
    bench.buildkite.simulator.cancel_build(build).unwrap();
    let settled = bench.settled(build).await;
    assert_eq!(settled.state, BuildState::Canceled);
    let job = settled.job_of("one").unwrap();
    assert_eq!((job.state, job.signal_reason.as_deref()), (JobState::Canceled, Some("cancel")));
    assert_eq!(exit(agent).await.code(), Some(0));
    let statistics = bench.buildkite.simulator.statistics();
    assert_eq!(statistics.count("finish", 503), 1);
    assert_eq!(statistics.count("start", 0), 1);
}
