//! Label and field selectors of lists.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::names;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_label_equals_a_value,
    a_label_differs_from_a_value,
    a_label_is_one_of_several,
    a_label_is_none_of_several,
    a_label_is_there,
    a_label_is_not_there,
    a_label_is_empty,
    labels_are_joined_by_and,
    blanks_around_operators_do_not_count,
    a_label_is_greater_than_a_number,
    a_label_selector_that_cannot_be_read_is_refused,
    a_label_selector_with_an_invalid_value_is_refused,
    a_field_selects_a_name,
    a_field_excludes_a_name,
    a_field_selects_a_namespace,
    fields_are_joined_by_and,
    a_field_nobody_knows_is_refused,
    a_field_selector_that_cannot_be_read_is_refused,
    pods_are_selected_by_phase,
    pods_are_selected_by_node,
    jobs_are_selected_by_success,
    both_selectors_must_match,
];

/// Secrets `a` (tier front, size 3), `b` (tier back, empty), `c` (no labels).
async fn three(stage: &Stage) -> Result<()> {
    stage.secret("a", json!({ "tier": "front", "size": "3" })).await?;
    stage.secret("b", json!({ "tier": "back", "empty": "" })).await?;
    stage.secret("c", json!({})).await?;
    Ok(())
}

/// The names that a query selects of the three.
async fn selects(stage: &Stage, rows: &[(&str, &[&str])]) -> Outcome {
    three(stage).await?;
    for (query, want) in rows {
        let list = stage.get(&format!("secrets?{query}")).await?.is(200)?;
        ensure!(names(&list) == *want, "{query}: expected {want:?}, got {:?}", names(&list));
    }
    Ok(())
}

/// `=` and `==`.
async fn a_label_equals_a_value(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("labelSelector=tier%3Dfront", &["a"]),
            ("labelSelector=tier%3D%3Dback", &["b"]),
            ("labelSelector=tier%3Dnone", &[]),
            ("labelSelector=", &["a", "b", "c"]),
        ],
    )
    .await
}

/// `!=` also selects what has no such label.
async fn a_label_differs_from_a_value(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=tier!%3Dfront", &["b", "c"])]).await
}

/// `in`.
async fn a_label_is_one_of_several(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("labelSelector=tier%20in%20(front,back)", &["a", "b"]),
            ("labelSelector=tier%20in%20(back)", &["b"]),
        ],
    )
    .await
}

/// `notin` also selects what has no such label.
async fn a_label_is_none_of_several(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=tier%20notin%20(front,side)", &["b", "c"])]).await
}

/// A key alone.
async fn a_label_is_there(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=tier", &["a", "b"]), ("labelSelector=empty", &["b"])]).await
}

/// A key with `!`.
async fn a_label_is_not_there(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=!tier", &["c"]), ("labelSelector=!size", &["b", "c"])]).await
}

/// An empty value is a value; `in ()` has one too.
async fn a_label_is_empty(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=empty%3D", &["b"]), ("labelSelector=empty%20in%20(,x)", &["b"])]).await
}

/// A comma outside parentheses.
async fn labels_are_joined_by_and(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("labelSelector=tier,size%3D3", &["a"]),
            ("labelSelector=tier%20in%20(front,back),!size", &["b"]),
            ("labelSelector=tier%3Dfront,tier%3Dback", &[]),
        ],
    )
    .await
}

/// `tier = front , size`.
async fn blanks_around_operators_do_not_count(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=tier%20%3D%20front%20,%20size", &["a"])]).await
}

/// `>` and `<` compare whole numbers.
async fn a_label_is_greater_than_a_number(stage: Stage) -> Outcome {
    selects(&stage, &[("labelSelector=size%3E2", &["a"]), ("labelSelector=size%3C3", &[])]).await
}

/// 400 in words of the parser.
async fn a_label_selector_that_cannot_be_read_is_refused(stage: Stage) -> Outcome {
    for selector in ["tier%20in%20front", "tier%3D%3D%3Dx", "tier%20in%20(front"] {
        let answer = stage.get(&format!("secrets?labelSelector={selector}")).await?;
        answer.refused(400, "BadRequest", "~unable to parse requirement", Value::Null)?;
    }
    Ok(())
}

/// 400 says what a value may be.
async fn a_label_selector_with_an_invalid_value_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?labelSelector=tier%3D-x").await?;
    let message =
        "~unable to parse requirement: values[0][tier]: Invalid value: \"-x\": a valid label must be";
    answer.refused(400, "BadRequest", message, Value::Null)
}

/// `metadata.name`.
async fn a_field_selects_a_name(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("fieldSelector=metadata.name%3Db", &["b"]),
            ("fieldSelector=metadata.name%3D%3Db", &["b"]),
            ("fieldSelector=metadata.name%3Dnone", &[]),
        ],
    )
    .await
}

/// `metadata.name!=`.
async fn a_field_excludes_a_name(stage: Stage) -> Outcome {
    selects(&stage, &[("fieldSelector=metadata.name!%3Db", &["a", "c"])]).await
}

/// `metadata.namespace`, also over all namespaces.
async fn a_field_selects_a_namespace(stage: Stage) -> Outcome {
    three(&stage).await?;
    let query = format!("/api/v1/secrets?fieldSelector=metadata.namespace%3D{}", stage.namespace);
    let list = stage.get(&query).await?.is(200)?;
    ensure!(names(&list) == ["a", "b", "c"], "{list}");
    Ok(())
}

/// A comma.
async fn fields_are_joined_by_and(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("fieldSelector=metadata.name!%3Da,metadata.name!%3Db", &["c"]),
            ("fieldSelector=metadata.name%3Da,type%3DOpaque", &["a"]),
        ],
    )
    .await
}

/// 400: fields are a short list for each kind.
async fn a_field_nobody_knows_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("pods?fieldSelector=spec.colour%3Dred").await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.colour", Value::Null)?;
    let answer = stage.get("configmaps?fieldSelector=spec.colour%3Dred").await?;
    let message =
        "\"spec.colour\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    answer.refused(400, "BadRequest", message, Value::Null)
}

/// 400: there is no `in` and no key alone.
async fn a_field_selector_that_cannot_be_read_is_refused(stage: Stage) -> Outcome {
    let answer = stage.get("secrets?fieldSelector=metadata.name").await?;
    let message = "invalid selector: 'metadata.name'; can't understand 'metadata.name'";
    answer.refused(400, "BadRequest", message, Value::Null)
}

/// `status.phase`.
async fn pods_are_selected_by_phase(stage: Stage) -> Outcome {
    for name in ["a", "b"] {
        stage.create_object("pods", &super::graceful::pod(name)).await?;
    }
    stage.merge("pods/b/status", &json!({ "status": { "phase": "Succeeded" } })).await?.is(200)?;
    for (selector, want) in [("%3DPending", "a"), ("!%3DPending", "b"), ("%3DSucceeded", "b")] {
        let list = stage.get(&format!("pods?fieldSelector=status.phase{selector}")).await?.is(200)?;
        ensure!(names(&list) == [want], "{selector}: {:?}", names(&list));
    }
    Ok(())
}

/// `spec.nodeName`; empty selects what waits for a node.
async fn pods_are_selected_by_node(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::pod("a")).await?;
    stage.create_object("pods", &super::graceful::bound(&stage, "b")).await?;
    let node = &stage.namespace;
    for (selector, want) in [("%3D", "a"), (&format!("%3D{node}"), "b"), (&format!("!%3D{node}"), "a")] {
        let list = stage.get(&format!("pods?fieldSelector=spec.nodeName{selector}")).await?.is(200)?;
        ensure!(names(&list) == [want], "{selector}: {:?}", names(&list));
    }
    Ok(())
}

/// `status.successful` counts pods.
async fn jobs_are_selected_by_success(stage: Stage) -> Outcome {
    stage.create_object("jobs", &super::jobs::job("a", json!({ "suspend": true }))).await?;
    for (selector, want) in [("0", &["a"][..]), ("1", &[])] {
        let list = stage.get(&format!("jobs?fieldSelector=status.successful%3D{selector}")).await?.is(200)?;
        ensure!(names(&list) == want, "{selector}: {:?}", names(&list));
    }
    Ok(())
}

/// Labels and fields.
async fn both_selectors_must_match(stage: Stage) -> Outcome {
    selects(
        &stage,
        &[
            ("labelSelector=tier&fieldSelector=metadata.name%3Da", &["a"]),
            ("labelSelector=tier&fieldSelector=metadata.name%3Dc", &[]),
        ],
    )
    .await
}
