//! Removing what is left of a job in Kubernetes: F9, jobs of another owner, D5, and the end of F1, F5 and F7.
//!
//! One step at a time, each with a live read of its own before it: a crash between any two of them leaves
//! objects from which the next look finds the same way on.

use std::time::Instant;

use super::{Unconfirmed, fresh, init_failed, look_again, unfinished};
use crate::{Action, Decision, LiveSeen, Observed, PodSeen, StateSeen};

/// Attempts that D5 makes room for; the next failure is told.
pub(crate) const MAX_ROOMS: u32 = 3;

/// Why objects are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// F9: Buildkite says that the job is over.
    Ended,
    /// F9: Buildkite does not know the job.
    Unknown,
    /// Somebody else's agent has the job.
    OtherOwner,
    /// Buildkite has our verdict (F1, F5, F7).
    Told,
    /// Another attempt needs the Job's name (D5).
    Room,
}

/// Takes the next step of a removal, once a live read from after the trigger allows it.
pub(crate) fn decide(
    observed: &Observed<'_>,
    seen: StateSeen,
    why: Why,
    now: Instant,
    decision: &mut Decision,
) {
    if observed.job_handled {
        return;
    }
    let newest = [Some(seen.since), observed.ended_at, observed.facts_since].into_iter().flatten().max();
    let Some(live) = fresh(observed, newest.unwrap_or(seen.since), false, decision) else { return };
    match next_step(observed, live, why) {
        Ok(Some(action)) => decision.action = Some(action),
        Ok(None) => look_again(observed, false, now, decision),
        Err(unconfirmed) => {
            decision.unconfirmed = Some(unconfirmed);
            look_again(observed, false, now, decision);
        }
    }
}

/// The step that the live read calls for; nothing when Kubernetes only has to finish what it was told.
fn next_step(observed: &Observed<'_>, live: &LiveSeen, why: Why) -> Result<Option<Action>, Unconfirmed> {
    let pods: Vec<&PodSeen> = live.pods.iter().filter(|pod| pod.belongs_to(observed.uid)).collect();
    if pods.iter().any(|pod| pod.agent.has_started()) {
        return Err(Unconfirmed::AgentActive);
    }
    let delete_job = Action::DeleteJob { why };
    if why == Why::Room {
        return match &live.job {
            None => Err(Unconfirmed::JobGone),
            Some((uid, _)) if uid != observed.uid => Err(Unconfirmed::JobReplaced),
            Some((_, job)) if job.end.is_none() => Err(Unconfirmed::JobGone),
            Some(_) => Ok(Some(delete_job)),
        };
    }
    let job = unfinished(observed, live)?;
    let stands = |pod: &&&PodSeen| !pod.over && observed.removed_pod != Some(pod.uid.as_str());
    let delete_pod = |pod: &&PodSeen| Action::DeletePod { name: pod.name.clone(), uid: pod.uid.clone(), why };
    match why {
        Why::OtherOwner if pods.is_empty() && !job.has_pods => Ok(Some(delete_job)),
        Why::OtherOwner => Err(Unconfirmed::PodExists),
        Why::Ended | Why::Unknown => Ok(Some(pods.iter().find(stands).map_or(delete_job, delete_pod))),
        // The pod of a failed init container is over by itself (F4).
        Why::Told if !pods.is_empty() => {
            let stands = pods.iter().find(stands).filter(|pod| init_failed::failed(pod).next().is_none());
            Ok(stands.map(delete_pod))
        }
        Why::Told if job.suspended => Ok(Some(delete_job)),
        // TTL removes it later, and until then its name is taken: no other attempt follows at once (F1).
        Why::Told if !job.has_pods && !job.deadline_shortened => Ok(Some(Action::ShortenDeadline)),
        Why::Told | Why::Room => Ok(None),
    }
}
