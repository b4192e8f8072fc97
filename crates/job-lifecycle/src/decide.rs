//! One look at a job: what to do, whether it holds a slot, when to look again.

use std::time::{Duration, Instant};

use crate::{
    BuildkiteState, JobSeen, LiveSeen, Patience, PodClocks, PodSeen, StateSeen, Unconfirmed, Verdict, Why,
    attempt,
    matrix::{Cell, Unbuilt, Workload, cell},
    rules::{
        self,
        clean_up::{self, MAX_ROOMS},
    },
};

/// Everything known of a job that has a Job in Kubernetes.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// The Job.
    pub job: &'a JobSeen,
    /// The Job's UID.
    pub uid: &'a str,
    /// When the Job was first seen ended.
    pub ended_at: Option<Instant>,
    /// Since when the Job has been started and without a pod.
    pub podless_since: Option<Instant>,
    /// Its Pod; once the Job has ended, the last that was seen of it.
    pub pod: Option<&'a PodSeen>,
    /// First sightings of that Pod.
    pub pod_clocks: Option<&'a PodClocks>,
    /// The agent container has run at some time.
    pub agent_started: bool,
    /// The newest answer about the job's state.
    pub state: Option<StateSeen>,
    /// The newest live read of Job and pods.
    pub live: Option<&'a LiveSeen>,
    /// Facts that were asked for before this moment do not count: a step was taken or a verdict failed then.
    pub facts_since: Option<Instant>,
    /// The UID of the Pod whose deletion was accepted.
    pub removed_pod: Option<&'a str>,
    /// The deletion of this very Job was accepted, or its shortened deadline.
    pub job_handled: bool,
    /// How often a Job of this job was removed to make room for another attempt (D5).
    pub rooms_made: u32,
    /// The end of the reservation, when it is known.
    pub reserved_until: Option<Instant>,
    /// The lifetime that is asked for at each reservation.
    pub reservation_lifetime: Duration,
    /// How far a verdict has come.
    pub verdict: VerdictProgress,
    /// How long the rules wait.
    pub patience: &'a Patience,
}

/// How far the one verdict about a job has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerdictProgress {
    /// None was decided.
    #[default]
    None,
    /// Decided, and Buildkite has not confirmed it yet.
    Pending,
    /// Buildkite has it, or said that the job is over already.
    Delivered,
}

/// What to do about a job now. The list is closed: whoever carries it out matches all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an action that is not carried out is a lost job"]
pub enum Action {
    /// Ask Buildkite for the job's state: a decision must not rest on the answer we have.
    ReadState,
    /// Reserve the job, for the first time again or longer (1.8).
    Reserve,
    /// Read Job and pods live (1.3, rule 2).
    LookLive {
        /// Also whether a quota refuses the Job's pod (F1).
        events: bool,
    },
    /// Tell Buildkite that the job will not run.
    Finish(Verdict),
    /// Delete this very Pod at once.
    DeletePod {
        /// Its name.
        name: String,
        /// Its UID.
        uid: String,
        /// For what.
        why: Why,
    },
    /// Delete this very Job in the background.
    DeleteJob {
        /// For what.
        why: Why,
    },
    /// Let this very Job end now, with its name taken until TTL (F1).
    ShortenDeadline,
}

/// The outcome of [`decide`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The job is unfinished and takes a slot (L1, L3, L7).
    pub holds_slot: bool,
    /// The job's state has to be asked for at every check interval.
    pub poll_state: bool,
    /// What to do now.
    pub action: Option<Action>,
    /// The rule that would apply here and is not carried out yet.
    pub waiting_for: Option<Unbuilt>,
    /// Buildkite says what it should not say of a job that we hold; nothing is done, and somebody should know.
    pub unexpected: bool,
    /// A rule applies by what the watches show, and a live read did not confirm it.
    pub unconfirmed: Option<Unconfirmed>,
    /// When to look again without any event.
    pub look_again: Option<Instant>,
}

impl Decision {
    /// Looks again then, or before.
    pub(crate) fn wake(&mut self, at: Instant) {
        self.look_again = Some(self.look_again.map_or(at, |earlier| earlier.min(at)));
    }
}

/// Looks at a job that has a Job in Kubernetes.
pub fn decide(observed: &Observed<'_>, now: Instant) -> Decision {
    let workload = Workload::of(observed.job, observed.pod, observed.agent_started);
    let mut decision = Decision {
        holds_slot: observed.job.end.is_none(),
        poll_state: false,
        action: None,
        waiting_for: None,
        unexpected: false,
        unconfirmed: None,
        look_again: None,
    };
    match observed.verdict {
        VerdictProgress::None => {}
        VerdictProgress::Delivered if observed.job.end.is_none() => {
            after_verdict(observed, workload, now, &mut decision);
            return decision;
        }
        VerdictProgress::Pending | VerdictProgress::Delivered => return decision,
    }
    let Some(seen) = observed.state else {
        decision.poll_state = true;
        decision.action = Some(Action::ReadState);
        return decision;
    };
    decision.poll_state = needs_polling(seen.state, workload);
    if is_older_than_the_end(observed, seen) {
        decision.action = Some(Action::ReadState);
        return decision;
    }
    match cell(seen.state, workload) {
        Cell::Wait | Cell::Settled => {}
        Cell::WaitAndWarn | Cell::X20 => decision.unexpected = true,
        Cell::WaitFor(rule) => {
            decision.waiting_for = Some(rule);
            // The agent may have ended without the job, and then its Job's end is ours to tell of.
            if seen.state == BuildkiteState::Reserved {
                renew(observed, now, &mut decision);
            }
        }
        Cell::ReReserve => decision.action = Some(Action::Reserve),
        Cell::Renew => {
            renew(observed, now, &mut decision);
            if decision.action.is_none() {
                rules::decide(observed, seen, workload, now, &mut decision);
            }
        }
        Cell::F3 | Cell::F3b => {
            // `reserved` names no stack (1.1): only a reservation of ours that still holds makes it our verdict.
            let ours = observed.reserved_until.is_some_and(|until| until > now);
            decision.action = Some(if ours {
                Action::Finish(Verdict::ended_before_acquire(observed.job, observed.pod))
            } else {
                Action::Reserve
            });
        }
        Cell::F9 => clean_up::decide(observed, seen, Why::Ended, now, &mut decision),
        Cell::F9OnceConfirmed if seen.is_confirmed() => {
            clean_up::decide(observed, seen, Why::Unknown, now, &mut decision);
        }
        Cell::OtherOwner if seen.is_confirmed() && !observed.agent_started => {
            clean_up::decide(observed, seen, Why::OtherOwner, now, &mut decision);
        }
        Cell::F9OnceConfirmed | Cell::OtherOwner => {}
        // The last failure is told: once the job is reserved again, F3 has it.
        Cell::D5 if observed.rooms_made >= MAX_ROOMS && !observed.job_handled => {
            decision.action = Some(Action::Reserve)
        }
        Cell::D5 => clean_up::decide(observed, seen, Why::Room, now, &mut decision),
    }
    decision
}

/// Verdict first, clean-up second (1.7). Nothing is removed unless the state says, after a restart once more, that
/// the job is over: our mark on the Job alone is no proof of that.
fn after_verdict(observed: &Observed<'_>, workload: Workload, now: Instant, decision: &mut Decision) {
    if matches!(workload, Workload::AgentRunning | Workload::AgentTerminated) {
        return;
    }
    let Some(seen) = observed.state else {
        decision.poll_state = true;
        decision.action = Some(Action::ReadState);
        return;
    };
    match seen.state {
        BuildkiteState::Ended | BuildkiteState::Absent => {
            clean_up::decide(observed, seen, Why::Told, now, decision);
        }
        _ => decision.poll_state = true,
    }
}

/// The agent may have acquired the job between our question and the Job's end, or the job may have been taken
/// or lapsed: what could still change then is asked again before anything rests on it.
fn is_older_than_the_end(observed: &Observed<'_>, seen: StateSeen) -> bool {
    observed.ended_at.is_some_and(|ended_at| seen.asked_at < ended_at) && !seen.state.is_past_us()
}

fn renew(observed: &Observed<'_>, now: Instant, decision: &mut Decision) {
    // After a restart the end is not known: renewing is how we learn it.
    let due = observed.reserved_until.map(|until| attempt::renew_at(until, observed.reservation_lifetime));
    match due {
        Some(at) if at > now => decision.look_again = Some(at),
        _ => decision.action = Some(Action::Reserve),
    }
}

/// Whether the state can still change in a way that we must notice: our agent has not started, or has not taken
/// the job yet.
fn needs_polling(state: BuildkiteState, workload: Workload) -> bool {
    match workload {
        Workload::EndedWithoutAgent | Workload::EndedWithAgent => false,
        Workload::Suspended | Workload::WithoutPod | Workload::AgentNotStarted => {
            state != BuildkiteState::Ended
        }
        Workload::AgentRunning | Workload::AgentTerminated => matches!(
            state,
            BuildkiteState::Scheduled
                | BuildkiteState::Reserved
                | BuildkiteState::NotRunnable
                | BuildkiteState::Absent
        ),
    }
}

#[cfg(test)]
mod tests;
