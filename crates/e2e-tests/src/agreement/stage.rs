//! A namespace of one case, and how the case speaks to the API.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::Answer;
use super::eraser::Eraser;
use super::watching::Watch;

/// Patience with one answer, and with one event of a watch.
pub(super) const ANSWER: Duration = Duration::from_secs(20);
/// Patience with a state that controllers bring about.
const STATE: Duration = Duration::from_secs(40);
/// How often such a state is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How much of a body messages show.
const SHOWN: usize = 1000;

/// Content type of most requests.
pub(super) const JSON: &str = "application/json";
/// RFC 7386.
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";
/// Kubernetes' own kind of patch.
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
/// RFC 6902.
pub(super) const JSON_PATCH: &str = "application/json-patch+json";

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A real control plane.
    Real,
    /// `cluster-sim`.
    Simulator,
}

/// What a case works on.
#[derive(Clone)]
pub struct Stage {
    client: Client,
    /// The case's own namespace; it exists, with the ServiceAccount that pods need.
    pub namespace: String,
    eraser: Option<Eraser>,
}

impl Stage {
    /// Makes a namespace, which stays: the deletion of hundreds would keep the controllers busy that
    /// the other cases wait for, and all of them go with the cluster.
    ///
    /// # Errors
    /// When the API refuses it.
    pub async fn create(client: Client, namespace: String, eraser: Option<Eraser>) -> Result<Self> {
        let stage = Self { client, namespace, eraser };
        let metadata = json!({ "name": stage.namespace });
        stage.post("/api/v1/namespaces", &json!({ "metadata": metadata })).await?.is(201)?;
        // A controller makes it a moment later; pods are refused until then.
        let made = stage.post("serviceaccounts", &json!({ "metadata": { "name": "default" } })).await?;
        ensure!([201, 409].contains(&made.status), "no ServiceAccount: {}", made.body);
        Ok(stage)
    }

    /// Makes the server forget its history: watches and pages from before answer 410 afterwards.
    ///
    /// # Errors
    /// When the case is not one of those that may.
    pub async fn lose_history(&self) -> Result<()> {
        self.eraser.as_ref().context("this case may not disturb the others")?.erase().await
    }

    /// The path of a resource of the case's namespace, such as `secrets/a` or `jobs?limit=1`;
    /// one that begins with `/` stays as it is.
    #[must_use]
    pub fn path(&self, resource: &str) -> String {
        if resource.starts_with('/') {
            return resource.to_owned();
        }
        let plural = resource.split(['/', '?']).next().unwrap_or_default();
        format!("{}/namespaces/{}/{resource}", root_of(plural), self.namespace)
    }

    /// One request with its whole answer.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        types: Types<'_>,
        body: impl Into<String>,
    ) -> Result<Answer> {
        let (request, said) = self.request(method, path, types, body.into())?;
        let answered = async {
            let response = self.client.send(request).await?;
            let status = response.status().as_u16();
            let bytes = response.into_body().collect().await?.to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            Ok(Answer { request: said.clone(), status, body })
        };
        tokio::time::timeout(ANSWER, answered).await.with_context(|| format!("{said}: no answer"))?
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        types: Types<'_>,
        body: String,
    ) -> Result<(Request<Body>, String)> {
        let path = self.path(path);
        let said = format!("{method} {path} {}", body.chars().take(SHOWN).collect::<String>());
        let mut request = Request::builder().method(method).uri(&path).header(header::ACCEPT, types.accept);
        if !types.content.is_empty() {
            request = request.header(header::CONTENT_TYPE, types.content);
        }
        let request = request.body(Body::from(body.into_bytes())).with_context(|| said.clone())?;
        Ok((request, said))
    }

    /// Opens a watch; `path` has all parameters but `watch`.
    ///
    /// # Errors
    /// When the API refuses it: the error shows its answer.
    pub async fn watch(&self, path: &str) -> Result<Watch> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}watch=true");
        let (request, said) = self.request(Method::GET, &path, Types::default(), String::new())?;
        let response = tokio::time::timeout(ANSWER, self.client.send(request))
            .await
            .with_context(|| format!("{said}: no answer"))??;
        let status = response.status();
        if !status.is_success() {
            let bytes = response.into_body().collect().await?.to_bytes();
            bail!("{said}\n  expected a watch, got {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(Watch::new(said, response.into_body()))
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Types::default(), "").await
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, object: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Types::sent(JSON), object.to_string()).await
    }

    /// PUT of JSON.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn put(&self, path: &str, object: &Value) -> Result<Answer> {
        self.send(Method::PUT, path, Types::sent(JSON), object.to_string()).await
    }

    /// A merge patch.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn merge(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.send(Method::PATCH, path, Types::sent(MERGE_PATCH), patch.to_string()).await
    }

    /// A strategic merge patch.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn strategic_merge(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.send(Method::PATCH, path, Types::sent(STRATEGIC_PATCH), patch.to_string()).await
    }

    /// A JSON patch.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn json_patch(&self, path: &str, patch: &Value) -> Result<Answer> {
        self.send(Method::PATCH, path, Types::sent(JSON_PATCH), patch.to_string()).await
    }

    /// DELETE without options.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(Method::DELETE, path, Types::default(), "").await
    }

    /// DELETE with these options.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn delete_with(&self, path: &str, options: &Value) -> Result<Answer> {
        self.send(Method::DELETE, path, Types::sent(JSON), options.to_string()).await
    }

    /// Creates an object, which must succeed; returns it as it is stored.
    ///
    /// # Errors
    /// When the API does not answer 201.
    pub async fn create_object(&self, resource: &str, object: &Value) -> Result<Value> {
        self.post(resource, object).await?.is(201)
    }

    /// Creates a Secret with a name and labels (an object).
    ///
    /// # Errors
    /// When the API does not answer 201.
    pub async fn secret(&self, name: &str, labels: Value) -> Result<Value> {
        let metadata = json!({ "name": name, "labels": labels });
        self.create_object("secrets", &json!({ "metadata": metadata, "data": { "key": "MQ==" } })).await
    }

    /// Looks at an object until it is as `wanted`.
    ///
    /// # Errors
    /// When it is not within a while; the error shows what it was last.
    pub async fn until(
        &self,
        path: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool + Send + Sync,
    ) -> Result<Value> {
        let end = Instant::now() + STATE;
        loop {
            let answer = self.get(path).await?;
            if answer.status == 200 && wanted(&answer.body) {
                return Ok(answer.body);
            }
            if Instant::now() >= end {
                bail!("{path} is not {what}: {} {}", answer.status, answer.body);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Looks at an object until it is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn until_gone(&self, path: &str) -> Result<()> {
        let end = Instant::now() + STATE;
        loop {
            let answer = self.get(path).await?;
            if answer.status == 404 {
                return Ok(());
            }
            if Instant::now() >= end {
                bail!("{path} is still there: {}", answer.body);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What a request says about its body and wants of the answer.
#[derive(Debug, Clone, Copy)]
pub struct Types<'a> {
    /// `Content-Type`; none if empty.
    pub content: &'a str,
    /// `Accept`.
    pub accept: &'a str,
}

impl<'a> Types<'a> {
    /// A body of this type; the answer in JSON.
    pub(super) const fn sent(content: &'a str) -> Self {
        Self { content, accept: JSON }
    }
}

impl Default for Types<'_> {
    fn default() -> Self {
        Self::sent("")
    }
}

/// Where the group and version of a resource are.
fn root_of(plural: &str) -> &'static str {
    match plural {
        "jobs" => "/apis/batch/v1",
        "leases" => "/apis/coordination.k8s.io/v1",
        _ => "/api/v1",
    }
}

/// The resource version of an object or list.
pub(super) fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

/// The UID of an object.
pub(super) fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The names of a list's items, in its order.
pub(super) fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().into_iter().flatten().map(name).collect()
}
