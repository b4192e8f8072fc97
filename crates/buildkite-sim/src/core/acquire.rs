//! How an agent gets a job and starts it (agent-protocol 6.1 to 6.5).

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::JobState;
use super::refusal::Refusal;
use super::timers::Timer;
use crate::record::{Actor, What};

impl World {
    /// Gives a job to an agent that asks for it by id.
    pub(crate) fn acquire(&mut self, agent: Uuid, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        self.record.acting(|| Actor::Agent(agent));
        let answer = self.try_acquire(agent, id, now);
        self.record.note(now, || What::Acquired { agent, job: id, accepted: answer.is_ok() });
        answer
    }

    fn try_acquire(&mut self, agent: Uuid, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        let asking = self.agent_mut(agent)?;
        if asking.only_job.is_some_and(|only| only != id) {
            return Err(Refusal::forbidden("this session may acquire only the job of its token"));
        }
        if asking.job.is_some_and(|held| held != id) {
            return Err(Refusal::invalid("this agent has a job already"));
        }
        let job = self.job(id)?;
        match job.state {
            // The answer to an earlier request was lost.
            JobState::Accepted if job.agent == Some(agent) => Ok(()),
            JobState::Scheduled | JobState::Reserved => {
                self.take(agent, id, "acquired by an agent", now);
                Ok(())
            }
            JobState::Waiting | JobState::Limited => {
                Err(Refusal::not_yet(format!("job is {}", job.state.as_str())))
            }
            state => Err(Refusal::invalid(format!("job is {}", state.as_str()))),
        }
    }

    /// Confirms a job that a ping handed out.
    pub(crate) fn accept(&mut self, agent: Uuid, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        self.record.acting(|| Actor::Agent(agent));
        let job = self.job(id)?;
        if job.agent != Some(agent) {
            return Err(Refusal::invalid("job is not assigned to this agent"));
        }
        match job.state {
            JobState::Accepted => Ok(()),
            JobState::Assigned => {
                self.take(agent, id, "accepted by its agent", now);
                Ok(())
            }
            state => Err(Refusal::invalid(format!("job is {}", state.as_str()))),
        }
    }

    fn take(&mut self, agent: Uuid, id: Uuid, cause: &str, now: Timestamp) {
        let token = self.entropy.token("job_");
        self.set_job_state(id, JobState::Accepted, cause, now);
        self.job_tokens.insert(token.expose().to_owned(), id);
        let job = self.known_job(id);
        job.agent = Some(agent);
        job.token = Some(token);
        if let Some(agent) = self.agents.get_mut(&agent) {
            agent.job = Some(id);
        }
        self.remind(now + self.options.start_within, Timer::Start(id));
    }

    /// The agent begins.
    pub(crate) fn start(&mut self, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        let job = self.job(id)?;
        match job.state {
            JobState::Running => return Ok(()),
            // Canceled in between: the agent learns it from the job's state.
            JobState::Canceling | JobState::TimingOut => return Ok(()),
            JobState::Accepted => {}
            state => return Err(Refusal::invalid(format!("job is {}", state.as_str()))),
        }
        let minutes = job.command.timeout_in_minutes;
        let (build, agent) = (job.build, job.agent);
        self.record.acting(|| agent.map_or(Actor::Operator, Actor::Agent));
        self.set_job_state(id, JobState::Running, "started by its agent", now);
        let build = self.known_build(build);
        build.started_at.get_or_insert(now);
        let build = build.id;
        self.judge_build(build, now);
        if let Some(minutes) = minutes {
            let limit = Duration::from_secs(u64::from(minutes) * 60);
            self.remind(now + limit, Timer::Timeout(id));
        }
        Ok(())
    }

    /// Adds to a job's log.
    pub(crate) fn add_chunk(
        &mut self,
        id: Uuid,
        sequence: u64,
        offset: usize,
        chunk: Vec<u8>,
    ) -> Result<(), Refusal> {
        let limit = self.options.log_limit_bytes;
        if self.job_mut(id)?.log.add(sequence, offset, chunk, limit) {
            self.touch();
        }
        Ok(())
    }

    /// Keeps the times of section headers.
    pub(crate) fn add_header_times(
        &mut self,
        id: Uuid,
        times: impl IntoIterator<Item = (u64, String)>,
    ) -> Result<(), Refusal> {
        self.job_mut(id)?.header_times.extend(times);
        Ok(())
    }
}
