//! The judge of a run: reads what the two simulators recorded and what the harness did, and never asks a controller.
//!
//! The harness drains both histories after every step and hands them over with the `observe_*` functions, then
//! calls [`Checker::step`]. Events are entered in the `Ledger` one by one, in the order of their
//! times; each family of rules sees an event before it is entered. What the harness does from outside (crashes,
//! faults, fates of jobs) comes as a [`Note`].
//!
//! Who is who: a controller's `User-Agent` towards Kubernetes ends with `<instance>.<life>`, and its identity in
//! the Lease begins with that. A request that arrives long after it was given up ends with ` late`.

mod choice;
mod cleanup;
mod expected;
mod ledger;
mod limits;
mod liveness;
mod order;
mod ownership;
mod past;
mod recount;
mod reservations;
mod seen;
#[cfg(test)]
mod story;
mod verdicts;
mod violation;

use std::sync::Arc;

use buildkite_sim::{Happening, Held};
use cluster_sim::{ContainerChange, Value};
use jiff::Timestamp;

use crate::facts::{Facts, Note};
use ledger::Ledger;
pub(crate) use seen::Seen;
pub use violation::Violation;

/// Steps between two recounts.
const RECOUNT_EVERY: u64 = 1_000;

/// A family of rules.
trait Rules: Send {
    /// `seen` is about to be entered in the books.
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation>;

    /// Time has passed: at most once per second of simulated time.
    fn tick(&mut self, _now: Timestamp, _books: &Ledger) -> Result<(), Violation> {
        Ok(())
    }

    /// The run is over.
    fn end(&mut self, _now: Timestamp, _books: &Ledger) -> Result<(), Violation> {
        Ok(())
    }
}

/// Judges one run.
pub struct Checker {
    books: Ledger,
    rules: Vec<Box<dyn Rules>>,
    pending: Vec<Seen>,
    steps: u64,
    ticked: Option<Timestamp>,
}

impl Checker {
    /// A judge who has seen nothing yet.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        Self {
            books: Ledger::new(facts.clone()),
            rules: vec![
                Box::new(limits::Limits),
                Box::new(ownership::Ownership),
                Box::new(verdicts::Verdicts::default()),
                Box::new(reservations::Reservations::default()),
                Box::new(past::Past),
                Box::new(order::Order),
                Box::new(choice::Choice::default()),
                Box::new(cleanup::Cleanup),
                Box::new(liveness::Liveness::default()),
            ],
            pending: Vec::new(),
            steps: 0,
            ticked: None,
        }
    }

    /// Takes in what the harness did, before the records of what follows from it.
    pub fn observe_note(&mut self, at: Timestamp, note: &Note<'_>) {
        self.pending.extend(Seen::of_note(at, note, self.books.facts.site.pod_pending));
    }

    /// Takes in what Buildkite recorded, in order.
    pub fn observe_buildkite(&mut self, happenings: &[Happening]) {
        self.pending.extend(happenings.iter().map(|happening| Seen {
            at: happening.at,
            event: seen::Event::Buildkite(happening.what.clone()),
        }));
    }

    /// Takes in the writes of the cluster, in order.
    pub(crate) fn observe_cluster(&mut self, writes: impl Iterator<Item = Seen>) {
        self.pending.extend(writes);
    }

    /// Takes in when containers really started and stopped, in order.
    pub fn observe_containers(&mut self, changes: &[ContainerChange]) {
        self.pending.extend(changes.iter().filter_map(Seen::of_container));
    }

    /// Judges everything that was observed since the last step.
    ///
    /// # Errors
    ///
    /// The first rule that was broken. The books are of no use afterwards.
    pub fn step(&mut self, now: Timestamp) -> Result<(), Violation> {
        self.steps += 1;
        // Sources are independent of one another; within a source the order is that of its time already.
        self.pending.sort_by_key(|seen| seen.at);
        for seen in std::mem::take(&mut self.pending) {
            self.tick(seen.at)?;
            for rules in &mut self.rules {
                rules.on(&seen, &self.books)?;
            }
            self.books.enter(seen);
        }
        self.tick(now)
    }

    fn tick(&mut self, now: Timestamp) -> Result<(), Violation> {
        if self.ticked.is_some_and(|last| now.duration_since(last).as_secs() < 1) {
            return Ok(());
        }
        self.ticked = Some(now);
        self.rules.iter_mut().try_for_each(|rules| rules.tick(now, &self.books))
    }

    /// Whether it is time for [`Checker::recount`].
    #[must_use]
    pub fn wants_recount(&self) -> bool {
        self.steps.is_multiple_of(RECOUNT_EVERY)
    }

    /// Compares the books with what the simulators hold now, counted from scratch. Everything that was recorded
    /// up to now must have been judged.
    ///
    /// # Errors
    ///
    /// When they differ: then the judge is wrong.
    pub fn recount(
        &self,
        jobs: &[Arc<Value>],
        pods: &[Arc<Value>],
        held: &[Held],
        now: Timestamp,
    ) -> Result<(), Violation> {
        recount::compare(&self.books, jobs, pods, held, now)
    }

    /// Jobs on Buildkite that have not ended, and objects of theirs that are left in the cluster.
    #[must_use]
    pub fn unsettled(&self) -> (usize, usize) {
        (self.books.open.len(), self.books.objects())
    }

    /// Whether every job of the last burst was in flight at one moment.
    #[must_use]
    pub fn probed(&self) -> bool {
        self.books.probe.as_ref().is_some_and(|probe| probe.reached)
    }

    /// Judges the end of the run: everything has to be settled.
    ///
    /// # Errors
    ///
    /// The first rule that was broken.
    pub fn end(&mut self, now: Timestamp) -> Result<(), Violation> {
        self.step(now)?;
        self.rules.iter_mut().try_for_each(|rules| rules.end(now, &self.books))
    }
}
