//! The books against what the simulators hold, counted from scratch: a judge whose books drift judges nothing.
//!
//! Not compared is what nobody holds: when something happened, and which agents really run, since a lost node tells
//! Kubernetes nothing of that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkite_sim::{Held, JobState};
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
    same("open jobs", &books.open, &open, now)?;
    let never_reserved = held.iter().filter(|held| held.state == JobState::Scheduled && !held.was_reserved);
    let fresh: BTreeSet<(Timestamp, Uuid)> =
        never_reserved.filter_map(|held| Some((held.scheduled_at?, held.job))).collect();
    same("jobs that were never reserved", &books.fresh, &fresh, now)?;
    let over: BTreeSet<Uuid> =
        held.iter().filter(|held| held.state.is_terminal()).map(|held| held.job).collect();
    let stranded: BTreeSet<Uuid> = unfinished.values().filter(|job| over.contains(*job)).copied().collect();
    same("Jobs of jobs that are over", &books.stranded.keys().copied().collect(), &stranded, now)?;
    objects(books, &jobs, &pods, now)
}

/// Each Job and each Pod as it is, below the job that it is of.
fn objects(books: &Ledger, jobs: &[JobSeen], pods: &[PodSeen], now: Timestamp) -> Result<(), Violation> {
    let workloads = books.jobs.iter().filter_map(|(job, entry)| Some((*job, entry.workload?.seen)));
    let made: BTreeMap<Uuid, JobSeen> = jobs.iter().map(|job| (job.job, *job)).collect();
    same("Jobs", &workloads.collect(), &made, now)?;
    let known = books.jobs.iter().flat_map(|(job, entry)| entry.pods.iter().map(move |pod| (*job, pod)));
    let known = known.filter(|(_, (_, pod))| pod.exists);
    let known = known.map(|(job, (uid, pod))| (*uid, (job, pod.deleting, pod.node))).collect();
    let exist: BTreeMap<Uuid, (Uuid, bool, Option<u32>)> =
        pods.iter().map(|pod| (pod.uid, (pod.job, pod.deleting, pod.node))).collect();
    same("Pods", &known, &exist, now)
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

#[cfg(test)]
mod tests {
    use buildkite_sim::{Held, JobState};
    use uuid::Uuid;

    use crate::checker::story::Story;

    fn scheduled(story: &Story, was_reserved: bool) -> Held {
        let (state, scheduled_at) = (JobState::Scheduled, Some(story.now()));
        Held { job: Uuid::from_u128(1), state, scheduled_at, was_reserved, reservation: None }
    }

    #[test]
    fn books_that_drift_are_found() {
        let mut story = Story::new();
        story.listed(1);
        story.agrees_with(&[scheduled(&story, false)]);
        story.differs_from(&[scheduled(&story, true)], "never reserved");
        story.differs_from(&[], "open jobs");
        story.reserved(1);
        story.differs_from(&[scheduled(&story, false)], "reservations");
    }
}
