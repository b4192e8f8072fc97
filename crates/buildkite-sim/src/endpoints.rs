//! Names of the endpoints, for statistics and faults.

use axum::extract::{MatchedPath, Request};
use http::Method;

/// The name of the endpoint that a request goes to; `unknown` when there is none.
pub(crate) fn name(request: &Request) -> &'static str {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    path.map_or("unknown", |path| of(request.method(), path))
}

fn of(method: &Method, path: &str) -> &'static str {
    match (method.as_str(), path.strip_prefix("/v3").unwrap_or(path)) {
        ("GET", "/token") => "token",
        ("POST", "/stacks/register") => "register-stack",
        ("POST", "/stacks/{key}/deregister") => "deregister-stack",
        ("GET", "/stacks/{key}/scheduled-jobs") => "list-scheduled-jobs",
        ("PUT", "/stacks/{key}/scheduled-jobs/batch-reserve") => "batch-reserve",
        ("GET", "/stacks/{key}/jobs/{id}") => "show-job",
        ("POST", "/stacks/{key}/jobs/get-states") => "batch-load-job-states",
        ("POST", "/stacks/{key}/jobs/{id}/finish") => "finish-job",
        ("POST", "/stacks/{key}/notifications") => "stack-notification",
        ("POST", "/stacks/{key}/job-acquisition-tokens") => "job-acquisition-tokens",
        ("POST", "/register") => "register-agent",
        ("POST", "/connect") => "connect",
        ("POST", "/disconnect") => "disconnect",
        ("POST", "/heartbeat") => "heartbeat",
        ("GET", "/ping") => "ping",
        ("POST", "/stop" | "/pause" | "/resume") => "steer-agent",
        ("PUT", "/jobs/{id}/acquire") => "acquire",
        ("PUT", "/jobs/{id}/accept") => "accept",
        ("PUT", "/jobs/{id}/start") => "start",
        ("POST", "/jobs/{id}/chunks") => "chunks",
        ("GET", "/jobs/{id}") => "job-state",
        ("PUT", "/jobs/{id}") => "update-job",
        ("PUT", "/jobs/{id}/finish") => "finish",
        ("POST", "/jobs/{id}/header_times") => "header-times",
        ("PUT", "/jobs/{id}/promise_failure") => "promise-failure",
        (_, path) if path.contains("/data/") => "meta-data",
        (_, path) if path.contains("/annotations") => "annotations",
        (_, path) if path.contains("artifact") => "artifacts",
        (_, path) if path.contains("/pipelines") => "pipeline-upload",
        (_, "/jobs/{id}/secrets") => "secrets",
        (_, "/jobs/{id}/oidc/tokens") => "oidc-tokens",
        (_, "/jobs/{id}/repository_access_token") => "repository-access-token",
        (_, path) if path.starts_with("/steps/") => "steps",
        ("POST", "/builds/{id}/cancel") => "cancel-build",
        _ => "unknown",
    }
}
