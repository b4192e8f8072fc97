//! The calls around one job: acquire, start, log, finish (agent-protocol 6).

use std::collections::BTreeMap;
use std::io::Read;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::answer::{Caller, empty, read_id, read_json};
use crate::core::{AgentResult, Refusal};
use crate::simulator::Simulator;

pub(super) async fn acquire(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        let id = read_id(&id, "job")?;
        world.acquire(agent, id, now)?;
        Ok(Json(wire::job(world, world.job(id)?, &caller.base_url)))
    })
}

pub(super) async fn accept(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    simulator.with(|world, now| {
        let agent = world.authorize_session(caller.token(), now)?;
        let id = read_id(&id, "job")?;
        world.accept(agent, id, now)?;
        Ok(Json(wire::job(world, world.job(id)?, &caller.base_url)))
    })
}

pub(super) async fn start(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        world.start(id, now)?;
        Ok(empty())
    })
}

pub(super) async fn state(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        Ok(Json(json!({ "state": world.job(id)?.state })))
    })
}

#[derive(Deserialize)]
pub(super) struct ChunkQuery {
    sequence: u64,
    offset: usize,
    size: Option<usize>,
}

pub(super) async fn chunk(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ChunkQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let gzipped = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let content = if gzipped { unzip(&body)? } else { body.to_vec() };
    if query.size.is_some_and(|size| size != content.len()) {
        let message = "size is not the length of the chunk".to_owned();
        return Err(Refusal { status: 400, message });
    }
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        world.add_chunk(id, query.sequence, query.offset, content)?;
        Ok(empty())
    })
}

fn unzip(body: &Bytes) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    match GzDecoder::new(&body[..]).read_to_end(&mut content) {
        Ok(_) => Ok(content),
        Err(error) => Err(Refusal { status: 400, message: format!("unreadable gzip body: {error}") }),
    }
}

#[derive(Deserialize)]
struct HeaderTimes {
    header_times: BTreeMap<u64, String>,
}

pub(super) async fn header_times(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let HeaderTimes { header_times } = read_json(&body)?;
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        world.add_header_times(id, header_times)?;
        Ok(empty())
    })
}

pub(super) async fn finish(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let report: wire::Finish = read_json(&body)?;
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        let exit_status = report.exit_status.parse().map_err(|_| Refusal {
            status: 422,
            message: "exit_status must be an integer in a string".to_owned(),
        })?;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let result = AgentResult {
            exit_status,
            signal: given(report.signal),
            signal_reason: given(report.signal_reason),
            chunks_failed: report.chunks_failed_count,
        };
        world.finish_by_agent(id, result, now)?;
        Ok(empty())
    })
}

pub(super) async fn update(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let attributes: BTreeMap<String, Value> = read_json(&body)?;
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        let names: Vec<&str> = attributes.keys().map(String::as_str).collect();
        let message = format!("this simulator does not change job attributes ({})", names.join(", "));
        Err(Refusal { status: 422, message })
    })
}

#[derive(Deserialize)]
struct Promise {
    exit_status: i32,
}

pub(super) async fn promise_failure(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Promise { exit_status } = read_json(&body)?;
    simulator.with(|world, now| {
        let id = read_id(&id, "job")?;
        world.authorize_job(caller.token(), id, now)?;
        world.promise_failure(id, exit_status, now)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}
