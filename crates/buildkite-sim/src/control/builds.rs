//! Builds and jobs: create, look, cancel, unblock, read logs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{empty, read_id, read_json};
use crate::core::{BuildFacts, Refusal};
use crate::pipeline;
use crate::simulator::{BuildRequest, Simulator};
use crate::snapshot::{BuildSnapshot, JobSnapshot};

/// A build to create: its pipeline as the text of a file (`yaml`, interpolated) or as JSON
/// (`pipeline`, taken as it is); the rest is optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    yaml: Option<String>,
    pipeline: Option<Value>,
    slug: Option<String>,
    repository: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
    message: Option<String>,
    tag: Option<String>,
    source: Option<String>,
    #[serde(default)]
    env: IndexMap<String, String>,
    #[serde(default)]
    meta_data: BTreeMap<String, String>,
    #[serde(default)]
    unblock: bool,
}

pub(super) async fn create(State(simulator): State<Simulator>, body: Bytes) -> Result<Response, Refusal> {
    let create: Create = read_json(&body)?;
    let mut facts = BuildFacts { env: create.env, ..BuildFacts::default() };
    for (field, given) in [
        (&mut facts.pipeline, create.slug),
        (&mut facts.repository, create.repository),
        (&mut facts.branch, create.branch),
        (&mut facts.commit, create.commit),
        (&mut facts.message, create.message),
        (&mut facts.tag, create.tag),
        (&mut facts.source, create.source),
    ] {
        if let Some(given) = given {
            *field = given;
        }
    }
    let mut request = match (&create.yaml, &create.pipeline) {
        (Some(text), None) => BuildRequest::from_file(text, "pipeline.yml", facts)?,
        (None, Some(value)) => {
            let pipeline = pipeline::parse_json(value)
                .map_err(|error| Refusal { status: 422, message: error.to_string() })?;
            BuildRequest { facts, ..BuildRequest::new(pipeline) }
        }
        _ => {
            let message = "give the pipeline either as yaml or as pipeline".to_owned();
            return Err(Refusal { status: 400, message });
        }
    };
    request.meta_data = create.meta_data;
    request.unblock = create.unblock;
    let id = simulator.create_build(request)?;
    let build = simulator.build(id);
    Ok((StatusCode::CREATED, Json(build)).into_response())
}

pub(super) async fn list(State(simulator): State<Simulator>) -> Json<Vec<BuildSnapshot>> {
    Json(simulator.builds())
}

pub(super) async fn show(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
) -> Result<Json<BuildSnapshot>, Refusal> {
    let build = simulator.build(read_id(&id, "build")?);
    build.map(Json).ok_or_else(|| missing("build"))
}

pub(super) async fn cancel(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simulator.cancel_build(read_id(&id, "build")?)?;
    Ok(empty())
}

/// Which step to unblock, and the answers to its fields.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unblock {
    step: Option<String>,
    #[serde(default)]
    fields: IndexMap<String, String>,
}

pub(super) async fn unblock(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let request: Unblock = if body.is_empty() { Unblock::default() } else { read_json(&body)? };
    let build = read_id(&id, "build")?;
    let step = simulator.unblock(build, request.step.as_deref(), &request.fields)?;
    Ok(Json(json!({ "step": step })))
}

pub(super) async fn jobs(
    State(simulator): State<Simulator>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Vec<JobSnapshot>> {
    let mut jobs = simulator.jobs();
    if let Some(state) = query.get("state") {
        jobs.retain(|job| job.state.as_str() == state);
    }
    Json(jobs)
}

/// How many jobs to create, and the command step that they come from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enqueue {
    count: usize,
    #[serde(default = "no_operation")]
    step: Value,
}

fn no_operation() -> Value {
    json!({ "command": "true" })
}

pub(super) async fn enqueue(State(simulator): State<Simulator>, body: Bytes) -> Result<Response, Refusal> {
    let Enqueue { count, step } = read_json(&body)?;
    let ids = simulator.enqueue_jobs(count, &step)?;
    Ok((StatusCode::CREATED, Json(json!({ "jobs": ids }))).into_response())
}

pub(super) async fn job(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
) -> Result<Json<JobSnapshot>, Refusal> {
    simulator.job(read_id(&id, "job")?).map(Json).ok_or_else(|| missing("job"))
}

/// The log as the agent sent it, from `?offset=` on.
pub(super) async fn log(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Refusal> {
    let offset = match query.get("offset").map(|text| text.parse()) {
        None => 0,
        Some(Ok(offset)) => offset,
        Some(Err(_)) => {
            let message = "offset must be a number of bytes".to_owned();
            return Err(Refusal { status: 400, message });
        }
    };
    let log = simulator.log(read_id(&id, "job")?, offset).ok_or_else(|| missing("job"))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], log).into_response())
}

pub(super) async fn cancel_job(
    State(simulator): State<Simulator>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    simulator.cancel_job(read_id(&id, "job")?)?;
    Ok(empty())
}

fn missing(what: &str) -> Refusal {
    Refusal { status: 404, message: format!("{what} not found") }
}
