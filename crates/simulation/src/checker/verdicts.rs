//! What is told about a job, and how it ends (lifecycle 5.1 and the rules below it).

use std::collections::BTreeMap;
use std::time::Duration;

use buildkite_sim::{Actor, JobState, What};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::expected::{Expected, GAVE_UP};
use super::ledger::{Entry, Ledger};
use super::reservations::LATEST;
use super::seen::{Event, Seen};
use super::{Rules, Violation};

/// A job that is given up was tried for ten minutes at most (P8).
const TRYING: Duration = Duration::from_secs(660);
/// Five tries of a minute, and their pauses.
const TRIES_TAKE: Duration = Duration::from_secs(330);
/// An answer that got lost may be repeated so long after.
const REPEATS: Duration = Duration::from_secs(90);

/// Tries of a verdict whose answer got lost: five of the client's, twice, in two lives.
const MOST_REPEATS: u32 = 20;

/// Judges verdicts and ends.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// How often a verdict was told again, by job.
    again: BTreeMap<Uuid, u32>,
}

impl Rules for Verdicts {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        let Event::Buildkite(what) = &seen.event else { return Ok(()) };
        match what {
            What::FinishAsked { job, state, accepted, code, .. } => {
                let Some(entry) = books.job(*job) else { return Ok(()) };
                // A request that comes long after it was given up is nobody's decision any more.
                if books.buildkite.late_between(seen.at - LATEST, seen.at) {
                    return Ok(());
                }
                let asked = Asked { at: seen.at, job: *job, code, entry, books };
                if *accepted {
                    return asked.accepted();
                }
                if entry.verdict.is_some() {
                    let again = self.again.entry(*job).or_default();
                    *again += 1;
                    if *again > MOST_REPEATS {
                        return asked.broken("lifecycle X13", "told again and again");
                    }
                }
                asked.refused(*state)
            }
            What::AgentFinished { job, accepted: true, exit_status } => {
                agent_finished(seen.at, *job, *exit_status, books)
            }
            What::State { job, from, to: JobState::Finished, by: Actor::Timer } if from.is_with_agent() => {
                lost(seen.at, *job, books)
            }
            _ => Ok(()),
        }
    }

    fn end(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        match books.open.first() {
            None => Ok(()),
            Some(job) => {
                let (count, state) = (books.open.len(), books.jobs[job].state.as_str());
                let message = format!("{count} jobs never ended; this one is {state}");
                Err(Violation::new("lifecycle: never lost", now, message).of(*job))
            }
        }
    }
}

/// A verdict that reached Buildkite.
struct Asked<'a> {
    at: Timestamp,
    job: Uuid,
    code: &'a str,
    entry: &'a Entry,
    books: &'a Ledger,
}

impl Asked<'_> {
    fn accepted(&self) -> Result<(), Violation> {
        let Self { at, code, entry, books, .. } = self;
        if entry.verdict.is_some() {
            return self.broken("lifecycle 5.1", "a second verdict was accepted");
        }
        // On a node that is lost an agent may run without Kubernetes ever showing it.
        let hidden = entry.expected.as_ref().is_some_and(Expected::may_be_hidden);
        if let Some(since) = entry.agent_since().filter(|since| !hidden && *since + books.race() < *at) {
            let message = format!("verdict `{code}` although its agent runs since {since}");
            return self.broken("lifecycle 1.3", &message);
        }
        let allowed = entry.expected.as_ref().is_none_or(|expected| expected.allows_verdict(code));
        let given_up = *code == GAVE_UP && books.troubled_between(*at - TRYING, *at);
        if allowed || given_up {
            return Ok(());
        }
        let message = format!("verdict `{code}` on a job whose fate does not call for it");
        self.broken("lifecycle 5", &message)
    }

    fn refused(&self, state: JobState) -> Result<(), Violation> {
        let Self { at, code, entry, books, .. } = self;
        let since = entry.since;
        let fresh = since + books.race() >= *at;
        if state.is_with_agent() && !fresh {
            let message = format!("verdict `{code}` on a job that an agent has since {since}");
            return self.broken("lifecycle 1.1", &message);
        }
        // The call itself may have been repeated for minutes.
        let slow = books.buildkite.slow_between(*at - TRIES_TAKE, *at);
        // The fault that lost the first answer was noted when that request was sent, a way before it arrived.
        let sent = since - books.facts.site.latency;
        // A call that failed before somebody else ended the job repeats itself.
        let repeated = |began: &Timestamp| {
            let early = *began <= since + books.race() && *began + TRIES_TAKE >= *at;
            early && books.buildkite.faults_between(*began, *began) > 0
        };
        let begun = entry.verdict.is_none() && entry.tellings.iter().any(repeated);
        let troubled = books.troubled_between((*at - REPEATS).max(sent), *at) || slow || begun;
        if !state.is_terminal() || fresh || troubled {
            return Ok(());
        }
        if entry.verdict.is_some() {
            return self.broken("lifecycle X13", "told again although the verdict had been accepted");
        }
        let ago = SignedDuration::as_secs(&at.duration_since(since));
        let message = format!("verdict `{code}` on a job that ended {ago} s before");
        self.broken("lifecycle 5.1", &message)
    }

    fn broken(&self, rule: &'static str, message: &str) -> Result<(), Violation> {
        Err(Violation::new(rule, self.at, message).of(self.job))
    }
}

fn agent_finished(at: Timestamp, job: Uuid, status: i32, books: &Ledger) -> Result<(), Violation> {
    let Some(entry) = books.job(job) else { return Ok(()) };
    // The change of state comes first; an end that was asked for may have any status.
    let expected = entry.expected.as_ref().filter(|_| entry.state == JobState::Finished);
    match expected {
        Some(expected) if !expected.allows_exit(status) => {
            let message = format!("its agent reported {status}, which is not its fate");
            Err(Violation::new("lifecycle: killed while healthy", at, message).of(job))
        }
        _ => Ok(()),
    }
}

fn lost(at: Timestamp, job: Uuid, books: &Ledger) -> Result<(), Violation> {
    let expected = books.job(job).and_then(|entry| entry.expected.as_ref());
    match expected {
        Some(expected) if !expected.allows_loss() => {
            let message = "its agent vanished although nothing befell it";
            Err(Violation::new("lifecycle: killed while healthy", at, message).of(job))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::checker::story::Story;

    /// lifecycle F3
    #[test]
    fn a_verdict_has_to_fit_the_jobs_fate() {
        let mut story = Story::new();
        story.fails_to_start(1).runs_until_agent(1).fails(1).verdict(1, "agent-exited");
        story.clean();

        let mut story = Story::new();
        story.reserved(1).made(1).verdict(1, "pod-failed");
        story.broken("lifecycle 5");
    }

    /// lifecycle X13
    #[test]
    fn a_verdict_is_told_once() {
        let mut story = Story::new();
        story.wait(200).fails_to_start(1).runs_until_agent(1).fails(1).verdict(1, "agent-exited");
        story.wait(20).verdict_again(1);
        story.broken("lifecycle X13");

        let mut story = Story::new();
        story.fails_to_start(1).runs_until_agent(1).fails(1).verdict(1, "agent-exited");
        story.fault_on_buildkite().wait(20).verdict_again(1);
        story.clean();
    }

    /// lifecycle X13, 5.1: whoever gets no answer asks again
    #[test]
    fn a_verdict_whose_answer_was_lost_on_the_way_may_be_repeated() {
        let mut story = Story::with_latency(Duration::from_millis(250));
        story.wait(200).fails_to_start(1).runs_until_agent(1).fails(1);
        story.fault_on_buildkite().verdict(1, "agent-exited").wait(20).verdict_again(1);
        story.clean();

        let mut story = Story::with_latency(Duration::from_millis(250));
        story.wait(200).fails_to_start(1).runs_until_agent(1).fails(1);
        story.fault_on_buildkite().wait(10).verdict(1, "agent-exited").wait(20).verdict_again(1);
        story.broken("lifecycle X13");
    }

    /// lifecycle 5.1: what is tried again began in time
    #[test]
    fn a_verdict_is_not_told_of_a_job_that_is_over() {
        let failed = || {
            let mut story = Story::new();
            story.wait(200).fails_to_start(1).runs_until_agent(1).fails(1);
            story
        };
        let mut story = failed();
        story.canceled(1).wait(7).tells(1).verdict_refused(1);
        story.broken("lifecycle 5.1");

        let mut story = failed();
        story.at_once(|story| {
            story.tells(1).fault_on_buildkite();
        });
        story.wait(1).canceled(1).wait(6).tells(1).verdict_refused(1);
        story.clean();

        let mut story = failed();
        story.tells(1).verdict(1, "agent-exited").wait(20).tells(1).verdict_again(1);
        story.broken("lifecycle X13");
    }

    /// lifecycle 1.1
    #[test]
    fn no_verdict_on_a_job_that_an_agent_has() {
        let mut story = Story::new();
        story.runs(1).wait(60).verdict_refused(1);
        story.broken("lifecycle 1.1");
    }

    /// lifecycle P8
    #[test]
    fn a_job_is_given_up_only_after_trouble() {
        let mut story = Story::new();
        story.wait(700).reserved(1).verdict(1, "start-failed");
        story.broken("lifecycle 5");

        let mut story = Story::new();
        story.wait(700).reserved(1).fault_on_buildkite().wait(300).verdict(1, "start-failed");
        story.clean();
    }

    #[test]
    fn a_job_that_never_ends_is_seen_at_the_end() {
        let mut story = Story::new();
        story.listed(1);
        story.broken_at_the_end("lifecycle: never lost");
    }
}
