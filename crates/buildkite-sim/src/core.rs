//! The pure core: (state, request, now) → (state, answer).
//!
//! No clock, no network, no chance but the seed. Every map is ordered, so a run repeats exactly.
//! Callers first [`sweep`](World::sweep) to the present, then carry out one request.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod acquire;
mod agents;
mod annotations;
mod artifacts;
mod auth;
mod build;
mod create;
mod entropy;
mod environment;
mod finish;
mod job;
mod limits;
mod log;
mod meta_data;
mod refusal;
mod schedule;
mod stack_jobs;
mod stacks;
mod states;
mod statistics;
mod steps;
#[cfg(test)]
mod tests;
mod timers;
mod tokens;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

pub(crate) use agents::{Agent, AgentConnection, Instruction, Registration, Steer};
pub(crate) use annotations::NewAnnotation;
pub use artifacts::ArtifactState;
pub(crate) use artifacts::{Artifact, ArtifactQuery, NewArtifact};
pub(crate) use auth::Identity;
pub use build::{Annotation, BuildFacts, BuildState, StepState};
pub(crate) use build::{Build, Step, StepKind};
pub(crate) use create::NewBuild;
pub(crate) use finish::AgentResult;
pub(crate) use job::Job;
pub use job::{JobResult, JobState, Notification, Outcome, Transition};
pub(crate) use limits::{RateStatus, Scope};
pub use refusal::Refusal;
pub(crate) use stack_jobs::{ListPage, NewNotification};
pub(crate) use stacks::{Registered, Stack, StackRequest};
pub use statistics::{Latency, Statistics};
pub(crate) use steps::StepUpdate;
pub(crate) use tokens::IssuedTokens;
pub(crate) use upload::UploadRequest;

use crate::options::Options;
use crate::record::{Record, What};
use entropy::Entropy;
use limits::Windows;
use timers::Timer;
use tokens::AcquisitionToken;

/// A queue of the cluster.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: Uuid,
    pub(crate) paused: bool,
    /// Scheduled jobs in the order in which stacks see them.
    pub(crate) scheduled: BTreeSet<(Timestamp, Uuid)>,
}

/// All there is.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    entropy: Entropy,
    organization_id: Uuid,
    cluster_id: Uuid,
    pub(crate) queues: BTreeMap<String, Queue>,
    stacks: BTreeMap<String, Stack>,
    windows: Windows,
    pipelines: BTreeMap<String, Uuid>,
    build_numbers: BTreeMap<String, u64>,
    pub(crate) builds: BTreeMap<Uuid, Build>,
    pub(crate) steps: BTreeMap<Uuid, Step>,
    pub(crate) jobs: BTreeMap<Uuid, Job>,
    pub(crate) agents: BTreeMap<Uuid, Agent>,
    sessions: BTreeMap<String, Uuid>,
    job_tokens: BTreeMap<String, Uuid>,
    acquisition_tokens: BTreeMap<String, AcquisitionToken>,
    /// Unfinished jobs per concurrency group, in order of creation.
    groups: BTreeMap<String, Vec<Uuid>>,
    timers: BTreeSet<(Timestamp, Timer)>,
    pub(crate) artifacts: BTreeMap<Uuid, Artifact>,
    pub(crate) statistics: Statistics,
    pub(crate) record: Record,
    /// Grows with every change that an observer could see.
    pub(crate) revision: u64,
}

impl World {
    pub(crate) fn new(options: Options, now: Timestamp) -> Self {
        let mut entropy = Entropy::new(options.seed);
        let organization_id = entropy.uuid(now);
        let cluster_id = entropy.uuid(now);
        let mut queues = BTreeMap::new();
        for key in std::iter::once(&options.default_queue).chain(&options.queues) {
            let queue = Queue { id: entropy.uuid(now), paused: false, scheduled: BTreeSet::new() };
            queues.insert(key.clone(), queue);
        }
        Self {
            record: Record::new(options.record),
            options,
            entropy,
            organization_id,
            cluster_id,
            queues,
            stacks: BTreeMap::new(),
            windows: Windows::default(),
            pipelines: BTreeMap::new(),
            build_numbers: BTreeMap::new(),
            builds: BTreeMap::new(),
            steps: BTreeMap::new(),
            jobs: BTreeMap::new(),
            agents: BTreeMap::new(),
            sessions: BTreeMap::new(),
            job_tokens: BTreeMap::new(),
            acquisition_tokens: BTreeMap::new(),
            groups: BTreeMap::new(),
            timers: BTreeSet::new(),
            artifacts: BTreeMap::new(),
            statistics: Statistics::default(),
            revision: 0,
        }
    }

    /// Tells observers that something changed.
    pub(crate) fn touch(&mut self) {
        self.revision += 1;
    }

    /// A fresh id, for callers that keep things of their own.
    pub(crate) fn new_id(&mut self, now: Timestamp) -> Uuid {
        self.entropy.uuid(now)
    }

    pub(crate) fn job(&self, id: Uuid) -> Result<&Job, Refusal> {
        self.jobs.get(&id).ok_or_else(|| Refusal::not_found("job"))
    }

    fn job_mut(&mut self, id: Uuid) -> Result<&mut Job, Refusal> {
        self.jobs.get_mut(&id).ok_or_else(|| Refusal::not_found("job"))
    }

    pub(crate) fn build(&self, id: Uuid) -> Result<&Build, Refusal> {
        self.builds.get(&id).ok_or_else(|| Refusal::not_found("build"))
    }

    fn build_mut(&mut self, id: Uuid) -> Result<&mut Build, Refusal> {
        self.builds.get_mut(&id).ok_or_else(|| Refusal::not_found("build"))
    }

    /// The job with this id, which the core itself has put somewhere.
    fn known_job(&mut self, id: Uuid) -> &mut Job {
        self.jobs.get_mut(&id).expect("jobs are never removed")
    }

    fn known_build(&mut self, id: Uuid) -> &mut Build {
        self.builds.get_mut(&id).expect("builds are never removed")
    }

    fn known_step(&mut self, id: Uuid) -> &mut Step {
        self.steps.get_mut(&id).expect("steps are never removed")
    }

    pub(crate) fn build_of(&self, job: &Job) -> &Build {
        self.builds.get(&job.build).expect("builds are never removed")
    }

    pub(crate) fn step_of(&self, job: &Job) -> &Step {
        self.steps.get(&job.step).expect("steps are never removed")
    }

    /// The real key behind a queue key or one of the spellings of the default queue
    /// (stacks-api 8).
    pub(crate) fn resolve_queue(&self, key: &str) -> Result<String, Refusal> {
        let key = match key {
            "_default" | "__default__" | "~" | "-" => self.options.default_queue.as_str(),
            key => key,
        };
        if self.queues.contains_key(key) { Ok(key.to_owned()) } else { Err(Refusal::not_found("queue")) }
    }

    /// Stops or resumes handing out a queue's jobs.
    pub(crate) fn pause_queue(&mut self, key: &str, paused: bool, now: Timestamp) -> Result<(), Refusal> {
        let key = self.resolve_queue(key)?;
        self.queues.get_mut(&key).expect("resolved").paused = paused;
        self.record.note(now, || What::Paused { queue: key.as_str().into(), paused });
        self.touch();
        Ok(())
    }

    /// Gives a job another priority, which lists show from now on.
    pub(crate) fn reprioritize(&mut self, id: Uuid, priority: i64) -> Result<(), Refusal> {
        let state = self.job(id)?.state;
        if state.is_terminal() {
            return Err(Refusal::invalid(format!("job is {}", state.as_str())));
        }
        Arc::make_mut(&mut self.known_job(id).command).priority = priority;
        self.touch();
        Ok(())
    }
}
