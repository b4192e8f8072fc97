//! What `buildkite-agent` subcommands inside a job call (agent-protocol 8).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::wire;
use crate::answer::{Caller, empty, read_id, read_json};
use crate::core::{NewAnnotation, Refusal, StepUpdate, UploadRequest, World};
use crate::pipeline;
use crate::simulator::Simulator;

type Answer = Result<Response, Refusal>;
type JsonAnswer = Result<Json<Value>, Refusal>;

/// The build behind `/jobs/{id}` or `/builds/{id}`, for whoever may ask about it.
fn build_of(world: &World, caller: &Caller, scope: &str, id: &str, now: Timestamp) -> Result<Uuid, Refusal> {
    match scope {
        "jobs" => {
            let id = read_id(id, "job")?;
            world.authorize_job(caller.token(), id, now)?;
            Ok(world.job(id)?.build)
        }
        "builds" => {
            let id = read_id(id, "build")?;
            world.authorize_build(caller.token(), id, now)?;
            Ok(id)
        }
        _ => Err(Refusal { status: 404, message: "not found".to_owned() }),
    }
}

/// The job behind `/jobs/{id}`.
fn own_job(world: &World, caller: &Caller, id: &str, now: Timestamp) -> Result<Uuid, Refusal> {
    let id = read_id(id, "job")?;
    world.authorize_job(caller.token(), id, now)?;
    Ok(id)
}

pub(super) async fn set_meta_data(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wire::MetaData { key, value } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = build_of(world, &caller, "jobs", &id, now)?;
        world.set_meta_data(build, vec![(key, value)])?;
        Ok(empty())
    })
}

pub(super) async fn set_meta_data_batch(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wire::MetaDataBatch { items } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = build_of(world, &caller, "jobs", &id, now)?;
        world.set_meta_data(build, items.into_iter().map(|item| (item.key, item.value)).collect())?;
        Ok(empty())
    })
}

pub(super) async fn get_meta_data(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((scope, id)): Path<(String, String)>,
    body: Bytes,
) -> JsonAnswer {
    let wire::MetaData { key, .. } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = build_of(world, &caller, &scope, &id, now)?;
        let value = world.meta_data(build, &key)?;
        Ok(Json(json!({ "key": key, "value": value })))
    })
}

pub(super) async fn meta_data_exists(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((scope, id)): Path<(String, String)>,
    body: Bytes,
) -> JsonAnswer {
    let wire::MetaData { key, .. } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = build_of(world, &caller, &scope, &id, now)?;
        Ok(Json(json!({ "exists": world.build(build)?.meta_data.contains_key(&key) })))
    })
}

pub(super) async fn meta_data_keys(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((scope, id)): Path<(String, String)>,
) -> JsonAnswer {
    simulator.with(|world, now| {
        let build = build_of(world, &caller, &scope, &id, now)?;
        Ok(Json(json!(world.build(build)?.meta_data.keys().collect::<Vec<_>>())))
    })
}

pub(super) async fn annotate(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wire::Annotate { body, context, style, append, priority, scope } = read_json(&body)?;
    simulator.with(|world, now| {
        let job = own_job(world, &caller, &id, now)?;
        let style = style.filter(|style| !style.is_empty());
        let priority = priority.unwrap_or(DEFAULT_PRIORITY);
        world.annotate(job, NewAnnotation { context, scope, style, body, append, priority })?;
        Ok(empty())
    })
}

const DEFAULT_PRIORITY: i64 = 3;

pub(super) async fn remove_annotation(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((id, context)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    simulator.with(|world, now| {
        let job = own_job(world, &caller, &id, now)?;
        let scope = query.get("scope").cloned().unwrap_or_else(wire::default_scope);
        world.remove_annotation(job, &scope, &context)?;
        Ok(empty())
    })
}

pub(super) async fn upload_pipeline(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wire::Upload { uuid, replace, pipeline } = read_json(&body)?;
    simulator.with(|world, now| {
        let job = own_job(world, &caller, &id, now)?;
        let id = uuid.unwrap_or_else(|| world.new_id(now));
        let pipeline = pipeline::parse_json(&pipeline).map_err(|error| error.to_string());
        world.upload(job, UploadRequest { id, replace, pipeline }, now)?;
        Ok(empty())
    })
}

pub(super) async fn upload_state(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((id, upload)): Path<(String, String)>,
) -> JsonAnswer {
    simulator.with(|world, now| {
        let job = own_job(world, &caller, &id, now)?;
        let (state, message) = world.upload_state(job, read_id(&upload, "pipeline upload")?)?;
        Ok(Json(json!({ "state": state, "message": message })))
    })
}

pub(super) async fn secret(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    simulator.with(|world, now| {
        own_job(world, &caller, &id, now)?;
        let key = query.get("key").map(String::as_str).unwrap_or_default();
        Err(Refusal {
            status: 404,
            message: format!("secret \"{key}\" not found: this simulator holds no secrets"),
        })
    })
}

pub(super) async fn oidc_token(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    simulator.with(|world, now| {
        own_job(world, &caller, &id, now)?;
        Err(Refusal { status: 422, message: "this simulator issues no OIDC tokens".to_owned() })
    })
}

pub(super) async fn repository_token(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    simulator.with(|world, now| {
        own_job(world, &caller, &id, now)?;
        Err(Refusal { status: 422, message: "this simulator issues no repository tokens".to_owned() })
    })
}

/// The build that a step request means: the named one, else that of the job that asks.
fn step_build(world: &World, caller: &Caller, build: Option<&str>, now: Timestamp) -> Result<Uuid, Refusal> {
    match build.filter(|id| !id.is_empty()) {
        Some(id) => build_of(world, caller, "builds", id, now),
        None => world.acting_build(caller.token(), now),
    }
}

pub(super) async fn export_step(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> JsonAnswer {
    let wire::StepExport { build_id, attribute, format } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = step_build(world, &caller, build_id.as_deref(), now)?;
        // A whole step is JSON anyway; how the service formats one attribute is not specified.
        if !format.is_empty() && (format != "json" || !attribute.is_empty()) {
            let text = "this simulator takes no `format` but \"json\", and that for whole steps only";
            return Err(Refusal { status: 400, message: text.to_owned() });
        }
        let output = world.export_step(build, &id, &attribute)?;
        Ok(Json(json!({ "output": output })))
    })
}

pub(super) async fn update_step(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let wire::StepUpdate { build_id, idempotency_uuid, attribute, value, append } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = step_build(world, &caller, build_id.as_deref(), now)?;
        let update = StepUpdate { id: idempotency_uuid, attribute, value, append };
        world.update_step(build, &id, update)?;
        Ok(empty())
    })
}

pub(super) async fn cancel_step(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> JsonAnswer {
    let wire::StepCancel { build_id, force } = read_json(&body)?;
    simulator.with(|world, now| {
        let build = step_build(world, &caller, build_id.as_deref(), now)?;
        if force {
            let text = "this simulator does not cancel steps with `force`: it waits for the agents";
            return Err(Refusal { status: 400, message: text.to_owned() });
        }
        Ok(Json(json!({ "uuid": world.cancel_step_by_name(build, &id, now)? })))
    })
}

pub(super) async fn cancel_build(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
) -> JsonAnswer {
    simulator.with(|world, now| {
        let build = build_of(world, &caller, "builds", &id, now)?;
        world.cancel_build(build, now)?;
        Ok(Json(json!({ "uuid": build })))
    })
}
