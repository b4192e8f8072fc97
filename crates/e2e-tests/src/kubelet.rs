//! The test in the kubelet's place: writes pod status on a control plane that has no node.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

/// What the pod is said to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Every container has started.
    Running,
    /// Every container has ended with 0.
    Succeeded,
    /// The agent container has ended with this exit code, the others too.
    Failed(i32),
    /// Driven out of the node for lack of memory before any container started.
    Evicted,
}

/// Writes the status of a pod; the real Job controller draws its conclusions from it.
///
/// # Errors
/// When the API server refuses it.
pub async fn report(pods: &Api<Pod>, pod: &Pod, phase: Phase) -> Result<()> {
    let patch = json!({ "status": status(pod, phase) });
    pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch))
        .await
        .with_context(|| format!("cannot write the status of {}", pod.name_any()))?;
    Ok(())
}

/// The status as a kubelet would write it, in the fields that controllers read.
fn status(pod: &Pod, phase: Phase) -> Value {
    let created = pod.creation_timestamp().map(|time| json!(time)).unwrap_or_default();
    if phase == Phase::Evicted {
        return json!({
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: memory.",
            "startTime": created,
            "conditions": [
                { "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet" },
            ],
        });
    }
    let (word, ready) = match phase {
        Phase::Running => ("Running", "True"),
        Phase::Succeeded => ("Succeeded", "False"),
        Phase::Failed(_) | Phase::Evicted => ("Failed", "False"),
    };
    let spec = pod.spec.as_ref();
    let names = |containers: Option<&Vec<k8s_openapi::api::core::v1::Container>>| {
        containers
            .into_iter()
            .flatten()
            .map(|container| (container.name.clone(), container.image.clone()))
            .collect::<Vec<_>>()
    };
    let state = |started: bool| match phase {
        Phase::Running if started => json!({ "running": { "startedAt": created } }),
        Phase::Failed(code) if started => json!({ "terminated": {
            "exitCode": code, "reason": "Error", "startedAt": created, "finishedAt": created,
        } }),
        _ => json!({ "terminated": {
            "exitCode": 0, "reason": "Completed", "startedAt": created, "finishedAt": created,
        } }),
    };
    let container = |(name, image): (String, Option<String>), main: bool| {
        json!({
            "name": name,
            "image": image.unwrap_or_default(),
            "imageID": "",
            "ready": main && phase == Phase::Running,
            "restartCount": 0,
            "state": state(main),
        })
    };
    let main = names(spec.map(|spec| &spec.containers));
    let init = names(spec.and_then(|spec| spec.init_containers.as_ref()));
    json!({
        "phase": word,
        "startTime": created,
        "conditions": [{ "type": "Ready", "status": ready }],
        "initContainerStatuses": init.into_iter().map(|one| container(one, false)).collect::<Vec<_>>(),
        "containerStatuses": main.into_iter().map(|one| container(one, true)).collect::<Vec<_>>(),
    })
}
