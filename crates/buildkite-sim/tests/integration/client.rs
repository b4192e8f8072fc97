//! A small client over the router, and the simulator that it talks to.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use buildkite_sim::{BuildState, Clock, ClockHand, JobState, Options, Simulator};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

/// The token in the default options.
pub(crate) const TOKEN: &str = "bkct_local_simulator";

/// A simulator with its clock's hand.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) hand: ClockHand,
    router: Router,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, null when it is not JSON.
    pub(crate) json: Value,
    pub(crate) bytes: Bytes,
    /// The connection broke before the body was complete.
    pub(crate) broken: bool,
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let start = "2026-09-02T08:15:00Z".parse().unwrap();
        let (clock, hand) = Clock::manual(start);
        let simulator = Simulator::with_clock(options, clock);
        let router = simulator.router();
        Self { simulator, hand, router }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.hand.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let (bytes, broken) = match body.collect().await {
            Ok(body) => (body.to_bytes(), false),
            Err(_) => (Bytes::new(), true),
        };
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, json, bytes, broken }
    }

    /// `call("POST /stacks/register", token, body)`; a null body sends none.
    pub(crate) async fn call(&self, line: &str, token: &str, body: Value) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let prefix = if path.starts_with("/control") { "" } else { "/v3" };
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{prefix}{path}"))
            .header("Host", "sim.example.test:8080")
            .header("Authorization", format!("Token {token}"))
            .body(body)
            .unwrap();
        self.send(request).await
    }

    /// A call with the cluster agent token.
    pub(crate) async fn stack(&self, line: &str, body: Value) -> Answer {
        self.call(line, TOKEN, body).await
    }

    /// Registers the stack `k8s` and queues `count` jobs.
    pub(crate) async fn stack_with_jobs(&self, count: usize) -> Vec<Uuid> {
        let body = json!({ "key": "k8s", "type": "custom", "queue_key": "kubernetes", "metadata": {} });
        self.stack("POST /stacks/register", body).await.expect(201);
        self.simulator.enqueue_jobs(count, &json!({ "command": "true", "key": "k" })).unwrap()
    }

    pub(crate) async fn reserve(&self, jobs: &[Uuid]) -> Answer {
        let body = json!({ "job_uuids": jobs });
        self.stack("PUT /stacks/k8s/scheduled-jobs/batch-reserve", body).await.expect(200)
    }

    /// Registers an agent that acquires by id; the answer is its session token.
    pub(crate) async fn agent(&self) -> String {
        let body = json!({ "name": "%hostname-1", "hostname": "pod", "ignore_in_dispatches": true,
            "meta_data": ["queue=kubernetes"], "features": ["acquire-job"] });
        let answer = self.call("POST /register", TOKEN, body).await.expect(200);
        answer.json["access_token"].as_str().unwrap().to_owned()
    }

    /// An agent that has acquired and started a job; the answer is the job's token.
    pub(crate) async fn run(&self, job: Uuid) -> String {
        let session = self.agent().await;
        let answer = self.call(&format!("PUT /jobs/{job}/acquire"), &session, Value::Null).await;
        let token = answer.expect(200).json["token"].as_str().unwrap().to_owned();
        self.call(&format!("PUT /jobs/{job}/start"), &token, json!({})).await.expect(200);
        token
    }

    /// Runs a job to its end.
    pub(crate) async fn finish(&self, job: Uuid, exit_status: &str) {
        let token = self.run(job).await;
        self.end(job, &token, exit_status).await.expect(200);
    }

    pub(crate) async fn end(&self, job: Uuid, token: &str, exit_status: &str) -> Answer {
        let body = json!({ "exit_status": exit_status, "chunks_failed_count": 0 });
        self.call(&format!("PUT /jobs/{job}/finish"), token, body).await
    }

    pub(crate) fn build(&self, yaml: &str) -> Uuid {
        self.simulator.create_build_from_yaml(yaml).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// The current job of a step.
    #[track_caller]
    pub(crate) fn job_of(&self, build: Uuid, step: &str) -> Uuid {
        self.simulator.build(build).unwrap().job_of(step).expect("the step has a job").id
    }

    #[track_caller]
    pub(crate) fn state(&self, job: Uuid) -> JobState {
        self.simulator.job(job).unwrap().state
    }

    #[track_caller]
    pub(crate) fn build_state(&self, build: Uuid) -> BuildState {
        self.simulator.build(build).unwrap().state
    }

    /// Keys (or kinds) and states of a build's steps in one line.
    pub(crate) fn steps(&self, build: Uuid) -> String {
        let build = self.simulator.build(build).unwrap();
        let step = |step: &buildkite_sim::StepSnapshot| {
            let name = step.key.as_deref().unwrap_or(step.kind);
            format!("{name}={}", step.state.as_str())
        };
        build.steps.iter().map(step).collect::<Vec<_>>().join(" ")
    }
}
