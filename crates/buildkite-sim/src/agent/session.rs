//! An agent's own calls: register, connect, heartbeat, ping (agent-protocol 4).

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::wire;
use crate::answer::{Caller, empty, read_json};
use crate::core::{Instruction, Refusal, Registration, Steer};
use crate::simulator::Simulator;

pub(super) async fn register(
    State(simulator): State<Simulator>,
    caller: Caller,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let request: wire::Register = read_json(&body)?;
    simulator.with(|world, now| {
        let registration = Registration {
            name: request.name,
            hostname: request.hostname,
            version: request.version,
            tags: request.meta_data.unwrap_or_default(),
            ignore_in_dispatches: request.ignore_in_dispatches,
        };
        let agent = world.register_agent(caller.token(), registration, now)?;
        Ok(Json(json!({
            "id": agent.id,
            "name": agent.name,
            "access_token": agent.session.expose(),
            "ping_interval": world.options.ping_interval_seconds.max(1),
            "job_status_interval": world.options.job_status_interval_seconds.max(1),
            "heartbeat_interval": world.heartbeat_interval_seconds(),
            "meta_data": agent.tags,
        })))
    })
}

pub(super) async fn connect(State(simulator): State<Simulator>, caller: Caller) -> Result<Response, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        world.agent_seen(agent, now)?;
        Ok(empty())
    })
}

pub(super) async fn disconnect(
    State(simulator): State<Simulator>,
    caller: Caller,
) -> Result<Response, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        world.disconnect_agent(agent, now)?;
        Ok(empty())
    })
}

pub(super) async fn heartbeat(
    State(simulator): State<Simulator>,
    caller: Caller,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    // A body that cannot be read is no reason to end the job that runs.
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        world.agent_seen(agent, now)?;
        Ok(Json(json!({ "sent_at": sent["sent_at"], "received_at": now })))
    })
}

pub(super) async fn ping(State(simulator): State<Simulator>, caller: Caller) -> Result<Json<Value>, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        Ok(Json(match world.ping(agent, now)? {
            Instruction::CarryOn => json!({}),
            Instruction::Pause => json!({ "action": "pause", "message": "paused by request" }),
            Instruction::Disconnect => json!({ "action": "disconnect", "message": "stopped by request" }),
            Instruction::Run(job) => {
                let job = wire::job(world, world.job(job)?, &caller.base_url);
                json!({ "job": job })
            }
        }))
    })
}

pub(super) async fn stop(State(simulator): State<Simulator>, caller: Caller) -> Result<Response, Refusal> {
    steer(&simulator, &caller, Steer::Stop)
}

pub(super) async fn pause(State(simulator): State<Simulator>, caller: Caller) -> Result<Response, Refusal> {
    steer(&simulator, &caller, Steer::Pause)
}

pub(super) async fn resume(State(simulator): State<Simulator>, caller: Caller) -> Result<Response, Refusal> {
    steer(&simulator, &caller, Steer::Resume)
}

fn steer(simulator: &Simulator, caller: &Caller, order: Steer) -> Result<Response, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_agent(caller.token(), now)?;
        world.steer_agent(agent, order)?;
        Ok(empty())
    })
}
