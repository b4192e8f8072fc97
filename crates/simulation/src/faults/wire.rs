//! The way of a request from a controller to a server and back.

use std::{
    convert::Infallible,
    future::pending,
    io,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody, to_bytes},
};
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;
use tower::{BoxError, Service, ServiceExt as _};
use uuid::Uuid;

use super::{Faults, Ruling, Shape, spoilt::spoil};
use crate::{
    bench::Bench,
    facts::Note,
    fuse::{Blow, Fuse},
    plan::{FaultKind, RequestKind, Side},
};

/// One life of a controller, as its wires know it.
pub(crate) struct Line {
    pub(crate) instance: usize,
    pub(crate) life: u32,
    pub(crate) fuse: Fuse,
    pub(crate) faults: Faults,
    pub(crate) bench: Bench,
    pub(crate) user_agent: HeaderValue,
    /// Versions at which watches began, to begin there again.
    pub(crate) versions: Mutex<Vec<(String, String)>>,
}

/// A tower service with a server at its other end, and whatever is between.
#[derive(Clone)]
pub(crate) struct Wire {
    line: Arc<Line>,
    side: Side,
    server: Router,
}

impl Wire {
    pub(crate) fn new(line: Arc<Line>, side: Side, server: Router) -> Self {
        Self { line, side, server }
    }
}

impl<B> Service<Request<B>> for Wire
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Response<Body>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let wire = self.clone();
        Box::pin(async move { wire.exchange(request.map(Body::new)).await })
    }
}

/// What a reserve call asks for.
#[derive(Deserialize)]
struct Reserve {
    job_uuids: Vec<Uuid>,
}

/// The connection broke.
pub(super) fn reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the connection broke")
}

impl Wire {
    async fn exchange(&self, mut request: Request<Body>) -> io::Result<Response<Body>> {
        let Line { fuse, faults, user_agent, .. } = &*self.line;
        if fuse.is_blown() {
            return pending().await;
        }
        request.headers_mut().insert(header::USER_AGENT, user_agent.clone());
        let blow = fuse.request(kind_of(self.side, &request));
        if blow == Blow::Before {
            self.trace(&request, "the controller dies before this arrives");
            fuse.blow();
            return pending().await;
        }
        if let Some(job) = verdict_about(self.side, &request) {
            self.line.bench.note(&Note::VerdictSent { job });
        }
        let request = self.note_reservations(request).await?;
        let shape = shape_of(self.side, &request);
        let ruling = faults.rule(self.side, shape);
        if let Some(kind) = ruling.fault {
            let note = Note::Fault { instance: self.line.instance, side: self.side, kind };
            self.line.bench.note(&note);
        }
        if !ruling.before.is_zero() {
            sleep(ruling.before).await;
        }
        let answer = self.carry(request, shape, &ruling).await;
        if blow == Blow::After {
            fuse.blow();
            return pending().await;
        }
        if !ruling.after.is_zero() {
            sleep(ruling.after).await;
        }
        answer
    }

    /// Tells the judge of which jobs a reserve call asks for, whatever becomes of it.
    async fn note_reservations(&self, request: Request<Body>) -> io::Result<Request<Body>> {
        if kind_of(self.side, &request) != RequestKind::Reserve {
            return Ok(request);
        }
        let (head, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
        let asked: Reserve = serde_json::from_slice(&body).expect("a reserve call names its jobs");
        let Line { instance, life, .. } = *self.line;
        self.line.bench.note(&Note::ReserveSent { instance, life, jobs: &asked.job_uuids });
        Ok(Request::from_parts(head, Body::from(body)))
    }

    async fn carry(
        &self,
        request: Request<Body>,
        shape: Shape,
        ruling: &Ruling,
    ) -> io::Result<Response<Body>> {
        use FaultKind as Kind;
        let Some(kind) = ruling.fault else { return self.deliver(request, shape).await };
        self.trace(&request, kind.as_str());
        let even = ruling.chance & 1 == 0;
        let slow = Duration::from_millis(100 + (ruling.chance >> 1) % 20_000);
        match kind {
            Kind::Delay if even => {
                sleep(slow).await;
                self.deliver(request, shape).await
            }
            Kind::Delay => {
                let answer = self.deliver(request, shape).await;
                sleep(slow).await;
                answer
            }
            Kind::LateRequest => {
                // Longer than any caller waits; whoever sent it may be dead by then.
                let wire = self.clone();
                let late = Duration::from_millis(65_000 + (ruling.chance >> 1) % 60_000);
                let mut request = request;
                let name = format!("{} late", self.line.user_agent.to_str().unwrap_or_default());
                let name = name.parse().expect("a header with one more word");
                request.headers_mut().insert(header::USER_AGENT, name);
                tokio::spawn(async move {
                    sleep(late).await;
                    let _ = wire.deliver(request, Shape::Plain).await;
                });
                pending().await
            }
            Kind::LostRequest => Err(reset()),
            Kind::LostAnswer => {
                let _ = self.deliver(request, shape).await;
                Err(reset())
            }
            Kind::Hang => pending().await,
            Kind::TooMany => Ok(self.refusal(StatusCode::TOO_MANY_REQUESTS, Some(1 + ruling.chance % 8))),
            Kind::Unavailable => Ok(self.refusal(StatusCode::SERVICE_UNAVAILABLE, None)),
            Kind::Expired => Ok(self.refusal(StatusCode::GONE, None)),
            Kind::Forbidden => Ok(self.refusal(StatusCode::FORBIDDEN, None)),
            Kind::RequestTimeout => Ok(self.refusal(StatusCode::REQUEST_TIMEOUT, None)),
            Kind::TooEarly => Ok(self.refusal(StatusCode::TOO_EARLY, None)),
            Kind::ProxyNotFound => Ok(page(StatusCode::NOT_FOUND)),
            Kind::ProxyForbidden => Ok(page(StatusCode::FORBIDDEN)),
            Kind::Unreadable => {
                let _ = self.deliver(request, shape).await;
                Ok(page(StatusCode::OK))
            }
            Kind::ServerError | Kind::GatewayTimeout => {
                if even {
                    let _ = self.deliver(request, shape).await;
                }
                let status = if kind == Kind::ServerError { 500 } else { 504 };
                Ok(self.refusal(StatusCode::from_u16(status).expect("a status of HTTP"), None))
            }
            Kind::WatchReplay => self.deliver(self.older(request), shape).await,
            Kind::WatchCut | Kind::WatchLag | Kind::WatchTwice | Kind::WatchSilent => {
                let answer = self.deliver(request, shape).await?;
                let calm = self.line.faults.is_calm();
                Ok(answer.map(|body| spoil(body, kind, ruling.chance, calm)))
            }
        }
    }

    /// The request arrives, is carried out, and the judge looks at what it did.
    async fn deliver(&self, request: Request<Body>, shape: Shape) -> io::Result<Response<Body>> {
        if shape == Shape::Watch {
            self.remember(request.uri());
        }
        let bench = &self.line.bench;
        // What timers do comes before what this request does.
        bench.observe();
        let shown = bench.is_tracing().then(|| shown(&request));
        let answer = self.server.clone().oneshot(request).await;
        let answer = answer.unwrap_or_else(|error: Infallible| match error {});
        if let Some(shown) = shown {
            let status = answer.status().as_u16();
            bench.trace(self.who(), format_args!("{} {shown} -> {status}", self.side.as_str()));
        }
        bench.observe();
        Ok(answer)
    }

    fn remember(&self, uri: &Uri) {
        let Some(version) = version_of(uri) else { return };
        let mut versions = self.line.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.push((uri.path().to_owned(), version.to_owned()));
    }

    /// The same watch from where an earlier one began.
    fn older(&self, mut request: Request<Body>) -> Request<Body> {
        let versions = self.line.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let path = request.uri().path();
        let earlier = versions.iter().rev().filter(|(of, _)| of == path).nth(1);
        if let (Some((_, earlier)), Some(version)) = (earlier, version_of(request.uri())) {
            let now = format!("resourceVersion={version}");
            let then = format!("resourceVersion={earlier}");
            let uri = request.uri().to_string().replace(&now, &then);
            *request.uri_mut() = uri.parse().expect("only a number was changed");
        }
        request
    }

    fn refusal(&self, status: StatusCode, retry_after: Option<u64>) -> Response<Body> {
        let code = status.as_u16();
        let message = if status == StatusCode::FORBIDDEN {
            "the simulated account cannot create resource \"jobs\" in API group \"batch\""
        } else {
            "the simulated fault of a server"
        };
        let body = match self.side {
            Side::Buildkite | Side::Agents => json!({ "message": message }),
            Side::Kubernetes => json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason(code), "code": code,
            }),
        };
        let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
        let answer = match retry_after {
            Some(seconds) => answer.header(header::RETRY_AFTER, seconds),
            None => answer,
        };
        answer.body(Body::from(body.to_string())).expect("these headers are valid")
    }

    fn who(&self) -> String {
        format!("controller {}.{}", self.line.instance, self.line.life)
    }

    fn trace(&self, request: &Request<Body>, what: &str) {
        if self.line.bench.is_tracing() {
            let (side, shown) = (self.side.as_str(), shown(request));
            self.line.bench.trace(self.who(), format_args!("{side} {shown} !! {what}"));
        }
    }
}

/// What a proxy writes instead of an answer.
fn page(status: StatusCode) -> Response<Body> {
    let page = Body::from("<html><body>The simulated proxy is sorry.</body></html>");
    let answer = Response::builder().status(status).header(header::CONTENT_TYPE, "text/html");
    answer.body(page).expect("this header is valid")
}

fn shown(request: &Request<Body>) -> String {
    format!("{} {}", request.method(), request.uri().path())
}

fn reason(code: u16) -> &'static str {
    match code {
        403 => "Forbidden",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}

fn query(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='))
}

fn version_of(uri: &Uri) -> Option<&str> {
    query(uri).find(|(key, _)| *key == "resourceVersion").map(|(_, version)| version)
}

fn shape_of(side: Side, request: &Request<Body>) -> Shape {
    match kind_of(side, request) {
        RequestKind::CreateJob => return Shape::Create,
        RequestKind::Delete | RequestKind::Finish => return Shape::Seldom,
        RequestKind::Patch if !request.uri().path().contains("/leases/") => return Shape::Seldom,
        _ => {}
    }
    if side == Side::Buildkite || request.method() != Method::GET {
        return Shape::Plain;
    }
    let has = |wanted: &str| query(request.uri()).any(|(key, _)| key == wanted);
    if has("watch") {
        Shape::Watch
    } else if has("continue") {
        Shape::Continued
    } else {
        Shape::Plain
    }
}

/// The job that a request tells the verdict of.
fn verdict_about(side: Side, request: &Request<Body>) -> Option<Uuid> {
    if kind_of(side, request) != RequestKind::Finish {
        return None;
    }
    request.uri().path().rsplit('/').nth(1)?.parse().ok()
}

fn kind_of(side: Side, request: &Request<Body>) -> RequestKind {
    let (method, path) = (request.method(), request.uri().path());
    match side {
        Side::Kubernetes if method == Method::POST && path.ends_with("/jobs") => RequestKind::CreateJob,
        Side::Kubernetes if method == Method::DELETE => RequestKind::Delete,
        Side::Kubernetes if method == Method::PATCH || method == Method::PUT => RequestKind::Patch,
        Side::Buildkite if path.ends_with("/batch-reserve") => RequestKind::Reserve,
        Side::Buildkite if path.ends_with("/get-states") => RequestKind::States,
        Side::Buildkite if path.ends_with("/finish") => RequestKind::Finish,
        Side::Buildkite if method == Method::GET && path.contains("/jobs/") => RequestKind::GetJob,
        _ => RequestKind::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_known_by_its_path() {
        let job = Uuid::from_u128(7);
        let about = |side, path: &str| {
            let uri = format!("/v3/stacks/simulated/jobs/{path}");
            verdict_about(side, &Request::builder().method("POST").uri(uri).body(Body::empty()).unwrap())
        };
        assert_eq!(about(Side::Buildkite, &format!("{job}/finish")), Some(job));
        assert_eq!(about(Side::Kubernetes, &format!("{job}/finish")), None);
        assert_eq!(about(Side::Buildkite, &format!("{job}")), None);
        assert_eq!(about(Side::Buildkite, "get-states"), None);
    }
}
