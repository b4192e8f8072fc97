//! The control API: what tests and tools ask of the simulator itself. Unlike the service's APIs
//! it takes no token: serve it only to those who may do everything.
//!
//! | Request below `/control` | Meaning |
//! | --- | --- |
//! | `POST /builds` | create one: `yaml` (text of a file) or `pipeline` (JSON), `slug`, `repository`, `branch`, `commit`, `message`, `tag`, `source`, `env`, `meta_data`, `unblock` |
//! | `GET /builds`, `GET /builds/{id}` | look |
//! | `POST /builds/{id}/cancel` | stop |
//! | `POST /builds/{id}/unblock` | `step` (key or id, else the first that is blocked), `fields` |
//! | `GET /jobs?state=`, `GET /jobs/{id}` | look |
//! | `POST /jobs` | queue `count` jobs of a command `step` |
//! | `GET /jobs/{id}/log?offset=` | the log's bytes as the agent sent them |
//! | `POST /jobs/{id}/cancel` | stop |
//! | `GET /queues`, `POST /queues/{key}/pause`, `…/resume` | queues |
//! | `GET /stacks`, `GET /agents`, `POST /agents/{id}/pause`, `…/resume`, `…/stop` | who is there |
//! | `GET`, `POST`, `DELETE /faults` | see [`Fault`](crate::Fault); `DELETE` ends all |
//! | `GET /stats` | requests per endpoint and status, latencies |
//! | `GET /changes?after=` | wait until something changed |

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
