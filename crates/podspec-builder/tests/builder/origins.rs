//! Where fields come from, held against experiments of this test's own: the rows of `fixtures/manifest` are
//! run again without each of their inputs.

use podspec_builder::{Explained, Field, Origin};
use serde_json::{Value, json};

use super::manifest::{config, row};

/// A row, built and explained; `None` for one that is refused.
fn explain(row: &Value) -> Option<Explained> {
    let builder = config::builder(&row["config"]).ok()?;
    builder.explain(&row::request(row), row.get("template")).ok()
}

fn rows() -> Vec<Value> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/manifest");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let rows = files.iter().flat_map(|file| {
        serde_yaml::from_str::<Vec<Value>>(&std::fs::read_to_string(file).unwrap()).unwrap()
    });
    rows.collect()
}

/// The pointers of an input's leaves with the origin that names each.
fn inputs(row: &Value) -> Vec<(String, Origin)> {
    let mut found = Vec::new();
    for (part, root) in [("config", ""), ("plugin", ""), ("template", "podTemplate.template.spec")] {
        if let Some(document) = row.get(part) {
            leaves(document, format!("/{part}"), root.to_owned(), &mut |pointer, place| {
                found.push((pointer, origin(part, place)));
            });
        }
    }
    for name in row["env"].as_object().into_iter().flatten().map(|(name, _)| name) {
        found.push((format!("/env/{name}"), Origin::Variable(name.clone())));
    }
    found
}

fn origin(part: &str, place: String) -> Origin {
    match part {
        "template" => Origin::PodTemplate(place),
        "plugin" if place.starts_with("podSpecPatch") => Origin::PluginPatch(place),
        "plugin" => Origin::Plugin(place),
        _ if place.starts_with("pod-spec-patch") => Origin::SettingsPatch(place),
        // The rows write it as a number.
        _ => Origin::Setting(place.replace("job-ttl-seconds", "job-ttl")),
    }
}

fn leaves(value: &Value, pointer: String, place: String, found: &mut dyn FnMut(String, String)) {
    match value {
        Value::Object(members) if !members.is_empty() && !place.contains('$') => {
            for (key, value) in members {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                leaves(value, pointer, place, found);
            }
        }
        Value::Array(elements) if !elements.is_empty() && elements.iter().all(Value::is_object) => {
            for (index, value) in elements.iter().enumerate() {
                leaves(value, format!("{pointer}/{index}"), format!("{place}[{index}]"), found);
            }
        }
        _ => found(pointer, place),
    }
}

/// The row without the member at a pointer.
fn without(row: &Value, pointer: &str) -> Value {
    let mut row = row.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match row.pointer_mut(parent).unwrap() {
        Value::Object(members) => members.retain(|other, _| *other != key),
        Value::Array(elements) => elements[key.parse::<usize>().unwrap()] = json!({}),
        other => panic!("{other} has no members"),
    }
    row
}

/// The same field of another Job: lists of one length go by place, others by name.
fn same_field<'v>(field: &Field, job: &Value, other: &'v Value) -> Option<&'v Value> {
    let (mut here, mut there) = (job, other);
    for step in field.pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match (here, there) {
            (Value::Array(elements), Value::Array(others)) => {
                here = &elements[step.parse::<usize>().unwrap()];
                there = if elements.len() == others.len() {
                    &others[step.parse::<usize>().unwrap()]
                } else {
                    let key = if here.get("mountPath").is_some() { "mountPath" } else { "name" };
                    others.iter().find(|one| one.get(key) == here.get(key))?
                };
            }
            _ => {
                here = here.get(&step).unwrap();
                there = there.get(&step)?;
            }
        }
    }
    Some(there)
}

/// What the experiments with one row show.
#[derive(Default)]
struct Findings {
    fields: usize,
    experiments: usize,
    wrong: Vec<String>,
}

impl Findings {
    fn of(row: &Value) -> Self {
        let mut findings = Self::default();
        let Some(explained) = explain(row) else { return findings };
        findings.fields = explained.fields.len();
        let unknown = explained.fields.iter().filter(|field| field.origin == Origin::Rule("R-136"));
        findings.wrong.extend(unknown.map(|field| format!("{}: {}: no rule", row["cite"], field.path)));
        for (pointer, input) in inputs(row) {
            let other = without(row, &pointer);
            let other = config::builder(&other["config"]).ok().and_then(|b| row::build(&b, &other).ok());
            // Without it nothing can be built: then all is removed.
            let Some(other) = other else { continue };
            findings.experiments += 1;
            findings.hold(row, &explained, &input, &other.to_json());
        }
        findings
    }

    fn hold(&mut self, row: &Value, explained: &Explained, input: &Origin, other: &Value) {
        for field in &explained.fields {
            let changed = same_field(field, &explained.job, other) != Some(&field.value);
            let from_rule = matches!(field.origin, Origin::Rule(_) | Origin::Default { .. });
            let from_this = field.origin == *input && field.same.is_empty();
            if (from_this && !changed) || (from_rule && changed) {
                self.wrong.push(format!(
                    "{}: {} = {}: {}; without {input} changed: {changed}",
                    row["cite"], field.path, field.value, field.origin
                ));
            }
        }
    }
}

/// Removing what a field comes from changes or removes it; removing anything else does not touch what comes
/// from a rule or a default. And there is no field without an origin.
#[test]
fn origins_are_true() {
    let rows = rows();
    let share = rows.len().div_ceil(4);
    let all: Vec<Findings> = std::thread::scope(|scope| {
        let threads: Vec<_> = rows
            .chunks(share)
            .map(|rows| scope.spawn(|| rows.iter().map(Findings::of).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |count: fn(&Findings) -> usize| all.iter().map(count).sum::<usize>();
    let (fields, experiments) = (sum(|one| one.fields), sum(|one| one.experiments));
    assert!(fields > 10_000 && experiments > 500, "{fields} fields, {experiments} experiments");
    let wrong: Vec<&str> = all.iter().flat_map(|one| &one.wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} wrong origins:\n{}", wrong.len(), wrong.join("\n"));
}

#[track_caller]
fn check(row: &Value, path: &str, want: &str) {
    let explained = explain(row).unwrap();
    let field = explained.fields.iter().find(|field| field.path == path);
    let field = field.unwrap_or_else(|| {
        let paths: Vec<&str> = explained.fields.iter().map(|field| field.path.as_str()).collect();
        panic!("no {path} in\n{}", paths.join("\n"))
    });
    let list = |word: &str, origins: &[Origin]| {
        origins.iter().map(|origin| format!(" {word} {origin}")).collect::<String>()
    };
    let found = format!("{}{}{}", field.origin, list("same", &field.same), list("also", &field.also));
    assert_eq!(found, want, "{path}");
}

#[test]
fn where_fields_come_from() {
    let row = json!({
        "config": {
            "job-ttl-seconds": 60,
            "default-metadata": { "labels": { "team": "a", "example.com/x": "y" } },
            "agent-config": { "hooksVolume": { "name": "hooks", "configMap": { "name": "h" } }, "no-pty": true },
            "pod-spec-patch": { "nodeSelector": { "pool": "ci" }, "priorityClassName": "low" },
            "default-image-pull-policy": "Always",
        },
        "plugin": {
            "metadata": { "labels": { "team": "b" } },
            "podSpec": {
                "containers": [{ "name": "app", "image": "app:1", "command": ["make"] }],
                "volumes": [{ "name": "cache", "emptyDir": {} }],
            },
            "podSpecPatch": { "priorityClassName": "high", "containers": [{ "name": "app", "tty": true }] },
        },
        "env": { "BUILDKITE_BRANCH": "main" },
        "rules": ["queue=linux"],
    });
    let pod = |path: &str| format!("spec.template.spec.{path}");
    check(&row, "spec.ttlSecondsAfterFinished", "setting job-ttl");
    check(&row, "spec.activeDeadlineSeconds", "default of job-active-deadline-seconds (R-54)");
    check(&row, "spec.backoffLimit", "rule R-52");
    check(&row, "metadata.labels.team", "plugin metadata.labels.team");
    check(&row, "metadata.labels[example.com/x]", "setting default-metadata.labels.example.com/x");
    check(&row, "metadata.labels[tag.buildkite.com/queue]", "job agent_query_rules[0]");
    check(&row, "metadata.annotations[buildkite.com/build-branch]", "variable BUILDKITE_BRANCH");
    check(&row, &pod("containers[app].image"), "plugin podSpec.containers[0].image");
    check(&row, &pod("containers[app].env[BUILDKITE_COMMAND].value"), "plugin podSpec.containers[0].command");
    check(&row, &pod("containers[app].tty"), "plugin podSpecPatch.containers[0].tty");
    check(&row, &pod("containers[app].workingDir"), "rule R-67");
    check(&row, &pod("containers[app].env[BUILDKITE_COMMAND].name"), "rule R-64");
    check(&row, &pod("containers[agent].env[BUILDKITE_SHELL].name"), "rule R-91");
    // Given, but an image check pulls first: the policy would be the same without it.
    check(&row, &pod("containers[app].imagePullPolicy"), "rule R-108");
    check(&row, &pod("containers[agent].env[BUILDKITE_NO_PTY].value"), "setting agent-config.no-pty");
    check(&row, &pod("priorityClassName"), "plugin podSpecPatch.priorityClassName");
    check(&row, &pod("nodeSelector.pool"), "setting pod-spec-patch.nodeSelector.pool");
    check(&row, &pod("volumes[cache].emptyDir"), "plugin podSpec.volumes[0].emptyDir");
    check(&row, &pod("volumes[hooks].configMap.name"), "setting agent-config.hooksVolume.configMap.name");
    check(&row, &pod("volumes[workspace].emptyDir"), "default of workspace-volume (R-56)");
    check(
        &row,
        &pod("terminationGracePeriodSeconds"),
        "default of default-termination-grace-period-seconds (R-55)",
    );
}

/// Two inputs that say the same: the later one has the last word, and neither is hidden.
#[test]
fn inputs_that_say_the_same() {
    let row = json!({
        "config": { "pod-spec-patch": { "priorityClassName": "high" } },
        "plugin": {
            "podSpec": { "priorityClassName": "high", "containers": [{ "image": "app:1" }] },
            "podSpecPatch": { "priorityClassName": "high" },
        },
    });
    check(
        &row,
        "spec.template.spec.priorityClassName",
        "plugin podSpecPatch.priorityClassName same plugin podSpec.priorityClassName same setting \
         pod-spec-patch.priorityClassName",
    );
}
