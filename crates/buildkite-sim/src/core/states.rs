//! The one place where a job changes its state, and what hangs on it: indexes and statistics.

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::{JobState, Transition};
use super::timers::Timer;
use crate::record::What;

impl World {
    /// Moves a job into a state; ending a job goes through [`World::end_job`].
    pub(super) fn set_job_state(&mut self, id: Uuid, state: JobState, cause: &str, at: Timestamp) {
        let job = self.jobs.get_mut(&id).expect("jobs are never removed");
        if job.state == state {
            return;
        }
        let left = std::mem::replace(&mut job.state, state);
        self.record.note_by(at, |by| What::State { job: id, from: left, to: state, by });
        job.history.push(Transition { at, state, cause: cause.to_owned() });
        let queue = self.queues.get_mut(&job.queue).expect("checked when the job was created");
        if left == JobState::Scheduled {
            let since = job.scheduled_at.expect("set on entering scheduled");
            queue.scheduled.remove(&(since, id));
        }
        if left == JobState::Reserved {
            job.reservation = None;
        }
        let mut expiry = None;
        match state {
            JobState::Scheduled => {
                expiry = self.options.job_expires_after.map(|wait| at + wait);
                let since = *job.scheduled_at.get_or_insert(at);
                queue.scheduled.insert((since, id));
                job.agent = None;
                job.acquired_at = None;
                self.statistics.job_scheduled(left == JobState::Reserved);
            }
            JobState::Reserved => {
                job.reserved_at = Some(at);
                self.statistics.list_to_reserve(job.listed_at.unwrap_or(at), at);
            }
            JobState::Assigned | JobState::Accepted => {
                if let Some(reserved) = job.reserved_at.filter(|_| left == JobState::Reserved) {
                    self.statistics.reserve_to_acquire(reserved, at);
                }
                job.acquired_at = Some(at);
            }
            JobState::Running => job.started_at = Some(at),
            state if state.is_terminal() => {
                job.finished_at = Some(at);
                if let Some(acquired) = job.acquired_at {
                    self.statistics.acquire_to_finish(acquired, at);
                }
            }
            _ => {}
        }
        if let Some(expiry) = expiry {
            self.remind(expiry, Timer::Expiry(id));
        }
        self.touch();
    }
}
