//! F7: the agent container does not start within `pod-pending-timeout`.

use std::time::Instant;

use super::{Due, Finding, Proof, images};
use crate::{ContainerWait, Observed, PodClocks, PodSeen, Verdict, verdict};

pub(super) fn find(observed: &Observed<'_>, pod: &PodSeen, clocks: &PodClocks, now: Instant) -> Finding {
    let Some(timeout) = observed.patience.pod_pending else { return Finding::Nothing };
    // F5's business, and only what F5 really deals with.
    if images::failing(pod).next().is_some() && !pod.deleting {
        return Finding::Nothing;
    }
    let due = clocks.first_seen + timeout;
    if due > now {
        return Finding::NotBefore(due);
    }
    let waited = now.saturating_duration_since(clocks.first_seen).as_secs();
    let mut facts = Vec::new();
    if let Some(message) = &pod.unschedulable {
        facts.push(format!("Not scheduled: {message}"));
    }
    facts.extend(pod.waiting.iter().map(|wait| {
        let ContainerWait { name, reason, .. } = wait;
        format!("  {name}  {reason}")
    }));
    facts.extend(verdict::job_facts(observed.job));
    facts.extend(verdict::pod_facts(pod));
    let verdict = Verdict {
        code: "pending-timeout",
        summary: format!("the pod has been pending for {waited} s and its agent has not started"),
        facts,
    };
    Finding::Due(Due { since: due, verdict, proof: Proof::Pending })
}
