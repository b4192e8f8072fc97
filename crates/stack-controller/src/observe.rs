//! From what the Kubernetes crate shows to what decisions need.

use job_lifecycle::{AgentSeen, ContainerEnd, JobEnd, JobSeen, PodSeen};
use k8s_runtime::{ConditionStatus, ContainerKind, ContainerState, JobView, PodView, WatchEvent};

use crate::core::event::{JobFacts, PodFacts, Watched};

/// The container that acquires the job.
const AGENT: &str = "agent";

/// A Job with our UUID label; `None` when the label holds no UUID (D3).
pub(crate) fn job_facts(view: &JobView, namespace: &str) -> Option<JobFacts> {
    Some(JobFacts {
        job: view.job_uuid?,
        uid: view.uid.clone(),
        seen: JobSeen {
            namespace: namespace.to_owned(),
            name: view.name.clone(),
            created_at: view.created_at,
            suspended: view.suspended && !view.has_pods(),
            end: job_end(view),
        },
        verdict_marked: view.verdict_sent.is_some(),
    })
}

/// Only `Complete` and `Failed` with status `True` end a Job (L7).
fn job_end(view: &JobView) -> Option<JobEnd> {
    if view.condition("Complete").is_some_and(|condition| condition.status == ConditionStatus::True) {
        return Some(JobEnd::Complete);
    }
    let failed = view.condition("Failed").filter(|condition| condition.status == ConditionStatus::True)?;
    Some(JobEnd::Failed {
        reason: failed.reason.clone().unwrap_or_default(),
        message: failed.message.clone().unwrap_or_default(),
    })
}

/// A Pod with our UUID label.
pub(crate) fn pod_facts(view: &PodView) -> Option<PodFacts> {
    let mut ended = Vec::new();
    let mut agent = AgentSeen::NotStarted;
    let mut others_running = false;
    for container in &view.containers {
        let is_agent = container.kind == ContainerKind::Main && container.name == AGENT;
        match &container.state {
            ContainerState::Running { .. } if is_agent => agent = AgentSeen::Running,
            ContainerState::Running { .. } => others_running |= container.kind == ContainerKind::Main,
            ContainerState::Terminated { exit_code, signal, reason, message, .. } => {
                if is_agent {
                    agent = AgentSeen::Terminated { exit_code: *exit_code };
                }
                ended.push(ContainerEnd {
                    name: container.name.clone(),
                    exit_code: *exit_code,
                    signal: *signal,
                    reason: reason.clone().unwrap_or_default(),
                    message: message.clone().unwrap_or_default(),
                });
            }
            ContainerState::Waiting { .. } | ContainerState::Unknown => {}
        }
    }
    let disruption = view
        .condition("DisruptionTarget")
        .filter(|condition| condition.status == ConditionStatus::True)
        .map(|condition| {
            (condition.reason.clone().unwrap_or_default(), condition.message.clone().unwrap_or_default())
        });
    Some(PodFacts {
        job: view.job_uuid?,
        seen: PodSeen {
            name: view.name.clone(),
            node: view.node.clone(),
            reason: view.reason.clone(),
            message: view.message.clone(),
            disruption,
            agent,
            others_running,
            ended,
        },
    })
}

/// A watch event with its object translated; `None` when it is not about a job, or says only how the watch is.
pub(crate) fn watched<T, F>(event: WatchEvent<T>, translate: impl Fn(&T) -> Option<F>) -> Option<Watched<F>> {
    match event {
        WatchEvent::ListStarted => Some(Watched::ListStarted),
        WatchEvent::Listed(object) => translate(&object).map(Watched::Listed),
        WatchEvent::ListDone => Some(Watched::ListDone),
        WatchEvent::Applied(object) => translate(&object).map(Watched::Applied),
        WatchEvent::Deleted(object) => translate(&object).map(Watched::Deleted),
        WatchEvent::Connected | WatchEvent::Failed(_) => None,
    }
}
