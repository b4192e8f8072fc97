//! The handle on a simulator: what tests, pages and command lines talk to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::Clock;
use crate::core::{BuildFacts, BuildState, NewBuild, Refusal, Statistics, World};
use crate::faults::{Fault, Faults};
use crate::options::{Options, Token};
use crate::pipeline::interpolate::interpolate;
use crate::pipeline::{self, model::Pipeline};
use crate::record::{Actor, Happening, Held};
use crate::snapshot::{AgentSnapshot, BuildSnapshot, JobSnapshot, QueueSnapshot, StackSnapshot};

/// A Buildkite in memory; clones share it.
#[derive(Clone)]
pub struct Simulator(Arc<Shared>);

struct Shared {
    world: Mutex<World>,
    faults: Mutex<Faults>,
    clock: Clock,
    changes: watch::Sender<u64>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").finish_non_exhaustive()
    }
}

/// A build to create; start from [`BuildRequest::new`].
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The steps.
    pub pipeline: Pipeline,
    /// Slug, repository, branch and so on.
    pub facts: BuildFacts,
    /// Metadata from the start.
    pub meta_data: BTreeMap<String, String>,
    /// Unblock every block and input step with its defaults when its turn comes.
    pub unblock: bool,
}

impl BuildRequest {
    /// A build of `pipeline` on branch `main`, from nobody in particular.
    pub fn new(pipeline: Pipeline) -> Self {
        Self { pipeline, facts: BuildFacts::default(), meta_data: BTreeMap::new(), unblock: false }
    }

    /// A build of a pipeline file, read as `buildkite-agent pipeline upload` reads it in a job of
    /// that build: `$BUILDKITE_BRANCH` and the like are filled in, and `$$` becomes `$`.
    ///
    /// # Errors
    ///
    /// When the text is not a pipeline that can be simulated.
    pub fn from_file(text: &str, file: &str, facts: BuildFacts) -> Result<Self, Refusal> {
        let read = || {
            let value = pipeline::read_yaml(text, file)?;
            pipeline::parse_json(&interpolate(&value, &facts.environment())?)
        };
        let pipeline = read().map_err(|error| Refusal { status: 422, message: error.to_string() })?;
        Ok(Self { facts, ..Self::new(pipeline) })
    }
}

/// Jobs per build made by [`Simulator::enqueue_jobs`]: every end of a job looks at its whole
/// build, so small builds keep load tests linear.
const JOBS_PER_BUILD: usize = 50;

impl Simulator {
    /// A simulator on the machine's clock.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::with_clock(options, Clock::system())
    }

    /// A simulator on a clock of the caller's.
    #[must_use]
    pub fn with_clock(options: Options, clock: Clock) -> Self {
        let faults = Mutex::new(Faults::new(options.seed));
        let world = Mutex::new(World::new(options, clock.now()));
        Self(Arc::new(Shared { world, faults, clock, changes: watch::Sender::new(0) }))
    }

    /// Brings the state to the present, then does `work` on it and tells observers.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let mut world = self.0.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.0.clock.now();
        world.sweep(now);
        world.record.acting(|| Actor::Operator);
        let answer = work(&mut world, now);
        let revision = world.revision;
        drop(world);
        self.0.changes.send_if_modified(|seen| {
            let changed = *seen < revision;
            *seen = revision.max(*seen);
            changed
        });
        answer
    }

    pub(crate) fn with_faults<T>(&self, work: impl FnOnce(&mut Faults) -> T) -> T {
        work(&mut self.0.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The simulator's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Slug of the organization.
    #[must_use]
    pub fn organization_slug(&self) -> String {
        self.with(|world, _| world.options.organization_slug.clone())
    }

    /// The first cluster agent token, for whoever starts agents or stacks.
    #[must_use]
    pub fn agent_token(&self) -> Option<Token> {
        self.with(|world, _| world.options.agent_tokens.first().cloned())
    }

    /// Replaces the accepted cluster agent tokens, as a rotation does.
    pub fn set_agent_tokens(&self, tokens: Vec<Token>) {
        self.with(|world, _| world.set_agent_tokens(tokens));
    }

    /// Creates a build and starts what can start.
    ///
    /// # Errors
    ///
    /// When the pipeline cannot be expanded, repeats a step key or names an unknown queue.
    pub fn create_build(&self, request: BuildRequest) -> Result<Uuid, Refusal> {
        let BuildRequest { pipeline, facts, meta_data, unblock } = request;
        self.with(|world, now| world.create_build(NewBuild { facts, pipeline, meta_data, unblock }, now))
    }

    /// Creates a build from pipeline text in YAML or JSON, with defaults for all else.
    ///
    /// # Errors
    ///
    /// As [`BuildRequest::from_file`] and [`Simulator::create_build`].
    pub fn create_build_from_yaml(&self, text: &str) -> Result<Uuid, Refusal> {
        self.create_build(BuildRequest::from_file(text, "pipeline.yml", BuildFacts::default())?)
    }

    /// Creates `count` jobs of one command step, given as it would stand in a pipeline; the
    /// answer is their ids in order of creation.
    ///
    /// # Errors
    ///
    /// When `step` is not a command step without `parallelism` and `matrix`.
    pub fn enqueue_jobs(&self, count: usize, step: &Value) -> Result<Vec<Uuid>, Refusal> {
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let mut step = step.clone();
            let size = JOBS_PER_BUILD.min(count - ids.len());
            step["parallelism"] = Value::from(size);
            let pipeline = pipeline::parse_json(&json!({ "steps": [step] }))
                .map_err(|error| Refusal { status: 422, message: error.to_string() })?;
            let mut request = BuildRequest::new(pipeline);
            request.facts.pipeline = "load".to_owned();
            let build = self.create_build(request)?;
            let before = ids.len();
            let snapshot = self.build(build);
            ids.extend(snapshot.iter().flat_map(|build| build.jobs()).map(|job| job.id));
            if ids.len() == before {
                let message = "the step creates no jobs".to_owned();
                return Err(Refusal { status: 422, message });
            }
        }
        Ok(ids)
    }

    /// Stops a build.
    ///
    /// # Errors
    ///
    /// When it is unknown or has ended.
    pub fn cancel_build(&self, build: Uuid) -> Result<(), Refusal> {
        self.with(|world, now| world.cancel_build(build, now))
    }

    /// Stops a job.
    ///
    /// # Errors
    ///
    /// When it is unknown or has ended.
    pub fn cancel_job(&self, job: Uuid) -> Result<(), Refusal> {
        self.with(|world, now| world.cancel_job(job, "canceled by request", now))
    }

    /// Gives a job another priority, as somebody does who waits for it; what Buildkite makes of it when it has failed
    /// has the new one too.
    ///
    /// # Errors
    ///
    /// When it is unknown or has ended.
    pub fn reprioritize_job(&self, job: Uuid, priority: i64) -> Result<(), Refusal> {
        self.with(|world, _| world.reprioritize(job, priority))
    }

    /// Unblocks a step, by key or id; without a name the first that is blocked.
    ///
    /// # Errors
    ///
    /// When nothing is blocked there, or a field lacks a valid answer.
    pub fn unblock(
        &self,
        build: Uuid,
        step: Option<&str>,
        answers: &IndexMap<String, String>,
    ) -> Result<Uuid, Refusal> {
        self.with(|world, now| world.unblock(build, step, answers, now))
    }

    /// Stops or resumes handing out a queue's jobs.
    ///
    /// # Errors
    ///
    /// When the queue is unknown.
    pub fn pause_queue(&self, key: &str, paused: bool) -> Result<(), Refusal> {
        self.with(|world, now| world.pause_queue(key, paused, now))
    }

    /// Makes requests fail from now on; the answer names the fault.
    ///
    /// # Panics
    ///
    /// When the fault could never strike as written, such as at an endpoint that does not exist:
    /// a test that injects it would show nothing.
    pub fn inject_fault(&self, fault: Fault) -> u64 {
        self.try_inject_fault(fault).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// As [`Simulator::inject_fault`] for faults that come from outside.
    pub(crate) fn try_inject_fault(&self, fault: Fault) -> Result<u64, Refusal> {
        fault.check()?;
        Ok(self.with_faults(|faults| faults.inject(fault)))
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.with_faults(Faults::clear);
    }

    /// What was counted so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.with(|world, _| world.statistics.clone())
    }

    /// A job.
    #[must_use]
    pub fn job(&self, id: Uuid) -> Option<JobSnapshot> {
        self.with(|world, _| world.jobs.get(&id).map(|job| world.job_snapshot(job)))
    }

    /// All jobs in order of creation.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobSnapshot> {
        self.with(|world, _| world.jobs.values().map(|job| world.job_snapshot(job)).collect())
    }

    /// The bytes of a job's log from `offset` on, as the agent sent them.
    #[must_use]
    pub fn log(&self, job: Uuid, offset: usize) -> Option<Vec<u8>> {
        self.with(|world, _| {
            let log = world.jobs.get(&job)?.log.bytes();
            Some(log[offset.min(log.len())..].to_vec())
        })
    }

    /// A job's whole log as text.
    #[must_use]
    pub fn log_text(&self, job: Uuid) -> Option<String> {
        self.log(job, 0).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A build.
    #[must_use]
    pub fn build(&self, id: Uuid) -> Option<BuildSnapshot> {
        self.with(|world, _| world.build_snapshot(id))
    }

    /// All builds, oldest first.
    #[must_use]
    pub fn builds(&self) -> Vec<BuildSnapshot> {
        self.with(|world, _| {
            let ids: Vec<Uuid> = world.builds.keys().copied().collect();
            ids.into_iter().filter_map(|id| world.build_snapshot(id)).collect()
        })
    }

    /// All agents that ever registered.
    #[must_use]
    pub fn agents(&self) -> Vec<AgentSnapshot> {
        self.with(|world, _| world.agent_snapshots())
    }

    /// All queues.
    #[must_use]
    pub fn queues(&self) -> Vec<QueueSnapshot> {
        self.with(|world, _| world.queue_snapshots())
    }

    /// All registered stacks.
    #[must_use]
    pub fn stacks(&self) -> Vec<StackSnapshot> {
        self.with(|world, _| world.stack_snapshots())
    }

    /// What happened since the last call, in order; nothing unless [`Options::record`] is set.
    #[must_use]
    pub fn drain_record(&self) -> Vec<Happening> {
        self.with(|world, _| world.record.drain())
    }

    /// The state and reservation of every job, in order of creation: what a judge compares its own books with.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        self.with(|world, _| world.jobs.values().map(|job| job.held()).collect())
    }

    /// A number that grows whenever something changes, to wait on.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until `wanted` finds what it looks for; it is asked again after every change.
    pub async fn until<T>(&self, mut wanted: impl FnMut(&Self) -> Option<T>) -> T {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = wanted(self) {
                return found;
            }
            self.next_change(&mut changes).await;
        }
    }

    /// Waits until a build is in a state that does not change by itself: ended or blocked.
    ///
    /// # Panics
    ///
    /// When there is no such build.
    pub async fn build_settled(&self, id: Uuid) -> BuildSnapshot {
        self.until(|simulator| {
            let build = simulator.build(id).expect("the build exists");
            (build.state.is_terminal() || build.state == BuildState::Blocked).then_some(build)
        })
        .await
    }

    /// Lets deadlines pass on time; without it they pass at the next request or question.
    pub async fn run_timers(&self) {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            self.next_change(&mut changes).await;
        }
    }

    /// Waits for a change or the next deadline, whichever comes first.
    async fn next_change(&self, changes: &mut watch::Receiver<u64>) {
        // The sender lives as long as `self`, so an error cannot happen; waiting is right then.
        let Some(deadline) = self.with(|world, _| world.next_deadline()) else {
            let _ = changes.changed().await;
            return;
        };
        let wait = Duration::try_from(deadline.duration_since(self.now())).unwrap_or_default();
        // Rounded up, or a clock that is coarser than the timer would spin.
        let _ = tokio::time::timeout(wait + Duration::from_millis(1), changes.changed()).await;
    }
}
