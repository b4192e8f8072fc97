//! The finished Job object (job-manifest 2, 5.3).

use shared_json::{Text, Value, object};

use crate::draft::{Draft, Inputs};
use crate::error::Warning;

/// Wraps the pod and sorts all keys.
pub(crate) fn assemble(draft: Draft, inputs: Inputs<'_>) -> (Value, Vec<Warning>) {
    let Draft { pod, labels, annotations, warnings, .. } = draft;
    let settings = inputs.settings;
    let deadline = inputs.plugin.job_active_deadline_seconds.filter(|seconds| *seconds > 0);
    let active = deadline.unwrap_or(settings.job_active_deadline_seconds);
    let ttl = settings.job_ttl.as_secs().min(i32::MAX.unsigned_abs().into());
    let name = Text::concat(&[&settings.job_prefix, inputs.job.uuid.as_str()]);
    // Written in ascending order, so that only what users wrote is left to be sorted.
    let mut job = object! {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": object! { "annotations": annotations.clone(), "labels": labels.clone(), "name": name },
        "spec": object! {
            "activeDeadlineSeconds": active,
            "backoffLimit": 0,
            "template": object! {
                "metadata": object! { "annotations": annotations, "labels": labels },
                "spec": pod,
            },
            "ttlSecondsAfterFinished": ttl,
        },
    };
    job.sort_all_objects();
    (job, warnings)
}
