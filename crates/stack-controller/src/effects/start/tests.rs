//! What an attempt makes of the answers of Kubernetes, over services of this process.

use std::{convert::Infallible, sync::Mutex};

use axum::{Router, body::Body, http::StatusCode, response::IntoResponse, routing::any};
use bk_agent_api::{
    AgentToken, Client, Endpoint, ReservationExpiry, ServiceTransport, StackKey, TokenHandle,
};
use job_lifecycle::Verdict;
use k8s_runtime::Runtime;
use podspec_builder::{Builder, Settings};
use prometheus_client::registry::Registry;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{health::Health, metrics::Metrics, session::Backoff};

/// An executor whose Kubernetes answers everything with this.
fn executor(status: StatusCode, body: Value) -> Executor {
    let kubernetes = Router::new().fallback(any(move || async move {
        Ok::<_, Infallible>((status, [("content-type", "application/json")], Body::from(body.to_string())))
            .into_response()
    }));
    let tokens = TokenHandle::new(AgentToken::new("bkct_test").unwrap());
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    let client = Client::builder(ServiceTransport::new(Router::new()), endpoint, tokens).build();
    let session =
        Session { client, stack_key: StackKey::new("tests").unwrap(), queue_key: "kubernetes".to_owned() };
    Executor {
        session,
        runtime: Runtime::from_client(kube::Client::new(kubernetes, "ci"), "ci"),
        builder: Builder::new(Settings::default()).unwrap(),
        controller_id: String::new(),
        namespace: "ci".to_owned(),
        job_prefix: "buildkite-".to_owned(),
        reservation_expiry: ReservationExpiry::default(),
        metrics: Metrics::register(&mut Registry::default()),
        stop: CancellationToken::new(),
        creating: Semaphore::new(1),
        finishing: Semaphore::new(1),
        reserve_backoff: Mutex::new(Backoff::new(1)),
        states_backoff: Mutex::new(Backoff::new(1)),
        health: Health::default(),
        random: Mutex::new(fastrand::Rng::with_seed(1)),
    }
}

fn job_with_template() -> JobDetails {
    let plugin = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";
    let plugins = json!([{plugin: {"podTemplate": "big-nodes"}}]).to_string();
    JobDetails {
        id: Uuid::from_u128(1),
        env: [("BUILDKITE_PLUGINS".to_owned(), plugins)].into(),
        command: "make".to_owned(),
    }
}

fn code(outcome: &StartOutcome) -> &'static str {
    match outcome {
        StartOutcome::Refused { verdict: Verdict { code, .. } } => code,
        StartOutcome::Retry { .. } => "retry",
        _ => "something else",
    }
}

/// job-manifest R-37
#[tokio::test]
async fn the_pod_spec_of_a_pod_template_reaches_the_job() {
    let template = json!({
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": {"name": "big-nodes"},
        "template": {"spec": {"nodeSelector": {"size": "big"}}},
    });
    let built = executor(StatusCode::OK, template).build(job_with_template(), 0, &[]).await;
    let built = built.unwrap_or_else(|outcome| panic!("{outcome:?}"));
    assert_eq!(built.job.pointer("/spec/template/spec/nodeSelector/size"), Some(&json!("big")));
    assert_eq!(built.warnings, []);
}

/// lifecycle F8
#[tokio::test]
async fn only_a_template_that_is_not_there_is_the_users_mistake() {
    let status = |code: u16, reason: &str| json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": "no"});
    let cases = [
        (StatusCode::NOT_FOUND, status(404, "NotFound"), "invalid-job"),
        (StatusCode::OK, json!({"kind": "PodTemplate", "metadata": {"name": "big-nodes"}}), "invalid-job"),
        (StatusCode::INTERNAL_SERVER_ERROR, status(500, "InternalError"), "retry"),
    ];
    for (http, body, want) in cases {
        let outcome = executor(http, body).build(job_with_template(), 0, &[]).await.unwrap_err();
        assert_eq!(code(&outcome), want, "{http}: {outcome:?}");
    }
}
