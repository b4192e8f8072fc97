//! The status is a part of its own.

use anyhow::ensure;
use serde_json::json;

use super::jobs::job;
use super::stage::version;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_status_is_not_created,
    a_status_is_not_replaced_with_the_object,
    a_status_is_not_patched_with_the_object,
    the_rest_is_not_replaced_with_a_status,
    the_rest_is_not_patched_with_a_status,
    a_status_is_read_as_the_whole_object,
    a_status_of_nothing_is_not_found,
    a_status_is_guarded_by_the_version,
    a_status_is_patched_by_json_patch,
    the_generation_counts_changes_of_the_spec,
    a_secret_has_no_status,
    a_new_pod_is_pending,
];

/// What a create says about it is dropped.
async fn a_status_is_not_created(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    object["status"] = json!({ "active": 5 });
    stage.post("jobs", &object).await?.has(201, &json!({ "status": { "active": null } }))?;
    Ok(())
}

/// PUT of the object leaves it.
async fn a_status_is_not_replaced_with_the_object(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let mut pod = stage.get("pods/a").await?.is(200)?;
    pod["status"]["phase"] = json!("Running");
    pod["metadata"]["labels"] = json!({ "x": "y" });
    let expected = json!({ "metadata": { "labels": { "x": "y" } }, "status": { "phase": "Pending" } });
    stage.put("pods/a", &pod).await?.has(200, &expected)?;
    Ok(())
}

/// Neither does a patch.
async fn a_status_is_not_patched_with_the_object(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let patch = json!({ "metadata": { "labels": { "x": "y" } }, "status": { "phase": "Running" } });
    let expected = json!({ "metadata": { "labels": { "x": "y" } }, "status": { "phase": "Pending" } });
    stage.merge("pods/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// PUT of the status leaves the spec.
async fn the_rest_is_not_replaced_with_a_status(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let mut pod = stage.get("pods/a").await?.is(200)?;
    pod["status"]["phase"] = json!("Running");
    pod["spec"]["activeDeadlineSeconds"] = json!(5);
    let expected = json!({ "spec": { "activeDeadlineSeconds": null }, "status": { "phase": "Running" } });
    stage.put("pods/a/status", &pod).await?.has(200, &expected)?;
    Ok(())
}

/// Neither does a patch.
async fn the_rest_is_not_patched_with_a_status(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let patch = json!({ "spec": { "activeDeadlineSeconds": 5 }, "status": { "phase": "Running" } });
    let expected = json!({ "spec": { "activeDeadlineSeconds": null }, "status": { "phase": "Running" } });
    stage.merge("pods/a/status", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// A get of the status shows all.
async fn a_status_is_read_as_the_whole_object(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    let expected = json!({ "kind": "Job", "metadata": { "name": "a" }, "spec": { "suspend": true } });
    stage.get("jobs/a/status").await?.has(200, &expected)?;
    Ok(())
}

/// 404 as for the object.
async fn a_status_of_nothing_is_not_found(stage: Stage) -> Outcome {
    let answer = stage.merge("pods/a/status", &json!({ "status": {} })).await?;
    answer.refused(404, "NotFound", "pods \"a\" not found", json!({ "name": "a", "kind": "pods" }))
}

/// 409 as for the object.
async fn a_status_is_guarded_by_the_version(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let pod = stage.get("pods/a").await?.is(200)?;
    stage.merge("pods/a", &json!({ "metadata": { "labels": { "x": "y" } } })).await?.is(200)?;
    let patch = json!({
        "metadata": { "resourceVersion": version(&pod) }, "status": { "phase": "Running" },
    });
    let message = "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply \
                   your changes to the latest version and try again";
    let details = json!({ "name": "a", "kind": "pods" });
    stage.merge("pods/a/status", &patch).await?.refused(409, "Conflict", message, details)
}

/// As the object.
async fn a_status_is_patched_by_json_patch(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let patch = json!([
        { "op": "test", "path": "/status/phase", "value": "Pending" },
        { "op": "replace", "path": "/status/phase", "value": "Running" },
        { "op": "add", "path": "/status/message", "value": "at work" },
    ]);
    let expected = json!({ "status": { "phase": "Running", "message": "at work" } });
    stage.json_patch("pods/a/status", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// Neither metadata nor status count.
async fn the_generation_counts_changes_of_the_spec(stage: Stage) -> Outcome {
    let made = stage.create_object("jobs", &job("a", json!({ "suspend": true }))).await?;
    ensure!(made["metadata"]["generation"] == 1, "{made}");
    let labels = json!({ "metadata": { "labels": { "x": "y" } } });
    stage.merge("jobs/a", &labels).await?.has(200, &json!({ "metadata": { "generation": 1 } }))?;
    let spec = json!({ "spec": { "ttlSecondsAfterFinished": 5 } });
    stage.merge("jobs/a", &spec).await?.has(200, &json!({ "metadata": { "generation": 2 } }))?;
    stage.merge("jobs/a", &spec).await?.has(200, &json!({ "metadata": { "generation": 2 } }))?;
    Ok(())
}

/// 404 for a part that a kind does not have.
async fn a_secret_has_no_status(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.get("secrets/a/status").await?;
    let message = "the server could not find the requested resource";
    answer.refused(404, "NotFound", message, json!({}))?;
    let answer = stage.put("secrets/a/status", &json!({})).await?;
    answer.refused(404, "NotFound", message, json!({}))
}

/// With the best class of service that its requests allow.
async fn a_new_pod_is_pending(stage: Stage) -> Outcome {
    let made = stage.post("pods", &super::graceful::pod("a")).await?;
    let expected = json!({ "status": { "phase": "Pending", "qosClass": "BestEffort" } });
    made.has(201, &expected)?;
    Ok(())
}
