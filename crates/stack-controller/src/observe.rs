//! From what the Kubernetes crate shows to what decisions need.

use job_lifecycle::{AgentSeen, ContainerEnd, ContainerRole, ContainerWait, JobEnd, JobSeen, PodSeen};
use k8s_runtime::{
    Condition, ConditionStatus, ContainerKind, ContainerState, ContainerView, JobView, PodView, WatchEvent,
};

use crate::{
    core::event::{JobFacts, PodFacts, Watched},
    planted::{self, Defect},
};

/// The container that acquires the job.
const AGENT: &str = "agent";

/// A Job with our UUID label; `None` when the label holds no UUID (D3).
pub(crate) fn job_facts(view: &JobView, namespace: &str) -> Option<JobFacts> {
    Some(JobFacts {
        job: view.job_uuid?,
        uid: view.uid.clone(),
        seen: job_seen(view, namespace),
        verdict_marked: view.verdict_sent.is_some(),
    })
}

/// A Job, whoever's it is.
pub(crate) fn job_seen(view: &JobView, namespace: &str) -> JobSeen {
    JobSeen {
        namespace: namespace.to_owned(),
        name: view.name.clone(),
        created_at: view.created_at,
        suspended: view.suspended && !view.has_pods(),
        started: view.start_time.is_some(),
        has_pods: view.has_pods(),
        pods_ended: view.succeeded + view.failed > 0,
        deleting: view.deletion_timestamp.is_some(),
        deadline_shortened: view.deadline_shortened.is_some(),
        end: job_end(view),
    }
}

/// Only `Complete` and `Failed` with status `True` end a Job (L7).
fn job_end(view: &JobView) -> Option<JobEnd> {
    let holds =
        |kind| view.condition(kind).is_some_and(|condition| condition.status == ConditionStatus::True);
    if planted::is(Defect::EarlyConditionReleases) && (holds("SuccessCriteriaMet") || holds("FailureTarget"))
    {
        return Some(JobEnd::Complete);
    }
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
    Some(PodFacts { job: view.job_uuid?, seen: pod_seen(view) })
}

/// A Pod, whoever's it is.
pub(crate) fn pod_seen(view: &PodView) -> PodSeen {
    let mut seen = PodSeen {
        uid: view.uid.clone(),
        owner: view.owner_job_uid.clone(),
        name: view.name.clone(),
        deleting: view.deletion_timestamp.is_some(),
        over: matches!(view.phase.as_str(), "Succeeded" | "Failed"),
        unschedulable: unschedulable(view),
        node: view.node.clone(),
        reason: view.reason.clone(),
        message: view.message.clone(),
        disruption: disruption(view),
        ..PodSeen::default()
    };
    for container in &view.containers {
        container_seen(container, &mut seen);
    }
    if view.phase == "Pending" && planted::is(Defect::PhaseTakenForAgent) {
        seen.agent = AgentSeen::default();
    }
    seen
}

/// Adds what a container does to what is seen of its pod.
fn container_seen(container: &ContainerView, seen: &mut PodSeen) {
    let is_agent = container.kind == ContainerKind::Main && container.name == AGENT;
    let role = match container.kind {
        ContainerKind::Init => ContainerRole::Init,
        ContainerKind::Sidecar => ContainerRole::Sidecar,
        ContainerKind::Main if is_agent || container.bootstraps => ContainerRole::Ours,
        ContainerKind::Main => ContainerRole::Foreign,
    };
    match &container.state {
        ContainerState::Running { .. } if is_agent => seen.agent = AgentSeen::Running,
        ContainerState::Running { .. } => seen.others_running |= container.kind == ContainerKind::Main,
        ContainerState::Terminated { exit_code, signal, reason, message, .. } => {
            if is_agent {
                seen.agent = AgentSeen::Terminated { exit_code: *exit_code };
            }
            seen.ended.push(ContainerEnd {
                name: container.name.clone(),
                role,
                exit_code: *exit_code,
                signal: *signal,
                reason: reason.clone().unwrap_or_default(),
                message: message.clone().unwrap_or_default(),
            });
        }
        ContainerState::Waiting { reason: Some(reason), message } => seen.waiting.push(ContainerWait {
            name: container.name.clone(),
            role,
            image: container.image.clone(),
            reason: reason.clone(),
            message: message.clone().unwrap_or_default(),
        }),
        ContainerState::Waiting { reason: None, .. } | ContainerState::Unknown => {}
    }
}

fn disruption(view: &PodView) -> Option<(String, String)> {
    let target = view.condition("DisruptionTarget")?;
    Some((target.reason.clone().unwrap_or_default(), target.message.clone().unwrap_or_default()))
}

/// Why no node takes the pod, while none has.
fn unschedulable(view: &PodView) -> Option<String> {
    let refused = |condition: &&Condition| {
        condition.kind == "PodScheduled" && condition.status == ConditionStatus::False
    };
    let condition = view.conditions.iter().find(refused)?;
    condition.message.clone().filter(|_| view.node.is_none())
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
