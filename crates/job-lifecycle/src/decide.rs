//! One look at a job: what to do, whether it holds a slot, when to look again.

use std::time::{Duration, Instant};

use crate::{
    BuildkiteState, JobSeen, PodSeen, StateSeen, Verdict, attempt,
    matrix::{Cell, Unbuilt, Workload, cell},
};

/// Everything known of a job that has a Job in Kubernetes.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// The Job.
    pub job: &'a JobSeen,
    /// When the Job was first seen ended.
    pub ended_at: Option<Instant>,
    /// The last that was seen of its Pod, even if the Pod is gone.
    pub pod: Option<&'a PodSeen>,
    /// The agent container has run at some time.
    pub agent_started: bool,
    /// The newest answer about the job's state.
    pub state: Option<StateSeen>,
    /// The end of the reservation, when it is known.
    pub reserved_until: Option<Instant>,
    /// The lifetime that is asked for at each reservation.
    pub reservation_lifetime: Duration,
    /// How far a verdict has come.
    pub verdict: VerdictProgress,
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
    /// Tell Buildkite that the job will not run.
    Finish(Verdict),
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
    /// When to look again without any event.
    pub look_again: Option<Instant>,
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
        look_again: None,
    };
    if observed.verdict != VerdictProgress::None {
        return decision;
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
        Cell::WaitAndWarn => decision.unexpected = true,
        Cell::WaitFor(rule) => decision.waiting_for = Some(rule),
        Cell::ReReserve => decision.action = Some(Action::Reserve),
        Cell::Renew => renew(observed, now, &mut decision),
        Cell::F3 | Cell::F3b => {
            // `reserved` names no stack (1.1): only a reservation of ours that still holds makes it our verdict.
            let ours = observed.reserved_until.is_some_and(|until| until > now);
            decision.action = Some(if ours {
                Action::Finish(Verdict::ended_before_acquire(observed.job, observed.pod))
            } else {
                Action::Reserve
            });
        }
    }
    decision
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

/// Whether the state can still change in a way that we must notice: an agent has not taken the job yet.
fn needs_polling(state: BuildkiteState, workload: Workload) -> bool {
    let before_agent = matches!(
        state,
        BuildkiteState::Scheduled
            | BuildkiteState::Reserved
            | BuildkiteState::NotRunnable
            | BuildkiteState::Absent
    );
    let over = matches!(workload, Workload::EndedWithoutAgent | Workload::EndedWithAgent);
    before_agent && !over
}

#[cfg(test)]
mod tests;
