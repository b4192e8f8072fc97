//! Probes and metrics over HTTP (`docs/spec/metrics.md` 1, 6.1).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Instant,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use stack_config::Http;
use stack_controller::health::{Health, Report};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exposition;

/// Listeners that are bound: nothing can fail at serving them any more.
pub(crate) struct Listeners(Vec<(TcpListener, Router)>);

impl Listeners {
    /// Binds the ports. Equal ports share one listener; port 0 is off.
    pub(crate) async fn bind(http: &Http, health: Health, registry: Arc<Registry>) -> anyhow::Result<Self> {
        let Http { health_port, prometheus_port } = *http;
        let probes = probes(health);
        let metrics = metrics(registry);
        let wanted = if health_port == prometheus_port {
            vec![("health-port", health_port, probes.merge(metrics))]
        } else {
            vec![("health-port", health_port, probes), ("prometheus-port", prometheus_port, metrics)]
        };
        let mut bound = Vec::new();
        for (setting, port, router) in wanted {
            if port == 0 {
                continue;
            }
            let listeners = listen(port).await.with_context(|| {
                format!("cannot listen on port {port}; free it or choose another one with `{setting}`")
            })?;
            bound.extend(listeners.into_iter().map(|listener| (listener, router.clone())));
        }
        Ok(Self(bound))
    }

    /// Serves until `stop`. A listener that fails ends the others too, with its error.
    pub(crate) async fn serve(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut servers = tokio::task::JoinSet::new();
        for (listener, router) in self.0 {
            let stop = stop.clone();
            servers.spawn(async move {
                axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
            });
        }
        while let Some(ended) = servers.join_next().await {
            ended.context("a listener panicked")?.context("a listener failed")?;
        }
        Ok(())
    }
}

/// Listens on all addresses of the machine, of both kinds: which one a kubelet or Prometheus comes to is not
/// ours to know.
async fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Ok(listener) => {
            // Almost everywhere this one takes IPv4 too, and the next one finds the port taken.
            let other = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.ok();
            Ok(std::iter::once(listener).chain(other).collect())
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
            Err(error)
        }
        // A machine without IPv6.
        Err(_) => Ok(vec![TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?]),
    }
}

fn probes(health: Health) -> Router {
    // `GET` routes answer `HEAD` too.
    Router::new()
        .route(
            "/livez",
            get(|State(health): State<Health>| async move { probe(&health.live(Instant::now())) }),
        )
        .route(
            "/readyz",
            get(|State(health): State<Health>| async move { probe(&health.ready(Instant::now())) }),
        )
        .route("/startupz", get(|State(health): State<Health>| async move { probe(&health.started()) }))
        .with_state(health)
}

fn probe(report: &Report) -> impl IntoResponse + use<> {
    let status = if report.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], report.text.clone())
}

fn metrics(registry: Arc<Registry>) -> Router {
    Router::new()
        .route(
            "/metrics",
            get(|State(registry): State<Arc<Registry>>, headers: HeaderMap| async move {
                let mut text = String::new();
                if encode(&mut text, &registry).is_err() {
                    return StatusCode::INTERNAL_SERVER_ERROR.into_response();
                }
                let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
                let (content_type, text) = exposition::negotiate(accepted, text);
                ([(header::CONTENT_TYPE, content_type)], text).into_response()
            }),
        )
        .with_state(registry)
}
