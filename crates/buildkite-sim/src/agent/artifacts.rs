//! Artifacts: announce, upload, search, download (agent-protocol 8.3).

use axum::Json;
use axum::extract::{Multipart, Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::answer::{Caller, empty, read_id, read_json};
use crate::core::{ArtifactQuery, NewArtifact, Refusal};
use crate::simulator::Simulator;

pub(super) async fn create(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let wire::Artifacts { id: batch, artifacts } = read_json(&body)?;
    let artifacts = artifacts.into_iter().map(|artifact| NewArtifact {
        path: artifact.path,
        absolute_path: artifact.absolute_path,
        file_size: artifact.file_size,
        sha1sum: artifact.sha1sum,
        sha256sum: artifact.sha256sum,
        content_type: artifact.content_type,
    });
    simulator.with(|world, now| {
        let job = read_id(&id, "job")?;
        world.authorize_job(caller.token(), job, now)?;
        let ids = world.create_artifacts(job, &batch, artifacts.collect(), now)?;
        let ticket = ids.first().map(|id| world.artifacts[id].ticket.clone());
        Ok(Json(json!({
            "id": batch,
            "artifact_ids": ids,
            "upload_instructions": {
                "data": { "path": "${artifact:path}", "ticket": ticket },
                "action": {
                    "url": caller.base_url,
                    "method": "POST",
                    "path": "/artifact-uploads",
                    "file_input": "file",
                },
            },
        })))
    })
}

pub(super) async fn update(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wire::ArtifactStates { artifacts } = read_json(&body)?;
    let states: Vec<_> = artifacts.into_iter().map(|it| (it.id, it.state)).collect();
    simulator.with(|world, now| {
        let job = read_id(&id, "job")?;
        world.authorize_job(caller.token(), job, now)?;
        world.update_artifacts(job, &states)?;
        Ok(empty())
    })
}

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    query: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    include_retried_jobs: bool,
    #[serde(default)]
    include_duplicates: bool,
}

pub(super) async fn search(
    State(simulator): State<Simulator>,
    caller: Caller,
    Path(id): Path<String>,
    Query(search): Query<SearchQuery>,
) -> Result<Json<Value>, Refusal> {
    simulator.with(|world, now| {
        let build = read_id(&id, "build")?;
        world.authorize_build(caller.token(), build, now)?;
        let query = ArtifactQuery {
            path: search.query,
            scope: search.scope,
            state: search.state,
            include_retried_jobs: search.include_retried_jobs,
            include_duplicates: search.include_duplicates,
        };
        let found = world.search_artifacts(build, &query)?;
        let base = &caller.base_url;
        let list = found.into_iter().map(|artifact| {
            json!({
                "id": artifact.id,
                "job_id": artifact.job,
                "path": artifact.new.path,
                "absolute_path": artifact.new.absolute_path,
                "file_size": artifact.new.file_size,
                "sha1sum": artifact.new.sha1sum,
                "sha256sum": artifact.new.sha256sum,
                "content_type": artifact.new.content_type,
                "created_at": artifact.created_at,
                "upload_destination": "",
                "url": format!("{base}/artifact-downloads/{}", artifact.ticket),
            })
        });
        Ok(Json(Value::Array(list.collect())))
    })
}

/// Takes a form with the fields of the upload instructions and the file last.
pub(super) async fn store(
    State(simulator): State<Simulator>,
    mut form: Multipart,
) -> Result<Response, Refusal> {
    let unreadable = |error| Refusal { status: 400, message: format!("unreadable upload form: {error}") };
    let (mut path, mut ticket) = (String::new(), String::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "path" => path = field.text().await.map_err(unreadable)?,
            "ticket" => ticket = field.text().await.map_err(unreadable)?,
            "file" => {
                let content = field.bytes().await.map_err(unreadable)?;
                return simulator.with(|world, _| {
                    world.store_artifact(&ticket, &path, content)?;
                    Ok(empty())
                });
            }
            _ => {}
        }
    }
    Err(Refusal { status: 400, message: "the upload form has no file".to_owned() })
}

/// The bytes of an artifact, for whoever has its address.
pub(super) async fn fetch(
    State(simulator): State<Simulator>,
    Path(ticket): Path<String>,
) -> Result<Response, Refusal> {
    simulator.with(|world, _| {
        let artifact = world.artifacts.values().find(|artifact| artifact.ticket == ticket);
        let content = artifact.and_then(|artifact| artifact.content.clone());
        let content =
            content.ok_or_else(|| Refusal { status: 404, message: "artifact not found".to_owned() })?;
        let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
        Ok((StatusCode::OK, kind, content).into_response())
    })
}
