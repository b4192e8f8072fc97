//! Job acquisition tokens (stacks-api 6.9) and which token opens what.

use buildkite_sim::{Options, Token};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{TOKEN, World};

const ISSUE: &str = "POST /stacks/k8s/job-acquisition-tokens";

async fn issue(world: &World, body: Value) -> (String, Value) {
    let answer = world.stack(ISSUE, body).await.expect(201);
    let token = &answer.json["job_acquisition_tokens"][0];
    (token["job_acquisition_token"].as_str().unwrap().to_owned(), answer.json.clone())
}

/// stacks-api 6.9 and pitfall P28 of stacks-api
#[tokio::test]
async fn tokens_are_for_own_reservations() {
    let world = World::new();
    let jobs = world.stack_with_jobs(3).await;
    let other = json!({ "key": "other", "type": "custom", "queue_key": "-", "metadata": {} });
    world.stack("POST /stacks/register", other).await.expect(201);
    world.reserve(&jobs[..1]).await;
    let body = json!({ "job_uuids": jobs });
    world.stack("PUT /stacks/other/scheduled-jobs/batch-reserve", json!({ "job_uuids": [jobs[1]] })).await;
    let (token, answer) = issue(&world, body).await;
    assert!(token.starts_with("bkjat_"));
    assert_eq!(answer["not_issued"], json!([jobs[1], jobs[2]]));
    assert_eq!(answer["job_acquisition_tokens"][0]["expires_at"], "2026-09-02T08:30:00Z");
}

/// stacks-api 6.9 and 10
#[tokio::test]
async fn issuing_refuses_what_is_wrong() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    for (body, status) in [
        (json!({}), 400),
        (json!({ "job_uuids": [] }), 400),
        (json!({ "job_uuids": jobs, "token_lifetime_seconds": 0 }), 422),
        (json!({ "job_uuids": jobs, "token_lifetime_seconds": 3601 }), 422),
        (json!({ "job_uuids": jobs, "token_lifetime_seconds": 1 }), 201),
    ] {
        world.stack(ISSUE, body).await.expect(status);
    }
    let old = World::with(Options { job_acquisition_tokens: false, ..Options::default() });
    let jobs = old.stack_with_jobs(1).await;
    old.stack(ISSUE, json!({ "job_uuids": jobs })).await.expect(404);
}

/// stacks-api 6.9, agent-protocol 4.1
#[tokio::test]
async fn a_token_acquires_one_job() {
    let world = World::new();
    let jobs = world.stack_with_jobs(2).await;
    world.reserve(&jobs).await;
    let (token, _) = issue(&world, json!({ "job_uuids": [jobs[0]] })).await;
    world.call("GET /token", &token, Value::Null).await.expect(401);
    world.call("POST /stacks/register", &token, json!({})).await.expect(401);
    // A lost answer makes the agent register again.
    world.call("POST /register", &token, json!({})).await.expect(200);
    let session = world.call("POST /register", &token, json!({})).await.expect(200);
    let session = session.json["access_token"].as_str().unwrap().to_owned();
    let acquire = |job: Uuid| format!("PUT /jobs/{job}/acquire");
    world.call(&acquire(jobs[1]), &session, Value::Null).await.expect(403);
    world.call(&acquire(jobs[0]), &session, Value::Null).await.expect(200);
    world.call("POST /register", &token, json!({})).await.expect(401);
}

/// stacks-api P26
#[tokio::test]
async fn a_token_ends_with_its_lifetime_or_reservation() {
    let world = World::new();
    let jobs = world.stack_with_jobs(2).await;
    let reserve = json!({ "job_uuids": jobs, "reservation_expiry_seconds": 100 });
    world.stack("PUT /stacks/k8s/scheduled-jobs/batch-reserve", reserve.clone()).await.expect(200);
    let (short, _) = issue(&world, json!({ "job_uuids": [jobs[0]], "token_lifetime_seconds": 50 })).await;
    let (long, _) = issue(&world, json!({ "job_uuids": [jobs[1]], "token_lifetime_seconds": 960 })).await;
    world.advance(49);
    world.call("POST /register", &short, json!({})).await.expect(200);
    world.advance(1);
    world.call("POST /register", &short, json!({})).await.expect(401);
    world.stack("PUT /stacks/k8s/scheduled-jobs/batch-reserve", reserve).await.expect(200);
    world.advance(50);
    world.call("POST /register", &long, json!({})).await.expect(401);
}

/// agent-protocol 2 and pitfall A23 of agent-protocol
#[tokio::test]
async fn tokens_open_their_own_doors() {
    let world = World::new();
    let one = world.build("steps: [{command: a, key: a}]");
    let two = world.build("steps: [{command: b, key: b}]");
    let (a, b) = (world.job_of(one, "a"), world.job_of(two, "b"));
    let token = world.run(a).await;
    world.run(b).await;
    for (line, token, status) in [
        ("POST /register".to_owned(), "wrong", 401),
        ("POST /connect".to_owned(), TOKEN, 401),
        ("POST /connect".to_owned(), &token, 401),
        (format!("GET /jobs/{a}"), &token, 200),
        (format!("GET /jobs/{a}"), TOKEN, 401),
        (format!("GET /jobs/{b}"), &token, 403),
        (format!("GET /builds/{one}/artifacts/search?query=*"), &token, 200),
        (format!("GET /builds/{two}/artifacts/search?query=*"), &token, 403),
        ("POST /steps/a/export".to_owned(), &token, 200),
        (format!("PUT /jobs/{a}/acquire"), &token, 401),
        ("POST /pause".to_owned(), &token, 200),
        ("POST /resume".to_owned(), &token, 200),
        ("POST /stop".to_owned(), "wrong", 401),
    ] {
        let answer = world.call(&line, token, json!({ "attribute": "label" })).await;
        assert_eq!(answer.status, status, "{line}: {answer:?}");
    }
}

/// stacks-api 2
#[tokio::test]
async fn tokens_can_be_rotated() {
    let world = World::new();
    world.simulator.set_agent_tokens(vec![Token::new("fresh")]);
    world.stack("GET /token", Value::Null).await.expect(401);
    world.call("GET /token", "fresh", Value::Null).await.expect(200);
    assert_eq!(format!("{:?}", world.simulator.agent_token()), "Some(Token(hidden))");
}
