//! Does the simulation find bugs? Each defect that can be planted in the controller, and the seeds that show it.

use std::{
    fmt,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

pub use stack_controller::planted::Defect;
use stack_controller::planted::plant;

use crate::{checker::Violation, fleet, plan::Size};

/// Place in [`Defect::ALL`] of what every run of this process plants, counted from 1.
static PLANTED: AtomicUsize = AtomicUsize::new(0);

/// From now on every run has this defect.
pub fn plant_in_every_run(defect: Option<Defect>) {
    let place = defect.and_then(|defect| Defect::ALL.iter().position(|known| *known == defect));
    PLANTED.store(place.map_or(0, |place| place + 1), Ordering::Relaxed);
}

/// Plants it on the thread of a run that begins.
pub(crate) fn begin_run() {
    let place = PLANTED.load(Ordering::Relaxed).checked_sub(1);
    plant(place.and_then(|place| Defect::ALL.get(place)).copied());
}

/// The defect of this name.
#[must_use]
pub fn named(name: &str) -> Option<Defect> {
    Defect::ALL.iter().copied().find(|defect| defect.name() == name)
}

/// What the seeds showed of a defect.
#[derive(Debug)]
pub struct Caught {
    /// The defect.
    pub defect: Defect,
    /// Seeds that were run.
    pub runs: u64,
    /// Seeds that showed it.
    pub seeds: Vec<u64>,
    /// What the first of them showed.
    pub violation: Option<Violation>,
}

/// Runs seeds with a defect: all of them, or until the first that shows it.
#[must_use]
pub fn hunt(defect: Defect, seeds: Range<u64>, size: Size, threads: usize, all: bool) -> Caught {
    plant_in_every_run(Some(defect));
    let report = fleet::run_all(seeds, size, threads, |outcome| all || outcome.violation.is_none());
    plant_in_every_run(None);
    let violation = report.failures.values().next().cloned();
    Caught { defect, runs: report.runs, seeds: report.failures.into_keys().collect(), violation }
}

impl fmt::Display for Caught {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { defect, runs, seeds, violation } = self;
        let (name, caught) = (defect.name(), seeds.len());
        match (seeds.first(), violation) {
            (Some(first), Some(violation)) => {
                let Violation { rule, message, .. } = violation;
                write!(formatter, "{name:<30} {caught:>4} of {runs:>4}  first {first:>4}  {rule}: {message}")
            }
            _ => write!(formatter, "{name:<30}    0 of {runs:>4}  NOT CAUGHT"),
        }
    }
}
