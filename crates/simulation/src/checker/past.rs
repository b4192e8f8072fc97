//! How Jobs ended that are gone (lifecycle D6).

use std::time::Duration;

use buildkite_sim::What;
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::Ledger;
use super::reservations::{AFTER_TROUBLE, LATEST};
use super::seen::{Event, Seen};
use super::{Rules, Violation};
use crate::facts::CONTROLLER_ID;

/// Judges, with each list, of whose end nobody has told.
#[derive(Debug)]
pub(super) struct Past;

impl Rules for Past {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        match &seen.event {
            Event::Buildkite(What::Listed { stack, .. }) if **stack == *CONTROLLER_ID => {
                forgotten(seen.at, books)
            }
            _ => Ok(()),
        }
    }
}

/// How a Job ended is told, also when it is gone (D6): its job does not wait for its reservation to lapse.
fn forgotten(at: Timestamp, books: &Ledger) -> Result<(), Violation> {
    let waits_in_vain = |job: &&Uuid| {
        let Some(entry) = books.job(**job) else { return false };
        let (Some(ended), Some(gone)) = (entry.vanished_ended, entry.vanished) else { return false };
        let own = entry.reservation.is_some_and(|held| held.since <= ended);
        // Once nothing is wrong on the way to Buildkite, the state is asked for soon.
        let quiet = at - AFTER_TROUBLE - books.race();
        let troubled = books.buildkite.slow_between(quiet - LATEST, at)
            || books.buildkite.disturbed_between(quiet, at)
            || books.buildkite.faults_between(quiet, at) > 0;
        // Its end was told by nobody while the watch told nothing, or nobody that its Job was ours.
        let (sent, made) = (Duration::from_secs(1) + books.facts.site.latency, entry.made.unwrap_or(ended));
        let unseen = books.kubernetes.disturbed_between(ended - AFTER_TROUBLE, gone)
            || books.kubernetes.hung_between(ended - AFTER_TROUBLE, gone)
            || books.kubernetes.lost_between(made - sent, made);
        // Whether a renewal was granted its answer tells.
        let unsure = entry.reservation.is_some_and(|held| held.known_until <= at);
        own && entry.workload.is_none()
            && entry.tellings.is_empty()
            && !(troubled || unseen || unsure || entry.is_touched())
            && gone.max(ended) < quiet
            && books.last_turn < ended
            && books.stopping.is_empty()
    };
    match books.held.iter().find(waits_in_vain) {
        None => Ok(()),
        Some(job) => {
            let message = "its Job ended and is gone, and nobody has told how";
            Err(Violation::new("lifecycle D6", at, message).of(*job))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle D6
    #[test]
    fn the_end_of_a_job_that_is_gone_is_told() {
        let mut story = Story::new();
        story.wait(300).reserved(1).made(1).wait(10).fails(1).wait(10).gone(1).wait(60).polled(false);
        story.clean();
        story.wait(60).polled(false);
        story.broken("lifecycle D6");

        let mut story = Story::new();
        story
            .wait(300)
            .reserved(1)
            .made(1)
            .wait(10)
            .fails(1)
            .wait(10)
            .gone(1)
            .tells(1)
            .wait(120)
            .polled(false);
        story.clean();
    }

    /// lifecycle D6: whose Job it was, and whether the reservation still holds, nobody can know
    #[test]
    fn nothing_is_told_of_what_nobody_can_know() {
        let ends_after = |seconds, (on_kubernetes, on_buildkite)| {
            let mut story = Story::new();
            story.wait(300).reserved(1).at_once(|story| {
                if on_kubernetes {
                    story.fault_on_kubernetes();
                }
                story.made(1);
            });
            story.wait(580).at_once(|story| {
                if on_buildkite {
                    story.fault_on_buildkite();
                }
                story.renewed(1);
            });
            story.wait(seconds).fails(1).wait(10).gone(1).wait(120).polled(false);
            story
        };
        ends_after(90, (false, false)).broken("lifecycle D6");
        ends_after(90, (true, false)).clean();
        ends_after(90, (false, true)).broken("lifecycle D6");
        ends_after(300, (false, true)).clean();
    }
}
