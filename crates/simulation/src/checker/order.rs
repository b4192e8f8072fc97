//! Who is reserved before whom (lifecycle P1, L20, V1).

use std::time::Duration;

use buildkite_sim::{JobState, What};
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::{Entry, Ledger};
use super::seen::{Event, Seen};
use super::{Rules, Violation};
use crate::facts::CONTROLLER_ID;

/// The longest back-off of a call: whoever was given a slot long ago may be reserved only now.
const SETTLED: Duration = Duration::from_secs(90);
/// How long a job is left alone after a failure that is not its own, and what a list takes to show it.
const NOTICED: Duration = Duration::from_secs(35);
/// So many creates that arrived mean that one was answered as well.
const STARTED: usize = 3;

/// Judges each first reservation of a job: one that was reserved in vain goes before it if it is more urgent, once
/// others have been able to start.
#[derive(Debug)]
pub(super) struct Order;

impl Rules for Order {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        let Event::Buildkite(What::Reserved { stack, job, renewed: false, .. }) = &seen.event else {
            return Ok(());
        };
        let Some(entry) = books.job(*job).filter(|entry| entry.held_until.is_none()) else { return Ok(()) };
        if **stack != *CONTROLLER_ID || !settled(seen.at, books) {
            return Ok(());
        }
        let passed_over = |other: &&Uuid| {
            let other = &books.jobs[*other];
            other.priority > entry.priority && waits_in_vain(seen.at, other, books)
        };
        let Some(other) = books.open.iter().find(passed_over) else { return Ok(()) };
        let since = books.jobs[other].since;
        let message = format!("reserved before the more urgent {other}, which waits since {since}");
        Err(Violation::new("lifecycle P1, V1", seen.at, message).of(*job))
    }
}

/// Whether nothing has kept the controller from reserving whom it wants, and from seeing all that wait.
fn settled(at: Timestamp, books: &Ledger) -> bool {
    let (from, lifetime) = (at - SETTLED - books.race(), books.facts.site.reservation_expiry);
    let troubled =
        books.buildkite.faults_between(from, at) > 0 || books.buildkite.disturbed_between(from, at);
    // What a pause took back may be asked for again until it would have lapsed.
    let paused = books.paused.is_some() || books.resumed + lifetime + SETTLED > at;
    let waiting = books.open.iter().filter(|job| books.jobs[*job].state == JobState::Scheduled).count();
    !troubled && !paused && waiting <= books.facts.site.page_size as usize
}

/// Whether a job was reserved and came to nothing, and others have started since.
fn waits_in_vain(at: Timestamp, job: &Entry, books: &Ledger) -> bool {
    let lapsed = job.state == JobState::Scheduled && job.held_until == Some(job.since);
    let free = job.workload.is_none() && job.pods.is_empty() && !job.is_touched();
    if !lapsed || !free || books.last_turn >= job.since {
        return false;
    }
    let (from, to) = (job.since + NOTICED, at - NOTICED - books.race());
    let answered = |made: &&Timestamp| !books.kubernetes.disturbed_between(**made, **made);
    let after = books.made.partition_point(|made| *made < from);
    let until = books.made.partition_point(|made| *made <= to);
    books.made.get(after..until).is_some_and(|made| made.iter().filter(answered).count() >= STARTED)
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle P1, V1
    #[test]
    fn an_urgent_job_that_was_reserved_in_vain_goes_before_others_once_they_can_start() {
        let mut story = Story::new();
        story.urgent(1).wait(1000).reserved(1).wait(900).lapsed(1);
        story.reserved(2).wait(100).reserved(3);
        story.clean();
        story.made(2).made(3).reserved(4).made(4).wait(30).reserved(5);
        story.clean();
        story.wait(30).reserved(6);
        story.broken("lifecycle P1, V1");
    }

    /// lifecycle P1, V1: nobody could start, so somebody else is tried
    #[test]
    fn while_nobody_can_start_others_are_tried() {
        let mut story = Story::new();
        story.urgent(1).wait(1000).reserved(1).wait(900).lapsed(1);
        for job in 2..=9 {
            story.wait(100).reserved(job);
        }
        story.clean();
    }

    /// lifecycle P1: it has its turn
    #[test]
    fn others_follow_an_urgent_job() {
        let mut story = Story::new();
        story.urgent(1).wait(1000).reserved(1).wait(900).lapsed(1);
        story.reserved(2).reserved(3).reserved(4).wait(60).made(2).made(3).made(4).wait(5).reserved(1);
        story.wait(100).reserved(5);
        story.clean();
    }
}
