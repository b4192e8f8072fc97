//! What an attempt makes of the answers of Kubernetes, over services of this process.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

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
    executor_over(kubernetes, Router::new())
}

pub(in crate::effects) fn executor_over(kubernetes: Router, buildkite: Router) -> Executor {
    let tokens = TokenHandle::new(AgentToken::new("bkct_test").unwrap());
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    let client = Client::builder(ServiceTransport::new(buildkite), endpoint, tokens).build();
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
        finishing_once: Semaphore::new(1),
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
    assert_eq!(built.to_json().pointer("/spec/template/spec/nodeSelector/size"), Some(&json!("big")));
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

/// lifecycle D8, L10: the job is cancelled while the first create hangs, or fails at once
#[tokio::test(start_paused = true)]
async fn a_create_is_not_repeated_for_a_job_that_ended_meanwhile() {
    for (state, takes, want, creates) in [
        ("canceled", 3600, "stale", 1),
        ("canceled", 0, "stale", 1),
        ("reserved", 3600, "retry", 3),
        ("reserved", 0, "retry", 3),
    ] {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let answer = move |request: axum::extract::Request| {
            let counted = Arc::clone(&counted);
            async move {
                let creates = request.method() == "POST";
                if creates {
                    counted.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_secs(takes)).await;
                }
                let (code, reason) = if creates { (504, "Timeout") } else { (404, "NotFound") };
                let body = json!({"kind": "Status", "reason": reason, "code": code}).to_string();
                let status = StatusCode::from_u16(code).unwrap();
                (status, [("content-type", "application/json")], body).into_response()
            }
        };
        let job = Uuid::from_u128(1);
        let states = json!({"states": {job.to_string(): state}}).to_string();
        let buildkite = Router::new().fallback(any(move || async move {
            (StatusCode::OK, [("content-type", "application/json")], states).into_response()
        }));
        let executor = executor_over(Router::new().fallback(any(answer)), buildkite);
        let reserved_until = Instant::now().into_std() + Duration::from_secs(900);
        let built = Built { job: (&json!({})).into(), warnings: Vec::new() };
        let outcome = executor.create(job, &built, reserved_until).await;
        let got = if matches!(outcome, StartOutcome::Stale) { "stale" } else { code(&outcome) };
        assert_eq!((got, count.load(Ordering::Relaxed)), (want, creates), "{state}, {takes} s");
    }
}
