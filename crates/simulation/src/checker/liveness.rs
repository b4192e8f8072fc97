//! What has to happen in time when nothing is wrong (lifecycle L15, F9, D10), and the last burst.

use std::time::Duration;

use jiff::Timestamp;

use super::ledger::Ledger;
use super::seen::Seen;
use super::{Rules, Violation};

/// The longest back-off after a fault, and the call that follows it: from then on there is no excuse.
const CALM_AFTER: Duration = Duration::from_secs(90);
/// From a free slot to a reservation: an admission takes a second (L15), the list that shows the job is read ten
/// seconds after the last one at the latest (2.1), and calls keep their gaps.
const ADMISSION: Duration = Duration::from_secs(20);
/// From the end of a job to that of its Job whose agent has not started: two checks of five seconds, three calls,
/// and what the Job controller takes.
const CLEAN_UP: Duration = Duration::from_secs(40);
/// From the end of a leader to the next one: a Lease of 15 s, found out within 5 s.
const SUCCESSION: Duration = Duration::from_secs(60);

/// Judges what does not happen.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// Since when a slot is free and somebody waits for it.
    free_since: Option<Timestamp>,
}

impl Rules for Liveness {
    fn on(&mut self, _: &Seen, _: &Ledger) -> Result<(), Violation> {
        Ok(())
    }

    fn tick(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        let calm = books.last_trouble(now) + CALM_AFTER;
        if calm >= now {
            self.free_since = None;
            return Ok(());
        }
        if books.acting().is_none() {
            self.free_since = None;
            return leaderless(now, calm, books);
        }
        self.admits(now, calm, books)?;
        cleans_up(now, calm, books)
    }

    fn end(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        let Some(probe) = books.probe.as_ref().filter(|probe| !probe.reached) else { return Ok(()) };
        let (most, all) = (probe.most, probe.jobs.len());
        let message = format!("only {most} of the last {all} jobs were in flight at once: slots were lost");
        Err(Violation::new("lifecycle L8, H7", now, message))
    }
}

impl Liveness {
    fn admits(&mut self, now: Timestamp, calm: Timestamp, books: &Ledger) -> Result<(), Violation> {
        let free = books.limit().is_none_or(|limit| books.in_use() < limit) && !books.reserved_enough();
        let Some((waiting, job)) = books.fresh.first().filter(|_| free && books.paused.is_none()) else {
            self.free_since = None;
            return Ok(());
        };
        let free_since = *self.free_since.get_or_insert(now);
        let since = free_since.max(*waiting).max(books.resumed).max(calm);
        if since + ADMISSION + 2 * books.facts.poll_interval + books.race() >= now {
            return Ok(());
        }
        let (used, limit) = (books.in_use(), books.limit().unwrap_or_default());
        let message =
            format!("waits since {waiting} although {used} of {limit} slots are in use since {since}");
        Err(Violation::new("lifecycle L15", now, message).of(*job))
    }
}

fn cleans_up(now: Timestamp, calm: Timestamp, books: &Ledger) -> Result<(), Violation> {
    for (job, since) in &books.stranded {
        let Some(workload) = books.job(*job).and_then(|entry| entry.workload) else { continue };
        if workload.agent_ran || !workload.seen.ours {
            continue;
        }
        // After a verdict we delete the pod or shorten the deadline, and the Job controller ends the Job (F1, F5, F7);
        // a Job whose job is over otherwise we delete ourselves.
        let told = books.job(*job).is_some_and(|entry| entry.verdict.is_some());
        let stalled = if told { books.stalled_until } else { *since };
        let due = (*since).max(calm).max(stalled)
            + CLEAN_UP
            + 2 * books.facts.site.state_check_interval
            + books.race();
        if due < now {
            let message = format!("it is over since {since}, and its Job holds a slot without an agent");
            return Err(Violation::new("lifecycle F9", now, message).of(*job));
        }
    }
    Ok(())
}

fn leaderless(now: Timestamp, calm: Timestamp, books: &Ledger) -> Result<(), Violation> {
    if books.lives.is_empty() || calm + SUCCESSION >= now {
        return Ok(());
    }
    Err(Violation::new("lifecycle D10", now, "nobody acts although a controller runs"))
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle L15
    #[test]
    fn a_free_slot_does_not_stay_empty_while_a_job_waits() {
        let mut story = Story::with_limit(2);
        story.wait(200).runs(1).listed(2).passing(20);
        story.clean();
        story.passing(20);
        story.broken("lifecycle L15");

        let mut story = Story::with_limit(1);
        story.wait(200).runs(1).listed(2).passing(60);
        story.clean();

        let mut story = Story::with_limit(1);
        story.wait(200).paused().listed(1).passing(60);
        story.clean();
    }

    /// lifecycle F9
    #[test]
    fn the_job_of_a_cancelled_job_goes() {
        let mut story = Story::new();
        story.wait(200).reserved(1).made(1).canceled(1).passing(40);
        story.clean();
        story.passing(40);
        story.broken("lifecycle F9");
    }

    /// lifecycle F1, F5, F7: after a verdict only the Job controller can end the Job
    #[test]
    fn a_job_controller_that_does_nothing_holds_up_the_end_of_what_was_told() {
        let mut story = Story::new();
        story.wait(200).stuck(1).reserved(1).made(1).pod(1).verdict(1, "image-pull-failed");
        story.deletes_pod(1, true).stalled(60).passing(100);
        story.clean();
        story.passing(20);
        story.broken("lifecycle F9");

        let mut story = Story::new();
        story.wait(200).reserved(1).made(1).canceled(1).stalled(60).passing(60);
        story.broken("lifecycle F9");
    }

    /// lifecycle D10
    #[test]
    fn somebody_takes_over() {
        let mut story = Story::new();
        story.lease(7, 0).passing(100);
        story.clean();
        story.passing(100);
        story.broken("lifecycle D10");
    }

    /// lifecycle L8, H7
    #[test]
    fn the_last_burst_finds_every_slot() {
        let mut story = Story::with_limit(2);
        story.probe([1, 2]).runs(1).passes(1).gone(1).runs(2).passes(2).gone(2);
        story.broken_at_the_end("lifecycle L8, H7");
        let mut story = Story::with_limit(2);
        story.probe([1, 2]).runs(1).runs(2).passes(1).gone(1).passes(2).gone(2);
        story.clean_at_the_end();
    }
}
