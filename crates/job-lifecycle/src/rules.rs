//! The failure rules of `lifecycle.md` 5 that begin with a job whose agent has not started, one file each.
//!
//! A rule looks at facts and says when it applies and what Buildkite is told ([`Finding`]). Whether its facts
//! are fresh enough to act on is asked here, once for all of them: the state must have been asked for after
//! the rule's trigger, and where the rule could be wrong about Kubernetes, so must Job and pods (1.3, rule 2).

pub(crate) mod clean_up;
pub(crate) mod images;
pub(crate) mod init_failed;
pub(crate) mod no_pod;
pub(crate) mod pending;

use std::time::{Duration, Instant};

use crate::{Action, Decision, JobSeen, LiveSeen, Observed, PodSeen, StateSeen, Verdict, matrix::Workload};

/// Pause before a live read that did not confirm what the watch shows is made again: one of both is behind.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// So far apart the questions to Buildkite and Kubernetes may be whose answers a verdict rests on.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Why a live read did not confirm what the watches showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unconfirmed {
    /// The agent container has started, or somebody's agent has the job.
    AgentActive,
    /// There is no such Job any more, or it has ended.
    JobGone,
    /// The name belongs to another Job now.
    JobReplaced,
    /// There is a pod, or the pod is not the one, or not any more as it was.
    PodExists,
}

/// What a rule says of a job now.
#[derive(Debug)]
pub(crate) enum Finding {
    /// It does not apply.
    Nothing,
    /// It may apply from then on.
    NotBefore(Instant),
    /// It applies.
    Due(Due),
}

/// A rule that applies.
#[derive(Debug)]
pub(crate) struct Due {
    /// Since when: older facts do not count.
    pub(crate) since: Instant,
    /// What to tell Buildkite.
    pub(crate) verdict: Verdict,
    /// Which live read has to confirm it.
    pub(crate) proof: Proof,
}

/// What a live read has to show before a verdict.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Nothing: what was seen cannot become untrue.
    NotNeeded,
    /// F1: still no pod, and no quota that refuses it.
    NoPod,
    /// F5: one of these containers is still failing.
    Failing(Vec<String>),
    /// F7: the pod still waits for its agent, and not for an image.
    Pending,
}

/// Looks for a failure of a job that is reserved by us, and decides on it.
pub(crate) fn decide(
    observed: &Observed<'_>,
    seen: StateSeen,
    workload: Workload,
    now: Instant,
    decision: &mut Decision,
) {
    let finding = match workload {
        Workload::WithoutPod => no_pod::find(observed, now),
        Workload::AgentNotStarted => pod_failure(observed, now),
        Workload::Suspended
        | Workload::AgentRunning
        | Workload::AgentTerminated
        | Workload::EndedWithoutAgent
        | Workload::EndedWithAgent => Finding::Nothing,
    };
    match finding {
        Finding::Nothing => {}
        Finding::NotBefore(at) => decision.wake(at),
        Finding::Due(due) => prove(observed, seen, due, now, decision),
    }
}

/// The first that applies to the pod: what has failed for good, what may recover, what takes too long.
fn pod_failure(observed: &Observed<'_>, now: Instant) -> Finding {
    let (Some(pod), Some(clocks)) = (observed.pod, observed.pod_clocks) else { return Finding::Nothing };
    match init_failed::find(observed.job, pod, clocks) {
        Finding::Nothing => {}
        found => return found,
    }
    match images::find(observed, pod, clocks, now) {
        Finding::Nothing => pending::find(observed, pod, clocks, now),
        found => found,
    }
}

/// Asks for whatever is older than the rule's trigger, and tells Buildkite once everything is fresh.
fn prove(observed: &Observed<'_>, seen: StateSeen, due: Due, now: Instant, decision: &mut Decision) {
    let since = observed.facts_since.map_or(due.since, |at| at.max(due.since));
    if seen.asked_at < since {
        decision.action = Some(Action::ReadState);
        return;
    }
    let events = matches!(due.proof, Proof::NoPod);
    let confirmed = match &due.proof {
        Proof::NotNeeded => Ok(()),
        Proof::NoPod | Proof::Failing(_) | Proof::Pending => {
            let Some(live) = fresh(observed, since, events, decision) else { return };
            let confirmed = confirm(observed, live, &due.proof);
            if let (Ok(()), Some(again)) = (&confirmed, older_half(seen, live, events)) {
                decision.action = Some(again);
                return;
            }
            confirmed
        }
    };
    match confirmed {
        Ok(()) => decision.action = Some(Action::Finish(due.verdict)),
        Err(why) => {
            decision.unconfirmed = Some(why);
            look_again(observed, events, now, decision);
        }
    }
}

/// A verdict needs both at once (1.3, rule 2): what was true of one when the other was tried again for long is asked
/// again. A state that was asked for while the live read was under way is of its moment, however long that took: or a
/// slow API server and a state that is asked for regularly would have each read made again, for ever.
fn older_half(seen: StateSeen, live: &LiveSeen, events: bool) -> Option<Action> {
    if seen.asked_at + AT_ONCE < live.asked_at {
        Some(Action::ReadState)
    } else if live.answered_at + AT_ONCE < seen.asked_at {
        Some(Action::LookLive { events })
    } else {
        None
    }
}

/// The live read if it is not older than that; otherwise it is asked for.
pub(crate) fn fresh<'a>(
    observed: &Observed<'a>,
    since: Instant,
    events: bool,
    decision: &mut Decision,
) -> Option<&'a LiveSeen> {
    let live = observed.live.filter(|live| live.asked_at >= since);
    if live.is_none() {
        decision.action = Some(Action::LookLive { events });
    }
    live
}

/// Waits for Kubernetes, or for the watch that is behind, and looks again if nothing comes.
pub(crate) fn look_again(observed: &Observed<'_>, events: bool, now: Instant, decision: &mut Decision) {
    let again = observed.live.map_or(now, |live| live.asked_at + LOOK_AGAIN_AFTER);
    if again <= now {
        decision.action = Some(Action::LookLive { events });
    } else {
        decision.wake(again);
    }
}

fn confirm(observed: &Observed<'_>, live: &LiveSeen, proof: &Proof) -> Result<(), Unconfirmed> {
    let job = unfinished(observed, live)?;
    match proof {
        Proof::NotNeeded => Ok(()),
        Proof::NoPod => {
            let none = live.pods.iter().all(|pod| !pod.belongs_to(observed.uid));
            if none && job.lacks_pod() { Ok(()) } else { Err(Unconfirmed::PodExists) }
        }
        Proof::Failing(names) => {
            let pod = same_pod(observed, live)?;
            let still = images::failing(pod).any(|(wait, _)| names.contains(&wait.name));
            if still && !pod.deleting { Ok(()) } else { Err(Unconfirmed::PodExists) }
        }
        Proof::Pending => {
            let pod = same_pod(observed, live)?;
            if images::failing(pod).next().is_none() { Ok(()) } else { Err(Unconfirmed::PodExists) }
        }
    }
}

/// The Job of the live read, if it is the one we know and has not ended.
pub(crate) fn unfinished<'a>(
    observed: &Observed<'_>,
    live: &'a LiveSeen,
) -> Result<&'a JobSeen, Unconfirmed> {
    match &live.job {
        None => Err(Unconfirmed::JobGone),
        Some((uid, _)) if uid != observed.uid => Err(Unconfirmed::JobReplaced),
        Some((_, job)) if job.end.is_some() => Err(Unconfirmed::JobGone),
        Some((_, job)) => Ok(job),
    }
}

/// The pod of the live read that is the one we know, if its agent has still not started.
fn same_pod<'a>(observed: &Observed<'_>, live: &'a LiveSeen) -> Result<&'a PodSeen, Unconfirmed> {
    let known = observed.pod.map(|pod| pod.uid.as_str());
    let pod = live.pods.iter().find(|pod| Some(pod.uid.as_str()) == known).ok_or(Unconfirmed::PodExists)?;
    if pod.agent.has_started() { Err(Unconfirmed::AgentActive) } else { Ok(pod) }
}

#[cfg(test)]
mod tests;
