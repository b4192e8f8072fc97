//! Jobs and pods that are refused, with the words of the real thing.

use serde_json::{Value, json};

use super::jobs::job;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_job_needs_a_restart_policy,
    a_jobs_pods_do_not_restart_always,
    a_job_needs_containers,
    a_container_needs_a_name_and_an_image,
    a_container_name_is_a_label,
    container_names_are_unique,
    limits_of_a_job_are_not_negative,
    a_job_name_is_not_too_long,
    a_name_has_its_limits,
    a_mount_needs_its_volume,
    a_variable_needs_a_name,
    a_pull_policy_is_one_of_three,
    an_annotation_needs_a_good_key,
    all_that_is_wrong_is_told_at_once,
    a_selector_of_a_job_is_not_ones_own,
    a_pods_spec_stays,
    a_pods_deadline_only_comes_nearer,
];

/// The first container of Job `a`.
fn with_container(container: Value) -> Value {
    let mut job = job("a", json!({ "suspend": true }));
    job["spec"]["template"]["spec"]["containers"] = json!([container]);
    job
}

/// Job `a` is refused with these causes.
async fn refused(stage: &Stage, job: &Value, causes: &[(&str, &str, &str)]) -> Outcome {
    stage.post("jobs", job).await?.invalid("Job", "batch", "a", causes)
}

/// The default of pods, Always, is none for Jobs.
async fn a_job_needs_a_restart_policy(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    object["spec"]["template"]["spec"].as_object_mut().map(|spec| spec.remove("restartPolicy"));
    let message = "Required value: valid values: \"OnFailure\", \"Never\"";
    refused(&stage, &object, &[("spec.template.spec.restartPolicy", "FieldValueRequired", message)]).await
}

/// The same in other words.
async fn a_jobs_pods_do_not_restart_always(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    object["spec"]["template"]["spec"]["restartPolicy"] = json!("Sometimes");
    let message = "Unsupported value: \"Sometimes\": supported values: \"OnFailure\", \"Never\"";
    let pods = "Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"";
    let field = "spec.template.spec.restartPolicy";
    let reason = "FieldValueNotSupported";
    refused(&stage, &object, &[(field, reason, pods), (field, reason, message)]).await
}

/// At least one.
async fn a_job_needs_containers(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    object["spec"]["template"]["spec"]["containers"] = json!([]);
    let field = "spec.template.spec.containers";
    refused(&stage, &object, &[(field, "FieldValueRequired", "Required value")]).await
}

/// Both.
async fn a_container_needs_a_name_and_an_image(stage: Stage) -> Outcome {
    let field = "spec.template.spec.containers[0]";
    refused(
        &stage,
        &with_container(json!({})),
        &[
            (&format!("{field}.name"), "FieldValueRequired", "Required value"),
            (&format!("{field}.image"), "FieldValueRequired", "Required value"),
        ],
    )
    .await
}

/// Lower case, no dots.
async fn a_container_name_is_a_label(stage: Stage) -> Outcome {
    let message = "Invalid value: \"Main.1\": a lowercase RFC 1123 label must consist of lower case \
                   alphanumeric characters or '-', and must start and end with an alphanumeric character \
                   (e.g. 'my-name',  or '123-abc', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    let field = "spec.template.spec.containers[0].name";
    let job = with_container(json!({ "name": "Main.1", "image": "x" }));
    refused(&stage, &job, &[(field, "FieldValueInvalid", message)]).await
}

/// Over init containers too.
async fn container_names_are_unique(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    let one = json!({ "name": "main", "image": "x" });
    object["spec"]["template"]["spec"]["containers"] = json!([one, one]);
    let field = "spec.template.spec.containers[1].name";
    refused(&stage, &object, &[(field, "FieldValueDuplicate", "Duplicate value: \"main\"")]).await
}

/// Each number that can be.
async fn limits_of_a_job_are_not_negative(stage: Stage) -> Outcome {
    let message = "Invalid value: -1: must be greater than or equal to 0";
    for member in
        ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"]
    {
        let object = job("a", json!({ member: -1 }));
        let field = format!("spec.{member}");
        refused(&stage, &object, &[(&field, "FieldValueInvalid", message)]).await?;
    }
    Ok(())
}

/// Its pods' label holds 63 characters.
async fn a_job_name_is_not_too_long(stage: Stage) -> Outcome {
    let name = "a".repeat(64);
    let object = job(&name, json!({ "suspend": true }));
    let refused = stage.post("jobs", &object).await?.has(422, &json!({ "reason": "Invalid" }))?;
    anyhow::ensure!(refused.to_string().contains("must be no more than 63 bytes"), "{refused}");
    let object = job(&name[1..], json!({ "suspend": true }));
    stage.post("jobs", &object).await?.is(201)?;
    Ok(())
}

/// 253 characters for most kinds.
async fn a_name_has_its_limits(stage: Stage) -> Outcome {
    let name = "a".repeat(254);
    let message = format!("Invalid value: \"{name}\": must be no more than 253 characters");
    stage.post("secrets", &json!({ "metadata": { "name": name } })).await?.invalid(
        "Secret",
        "",
        &name,
        &[("metadata.name", "FieldValueInvalid", &message)],
    )?;
    stage.secret(&name[1..], json!({})).await?;
    Ok(())
}

/// By name.
async fn a_mount_needs_its_volume(stage: Stage) -> Outcome {
    let mounts = json!([{ "name": "none", "mountPath": "/x" }]);
    let job = with_container(json!({ "name": "main", "image": "x", "volumeMounts": mounts }));
    let field = "spec.template.spec.containers[0].volumeMounts[0].name";
    refused(&stage, &job, &[(field, "FieldValueNotFound", "Not found: \"none\"")]).await
}

/// Any text but an empty one.
async fn a_variable_needs_a_name(stage: Stage) -> Outcome {
    let job = with_container(json!({ "name": "main", "image": "x", "env": [{ "name": "", "value": "1" }] }));
    let field = "spec.template.spec.containers[0].env[0].name";
    refused(&stage, &job, &[(field, "FieldValueRequired", "Required value")]).await
}

/// In alphabetical order.
async fn a_pull_policy_is_one_of_three(stage: Stage) -> Outcome {
    let job = with_container(json!({ "name": "main", "image": "x", "imagePullPolicy": "Maybe" }));
    let message = "Unsupported value: \"Maybe\": supported values: \"Always\", \"IfNotPresent\", \"Never\"";
    let field = "spec.template.spec.containers[0].imagePullPolicy";
    refused(&stage, &job, &[(field, "FieldValueNotSupported", message)]).await
}

/// A prefix and a name.
async fn an_annotation_needs_a_good_key(stage: Stage) -> Outcome {
    let metadata = json!({ "name": "a", "annotations": { "not good": "x" } });
    let message = "Invalid value: \"not good\": name part must consist of alphanumeric characters, '-', '_' \
                   or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or \
                   'my.name',  or '123-abc', regex used for validation is \
                   '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    stage.post("secrets", &json!({ "metadata": metadata })).await?.invalid(
        "Secret",
        "",
        "a",
        &[("metadata.annotations", "FieldValueInvalid", message)],
    )
}

/// In the order of the fields.
async fn all_that_is_wrong_is_told_at_once(stage: Stage) -> Outcome {
    let mut object = with_container(json!({ "name": "main" }));
    object["spec"]["backoffLimit"] = json!(-1);
    refused(
        &stage,
        &object,
        &[
            (
                "spec.backoffLimit",
                "FieldValueInvalid",
                "Invalid value: -1: must be greater than or equal to 0",
            ),
            ("spec.template.spec.containers[0].image", "FieldValueRequired", "Required value"),
        ],
    )
    .await
}

/// Unless it is said that it shall be.
async fn a_selector_of_a_job_is_not_ones_own(stage: Stage) -> Outcome {
    let object = job("a", json!({ "selector": { "matchLabels": { "x": "y" } } }));
    let refused = stage.post("jobs", &object).await?.has(422, &json!({ "reason": "Invalid" }))?;
    anyhow::ensure!(refused["message"].to_string().contains("spec.selector"), "{refused}");
    Ok(())
}

/// But for images and a few numbers.
async fn a_pods_spec_stays(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let refused = stage.merge("pods/a", &json!({ "spec": { "restartPolicy": "Always" } })).await?;
    let message = "~Forbidden: pod updates may not change fields other than";
    refused.invalid("Pod", "", "a", &[("spec", "FieldValueForbidden", message)])?;
    stage.merge("pods/a", &json!({ "spec": { "activeDeadlineSeconds": 5 } })).await?.is(200)?;
    Ok(())
}

/// It is set and shortened, and neither prolonged nor taken away.
async fn a_pods_deadline_only_comes_nearer(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let deadline = |seconds: Option<i64>| json!({ "spec": { "activeDeadlineSeconds": seconds } });
    for seconds in [9, 5] {
        stage.merge("pods/a", &deadline(Some(seconds))).await?.has(200, &deadline(Some(seconds)))?;
    }
    for (seconds, why) in [
        (Some(9), "Invalid value: 9: must be less than or equal to previous value"),
        (None, "Invalid value: null: must not update from a positive integer to nil value"),
    ] {
        let cause = ("spec.activeDeadlineSeconds", "FieldValueInvalid", why);
        stage.merge("pods/a", &deadline(seconds)).await?.invalid("Pod", "", "a", &[cause])?;
    }
    Ok(())
}
