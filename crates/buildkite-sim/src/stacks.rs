//! The Stacks API over HTTP (stacks-api 4 to 6).

mod wire;

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::json;

use crate::answer::{Caller, not_found, read_json};
use crate::core::{Identity, RateStatus, Refusal, Scope, StackRequest, World};
use crate::simulator::Simulator;

/// Routes below `/v3`.
pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/token", get(token))
        .route("/stacks/register", post(register))
        .route("/stacks/{key}/deregister", post(deregister))
        .route("/stacks/{key}/scheduled-jobs", get(list))
        .route("/stacks/{key}/scheduled-jobs/batch-reserve", put(reserve))
        .route("/stacks/{key}/jobs/get-states", post(states))
        .route("/stacks/{key}/jobs/{id}", get(show))
        .route("/stacks/{key}/jobs/{id}/finish", post(finish))
        .route("/stacks/{key}/notifications", post(notify))
        .route("/stacks/{key}/job-acquisition-tokens", post(issue_tokens))
}

type Answer = Result<Response, Refusal>;

/// Checks the token, counts the request against its limit, and lets `work` answer it.
fn guarded(
    simulator: &Simulator,
    caller: &Caller,
    scope: Scope,
    stack: &str,
    work: impl FnOnce(&mut World, Timestamp) -> Answer,
) -> Response {
    simulator.with(|world, now| {
        if let Err(refusal) = world.authorize_stack(caller.token(), now) {
            return refusal.into_response();
        }
        let Some(rate) = world.rate(scope, stack, now) else {
            return work(world, now).into_response();
        };
        let mut response = if rate.exceeded() { too_many(rate) } else { work(world, now).into_response() };
        for (name, value) in [
            ("ratelimit-scope", rate.scope.name().to_owned()),
            ("ratelimit-limit", rate.limit.to_string()),
            ("ratelimit-remaining", rate.remaining().to_string()),
            ("ratelimit-reset", rate.reset_seconds.to_string()),
        ] {
            let value = HeaderValue::from_str(&value).expect("names and numbers are plain text");
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
        response
    })
}

fn too_many(rate: RateStatus) -> Response {
    let body = json!({
        "message": format!("API rate limit exceeded, retry in {} seconds", rate.reset_seconds),
        "scope": rate.scope.name(),
        "limit": rate.limit,
        "current": rate.current,
        "reset": rate.reset_seconds,
    });
    (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
}

async fn token(State(simulator): State<Simulator>, caller: Caller) -> Answer {
    simulator.with(|world, now| {
        let clustered = match world.identify(caller.token(), now)? {
            Identity::Cluster => true,
            Identity::Unclustered => false,
            _ => return Err(Refusal { status: 401, message: "not an agent token".to_owned() }),
        };
        let (organization, cluster) = world.identity_ids();
        Ok(axum::Json(wire::TokenIdentity::new(&world.options, clustered, organization, cluster))
            .into_response())
    })
}

async fn register(State(simulator): State<Simulator>, caller: Caller, body: Bytes) -> Response {
    let request: Result<wire::Register, _> = read_json(&body);
    let key = request.as_ref().map(|request| request.key.clone()).unwrap_or_default();
    guarded(&simulator, &caller, Scope::Default, &key, |world, now| {
        let wire::Register { key, kind, queue_key, metadata } = request?;
        let metadata = metadata.unwrap_or_default();
        let request = StackRequest { key, kind, queue: queue_key, metadata };
        let registered = world.register_stack(request, now)?;
        let status = if registered.is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok((status, axum::Json(wire::Stack::new(registered))).into_response())
    })
}

async fn deregister(State(simulator): State<Simulator>, caller: Caller, Path(key): Path<String>) -> Response {
    guarded(&simulator, &caller, Scope::Default, &key, |world, now| {
        world.deregister_stack(&key, now)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

async fn list(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    guarded(&simulator, &caller, Scope::ListScheduledJobs, &key, |world, now| {
        let text = |name: &str| query.get(name).map(String::as_str);
        let queue = text("queue_key").filter(|queue| !queue.is_empty());
        let queue =
            queue.ok_or_else(|| Refusal { status: 400, message: "queue_key is required".to_owned() })?;
        let after = text("after").filter(|cursor| !cursor.is_empty());
        let page = world.list_jobs(&key, queue, text("limit"), after, now)?;
        Ok(axum::Json(wire::ScheduledJobs::new(world, &page)).into_response())
    })
}

async fn reserve(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    guarded(&simulator, &caller, Scope::BatchReserve, &key, |world, now| {
        let wire::Reserve { job_uuids, reservation_expiry_seconds } = read_json(&body)?;
        let (reserved, not_reserved) = world.reserve(&key, &job_uuids, reservation_expiry_seconds, now)?;
        Ok(axum::Json(json!({ "reserved": reserved, "not_reserved": not_reserved })).into_response())
    })
}

async fn show(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
) -> Response {
    guarded(&simulator, &caller, Scope::ShowJob, &key, |world, _| {
        let job = world.stack_job(&key, &id)?;
        let env = world.job_environment(job, &caller.base_url);
        let command = &job.planned().command;
        Ok(axum::Json(json!({ "id": job.id, "env": env, "command": command })).into_response())
    })
}

async fn states(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    guarded(&simulator, &caller, Scope::BatchLoadJobStates, &key, |world, now| {
        let wire::JobIds { job_uuids } = read_json(&body)?;
        let states = world.job_states(&key, &job_uuids, now)?;
        Ok(axum::Json(json!({ "states": states })).into_response())
    })
}

async fn finish(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path((key, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    guarded(&simulator, &caller, Scope::FinishJob, &key, |world, now| {
        let wire::Finish { exit_status, detail } = read_json(&body)?;
        let detail = detail.unwrap_or_default();
        world.finish_by_stack(&key, &id, exit_status, &detail, now)?;
        Ok(axum::Json(json!({})).into_response())
    })
}

async fn notify(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    guarded(&simulator, &caller, Scope::StackNotification, &key, |world, now| {
        let wire::Notifications { notifications } = read_json(&body)?;
        let items: Vec<_> = notifications.into_iter().map(Into::into).collect();
        let errors: Vec<_> = world
            .notify(&key, &items, now)?
            .into_iter()
            .map(|(error, indexes)| json!({ "error": error, "indexes": indexes }))
            .collect();
        Ok(axum::Json(json!({ "errors": errors })).into_response())
    })
}

async fn issue_tokens(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> Response {
    if !simulator.with(|world, _| world.options.job_acquisition_tokens) {
        return not_found().await.into_response();
    }
    guarded(&simulator, &caller, Scope::JobAcquisitionTokens, &key, |world, now| {
        let wire::IssueTokens { job_uuids, token_lifetime_seconds } = read_json(&body)?;
        let issued = world.issue_tokens(&key, &job_uuids, token_lifetime_seconds, now)?;
        Ok((StatusCode::CREATED, axum::Json(wire::AcquisitionTokens::new(issued))).into_response())
    })
}
