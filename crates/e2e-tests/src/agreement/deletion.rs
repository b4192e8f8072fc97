//! Deleting objects: answers, preconditions, finalizers.

use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::{JSON, Types, uid, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_deletion_answers_what_was_deleted,
    what_is_not_there_cannot_be_deleted,
    a_deletion_of_another_uid_is_a_conflict,
    a_deletion_of_this_uid_happens,
    a_deletion_of_an_old_version_is_a_conflict,
    a_deletion_of_this_version_happens,
    a_finalizer_keeps_an_object,
    an_object_goes_with_its_last_finalizer,
    no_finalizer_is_added_to_what_is_being_deleted,
    a_second_deletion_waits_for_the_same_finalizer,
    the_time_of_deletion_cannot_be_taken_back,
    a_policy_nobody_knows_is_refused,
    two_policies_at_once_are_refused,
    options_that_are_no_json_are_refused,
    options_of_another_kind_are_refused,
    a_namespace_goes_with_what_is_in_it,
    in_a_namespace_that_goes_nothing_is_created,
];

/// Success with name, kind and UID.
async fn a_deletion_answers_what_was_deleted(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let expected = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": { "name": "a", "kind": "secrets", "uid": uid(&secret) },
    });
    let body = stage.delete("secrets/a").await?.has(200, &expected)?;
    ensure!(body.get("code").is_none(), "{body}");
    stage.get("secrets/a").await?.is(404)?;
    Ok(())
}

/// 404.
async fn what_is_not_there_cannot_be_deleted(stage: Stage) -> Outcome {
    let details = json!({ "name": "a", "group": "batch", "kind": "jobs" });
    stage.delete("jobs/a").await?.refused(404, "NotFound", "jobs.batch \"a\" not found", details)
}

/// 409 names both, and the object stays.
async fn a_deletion_of_another_uid_is_a_conflict(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let options = json!({ "preconditions": { "uid": "other" } });
    let message = format!(
        "Operation cannot be fulfilled on Secret \"a\": the UID in the precondition (other) does not match \
         the UID in record ({}). The object might have been deleted and then recreated",
        uid(&secret)
    );
    let details = json!({ "name": "a", "kind": "Secret" });
    stage.delete_with("secrets/a", &options).await?.refused(409, "Conflict", &message, details)?;
    stage.get("secrets/a").await?.is(200)?;
    Ok(())
}

/// The way to delete no other object of the same name.
async fn a_deletion_of_this_uid_happens(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let options = json!({ "preconditions": { "uid": uid(&secret) } });
    stage.delete_with("secrets/a", &options).await?.is(200)?;
    stage.get("secrets/a").await?.is(404)?;
    Ok(())
}

/// 409 names both.
async fn a_deletion_of_an_old_version_is_a_conflict(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let now = stage.merge("secrets/a", &json!({ "data": { "key": "Mg==" } })).await?.is(200)?;
    let options = json!({ "preconditions": { "resourceVersion": version(&secret) } });
    let message = format!(
        "Operation cannot be fulfilled on Secret \"a\": the ResourceVersion in the precondition ({}) does \
         not match the ResourceVersion in record ({}). The object might have been modified",
        version(&secret),
        version(&now)
    );
    let details = json!({ "name": "a", "kind": "Secret" });
    stage.delete_with("secrets/a", &options).await?.refused(409, "Conflict", &message, details)
}

/// With both preconditions.
async fn a_deletion_of_this_version_happens(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let options = json!({ "preconditions": { "resourceVersion": version(&secret), "uid": uid(&secret) } });
    stage.delete_with("secrets/a", &options).await?.is(200)?;
    Ok(())
}

/// A Secret `a` that is kept by a finalizer.
async fn kept(stage: &Stage) -> anyhow::Result<Value> {
    let metadata = json!({ "name": "a", "finalizers": ["example.com/keep"] });
    stage.create_object("secrets", &json!({ "metadata": metadata })).await
}

/// The answer is the object with the time of deletion.
async fn a_finalizer_keeps_an_object(stage: Stage) -> Outcome {
    kept(&stage).await?;
    let expected = json!({
        "kind": "Secret",
        "metadata": {
            "deletionTimestamp": ANY,
            "deletionGracePeriodSeconds": 0,
            "finalizers": ["example.com/keep"],
        },
    });
    stage.delete("secrets/a").await?.has(200, &expected)?;
    stage.get("secrets/a").await?.has(200, &expected)?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    Ok(())
}

/// In the same moment.
async fn an_object_goes_with_its_last_finalizer(stage: Stage) -> Outcome {
    kept(&stage).await?;
    stage.delete("secrets/a").await?.is(200)?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    stage.get("secrets/a").await?.is(404)?;
    Ok(())
}

/// 422, told twice.
async fn no_finalizer_is_added_to_what_is_being_deleted(stage: Stage) -> Outcome {
    kept(&stage).await?;
    stage.delete("secrets/a").await?.is(200)?;
    let patch = json!({ "metadata": { "finalizers": ["example.com/keep", "example.com/more"] } });
    let message = "Forbidden: no new finalizers can be added if the object is being deleted, found new \
                   finalizers []string{\"example.com/more\"}";
    stage.merge("secrets/a", &patch).await?.invalid(
        "Secret",
        "",
        "a",
        &[("metadata.finalizers", "FieldValueForbidden", message); 2],
    )?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    Ok(())
}

/// And changes nothing.
async fn a_second_deletion_waits_for_the_same_finalizer(stage: Stage) -> Outcome {
    kept(&stage).await?;
    let first = stage.delete("secrets/a").await?.is(200)?;
    let expected = json!({ "metadata": {
        "resourceVersion": version(&first), "deletionTimestamp": first["metadata"]["deletionTimestamp"],
    } });
    stage.delete("secrets/a").await?.has(200, &expected)?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    Ok(())
}

/// A patch that says so is applied without it.
async fn the_time_of_deletion_cannot_be_taken_back(stage: Stage) -> Outcome {
    kept(&stage).await?;
    stage.delete("secrets/a").await?.is(200)?;
    let patch = json!({ "metadata": { "deletionTimestamp": null, "labels": { "x": "y" } } });
    let expected = json!({ "metadata": { "deletionTimestamp": ANY, "labels": { "x": "y" } } });
    stage.merge("secrets/a", &patch).await?.has(200, &expected)?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    Ok(())
}

/// 422 lists the known ones.
async fn a_policy_nobody_knows_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let message = "Unsupported value: \"Never\": supported values: \"Foreground\", \"Background\", \
                   \"Orphan\", \"nil\"";
    stage.delete_with("secrets/a", &json!({ "propagationPolicy": "Never" })).await?.invalid(
        "DeleteOptions",
        "meta.k8s.io",
        "",
        &[("propagationPolicy", "FieldValueNotSupported", message)],
    )
}

/// 422: the old word and the new one.
async fn two_policies_at_once_are_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let options = json!({ "propagationPolicy": "Orphan", "orphanDependents": true });
    let message = "Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set";
    stage.delete_with("secrets/a", &options).await?.invalid(
        "DeleteOptions",
        "meta.k8s.io",
        "",
        &[("propagationPolicy", "FieldValueInvalid", message)],
    )
}

/// 400, and the object stays.
async fn options_that_are_no_json_are_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.send(Method::DELETE, "secrets/a", Types::sent(JSON), "{").await?;
    answer.refused(400, "BadRequest", "~json parse error", Value::Null)?;
    stage.get("secrets/a").await?.is(200)?;
    Ok(())
}

/// 400 for an object of another kind.
async fn options_of_another_kind_are_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.delete_with("secrets/a", &json!({ "kind": "Secret", "apiVersion": "v1" })).await?;
    answer.refused(400, "BadRequest", "~no kind \"Secret\" is registered for version \"v1\"", Value::Null)?;
    stage.get("secrets/a").await?.is(200)?;
    Ok(())
}

/// First it is terminating.
async fn a_namespace_goes_with_what_is_in_it(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    let expected = json!({ "metadata": { "deletionTimestamp": ANY }, "status": { "phase": "Terminating" } });
    stage.delete(&path).await?.has(200, &expected)?;
    stage.until_gone("secrets/a").await?;
    stage.until_gone(&path).await
}

/// 403 with a cause that clients know.
async fn in_a_namespace_that_goes_nothing_is_created(stage: Stage) -> Outcome {
    kept(&stage).await?;
    let path = format!("/api/v1/namespaces/{}", stage.namespace);
    stage.delete(&path).await?.is(200)?;
    let namespace = &stage.namespace;
    let message = format!(
        "secrets \"b\" is forbidden: unable to create new content in namespace {namespace} because it is \
         being terminated"
    );
    let cause = format!("namespace {namespace} is being terminated");
    let causes = json!([{
        "reason": "NamespaceTerminating", "message": cause, "field": "metadata.namespace",
    }]);
    let details = json!({ "name": "b", "kind": "secrets", "causes": causes });
    let answer = stage.post("secrets", &json!({ "metadata": { "name": "b" } })).await?;
    answer.refused(403, "Forbidden", &message, details)?;
    stage.merge("secrets/a", &json!({ "metadata": { "finalizers": null } })).await?.is(200)?;
    Ok(())
}
