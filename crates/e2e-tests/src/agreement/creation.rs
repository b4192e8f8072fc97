//! Creating and reading objects.

use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::{JSON, Types, name, uid, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_create_answers_with_what_the_server_adds,
    a_read_answers_with_what_was_created,
    an_object_that_is_not_there_is_not_found,
    a_name_is_taken_once,
    a_namespace_must_exist,
    a_namespace_in_the_body_must_be_that_of_the_path,
    a_generated_name_has_five_characters_more,
    a_name_wins_over_a_generated_one,
    a_name_is_required,
    a_name_must_be_a_domain_name,
    a_label_must_have_a_valid_key_and_value,
    a_resource_version_must_not_be_set,
    what_the_server_sets_cannot_be_chosen,
    kind_and_version_may_be_left_out,
    another_kind_is_refused,
    a_body_that_is_no_json_is_refused,
    an_empty_body_is_refused,
    a_member_of_the_wrong_type_is_refused,
    a_member_nobody_knows_is_dropped,
    a_resource_nobody_knows_is_not_found,
    a_group_nobody_knows_is_not_found,
    a_collection_cannot_be_replaced,
    an_unknown_content_type_of_a_create_is_refused,
    a_namespace_is_read_without_one,
];

/// UID, time of creation and resource version come from the server.
async fn a_create_answers_with_what_the_server_adds(stage: Stage) -> Outcome {
    let made = stage.post("secrets", &json!({ "metadata": { "name": "a" }, "type": "Opaque" })).await?;
    let expected = json!({
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {
            "name": "a",
            "namespace": stage.namespace,
            "uid": ANY,
            "creationTimestamp": ANY,
            "resourceVersion": ANY,
            "generation": null,
            "deletionTimestamp": null,
        },
        "type": "Opaque",
    });
    let made = made.has(201, &expected)?;
    ensure!(uid(&made).len() == 36, "{made}");
    ensure!(version(&made).parse::<u64>().is_ok(), "{made}");
    let created = made["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
    ensure!(created.len() == 20 && created.ends_with('Z'), "whole seconds: {made}");
    Ok(())
}

/// A get of an object and its create answer the same.
async fn a_read_answers_with_what_was_created(stage: Stage) -> Outcome {
    let made = stage.secret("a", json!({ "x": "y" })).await?;
    stage.get("secrets/a").await?.has(200, &made)?;
    Ok(())
}

/// 404 names the resource and the object.
async fn an_object_that_is_not_there_is_not_found(stage: Stage) -> Outcome {
    let details = json!({ "name": "none", "kind": "secrets" });
    stage.get("secrets/none").await?.refused(404, "NotFound", "secrets \"none\" not found", details)?;
    let details = json!({ "name": "none", "group": "batch", "kind": "jobs" });
    stage.get("jobs/none").await?.refused(404, "NotFound", "jobs.batch \"none\" not found", details)
}

/// 409 AlreadyExists, whatever the second object holds.
async fn a_name_is_taken_once(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let again = stage.post("secrets", &json!({ "metadata": { "name": "a" } })).await?;
    let details = json!({ "name": "a", "kind": "secrets" });
    again.refused(409, "AlreadyExists", "secrets \"a\" already exists", details)
}

/// 404 names the namespace, not the object.
async fn a_namespace_must_exist(stage: Stage) -> Outcome {
    let secret = json!({ "metadata": { "name": "a" } });
    let answer = stage.post("/api/v1/namespaces/agreement-none/secrets", &secret).await?;
    let details = json!({ "name": "agreement-none", "kind": "namespaces" });
    answer.refused(404, "NotFound", "namespaces \"agreement-none\" not found", details)
}

/// 400 for an object of another namespace than the path's.
async fn a_namespace_in_the_body_must_be_that_of_the_path(stage: Stage) -> Outcome {
    let answer = stage.post("secrets", &json!({ "metadata": { "name": "a", "namespace": "other" } })).await?;
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    answer.refused(400, "BadRequest", message, Value::Null)
}

/// Five characters without vowels, so that no word comes of it.
async fn a_generated_name_has_five_characters_more(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "generateName": "a-" } });
    let one = stage.create_object("secrets", &object).await?;
    let two = stage.create_object("secrets", &object).await?;
    for made in [&one, &two] {
        let added = name(made).strip_prefix("a-").unwrap_or_default();
        let known = |byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte);
        ensure!(added.len() == 5 && added.bytes().all(known), "{made}");
        ensure!(made["metadata"]["generateName"] == "a-", "{made}");
    }
    ensure!(name(&one) != name(&two), "twice {one}");
    Ok(())
}

/// `generateName` is kept and not used.
async fn a_name_wins_over_a_generated_one(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a", "generateName": "b-" } });
    let expected = json!({ "metadata": { "name": "a", "generateName": "b-" } });
    stage.post("secrets", &object).await?.has(201, &expected)?;
    Ok(())
}

/// Neither a name nor the beginning of one.
async fn a_name_is_required(stage: Stage) -> Outcome {
    let message = "Required value: name or generateName is required";
    stage.post("secrets", &json!({ "metadata": {} })).await?.invalid(
        "Secret",
        "",
        "",
        &[("metadata.name", "FieldValueRequired", message)],
    )
}

/// Upper case is refused with the rule in words.
async fn a_name_must_be_a_domain_name(stage: Stage) -> Outcome {
    let message = "Invalid value: \"Big\": a lowercase RFC 1123 subdomain must consist of lower case \
                   alphanumeric characters, '-' or '.', and must start and end with an alphanumeric \
                   character (e.g. 'example.com', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    stage.post("secrets", &json!({ "metadata": { "name": "Big" } })).await?.invalid(
        "Secret",
        "",
        "Big",
        &[("metadata.name", "FieldValueInvalid", message)],
    )
}

/// Both are checked, and both are told.
async fn a_label_must_have_a_valid_key_and_value(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a", "labels": { "good": "not good" } } });
    let message = "Invalid value: \"not good\": a valid label must be an empty string or consist of \
                   alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
                   character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
                   '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let refused = stage.post("secrets", &object).await?;
    refused.invalid("Secret", "", "a", &[("metadata.labels", "FieldValueInvalid", message)])?;
    let long = "x".repeat(64);
    let object = json!({ "metadata": { "name": "a", "labels": { "good": long } } });
    let message = format!("Invalid value: \"{long}\": must be no more than 63 bytes");
    stage.post("secrets", &object).await?.invalid(
        "Secret",
        "",
        "a",
        &[("metadata.labels", "FieldValueInvalid", &message)],
    )
}

/// An object that is to be created has no version yet.
async fn a_resource_version_must_not_be_set(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a", "resourceVersion": "1" } });
    let answer = stage.post("secrets", &object).await?;
    let message = "resourceVersion should not be set on objects to be created";
    answer.refused(500, "", message, Value::Null)
}

/// UID, time of creation and of deletion are overwritten without a word.
async fn what_the_server_sets_cannot_be_chosen(stage: Stage) -> Outcome {
    let metadata = json!({
        "name": "a",
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 7,
        "selfLink": "/mine",
    });
    let expected = json!({ "metadata": {
        "name": "a", "deletionTimestamp": null, "deletionGracePeriodSeconds": null,
    } });
    let made = stage.post("secrets", &json!({ "metadata": metadata })).await?.has(201, &expected)?;
    ensure!(uid(&made) != "mine", "{made}");
    ensure!(made["metadata"]["creationTimestamp"] != "2001-01-01T00:00:00Z", "{made}");
    Ok(())
}

/// The path says what it is.
async fn kind_and_version_may_be_left_out(stage: Stage) -> Outcome {
    let expected = json!({ "kind": "ConfigMap", "apiVersion": "v1", "data": { "x": "y" } });
    let object = json!({ "metadata": { "name": "a" }, "data": { "x": "y" } });
    stage.post("configmaps", &object).await?.has(201, &expected)?;
    Ok(())
}

/// 400 for a ConfigMap among Secrets.
async fn another_kind_is_refused(stage: Stage) -> Outcome {
    let object = json!({ "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "a" } });
    let message = "ConfigMap in version \"v1\" cannot be handled as a Secret: converting (v1.ConfigMap) to \
                   (core.Secret): unknown conversion";
    stage.post("secrets", &object).await?.refused(400, "BadRequest", message, Value::Null)
}

/// 400; the words are the JSON library's.
async fn a_body_that_is_no_json_is_refused(stage: Stage) -> Outcome {
    let answer = stage.send(Method::POST, "secrets", Types::sent(JSON), "{\"metadata\":").await?;
    answer.refused(400, "BadRequest", "~json parse error", Value::Null)
}

/// 400 too.
async fn an_empty_body_is_refused(stage: Stage) -> Outcome {
    let answer = stage.send(Method::POST, "secrets", Types::sent(JSON), "").await?;
    answer.refused(400, "BadRequest", "~unexpected end of JSON input", Value::Null)
}

/// 400 names the kind.
async fn a_member_of_the_wrong_type_is_refused(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a" }, "spec": { "backoffLimit": "many" } });
    let message = "~Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal string into Go";
    stage.post("jobs", &object).await?.refused(400, "BadRequest", message, Value::Null)
}

/// It is neither refused nor stored.
async fn a_member_nobody_knows_is_dropped(stage: Stage) -> Outcome {
    let object =
        json!({ "metadata": { "name": "a", "mood": "good" }, "colour": "red", "data": { "x": "y" } });
    let expected = json!({ "colour": null, "metadata": { "mood": null }, "data": { "x": "y" } });
    stage.post("configmaps", &object).await?.has(201, &expected)?;
    Ok(())
}

/// 404 without a name.
async fn a_resource_nobody_knows_is_not_found(stage: Stage) -> Outcome {
    let message = "the server could not find the requested resource";
    let answer = stage.get(&format!("/api/v1/namespaces/{}/wishes", stage.namespace)).await?;
    answer.refused(404, "NotFound", message, json!({}))
}

/// A plain text, not a `Status`.
async fn a_group_nobody_knows_is_not_found(stage: Stage) -> Outcome {
    stage.get("/apis/wishes.example.com/v1/wishes").await?.has(404, &json!("404 page not found\n"))?;
    Ok(())
}

/// 405 for a method that a path does not have.
async fn a_collection_cannot_be_replaced(stage: Stage) -> Outcome {
    let answer = stage.put("secrets", &json!({ "metadata": { "name": "a" } })).await?;
    let message = "the server does not allow this method on the requested resource";
    answer.refused(405, "MethodNotAllowed", message, json!({}))
}

/// 415 lists what is understood.
async fn an_unknown_content_type_of_a_create_is_refused(stage: Stage) -> Outcome {
    let body = json!({ "metadata": { "name": "a" } }).to_string();
    let answer = stage.send(Method::POST, "secrets", Types::sent("text/plain"), body).await?;
    let message = "~the body of the request was in an unknown format - accepted media types include: \
                   application/json";
    answer.refused(415, "UnsupportedMediaType", message, Value::Null)
}

/// Namespaces are in no namespace, and carry their name as a label.
async fn a_namespace_is_read_without_one(stage: Stage) -> Outcome {
    let expected = json!({
        "kind": "Namespace",
        "metadata": {
            "name": stage.namespace,
            "namespace": null,
            "labels": { "kubernetes.io/metadata.name": stage.namespace },
        },
        "spec": { "finalizers": ["kubernetes"] },
        "status": { "phase": "Active" },
    });
    stage.get(&format!("/api/v1/namespaces/{}", stage.namespace)).await?.has(200, &expected)?;
    Ok(())
}
