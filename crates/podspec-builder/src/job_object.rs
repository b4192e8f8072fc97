//! The finished Job object (job-manifest 2, 5.3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::draft::{Draft, Inputs};
use crate::error::Warning;

/// Wraps the pod and sorts all keys.
pub(crate) fn assemble(draft: Draft, inputs: Inputs<'_>) -> (Value, Vec<Warning>) {
    let Draft { pod, labels, annotations, warnings, .. } = draft;
    let settings = inputs.settings;
    let deadline = inputs.plugin.job_active_deadline_seconds.filter(|seconds| *seconds > 0);
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": format!("{}{}", settings.job_prefix, inputs.job.uuid),
            "labels": text_map(&labels),
            "annotations": text_map(&annotations),
        },
        "spec": {
            "backoffLimit": 0,
            "ttlSecondsAfterFinished": settings.job_ttl.as_secs().min(i32::MAX.unsigned_abs().into()),
            "activeDeadlineSeconds": deadline.unwrap_or(settings.job_active_deadline_seconds),
            "template": {
                "metadata": { "labels": text_map(&labels), "annotations": text_map(&annotations) },
                "spec": pod,
            },
        },
    });
    job.sort_all_objects();
    (job, warnings)
}

fn text_map(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}
