//! Things that happen because time passes: one ordered set, no scan over all jobs.
//!
//! A timer is only a reminder: when it rings, the thing itself says whether its time has come,
//! so nothing needs to be taken out when a deadline moves.

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::{JobResult, JobState};
use crate::record::{Actor, What};

/// Whom to look at when the time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A reservation may lapse.
    Reservation(Uuid),
    /// A job that an agent took may still not have started.
    Start(Uuid),
    /// A running job may have run too long.
    Timeout(Uuid),
    /// A scheduled job may have waited too long.
    Expiry(Uuid),
    /// An agent may have gone silent.
    Silence(Uuid),
}

impl World {
    pub(super) fn remind(&mut self, at: Timestamp, timer: Timer) {
        self.timers.insert((at, timer));
    }

    /// When the next timer rings.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Lets everything happen that was due until `now`.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        self.record.acting(|| Actor::Timer);
        while let Some((at, timer)) = self.timers.first().copied() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, timer));
            match timer {
                Timer::Reservation(job) => self.check_reservation(job, at),
                Timer::Start(job) => self.check_start(job, at),
                Timer::Timeout(job) => self.check_timeout(job, at),
                Timer::Expiry(job) => self.check_expiry(job, at),
                Timer::Silence(agent) => self.check_silence(agent, at),
            }
        }
    }

    fn check_reservation(&mut self, id: Uuid, at: Timestamp) {
        let job = self.known_job(id);
        let lapsed = job.reservation.as_ref().filter(|held| held.expires_at <= at);
        if let Some(lapsed) = lapsed.filter(|_| job.state == JobState::Reserved) {
            let stack = lapsed.stack.as_str().into();
            self.record.note(at, || What::Lapsed { stack, job: id });
            self.set_job_state(id, JobState::Scheduled, "the reservation lapsed", at);
        }
    }

    fn check_start(&mut self, id: Uuid, at: Timestamp) {
        let start_within = self.options.start_within;
        let job = self.known_job(id);
        let late = job.acquired_at.is_some_and(|taken| taken + start_within <= at);
        match job.state {
            JobState::Assigned if late => {
                self.set_job_state(id, JobState::Scheduled, "its agent did not accept it", at);
            }
            JobState::Accepted if late => {
                self.end_lost_job(id, "its agent accepted it but did not start it", at);
            }
            _ => {}
        }
    }

    fn check_timeout(&mut self, id: Uuid, at: Timestamp) {
        if self.known_job(id).state == JobState::Running {
            self.set_job_state(id, JobState::TimingOut, "timeout_in_minutes is over", at);
        }
    }

    fn check_expiry(&mut self, id: Uuid, at: Timestamp) {
        if self.known_job(id).state == JobState::Scheduled {
            self.end_job(id, JobState::Expired, None, "nobody took it in time", at);
        }
    }

    fn check_silence(&mut self, id: Uuid, at: Timestamp) {
        let lost_after = self.options.agent_lost_after;
        let Some(agent) = self.agents.get_mut(&id) else { return };
        if agent.connection != super::AgentConnection::Connected {
            return;
        }
        let deadline = agent.last_seen + lost_after;
        if deadline > at {
            self.remind(deadline, Timer::Silence(id));
            return;
        }
        agent.connection = super::AgentConnection::Lost;
        let job = agent.job.take();
        self.touch();
        if let Some(job) = job {
            self.end_lost_job(job, "its agent is lost", at);
        }
    }

    /// Ends a job that its agent will not end any more (agent-protocol 12, item 13).
    pub(super) fn end_lost_job(&mut self, id: Uuid, cause: &str, at: Timestamp) {
        let state = match self.known_job(id).state {
            JobState::Assigned => {
                self.set_job_state(id, JobState::Scheduled, cause, at);
                return;
            }
            JobState::Accepted | JobState::Running => JobState::Finished,
            JobState::Canceling => JobState::Canceled,
            JobState::TimingOut => JobState::TimedOut,
            _ => return,
        };
        let result = JobResult { exit_status: -1, signal: None, signal_reason: None, detail: None };
        self.end_job(id, state, Some(result), cause, at);
    }
}
