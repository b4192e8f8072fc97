//! The way of a played agent to Buildkite and back, with the faults that strike on it.

use std::{convert::Infallible, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::sleep;
use tower::ServiceExt as _;

use super::Agents;
use crate::{
    bench::Bench,
    faults::Shape,
    plan::{FaultKind, Side},
};

/// How long an agent waits for an answer (agent-protocol 2).
const TIMEOUT: Duration = Duration::from_secs(60);

/// One call of an agent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) token: String,
    pub(super) body: Value,
}

/// What comes of one try of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// Buildkite has answered.
    Status(u16, Value),
    /// There is none, or one that asks for another try, after so long.
    Failed(Duration),
    /// The call takes so long to arrive.
    UnderWay(Duration),
}

impl Agents {
    /// Tries a call once.
    pub(super) async fn try_call(&mut self, uid: &str, call: Call) -> Answer {
        use FaultKind as Kind;
        let arrives = std::mem::take(&mut self.agent(uid).on_its_way);
        let ruling = if arrives { None } else { Some(self.faults.rule(Side::Agents, Shape::Plain)) };
        let Some((kind, chance)) = ruling.and_then(|ruling| ruling.fault.map(|kind| (kind, ruling.chance)))
        else {
            let (status, answer) = deliver(&self.bench, &self.buildkite, &call).await;
            return if status == 429 || status >= 500 {
                Answer::Failed(Duration::ZERO)
            } else {
                Answer::Status(status, answer)
            };
        };
        let Call { method, path, .. } = &call;
        self.bench.trace("agent", format_args!("{method} {path} !! {}", kind.as_str()));
        let even = chance & 1 == 0;
        match kind {
            Kind::Delay => {
                self.agent(uid).on_its_way = true;
                return Answer::UnderWay(Duration::from_millis(100 + (chance >> 1) % 20_000));
            }
            Kind::LateRequest => {
                let late = Duration::from_millis(65_000 + (chance >> 1) % 60_000);
                let (bench, buildkite) = (self.bench.clone(), self.buildkite.clone());
                tokio::spawn(async move {
                    sleep(late).await;
                    deliver(&bench, &buildkite, &call).await;
                });
            }
            Kind::LostAnswer => drop(deliver(&self.bench, &self.buildkite, &call).await),
            Kind::ServerError | Kind::GatewayTimeout if even => {
                drop(deliver(&self.bench, &self.buildkite, &call).await);
            }
            _ => {}
        }
        Answer::Failed(match kind {
            Kind::Hang | Kind::LateRequest => TIMEOUT,
            Kind::TooMany => Duration::from_secs(1 + chance % 8),
            _ => Duration::ZERO,
        })
    }
}

/// The call arrives and is carried out.
async fn deliver(bench: &Bench, buildkite: &Router, call: &Call) -> (u16, Value) {
    let Call { method, path, token, body } = call;
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder()
        .method(*method)
        .uri(format!("/v3{path}"))
        .header(http::header::HOST, "buildkite.test")
        .header(http::header::AUTHORIZATION, format!("Token {token}"))
        .body(body)
        .expect("paths are made of ids");
    bench.observe();
    let answer = buildkite.clone().oneshot(request).await;
    let answer = answer.unwrap_or_else(|error: Infallible| match error {});
    let status = answer.status().as_u16();
    bench.trace("agent", format_args!("{method} {path} -> {status}"));
    let bytes = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    bench.observe();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}
