//! Jobs.

use shared_json::{Array, Text, Value};

use super::{meta, not_negative, pod};
use crate::defaults::{NAME_LABELS, UID_LABELS};
use crate::object;
use crate::refusal::Cause;

const COUNTS: [&str; 5] =
    ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

pub(super) fn check(job: &Value, wrong: &mut Vec<Cause>) {
    check_generated(job, wrong);
    check_spec(&job["spec"], wrong);
}

fn check_spec(spec: &Value, wrong: &mut Vec<Cause>) {
    for key in COUNTS {
        not_negative(spec, key, "spec", wrong);
    }
    check_modes(spec, wrong);
    let template = &spec["template"];
    pod::check_template(template, "spec.template", wrong);
    let policy = object::text(template, &["spec", "restartPolicy"]);
    let path = "spec.template.spec.restartPolicy";
    match policy {
        "Never" | "OnFailure" => {}
        "" | "Always" => {
            wrong.push(Cause::required(path, "valid values: \"OnFailure\", \"Never\""));
        }
        other => wrong.push(Cause::unsupported(path, &format!("{other:?}"), &["OnFailure", "Never"])),
    }
    match spec.get("selector") {
        None => wrong.push(Cause::required("spec.selector", "")),
        Some(selector) => {
            meta::check_labels(selector.get("matchLabels"), "spec.selector.matchLabels", wrong);
            let wanted = selector.get("matchLabels").and_then(Value::as_object);
            let labels = &template["metadata"]["labels"];
            let matches = |(key, value): (&Text, &Value)| labels.get(key) == Some(value);
            if !wanted.is_none_or(|wanted| wanted.iter().all(matches)) {
                let why = "`selector` does not match template `labels`";
                wrong.push(Cause::invalid("spec.template.metadata.labels", labels, why));
            }
        }
    }
}

fn check_modes(spec: &Value, wrong: &mut Vec<Cause>) {
    let mode = object::text(spec, &["completionMode"]);
    if !matches!(mode, "" | "NonIndexed" | "Indexed") {
        let known = ["NonIndexed", "Indexed"];
        wrong.push(Cause::unsupported("spec.completionMode", &format!("{mode:?}"), &known));
    }
    if mode == "Indexed" && spec.get("completions").is_none() {
        wrong.push(Cause::required("spec.completions", "when completion mode is Indexed"));
    }
    let replacement = object::text(spec, &["podReplacementPolicy"]);
    if !matches!(replacement, "" | "Failed" | "TerminatingOrFailed") {
        let known = ["Failed", "TerminatingOrFailed"];
        let path = "spec.podReplacementPolicy";
        wrong.push(Cause::unsupported(path, &format!("{replacement:?}"), &known));
    }
}

/// Labels and selector that the server writes itself must be what it writes.
fn check_generated(job: &Value, wrong: &mut Vec<Cause>) {
    let spec = &job["spec"];
    if spec["manualSelector"] == true || spec.get("selector").is_none() {
        return;
    }
    let (name, uid) = (object::name(job), object::uid(job));
    let labels = &spec["template"]["metadata"]["labels"];
    let matched = &spec["selector"]["matchLabels"];
    let path = "spec.template.metadata.labels";
    let expected: [(&str, &str); 4] =
        [(UID_LABELS[0], uid), (NAME_LABELS[0], name), (UID_LABELS[1], uid), (NAME_LABELS[1], name)];
    for (key, wanted) in expected {
        let why = format!("must be '{wanted}'");
        match labels.get(key).and_then(Value::as_str) {
            None => wrong.push(Cause::required(&format!("{path}[{key}]"), &why)),
            Some(found) if found != wanted => wrong.push(Cause::invalid(path, labels, &why)),
            Some(_) => {}
        }
    }
    let ours = |(key, value): (&Text, &Value)| {
        expected.iter().any(|(known, wanted)| *key == **known && value == wanted)
    };
    if !matched.as_object().is_none_or(|members| members.iter().all(ours)) {
        wrong.push(Cause::invalid("spec.selector", &spec["selector"], "`selector` not auto-generated"));
    }
}

pub(super) fn check_change(job: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    let (new, old) = (&job["spec"], &existing["spec"]);
    check_spec(new, wrong);
    let mut immutable = |key: &str| {
        if new[key] != old[key] {
            wrong.push(Cause::invalid(&format!("spec.{key}"), &new[key], "field is immutable"));
        }
    };
    if new["completionMode"] != "Indexed" {
        immutable("completions");
    }
    immutable("selector");
    check_template_change(job, existing, wrong);
    let mut immutable = |key: &str| {
        if new[key] != old[key] {
            wrong.push(Cause::invalid(&format!("spec.{key}"), &new[key], "field is immutable"));
        }
    };
    for key in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        immutable(key);
    }
}

/// The template may not change, but for what guides the scheduler and for resources, and those only of a Job that
/// is suspended and has no pods.
fn check_template_change(job: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    let new = &job["spec"]["template"];
    let mut old = existing["spec"]["template"].clone();
    let status = &existing["status"];
    let idle = status.get("startTime").is_none() || holds(existing, "Suspended");
    let active = status["active"].as_i64().unwrap_or_default();
    if existing["spec"]["suspend"] != true || !idle || active != 0 {
        if *new != old {
            wrong.push(Cause::invalid("spec.template", new, "field is immutable"));
        }
        return;
    }
    for key in ["nodeSelector", "tolerations", "affinity", "schedulingGates"] {
        copy(&mut old["spec"], &new["spec"], key);
    }
    for list in ["containers", "initContainers"] {
        let containers = old["spec"].get_mut(list).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flat_map(Array::make_mut).enumerate() {
            let other = &new["spec"][list][index];
            if other["name"] == container["name"] {
                copy(container, other, "resources");
            }
        }
    }
    if new["spec"] != old["spec"] {
        wrong.push(Cause::invalid("spec.template.spec", &new["spec"], "field is immutable"));
    }
}

/// Makes a member like that of another object, missing if need be.
fn copy(target: &mut Value, source: &Value, key: &str) {
    let Some(members) = target.as_object_mut() else { return };
    match source.get(key) {
        Some(value) => members.insert(key.to_owned(), value.clone()),
        None => members.remove(key),
    };
}

/// Whether a Job's status has a condition that holds.
fn holds(job: &Value, kind: &str) -> bool {
    let conditions = job["status"]["conditions"].as_array();
    let is_it = |condition: &&Value| condition["type"] == kind && condition["status"] == "True";
    conditions.into_iter().flatten().any(|condition| is_it(&condition))
}

/// What the status of a Job may say, given what it said. The order of checks is the real one's.
pub(super) fn check_status(job: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    let (new, old) = (&job["status"], &existing["status"]);
    for key in ["active", "succeeded", "failed", "ready", "terminating"] {
        not_negative(new, key, "status", wrong);
    }
    let conditions = |why: &str| Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {why}"),
        field: "status.conditions".to_owned(),
    };
    let (complete, failed) = (holds(job, "Complete"), holds(job, "Failed"));
    let was = (holds(existing, "Complete"), holds(existing, "Failed"));
    let finished_now = (complete || failed) && !(was.0 || was.1);
    if complete && failed && (complete, failed) != was {
        wrong.push(conditions("cannot set Complete=True and Failed=true conditions"));
    }
    if complete && !was.0 && holds(job, "FailureTarget") {
        wrong.push(conditions("cannot set Complete=True and FailureTarget=true conditions"));
    }
    check_times(new, old, complete, complete != was.0, wrong);
    if failed && !was.1 && !holds(job, "FailureTarget") {
        wrong.push(conditions("cannot set Failed=True condition without the FailureTarget=true condition"));
    }
    if complete && !was.0 && !holds(job, "SuccessCriteriaMet") {
        let why = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        wrong.push(conditions(why));
    }
    if finished_now {
        check_finished(new, wrong);
    }
    for kind in ["Failed", "Complete", "FailureTarget"] {
        if holds(existing, kind) && !holds(job, kind) {
            wrong.push(conditions(&format!("cannot disable the terminal {kind}=True condition")));
        }
    }
    for (key, why) in [
        ("failed", "cannot decrease the failed counter"),
        ("succeeded", "cannot decrease the succeeded counter"),
    ] {
        let count = |status: &Value| status[key].as_i64().unwrap_or_default();
        if count(new) < count(old) {
            wrong.push(Cause::invalid(&format!("status.{key}"), &count(new).into(), why));
        }
    }
    let resumes = holds(existing, "Suspended") && !holds(job, "Suspended");
    let running = job["spec"]["suspend"] != true && !resumes;
    if old.get("startTime").is_some() && new["startTime"] != old["startTime"] && running {
        let why = "field is immutable for unsuspended job once set";
        wrong.push(Cause::invalid("status.startTime", &new["startTime"], why));
    }
}

fn check_times(new: &Value, old: &Value, complete: bool, changed: bool, wrong: &mut Vec<Cause>) {
    let path = "status.completionTime";
    let time = new.get("completionTime");
    let differs = time != old.get("completionTime");
    if let Some(time) = time.filter(|_| !complete && (changed || differs)) {
        let why = "cannot set completionTime when there is no Complete=True condition";
        wrong.push(Cause::invalid(path, time, why));
    }
    if time.is_none() && complete && (changed || differs) {
        wrong.push(Cause::required(path, "completionTime is required for Complete jobs"));
    }
    if let (Some(time), Some(_)) = (time, old.get("completionTime").filter(|_| differs)) {
        wrong.push(Cause::invalid(path, time, "field is immutable"));
    }
}

/// What a Job must be rid of when it ends.
fn check_finished(status: &Value, wrong: &mut Vec<Cause>) {
    if let Some(active) = status["active"].as_i64().filter(|active| *active > 0) {
        let why = "active>0 is invalid for finished job";
        wrong.push(Cause::invalid("status.active", &active.into(), why));
    }
    if status.get("startTime").is_none() {
        wrong.push(Cause::required("status.startTime", "startTime is required for finished job"));
    }
    let uncounted = &status["uncountedTerminatedPods"];
    let some = |key: &str| uncounted[key].as_array().is_some_and(|list| !list.is_empty());
    if some("failed") || some("succeeded") {
        let why = "must be empty for finished job";
        wrong.push(Cause::invalid("status.uncountedTerminatedPods", uncounted, why));
    }
    if let Some(count) = status["terminating"].as_i64().filter(|count| *count > 0) {
        let why = "terminating>0 is invalid for finished job";
        wrong.push(Cause::invalid("status.terminating", &count.into(), why));
    }
}
