//! One request from a source of chance: mostly good ones, some with something wrong.

use fastrand::Rng;
use http::Method;
use serde_json::{Map, Value, json};

use super::super::graceful::pod;
use super::super::stage::{JSON, JSON_PATCH, MERGE_PATCH};
use super::{OBJECTS, Step};

/// True in one of `of` cases.
fn one_in(rng: &mut Rng, of: u32) -> bool {
    rng.u32(..of) == 0
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}

/// One request.
pub(super) fn step(rng: &mut Rng, kind: &'static str) -> Step {
    let object = pick(rng, &OBJECTS);
    let one = format!("{kind}/{object}");
    let step = |method, path, content, body| Step { method, path, content, object, body };
    match rng.u32(..12) {
        0..=2 => step(Method::POST, kind.to_owned(), JSON, created(rng, kind, object)),
        3 => step(Method::GET, one, JSON, Value::Null),
        4 => {
            let query = pick(
                rng,
                &[
                    "",
                    "?labelSelector=x",
                    "?labelSelector=x%3D1,!y",
                    "?labelSelector=x%20notin%20(1)",
                    "?fieldSelector=metadata.name%3Da",
                    "?limit=5",
                ],
            );
            step(Method::GET, format!("{kind}{query}"), JSON, Value::Null)
        }
        // Admission adds to a pod's spec what a replacement would have to repeat.
        5 | 6 if kind != "pods" => step(Method::PUT, one, JSON, replaced(rng, kind, object)),
        7 | 8 => {
            let path = if kind == "pods" && rng.bool() { format!("{one}/status") } else { one };
            step(Method::PATCH, path, MERGE_PATCH, merged(rng, kind))
        }
        5 | 6 | 9 => step(Method::PATCH, one, JSON_PATCH, json_patch(rng)),
        _ => step(Method::DELETE, one, JSON, deleted(rng)),
    }
}

/// An object of the kind with chance labels and content.
fn content(rng: &mut Rng, kind: &str, name: &str) -> Value {
    let mut object = if kind == "pods" { pod(name) } else { json!({ "metadata": { "name": name } }) };
    if kind == "pods" {
        object["spec"]["nodeName"] = json!("$namespace");
    }
    match kind {
        "secrets" => {
            object["data"] = json!({ "k": pick(rng, &["MQ==", "Mg==", ""]) });
            if one_in(rng, 6) {
                object["immutable"] = json!(true);
            }
        }
        "configmaps" => object["data"] = json!({ "k": pick(rng, &["1", "2", ""]) }),
        "leases" => {
            object["spec"] = json!({ "holderIdentity": pick(rng, &["one", "two", ""]) });
            if one_in(rng, 4) {
                object["spec"]["leaseDurationSeconds"] = json!(pick(rng, &[-1, 0, 15]));
            }
        }
        _ => {}
    }
    if rng.bool() {
        object["metadata"]["labels"] = labels(rng);
    }
    if one_in(rng, 4) {
        object["metadata"]["finalizers"] = finalizers(rng);
    }
    object
}

fn labels(rng: &mut Rng) -> Value {
    let mut labels = Map::new();
    for key in ["x", "y"] {
        if rng.bool() {
            let value = if one_in(rng, 12) { "not good" } else { pick(rng, &["1", "2", ""]) };
            labels.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(labels)
}

fn finalizers(rng: &mut Rng) -> Value {
    pick(
        rng,
        &[&["example.com/a"][..], &["example.com/a", "example.com/b"], &["example.com/b"], &["bad"], &[]],
    )
    .into()
}

fn created(rng: &mut Rng, kind: &str, name: &str) -> Value {
    let mut object = content(rng, kind, name);
    match rng.u32(..16) {
        0 => object["metadata"]["namespace"] = json!("other"),
        1 => object["metadata"]["namespace"] = json!("$namespace"),
        2 => object["metadata"]["resourceVersion"] = json!("$version"),
        3 => object["metadata"]["uid"] = json!("$uid"),
        5 => object["metadata"]["annotations"] = json!({ "a": "b", "c": "" }),
        6 => object["metadata"]["deletionTimestamp"] = json!("2001-01-01T00:00:00Z"),
        _ => {}
    }
    object
}

fn replaced(rng: &mut Rng, kind: &str, name: &str) -> Value {
    let mut object = content(rng, kind, name);
    match rng.u32(..6) {
        0 => {}
        1 => object["metadata"]["resourceVersion"] = json!("$old"),
        _ => object["metadata"]["resourceVersion"] = json!("$version"),
    }
    match rng.u32(..10) {
        0 => object["metadata"]["uid"] = json!("other"),
        1 => object["metadata"]["uid"] = json!("$uid"),
        2 => object["metadata"]["name"] = json!("c"),
        3 => object["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z"),
        _ => {}
    }
    object
}

fn merged(rng: &mut Rng, kind: &str) -> Value {
    let mut patch = json!({ "metadata": {} });
    if rng.bool() {
        let key = pick(rng, &["x", "y"]);
        patch["metadata"]["labels"] = json!({ key: pick(rng, &[Some("1"), Some("2"), None]) });
    }
    if one_in(rng, 3) {
        patch["metadata"]["finalizers"] = if rng.bool() { Value::Null } else { finalizers(rng) };
    }
    match rng.u32(..16) {
        0 => patch["metadata"]["resourceVersion"] = json!("$version"),
        1 => patch["metadata"]["resourceVersion"] = json!("$old"),
        2 => patch["metadata"]["uid"] = json!("$uid"),
        3 => patch["metadata"]["uid"] = json!("other"),
        4 => patch["metadata"]["name"] = json!("c"),
        5 => patch["metadata"]["deletionTimestamp"] = Value::Null,
        6 => patch["metadata"]["annotations"] = json!({ "a": pick(rng, &["b", "c"]) }),
        7 => patch["metadata"]["labels"] = Value::Null,
        8 => patch["colour"] = json!("red"),
        _ => {}
    }
    if rng.bool() {
        match kind {
            "secrets" | "configmaps" => {
                let text = pick(rng, &["MQ==", "Mg=="]);
                patch["data"] = json!({ pick(rng, &["k", "l"]): text });
            }
            "leases" => patch["spec"] = json!({ "holderIdentity": pick(rng, &["one", "two", ""]) }),
            _ if rng.bool() => {
                patch["status"] = json!({ "phase": pick(rng, &["Running", "Succeeded", "Failed"]) })
            }
            _ => patch["spec"] = json!({ "activeDeadlineSeconds": pick(rng, &[0, 5, 9]) }),
        }
    }
    patch
}

fn json_patch(rng: &mut Rng) -> Value {
    let mut operations = Vec::new();
    for _ in 0..=rng.usize(..2) {
        operations.push(match rng.u32(..9) {
            0 => json!({ "op": "test", "path": "/metadata/uid", "value": "$uid" }),
            1 => json!({ "op": "test", "path": "/metadata/uid", "value": "other" }),
            2 => json!({ "op": "test", "path": "/metadata/resourceVersion", "value": "$version" }),
            3 => json!({ "op": "add", "path": "/metadata/labels/x", "value": pick(rng, &["1", "2"]) }),
            4 => json!({ "op": "add", "path": "/metadata/labels", "value": { "x": pick(rng, &["1", "2"]) } }),
            5 => json!({ "op": "remove", "path": "/metadata/labels/x" }),
            6 => json!({ "op": "replace", "path": "/metadata/labels/y", "value": "3" }),
            7 => json!({ "op": "remove", "path": "/metadata/finalizers/0" }),
            _ => json!({ "op": "add", "path": "/metadata/finalizers", "value": ["example.com/a"] }),
        });
    }
    Value::Array(operations)
}

fn deleted(rng: &mut Rng) -> Value {
    let mut options = json!({});
    match rng.u32(..8) {
        0 => options["preconditions"] = json!({ "uid": "$uid" }),
        1 => options["preconditions"] = json!({ "uid": "other" }),
        2 => options["preconditions"] = json!({ "resourceVersion": "$version" }),
        3 => options["preconditions"] = json!({ "resourceVersion": "$old" }),
        4 => return Value::Null,
        _ => {}
    }
    if one_in(rng, 3) {
        options["propagationPolicy"] = json!("Background");
    }
    if rng.bool() {
        // Shorter ones than the 30 s of a pod are over before a busy machine gets to the next request.
        options["gracePeriodSeconds"] = json!(pick(rng, &[0, 0, 28, 60]));
    }
    options
}
