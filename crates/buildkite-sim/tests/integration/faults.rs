//! Faults on purpose (stacks-api 10).

use std::time::Duration;

use buildkite_sim::{Clock, Effect, Fault, FaultBody, JobState, Options, Simulator};
use serde_json::{Value, json};

use crate::client::World;

const LIST: &str = "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes";

/// stacks-api 2, 10
#[tokio::test]
async fn answers_by_count() {
    let world = World::new();
    world.stack_with_jobs(1).await;
    let endpoint = "list-scheduled-jobs";
    world.simulator.inject_fault(Fault::always(endpoint, Effect::status(500)).times(2));
    for _ in 0..2 {
        let answer = world.stack(LIST, Value::Null).await.expect(500);
        assert_eq!(answer.message(), "injected fault");
    }
    world.stack(LIST, Value::Null).await.expect(200);
    let html = Effect::Answer { status: 502, body: FaultBody::Html, retry_after: Some("0.5".to_owned()) };
    world.simulator.inject_fault(Fault::always(endpoint, html));
    let answer = world.stack(LIST, Value::Null).await.expect(502);
    assert!(answer.bytes.starts_with(b"<html>"));
    assert_eq!(answer.header("retry-after"), "0.5");
    world.stack("GET /token", Value::Null).await.expect(200);
    world.simulator.clear_faults();
    world.stack(LIST, Value::Null).await.expect(200);
    let empty = Effect::Answer { status: 429, body: FaultBody::Empty, retry_after: None };
    world.simulator.inject_fault(Fault::always("*", empty));
    let answer = world.stack("GET /token", Value::Null).await.expect(429);
    assert!(answer.bytes.is_empty());
    assert_eq!(answer.header("ratelimit-reset"), "1");
}

/// stacks-api 10, P21
#[tokio::test]
async fn lost_requests_and_lost_answers() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    let reserve = "PUT /stacks/k8s/scheduled-jobs/batch-reserve";
    let body = json!({ "job_uuids": jobs });
    world.simulator.inject_fault(Fault::always("batch-reserve", Effect::LoseRequest).times(1));
    assert!(world.stack(reserve, body.clone()).await.broken);
    assert_eq!(world.state(jobs[0]), JobState::Scheduled, "not carried out");
    world.simulator.inject_fault(Fault::always("batch-reserve", Effect::LoseAnswer).times(1));
    assert!(world.stack(reserve, body.clone()).await.broken);
    assert_eq!(world.state(jobs[0]), JobState::Reserved, "carried out");
    let answer = world.stack(reserve, body).await.expect(200);
    assert_eq!(answer.json["reserved"], json!(jobs), "trying again is harmless");
    assert_eq!(world.simulator.statistics().count("batch-reserve", 0), 2);
}

/// stacks-api 10
#[tokio::test]
async fn rates_come_from_the_seed() {
    let run = async |seed| {
        let world = World::with(Options { seed, ..Options::default() });
        let mut fault = Fault::always("token", Effect::status(503));
        fault.rate = Some(0.5);
        world.simulator.inject_fault(fault);
        let mut statuses = Vec::new();
        for _ in 0..50 {
            statuses.push(world.stack("GET /token", Value::Null).await.status);
        }
        statuses
    };
    let first = run(1).await;
    assert_eq!(first, run(1).await);
    assert_ne!(first, run(2).await);
    let hits = first.iter().filter(|status| **status == 503).count();
    assert!((10..40).contains(&hits), "{hits}");
}

/// stacks-api 10
#[tokio::test(start_paused = true)]
async fn delays_and_deadlines_follow_paused_time() {
    let clock = Clock::tokio("2026-09-02T08:15:00Z".parse().unwrap());
    let simulator = Simulator::with_clock(Options::default(), clock);
    let delay =
        Fault { endpoint: "ping".to_owned(), delay_ms: 120_000, effect: None, count: None, rate: None };
    simulator.inject_fault(delay);
    let before = simulator.now();
    let request = http::Request::get("/v3/ping").body(axum::body::Body::empty()).unwrap();
    tower::ServiceExt::oneshot(simulator.router(), request).await.unwrap();
    assert_eq!(simulator.now().duration_since(before).as_secs(), 120);

    let job = simulator.enqueue_jobs(1, &json!({ "command": "x" })).unwrap()[0];
    let register = json!({ "key": "k", "type": "custom", "queue_key": "-" });
    let reserve = json!({ "job_uuids": [job], "reservation_expiry_seconds": 600 });
    for (method, path, body) in [
        ("POST", "/v3/stacks/register", register),
        ("PUT", "/v3/stacks/k/scheduled-jobs/batch-reserve", reserve),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Authorization", "Token bkct_local_simulator")
            .body(axum::body::Body::from(body.to_string()))
            .unwrap();
        let response = tower::ServiceExt::oneshot(simulator.router(), request).await.unwrap();
        assert!(response.status().is_success());
    }
    let reserved = simulator.now();
    let lapsed =
        simulator.until(|simulator| simulator.job(job).filter(|job| job.state == JobState::Scheduled));
    lapsed.await;
    let waited = simulator.now().duration_since(reserved);
    assert_eq!(Duration::try_from(waited).unwrap().as_secs(), 600);
}

/// stacks-api 10
#[test]
#[should_panic(expected = "batch-reserve")]
fn a_test_cannot_inject_what_never_strikes() {
    World::new().simulator.inject_fault(Fault::always("batch-resreve", Effect::LoseAnswer));
}
