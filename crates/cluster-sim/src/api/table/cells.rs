//! Columns of each kind, and what stands in them.

use jiff::Timestamp;
use shared_json::{Text, Value};

use super::age;
use crate::kind::Kind;
use crate::object;

/// Names and priorities; those above 0 show in wide tables only.
pub(super) fn columns(kind: Kind) -> &'static [(&'static str, i32)] {
    match kind {
        Kind::Pod => &[
            ("Name", 0),
            ("Ready", 0),
            ("Status", 0),
            ("Restarts", 0),
            ("Age", 0),
            ("IP", 1),
            ("Node", 1),
            ("Nominated Node", 1),
            ("Readiness Gates", 1),
        ],
        Kind::Job => &[
            ("Name", 0),
            ("Status", 0),
            ("Completions", 0),
            ("Duration", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
            ("Selector", 1),
        ],
        Kind::Event => {
            &[("Last Seen", 0), ("Type", 0), ("Reason", 0), ("Object", 0), ("Message", 0), ("Name", 1)]
        }
        Kind::Secret => &[("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)],
        Kind::ConfigMap => &[("Name", 0), ("Data", 0), ("Age", 0)],
        Kind::Lease => &[("Name", 0), ("Holder", 0), ("Age", 0)],
        Kind::Namespace => &[("Name", 0), ("Status", 0), ("Age", 0)],
        Kind::PodTemplate | Kind::ServiceAccount | Kind::Node => &[("Name", 0), ("Age", 0)],
    }
}

pub(super) fn of(kind: Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let name = Text::copied(object::name(object));
    let age = age::since(object, &["metadata", "creationTimestamp"], now);
    let count = |key: &str| object[key].as_object().map_or(0, shared_json::Map::len);
    match kind {
        Kind::Pod => pod(object, now),
        Kind::Job => job(object, now),
        Kind::Event => event(object, now),
        Kind::Secret => {
            vec![Value::from(name), object["type"].clone(), Value::from(count("data")), Value::from(age)]
        }
        Kind::ConfigMap => {
            vec![Value::from(name), Value::from(count("data") + count("binaryData")), Value::from(age)]
        }
        Kind::Lease => vec![Value::from(name), object["spec"]["holderIdentity"].clone(), Value::from(age)],
        Kind::Namespace => vec![Value::from(name), object["status"]["phase"].clone(), Value::from(age)],
        Kind::PodTemplate | Kind::ServiceAccount | Kind::Node => vec![Value::from(name), Value::from(age)],
    }
}

fn event(event: &Value, now: Timestamp) -> Vec<Value> {
    let text = |path: &[&str]| object::text(event, path).to_owned();
    let kind = text(&["involvedObject", "kind"]).to_lowercase();
    let seen = ["lastTimestamp", "eventTime", "firstTimestamp"]
        .into_iter()
        .find_map(|key| object::time(event, &[key]))
        .map_or_else(|| "<unknown>".to_owned(), |then| age::between(then, now));
    let about = format!("{kind}/{}", text(&["involvedObject", "name"]));
    vec![
        Value::from(seen),
        event["type"].clone(),
        event["reason"].clone(),
        Value::from(about),
        Value::from(Text::copied(text(&["message"]).trim())),
        Value::from(Text::copied(object::name(event))),
    ]
}

fn job(job: &Value, now: Timestamp) -> Vec<Value> {
    let number = |path: &[&str]| object::at(job, path).and_then(Value::as_i64);
    let succeeded = number(&["status", "succeeded"]).unwrap_or_default();
    let completions = match (number(&["spec", "completions"]), number(&["spec", "parallelism"])) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, Some(parallelism)) if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let start = object::time(job, &["status", "startTime"]);
    let end = object::time(job, &["status", "completionTime"]);
    let duration = start.map(|start| age::between(start, end.unwrap_or(now))).unwrap_or_default();
    let holds = |kind: &str| {
        let conditions = job["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|it| it["type"] == kind && it["status"] == "True")
    };
    let status = ["Complete", "Failed"].into_iter().find(|kind| holds(kind));
    let status = status.or_else(|| object::is_deleting(job).then_some("Terminating"));
    let others = ["Suspended", "FailureTarget", "SuccessCriteriaMet"];
    let status = status.or_else(|| others.into_iter().find(|kind| holds(kind))).unwrap_or("Running");
    let containers = job["spec"]["template"]["spec"]["containers"].as_array();
    let each = |key: &str| {
        let words = containers.into_iter().flatten().map(|container| object::text(container, &[key]));
        words.collect::<Vec<_>>().join(",")
    };
    let labels = job["spec"]["selector"]["matchLabels"].as_object();
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    vec![
        Value::from(Text::copied(object::name(job))),
        Value::from(status),
        Value::from(completions),
        Value::from(duration),
        Value::from(age::since(job, &["metadata", "creationTimestamp"], now)),
        Value::from(each("name")),
        Value::from(each("image")),
        Value::from(selector.join(",")),
    ]
}

fn statuses<'a>(pod: &'a Value, key: &str) -> &'a [Value] {
    pod["status"][key].as_array().map_or(&[], |list| &**list)
}

fn pod(pod: &Value, now: Timestamp) -> Vec<Value> {
    let specs = |key: &str| pod["spec"][key].as_array().map_or(&[][..], |list| &**list);
    let is_sidecar = |name: &str| {
        specs("initContainers").iter().any(|spec| spec["name"] == name && spec["restartPolicy"] == "Always")
    };
    let sidecars = specs("initContainers").iter().filter(|spec| spec["restartPolicy"] == "Always").count();
    let total = specs("containers").len() + sidecars;
    let is_ready = |status: &&Value| status["ready"] == true;
    let main = statuses(pod, "containerStatuses");
    let init = statuses(pod, "initContainerStatuses");
    let ready = main.iter().filter(is_ready).count()
        + init
            .iter()
            .filter(is_ready)
            .filter(|status| is_sidecar(object::text(status, &["name"])) && status["started"] == true)
            .count();
    let restarts: i64 = main.iter().filter_map(|status| status["restartCount"].as_i64()).sum();
    let or_none = |path: &[&str]| match object::text(pod, path) {
        "" => "<none>".to_owned(),
        text => text.to_owned(),
    };
    vec![
        Value::from(Text::copied(object::name(pod))),
        Value::from(format!("{ready}/{total}")),
        Value::from(pod_status(pod, init, main, &is_sidecar)),
        Value::from(restarts.to_string()),
        Value::from(age::since(pod, &["metadata", "creationTimestamp"], now)),
        Value::from(or_none(&["status", "podIP"])),
        Value::from(or_none(&["spec", "nodeName"])),
        Value::from("<none>"),
        Value::from("<none>"),
    ]
}

/// The one word that says how a pod is.
fn pod_status(pod: &Value, init: &[Value], main: &[Value], is_sidecar: &dyn Fn(&str) -> bool) -> String {
    let phase = object::text(pod, &["status", "phase"]);
    let reason = object::text(pod, &["status", "reason"]);
    let mut word = if reason.is_empty() { phase.to_owned() } else { reason.to_owned() };
    let initializing = init_word(pod, init, is_sidecar);
    if let Some(initializing) = initializing {
        word = initializing;
    } else if let Some(containers) = main_word(main) {
        word = containers;
    }
    if object::is_deleting(pod) {
        if reason == "NodeLost" {
            return "Unknown".to_owned();
        }
        if !matches!(phase, "Succeeded" | "Failed") {
            return "Terminating".to_owned();
        }
    }
    word
}

/// What holds up the start, if anything does.
fn init_word(pod: &Value, init: &[Value], is_sidecar: &dyn Fn(&str) -> bool) -> Option<String> {
    for (index, status) in init.iter().enumerate() {
        let state = &status["state"];
        let sidecar = is_sidecar(object::text(status, &["name"]));
        if state["terminated"]["exitCode"] == 0 || (sidecar && status["started"] == true) {
            continue;
        }
        if let Some(terminated) = state.get("terminated").filter(|terminated| terminated.is_object()) {
            let reason = object::text(terminated, &["reason"]);
            let code = terminated["exitCode"].as_i64().unwrap_or_default();
            return Some(if reason.is_empty() {
                format!("Init:ExitCode:{code}")
            } else {
                format!("Init:{reason}")
            });
        }
        let waiting = object::text(state, &["waiting", "reason"]);
        if !waiting.is_empty() && waiting != "PodInitializing" {
            return Some(format!("Init:{waiting}"));
        }
        let total = pod["spec"]["initContainers"].as_array().map_or(0, |list| list.len());
        return Some(format!("Init:{index}/{total}"));
    }
    None
}

/// What the containers are about, if they say.
fn main_word(main: &[Value]) -> Option<String> {
    let mut word = None;
    let (mut runs, mut error) = (false, None);
    for status in main.iter().rev() {
        let state = &status["state"];
        let waiting = object::text(state, &["waiting", "reason"]);
        if !waiting.is_empty() {
            word = Some(waiting.to_owned());
        } else if state["terminated"].is_object() {
            let code = state["terminated"]["exitCode"].as_i64().unwrap_or_default();
            let reason = object::text(state, &["terminated", "reason"]);
            let text = if reason.is_empty() { format!("ExitCode:{code}") } else { reason.to_owned() };
            if code != 0 {
                error = Some(text.clone());
            }
            word = Some(text);
        } else if status["ready"] == true && state["running"].is_object() {
            runs = true;
        }
    }
    match (word.as_deref(), error) {
        (Some("Completed"), Some(error)) if !runs => Some(error),
        (Some("Completed"), _) if runs => Some("NotReady".to_owned()),
        _ => word,
    }
}
