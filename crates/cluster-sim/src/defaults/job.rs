//! What the API server adds to a Job.

use shared_json::{Text, Value, object};

use super::{pod_spec, set_default};
use crate::object;

/// Labels of the pods of a Job that hold its name; the older one first.
pub(crate) const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
/// Labels of the pods of a Job that hold its UID; the selector uses the second.
pub(crate) const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// Fields that have a value although nobody wrote one.
pub(crate) fn job(job: &mut Value) {
    if job.get("spec").is_none_or(|spec| !spec.is_object()) {
        return;
    }
    let labels = object::at(job, &["spec", "template", "metadata", "labels"]).cloned();
    if object::at(job, &["metadata", "labels"])
        .and_then(Value::as_object)
        .is_none_or(shared_json::Map::is_empty)
        && let Some(labels) = labels.filter(Value::is_object)
    {
        object::metadata_mut(job).insert("labels", labels);
    }
    let spec = &mut job["spec"];
    if spec.get("parallelism").is_none_or(Value::is_null)
        && spec.get("completions").is_none_or(Value::is_null)
    {
        spec["completions"] = 1.into();
    }
    set_default(spec, "parallelism", || 1.into());
    let indexed = spec.get("backoffLimitPerIndex").is_some_and(|limit| !limit.is_null());
    set_default(spec, "backoffLimit", || if indexed { i32::MAX.into() } else { 6.into() });
    set_default(spec, "completionMode", || "NonIndexed".into());
    set_default(spec, "suspend", || false.into());
    let policy = spec.get("podFailurePolicy").is_some_and(|policy| !policy.is_null());
    set_default(spec, "podReplacementPolicy", || {
        if policy { "Failed".into() } else { "TerminatingOrFailed".into() }
    });
    set_default(spec, "manualSelector", || false.into());
    set_default(spec, "template", || object! {});
    if let Some(template) = spec.get_mut("template").filter(|template| template.is_object()) {
        set_default(template, "metadata", || object! {});
        set_default(template, "spec", || object! {});
        pod_spec(&mut template["spec"]);
    }
}

/// Labels and selector that tell the pods of this Job from all others, unless it brings its own. The Job must
/// have its name and UID.
pub(crate) fn job_identity(job: &mut Value) {
    let flag = |job: &Value, key: &str| object::at(job, &["spec", key]).and_then(Value::as_bool);
    if flag(job, "manualSelector") == Some(true) || !job["spec"]["template"].is_object() {
        return;
    }
    let (name, uid) = (Text::copied(object::name(job)), Text::copied(object::uid(job)));
    let before = object::at(job, &["spec", "template", "metadata", "labels"]).cloned();
    let metadata = object::map_mut(&mut job["spec"]["template"], "metadata");
    let labels = metadata.get_or_insert_with("labels", || object! {});
    if !labels.is_object() {
        *labels = object! {};
    }
    for (keys, value) in [(NAME_LABELS, &name), (UID_LABELS, &uid)] {
        for key in keys {
            set_default(labels, key, || value.into());
        }
    }
    let labels = labels.clone();
    // The server copies the template's labels by reference, so the additions show in both places.
    if before.is_some() && object::at(job, &["metadata", "labels"]) == before.as_ref() {
        object::metadata_mut(job).insert("labels", labels);
    }
    let selector = object::map_mut(&mut job["spec"], "selector");
    let wanted = selector.get_or_insert_with("matchLabels", || object! {});
    set_default(wanted, UID_LABELS[1], || uid.into());
}
