//! Jobs that nobody thought of: parts of several rows put together, and blocks drawn part by part.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use serde_json::{Map, Value, json};

use super::case::Case;
use super::trial::Trial;
use super::{ROWS, asked_for_all};
use crate::properties::{any_json, container};

/// A few that are the same each time, or many others each time.
fn configuration() -> ProptestConfig {
    let all = asked_for_all();
    ProptestConfig {
        cases: if all { 150 } else { 16 },
        rng_seed: if all { RngSeed::Random } else { RngSeed::Fixed(4) },
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// The settings of one row, the job of another, and the members of two blocks.
fn crossed(picks: &[Index; 4], with_token: bool) -> Value {
    let [settings, job, block, other] = picks.each_ref().map(|pick| pick.get(&ROWS));
    let mut row = job.clone();
    for key in ["plugin", "plugins", "template", "config"] {
        row.as_object_mut().unwrap().remove(key);
    }
    let mut members = Map::new();
    for block in [block, other] {
        members.extend(block["plugin"].as_object().cloned().unwrap_or_default());
    }
    row["plugin"] = members.into();
    row["config"] = settings.get("config").cloned().unwrap_or_else(|| json!({}));
    if let Some(template) = block.get("template").or(other.get("template")) {
        row["template"] = template.clone();
    }
    if with_token {
        row["queue"] = "linux".into();
        row["token"] = json!({ "name": "job-token", "key": "TOKEN" });
    }
    row["cite"] =
        format!("{} + {} + {} + {}", settings["cite"], job["cite"], block["cite"], other["cite"]).into();
    row
}

fn judge(row: &Value) -> Result<(), TestCaseError> {
    let trial = Trial::of(&Case::of(row));
    prop_assert!(trial.wrong.is_empty(), "{row:#}\n{}", trial.wrong.join("\n"));
    Ok(())
}

proptest! {
    #![proptest_config(configuration())]

    /// controller-config 8.3
    #[test]
    fn origins_of_parts_put_together(picks in any::<[Index; 4]>(), with_token in any::<bool>()) {
        judge(&crossed(&picks, with_token))?;
    }

    /// controller-config 8.3
    #[test]
    fn origins_of_drawn_blocks(
        containers in prop::collection::vec(container(), 0..4),
        patched in prop::collection::vec(container(), 0..2),
        sidecars in prop::collection::vec(container(), 0..2),
        skip in prop::option::of(any::<bool>()),
        interposer in prop::sample::select(vec!["", "buildkite", "vector", "legacy"]),
        command in prop::sample::select(vec!["", "true", "make 'a b'"]),
        other in prop::option::of(any_json()),
        others_plugin in any::<bool>(),
        priority in -1..2_i64,
        rules in prop::collection::vec(prop::sample::select(vec!["queue=a", "os=b", "x", ""]), 0..3),
        settings in prop::sample::subsequence(vec!["id", "image", "job-prefix", "default-image-pull-policy"], 0..4),
    ) {
        let named = |(at, mut container): (usize, Value)| {
            container["name"] = format!("container-{at}").into();
            container.as_object_mut().unwrap().retain(|key, _| key != "args");
            container
        };
        let patch: Vec<Value> = patched.into_iter().enumerate().map(named).collect();
        let mut block = json!({
            "commandParams": { "interposer": interposer },
            "sidecars": sidecars,
            "podSpec": { "containers": containers },
            "podSpecPatch": { "containers": patch },
        });
        if let Some(skip) = skip {
            block["checkout"] = json!({ "skip": skip });
        }
        if let Some(other) = other {
            block["metadata"] = other;
        }
        let mut plugins = vec![json!({ "KUBERNETES": block })];
        if others_plugin {
            plugins.push(json!({ "docker#v1": null }));
        }
        let value = |key: &str| if key.ends_with("policy") { "Always" } else { "b:1" };
        let config: Map<String, Value> =
            settings.into_iter().map(|key| (key.to_owned(), value(key).into())).collect();
        judge(&json!({
            "plugins": plugins, "command": command, "priority": priority, "rules": rules, "config": config,
        }))?;
    }
}
