//! No more Jobs than slots (lifecycle 3.2).

use std::time::Duration;

use cluster_sim::Verb;
use jiff::Timestamp;

use super::ledger::{Instance, Ledger, Unfinished};
use super::seen::{Event, Life, Seen, Writer};
use super::{Rules, Violation};

/// Whoever else made a Job: so long after that, a watch that is in order has shown it.
const SHOWN_WITHIN: Duration = Duration::from_secs(120);

/// Judges each Job at the moment at which it is made.
#[derive(Debug)]
pub(super) struct Limits;

impl Rules for Limits {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        let Event::Job(written) = &seen.event else { return Ok(()) };
        // A late request is nobody's decision any more.
        let (Verb::Added, Writer::Controller(life)) = (written.verb, written.by) else { return Ok(()) };
        let Some(instance) = books.lives.get(&life) else { return Ok(()) };
        let Some(limit) = instance.limit else { return Ok(()) };
        let known = |held: &&Unfinished| must_know(held, life, *instance, seen.at, books);
        let known = books.unfinished.values().filter(known).count();
        if known < limit {
            return Ok(());
        }
        let message =
            format!("made a Job although {known} unfinished ones are known to it, at limit {limit}");
        Err(Violation::new("lifecycle L1, L6, L16", seen.at, message).of(written.object.job))
    }
}

/// Whether a controller must have counted a Job: its own from the moment that it asked for it (L10), those that
/// were there when it started (L4), and others once the watch must have shown them (L12).
fn must_know(held: &Unfinished, life: Life, instance: Instance, now: Timestamp, books: &Ledger) -> bool {
    if held.by == Writer::Controller(life) || held.created < instance.started {
        return true;
    }
    let old = held.created + SHOWN_WITHIN < now;
    old && !books.troubled_between(held.created, now)
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle L1
    #[test]
    fn a_job_above_the_limit_is_seen() {
        let mut story = Story::with_limit(2);
        story.runs(1).runs(2);
        story.clean();
        story.reserved(3).made(3);
        story.broken("lifecycle L1, L6, L16");
    }

    /// lifecycle L7, L11
    #[test]
    fn an_ended_or_deleted_job_makes_room() {
        let mut story = Story::with_limit(1);
        story.runs(1).passes(1).runs(2).gone(2).reserved(3).made(3);
        story.clean();
    }

    /// lifecycle L16, B1
    #[test]
    fn the_jobs_of_a_predecessor_count_from_the_start() {
        let mut story = Story::with_limit(1);
        story.runs(1).restart(1).reserved(2).made(2);
        story.broken("lifecycle L1, L6, L16");
    }

    /// lifecycle L6, B6
    #[test]
    fn a_lower_limit_leaves_a_debt() {
        let mut story = Story::with_limit(3);
        story.runs(1).runs(2).runs(3).restart(2).passes(1);
        story.clean();
        story.reserved(4).made(4);
        story.broken("lifecycle L1, L6, L16");
    }

    /// lifecycle L10
    #[test]
    fn a_create_that_lands_late_is_nobodys_fault() {
        let mut story = Story::with_limit(1);
        story.runs(1).reserved(2).late().made(2);
        story.clean();
    }
}
