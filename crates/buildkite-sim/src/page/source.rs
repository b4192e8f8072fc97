//! From the simulator's state to views.

use uuid::Uuid;

use super::view::{AnnotationBox, BuildHead, BuildPage, JobRow, Question, StepRow};
use crate::ansi::{Line, LogReader};
use crate::core::{JobState, Outcome, StepKind, StepState, World};
use crate::snapshot::{BuildSnapshot, JobSnapshot, StepSnapshot};

/// The list shows this many builds: a load test makes thousands.
const MOST_BUILDS: usize = 50;

/// The newest builds first.
pub(super) fn builds(world: &World) -> Vec<BuildHead> {
    let newest = world.builds.keys().rev().take(MOST_BUILDS);
    newest
        .filter_map(|id| world.build_snapshot(*id))
        .map(|build| head(&world.options.organization_slug, &build))
        .collect()
}

/// The build with this number in a pipeline.
pub(super) fn find(world: &World, pipeline: &str, number: u64) -> Option<Uuid> {
    let wanted = |build: &&crate::core::Build| build.number == number && build.facts.pipeline == pipeline;
    world.builds.values().find(wanted).map(|build| build.id)
}

/// A build, with the wanted job's log or that of the job that people most likely look for.
pub(super) fn build(world: &World, id: Uuid, job: Option<Uuid>) -> Option<BuildPage> {
    let build = world.build_snapshot(id)?;
    let steps: Vec<StepRow> = build.steps.iter().map(|step| step_row(world, &build, step)).collect();
    let shown = build
        .jobs()
        .find(|candidate| Some(candidate.id) == job)
        .or_else(|| most_interesting(&build))
        .map(|job| job_row(&build, job));
    let annotations = build.annotations.iter().map(|annotation| AnnotationBox {
        context: annotation.context.clone(),
        style: annotation.style.clone().unwrap_or_else(|| "default".to_owned()),
        body: annotation.body.clone(),
    });
    let annotations = annotations.collect();
    Some(BuildPage { head: head(&world.options.organization_slug, &build), steps, annotations, shown })
}

/// A job's log as it is now, to be read without holding up the simulator.
pub(super) struct Log {
    bytes: Vec<u8>,
    /// More may come.
    pub(super) more: bool,
}

impl Log {
    /// The lines that do not change any more.
    pub(super) fn lines(&self) -> Vec<Line> {
        let mut reader = LogReader::default();
        let mut lines = reader.push(&self.bytes);
        if !self.more {
            lines.extend(reader.finish());
        }
        lines
    }
}

/// A job's log.
pub(super) fn log(world: &World, job: Uuid) -> Option<Log> {
    let job = world.jobs.get(&job)?;
    Some(Log { bytes: job.log.bytes().to_vec(), more: !job.state.is_terminal() })
}

fn head(organization: &str, build: &BuildSnapshot) -> BuildHead {
    let facts = &build.facts;
    BuildHead {
        path: format!("/{organization}/{}/builds/{}", facts.pipeline, build.number),
        pipeline: facts.pipeline.clone(),
        number: build.number,
        state: build.state.as_str().to_owned(),
        message: facts.message.lines().next().unwrap_or_default().to_owned(),
        branch: facts.branch.clone(),
        commit: facts.commit.clone(),
        created_at: build.created_at,
        started_at: build.started_at,
        finished_at: build.finished_at,
        is_over: build.state.is_terminal(),
        job_states: build.jobs().filter(|job| job.retried_by.is_none()).map(job_state).collect(),
    }
}

/// The first failure that was not tried again, else what runs, else the last job that ran.
fn most_interesting(build: &BuildSnapshot) -> Option<&JobSnapshot> {
    let failed = |job: &&JobSnapshot| {
        job.outcome == Some(Outcome::HardFailed) && job.started_at.is_some() && job.retried_by.is_none()
    };
    let running = |job: &&JobSnapshot| job.state == JobState::Running;
    let started = |job: &&JobSnapshot| job.started_at.is_some();
    build
        .jobs()
        .find(failed)
        .or_else(|| build.jobs().find(running))
        .or_else(|| build.jobs().filter(started).last())
        .or_else(|| build.jobs().next())
}

fn step_row(world: &World, build: &BuildSnapshot, step: &StepSnapshot) -> StepRow {
    let kind = world.steps.get(&step.id).map(|step| &step.kind);
    let question = match kind {
        Some(StepKind::Block(input) | StepKind::Input(input)) if step.state == StepState::Blocked => {
            Some(Question {
                prompt: input.prompt.clone().unwrap_or_default(),
                submit: input.submit.clone().unwrap_or_else(|| "Unblock".to_owned()),
                fields: input.fields.clone(),
            })
        }
        _ => None,
    };
    StepRow {
        id: step.id.to_string(),
        key: step.key.clone(),
        label: step.label.clone().or_else(|| step.key.clone()).unwrap_or_else(|| step.kind.to_owned()),
        kind: step.kind,
        state: step.state.as_str().to_owned(),
        group: step.group.clone(),
        cause: step.cause.clone(),
        jobs: step.jobs.iter().map(|job| job_row(build, job)).collect(),
        question,
    }
}

fn job_row(build: &BuildSnapshot, job: &JobSnapshot) -> JobRow {
    let reasons = [&job.signal_reason, &job.signal, &job.detail];
    let reasons: Vec<&str> = reasons.into_iter().flatten().map(String::as_str).collect();
    let first_line = job.command.lines().next().unwrap_or_default();
    let artifacts = build.artifacts.iter().filter(|artifact| artifact.job == job.id);
    JobRow {
        id: job.id.to_string(),
        label: match &job.label {
            Some(label) => label.clone(),
            None if first_line.is_empty() => "(no command)".to_owned(),
            None => first_line.to_owned(),
        },
        state: job_state(job),
        exit_status: job.exit_status,
        reason: reasons.join(": "),
        agent: job.agent.clone(),
        queue: job.queue.clone(),
        attempt: job.retries + 1,
        started_at: job.started_at,
        finished_at: job.finished_at,
        is_over: job.state.is_terminal(),
        history: job
            .history
            .iter()
            .map(|change| (change.at, change.state.as_str().to_owned(), change.cause.clone()))
            .collect(),
        artifacts: artifacts.map(|artifact| (artifact.path.clone(), artifact.file_size)).collect(),
    }
}

/// What people call the state: a finished job passed or failed.
fn job_state(job: &JobSnapshot) -> String {
    let word = match (job.state, job.outcome) {
        (JobState::Finished, Some(Outcome::Passed)) => "passed",
        (JobState::Finished, Some(Outcome::SoftFailed)) => "soft_failed",
        (JobState::Finished, Some(Outcome::HardFailed)) => "failed",
        (state, _) => state.as_str(),
    };
    word.to_owned()
}
