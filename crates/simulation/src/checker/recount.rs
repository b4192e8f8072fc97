//! The books against what the simulators hold, counted from scratch: a judge whose books drift judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkite_sim::Held;
use cluster_sim::Value;
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::Ledger;
use super::seen::{JobSeen, PodSeen};
use super::violation::Violation;
use crate::facts::CONTROLLER_ID;

/// Compares everything that rules count.
pub(super) fn compare(
    books: &Ledger,
    jobs: &[Arc<Value>],
    pods: &[Arc<Value>],
    held: &[Held],
    now: Timestamp,
) -> Result<(), Violation> {
    let jobs: Vec<JobSeen> =
        jobs.iter().filter_map(|job| JobSeen::read(job)).filter(|job| job.ours).collect();
    let pods: Vec<PodSeen> = pods.iter().filter_map(|pod| PodSeen::read(pod)).collect();
    let unfinished: BTreeMap<Uuid, Uuid> =
        jobs.iter().filter(|job| !job.finished).map(|job| (job.uid, job.job)).collect();
    let entered: BTreeMap<Uuid, Uuid> =
        books.unfinished.iter().map(|(uid, unfinished)| (*uid, unfinished.job)).collect();
    same("unfinished Jobs", &entered, &unfinished, now)?;
    let existing: BTreeSet<Uuid> =
        jobs.iter().map(|job| job.uid).chain(pods.iter().map(|pod| pod.uid)).collect();
    same("Jobs and Pods", &books.existing, &existing, now)?;
    let is_ours =
        |held: &&Held| held.reservation.as_ref().is_some_and(|(stack, _)| **stack == *CONTROLLER_ID);
    let reserved: BTreeSet<Uuid> = held.iter().filter(is_ours).map(|held| held.job).collect();
    same("reservations", &books.held, &reserved, now)?;
    let open: BTreeSet<Uuid> =
        held.iter().filter(|held| !held.state.is_terminal()).map(|held| held.job).collect();
    same("open jobs", &books.open, &open, now)
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    books: &T,
    counted: &T,
    now: Timestamp,
) -> Result<(), Violation> {
    if books == counted {
        return Ok(());
    }
    let message = format!("the judge's books of {what} are wrong: entered {books:?}, counted {counted:?}");
    Err(Violation::new("checker: recount", now, message))
}
