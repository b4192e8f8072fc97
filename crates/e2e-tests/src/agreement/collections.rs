//! Whole lists, and deleting them.

use anyhow::ensure;
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::{names, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_list_is_in_the_order_of_names,
    an_empty_list_has_a_version,
    items_of_a_list_are_without_kind,
    a_list_is_of_one_namespace,
    a_list_over_all_namespaces_is_ordered_by_them,
    a_list_from_memory_is_a_list,
    a_list_is_at_least_as_new_as_asked,
    a_list_of_an_exact_version_is_of_that_version,
    a_list_of_a_version_that_is_no_number_is_refused,
    a_list_of_the_future_is_too_early,
    a_match_without_a_version_is_refused,
    a_list_in_a_namespace_that_is_not_there_is_empty,
    a_collection_is_deleted_by_label,
    a_collection_is_deleted_by_field,
    a_collection_without_selector_is_deleted_whole,
    the_jobs_of_a_collection_are_deleted_with_their_pods,
];

/// Whatever the order of creation.
async fn a_list_is_in_the_order_of_names(stage: Stage) -> Outcome {
    for name in ["b", "c", "a", "b.a", "b-a"] {
        stage.secret(name, json!({})).await?;
    }
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list) == ["a", "b", "b-a", "b.a", "c"], "{list}");
    Ok(())
}

/// From which a watch can start.
async fn an_empty_list_has_a_version(stage: Stage) -> Outcome {
    let expected = json!({
        "kind": "JobList", "apiVersion": "batch/v1", "metadata": { "resourceVersion": ANY }, "items": [],
    });
    stage.get("jobs").await?.has(200, &expected)?;
    Ok(())
}

/// The list says what they are.
async fn items_of_a_list_are_without_kind(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let expected = json!({ "items": [{ "kind": null, "apiVersion": null, "metadata": { "name": "a" } }] });
    stage.get("secrets").await?.has(200, &expected)?;
    Ok(())
}

/// Not of those whose name begins alike.
async fn a_list_is_of_one_namespace(stage: Stage) -> Outcome {
    let other = format!("{}x", stage.namespace);
    let namespace = json!({ "metadata": { "name": other } });
    stage.post("/api/v1/namespaces", &namespace).await?.is(201)?;
    let path = format!("/api/v1/namespaces/{other}");
    let secret = json!({ "metadata": { "name": "b" } });
    stage.post(&format!("{path}/secrets"), &secret).await?.is(201)?;
    stage.secret("a", json!({})).await?;
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list) == ["a"], "{list}");
    stage.delete(&path).await?;
    Ok(())
}

/// Namespace first, then name.
async fn a_list_over_all_namespaces_is_ordered_by_them(stage: Stage) -> Outcome {
    stage.secret("b", json!({ "agreement": stage.namespace })).await?;
    let other = format!("{}-0", stage.namespace);
    stage.post("/api/v1/namespaces", &json!({ "metadata": { "name": other } })).await?.is(201)?;
    let path = format!("/api/v1/namespaces/{other}");
    let metadata = json!({ "name": "a", "labels": { "agreement": stage.namespace } });
    stage.post(&format!("{path}/secrets"), &json!({ "metadata": metadata })).await?.is(201)?;
    let list = stage.get(&format!("/api/v1/secrets?labelSelector=agreement%3D{}", stage.namespace)).await?;
    let list = list.is(200)?;
    ensure!(names(&list) == ["a", "b"] || names(&list) == ["b", "a"], "{list}");
    let places: Vec<_> = list["items"].as_array().into_iter().flatten().collect();
    let key = |item: &Value| format!("{}/", item["metadata"]["namespace"].as_str().unwrap_or_default());
    ensure!(key(places[0]) < key(places[1]), "{list}");
    stage.delete(&path).await?;
    Ok(())
}

/// `resourceVersion=0` may be old, but is complete for what is long there.
async fn a_list_from_memory_is_a_list(stage: Stage) -> Outcome {
    let expected = json!({ "kind": "NamespaceList", "metadata": { "resourceVersion": ANY } });
    let list = stage.get("/api/v1/namespaces?resourceVersion=0").await?.has(200, &expected)?;
    ensure!(names(&list).contains(&"default"), "{list}");
    Ok(())
}

/// A list with the version of a write shows that write.
async fn a_list_is_at_least_as_new_as_asked(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let list = stage.get(&format!("secrets?resourceVersion={}", version(&secret))).await?.is(200)?;
    ensure!(names(&list) == ["a"], "{list}");
    ensure!(version(&list).parse::<u64>()? >= version(&secret).parse()?, "{list}");
    Ok(())
}

/// `resourceVersionMatch=Exact` goes back in time.
async fn a_list_of_an_exact_version_is_of_that_version(stage: Stage) -> Outcome {
    let first = stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    let query = format!("secrets?resourceVersion={}&resourceVersionMatch=Exact", version(&first));
    let list = stage.get(&query).await?.is(200)?;
    ensure!(names(&list) == ["a"] && version(&list) == version(&first), "{list}");
    Ok(())
}

/// 400 in words of the parser.
async fn a_list_of_a_version_that_is_no_number_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?resourceVersion=new").await?;
    answer.refused(400, "BadRequest", "~Invalid value: \"new\"", Value::Null)
}

/// 504 with an advice, after a moment of patience.
async fn a_list_of_the_future_is_too_early(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?resourceVersion=999999999").await?;
    let details = json!({
        "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
        "retryAfterSeconds": 1,
    });
    let message = "~Too large resource version: 999999999, current: ";
    answer.refused(504, "Timeout", message, details)
}

/// 422 names the parameter.
async fn a_match_without_a_version_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?resourceVersionMatch=Exact").await?;
    let message = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
    answer.invalid(
        "ListOptions",
        "meta.k8s.io",
        "",
        &[("resourceVersionMatch", "FieldValueForbidden", message)],
    )
}

/// No 404.
async fn a_list_in_a_namespace_that_is_not_there_is_empty(stage: Stage) -> Outcome {
    stage.get("/api/v1/namespaces/agreement-none/secrets").await?.has(200, &json!({ "items": [] }))?;
    Ok(())
}

/// The others stay; the answer is the list of what was deleted.
async fn a_collection_is_deleted_by_label(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "1" })).await?;
    stage.secret("b", json!({ "x": "2" })).await?;
    stage.secret("c", json!({ "x": "1" })).await?;
    let deleted = stage.delete("secrets?labelSelector=x%3D1").await?;
    let deleted = deleted.has(200, &json!({ "kind": "SecretList" }))?;
    ensure!(names(&deleted) == ["a", "c"], "{deleted}");
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list) == ["b"], "{list}");
    Ok(())
}

/// The same with a field.
async fn a_collection_is_deleted_by_field(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    stage.delete("secrets?fieldSelector=metadata.name%3Da").await?.is(200)?;
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list) == ["b"], "{list}");
    Ok(())
}

/// All of one kind in one namespace.
async fn a_collection_without_selector_is_deleted_whole(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    stage.delete("secrets").await?.is(200)?;
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list).is_empty(), "{list}");
    Ok(())
}

/// Options in the body count for each.
async fn the_jobs_of_a_collection_are_deleted_with_their_pods(stage: Stage) -> Outcome {
    stage.create_object("jobs", &super::jobs::job("a", json!({}))).await?;
    let pod = super::jobs::pod_of(&stage, "a").await?;
    stage.delete_with("jobs", &json!({ "propagationPolicy": "Background" })).await?.is(200)?;
    stage.get("jobs/a").await?.is(404)?;
    stage.until_gone(&format!("pods/{}", super::stage::name(&pod))).await
}
