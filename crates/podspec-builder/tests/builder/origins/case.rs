//! A job with its settings as one document, the way the rows of `fixtures/manifest` write it, and all inputs
//! in it.

use podspec_builder::{Builder, DEFAULT_AGENT_VERSION, Explained, JobRequest, JobUuid, Origin};
use serde_json::{Map, Value, json};

use crate::manifest::{config, row};

/// Stands in a plugin list where an element was taken out, so that the others keep their numbers.
const GONE: &str = "gone";

/// A row in which nothing is left to the defaults of the notation.
#[derive(Clone, Debug)]
pub(super) struct Case(pub(super) Value);

/// Something that a Job is made of.
#[derive(Clone, Debug)]
pub(super) struct Input {
    pub(super) origin: Origin,
    /// Where it stands in the document.
    pub(super) pointer: String,
}

impl Case {
    pub(super) fn of(row: &Value) -> Self {
        let mut row = row.clone();
        let missing = |row: &Value, key: &str| row.get(key).is_none_or(Value::is_null);
        for (key, value) in [("command", json!("echo hi")), ("priority", json!(0)), ("config", json!({}))] {
            if missing(&row, key) {
                row[key] = value;
            }
        }
        if missing(&row["config"], "image") {
            row["config"]["image"] = config::base().image.into();
        }
        row["uuid"] = "uuid-1".into();
        if let Some(list) = row["plugins"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok())
        {
            row["plugins"] = list;
        }
        row.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        Self(row)
    }

    fn job(&self) -> Option<(Builder, JobRequest)> {
        let mut row = self.0.clone();
        if let Some(list) = row.get_mut("plugins").and_then(Value::as_array_mut) {
            list.retain(|element| element != GONE);
        }
        // Rows have another image than controllers without a configuration.
        let image = format!("ghcr.io/buildkite/agent:{DEFAULT_AGENT_VERSION}");
        row["config"].as_object_mut()?.entry("image").or_insert(image.into());
        let builder = config::builder(&row["config"]).ok()?;
        let mut job = row::request(&row);
        job.uuid = JobUuid::new(row["uuid"].as_str()?).ok()?;
        Some((builder, job))
    }

    /// The Job; `None` where it is refused.
    pub(super) fn build(&self) -> Option<Value> {
        let (builder, job) = self.job()?;
        let plugins = builder.parse_plugin(&job).ok()?;
        Some(builder.build(&job, &plugins, self.0.get("template")).ok()?.to_json())
    }

    pub(super) fn explain(&self) -> Option<Explained> {
        let (builder, job) = self.job()?;
        builder.explain(&job, self.0.get("template")).ok()
    }

    /// The case without an input, or with another value in its place.
    pub(super) fn put(&self, input: &Input, other: Option<&Value>) -> Self {
        let mut case = self.clone();
        let (parent, key) = input.pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        let place = case.0.pointer_mut(&input.pointer);
        match (input.pointer.as_str(), other) {
            (_, Some(other)) => *place.unwrap() = other.clone(),
            // What a job is never without.
            ("/uuid", None) => case.0["uuid"] = "uuid-2".into(),
            ("/priority", None) => case.0["priority"] = (case.0["priority"].as_i64().unwrap() ^ 1).into(),
            ("/command", None) => case.0["command"] = "".into(),
            (_, None) if parent == "/rules" => *place.unwrap() = "".into(),
            (_, None) if parent == "/plugins" => *place.unwrap() = GONE.into(),
            (_, None) => match case.0.pointer_mut(parent) {
                Some(Value::Object(members)) => members.retain(|other, _| *other != key),
                Some(Value::Array(elements)) => elements[key.parse::<usize>().unwrap()] = json!({}),
                // What holds it was taken away before.
                _ => {}
            },
        }
        case
    }

    pub(super) fn value(&self, input: &Input) -> Value {
        self.0.pointer(&input.pointer).cloned().unwrap_or_default()
    }

    /// The texts that stand under the same key as an input.
    pub(super) fn texts_like(&self, input: &Input) -> Vec<Value> {
        fn texts(value: &Value, key: &str, found: &mut Vec<Value>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get(key).filter(|text| text.is_string()).cloned());
                    members.values().for_each(|member| texts(member, key, found));
                }
                Value::Array(elements) => elements.iter().for_each(|element| texts(element, key, found)),
                _ => {}
            }
        }
        let key = input.pointer.rsplit('/').next().unwrap();
        let mut found = Vec::new();
        texts(&self.0, key, &mut found);
        found
    }

    /// All inputs: the job's own, then each leaf of each document.
    pub(super) fn inputs(&self) -> Vec<Input> {
        self.parts(false)
    }

    /// What holds inputs.
    pub(super) fn holders(&self) -> Vec<Input> {
        self.parts(true)
    }

    fn parts(&self, holders: bool) -> Vec<Input> {
        let mut found = Vec::new();
        let mut push = |pointer: String, origin| found.push(Input { origin, pointer });
        for (key, name) in [
            ("uuid", "uuid"),
            ("command", "command"),
            ("priority", "priority"),
            ("queue", "queue"),
            ("token", "agent_token_source"),
        ] {
            if self.0.get(key).is_some_and(|value| value != "") {
                push(format!("/{key}"), Origin::Job(name.to_owned()));
            }
        }
        for index in 0..self.0["rules"].as_array().map_or(0, Vec::len) {
            push(format!("/rules/{index}"), Origin::Job(format!("agent_query_rules[{index}]")));
        }
        for name in self.0["env"].as_object().into_iter().flat_map(Map::keys) {
            push(format!("/env/{name}"), Origin::Variable(name.clone()));
        }
        for (part, root) in [("config", ""), ("plugin", ""), ("template", "podTemplate.template.spec")] {
            if let Some(document) = self.0.get(part) {
                leaves(document, holders, format!("/{part}"), root.to_owned(), &mut |pointer, place| {
                    // A list of containers is read as the `containers` of a patch.
                    let place = place.replace("pod-spec-patch[", "pod-spec-patch.containers[");
                    if place != root {
                        push(pointer, origin(part, place));
                    }
                });
            }
        }
        if self.0["config"].get("agent-config").is_some_and(|config| config != &json!({})) {
            push("/config/agent-config".to_owned(), Origin::Setting("agent-config".to_owned()));
        }
        self.plugins(holders, &mut push);
        found
    }

    /// The leaves of each block in the list; of another plugin that it is there.
    fn plugins(&self, holders: bool, push: &mut dyn FnMut(String, Origin)) {
        let elements = self.0["plugins"].as_array().map_or(&[][..], Vec::as_slice);
        let block = |element: &Value| {
            let (name, block) = element.as_object()?.iter().next()?;
            if block.is_null() || block == &json!({}) {
                return None;
            }
            let full = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";
            (name == "KUBERNETES" || name == full).then(|| (name.replace('/', "~1"), block.clone()))
        };
        let is_kubernetes = |element: &&Value| {
            let full = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";
            element.get("KUBERNETES").or_else(|| element.get(full)).is_some()
        };
        let several = elements.iter().filter(is_kubernetes).count() > 1;
        for (index, element) in elements.iter().enumerate() {
            let place = format!("BUILDKITE_PLUGINS[{index}]");
            let Some((name, block)) = block(element) else {
                push(format!("/plugins/{index}"), Origin::Plugin(place));
                continue;
            };
            let root = if several { place } else { String::new() };
            leaves(
                &block,
                holders,
                format!("/plugins/{index}/{name}"),
                root.clone(),
                &mut |pointer, place| {
                    let inside = place.strip_prefix(&root).unwrap().trim_start_matches('.');
                    let patch = inside.starts_with("podSpecPatch");
                    push(pointer, if patch { Origin::PluginPatch(place) } else { Origin::Plugin(place) });
                },
            );
        }
    }
}

fn origin(part: &str, place: String) -> Origin {
    match part {
        "template" => Origin::PodTemplate(place),
        "plugin" if place.starts_with("podSpecPatch") => Origin::PluginPatch(place),
        "plugin" => Origin::Plugin(place),
        _ if place.starts_with("pod-spec-patch") => Origin::SettingsPatch(place),
        // The rows write them as numbers.
        _ => Origin::Setting(
            place.replace("job-ttl-seconds", "job-ttl").replace("start-timeout-seconds", "start-timeout"),
        ),
    }
}

/// The leaves below a value, or with `holders` all that hold leaves.
fn leaves(
    value: &Value,
    holders: bool,
    pointer: String,
    place: String,
    found: &mut dyn FnMut(String, String),
) {
    let directive = place.rsplit('.').next().is_some_and(|key| key.starts_with('$'));
    let is_branch = !directive
        && match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(elements) => !elements.is_empty() && elements.iter().all(Value::is_object),
            _ => false,
        };
    if is_branch == holders {
        found(pointer.clone(), place.clone());
    }
    match value {
        Value::Object(members) if is_branch => {
            for (key, value) in members {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                leaves(value, holders, pointer, place, found);
            }
        }
        Value::Array(elements) if is_branch => {
            for (index, value) in elements.iter().enumerate() {
                leaves(value, holders, format!("{pointer}/{index}"), format!("{place}[{index}]"), found);
            }
        }
        _ => {}
    }
}
