//! Names of the endpoints, for statistics and faults.

use axum::extract::{MatchedPath, Request};
use http::Method;

/// The name of the endpoint that a request goes to; `unknown` when there is none.
pub(crate) fn name(request: &Request) -> &'static str {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    path.map_or("unknown", |path| of(request.method(), path))
}

/// Names that requests go by, each once, in the order of the tables.
pub(crate) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for (.., name) in EXACT.iter().copied().chain(PARTS.iter().map(|(part, name)| ("", *part, *name))) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn of(method: &Method, path: &str) -> &'static str {
    let path = path.strip_prefix("/v3").unwrap_or(path);
    let exact =
        EXACT.iter().find(|(verb, whole, _)| *whole == path && (*verb == ANY || *verb == method.as_str()));
    let part = || PARTS.iter().find(|(part, _)| path.contains(part)).map(|(_, name)| *name);
    exact.map(|(.., name)| *name).or_else(part).unwrap_or("unknown")
}

const ANY: &str = "";

/// Method, path below `/v3` and name.
const EXACT: &[(&str, &str, &str)] = &[
    ("GET", "/token", "token"),
    ("POST", "/stacks/register", "register-stack"),
    ("POST", "/stacks/{key}/deregister", "deregister-stack"),
    ("GET", "/stacks/{key}/scheduled-jobs", "list-scheduled-jobs"),
    ("PUT", "/stacks/{key}/scheduled-jobs/batch-reserve", "batch-reserve"),
    ("GET", "/stacks/{key}/jobs/{id}", "show-job"),
    ("POST", "/stacks/{key}/jobs/get-states", "batch-load-job-states"),
    ("POST", "/stacks/{key}/jobs/{id}/finish", "finish-job"),
    ("POST", "/stacks/{key}/notifications", "stack-notification"),
    ("POST", "/stacks/{key}/job-acquisition-tokens", "job-acquisition-tokens"),
    ("POST", "/register", "register-agent"),
    ("POST", "/connect", "connect"),
    ("POST", "/disconnect", "disconnect"),
    ("POST", "/heartbeat", "heartbeat"),
    ("GET", "/ping", "ping"),
    ("POST", "/stop", "steer-agent"),
    ("POST", "/pause", "steer-agent"),
    ("POST", "/resume", "steer-agent"),
    ("PUT", "/jobs/{id}/acquire", "acquire"),
    ("PUT", "/jobs/{id}/accept", "accept"),
    ("PUT", "/jobs/{id}/start", "start"),
    ("POST", "/jobs/{id}/chunks", "chunks"),
    ("GET", "/jobs/{id}", "job-state"),
    ("PUT", "/jobs/{id}", "update-job"),
    ("PUT", "/jobs/{id}/finish", "finish"),
    ("POST", "/jobs/{id}/header_times", "header-times"),
    ("PUT", "/jobs/{id}/promise_failure", "promise-failure"),
    (ANY, "/jobs/{id}/secrets", "secrets"),
    (ANY, "/jobs/{id}/oidc/tokens", "oidc-tokens"),
    (ANY, "/jobs/{id}/repository_access_token", "repository-access-token"),
    ("POST", "/builds/{id}/cancel", "cancel-build"),
];

/// A part of the path, and the name of all endpoints that have it.
const PARTS: &[(&str, &str)] = &[
    ("/data/", "meta-data"),
    ("/annotations", "annotations"),
    ("artifact", "artifacts"),
    ("/pipelines", "pipeline-upload"),
    ("/steps/", "steps"),
];
