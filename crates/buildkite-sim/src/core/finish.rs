//! How a job ends, and what follows: retry, soft fail, cancel (agent-protocol 6.6).

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::{Job, JobPlace, JobResult, JobState, Outcome};
use super::refusal::Refusal;
use crate::pipeline::retry::{Failure, retry_limit};
use crate::record::{Actor, What};

/// What an agent reports at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentResult {
    pub(crate) exit_status: i32,
    pub(crate) signal: Option<String>,
    pub(crate) signal_reason: Option<String>,
    pub(crate) chunks_failed: u64,
}

impl World {
    /// The agent reports the end of its job.
    pub(crate) fn finish_by_agent(
        &mut self,
        id: Uuid,
        report: AgentResult,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let exit_status = report.exit_status;
        let answer = self.try_finish(id, report, now);
        let accepted = answer.is_ok();
        self.record.note(now, || What::AgentFinished { job: id, accepted, exit_status });
        answer
    }

    fn try_finish(&mut self, id: Uuid, report: AgentResult, now: Timestamp) -> Result<(), Refusal> {
        let agent = self.job(id)?.agent;
        self.record.acting(|| agent.map_or(Actor::Operator, Actor::Agent));
        let job = self.job_mut(id)?;
        let AgentResult { exit_status, signal, signal_reason, chunks_failed } = report;
        let result = JobResult { exit_status, signal, signal_reason, detail: None };
        let state = match job.state {
            JobState::Running | JobState::Accepted => JobState::Finished,
            JobState::Canceling => JobState::Canceled,
            JobState::TimingOut => JobState::TimedOut,
            _ if job.result.as_ref() == Some(&result) => return Ok(()),
            state => return Err(Refusal::invalid(format!("job is {}", state.as_str()))),
        };
        job.chunks_failed = chunks_failed;
        self.end_job(id, state, Some(result), "finished by its agent", now);
        Ok(())
    }

    /// Ends a job for good and lets its step and build go on.
    pub(super) fn end_job(
        &mut self,
        id: Uuid,
        state: JobState,
        result: Option<JobResult>,
        cause: &str,
        now: Timestamp,
    ) {
        debug_assert!(state.is_terminal(), "{state:?} is not an end");
        self.set_job_state(id, state, cause, now);
        let job = self.known_job(id);
        job.log.close();
        job.outcome = Some(outcome(job, state, result.as_ref()));
        job.result = result;
        let (step, build) = (job.step, job.build);
        let agent = job.agent;
        if let Some(agent) = agent.and_then(|agent| self.agents.get_mut(&agent))
            && agent.job == Some(id)
        {
            agent.job = None;
        }
        let group = self.jobs[&id].command.concurrency.as_ref().map(|it| it.group.clone());
        let retried = self.retry(id, now);
        if !retried && self.jobs[&id].outcome == Some(Outcome::HardFailed) {
            self.build_is_failing(build, now);
        }
        self.settle_step(step, now);
        self.advance(build, now);
        if let Some(group) = group {
            self.fill_group(&group, now);
        }
    }

    /// Creates the next attempt when a rule of `retry.automatic` asks for one.
    fn retry(&mut self, id: Uuid, now: Timestamp) -> bool {
        let job = &self.jobs[&id];
        let Some(result) = &job.result else { return false };
        let canceled = self.builds[&job.build].canceled;
        if canceled || job.state == JobState::Canceled || job.outcome == Some(Outcome::Passed) {
            return false;
        }
        let failure = Failure {
            exit_status: i64::from(result.exit_status),
            signal: result.signal.as_deref(),
            signal_reason: result.signal_reason.as_deref(),
        };
        let retries = job.retries + 1;
        if retries > retry_limit(&job.command.retry, failure) {
            return false;
        }
        let place = JobPlace {
            build: job.build,
            step: job.step,
            command: job.command.clone(),
            index: job.index,
            queue: job.queue.clone(),
        };
        let next = self.create_job(place, now);
        self.known_job(next).retries = retries;
        self.known_job(id).retried_by = Some(next);
        self.release_job(next, &format!("retry {retries}"), now);
        true
    }

    /// Stops a job: at once when no agent has it, else through its agent.
    pub(crate) fn cancel_job(&mut self, id: Uuid, cause: &str, now: Timestamp) -> Result<(), Refusal> {
        match self.job(id)?.state {
            state if state.is_terminal() => Err(Refusal::invalid(format!("job is {}", state.as_str()))),
            JobState::Canceling | JobState::TimingOut => Ok(()),
            JobState::Accepted | JobState::Running => {
                self.set_job_state(id, JobState::Canceling, cause, now);
                Ok(())
            }
            _ => {
                self.end_job(id, JobState::Canceled, None, cause, now);
                Ok(())
            }
        }
    }

    /// Stops everything that a build still does.
    pub(crate) fn cancel_build(&mut self, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        let build = self.build_mut(id)?;
        if build.state.is_terminal() {
            return Err(Refusal::invalid(format!("build is {}", build.state.as_str())));
        }
        build.canceled = true;
        let steps = build.steps.clone();
        for step in steps {
            self.cancel_step(step, "the build was canceled", now);
        }
        self.advance(id, now);
        Ok(())
    }

    fn build_is_failing(&mut self, id: Uuid, now: Timestamp) {
        let build = self.known_build(id);
        if std::mem::replace(&mut build.failing, true) {
            return;
        }
        let steps = build.steps.clone();
        for job in self.open_jobs(&steps, |job| job.command.cancel_on_build_failing) {
            // Cancelling one job can end the others: then there is nothing left to do.
            let _ = self.cancel_job(job, "the build is failing", now);
        }
    }

    pub(super) fn open_jobs(&self, steps: &[Uuid], wanted: impl Fn(&Job) -> bool) -> Vec<Uuid> {
        steps
            .iter()
            .flat_map(|step| &self.steps[step].jobs)
            .copied()
            .filter(|id| !self.jobs[id].state.is_terminal() && wanted(&self.jobs[id]))
            .collect()
    }

    /// Lets a job announce that it is going to fail (agent-protocol 8.6).
    pub(crate) fn promise_failure(
        &mut self,
        id: Uuid,
        exit_status: i32,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let job = self.job_mut(id)?;
        if job.state != JobState::Running {
            return Err(Refusal::invalid(format!("job is {}", job.state.as_str())));
        }
        match job.promised_failure {
            Some(promised) if promised != exit_status => {
                return Err(Refusal::conflict(format!("{promised} was promised before")));
            }
            Some(_) => return Ok(()),
            None => job.promised_failure = Some(exit_status),
        }
        let build = job.build;
        if !job.planned().soft_fail.covers(i64::from(exit_status)) {
            self.build_is_failing(build, now);
            self.judge_build(build, now);
        }
        Ok(())
    }
}

fn outcome(job: &Job, state: JobState, result: Option<&JobResult>) -> Outcome {
    let status = result.map(|result| i64::from(result.exit_status));
    match (state, status) {
        (JobState::Skipped | JobState::Broken, _) => Outcome::Passed,
        (JobState::Finished, Some(0)) => Outcome::Passed,
        (JobState::Finished | JobState::TimedOut, Some(status)) if job.planned().soft_fail.covers(status) => {
            Outcome::SoftFailed
        }
        _ => Outcome::HardFailed,
    }
}
