//! Owners and what becomes of what they own.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::jobs::{job, pod_of};
use super::matching::ANY;
use super::stage::{name, uid};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    in_the_background_the_owner_goes_first,
    in_the_foreground_the_owner_goes_last,
    orphans_lose_their_owner_and_stay,
    the_pods_of_a_job_that_is_deleted_without_a_word_stay,
    the_old_word_for_orphans_is_understood,
    a_job_that_is_deleted_takes_its_pods_along,
    a_job_that_is_deleted_in_the_foreground_waits_for_its_pods,
    what_is_owned_by_nothing_goes,
    what_has_another_owner_left_stays,
    an_owner_of_another_uid_is_none,
    an_owner_reference_needs_a_name_and_a_uid,
    only_one_owner_controls,
];

/// A reference to a Secret.
fn owned_by(owner: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Secret", "name": name(owner), "uid": uid(owner) })
}

/// A ConfigMap with these owners.
async fn dependent(stage: &Stage, name: &str, owners: Value) -> Result<Value> {
    let metadata = json!({ "name": name, "ownerReferences": owners });
    stage.create_object("configmaps", &json!({ "metadata": metadata })).await
}

/// Waits until the garbage collector has seen every object of a kind that was made before now.
///
/// It learns of them by a watch, and takes changes of one kind in their order. An owner that is
/// deleted before it has seen a dependent is, to it, an owner without any: there is nobody to
/// orphan, or to wait for. `object` gets an owner that never was: it is collected once it is seen.
async fn dependents_are_seen(stage: &Stage, resource: &str, mut object: Value) -> Result<()> {
    let owner = json!({ "apiVersion": "v1", "kind": "Secret", "name": "none", "uid": "none" });
    object["metadata"] = json!({ "name": "seen", "ownerReferences": [owner] });
    stage.create_object(resource, &object).await?;
    stage.until_gone(&format!("{resource}/seen")).await
}

/// And at once.
async fn in_the_background_the_owner_goes_first(stage: Stage) -> Outcome {
    let owner = stage.secret("a", json!({})).await?;
    dependent(&stage, "b", json!([owned_by(&owner)])).await?;
    let options = json!({ "propagationPolicy": "Background" });
    stage.delete_with("secrets/a", &options).await?.has(200, &json!({ "status": "Success" }))?;
    stage.get("secrets/a").await?.is(404)?;
    stage.until_gone("configmaps/b").await
}

/// A finalizer keeps it until what blocks its deletion is gone.
async fn in_the_foreground_the_owner_goes_last(stage: Stage) -> Outcome {
    let owner = stage.secret("a", json!({})).await?;
    let mut reference = owned_by(&owner);
    reference["blockOwnerDeletion"] = json!(true);
    let metadata = json!({
        "name": "b", "ownerReferences": [reference], "finalizers": ["example.com/keep"],
    });
    stage.create_object("configmaps", &json!({ "metadata": metadata })).await?;
    dependents_are_seen(&stage, "configmaps", json!({})).await?;
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "finalizers": ["foregroundDeletion"] } });
    let options = json!({ "propagationPolicy": "Foreground" });
    stage.delete_with("secrets/a", &options).await?.has(200, &expected)?;
    let going = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    stage.until("configmaps/b", "being deleted", going).await?;
    stage.get("secrets/a").await?.has(200, &expected)?;
    stage.merge("configmaps/b", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    stage.until_gone("secrets/a").await
}

/// The reference is removed from them, then the owner goes.
async fn orphans_lose_their_owner_and_stay(stage: Stage) -> Outcome {
    let owner = stage.secret("a", json!({})).await?;
    dependent(&stage, "b", json!([owned_by(&owner)])).await?;
    dependents_are_seen(&stage, "configmaps", json!({})).await?;
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "finalizers": ["orphan"] } });
    let options = json!({ "propagationPolicy": "Orphan" });
    stage.delete_with("secrets/a", &options).await?.has(200, &expected)?;
    stage.until_gone("secrets/a").await?;
    let expected = json!({ "metadata": { "ownerReferences": null, "deletionTimestamp": null } });
    stage.get("configmaps/b").await?.has(200, &expected)?;
    Ok(())
}

/// Jobs of this version orphan by default.
async fn the_pods_of_a_job_that_is_deleted_without_a_word_stay(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    dependents_are_seen(&stage, "pods", super::graceful::pod("seen")).await?;
    stage.delete("jobs/a").await?.has(200, &json!({ "metadata": { "finalizers": ["orphan"] } }))?;
    stage.until_gone("jobs/a").await?;
    let path = format!("pods/{}", name(&pod));
    stage.get(&path).await?.has(200, &json!({ "metadata": { "ownerReferences": null } }))?;
    // Nobody counts it any more.
    let free = |pod: &Value| pod["metadata"].get("finalizers").is_none();
    stage.until(&path, "without finalizer", free).await?;
    Ok(())
}

/// `orphanDependents: false` is the background.
async fn the_old_word_for_orphans_is_understood(stage: Stage) -> Outcome {
    let owner = stage.secret("a", json!({})).await?;
    dependent(&stage, "b", json!([owned_by(&owner)])).await?;
    stage.delete_with("secrets/a", &json!({ "orphanDependents": false })).await?.is(200)?;
    stage.until_gone("configmaps/b").await
}

/// The pods' own finalizer does not keep them.
async fn a_job_that_is_deleted_takes_its_pods_along(stage: Stage) -> Outcome {
    stage.create_object("jobs", &job("a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let options = json!({ "propagationPolicy": "Background" });
    let details = json!({ "details": { "name": "a", "group": "batch", "kind": "jobs" } });
    stage.delete_with("jobs/a", &options).await?.has(200, &details)?;
    stage.get("jobs/a").await?.is(404)?;
    stage.until_gone(&format!("pods/{}", name(&pod))).await
}

/// As long as a kubelet has not stopped them.
async fn a_job_that_is_deleted_in_the_foreground_waits_for_its_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &super::jobs::bound_job(&stage, "a", json!({}))).await?;
    let pod = pod_of(&stage, "a").await?;
    let path = format!("pods/{}", name(&pod));
    dependents_are_seen(&stage, "pods", super::graceful::pod("seen")).await?;
    let options = json!({ "propagationPolicy": "Foreground" });
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "finalizers": ["foregroundDeletion"] } });
    stage.delete_with("jobs/a", &options).await?.has(200, &expected)?;
    let going = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    stage.until(&path, "being deleted", going).await?;
    stage.get("jobs/a").await?.is(200)?;
    stage.delete_with(&path, &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    stage.until_gone(&path).await?;
    stage.until_gone("jobs/a").await
}

/// An owner that never was is one that is gone.
async fn what_is_owned_by_nothing_goes(stage: Stage) -> Outcome {
    let owner = json!({ "apiVersion": "v1", "kind": "Secret", "name": "none", "uid": "none" });
    dependent(&stage, "b", json!([owner])).await?;
    stage.until_gone("configmaps/b").await
}

/// It loses one reference.
async fn what_has_another_owner_left_stays(stage: Stage) -> Outcome {
    let first = stage.secret("a", json!({})).await?;
    let second = stage.secret("b", json!({})).await?;
    dependent(&stage, "c", json!([owned_by(&first), owned_by(&second)])).await?;
    stage.delete_with("secrets/a", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    let one_left = |object: &Value| object["metadata"]["ownerReferences"].as_array().map(Vec::len) == Some(1);
    let object = stage.until("configmaps/c", "with one owner", one_left).await?;
    ensure!(object["metadata"]["ownerReferences"][0]["name"] == "b", "{object}");
    stage.delete_with("secrets/b", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    stage.until_gone("configmaps/c").await
}

/// Names are given again; UIDs are not.
async fn an_owner_of_another_uid_is_none(stage: Stage) -> Outcome {
    let owner = stage.secret("a", json!({})).await?;
    let mut reference = owned_by(&owner);
    reference["uid"] = json!("other");
    dependent(&stage, "b", json!([reference])).await?;
    stage.until_gone("configmaps/b").await?;
    stage.get("secrets/a").await?.is(200)?;
    Ok(())
}

/// 422 names what is missing.
async fn an_owner_reference_needs_a_name_and_a_uid(stage: Stage) -> Outcome {
    let owner = json!({ "apiVersion": "v1", "kind": "Secret", "name": "", "uid": "" });
    let metadata = json!({ "name": "b", "ownerReferences": [owner] });
    let (field, message) = ("metadata.ownerReferences", "Invalid value: \"\": must not be empty");
    stage.post("configmaps", &json!({ "metadata": metadata })).await?.invalid(
        "ConfigMap",
        "",
        "b",
        &[
            (&format!("{field}.name"), "FieldValueInvalid", message),
            (&format!("{field}.uid"), "FieldValueInvalid", message),
        ],
    )
}

/// 422 for two.
async fn only_one_owner_controls(stage: Stage) -> Outcome {
    let owner = |name: &str| json!({ "apiVersion": "v1", "kind": "Secret", "name": name, "uid": name, "controller": true });
    let metadata = json!({ "name": "b", "ownerReferences": [owner("x"), owner("y")] });
    let message = "~Only one reference can have Controller set to true. Found \"true\" in references for \
                   Secret/x and Secret/y";
    stage.post("configmaps", &json!({ "metadata": metadata })).await?.invalid(
        "ConfigMap",
        "",
        "b",
        &[("metadata.ownerReferences", "FieldValueInvalid", message)],
    )
}
