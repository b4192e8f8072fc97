//! Watches: order, where they start, what they select, how they end.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::matching::ANY;
use super::stage::{Stage, version};
use super::{Case, Outcome, Watch, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    changes_come_in_the_order_of_their_versions,
    a_watch_starts_after_a_list,
    a_watch_goes_on_after_the_last_event,
    a_watch_without_a_version_begins_with_what_is_there,
    a_watch_from_memory_begins_with_what_is_there,
    a_deletion_shows_the_last_state_with_a_new_version,
    a_change_that_changes_nothing_is_not_heard_of,
    a_watch_is_of_one_namespace,
    a_watch_over_all_namespaces_selects_by_label,
    an_object_that_begins_to_match_is_added,
    an_object_that_ceases_to_match_is_deleted,
    an_object_that_never_matched_is_not_heard_of,
    a_watch_of_one_name,
    a_watch_of_a_phase_translates_too,
    a_watch_ends_after_its_time,
    bookmarks_tell_the_version_of_a_quiet_watch,
    a_watch_can_begin_with_a_list,
    a_list_in_a_watch_wants_to_know_how_new,
    a_watch_with_a_bad_selector_is_refused,
    a_watch_with_a_bad_version_is_refused,
    deletion_with_grace_is_a_change_first,
    two_watches_see_the_same,
];

/// A watch of Secrets from now on.
async fn from_now(stage: &Stage, query: &str) -> Result<Watch> {
    let list = stage.get("secrets").await?.is(200)?;
    stage.watch(&format!("secrets?resourceVersion={}{query}", version(&list))).await
}

/// What an event shows of a Secret.
fn named(name: &str) -> Value {
    json!({ "kind": "Secret", "apiVersion": "v1", "metadata": { "name": name } })
}

async fn relabel(stage: &Stage, name: &str, value: Option<&str>) -> Result<Value> {
    let patch = json!({ "metadata": { "labels": { "x": value } } });
    stage.merge(&format!("secrets/{name}"), &patch).await?.is(200)
}

/// Each event carries the object as it was then.
async fn changes_come_in_the_order_of_their_versions(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "").await?;
    let mut versions = Vec::new();
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    relabel(&stage, "a", Some("1")).await?;
    relabel(&stage, "b", Some("2")).await?;
    stage.delete("secrets/a").await?.is(200)?;
    for (kind, name, label) in [
        ("ADDED", "a", json!(null)),
        ("ADDED", "b", json!(null)),
        ("MODIFIED", "a", json!("1")),
        ("MODIFIED", "b", json!("2")),
        ("DELETED", "a", json!("1")),
    ] {
        let labels = if label.is_null() { label } else { json!({ "x": label }) };
        let object = watch.expect(kind, &json!({ "metadata": { "name": name, "labels": labels } })).await?;
        versions.push(version(&object).parse::<u64>()?);
    }
    ensure!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    Ok(())
}

/// Nothing of the list comes again, nothing after it is missed.
async fn a_watch_starts_after_a_list(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let list = stage.get("secrets").await?.is(200)?;
    stage.secret("b", json!({})).await?;
    let mut watch = stage.watch(&format!("secrets?resourceVersion={}", version(&list))).await?;
    watch.expect("ADDED", &named("b")).await?;
    stage.secret("c", json!({})).await?;
    watch.expect("ADDED", &named("c")).await?;
    Ok(())
}

/// The version of an event is where the next watch starts.
async fn a_watch_goes_on_after_the_last_event(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "").await?;
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    let first = watch.expect("ADDED", &named("a")).await?;
    drop(watch);
    stage.delete("secrets/b").await?.is(200)?;
    let mut watch = stage.watch(&format!("secrets?resourceVersion={}", version(&first))).await?;
    watch.expect("ADDED", &named("b")).await?;
    watch.expect("DELETED", &named("b")).await?;
    Ok(())
}

/// As ADDED, in any order, then with what happens.
async fn a_watch_without_a_version_begins_with_what_is_there(stage: Stage) -> Outcome {
    begins_with_what_is_there(&stage, "secrets").await
}

/// `resourceVersion=0` does the same, perhaps with an older state.
async fn a_watch_from_memory_begins_with_what_is_there(stage: Stage) -> Outcome {
    // A list without a version makes sure that memory is as new as this.
    stage.get("secrets").await?.is(200)?;
    begins_with_what_is_there(&stage, "secrets?resourceVersion=0").await
}

async fn begins_with_what_is_there(stage: &Stage, path: &str) -> Outcome {
    stage.secret("a", json!({})).await?;
    let last = stage.secret("b", json!({})).await?;
    // Memory has seen the last write when it answers a list of its version.
    stage.get(&format!("secrets?resourceVersion={}", version(&last))).await?.is(200)?;
    let mut watch = stage.watch(path).await?;
    let mut names = Vec::new();
    for _ in 0..2 {
        names.push(watch.expect("ADDED", &json!({ "kind": "Secret" })).await?["metadata"]["name"].clone());
    }
    names.sort_by_key(ToString::to_string);
    ensure!(names == ["a", "b"], "{names:?}");
    stage.secret("c", json!({})).await?;
    watch.expect("ADDED", &named("c")).await?;
    Ok(())
}

/// The version is that of the deletion.
async fn a_deletion_shows_the_last_state_with_a_new_version(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "y" })).await?;
    let mut watch = from_now(&stage, "").await?;
    stage.delete("secrets/a").await?.is(200)?;
    let expected = json!({ "metadata": { "labels": { "x": "y" } }, "data": { "key": "MQ==" } });
    let last = watch.expect("DELETED", &expected).await?;
    ensure!(version(&last).parse::<u64>()? > version(&secret).parse()?, "{last}");
    Ok(())
}

/// There was no write.
async fn a_change_that_changes_nothing_is_not_heard_of(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "y" })).await?;
    let mut watch = from_now(&stage, "").await?;
    relabel(&stage, "a", Some("y")).await?;
    stage.secret("b", json!({})).await?;
    watch.expect("ADDED", &named("b")).await?;
    Ok(())
}

/// What happens elsewhere is not heard of.
async fn a_watch_is_of_one_namespace(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "").await?;
    let other = format!("{}x", stage.namespace);
    stage.post("/api/v1/namespaces", &json!({ "metadata": { "name": other } })).await?.is(201)?;
    let path = format!("/api/v1/namespaces/{other}");
    stage.post(&format!("{path}/secrets"), &json!({ "metadata": { "name": "a" } })).await?.is(201)?;
    stage.secret("b", json!({})).await?;
    watch.expect("ADDED", &named("b")).await?;
    stage.delete(&path).await?;
    Ok(())
}

/// With the version of a list of one namespace.
async fn a_watch_over_all_namespaces_selects_by_label(stage: Stage) -> Outcome {
    let list = stage.get("secrets").await?.is(200)?;
    let query = format!("resourceVersion={}&labelSelector=agreement%3D{}", version(&list), stage.namespace);
    let mut watch = stage.watch(&format!("/api/v1/secrets?{query}")).await?;
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({ "agreement": stage.namespace })).await?;
    watch.expect("ADDED", &json!({ "metadata": { "name": "b", "namespace": stage.namespace } })).await?;
    Ok(())
}

/// MODIFIED outside is ADDED inside.
async fn an_object_that_begins_to_match_is_added(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let mut watch = from_now(&stage, "&labelSelector=x%3D1").await?;
    let now = relabel(&stage, "a", Some("1")).await?;
    watch.expect("ADDED", &now).await?;
    stage.merge("secrets/a", &json!({ "data": { "key": "Mg==" } })).await?.is(200)?;
    watch.expect("MODIFIED", &named("a")).await?;
    Ok(())
}

/// MODIFIED outside is DELETED inside: the state before, with the version of the change.
async fn an_object_that_ceases_to_match_is_deleted(stage: Stage) -> Outcome {
    stage.secret("a", json!({ "x": "1" })).await?;
    let mut watch = from_now(&stage, "&labelSelector=x%3D1").await?;
    let now = relabel(&stage, "a", Some("2")).await?;
    let expected = json!({ "metadata": { "labels": { "x": "1" }, "resourceVersion": version(&now) } });
    watch.expect("DELETED", &expected).await?;
    relabel(&stage, "a", Some("3")).await?;
    relabel(&stage, "a", Some("1")).await?;
    watch.expect("ADDED", &named("a")).await?;
    Ok(())
}

/// Not even of its deletion.
async fn an_object_that_never_matched_is_not_heard_of(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "&labelSelector=x").await?;
    stage.secret("a", json!({})).await?;
    stage.delete("secrets/a").await?.is(200)?;
    stage.secret("b", json!({ "x": "1" })).await?;
    watch.expect("ADDED", &named("b")).await?;
    Ok(())
}

/// The way to wait for one object.
async fn a_watch_of_one_name(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "&fieldSelector=metadata.name%3Db").await?;
    stage.secret("a", json!({})).await?;
    stage.secret("b", json!({})).await?;
    stage.delete("secrets/a").await?.is(200)?;
    stage.delete("secrets/b").await?.is(200)?;
    watch.expect("ADDED", &named("b")).await?;
    watch.expect("DELETED", &named("b")).await?;
    Ok(())
}

/// Fields are translated like labels.
async fn a_watch_of_a_phase_translates_too(stage: Stage) -> Outcome {
    let list = stage.get("pods").await?.is(200)?;
    let query = format!("resourceVersion={}&fieldSelector=status.phase%3DRunning", version(&list));
    let mut watch = stage.watch(&format!("pods?{query}")).await?;
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    for phase in ["Running", "Succeeded"] {
        stage.merge("pods/a/status", &json!({ "status": { "phase": phase } })).await?.is(200)?;
    }
    watch.expect("ADDED", &json!({ "status": { "phase": "Running" } })).await?;
    watch.expect("DELETED", &json!({ "status": { "phase": "Running" } })).await?;
    Ok(())
}

/// In good order, after what has happened.
async fn a_watch_ends_after_its_time(stage: Stage) -> Outcome {
    let mut watch = from_now(&stage, "&timeoutSeconds=1").await?;
    stage.secret("a", json!({})).await?;
    watch.expect("ADDED", &named("a")).await?;
    watch.ends().await
}

/// Only kind and version, shortly before the end at the latest.
async fn bookmarks_tell_the_version_of_a_quiet_watch(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let mut watch = from_now(&stage, "&timeoutSeconds=4&allowWatchBookmarks=true").await?;
    let expected = json!({
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": { "resourceVersion": ANY, "name": null },
    });
    let bookmark = watch.expect("BOOKMARK", &expected).await?;
    ensure!(version(&bookmark).parse::<u64>()? >= version(&secret).parse()?, "{bookmark}");
    Ok(())
}

/// `sendInitialEvents`: what is there, then a bookmark that says so, then what happens.
async fn a_watch_can_begin_with_a_list(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = stage.watch(&format!("secrets?{query}")).await?;
    watch.expect("ADDED", &named("a")).await?;
    let annotations = json!({ "k8s.io/initial-events-end": "true" });
    let expected = json!({ "metadata": { "annotations": annotations, "resourceVersion": ANY } });
    watch.expect("BOOKMARK", &expected).await?;
    stage.secret("b", json!({})).await?;
    watch.expect("ADDED", &named("b")).await?;
    Ok(())
}

/// 422 without `resourceVersionMatch`.
async fn a_list_in_a_watch_wants_to_know_how_new(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?watch=true&sendInitialEvents=true&allowWatchBookmarks=true").await?;
    let message = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    let field = "resourceVersionMatch";
    answer.invalid("ListOptions", "meta.k8s.io", "", &[(field, "FieldValueForbidden", message)])
}

/// 400 before anything streams.
async fn a_watch_with_a_bad_selector_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?watch=true&labelSelector=a%20in%20b").await?;
    answer.refused(400, "BadRequest", "~unable to parse requirement", Value::Null)
}

/// 500 for a version.
async fn a_watch_with_a_bad_version_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?watch=true&resourceVersion=new").await?;
    let message =
        "resourceVersion: Invalid value: \"new\": strconv.ParseUint: parsing \"new\": invalid syntax";
    answer.refused(500, "", message, Value::Null)
}

/// MODIFIED with the time of deletion, again when no time is left, then DELETED.
async fn deletion_with_grace_is_a_change_first(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let list = stage.get("pods").await?.is(200)?;
    let mut watch = stage.watch(&format!("pods?resourceVersion={}", version(&list))).await?;
    stage.delete("pods/a").await?.is(200)?;
    watch.expect("MODIFIED", &json!({ "metadata": { "deletionTimestamp": ANY } })).await?;
    stage.delete_with("pods/a", &json!({ "gracePeriodSeconds": 0 })).await?.is(200)?;
    let at_once = json!({ "metadata": { "deletionTimestamp": ANY, "deletionGracePeriodSeconds": 0 } });
    watch.expect("MODIFIED", &at_once).await?;
    watch.expect("DELETED", &at_once).await?;
    Ok(())
}

/// To the byte.
async fn two_watches_see_the_same(stage: Stage) -> Outcome {
    let mut one = from_now(&stage, "").await?;
    let mut two = from_now(&stage, "").await?;
    for name in ["a", "b", "c"] {
        stage.secret(name, json!({})).await?;
        relabel(&stage, name, Some(name)).await?;
    }
    for _ in 0..6 {
        let (left, right) = (one.next().await?, two.next().await?);
        ensure!(left.is_some() && left == right, "{left:?}\n{right:?}");
    }
    Ok(())
}
