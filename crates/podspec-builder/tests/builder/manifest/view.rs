//! What a row expects of a built Job.

use podspec_builder::Built;
use serde_json::{Value, json};

/// A built Job, seen with the words of the fixtures.
pub(crate) struct View<'a> {
    built: &'a Built,
    job: Value,
    pod: Value,
}

impl<'a> View<'a> {
    pub(crate) fn new(built: &'a Built) -> Self {
        let job = built.to_json();
        Self { built, pod: job["spec"]["template"]["spec"].clone(), job }
    }

    /// Compares everything that the row names.
    pub(crate) fn check(&self, expected: &Value, failures: &mut Vec<String>) {
        let expected = expected.as_object().unwrap();
        if !expected.contains_key("warnings") && !self.built.warnings.is_empty() {
            failures.push(format!("unexpected warnings {:?}", self.built.warnings));
        }
        for (key, want) in expected {
            let got = match key.as_str() {
                "warnings" => self.built.warnings.iter().map(|warning| json!(warning.id)).collect(),
                "containers" => names(&self.pod["containers"]),
                "init" => names(&self.pod["initContainers"]),
                "volumes" => names(&self.pod["volumes"]),
                "labels" | "annotations" => {
                    self.check_metadata(key, want, failures);
                    continue;
                }
                _ => {
                    self.check_entries(key, want, failures);
                    continue;
                }
            };
            compare(key, &got, want, failures);
        }
    }

    /// Job and pod template carry the same.
    fn check_metadata(&self, key: &str, want: &Value, failures: &mut Vec<String>) {
        let places = [&self.job["metadata"][key], &self.job["spec"]["template"]["metadata"][key]];
        for (entry, value) in want.as_object().unwrap() {
            for place in places {
                compare(&format!("{key} {entry}"), &place[entry.as_str()], value, failures);
            }
        }
    }

    fn check_entries(&self, key: &str, want: &Value, failures: &mut Vec<String>) {
        for (entry, value) in want.as_object().unwrap_or_else(|| panic!("`{key}` takes a map")) {
            let got = match key {
                "job" => find(&self.job, entry).clone(),
                "pod" => find(&self.pod, entry).clone(),
                "commands" => self.variable(entry, "BUILDKITE_COMMAND"),
                "ids" => self.variable(entry, "BUILDKITE_CONTAINER_ID"),
                "env" => {
                    for (name, text) in value.as_object().unwrap() {
                        compare(&format!("{entry} {name}"), &self.variable(entry, name), text, failures);
                    }
                    continue;
                }
                "variables" => names(&self.container(entry)["env"]),
                "mounts" => self.mounts(entry),
                "envFrom" => self.env_from(entry),
                _ => panic!("the test knows no expectation `{key}`"),
            };
            compare(&format!("{key} {entry}"), &got, value, failures);
        }
    }

    fn container(&self, name: &str) -> &Value {
        let both = ["containers", "initContainers"];
        let mut all = both.iter().flat_map(|key| self.pod[*key].as_array().into_iter().flatten());
        all.find(|container| container["name"] == name).unwrap_or(&Value::Null)
    }

    /// A variable's text, or the whole source if it has one.
    fn variable(&self, container: &str, name: &str) -> Value {
        let variables = self.container(container)["env"].as_array().into_iter().flatten();
        let found: Vec<&Value> = variables.filter(|variable| variable["name"] == name).collect();
        match found[..] {
            [] => Value::Null,
            [variable] => variable.get("value").or(variable.get("valueFrom")).cloned().unwrap_or_default(),
            _ => json!(format!("{} times", found.len())),
        }
    }

    /// `volume:path`, in order.
    fn mounts(&self, container: &str) -> Value {
        let mounts = self.container(container)["volumeMounts"].as_array().into_iter().flatten();
        mounts
            .map(|mount| {
                let path = mount["mountPath"].as_str().unwrap_or("-");
                json!(format!("{}:{path}", mount["name"].as_str().unwrap()))
            })
            .collect()
    }

    /// Prefix, or the name of the source, in order.
    fn env_from(&self, container: &str) -> Value {
        let sources = self.container(container)["envFrom"].as_array().into_iter().flatten();
        sources
            .map(|source| {
                let kinds = ["prefix", "secretRef", "configMapRef"];
                let found = kinds.iter().find_map(|kind| source.get(kind)).unwrap();
                found.get("name").unwrap_or(found).clone()
            })
            .collect()
    }
}

fn names(list: &Value) -> Value {
    list.as_array().into_iter().flatten().map(|entry| entry["name"].clone()).collect()
}

fn compare(what: &str, got: &Value, want: &Value, failures: &mut Vec<String>) {
    if got != want {
        failures.push(format!("{what} is {got}, expected {want}"));
    }
}

/// The value at a path: members by key, elements by name or number, parts separated by blanks.
fn find<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split(' ').fold(value, |value, part| match value {
        Value::Array(list) => match part.parse::<usize>() {
            Ok(index) => list.get(index),
            Err(_) => list.iter().find(|entry| entry["name"] == part),
        }
        .unwrap_or(&Value::Null),
        _ => value.get(part).unwrap_or(&Value::Null),
    })
}
