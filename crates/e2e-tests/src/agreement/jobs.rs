//! What a Job is when it is created, and what of it may change.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::{name, uid, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_job_is_completed_with_defaults,
    a_job_selects_its_own_pods,
    a_jobs_pod_template_gets_its_labels,
    labels_of_the_job_stay_with_the_job,
    a_jobs_template_stays,
    a_jobs_selector_stays,
    a_jobs_backoff_limit_may_change,
    a_jobs_deadline_may_change,
    a_jobs_time_to_live_may_change,
    a_jobs_parallelism_may_change_and_its_completions_not,
    a_suspended_jobs_node_selector_may_change,
];

/// A Job of one container that is not tried again, with more in its spec.
pub(super) fn job(name: &str, more: Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": name },
        "spec": {
            "backoffLimit": 0,
            "template": { "spec": {
                "restartPolicy": "Never",
                "containers": [{ "name": "main", "image": "example.com/none" }],
            } },
        },
    });
    if let Value::Object(more) = more {
        for (member, value) in more {
            job["spec"][member] = value;
        }
    }
    job
}

/// The same on a node of which nobody knows: its pods are the test's to stop.
pub(super) fn bound_job(stage: &Stage, name: &str, more: Value) -> Value {
    let mut job = job(name, more);
    job["spec"]["template"]["spec"]["nodeName"] = json!(stage.namespace);
    job
}

/// The first pod of a Job, once there is one.
pub(super) async fn pod_of(stage: &Stage, job: &str) -> Result<Value> {
    let path = format!("pods?labelSelector=batch.kubernetes.io/job-name%3D{job}");
    let some = |list: &Value| list["items"].as_array().is_some_and(|items| !items.is_empty());
    let list = stage.until(&path, "of one pod", some).await?;
    Ok(list["items"][0].clone())
}

/// Writes the phase of a pod in the kubelet's place.
pub(super) async fn phase(stage: &Stage, pod: &Value, phase: &str) -> Result<Value> {
    let status = json!({ "status": { "phase": phase } });
    stage.merge(&format!("pods/{}/status", name(pod)), &status).await?.is(200)
}

/// Types of the conditions that hold, in their order.
pub(super) fn conditions(job: &Value) -> Vec<&str> {
    let all = job["status"]["conditions"].as_array().into_iter().flatten();
    all.filter(|condition| condition["status"] == "True")
        .filter_map(|condition| condition["type"].as_str())
        .collect()
}

/// Whether a condition of this type holds.
pub(super) fn holds(job: &Value, condition: &str) -> bool {
    conditions(job).contains(&condition)
}

/// Waits until a condition of Job `a` holds, and returns the Job.
pub(super) async fn until(stage: &Stage, condition: &'static str) -> Result<Value> {
    stage.until("jobs/a", condition, |job| holds(job, condition)).await
}

/// The states that a Job goes through from its creation to a condition.
pub(super) async fn history(stage: &Stage, made: &Value, condition: &'static str) -> Result<Vec<Value>> {
    let query = format!("fieldSelector=metadata.name%3D{}&resourceVersion={}", name(made), version(made));
    let mut watch = stage.watch(&format!("jobs?{query}")).await?;
    let mut events = watch.up_to(condition, |event| holds(&event["object"], condition)).await?;
    Ok(events.iter_mut().map(|event| event["object"].take()).collect())
}

/// One pod at a time, one success, tried again six times.
async fn a_job_is_completed_with_defaults(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    object["spec"].as_object_mut().map(|spec| spec.remove("backoffLimit"));
    let expected = json!({
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "suspend": true,
            "podReplacementPolicy": "TerminatingOrFailed",
            "manualSelector": false,
            "activeDeadlineSeconds": null,
            "ttlSecondsAfterFinished": null,
            "template": { "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 30,
                "dnsPolicy": "ClusterFirst",
                "schedulerName": "default-scheduler",
                "securityContext": {},
                "containers": [{
                    "imagePullPolicy": "Always",
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "resources": {},
                }],
            } },
        },
        "status": { "active": null, "conditions": null, "startTime": null },
    });
    stage.post("jobs", &object).await?.has(201, &expected)?;
    Ok(())
}

/// By its UID.
async fn a_job_selects_its_own_pods(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    let labels = json!({ "batch.kubernetes.io/controller-uid": uid(&made) });
    ensure!(made["spec"]["selector"] == json!({ "matchLabels": labels }), "{made}");
    Ok(())
}

/// Old and new names of both; its own stay.
async fn a_jobs_pod_template_gets_its_labels(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    object["spec"]["template"]["metadata"] = json!({ "labels": { "x": "y" }, "annotations": { "v": "w" } });
    let made = stage.create_object("jobs", &object).await?;
    let expected = json!({
        "x": "y",
        "batch.kubernetes.io/controller-uid": uid(&made),
        "batch.kubernetes.io/job-name": "a",
        "controller-uid": uid(&made),
        "job-name": "a",
    });
    ensure!(made["spec"]["template"]["metadata"]["labels"] == expected, "{made}");
    ensure!(made["spec"]["template"]["metadata"]["annotations"] == json!({ "v": "w" }), "{made}");
    Ok(())
}

/// A Job without labels takes those of its template.
async fn labels_of_the_job_stay_with_the_job(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    object["metadata"]["labels"] = json!({ "x": "y" });
    let made = stage.create_object("jobs", &object).await?;
    ensure!(made["metadata"]["labels"] == json!({ "x": "y" }), "{made}");
    ensure!(made["spec"]["template"]["metadata"]["labels"].get("x").is_none(), "{made}");
    let made = stage.create_object("jobs", &job("b", json!({ "suspend": true }))).await?;
    ensure!(made["metadata"]["labels"].get("x").is_none(), "{made}");
    Ok(())
}

/// A suspended Job `a` with this patch.
async fn patched(stage: &Stage, patch: Value) -> Result<super::Answer> {
    stage.create_object("jobs", &job("a", json!({ "suspend": true, "activeDeadlineSeconds": 99 }))).await?;
    stage.merge("jobs/a", &patch).await
}

/// 422 shows the new one, as the library of that time prints it.
async fn a_jobs_template_stays(stage: Stage) -> Outcome {
    let patch = json!({ "spec": { "template": { "spec": {
        "containers": [{ "name": "main", "image": "example.com/other" }],
    } } } });
    patched(&stage, patch).await?.invalid(
        "Job",
        "batch",
        "a",
        &[("spec.template.spec", "FieldValueInvalid", "~field is immutable")],
    )
}

/// 422.
async fn a_jobs_selector_stays(stage: Stage) -> Outcome {
    let patch = json!({ "spec": { "selector": { "matchLabels": { "x": "y" } } } });
    let refused = patched(&stage, patch).await?.has(422, &json!({ "reason": "Invalid" }))?;
    let causes = refused["details"]["causes"].to_string();
    ensure!(causes.contains("spec.selector"), "{refused}");
    Ok(())
}

/// Up or down.
async fn a_jobs_backoff_limit_may_change(stage: Stage) -> Outcome {
    let expected = json!({ "spec": { "backoffLimit": 3 } });
    patched(&stage, expected.clone()).await?.has(200, &expected)?;
    Ok(())
}

/// Shorter, longer, gone.
async fn a_jobs_deadline_may_change(stage: Stage) -> Outcome {
    let deadline = |seconds: Option<i64>| json!({ "spec": { "activeDeadlineSeconds": seconds } });
    patched(&stage, deadline(Some(1))).await?.has(200, &deadline(Some(1)))?;
    for seconds in [Some(100), None] {
        stage.merge("jobs/a", &deadline(seconds)).await?.has(200, &deadline(seconds))?;
    }
    Ok(())
}

/// The same.
async fn a_jobs_time_to_live_may_change(stage: Stage) -> Outcome {
    let expected = json!({ "spec": { "ttlSecondsAfterFinished": 5 } });
    patched(&stage, expected.clone()).await?.has(200, &expected)?;
    Ok(())
}

/// 422 for the latter.
async fn a_jobs_parallelism_may_change_and_its_completions_not(stage: Stage) -> Outcome {
    let expected = json!({ "spec": { "parallelism": 0 } });
    patched(&stage, expected.clone()).await?.has(200, &expected)?;
    stage.merge("jobs/a", &json!({ "spec": { "completions": 2 } })).await?.invalid(
        "Job",
        "batch",
        "a",
        &[("spec.completions", "FieldValueInvalid", "Invalid value: 2: field is immutable")],
    )
}

/// What a queue needs to place it; nothing of it has run yet.
async fn a_suspended_jobs_node_selector_may_change(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    let selector = json!({ "spec": { "template": { "spec": { "nodeSelector": { "disk": "fast" } } } } });
    stage.merge("jobs/a", &selector).await?.has(200, &selector)?;
    Ok(())
}
