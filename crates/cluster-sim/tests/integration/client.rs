//! What the tests speak the API with.

use axum::Router;
use axum::body::Body;
use cluster_sim::{Clock, ClockHand, Cluster, Options};
use http::{Request, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// A cluster and a client of it.
pub(crate) struct Client {
    pub(crate) cluster: Cluster,
    router: Router,
}

/// A second on which all tests begin.
pub(crate) fn start() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

impl Client {
    /// On a clock that stands still.
    pub(crate) fn new() -> (Self, ClockHand) {
        let (clock, hand) = Clock::manual(start());
        (Self::over(Cluster::with_clock(Options::default(), clock)), hand)
    }

    pub(crate) fn over(cluster: Cluster) -> Self {
        Self { router: cluster.router(), cluster }
    }

    /// Sends anything.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if !content_type.is_empty() {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let (status, body) = self.raw(method, path, content_type, body).await;
        let text = || String::from_utf8_lossy(&body).into_owned();
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| text().into()))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.send("GET", path, "", &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("POST", path, "application/json", body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("PUT", path, "application/json", body).await
    }

    pub(crate) async fn merge(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("PATCH", path, "application/merge-patch+json", body).await
    }

    pub(crate) async fn delete(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send("DELETE", path, "application/json", body).await
    }

    /// Opens a watch; each frame is a line.
    pub(crate) async fn watch(&self, path: &str) -> Lines {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        Lines(answer.into_body())
    }
}

/// An open watch.
pub(crate) struct Lines(Body);

impl Lines {
    /// The next event as type and object; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        let frame = self.0.frame().await?.unwrap().into_data().unwrap();
        let event: Value = serde_json::from_slice(&frame).expect("a frame is a whole event");
        Some((event["type"].as_str().unwrap().to_owned(), event["object"].clone()))
    }

    /// The next event as type and name, or the version of a bookmark.
    pub(crate) async fn named(&mut self) -> (String, String) {
        let (kind, object) = self.next().await.expect("the watch goes on");
        (kind, object["metadata"]["name"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
pub(crate) const PODS: &str = "/api/v1/namespaces/default/pods";
pub(crate) const SECRETS: &str = "/api/v1/namespaces/default/secrets";
pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
pub(crate) const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

/// A Job with one container.
pub(crate) fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": { "backoffLimit": 0, "template": { "spec": {
            "restartPolicy": "Never",
            "containers": [{ "name": "main", "image": "alpine:3" }],
        } } },
    })
}

pub(crate) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "alpine:3" }] },
    })
}

pub(crate) fn config_map(name: &str, label: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "labels": { "group": label } },
        "data": { "key": "value" },
    })
}

/// Names of the items of a list.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}
