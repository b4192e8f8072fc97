//! Probes and metrics over HTTP (`docs/spec/metrics.md` 1, 6.1).

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use stack_config::Http;
use stack_controller::health::{Health, Report};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What Prometheus is told the metrics are.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
            let address = SocketAddr::from(([0, 0, 0, 0], port));
            let listener = TcpListener::bind(address).await.with_context(|| {
                format!("cannot listen on port {port}; free it or choose another one with `{setting}`")
            })?;
            bound.push((listener, router));
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
            get(|State(registry): State<Arc<Registry>>| async move {
                let mut text = String::new();
                match encode(&mut text, &registry) {
                    Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
                    Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                }
            }),
        )
        .with_state(registry)
}
