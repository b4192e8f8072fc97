//! What Kubernetes does by itself: Jobs, clean-up after their end, garbage.
//!
//! Each controller notes what a change concerns, and acts when its own timers say so; none looks through all
//! objects.

pub(crate) mod events;
mod expiry;
mod garbage;
mod job;
mod ownership;
pub(crate) mod timers;
mod ttl;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::Value;

use self::expiry::Expiry;
use self::garbage::Garbage;
use self::job::Jobs;
use self::ownership::Ownership;
use self::ttl::Ttl;
use crate::history::Change;
use crate::options::Options;
use crate::store::Store;

/// Decides whether a Job may have one more pod; the text is why not.
pub(crate) type RefusePod = Box<dyn FnMut(&Value) -> Option<String> + Send>;

/// All controllers.
pub(crate) struct Controllers {
    ownership: Ownership,
    jobs: Jobs,
    garbage: Garbage,
    ttl: Ttl,
    expiry: Expiry,
}

impl fmt::Debug for Controllers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Controllers").finish_non_exhaustive()
    }
}

impl Controllers {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            ownership: Ownership::default(),
            jobs: Jobs::new(options),
            garbage: Garbage::default(),
            ttl: Ttl::default(),
            expiry: Expiry::default(),
        }
    }

    /// Notes what to look at; acts on nothing yet.
    pub(crate) fn observe(&mut self, change: &Change) {
        self.garbage.observe_before(change, &self.ownership);
        let owners_changed = self.ownership.observe(change);
        self.garbage.observe(change, owners_changed);
        self.jobs.observe(change);
        self.ttl.observe(change);
        self.expiry.observe(change);
    }

    /// Does what is due by `now`.
    pub(crate) fn run(&mut self, store: &mut Store, now: Timestamp) {
        self.jobs.run(store, &self.ownership, now);
        self.ttl.run(store, now);
        self.garbage.run(store, &self.ownership, now);
        self.expiry.run(store, now);
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let deadlines = [
            self.jobs.next_deadline(),
            self.garbage.next_deadline(),
            self.ttl.next_deadline(),
            self.expiry.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The Job controller does nothing for this long.
    pub(crate) fn stall_jobs(&mut self, how_long: Duration, now: Timestamp) {
        self.jobs.stall(timers::later(now, how_long));
    }

    /// From now on `refuse` is asked before a pod is created for a Job.
    pub(crate) fn refuse_pods(&mut self, refuse: RefusePod) {
        self.jobs.refuse_pods(refuse);
    }
}
