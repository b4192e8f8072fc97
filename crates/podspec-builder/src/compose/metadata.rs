//! Labels and annotations of Job and pod (job-manifest 5.2).

use std::collections::BTreeMap;

use crate::compose::sidecar;
use crate::compose::tags::AgentTags;
use crate::draft::Inputs;
use crate::error::Warning;
use crate::text::job_url::job_url;

type Map = BTreeMap<String, String>;

/// Labels and annotations.
pub(crate) fn compose(inputs: Inputs<'_>, tags: &AgentTags, warnings: &mut Vec<Warning>) -> (Map, Map) {
    (labels(inputs, tags, warnings), annotations(inputs, warnings))
}

fn labels(inputs: Inputs<'_>, tags: &AgentTags, warnings: &mut Vec<Warning>) -> Map {
    let mut map = inputs.settings.default_metadata.labels.clone();
    map.extend(inputs.plugin.metadata.labels.clone());
    let mut labels = Reserved { kind: "labels", map, warnings };
    labels.set("buildkite.com/job-uuid", inputs.job.uuid.as_str());
    let id = inputs.settings.controller_id.as_str();
    labels.set_or_remove("buildkite.com/controller-id", (!id.is_empty()).then_some(id));
    for (key, value) in tags.labels(labels.warnings) {
        labels.set(&key, &value);
    }
    labels.map
}

fn annotations(inputs: Inputs<'_>, warnings: &mut Vec<Warning>) -> Map {
    let (job, plugin) = (inputs.job, inputs.plugin);
    let mut map =
        Map::from([("cluster-autoscaler.kubernetes.io/safe-to-evict".to_owned(), "false".to_owned())]);
    map.extend(inputs.settings.default_metadata.annotations.clone());
    map.extend(plugin.metadata.annotations.clone());
    let mut annotations = Reserved { kind: "annotations", map, warnings };
    for (key, variable) in [
        ("buildkite.com/build-url", "BUILDKITE_BUILD_URL"),
        ("buildkite.com/build-branch", "BUILDKITE_BRANCH"),
        ("buildkite.com/build-repo", "BUILDKITE_REPO"),
        ("buildkite.com/pipeline-slug", "BUILDKITE_PIPELINE_SLUG"),
        ("buildkite.com/step-key", "BUILDKITE_STEP_KEY"),
    ] {
        annotations.set(key, job.env(variable));
    }
    let url = job_url(job.env("BUILDKITE_BUILD_URL"), job.uuid.as_str());
    if url.is_none() {
        let message = "the build URL cannot be parsed, so the Job has no `buildkite.com/job-url`";
        annotations.warnings.push(Warning::new("W-6", message));
    }
    annotations.set_or_remove("buildkite.com/job-url", url.as_deref());
    annotations.set("buildkite.com/job-priority", &job.priority.to_string());
    let template = plugin.pod_template.as_deref();
    let used = template.filter(|name| plugin.pod_spec.is_none() && !name.is_empty());
    annotations.set_or_remove("buildkite.com/pod-template-name", used);
    annotations.set_or_remove("buildkite.com/queue", job.queue.as_deref());
    sidecar_annotations(inputs, &mut annotations);
    annotations.map
}

/// One annotation per sidecar; numbers that no sidecar has are removed (R-78, D-16).
fn sidecar_annotations(inputs: Inputs<'_>, annotations: &mut Reserved<'_>) {
    let names: Map = (0..inputs.plugin.sidecars.len())
        .map(|index| (format!("{SIDECAR_PREFIX}{index}"), sidecar::name(inputs, index)))
        .collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let stale: Vec<String> = annotations
        .map
        .keys()
        .filter(|key| key.strip_prefix(SIDECAR_PREFIX).is_some_and(is_number) && !names.contains_key(*key))
        .cloned()
        .collect();
    for key in stale {
        annotations.set_or_remove(&key, None);
    }
    for (key, name) in &names {
        annotations.set(key, name);
    }
}

const SIDECAR_PREFIX: &str = "buildkite.com/sidecar-";

/// A map that so far holds what users wrote; reserved keys overwrite it and say so (W-7).
struct Reserved<'a> {
    kind: &'static str,
    map: Map,
    warnings: &'a mut Vec<Warning>,
}

impl Reserved<'_> {
    fn set(&mut self, key: &str, value: &str) {
        self.set_or_remove(key, Some(value));
    }

    fn set_or_remove(&mut self, key: &str, value: Option<&str>) {
        let written = match value {
            Some(value) => self.map.insert(key.to_owned(), value.to_owned()),
            None => self.map.remove(key),
        };
        if written.is_some() && written.as_deref() != value {
            let fate = if value.is_some() { "replaced" } else { "removed" };
            let message = format!("this key is reserved; the value from metadata was {fate}");
            self.warnings.push(Warning::new("W-7", message).at(format!("metadata.{}.{key}", self.kind)));
        }
    }
}
