//! Labels and annotations of Job and pod (job-manifest 5.2).

use std::collections::BTreeMap;

use shared_json::{Text, Value};

use crate::compose::sidecar;
use crate::compose::tags::AgentTags;
use crate::draft::Inputs;
use crate::error::{Warning, quoted_address};
use crate::object::Object;
use crate::text::job_url::job_url;

/// Labels and annotations, sorted.
pub(crate) fn compose(
    inputs: Inputs<'_>,
    tags: &AgentTags<'_>,
    warnings: &mut Vec<Warning>,
) -> (Object, Object) {
    (labels(inputs, tags, warnings), annotations(inputs, warnings))
}

/// What the configuration gives to every Job; `fixed` comes before it.
pub(crate) fn defaults(fixed: &[(&'static str, &'static str)], given: &BTreeMap<String, String>) -> Object {
    let mut map: Object = fixed.iter().map(|(key, value)| (*key, Value::from(*value))).collect();
    lay_over(&mut map, given);
    map
}

/// Annotations that every Job has unless somebody wrote another.
pub(crate) const FIXED_ANNOTATIONS: [(&str, &str); 1] =
    [("cluster-autoscaler.kubernetes.io/safe-to-evict", "false")];

fn lay_over(map: &mut Object, given: &BTreeMap<String, String>) {
    for (key, value) in given {
        map.insert(key, value.into());
    }
}

fn labels(inputs: Inputs<'_>, tags: &AgentTags<'_>, warnings: &mut Vec<Warning>) -> Object {
    let given = &inputs.plugin.metadata.labels;
    let mut map = inputs.prepared.labels.clone();
    map.reserve(given.len() + inputs.job.agent_query_rules.len() + 2);
    lay_over(&mut map, given);
    let mut labels = Reserved { kind: "labels", given, map, warnings };
    labels.set("buildkite.com/job-uuid", inputs.job.uuid.as_text().clone());
    let id = &inputs.prepared.controller_id;
    labels.set_or_remove("buildkite.com/controller-id", (!id.is_empty()).then(|| id.clone()));
    for (key, value) in tags.labels(labels.warnings) {
        labels.set(key, value);
    }
    labels.map.sort_keys();
    labels.map
}

fn annotations(inputs: Inputs<'_>, warnings: &mut Vec<Warning>) -> Object {
    let (job, plugin) = (inputs.job, inputs.plugin);
    let given = &plugin.metadata.annotations;
    let mut map = inputs.prepared.annotations.clone();
    map.reserve(given.len() + plugin.sidecars.len() + 9);
    lay_over(&mut map, given);
    let mut annotations = Reserved { kind: "annotations", given, map, warnings };
    for (key, variable) in [
        ("buildkite.com/build-url", "BUILDKITE_BUILD_URL"),
        ("buildkite.com/build-branch", "BUILDKITE_BRANCH"),
        ("buildkite.com/build-repo", "BUILDKITE_REPO"),
        ("buildkite.com/pipeline-slug", "BUILDKITE_PIPELINE_SLUG"),
        ("buildkite.com/step-key", "BUILDKITE_STEP_KEY"),
    ] {
        annotations.set(key, Text::copied(job.env(variable)));
    }
    let url = job_url(job.env("BUILDKITE_BUILD_URL"), job.uuid.as_str());
    if url.is_none() {
        let message = format!(
            "the build URL {} cannot be parsed, so the Job has no annotation `buildkite.com/job-url`; leave this variable to Buildkite",
            quoted_address(job.env("BUILDKITE_BUILD_URL"))
        );
        annotations.warnings.push(Warning::new("W-6", message).at("BUILDKITE_BUILD_URL"));
    }
    annotations.set_or_remove("buildkite.com/job-url", url);
    annotations.set("buildkite.com/job-priority", Text::display(job.priority));
    let template = plugin.pod_template.as_deref();
    let used = template.filter(|name| plugin.pod_spec.is_none() && !name.is_empty());
    annotations.set_or_remove("buildkite.com/pod-template-name", used.map(Text::copied));
    annotations.set_or_remove("buildkite.com/queue", job.queue.as_deref().map(Text::copied));
    sidecar_annotations(inputs, &mut annotations);
    annotations.map.sort_keys();
    annotations.map
}

/// One annotation per sidecar; numbers that no sidecar has are removed (R-78, D-16).
fn sidecar_annotations(inputs: Inputs<'_>, annotations: &mut Reserved<'_>) {
    let count = inputs.plugin.sidecars.len();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_canonical = |text: &str| text == "0" || !text.starts_with('0');
    let is_ours = |text: &str| is_canonical(text) && text.parse().is_ok_and(|index: usize| index < count);
    let is_stale = |key: &str| {
        key.strip_prefix(SIDECAR_PREFIX).is_some_and(|number| is_number(number) && !is_ours(number))
    };
    annotations.remove_all(is_stale);
    let mut names: Vec<(Text, Text)> = (0..count)
        .map(|index| {
            let key = Text::display(format_args!("{SIDECAR_PREFIX}{index}"));
            (key, sidecar::name(inputs, index))
        })
        .collect();
    names.sort_unstable();
    for (key, name) in names {
        annotations.set(key, name);
    }
}

const SIDECAR_PREFIX: &str = "buildkite.com/sidecar-";

/// A map that so far holds what users wrote; reserved keys overwrite it and say so (W-7).
struct Reserved<'a> {
    kind: &'static str,
    /// What the block gives; all else is the controller's.
    given: &'a BTreeMap<String, String>,
    map: Object,
    warnings: &'a mut Vec<Warning>,
}

impl Reserved<'_> {
    fn set(&mut self, key: impl Into<Text>, value: Text) {
        let key = key.into();
        let written = self.map.insert(key.clone(), Value::String(value.clone()));
        if let Some(written) = written.filter(|written| *written != value.as_str()) {
            self.warn(&key, &written, &format!("replaced by {}", quoted_address(&value)));
        }
    }

    fn set_or_remove(&mut self, key: &'static str, value: Option<Text>) {
        match value {
            Some(value) => self.set(key, value),
            None => {
                if let Some(written) = self.map.remove(key) {
                    self.warn(key, &written, "removed");
                }
            }
        }
    }

    fn remove_all(&mut self, is_meant: impl Fn(&str) -> bool) {
        let meant = self.map.iter().filter(|(key, _)| is_meant(key));
        let mut removed: Vec<(Text, Value)> =
            meant.map(|(key, value)| (key.clone(), value.clone())).collect();
        removed.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        for (key, written) in &removed {
            self.warn(key, written, "removed");
        }
        self.map.retain(|key, _| !is_meant(key));
    }

    fn warn(&mut self, key: &str, written: &Value, fate: &str) {
        let written = quoted_address(written.as_str().unwrap_or_default());
        let message = format!("{written} was {fate}: the controller sets this key; leave it out");
        let metadata = if self.given.contains_key(key) { "metadata" } else { "default-metadata" };
        self.warnings.push(Warning::new("W-7", message).at(format!("{metadata}.{}.{key}", self.kind)));
    }
}
