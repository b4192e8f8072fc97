//! Which step may start, what a build has come to, and whose turn it is in a concurrency group.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::build::{BuildState, Step, StepKind, StepState};
use super::job::{JobState, Outcome};
use crate::pipeline::model::{ConcurrencyMethod, Dependency};
use crate::pipeline::plan::PlannedGroup;

/// What a step's dependencies say.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Readiness {
    Ready,
    NotYet,
    Never(String),
}

impl World {
    /// Starts all steps that can start and judges the build.
    pub(super) fn advance(&mut self, build: Uuid, now: Timestamp) {
        // A canceled build starts nothing; what still waits is about to be canceled itself.
        let mut changed = !self.builds[&build].canceled;
        while changed {
            changed = false;
            for index in 0..self.builds[&build].steps.len() {
                let id = self.builds[&build].steps[index];
                if self.steps[&id].state != StepState::Waiting {
                    continue;
                }
                match self.readiness(build, index) {
                    Readiness::NotYet => continue,
                    Readiness::Ready => self.begin_step(id, now),
                    Readiness::Never(cause) => self.give_up_step(id, &cause, now),
                }
                changed = true;
            }
            if !changed {
                changed = self.give_up_unknown_dependencies(build, now);
            }
        }
        self.judge_build(build, now);
    }

    fn readiness(&self, build: Uuid, index: usize) -> Readiness {
        let steps = &self.builds[&build].steps;
        let step = &self.steps[&steps[index]];
        let lenient = step.allow_dependency_failure;
        let Some(group) = &step.group else {
            return match &step.depends_on {
                Some(list) => self.explicit(build, list, lenient),
                None => self.implicit(step, steps[..index].iter(), lenient),
            };
        };
        let same_group = |id: &&Uuid| self.steps[*id].is_in(Some(group));
        let own = match &step.depends_on {
            Some(list) => self.explicit(build, list, lenient),
            None => self.implicit(step, steps[..index].iter().filter(same_group), lenient),
        };
        if own != Readiness::Ready {
            return own;
        }
        let lenient = lenient || group.allow_dependency_failure;
        match &group.depends_on {
            Some(list) => self.explicit(build, list, lenient),
            None => {
                let first = steps.iter().position(|id| same_group(&id)).unwrap_or(index);
                self.behind_barrier(steps[..first].iter(), None, lenient)
            }
        }
    }

    /// `depends_on`: keys of steps, or of groups, which stand for all their members.
    fn explicit(&self, build: Uuid, list: &[Dependency], lenient: bool) -> Readiness {
        let mut readiness = Readiness::Ready;
        for dependency in list {
            let mut found = false;
            for step in self.builds[&build].steps.iter().map(|id| &self.steps[id]) {
                let group = step.group.as_ref().and_then(|group| group.key.as_deref());
                let key = Some(dependency.step.as_str());
                if step.key.as_deref() != key && group != key {
                    continue;
                }
                found = true;
                if !step.state.is_terminal() {
                    readiness = Readiness::NotYet;
                } else if !step.state.is_success() && !lenient && !dependency.allow_failure {
                    let name = &dependency.step;
                    return Readiness::Never(format!("it depends on \"{name}\", which failed"));
                }
            }
            if !found {
                readiness = Readiness::NotYet;
            }
        }
        readiness
    }

    fn implicit<'a>(
        &'a self,
        step: &Step,
        before: impl DoubleEndedIterator<Item = &'a Uuid>,
        lenient: bool,
    ) -> Readiness {
        if !step.kind.is_barrier() {
            return self.behind_barrier(before, step.group.as_ref(), lenient);
        }
        let continues = matches!(step.kind, StepKind::Wait { continue_on_failure: true });
        let mut failed = false;
        for step in before.map(|id| &self.steps[id]) {
            if !step.state.is_terminal() {
                return Readiness::NotYet;
            }
            failed |= !step.state.is_success();
        }
        if failed && !continues && !lenient {
            return Readiness::Never("a step before it failed".to_owned());
        }
        Readiness::Ready
    }

    /// Behind the nearest wait or block step of the same list that is part of the build.
    fn behind_barrier<'a>(
        &'a self,
        before: impl DoubleEndedIterator<Item = &'a Uuid>,
        list: Option<&Arc<PlannedGroup>>,
        lenient: bool,
    ) -> Readiness {
        let barrier = before
            .rev()
            .map(|id| &self.steps[id])
            .find(|step| step.kind.is_barrier() && step.state != StepState::Skipped && step.is_in(list));
        match barrier.map(|step| step.state) {
            None => Readiness::Ready,
            Some(state) if state.is_success() => Readiness::Ready,
            Some(state) if state.is_terminal() && lenient => Readiness::Ready,
            Some(state) if state.is_terminal() => {
                Readiness::Never("the step that it waits for failed".to_owned())
            }
            Some(_) => Readiness::NotYet,
        }
    }

    /// When nothing moves any more, steps that depend on keys that never came will not run.
    fn give_up_unknown_dependencies(&mut self, build: Uuid, now: Timestamp) -> bool {
        let steps = self.builds[&build].steps.clone();
        let stuck = |id: &Uuid| matches!(self.steps[id].state, StepState::Waiting);
        let idle = steps.iter().all(|id| stuck(id) || self.steps[id].state.is_terminal());
        let Some(first) = steps.iter().copied().find(|id| stuck(id)).filter(|_| idle) else {
            return false;
        };
        self.give_up_step(first, "it depends on a step that is not in the build", now);
        true
    }

    fn begin_step(&mut self, id: Uuid, now: Timestamp) {
        let step = &self.steps[&id];
        match &step.kind {
            StepKind::Wait { .. } => self.set_step_state(id, StepState::Passed, ""),
            StepKind::Block(_) | StepKind::Input(_) => {
                let unblock = self.builds[&step.build].unblock;
                self.set_step_state(id, StepState::Blocked, "");
                if unblock && let Err(refusal) = self.answer_step(id, &indexmap::IndexMap::new()) {
                    self.give_up_step(id, &refusal.message, now);
                }
            }
            StepKind::Command(_) => {
                let jobs = step.jobs.clone();
                self.set_step_state(id, StepState::Running, "");
                for job in jobs {
                    self.release_job(job, "its dependencies are done", now);
                }
                self.settle_step(id, now);
            }
        }
    }

    fn give_up_step(&mut self, id: Uuid, cause: &str, now: Timestamp) {
        self.set_step_state(id, StepState::WaitingFailed, cause);
        self.drop_jobs(id, JobState::WaitingFailed, cause, now);
    }

    /// Ends the jobs of a step that has not begun.
    pub(super) fn drop_jobs(&mut self, step: Uuid, state: JobState, cause: &str, now: Timestamp) {
        let mut groups = Vec::new();
        for job in self.open_jobs(&[step], |_| true) {
            self.set_job_state(job, state, cause, now);
            let job = self.known_job(job);
            job.outcome = Some(Outcome::HardFailed);
            groups.extend(job.command.concurrency.as_ref().map(|it| it.group.clone()));
        }
        for group in groups {
            self.fill_group(&group, now);
        }
    }

    /// Lets a job run as soon as its concurrency group has a place.
    pub(super) fn release_job(&mut self, id: Uuid, cause: &str, now: Timestamp) {
        let group = self.jobs[&id].command.concurrency.as_ref().map(|it| it.group.clone());
        match group {
            None => self.set_job_state(id, JobState::Scheduled, cause, now),
            Some(group) => {
                self.set_job_state(id, JobState::Limited, cause, now);
                self.fill_group(&group, now);
            }
        }
    }

    /// Gives the free places of a concurrency group to those whose turn it is.
    pub(super) fn fill_group(&mut self, group: &str, now: Timestamp) {
        let Some(mut members) = self.groups.remove(group) else { return };
        members.retain(|id| !self.jobs[id].state.is_terminal());
        let mut taken = members.iter().filter(|id| self.jobs[*id].state.takes_slot()).count();
        for id in &members {
            let job = &self.jobs[id];
            let Some(concurrency) = &job.command.concurrency else { continue };
            let limit = usize::try_from(concurrency.limit).unwrap_or(usize::MAX);
            if taken >= limit {
                break;
            }
            match job.state {
                JobState::Limited => {
                    self.set_job_state(*id, JobState::Scheduled, "its concurrency group has a place", now);
                    taken += 1;
                }
                // Ordered means the order of creation, even while an earlier job is not ready.
                JobState::Waiting if concurrency.method == ConcurrencyMethod::Ordered => break,
                _ => {}
            }
        }
        if !members.is_empty() {
            self.groups.insert(group.to_owned(), members);
        }
    }

    /// Ends a command step when all its jobs have ended.
    pub(super) fn settle_step(&mut self, id: Uuid, _now: Timestamp) {
        let step = &self.steps[&id];
        if step.state.is_terminal() {
            return;
        }
        let mut state = StepState::Passed;
        for job in step.jobs.iter().map(|id| &self.jobs[id]).filter(|job| job.is_current()) {
            match job.outcome {
                _ if !job.state.is_terminal() => return,
                Some(Outcome::Passed) => {}
                Some(Outcome::SoftFailed) if state == StepState::Passed => {
                    state = StepState::SoftFailed;
                }
                Some(Outcome::SoftFailed) => {}
                Some(Outcome::HardFailed) | None => state = StepState::Failed,
            }
        }
        if state == StepState::Failed && self.builds[&step.build].canceled {
            state = StepState::Canceled;
        }
        self.set_step_state(id, state, "");
    }

    pub(super) fn set_step_state(&mut self, id: Uuid, state: StepState, cause: &str) {
        let step = self.known_step(id);
        let was_open = !step.state.is_terminal();
        step.state = state;
        cause.clone_into(&mut step.cause);
        let build = step.build;
        if was_open && state.is_terminal() {
            self.known_build(build).open_steps -= 1;
        }
        self.touch();
    }

    /// Stops a step by request.
    pub(super) fn cancel_step(&mut self, id: Uuid, cause: &str, now: Timestamp) {
        match self.steps[&id].state {
            StepState::Waiting | StepState::Blocked => {
                self.set_step_state(id, StepState::Canceled, cause);
                self.drop_jobs(id, JobState::Canceled, cause, now);
            }
            StepState::Running => {
                for job in self.open_jobs(&[id], |_| true) {
                    // Already ended by the end of another: nothing left to cancel.
                    let _ = self.cancel_job(job, cause, now);
                }
            }
            _ => {}
        }
    }

    /// Works out what state a build is in.
    pub(super) fn judge_build(&mut self, id: Uuid, now: Timestamp) {
        let build = &self.builds[&id];
        let any =
            |wanted: fn(StepState) -> bool| build.steps.iter().any(|step| wanted(self.steps[step].state));
        let state = if build.open_steps == 0 {
            if build.canceled {
                BuildState::Canceled
            } else if any(|state| !state.is_success()) {
                BuildState::Failed
            } else if !build.steps.is_empty() && !any(|state| state != StepState::Skipped) {
                BuildState::NotRun
            } else {
                BuildState::Passed
            }
        } else if build.canceled {
            BuildState::Canceling
        } else if any(|state| state == StepState::Running) {
            match (build.failing, build.started_at) {
                (true, _) => BuildState::Failing,
                (false, Some(_)) => BuildState::Running,
                (false, None) => BuildState::Scheduled,
            }
        } else {
            BuildState::Blocked
        };
        let build = self.known_build(id);
        if build.state != state {
            build.state = state;
            build.history.push((now, state));
            build.finished_at = state.is_terminal().then_some(now);
            self.touch();
        }
    }
}
