//! The simulator as a router, and the router on a port.

use std::future::Future;
use std::io;

use axum::{Router, middleware};
use tokio::net::TcpListener;

use crate::simulator::Simulator;
use crate::{agent, answer, control, faults, page, stacks};

impl Simulator {
    /// All APIs: `/v3` as the service has them, `/control` for tests and tools; and the page.
    ///
    /// Faults strike the service's APIs only. A stream of pings is answered 404 like every
    /// unknown route, so agents poll (agent-protocol 5.2).
    pub fn router(&self) -> Router {
        let service = Router::new()
            .nest("/v3", stacks::routes().merge(agent::routes()))
            .merge(agent::root_routes())
            .layer(middleware::from_fn_with_state(self.clone(), faults::layer));
        Router::new()
            .merge(service)
            .nest("/control", control::routes())
            .merge(page::routes())
            .fallback(answer::not_found)
            .method_not_allowed_fallback(answer::not_found)
            .with_state(self.clone())
    }

    /// Serves `router` (see [`Simulator::router`]) until `shutdown` is ready, and lets deadlines
    /// pass meanwhile. Connections that are open then are dropped.
    ///
    /// # Errors
    ///
    /// When the listener breaks.
    pub async fn serve(
        &self,
        listener: TcpListener,
        router: Router,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        tokio::select! {
            biased;
            served = axum::serve(listener, router) => served,
            () = self.run_timers() => Ok(()),
            () = shutdown => Ok(()),
        }
    }
}
