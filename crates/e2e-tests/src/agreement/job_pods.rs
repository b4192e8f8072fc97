//! The pods that the Job controller makes.

use anyhow::ensure;
use serde_json::{Value, json};

use super::jobs::{bound_job, job, phase, pod_of};
use super::matching::ANY;
use super::stage::{name, uid};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_jobs_pod_is_named_after_it,
    a_jobs_pod_carries_labels_and_annotations_of_the_template,
    a_jobs_pod_is_controlled_by_it,
    a_jobs_pod_has_a_finalizer_while_it_counts,
    a_job_counts_its_active_pods,
    a_job_counts_its_ready_pods,
    a_job_starts_when_it_is_seen,
    a_job_with_parallelism_has_as_many_pods,
    a_jobs_pod_that_is_made_is_an_event,
    a_jobs_pod_that_is_deleted_before_its_start_fails_the_job,
    a_jobs_pod_that_is_deleted_while_it_runs_fails_the_job,
    a_jobs_pod_that_terminates_is_counted_as_such,
    a_pod_that_fails_is_replaced_within_the_limit,
    a_jobs_pod_that_cannot_be_made_is_an_event,
];

/// With five characters more.
async fn a_jobs_pod_is_named_after_it(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    ensure!(name(&pod).len() == 7 && name(&pod).starts_with("a-"), "{pod}");
    ensure!(pod["metadata"]["generateName"] == "a-", "{pod}");
    Ok(())
}

/// And the Job's name and UID, under old and new keys.
async fn a_jobs_pod_carries_labels_and_annotations_of_the_template(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    object["metadata"]["labels"] = json!({ "of": "job" });
    object["spec"]["template"]["metadata"] = json!({ "labels": { "x": "y" }, "annotations": { "v": "w" } });
    let made = stage.create_object("jobs", &object).await?;
    let pod = pod_of(&stage, "a").await?;
    let labels = json!({
        "x": "y",
        "batch.kubernetes.io/controller-uid": uid(&made),
        "batch.kubernetes.io/job-name": "a",
        "controller-uid": uid(&made),
        "job-name": "a",
    });
    ensure!(pod["metadata"]["labels"] == labels, "{pod}");
    ensure!(pod["metadata"]["annotations"] == json!({ "v": "w" }), "{pod}");
    Ok(())
}

/// One owner reference with everything.
async fn a_jobs_pod_is_controlled_by_it(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let owner = json!([{
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "a",
        "uid": uid(&made),
        "controller": true,
        "blockOwnerDeletion": true,
    }]);
    ensure!(pod["metadata"]["ownerReferences"] == owner, "{pod}");
    Ok(())
}

/// It is removed when the pod's end has been counted.
async fn a_jobs_pod_has_a_finalizer_while_it_counts(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    ensure!(pod["metadata"]["finalizers"] == json!(["batch.kubernetes.io/job-tracking"]), "{pod}");
    phase(&stage, &pod, "Succeeded").await?;
    let without = |pod: &Value| pod["metadata"].get("finalizers").is_none();
    stage.until(&format!("pods/{}", name(&pod)), "without finalizer", without).await?;
    Ok(())
}

/// Pending ones too.
async fn a_job_counts_its_active_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let job = stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    let status = &job["status"];
    ensure!(status.get("succeeded").is_none() && status.get("failed").is_none(), "{job}");
    ensure!(status["ready"] == 0 && status["terminating"] == 0, "{job}");
    ensure!(status["uncountedTerminatedPods"] == json!({}), "{job}");
    Ok(())
}

/// By their condition.
async fn a_job_counts_its_ready_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let ready = json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] });
    stage.merge(&format!("pods/{}/status", name(&pod)), &json!({ "status": ready })).await?.is(200)?;
    let job = stage.until("jobs/a", "ready", |job| job["status"]["ready"] == 1).await?;
    ensure!(job["status"]["active"] == 1, "{job}");
    Ok(())
}

/// `startTime` is there with the first status, and stays.
async fn a_job_starts_when_it_is_seen(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let first = stage.until("jobs/a", "started", |job| job["status"]["startTime"].is_string()).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let last = super::jobs::until(&stage, "Complete").await?;
    ensure!(first["status"]["startTime"] == last["status"]["startTime"], "{last}");
    Ok(())
}

/// And not more.
async fn a_job_with_parallelism_has_as_many_pods(stage: Stage) -> Outcome {
    stage
        .create_object("jobs", &bound_job(&stage, "a", json!({ "parallelism": 3, "completions": 5 })))
        .await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 3).await?;
    let pods = stage.get("pods").await?.is(200)?;
    ensure!(super::stage::names(&pods).len() == 3, "{pods}");
    Ok(())
}

/// Of the Job, with the pod's name.
async fn a_jobs_pod_that_is_made_is_an_event(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let event = super::events::of(&stage, "Job", "a", "SuccessfulCreate").await?;
    let expected = json!({
        "type": "Normal",
        "reason": "SuccessfulCreate",
        "message": format!("Created pod: {}", name(&pod)),
        "count": 1,
        "source": { "component": "job-controller" },
        "involvedObject": { "kind": "Job", "apiVersion": "batch/v1", "name": "a", "uid": uid(&made) },
        "firstTimestamp": ANY,
        "lastTimestamp": ANY,
    });
    let place = super::matching::mismatch(&expected, &event);
    ensure!(place.is_none(), "{place:?}\n{event}");
    Ok(())
}

/// It is counted as failed, and with it the Job has failed.
async fn a_jobs_pod_that_is_deleted_before_its_start_fails_the_job(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    stage.delete(&format!("pods/{}", name(&pod))).await?.is(200)?;
    let job = super::jobs::until(&stage, "Failed").await?;
    ensure!(job["status"]["failed"] == 1, "{job}");
    stage.until_gone(&format!("pods/{}", name(&pod))).await
}

/// When it is gone, not before.
async fn a_jobs_pod_that_is_deleted_while_it_runs_fails_the_job(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let path = format!("pods/{}", name(&pod));
    phase(&stage, &pod, "Running").await?;
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    let job = super::jobs::until(&stage, "Failed").await?;
    ensure!(job["status"]["failed"] == 1, "{job}");
    stage.until_gone(&path).await
}

/// It is neither active nor ended.
async fn a_jobs_pod_that_terminates_is_counted_as_such(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({ "backoffLimit": 1 }))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Running").await?;
    stage.delete(&format!("pods/{}", name(&pod))).await?.is(200)?;
    let job = stage.until("jobs/a", "terminating", |job| job["status"]["terminating"] == 1).await?;
    ensure!(!super::jobs::holds(&job, "Failed"), "{job}");
    Ok(())
}

/// One more try.
async fn a_pod_that_fails_is_replaced_within_the_limit(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({ "backoffLimit": 1 }))).await?;
    let first = pod_of(&stage, "a").await?;
    phase(&stage, &first, "Failed").await?;
    let again = |job: &Value| job["status"]["failed"] == 1 && job["status"]["active"] == 1;
    stage.until("jobs/a", "at its second try", again).await?;
    let pods = stage.get("pods").await?.is(200)?;
    let second = pods["items"].as_array().into_iter().flatten().find(|pod| uid(pod) != uid(&first));
    phase(&stage, second.unwrap_or(&Value::Null), "Failed").await?;
    let job = super::jobs::until(&stage, "Failed").await?;
    ensure!(job["status"]["failed"] == 2, "{job}");
    Ok(())
}

/// A ServiceAccount that is not there refuses every pod; the Job waits.
async fn a_jobs_pod_that_cannot_be_made_is_an_event(stage: Stage) -> Outcome {
    let mut object = job("a", json!({}));
    object["spec"]["template"]["spec"]["serviceAccountName"] = json!("none");
    stage.create_object("jobs", &object).await?;
    let event = super::events::of(&stage, "Job", "a", "FailedCreate").await?;
    let message = event["message"].as_str().unwrap_or_default();
    ensure!(event["type"] == "Warning", "{event}");
    ensure!(
        message.starts_with("Error creating: pods \"a-") && message.contains("is forbidden: "),
        "{event}"
    );
    ensure!(message.ends_with("serviceaccount \"none\" not found"), "{event}");
    let job = stage.get("jobs/a").await?.is(200)?;
    ensure!(super::jobs::conditions(&job).is_empty(), "{job}");
    Ok(())
}
