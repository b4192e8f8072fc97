//! What becomes of jobs whose agents fail them, and of jobs that run too long
//! (agent-protocol 4.3, 12).

use std::time::Duration;

use buildkite_sim::{BuildState, JobState, Options};
use serde_json::{Value, json};

use crate::client::World;

fn impatient() -> World {
    World::with(Options {
        agent_lost_after: Duration::from_secs(30),
        start_within: Duration::from_secs(10),
        job_expires_after: Some(Duration::from_secs(1000)),
        ..Options::default()
    })
}

/// agent-protocol 4.3, A3
#[tokio::test]
async fn a_lost_agents_job_ends() {
    let world = impatient();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    let session = world.agent().await;
    let answer = world.call(&format!("PUT /jobs/{job}/acquire"), &session, Value::Null).await;
    let token = answer.expect(200).json["token"].as_str().unwrap().to_owned();
    world.call(&format!("PUT /jobs/{job}/start"), &token, json!({})).await.expect(200);
    for _ in 0..5 {
        world.advance(20);
        world.call("POST /heartbeat", &session, json!({})).await.expect(200);
    }
    world.advance(29);
    assert_eq!(world.state(job), JobState::Running);
    world.advance(1);
    assert_eq!(world.state(job), JobState::Finished);
    assert_eq!(world.simulator.job(job).unwrap().exit_status, Some(-1));
    assert_eq!(world.simulator.agents()[0].connection, "lost");
    assert_eq!(world.build_state(build), BuildState::Failed);
    world.call("POST /heartbeat", &session, json!({})).await.expect(200);
    assert_eq!(world.simulator.agents()[0].connection, "connected");
}

/// agent-protocol 12, A5, A10
#[tokio::test]
async fn an_accepted_job_that_never_starts_ends() {
    let world = impatient();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    let session = world.agent().await;
    world.call(&format!("PUT /jobs/{job}/acquire"), &session, Value::Null).await.expect(200);
    world.advance(9);
    assert_eq!(world.state(job), JobState::Accepted);
    world.advance(1);
    assert_eq!(world.state(job), JobState::Finished);
    assert_eq!(world.simulator.job(job).unwrap().exit_status, Some(-1));
}

/// agent-protocol 4.2
#[tokio::test]
async fn a_job_left_behind_at_disconnect_ends() {
    let world = impatient();
    let build = world.build("steps: [{command: a, key: a}]");
    let job = world.job_of(build, "a");
    let session = world.agent().await;
    world.call(&format!("PUT /jobs/{job}/acquire"), &session, Value::Null).await.expect(200);
    world.call("POST /disconnect", &session, Value::Null).await.expect(200);
    assert_eq!(world.state(job), JobState::Finished);
}

/// agent-protocol 6.5, 6.6
#[tokio::test]
async fn a_job_that_runs_too_long_is_timed_out() {
    let world = World::new();
    let build = world.build("steps: [{command: a, key: a, timeout_in_minutes: 2}]");
    let job = world.job_of(build, "a");
    let token = world.run(job).await;
    world.advance(119);
    assert_eq!(world.state(job), JobState::Running);
    world.advance(1);
    let answer = world.call(&format!("GET /jobs/{job}"), &token, Value::Null).await;
    assert_eq!(answer.json["state"], "timing_out");
    let body = json!({ "exit_status": "-1", "signal_reason": "cancel" });
    world.call(&format!("PUT /jobs/{job}/finish"), &token, body).await.expect(200);
    assert_eq!(world.state(job), JobState::TimedOut);
    assert_eq!(world.build_state(build), BuildState::Failed);
}

/// stacks-api 7
#[tokio::test]
async fn a_job_that_nobody_takes_expires() {
    let world = impatient();
    let build = world.build("steps: [{command: a, key: a}]");
    world.advance(999);
    assert_eq!(world.build_state(build), BuildState::Scheduled);
    world.advance(1);
    assert_eq!(world.state(world.job_of(build, "a")), JobState::Expired);
    assert_eq!(world.build_state(build), BuildState::Failed);
}
