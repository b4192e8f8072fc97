//! The Agent API over HTTP, for the real agent (agent-protocol 3).

mod artifacts;
mod in_job;
mod job;
mod session;
mod wire;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};

use crate::simulator::Simulator;

/// Routes below `/v3`.
pub(crate) fn routes() -> Router<Simulator> {
    let session = Router::new()
        .route("/register", post(session::register))
        .route("/connect", post(session::connect))
        .route("/disconnect", post(session::disconnect))
        .route("/heartbeat", post(session::heartbeat))
        .route("/ping", get(session::ping))
        .route("/stop", post(session::stop))
        .route("/pause", post(session::pause))
        .route("/resume", post(session::resume));
    let job = Router::new()
        .route("/jobs/{id}", get(job::state).put(job::update))
        .route("/jobs/{id}/acquire", put(job::acquire))
        .route("/jobs/{id}/accept", put(job::accept))
        .route("/jobs/{id}/start", put(job::start))
        .route("/jobs/{id}/chunks", post(job::chunk))
        .route("/jobs/{id}/header_times", post(job::header_times))
        .route("/jobs/{id}/finish", put(job::finish))
        .route("/jobs/{id}/promise_failure", put(job::promise_failure));
    let in_job = Router::new()
        .route("/jobs/{id}/data/set", post(in_job::set_meta_data))
        .route("/jobs/{id}/data/set-batch", post(in_job::set_meta_data_batch))
        .route("/{scope}/{id}/data/get", post(in_job::get_meta_data))
        .route("/{scope}/{id}/data/exists", post(in_job::meta_data_exists))
        .route("/{scope}/{id}/data/keys", post(in_job::meta_data_keys))
        .route("/jobs/{id}/annotations", post(in_job::annotate))
        .route("/jobs/{id}/annotations/{context}", delete(in_job::remove_annotation))
        .route("/jobs/{id}/pipelines", post(in_job::upload_pipeline))
        .route("/jobs/{id}/pipelines/{upload}", get(in_job::upload_state))
        .route("/jobs/{id}/secrets", get(in_job::secret))
        .route("/jobs/{id}/oidc/tokens", post(in_job::oidc_token))
        .route("/jobs/{id}/repository_access_token", post(in_job::repository_token))
        .route("/steps/{id}", put(in_job::update_step))
        .route("/steps/{id}/export", post(in_job::export_step))
        .route("/steps/{id}/cancel", post(in_job::cancel_step))
        .route("/builds/{id}/cancel", post(in_job::cancel_build));
    let artifacts = Router::new()
        .route("/jobs/{id}/artifacts", post(artifacts::create).put(artifacts::update))
        .route("/builds/{id}/artifacts/search", get(artifacts::search));
    session.merge(job).merge(in_job).merge(artifacts).layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// Routes at the root: artifact bytes travel without a token.
pub(crate) fn root_routes() -> Router<Simulator> {
    Router::new()
        .route("/artifact-uploads", post(artifacts::store))
        .route("/artifact-downloads/{ticket}", get(artifacts::fetch))
        .layer(DefaultBodyLimit::disable())
}

/// The largest bodies are pipelines and log chunks; annotations stop at 1 MiB.
const BODY_LIMIT: usize = 64 * 1024 * 1024;
