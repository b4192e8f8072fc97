//! The agent's part of a pod: it takes the job, lets its clients work one after the other, and reports.
//!
//! ```text
//! register ─► connect ─► acquire ─► start ─► clients in turn ─► rest of the log ─► finish ─► disconnect
//!                                   beside: heartbeat, the job's state, the pod
//! ```

use std::{io, path::Path};

use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{
    Machine, PodError,
    agent_api::{AcquiredJob, AgentApi, AgentService, ApiError, JobEnd, Session, Token},
    eye::{PodEye, Sight},
    interrupt::{self, Interrupt, Interrupter},
    log::{Log, Uploader},
    plan::{AGENT, Plan},
    sidecars::Sidecars,
    steps::Steps,
    variables::items,
};
use crate::Clock;

/// Exit code of an agent whose job was somebody else's (agent-protocol 11).
const TAKEN: i32 = 27;
/// Exit code of a client that never got its turn (agent-protocol 10.4).
const NO_TURN: i32 = 1;

/// A pod from its binding to its end. Dropping it kills everything that runs for the pod.
pub(super) async fn play(mut eye: PodEye, service: AgentService, machine: Machine) {
    let running = eye.until(|sight| match sight {
        Sight::Running(pod) => Some(Some(pod)),
        Sight::Gone => Some(None),
        Sight::Waiting | Sight::Terminating => None,
    });
    let Some(pod) = running.await else { return };
    let lookup = |kind, name: &str| eye.lookup(kind, name);
    let plan = match Plan::read(&pod, &lookup) {
        Ok(plan) => plan,
        Err(error) => {
            warn!(%error, pod = eye.facts().name, "a pod that cannot be run as processes");
            for container in items(&pod["spec"]["containers"]) {
                eye.exit(container["name"].as_str().unwrap_or_default(), 1);
            }
            return;
        }
    };
    let agent = Agent { eye: &eye, plan: &plan, machine: &machine, clock: Clock::system() };
    let code = match agent.run(service).await {
        Ok(code) => code,
        Err(error) => {
            warn!(%error, pod = eye.facts().name, "an agent gave up");
            error.exit_code()
        }
    };
    // Whoever had no turn, and whoever does not work for the agent.
    for client in &plan.clients {
        eye.exit(&client.name, NO_TURN);
    }
    for (name, _) in &plan.left_out {
        eye.exit(name, 0);
    }
    eye.exit(AGENT, code);
}

struct Agent<'a> {
    eye: &'a PodEye,
    plan: &'a Plan,
    machine: &'a Machine,
    clock: Clock,
}

impl Agent<'_> {
    /// From the registration to the end; the answer is the exit code of its container.
    async fn run(&self, service: AgentService) -> Result<i32, PodError> {
        let required = |name: &'static str| {
            self.plan.agent_variable(name).ok_or_else(|| PodError::Variable { name: name.to_owned() })
        };
        let job = required("BUILDKITE_AGENT_ACQUIRE_JOB")?;
        let token = Token::new(required("BUILDKITE_AGENT_TOKEN")?);
        let endpoint = required("BUILDKITE_AGENT_ENDPOINT")?;
        let tags = self.plan.agent_variable("BUILDKITE_AGENT_TAGS").unwrap_or_default();
        let tags: Vec<String> = tags.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        let api = AgentApi::new(service, endpoint, token)?;
        let session = api.register(&self.eye.facts().name, &tags).await?;
        let api = api.with_token(session.access_token.clone());
        api.connect().await?;
        let code = match self.acquire(&api, job).await? {
            Some(acquired) => {
                self.with_job(&api, &session, &acquired, endpoint).await?;
                0
            }
            None => TAKEN,
        };
        if let Err(error) = api.disconnect().await {
            info!(%error, "an agent left without a word");
        }
        Ok(code)
    }

    /// The job, unless somebody else has it or it is over.
    async fn acquire(&self, api: &AgentApi, job: &str) -> Result<Option<AcquiredJob>, ApiError> {
        match api.acquire(job).await {
            Ok(acquired) => Ok(Some(acquired)),
            Err(error) if error.status() == Some(422) => {
                info!(%error, job, "an agent did not get its job");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Runs the job and reports its end.
    async fn with_job(
        &self,
        api: &AgentApi,
        session: &Session,
        job: &AcquiredJob,
        endpoint: &str,
    ) -> Result<(), PodError> {
        let token = job.token(session);
        let job_api = api.with_token(token.clone());
        job_api.start(&job.id, self.clock.now()).await?;
        let directory = self.directory();
        let (log, uploader) = Log::new(self.clock.clone());
        let (interrupter, interrupted) = interrupt::channel();
        let agent_variables = vec![
            ("BUILDKITE_AGENT_ENDPOINT", endpoint.to_owned()),
            ("BUILDKITE_AGENT_ACCESS_TOKEN", token.expose().to_owned()),
        ];
        let work = async {
            let root = match &directory {
                Ok(directory) => directory.path(),
                Err(error) => {
                    log.line(format!("Error: there is no directory for this job: {error}")).await;
                    drop(log);
                    return JobEnd { status: -1, signal_reason: Some("process_run_error") };
                }
            };
            let (machine, plan) = (self.machine, self.plan);
            self.work(Steps { machine, plan, job, agent_variables, root, log, interrupted }).await
        };
        let (end, lost) = tokio::select! {
            biased;
            done = both(work, uploader, &job_api, job) => done,
            () = self.keep_in_touch(api, &job_api, session, job, interrupter) => {
                unreachable!("an agent keeps in touch until its job is over")
            }
        };
        Ok(job_api.finish(&job.id, end, lost, self.clock.now()).await?)
    }

    /// A new directory with the places that a workspace has.
    fn directory(&self) -> io::Result<TempDir> {
        let directory = tempfile::Builder::new().prefix("job-").tempdir_in(&self.machine.scratch)?;
        std::fs::create_dir(Steps::build_path(directory.path()))?;
        Ok(directory)
    }

    /// Lets the clients work one after the other.
    async fn work(&self, steps: Steps<'_>) -> JobEnd {
        self.introduce(&steps.log, steps.root).await;
        let sidecars = Sidecars::start(&self.plan.sidecars, self.machine, steps.root, &steps.log);
        let mut end = JobEnd { status: 0, signal_reason: None };
        for client in &self.plan.clients {
            if let Some(reason) = steps.interrupted.so_far() {
                end = JobEnd { status: -10, signal_reason: Some(reason.signal_reason()) };
                break;
            }
            let done = steps.run(client).await;
            self.eye.exit(&client.name, done.code);
            if let Some(verdict) = done.verdict {
                end = verdict;
                break;
            }
        }
        sidecars.stop().await;
        end
    }

    /// One line that says what is not as in a cluster.
    async fn introduce(&self, log: &Log, root: &Path) {
        let images = self.plan.images.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let root = root.display();
        log.line("~~~ Preparing a process of this machine instead of a pod").await;
        log.line(format!(
            "# This step runs as processes of this machine in {root}: images ({images}), volumes, users and \
             limits are ignored."
        ))
        .await;
        for (name, why) in &self.plan.left_out {
            log.line(format!("# The container {name} is left out: {why}.")).await;
        }
    }

    /// Signs of life, the job's state and the pod's: whatever calls for an end is told. Never ends.
    async fn keep_in_touch(
        &self,
        api: &AgentApi,
        job_api: &AgentApi,
        session: &Session,
        job: &AcquiredJob,
        interrupter: Interrupter,
    ) {
        let mut heartbeat = interval(session.heartbeat_interval());
        let mut state = interval(session.job_status_interval());
        for ticks in [&mut heartbeat, &mut state] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut eye = self.eye.clone();
        let mut told = None;
        loop {
            let interrupt = tokio::select! {
                biased;
                interrupt = eye.until(|sight| ending(&sight).filter(|interrupt| told < Some(*interrupt))) => {
                    Some(interrupt)
                }
                _ = state.tick() => asked_to_end(job_api.state(&job.id).await),
                _ = heartbeat.tick() => {
                    if let Err(error) = api.heartbeat(self.clock.now()).await {
                        warn!(%error, "a sign of life did not arrive");
                    }
                    None
                }
            };
            if let Some(interrupt) = interrupt {
                interrupter.tell(interrupt);
                told = told.max(Some(interrupt));
            }
        }
    }
}

/// The work, and its log until the last word.
async fn both(
    work: impl Future<Output = JobEnd>,
    uploader: Uploader,
    api: &AgentApi,
    job: &AcquiredJob,
) -> (JobEnd, u64) {
    tokio::join!(work, uploader.run(api, job))
}

/// What a pod that is on its way out means for its job.
fn ending(sight: &Sight) -> Option<Interrupt> {
    match sight {
        Sight::Terminating => Some(Interrupt::AgentStop),
        Sight::Gone => Some(Interrupt::Gone),
        Sight::Waiting | Sight::Running(_) => None,
    }
}

/// What the state of a job means for its processes (agent-protocol 6.5).
fn asked_to_end(state: Result<String, ApiError>) -> Option<Interrupt> {
    match state {
        Ok(state) => matches!(state.as_str(), "canceling" | "canceled" | "timing_out" | "timed_out")
            .then_some(Interrupt::Cancel),
        Err(error) if error.status() == Some(401) => Some(Interrupt::Cancel),
        Err(error) => {
            warn!(%error, "the state of a job is not known");
            None
        }
    }
}
