//! A Job only for a job that is ours, one run per job, one controller that acts (lifecycle 1.1, V6, D5, D10).

use std::time::Duration;

use buildkite_sim::{JobState, What};
use cluster_sim::Verb;
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::Ledger;
use super::seen::{ContainerSeen, Event, Life, Seen, Writer};
use super::{Rules, Violation};

/// What must be left of a reservation when a Job is made (V6).
const LEFT: Duration = Duration::from_secs(10);
/// Jobs that one controller makes of one job: the first, and three more (D5).
const MOST_MADE: u32 = 4;
/// So long after another has taken the Lease, nothing of the one before is on its way any more.
const TURN: Duration = Duration::from_secs(5);

/// The duration of a Lease.
const LEASE: Duration = Duration::from_secs(15);

/// Judges who makes and runs what.
#[derive(Debug)]
pub(super) struct Ownership;

impl Rules for Ownership {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        match &seen.event {
            Event::Job(written) => match (written.verb, written.by) {
                (Verb::Added, Writer::Controller(life)) => made(seen.at, written.object.job, life, books),
                _ => Ok(()),
            },
            Event::Lease(Some(holder)) => taken(seen.at, *holder, books),
            Event::Container(container) if container.running => started(seen.at, *container, books),
            Event::Buildkite(What::State { job, to: JobState::Accepted, .. }) => {
                acquired(seen.at, *job, books)
            }
            _ => Ok(()),
        }
    }
}

fn made(at: Timestamp, job: Uuid, life: Life, books: &Ledger) -> Result<(), Violation> {
    if let Some(leader) = books.leader.filter(|leader| *leader != life)
        && books.last_turn + TURN + books.race() < at
    {
        let message = format!("{life} made a Job while {leader} holds the Lease");
        return Err(Violation::new("lifecycle D10", at, message).of(job));
    }
    let Some(entry) = books.job(job) else {
        return Err(Violation::new("lifecycle V6", at, "made a Job of an unknown job").of(job));
    };
    let left = LEFT.min(books.facts.site.reservation_expiry / 2);
    let wrong = match (entry.reservation, entry.held_until) {
        (Some(held), _) if held.until + books.race() >= at + left => None,
        (Some(held), _) => Some(format!("the reservation ends at {} already", held.until)),
        (None, Some(until)) if until + books.race() >= at => None,
        (None, _) => Some(format!("it is {}, and no reservation of ours", entry.state.as_str())),
    };
    if let Some(wrong) = wrong {
        let message = format!("made a Job of a job that is not ours to start: {wrong}");
        return Err(Violation::new("lifecycle V6", at, message).of(job));
    }
    if entry.created >= MOST_MADE.saturating_mul(books.starts) && !entry.is_touched() {
        let message = format!("made {} Jobs of it already", entry.created);
        return Err(Violation::new("lifecycle D5", at, message).of(job));
    }
    Ok(())
}

/// A Lease that its holder has not given up is left to it for its whole duration, by the clock of whoever watches it.
fn taken(at: Timestamp, holder: Life, books: &Ledger) -> Result<(), Violation> {
    let (Some(leader), Some(renewed)) = (books.leader, books.leased()) else { return Ok(()) };
    if leader == holder || renewed + LEASE <= at {
        return Ok(());
    }
    let message = format!("{holder} takes the Lease that {leader} wrote at {renewed}");
    Err(Violation::new("lifecycle D10", at, message))
}

fn started(at: Timestamp, container: ContainerSeen, books: &Ledger) -> Result<(), Violation> {
    let Some(entry) = books.job(container.job) else { return Ok(()) };
    let other =
        entry.pods.iter().find(|(uid, pod)| **uid != container.pod && pod.exists && pod.agent.is_some());
    match other {
        // Whoever deletes by force leaves running what he says is gone.
        Some((uid, _)) if !entry.is_touched() => {
            let message = format!("its agent starts while the one in pod {uid} runs");
            Err(Violation::new("lifecycle D1, D5", at, message).of(container.job))
        }
        _ => Ok(()),
    }
}

fn acquired(at: Timestamp, job: Uuid, books: &Ledger) -> Result<(), Violation> {
    match books.job(job) {
        Some(entry) if entry.acquisitions > 0 => {
            Err(Violation::new("lifecycle 1.1", at, "a second agent took the job: it runs twice").of(job))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle V6
    #[test]
    fn a_job_needs_a_reservation_with_time_left() {
        let mut story = Story::new();
        story.reserved(1).made(1);
        story.clean();
        story.listed(2).made(2);
        story.broken("lifecycle V6");

        let mut story = Story::new();
        story.reserved(1).wait(895).made(1);
        story.broken("lifecycle V6");
    }

    /// lifecycle H11, V4
    #[test]
    fn a_cancelled_job_gets_no_job() {
        let mut story = Story::new();
        story.reserved(1).canceled(1).wait(5).made(1);
        story.broken("lifecycle V6");
    }

    /// lifecycle D1
    #[test]
    fn two_agents_of_one_job_do_not_run_at_once() {
        let mut story = Story::new();
        story.runs(1).agent_starts_in_pod(1, 77);
        story.broken("lifecycle D1, D5");
    }

    /// lifecycle D10, X26
    #[test]
    fn a_lease_is_taken_over_when_it_has_lapsed_and_not_before() {
        let mut story = Story::new();
        story.lease(0, 0).wait(20).lease(1, 0);
        story.clean();
        story.wait(10).lease(0, 1);
        story.broken("lifecycle D10");
    }

    /// lifecycle D10
    #[test]
    fn only_the_holder_of_the_lease_makes_jobs() {
        let mut story = Story::new();
        story.lease(1, 0).wait(30).reserved(1).made(1);
        story.broken("lifecycle D10");

        let mut story = Story::new();
        story.reserved(1).lease(1, 0).made(1);
        story.clean();
    }
}
