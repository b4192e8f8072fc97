//! Events.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::names;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    an_event_is_written_and_read,
    events_are_selected_by_object,
    events_are_selected_by_reason_and_type,
    an_event_of_another_namespace_is_refused,
    an_event_can_be_counted_up,
];

/// The event of this reason about an object, once there is one.
pub(super) async fn of(stage: &Stage, kind: &str, name: &str, reason: &str) -> Result<Value> {
    let path = format!(
        "events?fieldSelector=involvedObject.kind%3D{kind},involvedObject.name%3D{name},reason%3D{reason}"
    );
    let some = |list: &Value| list["items"].as_array().is_some_and(|items| !items.is_empty());
    let list = stage.until(&path, &format!("of an event {reason}"), some).await?;
    Ok(list["items"][0].clone())
}

/// A warning about a pod.
fn event(stage: &Stage, name: &str, pod: &str, reason: &str) -> Value {
    json!({
        "metadata": { "name": name },
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": stage.namespace, "name": pod, "uid": format!("uid-{pod}"),
        },
        "reason": reason,
        "message": "for a test",
        "type": "Warning",
        "source": { "component": "test" },
        "firstTimestamp": "2026-11-21T10:00:00Z",
        "lastTimestamp": "2026-11-21T10:00:00Z",
        "count": 1,
    })
}

/// Like any object.
async fn an_event_is_written_and_read(stage: Stage) -> Outcome {
    let written = event(&stage, "a", "p", "Unwell");
    stage.post("events", &written).await?.has(201, &written)?;
    stage.get("events/a").await?.has(200, &written)?;
    Ok(())
}

/// Kind, name, UID.
async fn events_are_selected_by_object(stage: Stage) -> Outcome {
    stage.create_object("events", &event(&stage, "a", "p", "Unwell")).await?;
    stage.create_object("events", &event(&stage, "b", "q", "Unwell")).await?;
    for selector in [
        "involvedObject.uid%3Duid-q",
        "involvedObject.name%3Dq",
        "involvedObject.kind%3DPod,involvedObject.name!%3Dp",
    ] {
        let list = stage.get(&format!("events?fieldSelector={selector}")).await?.is(200)?;
        ensure!(names(&list) == ["b"], "{selector}: {list}");
    }
    Ok(())
}

/// And by who says it.
async fn events_are_selected_by_reason_and_type(stage: Stage) -> Outcome {
    stage.create_object("events", &event(&stage, "a", "p", "Unwell")).await?;
    stage.create_object("events", &event(&stage, "b", "p", "Better")).await?;
    for selector in ["reason%3DBetter", "reason%3DBetter,type%3DWarning,source%3Dtest"] {
        let list = stage.get(&format!("events?fieldSelector={selector}")).await?.is(200)?;
        ensure!(names(&list) == ["b"], "{selector}: {list}");
    }
    let list = stage.get("events?fieldSelector=type%3DNormal").await?.is(200)?;
    ensure!(names(&list).is_empty(), "{list}");
    Ok(())
}

/// 422: an event is where its object is.
async fn an_event_of_another_namespace_is_refused(stage: Stage) -> Outcome {
    let mut other = event(&stage, "a", "p", "Unwell");
    other["involvedObject"]["namespace"] = json!("other");
    stage.post("events", &other).await?.invalid(
        "Event",
        "",
        "a",
        &[(
            "involvedObject.namespace",
            "FieldValueInvalid",
            "Invalid value: \"other\": does not match event.namespace",
        )],
    )
}

/// As its writer does when it happens again.
async fn an_event_can_be_counted_up(stage: Stage) -> Outcome {
    stage.create_object("events", &event(&stage, "a", "p", "Unwell")).await?;
    let patch = json!({ "count": 2, "lastTimestamp": "2026-11-21T10:00:05Z" });
    stage.merge("events/a", &patch).await?.has(200, &patch)?;
    Ok(())
}
