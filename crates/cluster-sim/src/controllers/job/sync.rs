//! One look at a Job that has not ended.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::facts::{Child, Wishes, children, not_simulated};
use super::status::{Count, Outcome, Status};
use super::{Backoff, Jobs, WRITE_LATENCY, pods};
use crate::controllers::ownership::Ownership;
use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// Pause after a pod failed; doubled with each failure in a row.
const POD_BACKOFF: Duration = Duration::from_secs(10);
/// The longest such pause.
const MOST_POD_BACKOFF: Duration = Duration::from_secs(600);
/// Pause after a pod could not be created; doubled with each refusal in a row.
const CREATE_BACKOFF: Duration = Duration::from_secs(1);
/// The longest such pause.
const MOST_CREATE_BACKOFF: Duration = Duration::from_secs(60);
/// Pods created or deleted in one look, as the real controller has it.
const MOST_AT_ONCE: Count = 500;

/// What a look works with.
struct Look<'a> {
    uid: &'a Arc<str>,
    job: &'a Value,
    wishes: Wishes,
    children: Vec<Child>,
    status: Status,
    /// Pods that are counted, or are about to be.
    succeeded: Count,
    active: Count,
    ready: Count,
    terminating: Count,
    backoff: Backoff,
    /// The status has to be written.
    flush: bool,
    now: Timestamp,
}

impl Jobs {
    pub(super) fn sync(
        &mut self,
        store: &mut Store,
        ownership: &Ownership,
        uid: &Arc<str>,
        job: &Value,
        now: Timestamp,
    ) {
        let manager = object::text(job, &["spec", "managedBy"]);
        if !manager.is_empty() && manager != "kubernetes.io/job-controller" {
            return;
        }
        if let Some(what) = not_simulated(job) {
            let text = format!("cluster-sim does not carry out {what}");
            pods::tell(store, job, true, "NotSimulated", &text, now);
            return;
        }
        let backoff = self.backoff.get(uid).copied().unwrap_or_default();
        let children = children(store, ownership, uid);
        let mut look = Look::new(uid, job, children, backoff, now);
        let outcome = look.judge();
        if outcome.is_none() {
            self.plan_deadline(&look);
        }
        let outcome = if let Some(outcome) = outcome {
            self.delete_active(store, &mut look);
            Some(outcome)
        } else {
            self.manage(store, &mut look)
        };
        look.compare_counts();
        self.track(store, look, outcome);
    }

    fn plan_deadline(&mut self, look: &Look<'_>) {
        if let (Some(limit), Some(start), false) =
            (look.wishes.active_deadline, look.status.start_time, look.wishes.suspended)
        {
            let past = Duration::try_from(look.now.duration_since(start)).unwrap_or_default();
            self.plan(look.uid, limit.saturating_sub(past), look.now);
        }
    }

    /// An outcome is known: nothing of the Job may go on.
    fn delete_active(&mut self, store: &mut Store, look: &mut Look<'_>) {
        for child in look.children.iter().filter(|child| child.is_active()) {
            pods::delete(store, look.job, child, self.events, look.now);
        }
        look.terminating += look.active;
        (look.active, look.ready) = (0, 0);
    }

    /// Creates or deletes pods as the Job wants; the answer is its outcome if it is complete.
    fn manage(&mut self, store: &mut Store, look: &mut Look<'_>) -> Option<Outcome> {
        let managed = !object::is_deleting(look.job);
        if managed {
            if look.wishes.suspended {
                let all = look.active;
                self.delete_surplus(store, look, all);
            } else {
                self.match_wishes(store, look);
            }
        }
        let complete = match look.wishes.completions {
            None => look.succeeded > 0 && look.active == 0,
            Some(wanted) => look.succeeded >= wanted && look.active == 0,
        };
        if complete {
            return Some(Outcome {
                success: true,
                reason: "CompletionsReached".to_owned(),
                message: "Reached expected number of succeeded pods".to_owned(),
            });
        }
        if managed {
            self.note_suspension(store, look);
        }
        None
    }

    fn note_suspension(&mut self, store: &mut Store, look: &mut Look<'_>) {
        let suspended = look.wishes.suspended;
        let (reason, message) =
            if suspended { ("JobSuspended", "Job suspended") } else { ("JobResumed", "Job resumed") };
        if look.status.set_condition("Suspended", suspended, reason, message, look.now) {
            look.flush = true;
            look.status.start_time = (!suspended).then_some(look.now);
            if self.events {
                let event = if suspended { "Suspended" } else { "Resumed" };
                pods::tell(store, look.job, false, event, message, look.now);
            }
        }
    }

    fn match_wishes(&mut self, store: &mut Store, look: &mut Look<'_>) {
        let wishes = look.wishes;
        let wanted = match wishes.completions {
            None if look.succeeded > 0 => look.active,
            None => wishes.parallelism,
            Some(completions) => completions.saturating_sub(look.succeeded).min(wishes.parallelism),
        };
        let surplus = look.active.saturating_sub(wanted).min(MOST_AT_ONCE);
        if surplus > 0 {
            self.delete_surplus(store, look, surplus);
            return;
        }
        let terminating = if wishes.replaces_failed_only { look.terminating } else { 0 };
        let missing = wanted.saturating_sub(terminating + look.active).min(MOST_AT_ONCE);
        if missing == 0 {
            return;
        }
        let pause = look.backoff.pause(look.now);
        if !pause.is_zero() {
            self.plan(look.uid, pause, look.now);
            return;
        }
        for _ in 0..missing {
            if pods::create(store, look.job, &mut self.refuse, self.events, look.now) {
                look.active += 1;
                look.backoff.refusals = 0;
            } else {
                let pause = doubled(CREATE_BACKOFF, look.backoff.refusals, MOST_CREATE_BACKOFF);
                look.backoff.refusals += 1;
                self.plan(look.uid, pause, look.now);
                break;
            }
        }
        self.backoff.insert(Arc::clone(look.uid), look.backoff);
    }

    /// Deletes pods that nobody counts: their finalizer goes first.
    fn delete_surplus(&mut self, store: &mut Store, look: &mut Look<'_>, count: Count) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut ready = 0;
        let mut deleted = 0;
        for child in pods::surplus(&look.children, count) {
            super::release(store, &child.uid, look.now);
            pods::delete(store, look.job, child, self.events, look.now);
            ready += Count::from(child.ready);
            deleted += 1;
        }
        look.active -= deleted;
        look.terminating += deleted;
        look.ready -= ready;
    }

    /// Writes the status, takes finalizers from pods that are counted, and ends the Job when all is counted.
    fn track(&mut self, store: &mut Store, mut look: Look<'_>, outcome: Option<Outcome>) {
        let tracked: Vec<&str> = look.children.iter().filter(|it| it.tracked).map(|it| &*it.uid).collect();
        look.flush |= look.status.count_released(&tracked);
        let counted = look.uncount(outcome.as_ref());
        if let Some(outcome) = &outcome {
            let announced = look.status.announced().is_some();
            if !announced {
                let Outcome { reason, message, .. } = outcome;
                look.status.set_condition(outcome.announced(), true, reason, message, look.now);
                look.flush = true;
            }
        }
        if look.flush {
            look.write(store);
            self.backoff.insert(Arc::clone(look.uid), look.backoff);
            if !counted.is_empty() || outcome.is_some() {
                self.plan(look.uid, WRITE_LATENCY, look.now);
                return;
            }
        }
        for child in &counted {
            super::release(store, &child.uid, look.now);
        }
        let left: Vec<&str> = look
            .children
            .iter()
            .filter(|it| it.tracked && !counted.iter().any(|counted| counted.uid == it.uid))
            .map(|it| &*it.uid)
            .collect();
        let released = look.status.count_released(&left);
        let ended = outcome.filter(|_| look.may_end());
        if let Some(outcome) = &ended {
            let Outcome { reason, message, success } = outcome;
            look.status.set_condition(outcome.enacted(), true, reason, message, look.now);
            look.status.completion_time = success.then_some(look.now);
        }
        if released || ended.is_some() {
            look.write(store);
        }
        if let Some(outcome) = ended {
            self.report_end(store, &look, &outcome);
        } else if released {
            // Other pods may have to be created now that these are counted.
            self.plan(look.uid, WRITE_LATENCY, look.now);
        }
    }

    fn report_end(&mut self, store: &mut Store, look: &Look<'_>, outcome: &Outcome) {
        self.backoff.remove(look.uid);
        if !outcome.success {
            pods::tell(store, look.job, true, &outcome.reason, &outcome.message, look.now);
        } else if self.events {
            pods::tell(store, look.job, false, "Completed", "Job completed", look.now);
        }
    }
}

impl<'a> Look<'a> {
    fn new(
        uid: &'a Arc<str>,
        job: &'a Value,
        children: Vec<Child>,
        backoff: Backoff,
        now: Timestamp,
    ) -> Self {
        let wishes = Wishes::read(job);
        let mut status = Status::read(job);
        if status.start_time.is_none() && !wishes.suspended {
            status.start_time = Some(now);
        }
        let count = |is: &dyn Fn(&Child) -> bool| children.iter().filter(|child| is(child)).count() as Count;
        let new = count(&|it| it.tracked && it.succeeded && !status.uncounted.succeeded.contains(&it.uid));
        let succeeded = status.succeeded + status.uncounted.succeeded.len() as Count + new;
        let mut look = Self {
            active: count(&Child::is_active),
            ready: count(&|it| it.is_active() && it.ready),
            terminating: count(&Child::is_terminating),
            flush: false,
            uid,
            job,
            wishes,
            children,
            status,
            succeeded,
            backoff,
            now,
        };
        look.note_failures(new > 0);
        look
    }

    /// Pods that failed since the last look.
    fn new_failures(&self) -> impl Iterator<Item = &Child> {
        self.children.iter().filter(|it| {
            it.tracked && it.counts_as_failed(&self.wishes) && !self.status.uncounted.failed.contains(&it.uid)
        })
    }

    fn note_failures(&mut self, any_success: bool) {
        let ends: Vec<Option<Timestamp>> = self.new_failures().map(|child| child.failed_at).collect();
        if any_success {
            (self.backoff.failures, self.backoff.last_failure) = (0, None);
        } else if !ends.is_empty() {
            self.backoff.failures += u32::try_from(ends.len()).unwrap_or(u32::MAX);
            self.backoff.last_failure = ends.into_iter().flatten().max();
        }
    }

    /// The outcome as far as it is known before pods are created or deleted.
    fn judge(&self) -> Option<Outcome> {
        if let Some(announced) = self.status.announced() {
            return Some(announced);
        }
        let failure = |reason: &str, message: &str| {
            Some(Outcome { success: false, reason: reason.to_owned(), message: message.to_owned() })
        };
        let failed = self.status.failed
            + self.status.uncounted.failed.len() as Count
            + self.new_failures().count() as Count;
        if failed > self.wishes.backoff_limit {
            return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        let start = self.status.start_time.filter(|_| !self.wishes.suspended);
        if let (Some(limit), Some(start)) = (self.wishes.active_deadline, start)
            && Duration::try_from(self.now.duration_since(start)).unwrap_or_default() >= limit
        {
            return failure("DeadlineExceeded", "Job was active longer than specified deadline");
        }
        None
    }

    /// Takes the present counts into the status.
    fn compare_counts(&mut self) {
        let before = (self.status.active, self.status.ready, self.status.terminating);
        let counts = (self.active, Some(self.ready), Some(self.terminating));
        self.flush |= before != counts;
        (self.status.active, self.status.ready, self.status.terminating) = counts;
    }

    /// Notes pods that have ended as uncounted; the answer is all whose finalizer may go.
    fn uncount(&mut self, outcome: Option<&Outcome>) -> Vec<Child> {
        let over = outcome.is_some() || object::is_deleting(self.job);
        let failing = outcome.is_some_and(|outcome| !outcome.success);
        let mut counted = Vec::new();
        for child in self.children.iter().filter(|child| child.tracked) {
            let failed = child.counts_as_failed(&self.wishes);
            if !over && !child.succeeded && !failed {
                continue;
            }
            let uncounted = &mut self.status.uncounted;
            let known = |list: &[String]| list.contains(&child.uid);
            if child.succeeded && !known(&uncounted.failed) {
                if !known(&uncounted.succeeded) {
                    uncounted.succeeded.push(child.uid.clone());
                    self.flush = true;
                }
            } else if (failed || failing) && !known(&uncounted.failed) {
                uncounted.failed.push(child.uid.clone());
                self.flush = true;
            }
            counted.push(child.clone());
        }
        counted
    }

    fn may_end(&self) -> bool {
        let uncounted = &self.status.uncounted;
        uncounted.succeeded.is_empty() && uncounted.failed.is_empty() && self.terminating == 0
    }

    fn write(&self, store: &mut Store) {
        let (namespace, name) = (object::namespace(self.job), object::name(self.job));
        if store.get(Kind::Job, namespace, name).is_some() {
            let status = self.status.to_json();
            store.replace_status(Kind::Job, namespace, name, status, &Actor::JobController, self.now);
        }
    }
}

impl Backoff {
    /// What is left of the pause after the last failure.
    fn pause(&self, now: Timestamp) -> Duration {
        let (Some(last), true) = (self.last_failure, self.failures > 0) else { return Duration::ZERO };
        let pause = doubled(POD_BACKOFF, self.failures - 1, MOST_POD_BACKOFF);
        pause.saturating_sub(Duration::try_from(now.duration_since(last)).unwrap_or_default())
    }
}

/// `first`, doubled so many times, at most `most`.
fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(most)
}
