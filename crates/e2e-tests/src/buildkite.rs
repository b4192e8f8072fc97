//! The simulator on an address that pods reach.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use buildkite_sim::pipeline::{self, PipelineError};
use buildkite_sim::{BuildRequest, BuildSnapshot, JobSnapshot, JobState, Options, Simulator, Token};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Queue of all scenarios.
pub const QUEUE: &str = "kubernetes";

/// A simulator that listens; ends when dropped.
pub struct Buildkite {
    /// The state, for questions and faults.
    pub simulator: Simulator,
    /// Where it listens, without a path.
    pub url: String,
    tasks: [JoinHandle<()>; 2],
}

impl Buildkite {
    /// Listens on a free port of `address`.
    ///
    /// # Errors
    /// When the address is not one of this machine.
    pub async fn start(address: IpAddr, options: Options) -> Result<Self> {
        let listener =
            TcpListener::bind((address, 0)).await.with_context(|| format!("cannot listen on {address}"))?;
        let url = format!("http://{}", listener.local_addr().context("a listener has an address")?);
        let options = Options { default_queue: QUEUE.to_owned(), base_url: Some(url.clone()), ..options };
        let simulator = Simulator::new(options);
        let router = simulator.router();
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("serving does not end by itself");
        });
        let timers = simulator.clone();
        let timers = tokio::spawn(async move { timers.run_timers().await });
        Ok(Self { simulator, url, tasks: [server, timers] })
    }

    /// Base URL of the Stacks and Agent API.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}/v3", self.url)
    }

    /// The token that stacks and agents sign in with.
    ///
    /// # Panics
    /// When the simulator was made without one.
    #[must_use]
    pub fn agent_token(&self) -> Token {
        self.simulator.agent_token().expect("the options hold a token")
    }

    /// Creates a build from a file of `fixtures/pipelines`, as an upload would: with its variables replaced, of
    /// which there are none beside its own. `change` may set branch, repository and so on.
    ///
    /// # Panics
    /// When the simulator refuses the pipeline.
    pub fn create_build(&self, fixture: &str, change: impl FnOnce(&mut BuildRequest)) -> Uuid {
        let path = format!("{}/../../fixtures/pipelines/{fixture}", env!("CARGO_MANIFEST_DIR"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
        let pipeline = uploaded(&text, fixture).unwrap_or_else(|error| panic!("{fixture}: {error}"));
        let mut request = BuildRequest::new(pipeline);
        change(&mut request);
        self.simulator
            .create_build(request)
            .unwrap_or_else(|refusal| panic!("{fixture}: {}", refusal.message))
    }

    /// Waits until the build has ended or is blocked.
    ///
    /// # Panics
    /// When that takes longer than `deadline`; the text shows every job with its log.
    pub async fn settled(&self, build: Uuid, deadline: Duration) -> BuildSnapshot {
        match tokio::time::timeout(deadline, self.simulator.build_settled(build)).await {
            Ok(build) => build,
            Err(_) => {
                panic!("the build did not end within {} s:\n{}", deadline.as_secs(), self.describe(build))
            }
        }
    }

    /// Waits until the job of a step is in this state.
    ///
    /// # Panics
    /// When that takes longer than `deadline`, or the job ends in another state.
    pub async fn job_in(&self, build: Uuid, step: &str, state: JobState, deadline: Duration) -> JobSnapshot {
        let wanted = self.simulator.until(|simulator| {
            let job = simulator.build(build)?.job_of(step)?.clone();
            (job.state == state).then_some(job)
        });
        match tokio::time::timeout(deadline, wanted).await {
            Ok(job) => job,
            Err(_) => panic!(
                "job of step {step} not {state:?} within {} s:\n{}",
                deadline.as_secs(),
                self.describe(build)
            ),
        }
    }

    /// The log of a step's last job as plain text.
    ///
    /// # Panics
    /// When the build has no such step.
    #[must_use]
    pub fn log(&self, build: Uuid, step: &str) -> String {
        let build = self.simulator.build(build).expect("the build exists");
        let job = build.job_of(step).unwrap_or_else(|| panic!("no step {step}"));
        let log = self.simulator.log(job.id, 0).unwrap_or_default();
        buildkite_sim::ansi::plain_text(&log)
    }

    /// Everything about a build that helps to see why it is not as expected.
    #[must_use]
    pub fn describe(&self, build: Uuid) -> String {
        let Some(build) = self.simulator.build(build) else {
            return "no such build".to_owned();
        };
        let mut text = format!("build {:?}\n", build.state);
        for job in build.jobs() {
            let log = self.simulator.log(job.id, 0).unwrap_or_default();
            text.push_str(&format!(
                "job {} {:?} exit {:?} reason {:?} detail {:?}\n{}\n",
                job.step_key.as_deref().unwrap_or("without key"),
                job.state,
                job.exit_status,
                job.signal_reason,
                job.detail,
                buildkite_sim::ansi::plain_text(&log),
            ));
        }
        text
    }
}

impl Drop for Buildkite {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What an upload makes of a pipeline file.
fn uploaded(text: &str, name: &str) -> Result<pipeline::model::Pipeline, PipelineError> {
    let written = pipeline::read_yaml(text, name)?;
    pipeline::parse_json(&pipeline::interpolate::interpolate(&written, &[].into())?)
}
