//! What is reserved, how long, and what becomes of it (lifecycle 1.8, 2.6, 3.4).

use std::time::Duration;

use buildkite_sim::What;
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::{Entry, Ledger};
use super::seen::{Event, Seen};
use super::{Rules, Violation};
use crate::facts::CONTROLLER_ID;

/// A controller that is refused for good tries once a minute; the call that was under way adds its time.
pub(super) const AFTER_TROUBLE: Duration = Duration::from_secs(75);
/// A job that does not come to a Job is kept reserved for so long (V1).
const KEPT_FOR: Duration = Duration::from_secs(600);
/// The longest way of a request that comes late.
pub(super) const LATEST: Duration = Duration::from_secs(130);
/// List answers in a row that say "paused", of which one must have arrived: each question is asked after the answer to
/// the one before.
const ENOUGH: u32 = 3;
/// It has been taken in so long after it was given.
const PAUSE_HEEDED: Duration = Duration::from_secs(1);

/// Judges reservations.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    /// Answers in a row that said "paused", and the time of the first that must have arrived.
    told_paused: (u32, Option<Timestamp>),
}

impl Rules for Reservations {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        let Event::Buildkite(what) = &seen.event else { return Ok(()) };
        let ours = |stack: &str| stack == CONTROLLER_ID;
        match what {
            What::Listed { stack, paused, .. } if ours(stack) => {
                let (told, _) = self.told_paused;
                match (*paused, told + 1) {
                    (false, _) => self.told_paused = (0, None),
                    (true, ENOUGH) => self.told_paused = (ENOUGH, Some(seen.at)),
                    (true, told) => self.told_paused.0 = told,
                }
                Ok(())
            }
            What::Paused { paused: false, .. } => {
                self.told_paused = (0, None);
                Ok(())
            }
            What::Reserved { stack, job, renewed, until } if ours(stack) => {
                if *until != seen.at + books.facts.site.reservation_expiry {
                    let message = format!("reserved until {until}, which is not the lifetime that is set");
                    return Err(Violation::new("lifecycle V7", seen.at, message).of(*job));
                }
                let Some(entry) = books.job(*job) else { return Ok(()) };
                if *renewed {
                    renewed_early(seen.at, *job, entry, books)
                } else {
                    self.while_paused(seen.at, *job, entry, books)?;
                    too_many(seen.at, *job, entry, books)
                }
            }
            What::Lapsed { stack, job } if ours(stack) => lapsed(seen.at, *job, books),
            _ => Ok(()),
        }
    }

    fn end(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        match books.held.first() {
            None => Ok(()),
            Some(job) => Err(Violation::new("lifecycle 1.8", now, "it is reserved at the end").of(*job)),
        }
    }
}

impl Reservations {
    /// A paused queue gives out nothing new; what has a Job keeps its reservation (2.6).
    fn while_paused(&self, at: Timestamp, job: Uuid, entry: &Entry, books: &Ledger) -> Result<(), Violation> {
        let Some(told) = self.told_paused.1.filter(|_| books.paused.is_some()) else { return Ok(()) };
        // What was asked for before may arrive late.
        let (from, buildkite) = (told - LATEST, &books.buildkite);
        let late = buildkite.slow_between(from, at) || buildkite.disturbed_between(from, at);
        if late || told + PAUSE_HEEDED + books.race() >= at || entry.workload.is_some() {
            return Ok(());
        }
        let message = format!("reserved although the queue is paused, as was told at {told}");
        Err(Violation::new("lifecycle 2.6, P5", at, message).of(job))
    }
}

/// Not more than the free slots and the look-ahead without a Job, whatever goes wrong (V1).
fn too_many(at: Timestamp, job: Uuid, entry: &Entry, books: &Ledger) -> Result<(), Violation> {
    // Its reservation lapsed while nobody could renew it (1.3): it is not on the way from a slot to its Job. Whoever has
    // not seen that its Job is gone takes it for one of these.
    let hidden =
        |gone: Timestamp| books.kubernetes.disturbed_throughout(gone + books.race(), at - books.race());
    if entry.workload.is_some() || entry.vanished.is_some_and(hidden) {
        return Ok(());
    }
    let Some((_, acting)) = books.acting() else { return Ok(()) };
    let creators = books.facts.site.creation_concurrency;
    let slots = acting.limit.unwrap_or(usize::MAX).min(2 * creators);
    // What was sent before is nobody's decision any more, and hides jobs from whoever decides.
    if books.buildkite.late_between(at - books.facts.site.reservation_expiry - LATEST, at) {
        return Ok(());
    }
    let waiting = books.held.iter().filter(|held| waits(**held, books)).count();
    if waiting < slots + creators {
        return Ok(());
    }
    let message = format!(
        "{waiting} jobs are reserved without a Job already, with {slots} slots that could be free and a look-ahead \
         of {creators}"
    );
    Err(Violation::new("lifecycle V1", at, message).of(job))
}

/// Whether whoever acts holds this job and has not yet made a Job of it.
fn waits(job: Uuid, books: &Ledger) -> bool {
    let Some(entry) = books.job(job) else { return false };
    // What a predecessor reserved nobody can give back.
    let Some(held) = entry.reservation.filter(|held| held.since >= books.last_turn) else { return false };
    let had_one = entry.workload.is_some() || lost_its_job(entry, held.since, books);
    // It may be waiting for its verdict to arrive, or its name belongs to a Job of somebody else (D4).
    let told = entry.tellings.last().is_some_and(|told| *told >= held.since);
    let apart = told
        || entry
            .expected
            .as_ref()
            .is_some_and(|known| known.allows_verdict("invalid-job") || known.has_clash());
    !had_one && !apart
}

/// Renewal is due with a third left (V5). Without a reason to doubt what we hold, a half is too early.
fn renewed_early(at: Timestamp, job: Uuid, entry: &Entry, books: &Ledger) -> Result<(), Violation> {
    let Some(held) = entry.reservation else { return Ok(()) };
    let lifetime = books.facts.site.reservation_expiry;
    let early = held.renewed + lifetime / 2 > at;
    // A list that was asked for at the same moment may show the job as free.
    let crossed = held.renewed == held.since && held.renewed + books.race() > at;
    // A request that comes long after it was given up is nobody's decision any more.
    let late = books.buildkite.late_between(at - LATEST, at);
    // Whoever tries a taken name again reserves what he had left to lapse (D4 b).
    if !early
        || crossed
        || late
        || entry.has_clash()
        || books.troubled_between(held.renewed - AFTER_TROUBLE, at)
    {
        return Ok(());
    }
    let message = format!("renewed although it holds until {}", held.until);
    Err(Violation::new("lifecycle V5", at, message).of(job))
}

/// A reservation that we want may lapse only when nobody could renew it.
fn lapsed(at: Timestamp, job: Uuid, books: &Ledger) -> Result<(), Violation> {
    let Some(entry) = books.job(job) else { return Ok(()) };
    let Some(held) = entry.reservation else { return Ok(()) };
    let lifetime = books.facts.site.reservation_expiry;
    let window = held.until - lifetime / 3 - AFTER_TROUBLE;
    let turned = books.last_turn >= held.renewed;
    let away = books.buildkite.disturbed_between(window, at);
    // A single fault costs one try, however long it takes (1.8); three in one window may cost all of it.
    let windy = books.buildkite.faults_between(window, at) >= 3;
    let late = books.buildkite.late_between(held.renewed - lifetime - AFTER_TROUBLE, at);
    // Its Job's time was over before anybody saw its end; who has seen it tells of it (D6).
    let vanished =
        entry.vanished.filter(|_| entry.workload.is_none() && lost_its_job(entry, held.since, books));
    let unseen = vanished.is_some_and(|gone| {
        let ended = entry.vanished_ended.unwrap_or(gone);
        books.kubernetes.disturbed_throughout(ended + books.race(), gone - books.race())
    });
    // It has come to nothing for so long that others shall have it (V1), gaps in which nobody could renew it counted.
    let started = books.acting().map(|(_, acting)| acting.started);
    let wanted = entry.wanted_since.max(started).unwrap_or(held.since).min(held.since);
    let let_go = entry.workload.is_none() && wanted + KEPT_FOR <= at;
    let explained = [let_go, turned, away, windy, late, unseen, entry.is_touched()];
    if explained.contains(&true) || nobody_led(window, at, books) {
        return Ok(());
    }
    let with = if entry.workload.is_some() { "a Job" } else { "no Job" };
    let message = format!("the reservation of {} lapsed unseen, with {with} in the cluster", held.renewed);
    Err(Violation::new("lifecycle 1.8, V5", at, message).of(job))
}

/// Whether its Job has ceased to exist since it was reserved, or before without anybody having seen it.
fn lost_its_job(entry: &Entry, reserved: Timestamp, books: &Ledger) -> bool {
    let unseen = |gone| books.kubernetes.disturbed_between(gone, reserved);
    entry.vanished.is_some_and(|gone| gone >= reserved || unseen(gone))
}

/// Whoever cannot reach Kubernetes cannot hold the Lease, and then renews nothing.
fn nobody_led(from: Timestamp, to: Timestamp, books: &Ledger) -> bool {
    books.uses_lease() && books.kubernetes.cut_off_between(from, to)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::checker::story::Story;

    /// lifecycle V7
    #[test]
    fn a_reservation_is_as_long_as_was_set() {
        let mut story = Story::new();
        story.reserved_for(1, Duration::from_secs(900));
        story.clean();
        story.reserved_for(2, Duration::from_secs(300));
        story.broken("lifecycle V7");
    }

    /// lifecycle 1.8, V5
    #[test]
    fn a_reservation_that_lapses_needs_an_explanation() {
        let mut story = Story::new();
        story.reserved(1).made(1).wait(900).lapsed(1);
        story.broken("lifecycle 1.8, V5");

        let mut story = Story::new();
        story.reserved(1).made(1).wait(500).outage(400).wait(400).lapsed(1);
        story.clean();

        let mut story = Story::new();
        story.reserved(1).wait(10).restart(25).wait(890).lapsed(1);
        story.clean();
    }

    /// lifecycle V1
    #[test]
    fn a_reservation_that_led_to_nothing_for_long_may_lapse() {
        let mut story = Story::new();
        story.reserved(1).wait(590).renewed(1).wait(900).lapsed(1);
        story.clean();

        let mut story = Story::new();
        story.reserved(1).wait(890).outage(20).wait(20).lapsed(1).reserved(1).wait(300).lapsed(1);
        story.clean();

        let mut story = Story::new();
        story.reserved(1).made(1).wait(601).renewed(1).wait(900).lapsed(1);
        story.broken("lifecycle 1.8, V5");

        let mut story = Story::new();
        story.reserved(1).wait(890).restart(25).wait(20).lapsed(1).reserved(1).wait(300).lapsed(1);
        story.broken("lifecycle 1.8, V5");
    }

    /// lifecycle 1.8: a reserve call has a limit of its own, so one that hangs explains nothing
    #[test]
    fn one_fault_is_no_reason_for_a_reservation_to_lapse() {
        let mut story = Story::new();
        story.reserved(1).made(1).wait(610).hang_on_buildkite().wait(290).lapsed(1);
        story.broken("lifecycle 1.8, V5");

        let mut story = Story::new();
        story.reserved(1).made(1).wait(610);
        story.hang_on_buildkite().hang_on_buildkite().hang_on_buildkite().wait(290).lapsed(1);
        story.clean();
    }

    /// lifecycle V5
    #[test]
    fn a_renewal_comes_with_a_third_left() {
        let mut story = Story::new();
        story.reserved(1).made(1).wait(601).renewed(1);
        story.clean();
        story.wait(150).renewed(1);
        story.broken("lifecycle V5");

        let mut story = Story::new();
        story.wait(200).reserved(1).renewed(1);
        story.clean();
        story.wait(2).renewed(1);
        story.broken("lifecycle V5");
    }

    /// lifecycle V5, stacks-api P21: a renewal that arrives after the one that was made in its place
    #[test]
    fn a_request_that_comes_late_is_no_renewal_of_ours() {
        let mut story = Story::new();
        story.reserved(1).made(1).wait(510).late_request_to_buildkite().wait(91).renewed(1);
        story.wait(4).renewed(1);
        story.clean();
        story.wait(100).renewed(1);
        story.broken("lifecycle V5");
    }

    /// lifecycle 2.6, P5
    #[test]
    fn a_paused_queue_gives_out_nothing_new() {
        let mut story = Story::new();
        story.wait(200).paused().polled(true).polled(true).wait(10).reserved(1);
        story.clean();
        story.polled(true).wait(10).reserved(2);
        story.broken("lifecycle 2.6, P5");
    }

    /// lifecycle V1
    #[test]
    fn no_more_is_reserved_than_can_start() {
        let mut story = Story::with_limit(2);
        for job in 1..=27 {
            story.reserved(job);
        }
        story.clean();
        story.made(1).reserved(28);
        story.clean();
        story.reserved(29);
        story.broken("lifecycle V1");
    }

    /// lifecycle 1.3, V1: a job that has its Job already is not on its way there
    #[test]
    fn what_has_a_job_may_be_reserved_again() {
        let mut story = Story::with_limit(2);
        story.reserved(1).made(1).wait(500).outage(400).wait(400).lapsed(1);
        for job in 2..=28 {
            story.reserved(job);
        }
        story.reserved(1);
        story.clean();
        story.reserved(29);
        story.broken("lifecycle V1");
    }

    /// lifecycle 1.3, V1: nor is one whose Job went while the watch told nothing, for whoever still sees it there
    #[test]
    fn what_had_a_job_that_went_unseen_may_be_reserved_again() {
        for seen in [false, true] {
            let mut story = Story::with_limit(2);
            story.reserved(1).made(1).wait(500);
            for job in 2..=28 {
                story.reserved(job);
            }
            story.outage(450).wait(400).fails(1).wait(2).lapsed(1);
            if !seen {
                story.silent_watch();
            }
            story.gone(1).wait(100).reserved(1);
            if seen { story.broken("lifecycle V1") } else { story.clean() }
        }
    }

    /// lifecycle V1: a job whose verdict is on its way is not counted, however long that takes
    #[test]
    fn who_waits_for_a_verdict_to_arrive_stands_in_nobodys_way() {
        let mut story = Story::with_limit(2);
        for job in 1..=27 {
            story.reserved(job);
        }
        story.tells(1).tells(2).reserved(28).reserved(29);
        story.clean();
        story.reserved(30);
        story.broken("lifecycle V1");
    }

    /// lifecycle V1: nor does what was told once count after the job was reserved again
    #[test]
    fn an_old_verdict_excuses_nothing() {
        let mut story = Story::with_limit(2);
        story.tells(1).tells(2);
        for job in 1..=27 {
            story.reserved(job);
        }
        story.clean();
        story.reserved(28);
        story.broken("lifecycle V1");
    }

    /// lifecycle V1: also while attempts fail
    #[test]
    fn faults_are_no_reason_to_reserve_more() {
        let mut story = Story::with_limit(2);
        story.fault_on_buildkite().outage(60);
        for job in 1..=28 {
            story.fault_on_buildkite().reserved(job);
        }
        story.broken("lifecycle V1");
    }

    /// lifecycle V1: what a predecessor left is not counted
    #[test]
    fn who_starts_anew_may_reserve_as_much_again() {
        let mut story = Story::with_limit(2);
        for job in 1..=27 {
            story.reserved(job);
        }
        story.restart(1);
        for job in 31..=56 {
            story.reserved(job);
        }
        story.clean();
        story.reserved(57);
        story.broken("lifecycle V1");
    }
}
