//! The Job controller, as Kubernetes 1.36 has it for Jobs that count completions.
//!
//! One look at a Job ([`sync`]) reads the Job and its pods, decides, and writes: pods, then the status with what is
//! about to be counted, then (a moment later, so that it can be seen) the pods without their finalizer and the
//! status with the counts and the final condition. Each step works from what is stored, so an interruption between
//! any two is harmless.

mod facts;
mod pods;
mod status;
mod sync;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use super::RefusePod;
use super::garbage::drop_finalizer;
use super::ownership::{Ownership, controller};
use super::timers::{Timers, later};
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::options::Options;
use crate::store::Store;

pub(super) use self::status::finished;

/// Finalizer of pods that their Job has not counted yet.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// Between two writes of one look at a Job.
const WRITE_LATENCY: Duration = Duration::from_millis(3);

/// Keeps the controller's choices apart from those of the store, which has the same seed.
const SEED_MARK: u64 = 0x6a6f_6263_7472_6c00;

/// All Jobs that need a look.
pub(super) struct Jobs {
    queue: Timers<Arc<str>>,
    /// When each Job is looked at next; entries of the queue at other times are void.
    planned: BTreeMap<Arc<str>, Timestamp>,
    /// Noted since the last run: Jobs, and pods that nobody controls any more.
    inbox: Vec<Arc<str>>,
    orphans: Vec<Arc<str>>,
    backoff: BTreeMap<Arc<str>, Backoff>,
    delay: RangeInclusive<Duration>,
    rng: fastrand::Rng,
    stalled_until: Timestamp,
    refuse: RefusePod,
    events: bool,
}

/// How often pods of a Job failed in a row, and how often none could be created.
#[derive(Clone, Copy, Debug, Default)]
struct Backoff {
    failures: u32,
    last_failure: Option<Timestamp>,
    refusals: u32,
}

impl fmt::Debug for Jobs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jobs").field("planned", &self.planned).finish_non_exhaustive()
    }
}

impl Jobs {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            queue: Timers::default(),
            planned: BTreeMap::new(),
            inbox: Vec::new(),
            orphans: Vec::new(),
            backoff: BTreeMap::new(),
            delay: options.job_controller_delay.clone(),
            rng: fastrand::Rng::with_seed(options.seed ^ SEED_MARK),
            stalled_until: Timestamp::MIN,
            refuse: Box::new(|_| None),
            events: options.events,
        }
    }

    pub(super) fn stall(&mut self, until: Timestamp) {
        self.stalled_until = self.stalled_until.max(until);
    }

    pub(super) fn refuse_pods(&mut self, refuse: RefusePod) {
        self.refuse = refuse;
    }

    /// Notes what to look at.
    pub(super) fn observe(&mut self, change: &Change) {
        // What it wrote itself tells it nothing, except that a pod went with its finalizer.
        let own = change.actor == Actor::JobController && change.verb != Verb::Deleted;
        match change.kind {
            Kind::Job if !own => self.inbox.push(object::uid(&change.object).into()),
            Kind::Pod if !own => match controller(&change.object) {
                Some(owner) if owner["kind"] == "Job" => {
                    self.inbox.push(owner["uid"].as_str().unwrap_or_default().into());
                }
                Some(_) => {}
                None if is_tracked(&change.object) => {
                    self.orphans.push(object::uid(&change.object).into());
                }
                None => {}
            },
            _ => {}
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        let released = (!self.orphans.is_empty()).then_some(self.stalled_until);
        let looked = self.queue.next_deadline().map(|at| at.max(self.stalled_until));
        released.into_iter().chain(looked).min()
    }

    pub(super) fn run(&mut self, store: &mut Store, ownership: &Ownership, now: Timestamp) {
        for uid in std::mem::take(&mut self.inbox) {
            let delay = self.draw_delay();
            self.plan(&uid, delay, now);
        }
        if now < self.stalled_until {
            return;
        }
        for uid in std::mem::take(&mut self.orphans) {
            release(store, &uid, now);
        }
        while let Some(uid) = self.queue.pop_due(now) {
            if self.planned.get(&uid).is_some_and(|at| *at <= now) {
                self.planned.remove(&uid);
                self.look(store, ownership, &uid, now);
            }
        }
        self.queue.skip(|at, uid| self.planned.get(uid) != Some(&at));
    }

    fn draw_delay(&mut self) -> Duration {
        let (least, most) = (*self.delay.start(), *self.delay.end());
        let spread = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX);
        if spread == 0 { least } else { least + Duration::from_micros(self.rng.u64(..=spread)) }
    }

    /// Looks at a Job after this much time, unless it is looked at earlier anyway.
    fn plan(&mut self, uid: &Arc<str>, delay: Duration, now: Timestamp) {
        let at = later(now, delay);
        if self.planned.get(uid).is_none_or(|planned| *planned > at) {
            self.planned.insert(Arc::clone(uid), at);
            self.queue.add(at, Arc::clone(uid));
        }
    }

    fn look(&mut self, store: &mut Store, ownership: &Ownership, uid: &Arc<str>, now: Timestamp) {
        let job = store.by_uid(uid).and_then(|(kind, namespace, name)| store.get(kind, namespace, name));
        let job = job.filter(|job| finished(job).is_none()).cloned();
        if let Some(job) = job {
            self.sync(store, ownership, uid, &job, now);
            return;
        }
        // Gone or over: its pods are nobody's to count.
        self.backoff.remove(uid);
        let pods: Vec<Arc<str>> = ownership.dependents(uid).cloned().collect();
        for pod in pods {
            release(store, &pod, now);
        }
    }
}

fn is_tracked(pod: &Value) -> bool {
    object::finalizers(pod).any(|finalizer| finalizer == TRACKING)
}

/// Takes the finalizer from a pod, if there is one of either.
fn release(store: &mut Store, uid: &str, now: Timestamp) {
    let Some((Kind::Pod, namespace, name)) = store.by_uid(uid) else { return };
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    drop_finalizer(store, Kind::Pod, (&namespace, &name), TRACKING, &Actor::JobController, now);
}
