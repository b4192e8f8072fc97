//! What a stack does with jobs: list, reserve, look, finish, notify (stacks-api 6.3 to 6.8).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::{Job, JobResult, JobState, Notification, Reservation};
use super::refusal::Refusal;
use super::timers::Timer;
use crate::record::{Actor, What};

/// One page of scheduled jobs.
#[derive(Clone, Debug)]
pub(crate) struct ListPage {
    pub(crate) jobs: Vec<Uuid>,
    pub(crate) has_next: bool,
    pub(crate) end_cursor: Option<String>,
    pub(crate) queue: Uuid,
    pub(crate) paused: bool,
}

/// A breadcrumb as it came.
#[derive(Clone, Debug)]
pub(crate) struct NewNotification {
    pub(crate) job: String,
    pub(crate) detail: String,
    pub(crate) at: Option<String>,
}

const MAX_IDS: usize = 1000;
const DEFAULT_PAGE: usize = 100;
const DEFAULT_EXPIRY_SECONDS: i64 = 900;
const DETAIL_BYTES: usize = 4096;
const NOTIFICATION_CHARACTERS: usize = 256;
const NOTIFICATIONS_PER_JOB: usize = 100;
const NOTIFY_AFTER_FINISH: Duration = Duration::from_secs(300);

impl World {
    /// Scheduled jobs of a queue, oldest first.
    pub(crate) fn list_jobs(
        &mut self,
        stack: &str,
        queue: &str,
        limit: Option<&str>,
        after: Option<&str>,
        now: Timestamp,
    ) -> Result<ListPage, Refusal> {
        self.stack_seen(stack, now)?;
        let limit = match limit.map(str::parse::<usize>) {
            None => DEFAULT_PAGE,
            Some(Ok(limit)) if (1..=MAX_IDS).contains(&limit) => limit,
            Some(_) => return Err(Refusal::malformed("limit must be an integer from 1 to 1000")),
        };
        let from = match after {
            None => Bound::Unbounded,
            Some(cursor) => Bound::Excluded(
                read_cursor(cursor).ok_or_else(|| Refusal::malformed("after is not a cursor"))?,
            ),
        };
        let key = self.resolve_queue(queue)?;
        let queue = &self.queues[&key];
        let mut rest = queue.scheduled.range((from, Bound::Unbounded)).copied();
        let page: Vec<(Timestamp, Uuid)> = rest.by_ref().take(limit).collect();
        let answer = ListPage {
            jobs: page.iter().map(|(_, id)| *id).collect(),
            has_next: rest.next().is_some(),
            end_cursor: page.last().map(|last| write_cursor(*last)),
            queue: queue.id,
            paused: queue.paused,
        };
        for id in &answer.jobs {
            self.known_job(*id).listed_at.get_or_insert(now);
        }
        self.record.note(now, || What::Listed {
            stack: stack.into(),
            count: answer.jobs.len(),
            end: !answer.has_next,
            paused: answer.paused,
        });
        Ok(answer)
    }

    /// Claims jobs for a stack, or renews its claims; the answer is (reserved, not reserved).
    pub(crate) fn reserve(
        &mut self,
        stack: &str,
        jobs: &[String],
        expiry_seconds: Option<i64>,
        now: Timestamp,
    ) -> Result<(Vec<String>, Vec<String>), Refusal> {
        self.stack_seen(stack, now)?;
        if jobs.len() > MAX_IDS {
            return Err(Refusal::malformed("at most 1000 job_uuids per request"));
        }
        let expiry = expiry_seconds.unwrap_or(DEFAULT_EXPIRY_SECONDS);
        if !(1..=3600).contains(&expiry) {
            return Err(Refusal::invalid("reservation_expiry_seconds must be between 1 and 3600"));
        }
        let expires_at = now + Duration::from_secs(expiry.unsigned_abs());
        self.record.acting(|| Actor::Stack(stack.into()));
        let (mut reserved, mut refused) = (Vec::new(), Vec::new());
        for text in jobs {
            let id = Uuid::parse_str(text).ok();
            if id.is_some_and(|id| self.reserve_one(stack, id, expires_at, now)) {
                reserved.push(text.clone());
            } else {
                refused.push(text.clone());
            }
        }
        Ok((reserved, refused))
    }

    fn reserve_one(&mut self, stack: &str, id: Uuid, expires_at: Timestamp, now: Timestamp) -> bool {
        let Some(job) = self.jobs.get(&id) else { return false };
        let own = job.reservation.as_ref().is_some_and(|held| held.stack == stack);
        let renewed = match job.state {
            JobState::Scheduled => {
                let cause = format!("reserved by stack {stack}");
                self.set_job_state(id, JobState::Reserved, &cause, now);
                false
            }
            JobState::Reserved if own => true,
            _ => {
                self.record.note(now, || What::NotReserved { stack: stack.into(), job: id });
                return false;
            }
        };
        self.known_job(id).reservation = Some(Reservation { stack: stack.to_owned(), expires_at });
        self.remind(expires_at, Timer::Reservation(id));
        self.record.note(now, || What::Reserved { stack: stack.into(), job: id, until: expires_at, renewed });
        true
    }

    /// A job that a stack may still start; 404 once it has ended.
    pub(crate) fn stack_job(&self, stack: &str, id: &str) -> Result<&Job, Refusal> {
        self.stack(stack)?;
        let id = Uuid::parse_str(id).map_err(|_| Refusal::not_found("job"))?;
        let job = self.job(id)?;
        if job.state.is_terminal() {
            return Err(Refusal::not_found("job"));
        }
        Ok(job)
    }

    /// States of jobs; unknown ids are left out.
    pub(crate) fn job_states(
        &mut self,
        stack: &str,
        jobs: &[String],
        now: Timestamp,
    ) -> Result<BTreeMap<String, JobState>, Refusal> {
        self.stack(stack)?;
        if jobs.len() > MAX_IDS {
            return Err(Refusal::malformed("at most 1000 job_uuids per request"));
        }
        let mut states = BTreeMap::new();
        for text in jobs {
            let Ok(id) = Uuid::parse_str(text) else { continue };
            let Some(state) = self.jobs.get(&id).map(|job| job.state) else { continue };
            self.record.note(now, || What::StateTold { stack: stack.into(), job: id, state });
            states.insert(text.clone(), state);
        }
        Ok(states)
    }

    /// Ends a job that no agent will run.
    pub(crate) fn finish_by_stack(
        &mut self,
        stack: &str,
        id: &str,
        exit_status: Option<i32>,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.stack(stack)?;
        let id = Uuid::parse_str(id).map_err(|_| Refusal::not_found("job"))?;
        let job = self.job(id)?;
        if detail.is_empty() {
            return Err(Refusal::invalid("detail is required"));
        }
        if detail.len() > DETAIL_BYTES {
            return Err(Refusal::invalid("detail must be at most 4096 bytes"));
        }
        let foreign = job.reservation.as_ref().is_some_and(|held| held.stack != stack);
        let state = job.state;
        let accepted = !foreign && matches!(state, JobState::Scheduled | JobState::Reserved);
        let status = exit_status.unwrap_or(-1);
        self.record.acting(|| Actor::Stack(stack.into()));
        self.record.note(now, || What::FinishAsked {
            stack: stack.into(),
            job: id,
            state,
            accepted,
            exit_status: status,
            code: first_word(detail),
        });
        if !accepted {
            let state = state.as_str();
            return Err(Refusal::invalid(format!("a job that is {state} cannot be finished by this stack")));
        }
        let result = JobResult {
            exit_status: status,
            signal: None,
            signal_reason: (status != 0).then(|| "stack_error".to_owned()),
            detail: Some(detail.to_owned()),
        };
        let cause = format!("finished by stack {stack}");
        self.end_job(id, JobState::Finished, Some(result), &cause, now);
        Ok(())
    }

    /// Keeps breadcrumbs; the answer lists what was refused by reason, with positions.
    pub(crate) fn notify(
        &mut self,
        stack: &str,
        notifications: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<(String, Vec<usize>)>, Refusal> {
        self.stack(stack)?;
        if notifications.len() > MAX_IDS {
            return Err(Refusal::malformed("at most 1000 notifications per request"));
        }
        let mut errors: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, item) in notifications.iter().enumerate() {
            let Err(reason) = self.notify_one(item, now) else { continue };
            match errors.iter_mut().find(|(known, _)| known == reason) {
                Some((_, indexes)) => indexes.push(index),
                None => errors.push((reason.to_owned(), vec![index])),
            }
        }
        Ok(errors)
    }

    fn notify_one(&mut self, item: &NewNotification, now: Timestamp) -> Result<(), &'static str> {
        let id = Uuid::parse_str(&item.job).map_err(|_| "job not found")?;
        let job = self.jobs.get_mut(&id).ok_or("job not found")?;
        if item.detail.is_empty() {
            return Err("detail is required");
        }
        if item.detail.chars().count() > NOTIFICATION_CHARACTERS {
            return Err("detail is too long (maximum is 256 characters)");
        }
        let at = match &item.at {
            None => now,
            Some(text) => text.parse().map_err(|_| "timestamp is invalid")?,
        };
        if at > now {
            return Err("timestamp is in the future");
        }
        if at < job.created_at {
            return Err("timestamp is before the job was created");
        }
        if job.finished_at.is_some_and(|finished| finished + NOTIFY_AFTER_FINISH < now) {
            return Err("job finished too long ago");
        }
        if job.notifications.len() >= NOTIFICATIONS_PER_JOB {
            return Err("job stack notification count exceeded");
        }
        job.notifications.push(Notification { at, detail: item.detail.clone() });
        self.touch();
        Ok(())
    }
}

/// The reason code of a verdict: lifecycle 5.1 puts it first.
fn first_word(detail: &str) -> String {
    detail.split_whitespace().next().unwrap_or_default().trim_end_matches(':').to_owned()
}

fn write_cursor((at, id): (Timestamp, Uuid)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", at.as_nanosecond()))
}

fn read_cursor(cursor: &str) -> Option<(Timestamp, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (at, id) = text.split_once(' ')?;
    Some((Timestamp::from_nanosecond(at.parse().ok()?).ok()?, id.parse().ok()?))
}
