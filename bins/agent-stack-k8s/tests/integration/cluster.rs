//! As much of a Kubernetes API as the controller needs to start: a Secret, no Jobs, no Pods, watches on which
//! nothing happens, and Jobs that are taken and never run.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

/// The cluster; clones share it.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// Content of the Secrets by name and key.
    secrets: Arc<Mutex<BTreeMap<String, Value>>>,
    /// Jobs in the order in which they were made.
    jobs: Arc<watch::Sender<Vec<Value>>>,
}

impl Cluster {
    /// A cluster without Secrets.
    pub(crate) fn new() -> Self {
        Self { secrets: Arc::default(), jobs: Arc::new(watch::Sender::new(Vec::new())) }
    }

    /// Makes or replaces a Secret with one key.
    pub(crate) fn set_secret(&self, name: &str, key: &str, text: &str) {
        let data = json!({ key: STANDARD.encode(text) });
        self.secrets.lock().unwrap().insert(name.to_owned(), data);
    }

    /// Waits for that many Jobs.
    pub(crate) async fn jobs(&self, count: usize) -> Vec<Value> {
        let mut jobs = self.jobs.subscribe();
        jobs.wait_for(|jobs| jobs.len() >= count).await.unwrap().clone()
    }

    /// The API for one namespace, `ci`.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/namespaces/ci/secrets/{name}", get(secret))
            .route("/api/v1/namespaces/ci/pods", get(list))
            .route("/apis/batch/v1/namespaces/ci/jobs", get(list).post(create_job))
            .fallback(|| async { status(StatusCode::NOT_FOUND, "NotFound") })
            .with_state(self.clone())
    }
}

fn status(code: StatusCode, reason: &str) -> Response {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": reason, "reason": reason, "code": code.as_u16(),
    });
    (code, Json(status)).into_response()
}

async fn secret(State(cluster): State<Cluster>, Path(name): Path<String>) -> Response {
    match cluster.secrets.lock().unwrap().get(&name) {
        Some(data) => {
            let meta = json!({ "name": name, "namespace": "ci" });
            Json(json!({ "kind": "Secret", "apiVersion": "v1", "metadata": meta, "data": data }))
                .into_response()
        }
        None => status(StatusCode::NOT_FOUND, "NotFound"),
    }
}

/// An empty list, or a watch that stays open.
async fn list(Query(query): Query<BTreeMap<String, String>>) -> Response {
    if query.contains_key("watch") {
        return Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()).into_response();
    }
    Json(json!({ "metadata": { "resourceVersion": "1" }, "items": [] })).into_response()
}

async fn create_job(State(cluster): State<Cluster>, Json(mut job): Json<Value>) -> Response {
    cluster.jobs.send_modify(|jobs| {
        job["metadata"]["uid"] = json!(format!("uid-{}", jobs.len()));
        job["metadata"]["resourceVersion"] = json!("2");
        jobs.push(job.clone());
    });
    (StatusCode::CREATED, Json(job)).into_response()
}
