//! The cluster as a router, and the router on a port.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use crate::api::{self, Answer, Follow, Position, Watch};
use crate::cluster::{Cluster, Pulse};
use crate::history::Actor;
use crate::refusal::Refusal;

/// Largest body that the API takes, in bytes.
const BODY_MAX: usize = 3 * 1024 * 1024;

/// How often a followed log is looked at again without any sign of a change.
const LOG_PAUSE: Duration = Duration::from_secs(1);

impl Cluster {
    /// The Kubernetes API. Each event of a watch comes as a frame of its own.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Serves the API until `shutdown` is ready, and lets deadlines pass meanwhile. Connections that are open
    /// then are dropped.
    ///
    /// # Errors
    ///
    /// When the listener breaks.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        tokio::select! {
            biased;
            () = shutdown => Ok(()),
            served = axum::serve(listener, self.router()) => served,
            () = self.run_timers() => Ok(()),
        }
    }

    /// A configuration file for `kubectl` and others, for a cluster that is served at `address`.
    #[must_use]
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: cluster-sim\n  cluster:\n    server: \
             http://{address}\ncontexts:\n- name: cluster-sim\n  context:\n    cluster: cluster-sim\n    user: \
             cluster-sim\n    namespace: default\ncurrent-context: cluster-sim\nusers:\n- name: cluster-sim\n  \
             user: {{}}\n"
        )
    }
}

/// Text of a header, or nothing.
fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn handle(State(cluster): State<Cluster>, request: http::Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(&parts.method, body).await {
        Ok(body) => body,
        Err(refusal) => return respond(&cluster, Answer::refusal(&refusal)),
    };
    let content_type = text(&parts.headers, &header::CONTENT_TYPE);
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let request = api::Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: api::Query::parse(parts.uri.query().unwrap_or_default()),
        accept: text(&parts.headers, &header::ACCEPT).to_ascii_lowercase(),
        content_type,
        actor: Actor::Client { user_agent: text(&parts.headers, &header::USER_AGENT).into() },
        body,
    };
    let answer = cluster.with(|world, now| api::respond(world, &request, now));
    respond(&cluster, answer)
}

async fn read(method: &Method, body: Body) -> Result<Bytes, Refusal> {
    if method == Method::GET || method == Method::HEAD {
        return Ok(Bytes::new());
    }
    to_bytes(body, BODY_MAX).await.map_err(|_| {
        let message = format!("Request entity too large: limit is {BODY_MAX}");
        Refusal::new(413, "RequestEntityTooLarge", message)
    })
}

fn respond(cluster: &Cluster, answer: Answer) -> Response {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
    let whole = |code: u16, content_type: HeaderValue, body: Bytes| {
        let status = StatusCode::from_u16(code).expect("answers have valid codes");
        (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
    };
    let stream = |content_type: HeaderValue, body: Body| {
        ([(header::CONTENT_TYPE, content_type)], body).into_response()
    };
    match answer {
        Answer::Json(code, body) => whole(code, JSON, body),
        Answer::Text(code, body) => whole(code, TEXT, body),
        Answer::Watch(watch) => stream(JSON, Body::from_stream(lines(cluster.clone(), *watch))),
        Answer::Follow(follow) => stream(TEXT, Body::from_stream(log(cluster.clone(), follow))),
    }
}

/// An open watch on its way out.
struct Open {
    cluster: Cluster,
    watch: Watch,
    pulses: Receiver<Pulse>,
    ready: VecDeque<Bytes>,
    ends: Instant,
    next_bookmark: Instant,
    interval: Duration,
}

fn lines(cluster: Cluster, watch: Watch) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let now = Instant::now();
    let interval = cluster.read(|world| world.options.bookmark_interval);
    let ends = now + watch.timeout;
    let open = Open {
        pulses: cluster.pulses(watch.kind),
        ready: VecDeque::new(),
        ends,
        next_bookmark: first_bookmark(now, ends, interval),
        interval,
        cluster,
        watch,
    };
    futures::stream::unfold(open, |mut open| async move { Some((Ok(open.next().await?), open)) })
}

/// Regularly, and once more shortly before the end.
fn first_bookmark(now: Instant, ends: Instant, interval: Duration) -> Instant {
    let last = ends.checked_sub(api::LAST_BOOKMARK).unwrap_or(now).max(now);
    (now + interval).min(last)
}

impl Open {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            // Also when more could be said: a reader that lags, with something new whenever it looks, would never
            // come to the end. It resumes after the last line that it has read.
            if Instant::now() >= self.ends {
                return None;
            }
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if self.watch.position == Position::Ended && self.watch.first.is_empty() {
                return None;
            }
            self.pulses.mark_unchanged();
            self.ready = self.cluster.read(|world| self.watch.advance(world));
            if !self.ready.is_empty() || self.watch.position == Position::Ended {
                continue;
            }
            let bookmarks = self.watch.bookmarks;
            tokio::select! {
                biased;
                () = sleep_until(self.ends) => {}
                // The sender lives as long as the cluster, which this holds.
                _ = self.pulses.changed() => {}
                () = sleep_until(self.next_bookmark), if bookmarks && self.next_bookmark < self.ends => {
                    self.next_bookmark = match self.next_bookmark + self.interval {
                        next if next < self.ends => next,
                        _ => self.last_bookmark(),
                    };
                    self.ready.extend(self.watch.bookmark());
                }
            }
        }
    }

    /// The one before the end, unless it was that.
    fn last_bookmark(&self) -> Instant {
        let last = self.ends.checked_sub(api::LAST_BOOKMARK).unwrap_or(self.ends);
        if last > Instant::now() { last } else { self.ends }
    }
}

fn log(cluster: Cluster, follow: Follow) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let changes = cluster.changes();
    futures::stream::unfold(
        (cluster, follow, changes, false),
        |(cluster, mut follow, mut changes, ended)| async move {
            if ended {
                return None;
            }
            loop {
                changes.mark_unchanged();
                let (text, runs) = cluster.read(|world| follow.advance(world));
                if !text.is_empty() || !runs {
                    return Some((Ok(text), (cluster, follow, changes, !runs)));
                }
                let _ = tokio::time::timeout(LOG_PAUSE, changes.changed()).await;
            }
        },
    )
}
