//! F1: the Job is active and has no pod. F2: it ended without ever having had one.

use std::time::Instant;

use super::{Due, Finding, Proof};
use crate::{JobEnd, JobSeen, Observed, Verdict, verdict};

/// F1: no pod within the grace period. A quota that refuses the pod is a lack of capacity: then the pod has as
/// long as a pending one.
pub(super) fn find(observed: &Observed<'_>, now: Instant) -> Finding {
    let Some(podless_since) = observed.podless_since.filter(|_| observed.job.lacks_pod()) else {
        return Finding::Nothing;
    };
    let first = podless_since + observed.patience.empty_job;
    let quota = observed.live.is_some_and(|live| live.quota && live.asked_at >= first);
    let due = match (quota, observed.patience.pod_pending) {
        (false, _) => first,
        (true, Some(pending)) => first.max(podless_since + pending),
        (true, None) => return Finding::Nothing,
    };
    if due > now {
        return Finding::NotBefore(due);
    }
    let waited = now.saturating_duration_since(podless_since).as_secs();
    let why = if quota { ": a quota refuses it" } else { "" };
    let verdict = Verdict {
        code: "no-pod",
        summary: format!("Kubernetes has made no pod for the job within {waited} s{why}"),
        facts: verdict::job_facts(observed.job),
    };
    Finding::Due(Due { since: due, verdict, proof: Proof::NoPod })
}

/// F2: the Job failed and no pod of it ever ran or failed.
pub(crate) fn ended_without_pod(job: &JobSeen) -> Option<Verdict> {
    let Some(JobEnd::Failed { reason, .. }) = &job.end else { return None };
    if job.pods_ended {
        return None;
    }
    let cause = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    Some(Verdict {
        code: "ended-without-pod",
        summary: format!("the Job ended and never had a pod{cause}"),
        facts: verdict::job_facts(job),
    })
}
