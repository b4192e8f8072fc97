//! How Jobs end: counts, conditions, their order, and what follows.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::jobs::{bound_job, conditions, history, holds, job, phase, pod_of, until};
use super::matching::{ANY, mismatch};
use super::stage::name;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_job_is_complete_when_its_pod_has_succeeded,
    a_job_meets_its_criteria_before_it_is_complete,
    a_job_has_failed_when_its_pod_has,
    a_job_is_a_failure_target_before_it_has_failed,
    a_job_of_two_completions_needs_two,
    a_jobs_deadline_ends_it,
    a_jobs_deadline_waits_for_its_pods,
    a_jobs_deadline_that_is_shortened_ends_it,
    a_deadline_of_a_job_without_pods_ends_it,
    ended_pods_are_all_counted_at_the_end,
    a_pod_counts_once,
    a_complete_job_is_an_event,
    a_failed_job_is_an_event,
    a_job_past_its_deadline_is_an_event,
    a_job_goes_when_its_time_to_live_is_over,
    a_failed_job_goes_with_its_pods,
    a_time_to_live_that_is_set_later_counts,
    a_job_without_time_to_live_stays_with_its_pods,
    an_ended_job_makes_no_pods,
    a_jobs_last_pod_decides_its_end,
];

/// Makes a Job `a` whose pod ends like this; the Job as it is at the condition.
async fn ended(stage: &Stage, more: Value, how: &str, condition: &'static str) -> Result<Value> {
    stage.create_object("jobs", &bound_job(stage, "a", more)).await?;
    let pod = pod_of(stage, "a").await?;
    phase(stage, &pod, how).await?;
    until(stage, condition).await
}

/// An error if `actual` does not hold `expected`.
fn check(expected: &Value, actual: &Value) -> Outcome {
    let place = mismatch(expected, actual);
    ensure!(place.is_none(), "{}\n  in {actual}", place.unwrap_or_default());
    Ok(())
}

/// With the time of completion and one success.
async fn a_job_is_complete_when_its_pod_has_succeeded(stage: Stage) -> Outcome {
    let job = ended(&stage, json!({}), "Succeeded", "Complete").await?;
    let reached = "Reached expected number of succeeded pods";
    let condition = |kind: &str| {
        json!({
            "type": kind,
            "status": "True",
            "reason": "CompletionsReached",
            "message": reached,
            "lastTransitionTime": ANY,
            "lastProbeTime": ANY,
        })
    };
    let expected = json!({ "status": {
        "startTime": ANY,
        "completionTime": ANY,
        "succeeded": 1,
        "failed": null,
        "active": null,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    } });
    check(&expected, &job)
}

/// In an earlier version of the Job.
async fn a_job_meets_its_criteria_before_it_is_complete(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let states = history(&stage, &made, "Complete").await?;
    let first = states.iter().find(|job| holds(job, "SuccessCriteriaMet")).unwrap_or(&Value::Null);
    ensure!(conditions(first) == ["SuccessCriteriaMet"], "{first}");
    ensure!(first["status"].get("completionTime").is_none(), "{first}");
    Ok(())
}

/// Without a time of completion.
async fn a_job_has_failed_when_its_pod_has(stage: Stage) -> Outcome {
    let job = ended(&stage, json!({}), "Failed", "Failed").await?;
    let condition = |kind: &str| {
        json!({
            "type": kind,
            "status": "True",
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
        })
    };
    let expected = json!({ "status": {
        "startTime": ANY,
        "completionTime": null,
        "succeeded": null,
        "failed": 1,
        "active": null,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "conditions": [condition("FailureTarget"), condition("Failed")],
    } });
    check(&expected, &job)
}

/// In an earlier version of the Job.
async fn a_job_is_a_failure_target_before_it_has_failed(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Failed").await?;
    let states = history(&stage, &made, "Failed").await?;
    let first = states.iter().find(|job| holds(job, "FailureTarget")).unwrap_or(&Value::Null);
    ensure!(conditions(first) == ["FailureTarget"], "{first}");
    Ok(())
}

/// One after the other with a parallelism of one.
async fn a_job_of_two_completions_needs_two(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({ "completions": 2 }))).await?;
    let first = pod_of(&stage, "a").await?;
    phase(&stage, &first, "Succeeded").await?;
    let again = |job: &Value| job["status"]["succeeded"] == 1 && job["status"]["active"] == 1;
    let job = stage.until("jobs/a", "at its second pod", again).await?;
    ensure!(conditions(&job).is_empty(), "{job}");
    let pods = stage.get("pods?fieldSelector=status.phase%3DPending").await?.is(200)?;
    phase(&stage, &pods["items"][0], "Succeeded").await?;
    let job = until(&stage, "Complete").await?;
    ensure!(job["status"]["succeeded"] == 2, "{job}");
    Ok(())
}

/// Its pod is deleted, and the words are those of the deadline.
async fn a_jobs_deadline_ends_it(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "activeDeadlineSeconds": 1 }))).await?;
    let condition = |kind: &str| {
        json!({
            "type": kind,
            "status": "True",
            "reason": "DeadlineExceeded",
            "message": "Job was active longer than specified deadline",
        })
    };
    let conditions = [condition("FailureTarget"), condition("Failed")];
    let expected = json!({ "status": {
        "failed": 1, "active": null, "completionTime": null, "conditions": conditions,
    } });
    check(&expected, &until(&stage, "Failed").await?)?;
    let pods = stage.get("pods").await?.is(200)?;
    ensure!(super::stage::names(&pods).is_empty(), "{pods}");
    Ok(())
}

/// It is a failure target until a kubelet has stopped them.
async fn a_jobs_deadline_waits_for_its_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({ "activeDeadlineSeconds": 1 }))).await?;
    let pod = pod_of(&stage, "a").await?;
    let path = format!("pods/{}", name(&pod));
    let going = |job: &Value| job["status"]["terminating"] == 1 && holds(job, "FailureTarget");
    let job = stage.until("jobs/a", "a failure target", going).await?;
    ensure!(conditions(&job) == ["FailureTarget"], "{job}");
    stage.get(&path).await?.has(200, &json!({ "metadata": { "deletionTimestamp": ANY } }))?;
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    let job = until(&stage, "Failed").await?;
    check(&json!({ "status": { "failed": 1, "terminating": 0 } }), &job)
}

/// It counts from the start, not from the change.
async fn a_jobs_deadline_that_is_shortened_ends_it(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "activeDeadlineSeconds": 600 }))).await?;
    pod_of(&stage, "a").await?;
    stage.merge("jobs/a", &json!({ "spec": { "activeDeadlineSeconds": 1 } })).await?.is(200)?;
    let job = until(&stage, "Failed").await?;
    check(&json!({ "status": { "conditions": [{ "reason": "DeadlineExceeded" }, {}] } }), &job)
}

/// It does not wait for pods that never come.
async fn a_deadline_of_a_job_without_pods_ends_it(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "activeDeadlineSeconds": 2 }));
    object["spec"]["template"]["spec"]["serviceAccountName"] = json!("none");
    stage.create_object("jobs", &object).await?;
    let job = until(&stage, "Failed").await?;
    let expected =
        json!({ "status": { "failed": null, "conditions": [{ "reason": "DeadlineExceeded" }, {}] } });
    check(&expected, &job)
}

/// `uncountedTerminatedPods` may be filled on the way and is empty at the end.
async fn ended_pods_are_all_counted_at_the_end(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    let states = history(&stage, &made, "Complete").await?;
    for state in &states {
        let waiting = state["status"]["uncountedTerminatedPods"]["succeeded"].as_array().map_or(0, Vec::len);
        let counted = state["status"]["succeeded"].as_u64().unwrap_or(0);
        ensure!(waiting <= 1 && counted <= 1, "{state}");
    }
    let last = states.last().unwrap_or(&Value::Null);
    ensure!(last["status"]["uncountedTerminatedPods"] == json!({}), "{last}");
    Ok(())
}

/// Its finalizer is removed with the count, and its deletion changes nothing afterwards.
async fn a_pod_counts_once(stage: Stage) -> Outcome {
    let first = ended(&stage, json!({}), "Failed", "Failed").await?;
    let pod = pod_of(&stage, "a").await?;
    stage.delete(&format!("pods/{}", name(&pod))).await?.is(200)?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await?;
    stage.get("jobs/a").await?.has(200, &json!({ "status": first["status"] }))?;
    Ok(())
}

/// `Completed`.
async fn a_complete_job_is_an_event(stage: Stage) -> Outcome {
    ended(&stage, json!({}), "Succeeded", "Complete").await?;
    let event = super::events::of(&stage, "Job", "a", "Completed").await?;
    check(&json!({ "type": "Normal", "message": "Job completed" }), &event)
}

/// `BackoffLimitExceeded`.
async fn a_failed_job_is_an_event(stage: Stage) -> Outcome {
    ended(&stage, json!({}), "Failed", "Failed").await?;
    let event = super::events::of(&stage, "Job", "a", "BackoffLimitExceeded").await?;
    let message = "Job has reached the specified backoff limit";
    check(&json!({ "type": "Warning", "message": message }), &event)
}

/// `DeadlineExceeded`, and the pod's deletion.
async fn a_job_past_its_deadline_is_an_event(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "activeDeadlineSeconds": 1 }))).await?;
    let pod = pod_of(&stage, "a").await?;
    let event = super::events::of(&stage, "Job", "a", "DeadlineExceeded").await?;
    let message = "Job was active longer than specified deadline";
    check(&json!({ "type": "Warning", "message": message }), &event)?;
    let event = super::events::of(&stage, "Job", "a", "SuccessfulDelete").await?;
    check(&json!({ "type": "Normal", "message": format!("Deleted pod: {}", name(&pod)) }), &event)
}

/// And its pods with it.
async fn a_job_goes_when_its_time_to_live_is_over(stage: Stage) -> Outcome {
    let made =
        stage.create_object("jobs", &bound_job(&stage, "a", json!({ "ttlSecondsAfterFinished": 1 }))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Succeeded").await?;
    history(&stage, &made, "Complete").await?;
    stage.until_gone("jobs/a").await?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await
}

/// At once with a time of zero.
async fn a_failed_job_goes_with_its_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &bound_job(&stage, "a", json!({ "ttlSecondsAfterFinished": 0 }))).await?;
    let pod = pod_of(&stage, "a").await?;
    phase(&stage, &pod, "Failed").await?;
    stage.until_gone("jobs/a").await?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await
}

/// From the end of the Job, which may be long ago.
async fn a_time_to_live_that_is_set_later_counts(stage: Stage) -> Outcome {
    ended(&stage, json!({}), "Succeeded", "Complete").await?;
    stage.merge("jobs/a", &json!({ "spec": { "ttlSecondsAfterFinished": 1 } })).await?.is(200)?;
    stage.until_gone("jobs/a").await
}

/// For somebody to look at.
async fn a_job_without_time_to_live_stays_with_its_pods(stage: Stage) -> Outcome {
    ended(&stage, json!({}), "Failed", "Failed").await?;
    let pod = pod_of(&stage, "a").await?;
    ensure!(pod["metadata"].get("deletionTimestamp").is_none(), "{pod}");
    stage.get("jobs/a").await?.has(200, &json!({ "metadata": { "deletionTimestamp": null } }))?;
    Ok(())
}

/// Not even when its only pod is deleted.
async fn an_ended_job_makes_no_pods(stage: Stage) -> Outcome {
    ended(&stage, json!({}), "Succeeded", "Complete").await?;
    let pod = pod_of(&stage, "a").await?;
    stage.delete(&format!("pods/{}", name(&pod))).await?.is(200)?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await?;
    stage.create_object("jobs", &job("b", json!({}))).await?;
    pod_of(&stage, "b").await?;
    let pods = stage.get("pods?labelSelector=job-name%3Da").await?.is(200)?;
    ensure!(super::stage::names(&pods).is_empty(), "{pods}");
    Ok(())
}

/// One success and one failure beyond the limit: it has failed.
async fn a_jobs_last_pod_decides_its_end(stage: Stage) -> Outcome {
    stage
        .create_object("jobs", &bound_job(&stage, "a", json!({ "parallelism": 2, "completions": 2 })))
        .await?;
    stage.until("jobs/a", "active", |job| job["status"]["active"] == 2).await?;
    let pods = stage.get("pods").await?.is(200)?;
    phase(&stage, &pods["items"][0], "Succeeded").await?;
    phase(&stage, &pods["items"][1], "Failed").await?;
    let job = until(&stage, "Failed").await?;
    check(&json!({ "status": { "succeeded": 1, "failed": 1, "completionTime": null } }), &job)
}
