//! F4: an init container failed, so the agent will not start.

use super::{Due, Finding, Proof};
use crate::{ContainerEnd, ContainerRole, JobSeen, PodClocks, PodSeen, Verdict, verdict};

/// Init containers that failed. Native sidecars are none: they die with 137 or 143 at every normal end.
pub(crate) fn failed(pod: &PodSeen) -> impl Iterator<Item = &ContainerEnd> {
    pod.ended.iter().filter(|end| end.role == ContainerRole::Init && end.exit_code != 0)
}

pub(super) fn find(job: &JobSeen, pod: &PodSeen, clocks: &PodClocks) -> Finding {
    match (clocks.init_failed, told(job, pod)) {
        // A pod that is being deleted kills its init containers too.
        (Some(since), Some(verdict)) if !pod.deleting => {
            Finding::Due(Due { since, verdict, proof: Proof::NotNeeded })
        }
        _ => Finding::Nothing,
    }
}

/// The verdict about a pod with a failed init container.
pub(crate) fn told(job: &JobSeen, pod: &PodSeen) -> Option<Verdict> {
    let first = failed(pod).next()?;
    let why = if first.reason.is_empty() { String::new() } else { format!(" ({})", first.reason) };
    let mut facts = verdict::job_facts(job);
    facts.extend(verdict::pod_facts(pod));
    Some(Verdict {
        code: "init-container-failed",
        summary: format!("the init container {} exited with status {}{why}", first.name, first.exit_code),
        facts,
    })
}
