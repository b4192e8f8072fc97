//! Merge patches, JSON patches, and what is none of them.

use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};

use super::stage::{JSON, MERGE_PATCH, Types, uid, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_merge_patch_changes_what_it_names,
    a_merge_patch_with_null_removes,
    a_merge_patch_replaces_lists,
    a_merge_patch_with_an_old_version_is_a_conflict,
    a_merge_patch_with_the_version_is_applied,
    a_merge_patch_with_another_uid_is_refused,
    a_merge_patch_that_changes_nothing_keeps_the_version,
    a_merge_patch_of_what_is_not_there_is_not_found,
    a_merge_patch_that_is_no_json_is_refused,
    a_merge_patch_cannot_rename,
    a_merge_patch_is_checked_like_a_replacement,
    a_json_patch_adds_replaces_and_removes,
    a_json_patch_copies_and_moves,
    a_json_patch_whose_test_holds_is_applied,
    a_json_patch_whose_test_fails_changes_nothing,
    a_json_patch_guards_with_the_uid,
    a_json_patch_escapes_slashes_in_keys,
    a_json_patch_to_a_place_that_is_not_there_is_refused,
    a_json_patch_that_is_no_list_is_refused,
    a_json_patch_with_an_unknown_operation_is_refused,
    a_patch_of_an_unknown_content_type_is_refused,
    a_strategic_merge_patch_merges_lists_by_key,
    an_apply_patch_creates_what_is_not_there,
];

fn details() -> Value {
    json!({ "name": "a", "kind": "secrets" })
}

/// Everything else stays.
async fn a_merge_patch_changes_what_it_names(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "1", "y": "2" })).await?;
    let patch = json!({ "metadata": { "labels": { "y": "3" } }, "data": { "other": "Mg==" } });
    let expected = json!({
        "metadata": { "uid": uid(&secret), "labels": { "x": "1", "y": "3" } },
        "data": { "key": "MQ==", "other": "Mg==" },
    });
    let patched = stage.merge("secrets/a", &patch).await?.has(200, &expected)?;
    ensure!(version(&patched) != version(&secret), "{patched}");
    Ok(())
}

/// RFC 7386: null removes a member, even one that is not there.
async fn a_merge_patch_with_null_removes(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "1", "y": "2" })).await?;
    let patch = json!({ "metadata": { "labels": { "x": null, "z": null } }, "data": null });
    let expected = json!({ "metadata": { "labels": { "x": null, "y": "2", "z": null } }, "data": null });
    stage.merge("secrets/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// RFC 7386: lists are values.
async fn a_merge_patch_replaces_lists(stage: Stage) -> Outcome {
    let metadata = json!({ "name": "a", "finalizers": ["example.com/one", "example.com/two"] });
    stage.create_object("secrets", &json!({ "metadata": metadata })).await?;
    let patch = json!({ "metadata": { "finalizers": ["example.com/three"] } });
    stage.merge("secrets/a", &patch).await?.has(200, &patch)?;
    let none = json!({ "metadata": { "finalizers": null } });
    stage.merge("secrets/a", &none).await?.has(200, &none)?;
    Ok(())
}

/// A version in the patch is a precondition.
async fn a_merge_patch_with_an_old_version_is_a_conflict(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    stage.merge("secrets/a", &json!({ "data": { "key": "Mg==" } })).await?.is(200)?;
    let patch = json!({ "metadata": { "resourceVersion": version(&secret) }, "data": { "key": "Mw==" } });
    let message = "Operation cannot be fulfilled on secrets \"a\": the object has been modified; please \
                   apply your changes to the latest version and try again";
    stage.merge("secrets/a", &patch).await?.refused(409, "Conflict", message, details())
}

/// The version that is stored fulfils it.
async fn a_merge_patch_with_the_version_is_applied(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let patch = json!({ "metadata": { "resourceVersion": version(&secret) }, "data": { "key": "Mw==" } });
    stage.merge("secrets/a", &patch).await?.has(200, &json!({ "data": { "key": "Mw==" } }))?;
    Ok(())
}

/// 422, told twice: here a UID is a member like any other, and one that stays.
async fn a_merge_patch_with_another_uid_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let patch = json!({ "metadata": { "uid": "other" }, "data": { "key": "Mw==" } });
    let message = "Invalid value: \"other\": field is immutable";
    stage.merge("secrets/a", &patch).await?.invalid(
        "Secret",
        "",
        "a",
        &[("metadata.uid", "FieldValueInvalid", message); 2],
    )
}

/// No write happens.
async fn a_merge_patch_that_changes_nothing_keeps_the_version(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let expected = json!({ "metadata": { "resourceVersion": version(&secret) } });
    stage.merge("secrets/a", &json!({ "data": { "key": "MQ==" } })).await?.has(200, &expected)?;
    stage.merge("secrets/a", &json!({})).await?.has(200, &expected)?;
    Ok(())
}

/// A patch does not create.
async fn a_merge_patch_of_what_is_not_there_is_not_found(stage: Stage) -> Outcome {
    let answer = stage.merge("secrets/a", &json!({ "data": {} })).await?;
    answer.refused(404, "NotFound", "secrets \"a\" not found", details())
}

/// 400 in words of the JSON library.
async fn a_merge_patch_that_is_no_json_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.send(Method::PATCH, "secrets/a", Types::sent(MERGE_PATCH), "{").await?;
    answer.refused(400, "BadRequest", "~error decoding patch", Value::Null)
}

/// 400 names both.
async fn a_merge_patch_cannot_rename(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.merge("secrets/a", &json!({ "metadata": { "name": "b" } })).await?;
    let message = "the name of the object (b) does not match the name on the URL (a)";
    answer.refused(400, "BadRequest", message, Value::Null)
}

/// 422 with causes; both validations of a Job's change tell this one.
async fn a_merge_patch_is_checked_like_a_replacement(stage: Stage) -> Outcome {
    stage.create_object("jobs", &super::jobs::job("a", json!({ "suspend": true }))).await?;
    let message = "Invalid value: -1: must be greater than or equal to 0";
    stage.merge("jobs/a", &json!({ "spec": { "activeDeadlineSeconds": -1 } })).await?.invalid(
        "Job",
        "batch",
        "a",
        &[("spec.activeDeadlineSeconds", "FieldValueInvalid", message); 2],
    )
}

/// RFC 6902, one after the other.
async fn a_json_patch_adds_replaces_and_removes(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "1" })).await?;
    let patch = json!([
        { "op": "add", "path": "/metadata/labels/y", "value": "2" },
        { "op": "replace", "path": "/metadata/labels/y", "value": "3" },
        { "op": "remove", "path": "/metadata/labels/x" },
        { "op": "add", "path": "/metadata/finalizers", "value": ["example.com/b"] },
        { "op": "add", "path": "/metadata/finalizers/0", "value": "example.com/a" },
        { "op": "add", "path": "/metadata/finalizers/-", "value": "example.com/c" },
    ]);
    let expected = json!({ "metadata": {
        "labels": { "x": null, "y": "3" },
        "finalizers": ["example.com/a", "example.com/b", "example.com/c"],
    } });
    stage.json_patch("secrets/a", &patch).await?.has(200, &expected)?;
    let patch = json!([{ "op": "remove", "path": "/metadata/finalizers" }]);
    stage.json_patch("secrets/a", &patch).await?.is(200)?;
    Ok(())
}

/// RFC 6902, from another place of the object.
async fn a_json_patch_copies_and_moves(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "1", "y": "2" })).await?;
    let patch = json!([
        { "op": "copy", "from": "/metadata/labels/x", "path": "/metadata/labels/z" },
        { "op": "move", "from": "/metadata/labels/y", "path": "/metadata/labels/x" },
    ]);
    let expected = json!({ "metadata": { "labels": { "x": "2", "y": null, "z": "1" } } });
    stage.json_patch("secrets/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// The way to change only what is as one believes.
async fn a_json_patch_whose_test_holds_is_applied(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "1" })).await?;
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": uid(&secret) },
        { "op": "replace", "path": "/metadata/labels/x", "value": "2" },
    ]);
    let expected = json!({ "metadata": { "labels": { "x": "2" } } });
    stage.json_patch("secrets/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// 422 without causes, and the operations before it do not count.
async fn a_json_patch_whose_test_fails_changes_nothing(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "1" })).await?;
    let patch = json!([
        { "op": "replace", "path": "/metadata/labels/x", "value": "2" },
        { "op": "test", "path": "/metadata/labels/x", "value": "3" },
    ]);
    let message = "the server rejected our request due to an error in our request";
    stage.json_patch("secrets/a", &patch).await?.refused(422, "Invalid", message, json!({}))?;
    stage.get("secrets/a").await?.has(200, &secret)?;
    Ok(())
}

/// A test of the UID keeps a patch from another object of the same name.
async fn a_json_patch_guards_with_the_uid(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "1" })).await?;
    let first = uid(&secret).to_owned();
    stage.delete("secrets/a").await?.is(200)?;
    stage.secret("a", json!({ "x": "1" })).await?;
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": first },
        { "op": "replace", "path": "/metadata/labels/x", "value": "2" },
    ]);
    stage.json_patch("secrets/a", &patch).await?.is(422)?;
    Ok(())
}

/// RFC 6901: `~1` is a slash.
async fn a_json_patch_escapes_slashes_in_keys(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "example.com/x": "1" })).await?;
    let patch = json!([{ "op": "replace", "path": "/metadata/labels/example.com~1x", "value": "2" }]);
    let expected = json!({ "metadata": { "labels": { "example.com/x": "2" } } });
    stage.json_patch("secrets/a", &patch).await?.has(200, &expected)?;
    Ok(())
}

/// 422 as well.
async fn a_json_patch_to_a_place_that_is_not_there_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let message = "the server rejected our request due to an error in our request";
    for operation in [
        json!({ "op": "replace", "path": "/spec/none", "value": 1 }),
        json!({ "op": "remove", "path": "/metadata/annotations/none" }),
        json!({ "op": "add", "path": "/metadata/annotations/none", "value": "x" }),
    ] {
        let answer = stage.json_patch("secrets/a", &json!([operation])).await?;
        answer.refused(422, "Invalid", message, json!({}))?;
    }
    Ok(())
}

/// 400 in words of the JSON library.
async fn a_json_patch_that_is_no_list_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.json_patch("secrets/a", &json!({ "op": "remove" })).await?;
    answer.refused(400, "BadRequest", "~error decoding patch", Value::Null)
}

/// 422: it is a patch, but none that can be applied.
async fn a_json_patch_with_an_unknown_operation_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let answer = stage.json_patch("secrets/a", &json!([{ "op": "paint", "path": "/data" }])).await?;
    let message = "the server rejected our request due to an error in our request";
    answer.refused(422, "Invalid", message, json!({}))
}

/// 415 for JSON that is no kind of patch.
async fn a_patch_of_an_unknown_content_type_is_refused(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    for types in [JSON, "text/plain"] {
        let answer = stage.send(Method::PATCH, "secrets/a", Types::sent(types), "{}").await?;
        let message = "415: Unsupported Media Type";
        answer.refused(415, "UnsupportedMediaType", message, json!({}))?;
    }
    Ok(())
}

/// The simulator does not: see the differences.
async fn a_strategic_merge_patch_merges_lists_by_key(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::pod("a")).await?;
    let patch = json!({ "spec": { "containers": [{ "name": "main", "image": "example.com/other" }] } });
    let expected =
        json!({ "spec": { "containers": [{ "image": "example.com/other", "command": ["true"] }] } });
    let types = Types::sent("application/strategic-merge-patch+json");
    stage.send(Method::PATCH, "pods/a", types, patch.to_string()).await?.has(200, &expected)?;
    Ok(())
}

/// The simulator does not: see the differences.
async fn an_apply_patch_creates_what_is_not_there(stage: Stage) -> Outcome {
    let patch = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" } });
    let types = Types::sent("application/apply-patch+yaml");
    stage.send(Method::PATCH, "secrets/a?fieldManager=test", types, patch.to_string()).await?.is(201)?;
    Ok(())
}
