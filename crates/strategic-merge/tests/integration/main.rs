//! The rules of job-manifest 3 and 7 as tables, and what must hold for every document.

mod as_json;
mod lists;
mod normal_form;
mod objects;
mod order_directives;
mod properties;
mod reading;
mod sharing;

use serde_json::{Value, json};
use strategic_merge::schema::table;

use as_json::merge;

/// YAML as JSON; empty text is an empty object.
#[track_caller]
fn yaml(text: &str) -> Value {
    match serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}")) {
        Value::Null => json!({}),
        value => value,
    }
}

/// Patches a PodSpec. `want` is the result, or the rule of the error.
#[track_caller]
fn check(id: &str, original: &str, patch: &str, want: &str) {
    let before = yaml(original);
    let mut merged = before.clone();
    match merge(&mut merged, &yaml(patch), &table::POD_SPEC) {
        Ok(()) => {
            assert!(!want.starts_with("E-"), "{id}: {patch} gives {merged}, wanted {want}");
            assert_eq!(merged, yaml(want), "{id}: {patch}");
        }
        Err(error) => {
            assert_eq!(error.rule(), want, "{id}: {patch}: {error}");
            assert_eq!(merged, before, "{id}: an error leaves the original as it was");
        }
    }
}

/// Patches a list of containers that is given by names. `want` is names, or the rule of the error.
#[track_caller]
fn check_names(id: &str, original: &str, patch: &str, want: &str) {
    let names = |names: &str| {
        let containers: Vec<Value> = names.split_whitespace().map(|name| json!({ "name": name })).collect();
        if containers.is_empty() { json!({}) } else { json!({ "containers": containers }) }
    };
    let mut merged = names(original);
    match merge(&mut merged, &yaml(patch), &table::POD_SPEC) {
        Ok(()) => {
            let got: Vec<&str> = merged["containers"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|container| container["name"].as_str().expect("containers have names"))
                .collect();
            assert_eq!(got.join(" "), want, "{id}: {patch}");
        }
        Err(error) => assert_eq!(error.rule(), want, "{id}: {patch}: {error}"),
    }
}
