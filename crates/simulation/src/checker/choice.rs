//! Which of the jobs that wait is reserved next (lifecycle P1, P2, P7, L20).
//!
//! Judged where the spec leaves no choice: among jobs that were never reserved. Such a job is in no back-off and
//! stands behind nobody, and once as much is reserved as may be (V1) none of them is tried at all. So whenever one
//! of them is reserved, every other one that the controller must have known by then has to stand behind it.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

use buildkite_sim::{Actor, JobState, What};
use jiff::Timestamp;
use uuid::Uuid;

use super::ledger::{Entry, Ledger};
use super::seen::{Event, Life, Seen, World};
use super::{Rules, Violation};
use crate::facts::CONTROLLER_ID;

/// A call that failed is repeated after a minute at most, and one that is late arrives after two: what is reserved
/// so long after the last fault was chosen after it.
const SETTLED: Duration = Duration::from_secs(130);
/// A job counts as known once so many complete lists have shown it.
const SHOWN: usize = 2;
/// Lists that are remembered: they come ten seconds apart at most (2.1).
const LISTS_KEPT: usize = 16;
/// A signal is taken note of between two polls.
const HEARD: Duration = Duration::from_millis(50);
/// `pagination-depth-limit`: a list of more pages ends before its end.
const PAGES: u32 = 2;

/// Judges the order in which jobs are reserved for the first time.
#[derive(Debug, Default)]
pub(super) struct Choice {
    lists: Lists,
    /// Jobs that were reserved for the first time at one moment, the last in order of them. One call may name many,
    /// in any order.
    last: Option<Chosen>,
}

/// A job that was reserved for the first time.
#[derive(Clone, Copy, Debug)]
struct Chosen {
    at: Timestamp,
    job: Uuid,
    place: Place,
}

/// Where a job stands: by priority, then by age (P1).
type Place = (Reverse<i64>, i64);

/// Complete lists.
#[derive(Debug, Default)]
struct Lists {
    /// When each was read: its first page, and its last.
    complete: VecDeque<(Timestamp, Timestamp)>,
    /// The first page of the one that is being read, and its pages so far.
    under_way: Option<(Timestamp, u32)>,
}

impl Lists {
    fn page(&mut self, at: Timestamp, end: bool) {
        let (begin, pages) = self.under_way.map_or((at, 1), |(begin, pages)| (begin, pages + 1));
        // Beyond the depth limit one page of the rest is read, and then a new list begins (2.2).
        self.under_way = (!end && pages <= PAGES).then_some((begin, pages));
        if end && pages <= PAGES {
            self.complete.push_back((begin, at));
            if self.complete.len() > LISTS_KEPT {
                self.complete.pop_front();
            }
        }
    }

    /// Since when whatever waits must have been known to whoever chose at a moment.
    fn known_since(&self, chose: Timestamp) -> Option<Timestamp> {
        let read = self.complete.iter().rev().skip_while(|(_, end)| *end >= chose);
        read.take(SHOWN).nth(SHOWN - 1).map(|(begin, _)| *begin)
    }
}

impl Rules for Choice {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        self.judge(seen.at, books)?;
        match &seen.event {
            Event::Buildkite(What::Listed { stack, end, .. }) if **stack == *CONTROLLER_ID => {
                self.lists.page(seen.at, *end);
            }
            Event::Buildkite(What::State { job, from: JobState::Scheduled, to: JobState::Reserved, by }) => {
                let ours = matches!(by, Actor::Stack(stack) if **stack == *CONTROLLER_ID);
                if let Some(entry) = books.job(*job).filter(|entry| ours && entry.held_until.is_none()) {
                    self.chosen(seen.at, *job, entry, books);
                }
            }
            Event::World(World::ReserveSent { life, jobs }) => {
                takes_nothing_new(seen.at, *life, jobs, books)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        self.judge(now, books)
    }
}

impl Choice {
    fn chosen(&mut self, at: Timestamp, job: Uuid, entry: &Entry, books: &Ledger) {
        if !is_settled(at, books) {
            return;
        }
        let chosen = Chosen { at, job, place: place(entry) };
        if self.last.is_none_or(|last| last.place < chosen.place) {
            self.last = Some(chosen);
        }
    }

    /// Looks at what was reserved before this moment: what was not reserved with it by now was passed over.
    fn judge(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        let Some(Chosen { at, job, place: last }) = self.last.filter(|last| last.at < now) else {
            return Ok(());
        };
        self.last = None;
        let chose = at - quick(books);
        let Some(known) = self.lists.known_since(chose) else { return Ok(()) };
        // What began its life, or became its own again, after the first of these lists has read others.
        let same = books.last_turn < known && books.resumed < known && books.paused.is_none();
        let moved = |entry: &Entry| entry.reprioritized.is_some_and(|moved| moved >= known);
        if !same || books.job(job).is_none_or(moved) {
            return Ok(());
        }
        let waiting = books.fresh.iter().take_while(|(since, _)| *since < known);
        let passed_over = waiting
            .map(|(_, other)| (other, &books.jobs[other]))
            .find(|(_, other)| !moved(other) && place(other) < last);
        let Some((other, entry)) = passed_over else { return Ok(()) };
        let message = format!(
            "reserved at {at} before {other} of priority {}, which waits since {} and was shown by every list since \
             {known}",
            entry.priority.unwrap_or_default(),
            entry.since
        );
        Err(Violation::new("lifecycle P1, P2, L20", now, message).of(job))
    }
}

fn place(entry: &Entry) -> Place {
    (Reverse(entry.priority.unwrap_or_default()), entry.since.as_millisecond())
}

/// From a choice to the reservation when nothing is wrong: two ways, the gap between calls, and a call before it.
fn quick(books: &Ledger) -> Duration {
    4 * books.facts.site.latency + Duration::from_secs(1)
}

/// Whether nothing has been wrong between controllers and Buildkite for so long that nothing of it is left.
fn is_settled(at: Timestamp, books: &Ledger) -> bool {
    let from = at - SETTLED;
    books.buildkite.faults_between(from, at) == 0 && !books.buildkite.disturbed_between(from, at)
}

/// Whoever was asked to stop takes nothing new (P7). What it asked for before, it may go on asking for, and what our
/// stack holds, or has a Job of, it may keep.
fn takes_nothing_new(at: Timestamp, life: Life, jobs: &[Uuid], books: &Ledger) -> Result<(), Violation> {
    let Some(asked) = books.stopping.get(&life).filter(|asked| **asked + HEARD < at) else { return Ok(()) };
    let before = books.asked_for.get(&life);
    let is_new = |job: &&Uuid| {
        let has_job = books.job(**job).is_some_and(|entry| entry.workload.is_some());
        !has_job && !books.held.contains(job) && !before.is_some_and(|named| named.contains(job))
    };
    match jobs.iter().find(is_new) {
        None => Ok(()),
        Some(job) => {
            let message = format!("{life} asks for it, and was asked to stop at {asked}");
            Err(Violation::new("lifecycle P7", at, message).of(*job))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// Jobs 1 to 4 wait, and lists have shown them all.
    fn queue(of: impl IntoIterator<Item = (u128, i64)>) -> Story {
        let mut story = Story::with_limit(2);
        story.wait(200);
        for (job, priority) in of {
            story.of_priority(job, priority).listed(job);
        }
        story.polled(false).wait(3).polled(false).wait(3);
        story
    }

    /// lifecycle P1
    #[test]
    fn the_more_urgent_goes_first() {
        let mut story = queue([(1, 0), (2, 5), (3, -1)]);
        story.reserved(2).wait(2).reserved(1).wait(2).reserved(3).passing(2);
        story.clean();

        let mut story = queue([(1, 0), (2, 5)]);
        story.reserved(1).passing(2);
        story.broken("lifecycle P1, P2, L20");
    }

    /// lifecycle P1
    #[test]
    fn of_the_same_priority_the_older_goes_first() {
        let mut story = queue([(1, 0), (2, 0)]);
        story.reserved(2).passing(2);
        story.broken("lifecycle P1, P2, L20");
    }

    /// lifecycle V5: calls take many jobs at once
    #[test]
    fn the_order_within_a_call_means_nothing() {
        let mut story = queue([(1, 0), (2, 5)]);
        story.at_once(|story| {
            story.reserved(1).reserved(2);
        });
        story.passing(2);
        story.clean();
    }

    /// lifecycle P2, B10
    #[test]
    fn another_priority_counts_once_lists_have_told_it() {
        let mut story = queue([(1, 0), (2, 0)]);
        story.reprioritized(2, 3).reserved(1).passing(2);
        story.clean();

        let mut story = queue([(1, 0), (2, 0)]);
        story.reprioritized(2, 3).polled(false).wait(3).polled(false).wait(3).reserved(1).passing(2);
        story.broken("lifecycle P1, P2, L20");
    }

    /// lifecycle L20: what was not known when the slot was free cannot have been chosen
    #[test]
    fn a_job_that_lists_have_not_shown_is_passed_over() {
        let mut story = queue([(1, 0)]);
        story.of_priority(2, 5).listed(2).polled(false).reserved(1).passing(2);
        story.clean();
    }

    /// lifecycle 2.2: what is behind the pages that are read is not known
    #[test]
    fn a_list_that_is_not_read_to_its_end_proves_nothing() {
        let mut story = Story::with_limit(2);
        story.wait(200).listed(1).of_priority(2, 5).listed(2);
        for _ in 0..3 {
            story.page(false).page(false).page(true).wait(3);
        }
        story.reserved(1).passing(2);
        story.clean();
        for _ in 0..2 {
            story.page(false).page(true).wait(3);
        }
        story.listed(3).wait(5).reserved(3).passing(2);
        story.broken("lifecycle P1, P2, L20");
    }

    /// lifecycle 1.7, 2.6, D10: whoever begins anew has to read the list first
    #[test]
    fn faults_pauses_and_restarts_excuse() {
        let mut story = queue([(1, 0), (2, 5)]);
        story.fault_on_buildkite().reserved(1).passing(2);
        story.clean();
        let mut story = queue([(1, 0), (2, 5)]);
        story.restart(2).reserved(1).passing(2);
        story.clean();
        let mut story = queue([(1, 0), (2, 5)]);
        story.paused().reserved(1).passing(2);
        story.clean();
    }

    /// lifecycle P7
    #[test]
    fn whoever_was_asked_to_stop_takes_nothing_new() {
        let mut story = queue([(1, 0), (2, 0)]);
        story.reserve_sent(1).asked_to_stop().wait(1).reserve_sent(1).reserved(1).wait(1).reserve_sent(1);
        story.clean();
        story.reserve_sent(2);
        story.broken("lifecycle P7");

        // It may keep what another life has reserved.
        let mut story = queue([(1, 0)]);
        story.reserved(1).restart(1).asked_to_stop().wait(1).reserve_sent(1);
        story.clean();
    }
}
