//! Questions about one's own rights.

use serde_json::{Value, json};

use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_right_that_one_has_is_told,
    a_right_to_a_subresource_is_told,
    a_question_about_nothing_is_refused,
    a_question_is_not_kept,
];

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

fn review(attributes: Value) -> Value {
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    })
}

/// With the question in it.
async fn a_right_that_one_has_is_told(stage: Stage) -> Outcome {
    let asked = review(json!({
        "namespace": stage.namespace, "verb": "create", "group": "batch", "resource": "jobs",
    }));
    let answer = stage.post(REVIEWS, &asked).await?.has(201, &json!({ "status": { "allowed": true } }))?;
    let place = super::matching::mismatch(&asked, &answer);
    anyhow::ensure!(place.is_none(), "{place:?}");
    Ok(())
}

/// Like `pods/log`.
async fn a_right_to_a_subresource_is_told(stage: Stage) -> Outcome {
    let asked = review(json!({
        "namespace": stage.namespace, "verb": "get", "resource": "pods", "subresource": "log",
    }));
    stage.post(REVIEWS, &asked).await?.has(201, &json!({ "status": { "allowed": true } }))?;
    Ok(())
}

/// 422, which forgets to say of what kind.
async fn a_question_about_nothing_is_refused(stage: Stage) -> Outcome {
    let message =
        "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified";
    let field = "spec.resourceAttributes";
    stage.post(REVIEWS, &json!({ "spec": {} })).await?.invalid(
        "",
        "authorization.k8s.io",
        "",
        &[(field, "FieldValueInvalid", message)],
    )
}

/// 405 for whoever looks for it.
async fn a_question_is_not_kept(stage: Stage) -> Outcome {
    let message = "the server does not allow this method on the requested resource";
    stage.get(REVIEWS).await?.refused(405, "MethodNotAllowed", message, json!({}))
}
