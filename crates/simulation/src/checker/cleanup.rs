//! What a controller deletes, and what is left (lifecycle 1.3, 1.7, F9, X7).

use buildkite_sim::JobState;
use cluster_sim::Verb;
use jiff::Timestamp;
use uuid::Uuid;

use super::expected::Expected;
use super::ledger::{Entry, Ledger, Pod, Workload};
use super::seen::{Event, JobSeen, PodSeen, Seen, Writer, Written};
use super::{Rules, Violation};

/// Judges deletions.
#[derive(Debug)]
pub(super) struct Cleanup;

impl Rules for Cleanup {
    fn on(&mut self, seen: &Seen, books: &Ledger) -> Result<(), Violation> {
        match &seen.event {
            Event::Job(written) => job(seen.at, written, books),
            Event::Pod(written) => pod(seen.at, written, books),
            _ => Ok(()),
        }
    }

    fn end(&mut self, now: Timestamp, books: &Ledger) -> Result<(), Violation> {
        let Some(uid) = books.existing.first() else { return Ok(()) };
        let count = books.existing.len();
        let message = format!("{count} Jobs and Pods are left after their time, one of them with UID {uid}");
        let owner = |entry: &Entry| {
            entry.workload.is_some_and(|workload| workload.seen.uid == *uid) || entry.pods.contains_key(uid)
        };
        let violation = Violation::new("lifecycle: nothing left", now, message);
        let job = books.jobs.iter().find(|(_, entry)| owner(entry));
        Err(job.map_or(violation.clone(), |(job, _)| violation.of(*job)))
    }
}

fn job(at: Timestamp, written: &Written<JobSeen>, books: &Ledger) -> Result<(), Violation> {
    if !written.object.ours && matches!(written.by, Writer::Controller(_) | Writer::Late(_)) {
        let message = "changed or deleted a Job that is somebody else's";
        return Err(Violation::new("lifecycle D4", at, message).of(written.object.job));
    }
    let Writer::Controller(_) = written.by else { return Ok(()) };
    let JobSeen { uid, job, deleting, deadline, .. } = written.object;
    if written.verb == Verb::Added {
        return Ok(());
    }
    if !written.precondition {
        return Err(without_uid(at, job, "Job"));
    }
    let Some(entry) = books.job(job) else { return Ok(()) };
    let Some(workload) = entry.workload.filter(|known| known.seen.uid == uid) else { return Ok(()) };
    let ends = written.verb == Verb::Deleted
        || deleting && !workload.seen.deleting
        || deadline != workload.seen.deadline;
    if !ends {
        return Ok(());
    }
    for pod in entry.pods.values() {
        spares_the_agent(at, job, entry, pod, books)?;
    }
    may_end(at, job, entry, books)
}

fn pod(at: Timestamp, written: &Written<PodSeen>, books: &Ledger) -> Result<(), Violation> {
    let Writer::Controller(_) = written.by else { return Ok(()) };
    let PodSeen { uid, job, deleting, .. } = written.object;
    if !written.precondition {
        return Err(without_uid(at, job, "Pod"));
    }
    let Some(entry) = books.job(job) else { return Ok(()) };
    let Some(pod) = entry.pods.get(&uid) else { return Ok(()) };
    if written.verb != Verb::Deleted && (!deleting || pod.deleting) {
        return Ok(());
    }
    spares_the_agent(at, job, entry, pod, books)?;
    may_end(at, job, entry, books)
}

fn without_uid(at: Timestamp, job: Uuid, what: &str) -> Violation {
    let message = format!("changed or deleted a {what} without saying which one");
    Violation::new("lifecycle X7", at, message).of(job)
}

/// Nothing is deleted under a running agent, but for the moment that a live read may be old (1.3, rules 1 and 2).
fn spares_the_agent(
    at: Timestamp,
    job: Uuid,
    entry: &Entry,
    pod: &Pod,
    books: &Ledger,
) -> Result<(), Violation> {
    // On a node that is lost an agent may have run and finished without Kubernetes ever showing that it started.
    let may_be_hidden = entry.expected.as_ref().is_some_and(Expected::may_be_hidden);
    if may_be_hidden && entry.state.is_terminal() {
        return Ok(());
    }
    match pod.agent {
        Some(since) if pod.exists && since + books.race() < at => {
            let message = format!("deleted under an agent that runs since {since}: killed while healthy");
            Err(Violation::new("lifecycle 1.3, X5", at, message).of(job))
        }
        _ => Ok(()),
    }
}

/// Verdict first, clean-up second (1.7): what is not over, and not somebody else's, is not ended in Kubernetes.
fn may_end(at: Timestamp, job: Uuid, entry: &Entry, books: &Ledger) -> Result<(), Violation> {
    let now = over(entry.state, entry, books);
    // It was so when we looked.
    let before = entry.since + books.race() >= at && over(entry.before, entry, books);
    if now || before {
        return Ok(());
    }
    let state = entry.state.as_str();
    let message = format!("ended in Kubernetes while it is {state} on Buildkite, before any verdict");
    Err(Violation::new("lifecycle 1.7", at, message).of(job))
}

fn over(state: JobState, entry: &Entry, books: &Ledger) -> bool {
    let workload = entry.workload;
    // Nobody can tell that the agent of a failed Job ran whose pod was gone before he came, or came to lead (1.3).
    let shown = |workload: Workload| workload.pod_gone.is_none_or(|gone| gone > books.last_turn);
    let started = workload.is_some_and(|workload| workload.agent_ran);
    match state {
        state if state.is_terminal() => true,
        // Somebody else's, as long as no agent of ours has started.
        state if state.is_with_agent() => !started,
        // Room for another attempt (D5).
        JobState::Scheduled | JobState::Reserved => {
            let ended = workload.filter(|workload| workload.finished.is_some());
            let unseen = |workload| state == JobState::Scheduled && !shown(workload);
            ended.is_some_and(|workload| !workload.agent_ran || unseen(workload))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::checker::story::Story;

    /// lifecycle 1.7
    #[test]
    fn the_verdict_comes_before_the_clean_up() {
        let mut story = Story::new();
        story.stuck(1).reserved(1).made(1).pod(1).verdict(1, "image-pull-failed").deletes_pod(1, true);
        story.clean();

        let mut story = Story::new();
        story.stuck(1).reserved(1).made(1).pod(1).deletes_pod(1, true);
        story.broken("lifecycle 1.7");
    }

    /// lifecycle X7
    #[test]
    fn whoever_deletes_says_which_one() {
        let mut story = Story::new();
        story.reserved(1).made(1).pod(1).canceled(1).deletes_pod(1, false);
        story.broken("lifecycle X7");
    }

    /// lifecycle D4
    #[test]
    fn what_has_only_the_name_is_left_alone() {
        let mut story = Story::new();
        story.reserved(1).deletes_somebody_elses(1);
        story.broken("lifecycle D4");
    }

    /// lifecycle F9
    #[test]
    fn what_is_over_may_go_before_its_agent_starts() {
        let mut story = Story::new();
        story.reserved(1).made(1).pod(1).canceled(1).deletes_pod(1, true).deletes_job(1);
        story.clean();
    }

    /// lifecycle 1.3, X5
    #[test]
    fn nothing_is_deleted_under_a_running_agent() {
        let mut story = Story::new();
        story.runs_until_agent(1).canceled(1).wait(30).deletes_job(1);
        story.broken("lifecycle 1.3, X5");
    }

    /// lifecycle D5
    #[test]
    fn a_finished_job_makes_room_when_its_agent_never_started() {
        let mut story = Story::new();
        story.reserved(1).made(1).fails(1).restart(25).wait(900).lapsed(1).deletes_job(1);
        story.clean();
    }

    /// lifecycle 1.3, D5: a controller that came after the pod had gone cannot know that its agent ran
    #[test]
    fn what_nobody_saw_run_makes_room() {
        for restarted in [true, false] {
            let mut story = Story::new();
            story.reserved(1).made(1).pod(1).agent_starts_in_pod(1, 1).fails(1).pod_is_gone(1);
            if restarted {
                story.restart(25);
            }
            story.wait(500).outage(450).wait(400).lapsed(1).deletes_job(1);
            if restarted { story.clean() } else { story.broken("lifecycle 1.7") }
        }
    }

    #[test]
    fn what_is_left_is_seen_at_the_end() {
        let mut story = Story::new();
        story.runs(1).passes(1);
        story.broken_at_the_end("lifecycle: nothing left");
    }
}
