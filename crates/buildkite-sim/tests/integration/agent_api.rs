//! Agents and the way of a job through them (agent-protocol 4 to 7, 12).

use axum::body::Body;
use buildkite_sim::{BuildState, JobState};
use flate2::{Compression, write::GzEncoder};
use http::Request;
use serde_json::{Value, json};
use std::io::Write as _;
use uuid::Uuid;

use crate::client::{Answer, TOKEN, World};

/// agent-protocol 4.1, A1
#[tokio::test]
async fn register_gives_intervals_that_are_not_zero() {
    let world = World::new();
    let body = json!({ "name": "%hostname-1", "hostname": "pod-x", "meta_data": null });
    let answer = world.call("POST /register", TOKEN, body).await.expect(200);
    assert_eq!(answer.json["name"], "pod-x-1");
    assert!(!answer.json["access_token"].as_str().unwrap().is_empty());
    for name in ["ping_interval", "job_status_interval", "heartbeat_interval"] {
        assert!(answer.json[name].as_u64().unwrap() >= 1, "{name}");
    }
}

/// agent-protocol 4.2, 4.3, 4.4, A2
#[tokio::test]
async fn sessions_get_json_wherever_they_need_it() {
    let world = World::new();
    let session = world.agent().await;
    world.call("POST /connect", &session, Value::Null).await.expect(200);
    let sent = json!({ "sent_at": "2026-09-02T08:16:00.000000001Z" });
    let answer = world.call("POST /heartbeat", &session, sent.clone()).await.expect(200);
    assert_eq!(answer.json["sent_at"], sent["sent_at"]);
    assert!(answer.json["received_at"].is_string());
    world.call("POST /heartbeat", &session, Value::Null).await.expect(200);
    assert_eq!(world.call("GET /ping", &session, Value::Null).await.expect(200).json, json!({}));
    world.call("POST /disconnect", &session, Value::Null).await.expect(200);
}

/// agent-protocol 4.4, 4.5
#[tokio::test]
async fn agents_are_paused_resumed_and_stopped() {
    let world = World::new();
    let session = world.agent().await;
    let ping = async || world.call("GET /ping", &session, Value::Null).await.expect(200).json;
    world.call("POST /pause", &session, json!({ "note": "x" })).await.expect(200);
    assert_eq!(ping().await["action"], "pause");
    world.call("POST /resume", &session, Value::Null).await.expect(200);
    assert_eq!(ping().await, json!({}));
    world.call("POST /stop", &session, json!({ "force": true })).await.expect(200);
    assert_eq!(ping().await["action"], "disconnect");
}

/// agent-protocol 5.2, A4, A20
#[tokio::test]
async fn the_stream_and_unknown_routes_are_404() {
    let world = World::new();
    let session = world.agent().await;
    for (method, uri) in [
        ("POST", "/agentedge.v1.AgentEdgeService/StreamPings"),
        ("GET", "/v3"),
        ("GET", "/v3/nothing"),
        ("GET", "/v3/metrics"),
        ("DELETE", "/v3/ping"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("Authorization", format!("Token {session}"))
            .header("Content-Type", "application/grpc")
            .body(Body::empty())
            .unwrap();
        let answer = world.send(request).await.expect(404);
        assert_eq!(answer.message(), "not found", "{uri}");
    }
}

/// agent-protocol 6.1, A22
#[tokio::test]
async fn acquire_depends_on_the_state() {
    let world = World::new();
    world.stack_with_jobs(0).await;
    let build = world.build(
        "steps: [{command: a, key: a}, {command: r, key: r}, wait, {command: b, key: b},
         {command: s, key: s, skip: true}]",
    );
    let job = |key: &str| world.job_of(build, key);
    world.reserve(&[job("r")]).await;
    let session = world.agent().await;
    let acquire = async |session: &str, job: Uuid| -> Answer {
        world.call(&format!("PUT /jobs/{job}/acquire"), session, Value::Null).await
    };
    let first = acquire(&session, job("a")).await.expect(200);
    let again = acquire(&session, job("a")).await.expect(200);
    assert_eq!(first.json, again.json, "the same session gets the same answer");
    let other = world.agent().await;
    acquire(&other, job("a")).await.expect(422);
    acquire(&other, job("r")).await.expect(200);
    acquire(&session, job("r")).await.expect(422);
    let third = world.agent().await;
    acquire(&third, job("b")).await.expect(423);
    acquire(&third, job("s")).await.expect(422);
    acquire(&third, Uuid::nil()).await.expect(404);
}

/// agent-protocol 7, 7.1, A5, A19
#[tokio::test]
async fn the_job_object_has_what_the_bootstrap_needs() {
    let world = World::new();
    let build = world.build(
        "steps: [{command: make, key: unit, label: U, timeout_in_minutes: 5, artifact_paths: [a, b],
          matrix: [x], env: {BUILDKITE_BRANCH: mine, OWN: '1'}}]",
    );
    let job = world.job_of(build, "unit");
    let session = world.agent().await;
    let answer = world.call(&format!("PUT /jobs/{job}/acquire"), &session, Value::Null).await;
    let answer = answer.expect(200).json;
    assert_eq!(answer["id"], job.to_string());
    assert_eq!(answer["state"], "accepted");
    assert!(answer["token"].as_str().unwrap().len() >= 6);
    assert!(answer["chunks_max_size_bytes"].as_u64().unwrap() > 0);
    assert_eq!(answer["step"]["command"], "make");
    assert_eq!(answer["matrix_permutation"], json!({ "": "x" }));
    for (name, value) in [
        ("BUILDKITE_JOB_ID", job.to_string().as_str()),
        ("BUILDKITE_REPO", "https://git.example.test/local.git"),
        ("BUILDKITE_COMMIT", "HEAD"),
        ("BUILDKITE_BRANCH", "main"),
        ("BUILDKITE_AGENT_NAME", "pod-1"),
        ("BUILDKITE_ORGANIZATION_SLUG", "acme-widgets"),
        ("BUILDKITE_PIPELINE_SLUG", "local"),
        ("BUILDKITE_PIPELINE_PROVIDER", "git"),
        ("BUILDKITE_BUILD_ID", build.to_string().as_str()),
        ("BUILDKITE_BUILD_NUMBER", "1"),
        ("BUILDKITE_STEP_KEY", "unit"),
        ("BUILDKITE_LABEL", "U"),
        ("BUILDKITE_COMMAND", "make"),
        ("BUILDKITE_ARTIFACT_PATHS", "a;b"),
        ("BUILDKITE_AGENT_META_DATA_QUEUE", "kubernetes"),
        ("BUILDKITE_PULL_REQUEST", "false"),
        ("BUILDKITE_TIMEOUT", "5"),
        ("BUILDKITE", "true"),
        ("CI", "true"),
        ("OWN", "1"),
    ] {
        assert_eq!(answer["env"][name], value, "{name}");
    }
}

/// agent-protocol 6.3, 6.5, 6.6
#[tokio::test]
async fn a_job_runs_to_its_end() {
    let world = World::new();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    assert_eq!(world.build_state(build), BuildState::Scheduled);
    let token = world.run(job).await;
    assert_eq!(world.build_state(build), BuildState::Running);
    world.call(&format!("PUT /jobs/{job}/start"), &token, json!({})).await.expect(200);
    let answer = world.call(&format!("GET /jobs/{job}"), &token, Value::Null).await.expect(200);
    assert_eq!(answer.json, json!({ "state": "running" }));
    world.end(job, &token, "x").await.expect(422);
    world.end(job, &token, "0").await.expect(200);
    world.end(job, &token, "0").await.expect(200);
    world.end(job, &token, "1").await.expect(422);
    assert_eq!(world.build_state(build), BuildState::Passed);
    let states: Vec<JobState> = world.simulator.job(job).unwrap().history.iter().map(|it| it.state).collect();
    use JobState::{Accepted, Finished, Running, Scheduled, Waiting};
    assert_eq!(states, [Waiting, Scheduled, Accepted, Running, Finished]);
}

/// agent-protocol 6.2, 4.4
#[tokio::test]
async fn plain_agents_are_given_jobs_by_ping() {
    let world = World::new();
    let build = world.build(
        "steps: [{command: a, key: a, agents: {queue: kubernetes, os: mac}},
          {command: b, key: b}, {command: c, key: c, priority: 2}]",
    );
    let body = json!({ "name": "plain", "meta_data": ["queue=kubernetes", "os=linux"] });
    let session = world.call("POST /register", TOKEN, body).await.expect(200);
    let session = session.json["access_token"].as_str().unwrap().to_owned();
    let ping = world.call("GET /ping", &session, Value::Null).await.expect(200);
    let job = world.job_of(build, "c");
    assert_eq!(ping.json["job"]["id"], job.to_string(), "higher priority first");
    assert_eq!(world.state(job), JobState::Assigned);
    let other = world.agent().await;
    let accept = format!("PUT /jobs/{job}/accept");
    world.call(&accept, &other, Value::Null).await.expect(422);
    let answer = world.call(&accept, &session, Value::Null).await.expect(200);
    assert!(answer.json["token"].is_string());
    world.simulator.pause_queue("kubernetes", true).unwrap();
    assert_eq!(world.call("GET /ping", &session, Value::Null).await.json, json!({}));
}

async fn chunk(world: &World, job: Uuid, token: &str, query: &str, text: &[u8], gzip: bool) -> Answer {
    let mut body = text.to_vec();
    if gzip {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        body = encoder.finish().unwrap();
    }
    let mut request = Request::builder()
        .method("POST")
        .uri(format!("/v3/jobs/{job}/chunks?{query}"))
        .header("Authorization", format!("Token {token}"))
        .header("Content-Type", "text/plain");
    if gzip {
        request = request.header("Content-Encoding", "gzip");
    }
    world.send(request.body(Body::from(body)).unwrap()).await
}

/// agent-protocol 6.4, A8
#[tokio::test]
async fn logs_are_assembled_from_chunks() {
    let world = World::new();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    let token = world.run(job).await;
    chunk(&world, job, &token, "sequence=2&offset=4&size=4", b"\xA9def", true).await.expect(200);
    assert_eq!(world.simulator.log_text(job).unwrap(), "");
    chunk(&world, job, &token, "sequence=1&offset=0&size=4", b"abc\xC3", false).await.expect(200);
    chunk(&world, job, &token, "sequence=1&offset=0&size=4", b"abc\xC3", true).await.expect(200);
    assert_eq!(world.simulator.log_text(job).unwrap(), "abcédef");
    assert_eq!(world.simulator.log(job, 5).unwrap(), b"def");
    chunk(&world, job, &token, "sequence=3&offset=8&size=9", b"x", true).await.expect(400);
    chunk(&world, job, &token, "sequence=3&offset=8&size=1", b"no gzip", true).await;
    world
        .call(
            &format!("POST /jobs/{job}/header_times"),
            &token,
            json!({ "header_times": { "0": "2026-09-02T08:16:02.1Z" } }),
        )
        .await
        .expect(200);
    assert_eq!(world.simulator.job(job).unwrap().header_times.len(), 1);
}

/// agent-protocol 6.5, 6.6, stacks-api 7
#[tokio::test]
async fn cancel_goes_through_the_agent() {
    let world = World::new();
    let build =
        world.build("steps: [{command: a, key: a}, {command: b, key: b}, wait, {command: c, key: c}]");
    let job = world.job_of(build, "a");
    let token = world.run(job).await;
    world.simulator.cancel_build(build).unwrap();
    assert_eq!(world.build_state(build), BuildState::Canceling);
    assert_eq!(world.state(world.job_of(build, "b")), JobState::Canceled, "nobody had it");
    assert_eq!(world.state(world.job_of(build, "c")), JobState::Canceled);
    let answer = world.call(&format!("GET /jobs/{job}"), &token, Value::Null).await;
    assert_eq!(answer.json["state"], "canceling");
    let body = json!({ "exit_status": "-1", "signal_reason": "cancel" });
    world.call(&format!("PUT /jobs/{job}/finish"), &token, body).await.expect(200);
    assert_eq!(world.state(job), JobState::Canceled);
    assert_eq!(world.build_state(build), BuildState::Canceled);
    assert_eq!(world.simulator.job(job).unwrap().signal_reason.as_deref(), Some("cancel"));
    assert!(world.simulator.cancel_build(build).is_err());
    assert!(world.simulator.cancel_job(job).is_err());
}
