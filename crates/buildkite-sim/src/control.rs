//! The control API: what tests and tools ask of the simulator itself. Unlike the service's APIs
//! it takes no token: serve it only to those who may do everything.

mod builds;
mod rest;

use axum::Router;
use axum::routing::{get, post};

use crate::simulator::Simulator;

/// Routes below `/control`.
pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/builds", get(builds::list).post(builds::create))
        .route("/builds/{id}", get(builds::show))
        .route("/builds/{id}/cancel", post(builds::cancel))
        .route("/builds/{id}/unblock", post(builds::unblock))
        .route("/jobs", get(builds::jobs).post(builds::enqueue))
        .route("/jobs/{id}", get(builds::job))
        .route("/jobs/{id}/log", get(builds::log))
        .route("/jobs/{id}/cancel", post(builds::cancel_job))
        .route("/queues", get(rest::queues))
        .route("/queues/{key}/pause", post(rest::pause_queue))
        .route("/queues/{key}/resume", post(rest::resume_queue))
        .route("/stacks", get(rest::stacks))
        .route("/agents", get(rest::agents))
        .route("/agents/{id}/{order}", post(rest::steer_agent))
        .route("/faults", get(rest::faults).post(rest::inject_fault).delete(rest::clear_faults))
        .route("/stats", get(rest::statistics))
        .route("/changes", get(rest::changes))
}
