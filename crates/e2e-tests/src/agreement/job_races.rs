//! Jobs whose pods somebody else deals with at the same time.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::jobs::{bound_job, conditions, holds, job, phase, pod_of, until};
use super::stage::{name, uid};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_pod_that_is_asked_to_stop_is_no_failure_yet,
    a_pod_that_is_asked_to_stop_and_fails_is_a_failure,
    a_pod_that_is_asked_to_stop_and_succeeds_is_a_success,
    a_pod_that_is_asked_to_stop_and_vanishes_is_a_failure,
    an_evicted_pod_is_a_failure,
    a_name_that_is_given_again_is_another_job,
    the_pods_of_an_earlier_job_do_not_count,
    a_job_that_ends_while_it_is_suspended_stays_ended,
    a_job_that_is_deleted_makes_no_more_pods,
    a_finalizer_of_ones_own_keeps_an_ended_job,
    a_mark_on_an_ended_job_changes_nothing_else,
    a_deadline_that_passes_after_the_end_changes_nothing,
    a_pod_that_a_job_does_not_own_is_none_of_its,
];

/// A Job `a` on a node, with a running pod that has been asked to stop.
async fn stopping(stage: &Stage) -> Result<Value> {
    stage.create_object("jobs", &bound_job(stage, "a", json!({}))).await?;
    let pod = pod_of(stage, "a").await?;
    phase(stage, &pod, "Running").await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    stage.delete(&format!("pods/{}", name(&pod))).await?.is(200)?;
    Ok(pod)
}

/// It terminates; nobody knows how.
async fn a_pod_that_is_asked_to_stop_is_no_failure_yet(stage: Stage) -> Outcome {
    stopping(&stage).await?;
    let job = stage.until("jobs/a", "terminating", |job| job["status"]["terminating"] == 1).await?;
    ensure!(!holds(&job, "Failed") && job["status"].get("active").is_none(), "{job}");
    Ok(())
}

/// As soon as its phase says so, although the object may stay.
async fn a_pod_that_is_asked_to_stop_and_fails_is_a_failure(stage: Stage) -> Outcome {
    let pod = stopping(&stage).await?;
    phase(&stage, &pod, "Failed").await?;
    let job = until(&stage, "Failed").await?;
    ensure!(job["status"]["failed"] == 1 && job["status"]["terminating"] == 0, "{job}");
    Ok(())
}

/// What counts is how it ended, if the Job controller has not given up on it.
async fn a_pod_that_is_asked_to_stop_and_succeeds_is_a_success(stage: Stage) -> Outcome {
    let pod = stopping(&stage).await?;
    phase(&stage, &pod, "Succeeded").await?;
    let ended = |job: &Value| holds(job, "Failed") || holds(job, "Complete");
    let job = stage.until("jobs/a", "ended", ended).await?;
    ensure!(holds(&job, "Complete"), "{job}");
    Ok(())
}

/// There is nothing left to look at.
async fn a_pod_that_is_asked_to_stop_and_vanishes_is_a_failure(stage: Stage) -> Outcome {
    let pod = stopping(&stage).await?;
    let path = format!("pods/{}", name(&pod));
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    let job = until(&stage, "Failed").await?;
    ensure!(job["status"]["failed"] == 1, "{job}");
    stage.until_gone(&path).await
}

/// Whatever the reason: the limit is zero.
async fn an_evicted_pod_is_a_failure(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let target = json!({ "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet" });
    let status = json!({
        "phase": "Failed", "reason": "Evicted", "message": "too much memory", "conditions": [target],
    });
    stage.merge(&format!("pods/{}/status", name(&pod)), &json!({ "status": status })).await?.is(200)?;
    let job = until(&stage, "Failed").await?;
    ensure!(conditions(&job) == ["FailureTarget", "Failed"] && job["status"]["failed"] == 1, "{job}");
    ensure!(job["status"]["conditions"][0]["reason"] == "BackoffLimitExceeded", "{job}");
    Ok(())
}

/// With pods of its own.
async fn a_name_that_is_given_again_is_another_job(stage: Stage) -> Outcome {
    let first = stage.create_object("jobs", &job("a", json!({}))).await?;
    let old = pod_of(&stage, "a").await?;
    stage.delete_with("jobs/a", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    let second = stage.create_object("jobs", &job("a", json!({}))).await?;
    ensure!(uid(&first) != uid(&second), "{second}");
    stage.until_gone(&format!("pods/{}", name(&old))).await?;
    let pod = pod_of(&stage, "a").await?;
    ensure!(pod["metadata"]["ownerReferences"][0]["uid"] == uid(&second), "{pod}");
    Ok(())
}

/// Their end is not its end.
async fn the_pods_of_an_earlier_job_do_not_count(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let old = pod_of(&stage, "a").await?;
    stage.delete_with("jobs/a", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let path = format!("pods/{}", name(&old));
    // It is on a node, so it stays until somebody stops it.
    let going = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
    stage.until(&path, "being deleted", going).await?;
    phase(&stage, &old, "Failed").await?;
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?;
    stage.until_gone(&path).await?;
    let job = stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    ensure!(conditions(&job).is_empty() && job["status"].get("failed").is_none(), "{job}");
    Ok(())
}

/// There is nothing to suspend.
async fn a_job_that_ends_while_it_is_suspended_stays_ended(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let ended = until(&stage, "Complete").await?;
    stage.merge("jobs/a", &json!({ "spec": { "suspend": true } })).await?.is(200)?;
    // Another Job is dealt with after it.
    stage.create_object("jobs", &job("b", json!({ "suspend": true }))).await?;
    stage.until("jobs/b", "suspended", |job| holds(job, "Suspended")).await?;
    stage.get("jobs/a").await?.has(200, &json!({ "status": ended["status"] }))?;
    Ok(())
}

/// While a finalizer keeps it.
async fn a_job_that_is_deleted_makes_no_more_pods(stage: Stage) -> Outcome {
    let mut kept = job("a", json!({ "suspend": true }));
    kept["metadata"]["finalizers"] = json!(["example.com/keep"]);
    stage.create_object("jobs", &kept).await?;
    until(&stage, "Suspended").await?;
    stage.delete_with("jobs/a", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    stage.merge("jobs/a", &json!({ "spec": { "suspend": false } })).await?.is(200)?;
    stage.create_object("jobs", &job("b", json!({}))).await?;
    pod_of(&stage, "b").await?;
    let pods = stage.get("pods?labelSelector=job-name%3Da").await?.is(200)?;
    ensure!(super::stage::names(&pods).is_empty(), "{pods}");
    stage.merge("jobs/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    stage.until_gone("jobs/a").await
}

/// Its time to live deletes it, and it waits.
async fn a_finalizer_of_ones_own_keeps_an_ended_job(stage: Stage) -> Outcome {
    let mut kept = bound_job(&stage, "a", json!({ "ttlSecondsAfterFinished": 0 }));
    kept["metadata"]["finalizers"] = json!(["example.com/keep"]);
    stage.create_object("jobs", &kept).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let going = |job: &Value| job["metadata"]["deletionTimestamp"].is_string();
    let job = stage.until("jobs/a", "being deleted", going).await?;
    ensure!(holds(&job, "Complete"), "{job}");
    stage
        .json_patch("jobs/a", &json!([{ "op": "remove", "path": "/metadata/finalizers/0" }]))
        .await?
        .is(200)?;
    stage.until_gone("jobs/a").await
}

/// Such as one that says that the end has been told.
async fn a_mark_on_an_ended_job_changes_nothing_else(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Failed").await?;
    let ended = until(&stage, "Failed").await?;
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": uid(&ended) },
        { "op": "add", "path": "/metadata/annotations", "value": { "example.com/told": "yes" } },
    ]);
    let expected = json!({
        "metadata": { "annotations": { "example.com/told": "yes" }, "generation": ended["metadata"]["generation"] },
        "spec": ended["spec"],
        "status": ended["status"],
    });
    stage.json_patch("jobs/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// An end is an end.
async fn a_deadline_that_passes_after_the_end_changes_nothing(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let ended = until(&stage, "Complete").await?;
    stage.merge("jobs/a", &json!({ "spec": { "activeDeadlineSeconds": 1 } })).await?.is(200)?;
    stage.create_object("jobs", &job("b", json!({ "activeDeadlineSeconds": 1 }))).await?;
    stage.until("jobs/b", "past its deadline", |job| holds(job, "Failed")).await?;
    stage.get("jobs/a").await?.has(200, &json!({ "status": ended["status"] }))?;
    Ok(())
}

/// Labels alone make no owner, unless it is an orphan that its selector finds.
async fn a_pod_that_a_job_does_not_own_is_none_of_its(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    pod_of(&stage, "a").await?;
    let mut stranger = super::graceful::bound(&stage, "stranger");
    stranger["metadata"]["labels"] = json!({ "job-name": "a", "batch.kubernetes.io/job-name": "a" });
    let stranger = stage.create_object("pods", &stranger).await?;
    phase(&stage, &stranger, "Failed").await?;
    stage.create_object("jobs", &bound_job(&stage, "b", json!({}))).await?;
    stage.until("jobs/b", "active", |job| job["status"]["active"] == 1).await?;
    let job = stage.get("jobs/a").await?.has(200, &json!({ "status": { "active": 1, "failed": null } }))?;
    ensure!(conditions(&job).is_empty(), "{job}");
    Ok(())
}
