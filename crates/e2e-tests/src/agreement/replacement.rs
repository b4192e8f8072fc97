//! Replacing objects: versions, conflicts, and what must stay.

use anyhow::ensure;
use serde_json::{Value, json};

use super::stage::{uid, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_replacement_gets_a_new_version,
    an_old_version_is_a_conflict,
    a_version_that_never_was_is_a_conflict,
    a_version_that_is_no_number_is_refused,
    without_a_version_a_secret_is_replaced,
    without_a_version_a_job_is_replaced,
    another_uid_is_a_conflict,
    another_name_than_in_the_path_is_refused,
    another_namespace_than_in_the_path_is_refused,
    what_is_not_there_cannot_be_replaced,
    what_is_as_it_was_keeps_its_version,
    what_is_left_out_is_gone,
    the_time_of_creation_stays,
    of_two_writers_with_one_version_one_wins,
];

const CHANGED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The conflict over the Secret `a`.
fn conflict(why: &str) -> String {
    format!("Operation cannot be fulfilled on secrets \"a\": {why}")
}

fn details() -> Value {
    json!({ "name": "a", "kind": "secrets" })
}

/// The UID stays.
async fn a_replacement_gets_a_new_version(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    let before = version(&secret).to_owned();
    secret["data"]["key"] = json!("Mg==");
    let expected = json!({ "metadata": { "uid": uid(&secret) }, "data": { "key": "Mg==" } });
    let after = stage.put("secrets/a", &secret).await?.has(200, &expected)?;
    let later = version(&after).parse::<u64>()? > before.parse::<u64>()?;
    ensure!(later, "{before}, then {after}");
    Ok(())
}

/// 409, and nothing is written.
async fn an_old_version_is_a_conflict(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    stage.merge("secrets/a", &json!({ "data": { "key": "Mg==" } })).await?.is(200)?;
    secret["data"]["key"] = json!("Mw==");
    stage.put("secrets/a", &secret).await?.refused(409, "Conflict", &conflict(CHANGED), details())?;
    stage.get("secrets/a").await?.has(200, &json!({ "data": { "key": "Mg==" } }))?;
    Ok(())
}

/// A version of the future is as wrong as one of the past.
async fn a_version_that_never_was_is_a_conflict(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    secret["metadata"]["resourceVersion"] = json!("999999999");
    stage.put("secrets/a", &secret).await?.refused(409, "Conflict", &conflict(CHANGED), details())
}

/// 500, in words of the parser: versions are numbers inside.
async fn a_version_that_is_no_number_is_refused(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    secret["metadata"]["resourceVersion"] = json!("one");
    let message = "strconv.ParseUint: parsing \"one\": invalid syntax";
    stage.put("secrets/a", &secret).await?.refused(500, "", message, Value::Null)
}

/// The last writer wins.
async fn without_a_version_a_secret_is_replaced(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    let secret = json!({ "metadata": { "name": "a" }, "data": { "key": "Mg==" } });
    stage.put("secrets/a", &secret).await?.has(200, &json!({ "data": { "key": "Mg==" } }))?;
    Ok(())
}

/// The same for Jobs; what the server has set is taken from what is stored.
async fn without_a_version_a_job_is_replaced(stage: Stage) -> Outcome {
    let job = super::jobs::job("a", json!({ "suspend": true }));
    let stored = stage.create_object("jobs", &job).await?;
    let mut job = stored.clone();
    job["metadata"] = json!({ "name": "a", "labels": stored["metadata"]["labels"] });
    job["spec"]["ttlSecondsAfterFinished"] = json!(9);
    let expected = json!({ "metadata": { "uid": uid(&stored) }, "spec": { "ttlSecondsAfterFinished": 9 } });
    stage.put("jobs/a", &job).await?.has(200, &expected)?;
    Ok(())
}

/// 409 names both, among words about storage.
async fn another_uid_is_a_conflict(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    let real = uid(&secret).to_owned();
    secret["metadata"]["uid"] = json!("other");
    let why = format!("~Precondition failed: UID in precondition: other, UID in object meta: {real}");
    stage.put("secrets/a", &secret).await?.refused(409, "Conflict", &why, details())
}

/// 400 names both.
async fn another_name_than_in_the_path_is_refused(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    secret["metadata"]["name"] = json!("b");
    let message = "the name of the object (b) does not match the name on the URL (a)";
    stage.put("secrets/a", &secret).await?.refused(400, "BadRequest", message, Value::Null)
}

/// 400 names none.
async fn another_namespace_than_in_the_path_is_refused(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    secret["metadata"]["namespace"] = json!("other");
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    stage.put("secrets/a", &secret).await?.refused(400, "BadRequest", message, Value::Null)
}

/// A PUT does not create a Secret.
async fn what_is_not_there_cannot_be_replaced(stage: Stage) -> Outcome {
    let answer = stage.put("secrets/a", &json!({ "metadata": { "name": "a" } })).await?;
    answer.refused(404, "NotFound", "secrets \"a\" not found", details())
}

/// No write happens, so that no watch hears of it.
async fn what_is_as_it_was_keeps_its_version(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let expected = json!({ "metadata": { "resourceVersion": version(&secret) } });
    stage.put("secrets/a", &secret).await?.has(200, &expected)?;
    Ok(())
}

/// A replacement is the whole object.
async fn what_is_left_out_is_gone(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({ "x": "y" })).await?;
    secret["metadata"].as_object_mut().map(|metadata| metadata.remove("labels"));
    secret.as_object_mut().map(|secret| secret.remove("data"));
    let expected = json!({ "metadata": { "labels": null }, "data": null });
    stage.put("secrets/a", &secret).await?.has(200, &expected)?;
    Ok(())
}

/// It is neither changed nor lost.
async fn the_time_of_creation_stays(stage: Stage) -> Outcome {
    let mut secret = stage.secret("a", json!({})).await?;
    let created = secret["metadata"]["creationTimestamp"].clone();
    secret["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z");
    secret["data"]["key"] = json!("Mg==");
    let expected = json!({ "metadata": { "creationTimestamp": created } });
    stage.put("secrets/a", &secret).await?.has(200, &expected)?;
    Ok(())
}

/// Optimistic locking holds under contention.
async fn of_two_writers_with_one_version_one_wins(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    let write = |value: &str| {
        let (stage, mut secret) = (stage.clone(), secret.clone());
        secret["data"]["key"] = json!(value);
        async move { stage.put("secrets/a", &secret).await }
    };
    let answers = futures::future::join_all(["Mg==", "Mw==", "NA==", "NQ=="].map(write)).await;
    let mut codes = Vec::new();
    for answer in answers {
        codes.push(answer?.status);
    }
    codes.sort_unstable();
    ensure!(codes == [200, 409, 409, 409], "{codes:?}");
    Ok(())
}
