//! The control API.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::World;

#[tokio::test]
async fn builds_are_created_watched_and_ended() {
    let world = World::new();
    let body = json!({
        "yaml": "steps: [{command: a, key: a}, {block: Go?, key: go, fields: [{text: V, key: v}]}, {command: b, key: b}]",
        "slug": "shop", "branch": "dev", "env": { "A": "1" }, "meta_data": { "m": "1" },
    });
    let created = world.call("POST /control/builds", "", body).await.expect(201).json;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_eq!(created["pipeline"], "shop");
    assert_eq!(created["branch"], "dev");
    assert_eq!(created["state"], "scheduled");
    let job: Uuid = created["steps"][0]["jobs"][0]["id"].as_str().unwrap().parse().unwrap();
    world.finish(job, "0").await;
    let build = world.call(&format!("GET /control/builds/{id}"), "", Value::Null).await.expect(200);
    assert_eq!(build.json["state"], "blocked");
    let unblock = format!("POST /control/builds/{id}/unblock");
    world.call(&unblock, "", json!({ "step": "go" })).await.expect(422);
    world.call(&unblock, "", json!({ "step": "go", "fields": { "v": "x" } })).await.expect(200);
    world.call(&format!("POST /control/builds/{id}/cancel"), "", Value::Null).await.expect(200);
    world.call(&format!("POST /control/builds/{id}/cancel"), "", Value::Null).await.expect(422);
    let list = world.call("GET /control/builds", "", Value::Null).await.expect(200).json;
    assert_eq!(list[0]["state"], "canceled");
    assert_eq!(list[0]["meta_data"], json!({ "m": "1", "v": "x" }));
    world.call("GET /control/builds/x", "", Value::Null).await.expect(404);
}

#[tokio::test]
async fn bad_builds_say_why() {
    let world = World::new();
    for (body, status) in [
        (json!({}), 400),
        (json!({ "yaml": "steps: []", "pipeline": [] }), 400),
        (json!({ "yaml": "steps: []", "colour": 1 }), 400),
        (json!({ "yaml": "steps: [{}]" }), 422),
        (json!({ "pipeline": [{ "command": "a", "soft_fale": true }] }), 422),
    ] {
        let answer = world.call("POST /control/builds", "", body).await.expect(status);
        assert!(!answer.message().is_empty());
    }
}

/// pipeline-format 4
#[tokio::test]
async fn pipeline_files_are_interpolated() {
    let world = World::new();
    let yaml = "steps: [{command: 'echo $BUILDKITE_BRANCH ${A} $$HOME', key: a}]";
    let body = json!({ "yaml": yaml, "branch": "dev", "env": { "A": "1" } });
    let build = world.call("POST /control/builds", "", body).await.expect(201).json;
    assert_eq!(build["steps"][0]["jobs"][0]["command"], "echo dev 1 $HOME");
    let body = json!({ "pipeline": [{ "command": "echo $A" }] });
    let build = world.call("POST /control/builds", "", body).await.expect(201).json;
    assert_eq!(build["steps"][0]["jobs"][0]["command"], "echo $A");
}

#[tokio::test]
async fn jobs_are_queued_and_counted() {
    let world = World::new();
    let body = json!({ "count": 120, "step": { "command": "sleep 1", "priority": 3 } });
    let answer = world.call("POST /control/jobs", "", body).await.expect(201).json;
    let jobs = answer["jobs"].as_array().unwrap().clone();
    assert_eq!(jobs.len(), 120);
    let list = world.call("GET /control/jobs?state=scheduled", "", Value::Null).await.json;
    assert_eq!(list.as_array().unwrap().len(), 120);
    let job = jobs[7].as_str().unwrap();
    let shown = world.call(&format!("GET /control/jobs/{job}"), "", Value::Null).await.expect(200);
    assert_eq!(shown.json["priority"], 3);
    world.call(&format!("POST /control/jobs/{job}/cancel"), "", Value::Null).await.expect(200);
    let queues = world.call("GET /control/queues", "", Value::Null).await.json;
    assert_eq!(queues, json!([{ "key": "kubernetes", "paused": false, "scheduled": 119 }]));
    world.call("POST /control/queues/kubernetes/pause", "", Value::Null).await.expect(200);
    let queues = world.call("GET /control/queues", "", Value::Null).await.json;
    assert_eq!(queues[0]["paused"], true);
    world.call("POST /control/queues/kubernetes/resume", "", Value::Null).await.expect(200);
    world.call("POST /control/queues/gone/pause", "", Value::Null).await.expect(404);
}

#[tokio::test]
async fn logs_are_read_from_an_offset() {
    let world = World::new();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    let token = world.run(job).await;
    let request = http::Request::post(format!("/v3/jobs/{job}/chunks?sequence=1&offset=0"))
        .header("Authorization", format!("Token {token}"))
        .body(axum::body::Body::from("hello"))
        .unwrap();
    world.send(request).await.expect(200);
    let log = world.call(&format!("GET /control/jobs/{job}/log?offset=3"), "", Value::Null).await;
    assert_eq!(&log.expect(200).bytes[..], b"lo");
    world.call(&format!("GET /control/jobs/{job}/log?offset=x"), "", Value::Null).await.expect(400);
    world.call(&format!("GET /control/jobs/{}/log", Uuid::nil()), "", Value::Null).await.expect(404);
}

#[tokio::test]
async fn faults_and_statistics() {
    let world = World::new();
    let fault = json!({ "endpoint": "token", "effect": { "answer": { "status": 503 } }, "count": 1 });
    world.call("POST /control/faults", "", fault).await.expect(201);
    world.stack("GET /token", Value::Null).await.expect(503);
    world.stack("GET /token", Value::Null).await.expect(200);
    let faults = world.call("GET /control/faults", "", Value::Null).await.json;
    assert_eq!(faults[0]["fault"]["count"], 0);
    world.call("DELETE /control/faults", "", Value::Null).await.expect(200);
    let lost = json!({ "endpoint": "*", "effect": "lose_answer" });
    world.call("POST /control/faults", "", lost).await.expect(201);
    assert!(world.stack("GET /token", Value::Null).await.broken);
    world.call("POST /control/faults", "", json!({ "endpoint": "*", "efect": 1 })).await.expect(400);
    let statistics = world.call("GET /control/stats", "", Value::Null).await.expect(200).json;
    assert_eq!(statistics["requests"]["token"], json!({ "0": 1, "200": 1, "503": 1 }));
    assert_eq!(statistics["list_to_reserve_ms"]["count"], 0);
}

#[tokio::test]
async fn faults_that_could_not_strike_are_refused() {
    let world = World::new();
    let answer = |status: u16, retry_after: Value| json!({ "endpoint": "ping", "effect": { "answer": { "status": status, "retry_after": retry_after } } });
    for (fault, part) in [
        (json!({ "endpoint": "pnig" }), "batch-reserve"),
        (json!({ "endpoint": "" }), "or * for all"),
        (json!({ "endpoint": "unknown" }), "`endpoint`"),
        (answer(0, Value::Null), "`status`"),
        (answer(101, Value::Null), "`status`"),
        (answer(600, Value::Null), "200 to 599"),
        (answer(503, json!("soon")), "`retry_after`"),
        (answer(503, json!("-1")), "`retry_after`"),
        (answer(503, json!("1\n2")), "`retry_after`"),
        (json!({ "endpoint": "*", "rate": -0.1 }), "`rate`"),
        (json!({ "endpoint": "*", "rate": 1.5 }), "0 to 1"),
    ] {
        let refused = world.call("POST /control/faults", "", fault.clone()).await.expect(422);
        assert!(refused.message().contains(part), "{fault}: {refused:?}");
    }
    let none = world.call("GET /control/faults", "", Value::Null).await.json;
    assert_eq!(none, json!([]));
    for fault in [
        answer(200, json!("0.5")),
        answer(599, json!("Wed, 02 Sep 2026 08:15:00 GMT")),
        json!({ "endpoint": "annotations", "rate": 0 }),
        json!({ "endpoint": "steer-agent", "rate": 1.0 }),
    ] {
        world.call("POST /control/faults", "", fault).await.expect(201);
    }
}

#[tokio::test]
async fn agents_stacks_and_changes() {
    let world = World::new();
    world.stack_with_jobs(0).await;
    let session = world.agent().await;
    let agents = world.call("GET /control/agents", "", Value::Null).await.expect(200).json;
    assert_eq!(agents[0]["name"], "pod-1");
    let agent = agents[0]["id"].as_str().unwrap();
    world.call(&format!("POST /control/agents/{agent}/pause"), "", Value::Null).await.expect(200);
    let ping = world.call("GET /ping", &session, Value::Null).await;
    assert_eq!(ping.json["action"], "pause");
    world.call(&format!("POST /control/agents/{agent}/dance"), "", Value::Null).await.expect(404);
    let stacks = world.call("GET /control/stacks", "", Value::Null).await.json;
    assert_eq!(stacks[0]["key"], "k8s");
    let changes = world.call("GET /control/changes?after=0", "", Value::Null).await.expect(200);
    assert!(changes.json["revision"].as_u64().unwrap() > 0);
}
