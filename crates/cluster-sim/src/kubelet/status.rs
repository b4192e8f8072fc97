//! A pod's status as the kubelet writes it.

use jiff::Timestamp;
use shared_json::{Map, Text, Value, list, object};

use super::container::{Container, State};
use super::pod::{PodRun, RestartPolicy};
use super::script::Role;
use crate::object;

/// A pod's phase, by the rules of Kubernetes 1.36: pending as long as any container waits for its first start,
/// whatever the others do (lifecycle 1.3, rule 1).
pub(super) fn phase(pod: &PodRun) -> &'static str {
    if let Some(phase) = pod.final_phase {
        return phase;
    }
    let (init, rest): (Vec<_>, Vec<_>) =
        pod.containers.iter().partition(|container| container.role == Role::Init);
    let failed = |container: &&Container| container.last_end().is_some_and(|ended| ended.code != 0);
    if pod.restart_policy == RestartPolicy::Never && init.iter().any(failed) && !pod.any_running() {
        return "Failed";
    }
    let initializing = init.iter().any(|container| container.last_end().is_none());
    let waiting = rest.iter().any(|container| container.never_ran());
    if initializing || waiting {
        return "Pending";
    }
    if rest.iter().any(|container| container.is_running()) {
        return "Running";
    }
    if !pod.mains_are_done() {
        return "Running";
    }
    let mut mains = pod.containers.iter().filter(|container| container.role == Role::Main);
    if mains.all(|container| container.ended().is_some_and(|ended| ended.code == 0)) {
        return "Succeeded";
    }
    "Failed"
}

/// True for phases that nothing follows.
pub(super) fn is_terminal(phase: &str) -> bool {
    matches!(phase, "Succeeded" | "Failed")
}

/// One condition before its times are known.
struct Draft {
    kind: &'static str,
    holds: bool,
    reason: &'static str,
    message: String,
}

impl Draft {
    const fn plain(kind: &'static str, holds: bool) -> Self {
        Self { kind, holds, reason: "", message: String::new() }
    }
}

/// Containers in a list as Go prints it.
fn names<'a>(containers: impl Iterator<Item = &'a Container>) -> String {
    containers.map(|container| container.name.as_str()).collect::<Vec<_>>().join(" ")
}

fn initialized(pod: &PodRun, phase: &str) -> Draft {
    let kind = "Initialized";
    if phase == "Succeeded" {
        return Draft { reason: "PodCompleted", ..Draft::plain(kind, true) };
    }
    let regular_ran = pod.containers.iter().any(|it| it.role == Role::Main && !it.never_ran());
    let incomplete = names(pod.containers.iter().filter(|it| match it.role {
        Role::Init => !it.is_passed(),
        Role::Sidecar => !it.is_running(),
        Role::Main => false,
    }));
    if regular_ran || incomplete.is_empty() {
        return Draft::plain(kind, true);
    }
    let message = format!("containers with incomplete status: [{incomplete}]");
    Draft { reason: "ContainersNotInitialized", message, ..Draft::plain(kind, false) }
}

fn ready(pod: &PodRun, phase: &str, kind: &'static str) -> Draft {
    let not = Draft::plain(kind, false);
    match phase {
        "Succeeded" => return Draft { reason: "PodCompleted", ..not },
        "Failed" => return Draft { reason: "PodFailed", ..not },
        _ => {}
    }
    let unready = names(pod.containers.iter().filter(|it| it.role != Role::Init && !it.is_running()));
    if unready.is_empty() {
        return Draft::plain(kind, true);
    }
    let message = format!("containers with unready status: [{unready}]");
    Draft { reason: "ContainersNotReady", message, ..not }
}

/// The conditions after those that are not the kubelet's own.
fn conditions(pod: &PodRun, phase: &str, object: &Value, now: Timestamp) -> Vec<Value> {
    let old = object::at(object, &["status", "conditions"]).and_then(Value::as_array);
    let old: &[Value] = old.map_or(&[], |list| &**list);
    let drafts = [
        Draft::plain("PodReadyToStartContainers", pod.sandbox && !is_terminal(phase)),
        initialized(pod, phase),
        ready(pod, phase, "Ready"),
        ready(pod, phase, "ContainersReady"),
        Draft::plain("PodScheduled", true),
    ];
    let foreign = old.iter().filter(|it| drafts.iter().all(|draft| it["type"] != draft.kind)).cloned();
    let mut conditions: Vec<Value> = foreign.collect();
    if let Some((reason, message)) = pod.disruption.as_ref().filter(|_| is_terminal(phase)) {
        conditions.retain(|condition| condition["type"] != "DisruptionTarget");
        let draft = Draft { kind: "DisruptionTarget", holds: true, reason, message: message.clone() };
        conditions.push(condition(&draft, old, object, now));
    }
    conditions.extend(drafts.iter().map(|draft| condition(draft, old, object, now)));
    conditions
}

fn condition(draft: &Draft, old: &[Value], object: &Value, now: Timestamp) -> Value {
    let status = if draft.holds { "True" } else { "False" };
    let since = old.iter().find(|it| it["type"] == draft.kind && it["status"] == status);
    let since = since.and_then(|it| it["lastTransitionTime"].as_str());
    let mut condition = Map::with_capacity(7);
    condition.insert("type", draft.kind.into());
    condition.insert("observedGeneration", object::generation(object).into());
    condition.insert("status", status.into());
    condition.insert("lastProbeTime", Value::Null);
    let since = since.map_or_else(|| object::seconds(now), str::to_owned);
    condition.insert("lastTransitionTime", since.into());
    if !draft.reason.is_empty() {
        condition.insert("reason", draft.reason.into());
    }
    if !draft.message.is_empty() {
        condition.insert("message", Text::copied(&draft.message).into());
    }
    Value::Object(condition)
}

/// A condition that is not the kubelet's, as whoever disturbs a pod writes it.
pub(super) fn disruption(reason: &'static str, message: &str, object: &Value, now: Timestamp) -> Value {
    let draft = Draft { kind: "DisruptionTarget", holds: true, reason, message: message.to_owned() };
    condition(&draft, &[], object, now)
}

/// The scheduler's word on a pod that fits nowhere.
pub(super) fn unschedulable(object: &Value, now: Timestamp) -> Value {
    let message = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 \
                   nodes are available: 1 Preemption is not helpful for scheduling.";
    let draft =
        Draft { kind: "PodScheduled", holds: false, reason: "Unschedulable", message: message.to_owned() };
    condition(&draft, &[], object, now)
}

/// The scheduler's word on a pod that it has bound.
pub(super) fn scheduled(object: &Value, now: Timestamp) -> Value {
    condition(&Draft::plain("PodScheduled", true), &[], object, now)
}

/// The whole status.
pub(super) fn status(pod: &PodRun, object: &Value, now: Timestamp) -> Value {
    let phase = phase(pod);
    let mut status = Map::with_capacity(14);
    status.insert("observedGeneration", object::generation(object).into());
    status.insert("phase", phase.into());
    status.insert("conditions", conditions(pod, phase, object, now).into());
    if let Some((reason, message)) = pod.verdict.as_ref().filter(|_| is_terminal(phase)) {
        status.insert("message", message.into());
        status.insert("reason", (*reason).into());
    }
    let address = |ip: &str| list![object! { "ip": Text::copied(ip) }];
    status.insert("hostIP", (&pod.host_ip).into());
    status.insert("hostIPs", address(&pod.host_ip));
    if pod.sandbox {
        status.insert("podIP", (&pod.pod_ip).into());
        status.insert("podIPs", address(&pod.pod_ip));
    }
    if let Some(started) = pod.started {
        status.insert("startTime", object::seconds(started).into());
    }
    let has_init = pod.containers.iter().any(|it| it.role != Role::Main);
    let waiting = if has_init { "PodInitializing" } else { "ContainerCreating" };
    let statuses = |init: bool| {
        let containers = pod.containers.iter().filter(move |it| (it.role != Role::Main) == init);
        containers.map(|container| (container.name.as_str(), container.json(waiting)))
    };
    if has_init {
        let init: Vec<Value> = statuses(true).map(|(_, status)| status).collect();
        status.insert("initContainerStatuses", init.into());
    }
    let mut regular: Vec<(&str, Value)> = statuses(false).collect();
    regular.sort_by_key(|(name, _)| *name);
    let regular: Vec<Value> = regular.into_iter().map(|(_, status)| status).collect();
    status.insert("containerStatuses", regular.into());
    let qos = object::text(object, &["status", "qosClass"]);
    status.insert("qosClass", if qos.is_empty() { "BestEffort".into() } else { Text::copied(qos).into() });
    Value::Object(status)
}

/// What the kubelet writes last about a pod whose containers are all gone: each has an end, known or not, and the
/// phase says that nothing will follow.
pub(super) fn conclude(pod: &mut PodRun) {
    let forced = pod.verdict.is_some();
    if is_terminal(phase(pod)) && !forced {
        pod.final_phase = Some(phase(pod));
        return;
    }
    let ended_init = |it: &Container| it.role != Role::Init || it.is_passed();
    let initialized = pod.containers.iter().all(ended_init);
    let last_started = pod.containers.iter().rposition(|it| it.role != Role::Main && !it.never_ran());
    for (position, container) in pod.containers.iter_mut().enumerate() {
        let applies = match container.role {
            Role::Main => initialized,
            Role::Init | Role::Sidecar => last_started.is_some_and(|last| position <= last),
        };
        if applies && container.ended().is_none() {
            container.enter(State::Ended(super::container::Ended::unknown()));
        }
    }
    let phase = phase(pod);
    pod.final_phase = Some(if is_terminal(phase) && !forced { phase } else { "Failed" });
}
