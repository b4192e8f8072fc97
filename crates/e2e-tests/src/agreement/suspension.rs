//! Jobs that are suspended and resumed.

use anyhow::ensure;
use serde_json::{Value, json};

use super::jobs::{bound_job, holds, job, phase, pod_of, until};
use super::matching::{ANY, mismatch};
use super::stage::{name, uid};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_suspended_job_has_no_pods,
    a_resumed_job_starts,
    a_job_that_is_suspended_loses_its_pods,
    a_job_that_is_suspended_has_no_start,
    pods_of_a_suspension_are_no_failures,
    suspension_and_resumption_are_events,
    a_suspended_job_has_no_deadline,
    a_resumed_job_has_its_whole_deadline,
    a_suspended_job_can_be_deleted,
];

fn suspend(yes: bool) -> Value {
    json!({ "spec": { "suspend": yes } })
}

/// But a condition.
async fn a_suspended_job_has_no_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    let job = until(&stage, "Suspended").await?;
    let expected = json!({ "status": {
        "startTime": null,
        "active": null,
        "conditions": [{
            "type": "Suspended",
            "status": "True",
            "reason": "JobSuspended",
            "message": "Job suspended",
            "lastTransitionTime": ANY,
        }],
    } });
    let place = mismatch(&expected, &job);
    ensure!(place.is_none(), "{place:?}\n{job}");
    let pods = stage.get("pods").await?.is(200)?;
    ensure!(super::stage::names(&pods).is_empty(), "{pods}");
    Ok(())
}

/// The condition stays, as one that does not hold.
async fn a_resumed_job_starts(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    until(&stage, "Suspended").await?;
    stage.merge("jobs/a", &suspend(false)).await?.is(200)?;
    pod_of(&stage, "a").await?;
    let job = stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    let expected = json!({ "status": {
        "startTime": ANY,
        "conditions": [{
            "type": "Suspended", "status": "False", "reason": "JobResumed", "message": "Job resumed",
        }],
    } });
    let place = mismatch(&expected, &job);
    ensure!(place.is_none(), "{place:?}\n{job}");
    Ok(())
}

/// They are deleted; one without a node at once.
async fn a_job_that_is_suspended_loses_its_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    stage.merge("jobs/a", &suspend(true)).await?.is(200)?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await?;
    stage.until("jobs/a", "without pods", |job| job["status"].get("active").is_none()).await?;
    Ok(())
}

/// `startTime` is taken away.
async fn a_job_that_is_suspended_has_no_start(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    stage.merge("jobs/a", &suspend(true)).await?.is(200)?;
    let job = until(&stage, "Suspended").await?;
    ensure!(job["status"].get("startTime").is_none(), "{job}");
    Ok(())
}

/// After it the Job runs to a good end.
async fn pods_of_a_suspension_are_no_failures(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let first = pod_of(&stage, "a").await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 1).await?;
    stage.merge("jobs/a", &suspend(true)).await?.is(200)?;
    let path = format!("pods/{}", name(&first));
    let going = |pod: &Value| pod["metadata"]["deletionTimestamp"].is_string();
    stage.until(&path, "being deleted", going).await?;
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    stage.until_gone(&path).await?;
    until(&stage, "Suspended").await?;
    stage.merge("jobs/a", &suspend(false)).await?.is(200)?;
    let second = pod_of(&stage, "a").await?;
    ensure!(uid(&first) != uid(&second), "{second}");
    phase(&stage, &second, "Succeeded").await?;
    let job = until(&stage, "Complete").await?;
    ensure!(job["status"]["succeeded"] == 1 && job["status"].get("failed").is_none(), "{job}");
    Ok(())
}

/// `Suspended` and `Resumed`.
async fn suspension_and_resumption_are_events(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    let event = super::events::of(&stage, "Job", "a", "Suspended").await?;
    ensure!(event["message"] == "Job suspended" && event["type"] == "Normal", "{event}");
    stage.merge("jobs/a", &suspend(false)).await?.is(200)?;
    let event = super::events::of(&stage, "Job", "a", "Resumed").await?;
    ensure!(event["message"] == "Job resumed" && event["type"] == "Normal", "{event}");
    Ok(())
}

/// Time does not pass for it.
async fn a_suspended_job_has_no_deadline(stage: Stage) -> Outcome {
    let more = json!({ "suspend": true, "activeDeadlineSeconds": 1 });
    stage.create_object("jobs", &job("a", more)).await?;
    // Another Job with the same deadline shows that the time has passed.
    stage.create_object("jobs", &job("b", json!({ "activeDeadlineSeconds": 2 }))).await?;
    stage.until("jobs/b", "past its deadline", |job| holds(job, "Failed")).await?;
    let job = stage.get("jobs/a").await?.is(200)?;
    ensure!(super::jobs::conditions(&job) == ["Suspended"], "{job}");
    Ok(())
}

/// From the second start.
async fn a_resumed_job_has_its_whole_deadline(stage: Stage) -> Outcome {
    let more = json!({ "suspend": true, "activeDeadlineSeconds": 1 });
    stage.create_object("jobs", &job("a", more)).await?;
    until(&stage, "Suspended").await?;
    stage.merge("jobs/a", &suspend(false)).await?.is(200)?;
    let started = |job: &Value| job["status"]["startTime"].is_string();
    stage.until("jobs/a", "started", started).await?;
    let job = until(&stage, "Failed").await?;
    ensure!(holds(&job, "FailureTarget"), "{job}");
    Ok(())
}

/// At once: there is nothing else to delete.
async fn a_suspended_job_can_be_deleted(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    until(&stage, "Suspended").await?;
    stage.delete_with("jobs/a", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    stage.get("jobs/a").await?.is(404)?;
    Ok(())
}
