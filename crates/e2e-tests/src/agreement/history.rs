//! A server that has forgotten its history.

use anyhow::{Result, ensure};
use serde_json::json;

use super::stage::{names, version};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_watch_from_a_forgotten_version_is_gone,
    a_watch_after_a_new_list_misses_nothing,
    an_open_watch_ends,
    a_version_is_never_given_twice,
];

/// The version of a list, after which other objects moved the history on.
async fn old_version(stage: &Stage) -> Result<String> {
    stage.secret("a", json!({})).await?;
    let list = stage.get("secrets").await?.is(200)?;
    for number in 0..5 {
        let map = json!({ "metadata": { "name": format!("history-{number}") } });
        stage.create_object("configmaps", &map).await?;
    }
    Ok(version(&list).to_owned())
}

/// One event, an error with code 410, then the end.
async fn a_watch_from_a_forgotten_version_is_gone(stage: Stage) -> Outcome {
    let old = old_version(&stage).await?;
    stage.lose_history().await?;
    let mut watch = stage.watch(&format!("secrets?resourceVersion={old}")).await?;
    let expected = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("~too old resource version: {old} ("),
        "reason": "Expired",
        "code": 410,
    });
    watch.expect("ERROR", &expected).await?;
    watch.ends().await
}

/// What happened meanwhile is in the list.
async fn a_watch_after_a_new_list_misses_nothing(stage: Stage) -> Outcome {
    old_version(&stage).await?;
    stage.lose_history().await?;
    let list = stage.get("secrets").await?.is(200)?;
    ensure!(names(&list) == ["a"], "{list}");
    let mut watch = stage.watch(&format!("secrets?resourceVersion={}", version(&list))).await?;
    stage.secret("b", json!({})).await?;
    watch.expect("ADDED", &json!({ "metadata": { "name": "b" } })).await?;
    Ok(())
}

/// By an end or by a connection that breaks; the next one starts from its last event.
async fn an_open_watch_ends(stage: Stage) -> Outcome {
    let old = old_version(&stage).await?;
    let mut watch = stage.watch(&format!("secrets?resourceVersion={old}")).await?;
    stage.secret("b", json!({})).await?;
    watch.expect("ADDED", &json!({ "metadata": { "name": "b" } })).await?;
    stage.lose_history().await?;
    if let Ok(Some(event)) = watch.next().await {
        ensure!(event["type"] == "ERROR", "{event}");
    }
    Ok(())
}

/// Objects and their versions outlive it.
async fn a_version_is_never_given_twice(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    stage.lose_history().await?;
    stage.get("secrets/a").await?.has(200, &secret)?;
    let next = stage.secret("b", json!({})).await?;
    ensure!(version(&next).parse::<u64>()? > version(&secret).parse()?, "{next}");
    Ok(())
}
