//! Deleting pods, which takes time where a kubelet is concerned; and their logs.

use anyhow::ensure;
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::uid;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_pod_without_a_node_goes_at_once,
    a_pod_on_a_node_is_given_time,
    the_time_is_that_of_the_deletion,
    the_time_can_be_shortened,
    the_time_cannot_be_lengthened,
    a_forced_deletion_happens_at_once,
    a_pod_that_has_ended_goes_at_once,
    a_deletion_of_a_pod_answers_with_it,
    a_forced_deletion_of_another_uid_is_a_conflict,
    a_finalizer_keeps_a_pod,
    a_pod_needs_its_service_account,
    a_pod_that_is_not_there_has_no_log,
    a_pod_without_a_node_has_no_log,
    a_container_that_is_not_there_has_no_log,
];

/// A pod that no scheduler can place, since there is no node.
pub(super) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name },
        "spec": {
            "containers": [{ "name": "main", "image": "example.com/none", "command": ["true"] }],
            "restartPolicy": "Never",
        },
    })
}

/// A pod on a node of which nobody knows: the test plays its kubelet.
///
/// A controller removes pods of such nodes when it has known the node's name for 40 s, so each case
/// has a name of its own.
pub(super) fn bound(stage: &Stage, name: &str) -> Value {
    let mut pod = pod(name);
    pod["spec"]["nodeName"] = json!(stage.namespace);
    pod
}

/// Nobody has to stop anything.
async fn a_pod_without_a_node_goes_at_once(stage: Stage) -> Outcome {
    stage.create_object("pods", &pod("a")).await?;
    stage.delete("pods/a").await?.has(200, &json!({ "kind": "Pod" }))?;
    stage.get("pods/a").await?.is(404)?;
    Ok(())
}

/// 30 seconds if nothing else is said, and it stays until the kubelet says that it is gone.
async fn a_pod_on_a_node_is_given_time(stage: Stage) -> Outcome {
    stage.create_object("pods", &bound(&stage, "a")).await?;
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "deletionGracePeriodSeconds": 30 } });
    stage.delete("pods/a").await?.has(200, &expected)?;
    stage.get("pods/a").await?.has(200, &expected)?;
    Ok(())
}

/// Or the pod's own.
async fn the_time_is_that_of_the_deletion(stage: Stage) -> Outcome {
    let mut own = bound(&stage, "a");
    own["spec"]["terminationGracePeriodSeconds"] = json!(7);
    stage.create_object("pods", &own).await?;
    stage.create_object("pods", &bound(&stage, "b")).await?;
    let grace = |seconds: i64| json!({ "metadata": { "deletionGracePeriodSeconds": seconds } });
    stage.delete("pods/a").await?.has(200, &grace(7))?;
    stage.delete_with("pods/b", &json!({ "gracePeriodSeconds": 9 })).await?.has(200, &grace(9))?;
    Ok(())
}

/// By another deletion.
async fn the_time_can_be_shortened(stage: Stage) -> Outcome {
    stage.create_object("pods", &bound(&stage, "a")).await?;
    stage.delete("pods/a").await?.is(200)?;
    let expected = json!({ "metadata": { "deletionGracePeriodSeconds": 5 } });
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 5 })).await?.has(200, &expected)?;
    Ok(())
}

/// It stays what it was.
async fn the_time_cannot_be_lengthened(stage: Stage) -> Outcome {
    stage.create_object("pods", &bound(&stage, "a")).await?;
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 5 })).await?.is(200)?;
    let expected = json!({ "metadata": { "deletionGracePeriodSeconds": 5 } });
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 60 })).await?.has(200, &expected)?;
    Ok(())
}

/// Whatever still runs on the node.
async fn a_forced_deletion_happens_at_once(stage: Stage) -> Outcome {
    stage.create_object("pods", &bound(&stage, "a")).await?;
    stage.merge("pods/a/status", &json!({ "status": { "phase": "Running" } })).await?.is(200)?;
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    stage.get("pods/a").await?.is(404)?;
    Ok(())
}

/// There is nothing left to stop.
async fn a_pod_that_has_ended_goes_at_once(stage: Stage) -> Outcome {
    for (name, phase) in [("a", "Succeeded"), ("b", "Failed")] {
        stage.create_object("pods", &bound(&stage, name)).await?;
        let status = json!({ "status": { "phase": phase } });
        stage.merge(&format!("pods/{name}/status"), &status).await?.is(200)?;
        stage.delete(&format!("pods/{name}")).await?.is(200)?;
        stage.get(&format!("pods/{name}")).await?.is(404)?;
    }
    Ok(())
}

/// Not with a `Status`.
async fn a_deletion_of_a_pod_answers_with_it(stage: Stage) -> Outcome {
    let made = stage.create_object("pods", &pod("a")).await?;
    let expected = json!({ "kind": "Pod", "metadata": { "name": "a", "uid": uid(&made) } });
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 0 })).await?.has(200, &expected)?;
    Ok(())
}

/// 409, and it runs on.
async fn a_forced_deletion_of_another_uid_is_a_conflict(stage: Stage) -> Outcome {
    stage.create_object("pods", &bound(&stage, "a")).await?;
    let options = json!({ "gracePeriodSeconds": 0, "preconditions": { "uid": "other" } });
    stage.delete_with("pods/a", &options).await?.has(409, &json!({ "reason": "Conflict" }))?;
    stage.get("pods/a").await?.has(200, &json!({ "metadata": { "deletionTimestamp": null } }))?;
    Ok(())
}

/// Even one without a node, with no time left.
async fn a_finalizer_keeps_a_pod(stage: Stage) -> Outcome {
    let mut kept = pod("a");
    kept["metadata"]["finalizers"] = json!(["example.com/keep"]);
    stage.create_object("pods", &kept).await?;
    stage.delete("pods/a").await?.is(200)?;
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "deletionGracePeriodSeconds": 0 } });
    stage.get("pods/a").await?.has(200, &expected)?;
    stage.merge("pods/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    stage.get("pods/a").await?.is(404)?;
    Ok(())
}

/// 403 by name.
async fn a_pod_needs_its_service_account(stage: Stage) -> Outcome {
    let mut pod = pod("a");
    pod["spec"]["serviceAccountName"] = json!("none");
    let message = format!(
        "pods \"a\" is forbidden: error looking up service account {}/none: serviceaccount \"none\" not found",
        stage.namespace
    );
    let details = json!({ "name": "a", "kind": "pods" });
    stage.post("pods", &pod).await?.refused(403, "Forbidden", &message, details)
}

/// 404.
async fn a_pod_that_is_not_there_has_no_log(stage: Stage) -> Outcome {
    let answer = stage.get("pods/a/log").await?;
    answer.refused(404, "NotFound", "pods \"a\" not found", json!({ "name": "a", "kind": "pods" }))
}

/// 204, not an error: there is nobody to ask.
async fn a_pod_without_a_node_has_no_log(stage: Stage) -> Outcome {
    stage.create_object("pods", &pod("a")).await?;
    let answer = stage.get("pods/a/log").await?;
    ensure!(answer.status == 204 && answer.body == "", "{} {}", answer.status, answer.body);
    Ok(())
}

/// 400 names both.
async fn a_container_that_is_not_there_has_no_log(stage: Stage) -> Outcome {
    stage.create_object("pods", &pod("a")).await?;
    let answer = stage.get("pods/a/log?container=other").await?;
    answer.refused(400, "BadRequest", "container other is not valid for pod a", Value::Null)
}
