//! Pods and their templates.

use std::collections::BTreeSet;

use shared_json::{Text, Value};

use super::{meta, words as judge};
use crate::object;
use crate::refusal::Cause;
use crate::selector::words;

const ENV_NAME: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";

fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    object.get(key).and_then(Value::as_array).into_iter().flatten().enumerate()
}

pub(super) fn check_template(template: &Value, path: &str, wrong: &mut Vec<Cause>) {
    let metadata = &template["metadata"];
    meta::check_labels(metadata.get("labels"), &format!("{path}.labels"), wrong);
    meta::check_annotations(metadata.get("annotations"), &format!("{path}.annotations"), wrong);
    check_spec(&template["spec"], &format!("{path}.spec"), wrong);
}

pub(super) fn check_spec(spec: &Value, path: &str, wrong: &mut Vec<Cause>) {
    let volumes = check_volumes(spec, path, wrong);
    if list(spec, "containers").next().is_none() {
        wrong.push(Cause::required(&format!("{path}.containers"), ""));
    }
    let mut names = BTreeSet::new();
    for key in ["containers", "initContainers"] {
        for (index, container) in list(spec, key) {
            let path = format!("{path}.{key}[{index}]");
            check_container(container, &path, &volumes, wrong);
            let name = object::text(container, &["name"]);
            if !name.is_empty() && !names.insert(name) {
                wrong.push(Cause::duplicate(&format!("{path}.name"), &Text::copied(name).into()));
            }
        }
    }
    let choice = |key: &str, known: &[&str]| {
        let value = object::text(spec, &[key]);
        let wrong = !value.is_empty() && !known.contains(&value);
        wrong.then(|| Cause::unsupported(&format!("{path}.{key}"), &format!("{value:?}"), known))
    };
    wrong.extend(choice("restartPolicy", &["Always", "OnFailure", "Never"]));
    let policies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    wrong.extend(choice("dnsPolicy", &policies));
    meta::check_labels(spec.get("nodeSelector"), &format!("{path}.nodeSelector"), wrong);
    let account = object::text(spec, &["serviceAccountName"]);
    if !account.is_empty() {
        judge(&format!("{path}.serviceAccountName"), account, words::subdomain(account), wrong);
    }
    if let Some(seconds) = spec.get("activeDeadlineSeconds").and_then(Value::as_i64)
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let why = "must be between 1 and 2147483647, inclusive";
        wrong.push(Cause::invalid(&format!("{path}.activeDeadlineSeconds"), &seconds.into(), why));
    }
    let class = object::text(spec, &["priorityClassName"]);
    if !class.is_empty() {
        judge(&format!("{path}.priorityClassName"), class, words::subdomain(class), wrong);
    }
}

/// Names of the volumes that are in order.
fn check_volumes<'a>(spec: &'a Value, path: &str, wrong: &mut Vec<Cause>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for (index, volume) in list(spec, "volumes") {
        let before = wrong.len();
        let path = format!("{path}.volumes[{index}].name");
        let name = object::text(volume, &["name"]);
        if name.is_empty() {
            wrong.push(Cause::required(&path, ""));
        } else {
            judge(&path, name, words::label(name), wrong);
        }
        if names.contains(name) {
            wrong.push(Cause::duplicate(&path, &Text::copied(name).into()));
        }
        if wrong.len() == before {
            names.insert(name);
        }
    }
    names
}

fn check_container(container: &Value, path: &str, volumes: &BTreeSet<&str>, wrong: &mut Vec<Cause>) {
    let name = object::text(container, &["name"]);
    if name.is_empty() {
        wrong.push(Cause::required(&format!("{path}.name"), ""));
    } else {
        judge(&format!("{path}.name"), name, words::label(name), wrong);
    }
    if object::text(container, &["image"]).is_empty() {
        wrong.push(Cause::required(&format!("{path}.image"), ""));
    }
    let choice = |key: &str, known: &[&str]| {
        let value = object::text(container, &[key]);
        let wrong = !value.is_empty() && !known.contains(&value);
        wrong.then(|| Cause::unsupported(&format!("{path}.{key}"), &format!("{value:?}"), known))
    };
    wrong.extend(choice("terminationMessagePolicy", &["FallbackToLogsOnError", "File"]));
    for (index, variable) in list(container, "env") {
        let path = format!("{path}.env[{index}].name");
        let name = object::text(variable, &["name"]);
        if name.is_empty() {
            wrong.push(Cause::required(&path, ""));
        } else if name.bytes().any(|byte| byte == b'=' || !(b' '..=b'~').contains(&byte)) {
            wrong.push(Cause::invalid(&path, &Text::copied(name).into(), ENV_NAME));
        }
    }
    let mut places = BTreeSet::new();
    for (index, mount) in list(container, "volumeMounts") {
        let path = format!("{path}.volumeMounts[{index}]");
        let (name, place) = (object::text(mount, &["name"]), object::text(mount, &["mountPath"]));
        if name.is_empty() {
            wrong.push(Cause::required(&format!("{path}.name"), ""));
        }
        if !volumes.contains(name) {
            wrong.push(Cause::not_found(&format!("{path}.name"), &Text::copied(name).into()));
        }
        if place.is_empty() {
            wrong.push(Cause::required(&format!("{path}.mountPath"), ""));
        }
        if !places.insert(place) {
            wrong.push(Cause::invalid(
                &format!("{path}.mountPath"),
                &Text::copied(place).into(),
                "must be unique",
            ));
        }
    }
    wrong.extend(choice("imagePullPolicy", &["Always", "IfNotPresent", "Never"]));
}

const MUTABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
     `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to \
     be set to 1 if it was previously negative)";

/// Of a pod's specification only images, tolerations and deadlines may change; a deadline only comes nearer.
pub(super) fn check_change(pod: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    if pod["spec"] == existing["spec"] {
        return;
    }
    let mut new = pod["spec"].clone();
    let old = &existing["spec"];
    for key in ["containers", "initContainers"] {
        let before = old[key].as_array().map_or(0, |list| list.len());
        let now = new[key].as_array().map_or(0, |list| list.len());
        if before != now {
            let why = "pod updates may not add or remove containers";
            wrong.push(Cause::forbidden(&format!("spec.{key}"), why));
            return;
        }
        for index in 0..now {
            if let Some(image) = old[key][index].get("image") {
                new[key][index]["image"] = image.clone();
            }
        }
    }
    let seconds = |spec: &Value| spec.get("activeDeadlineSeconds").and_then(Value::as_i64);
    let path = "spec.activeDeadlineSeconds";
    match (seconds(old), seconds(&new)) {
        (Some(before), Some(now)) if before < now => {
            wrong.push(Cause::invalid(path, &now.into(), "must be less than or equal to previous value"));
            return;
        }
        (Some(_), None) => {
            let why = "must not update from a positive integer to nil value";
            wrong.push(Cause::invalid(path, &Value::Null, why));
            return;
        }
        _ => {}
    }
    for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        match old.get(key) {
            Some(value) => new[key] = value.clone(),
            None => {
                new.as_object_mut().map(|members| members.remove(key));
            }
        }
    }
    if new != *old {
        wrong.push(Cause::forbidden(
            "spec",
            &format!("pod updates may not change fields other than {MUTABLE}\n"),
        ));
    }
}
