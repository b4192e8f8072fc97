//! Queues, stacks, agents, faults, statistics, changes.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{empty, read_id, read_json};
use crate::core::{Refusal, Steer};
use crate::faults::Fault;
use crate::simulator::Simulator;
use crate::snapshot::{AgentSnapshot, QueueSnapshot, StackSnapshot};

pub(super) async fn queues(State(simulator): State<Simulator>) -> Json<Vec<QueueSnapshot>> {
    Json(simulator.queues())
}

pub(super) async fn pause_queue(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
) -> Result<Response, Refusal> {
    simulator.pause_queue(&key, true)?;
    Ok(empty())
}

pub(super) async fn resume_queue(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
) -> Result<Response, Refusal> {
    simulator.pause_queue(&key, false)?;
    Ok(empty())
}

pub(super) async fn stacks(State(simulator): State<Simulator>) -> Json<Vec<StackSnapshot>> {
    Json(simulator.stacks())
}

pub(super) async fn agents(State(simulator): State<Simulator>) -> Json<Vec<AgentSnapshot>> {
    Json(simulator.agents())
}

pub(super) async fn steer_agent(
    State(simulator): State<Simulator>,
    Path((id, order)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let order = match order.as_str() {
        "pause" => Steer::Pause,
        "resume" => Steer::Resume,
        "stop" => Steer::Stop,
        _ => return Err(Refusal { status: 404, message: "not found".to_owned() }),
    };
    let agent = read_id(&id, "agent")?;
    simulator.with(|world, _| world.steer_agent(agent, order))?;
    Ok(empty())
}

pub(super) async fn faults(State(simulator): State<Simulator>) -> Json<Vec<Value>> {
    let fault = |(id, fault): &(u64, Fault)| json!({ "id": id, "fault": fault });
    Json(simulator.with_faults(|faults| faults.list().iter().map(fault).collect()))
}

pub(super) async fn inject_fault(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = simulator.try_inject_fault(read_json(&body)?)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

pub(super) async fn clear_faults(State(simulator): State<Simulator>) -> Response {
    simulator.clear_faults();
    empty()
}

pub(super) async fn statistics(State(simulator): State<Simulator>) -> Json<Value> {
    let statistics = simulator.statistics();
    Json(json!({
        "requests": statistics.requests,
        "lapsed_reservations": statistics.lapsed_reservations,
        "list_to_reserve_ms": statistics.list_to_reserve_latency(),
        "reserve_to_acquire_ms": statistics.reserve_to_acquire_latency(),
        "acquire_to_finish_ms": statistics.acquire_to_finish_latency(),
    }))
}

/// Longest wait of one request, well below the time-outs of clients and proxies.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Answers as soon as the revision is greater than `?after=`, or after 25 s all the same.
pub(super) async fn changes(
    State(simulator): State<Simulator>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let after = query.get("after").and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    let mut changes = simulator.changes();
    // Elapsed and changed are answered alike: with the revision as it is then.
    let _ = tokio::time::timeout(LONGEST_WAIT, changes.wait_for(|revision| *revision > after)).await;
    let revision = *changes.borrow();
    Json(json!({ "revision": revision }))
}
