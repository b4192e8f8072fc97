//! The page's addresses.

#[cfg(test)]
mod tests;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{render, source};
use crate::ansi;
use crate::ansi::html::Addition;
use crate::core::Refusal;
use crate::simulator::Simulator;

/// The page's part of a simulator's router.
pub(crate) fn routes() -> Router<Simulator> {
    Router::new()
        .route("/", get(list))
        .route("/assets/page.css", get(style))
        .route("/assets/page.js", get(script))
        .route("/builds/{id}", get(by_id))
        .route("/{organization}/{pipeline}/builds/{number}", get(build))
        .route("/{organization}/{pipeline}/builds/{number}/cancel", post(cancel))
        .route("/{organization}/{pipeline}/builds/{number}/unblock", post(unblock))
        .route("/{organization}/{pipeline}/builds/{number}/jobs/{job}/log.txt", get(log_text))
        .route("/{organization}/{pipeline}/builds/{number}/jobs/{job}/log.json", get(log_news))
}

#[derive(Deserialize)]
struct BuildPath {
    organization: String,
    pipeline: String,
    number: u64,
}

impl BuildPath {
    fn find(&self, simulator: &Simulator) -> Result<Uuid, Missing> {
        let found = simulator.with(|world, _| {
            let known = world.options.organization_slug == self.organization;
            known.then(|| source::find(world, &self.pipeline, self.number)).flatten()
        });
        found.ok_or(Missing("There is no such build."))
    }

    fn to_page(&self) -> Redirect {
        let Self { organization, pipeline, number } = self;
        Redirect::to(&format!("/{organization}/{pipeline}/builds/{number}"))
    }
}

#[derive(Deserialize)]
struct JobPath {
    job: Uuid,
}

/// What is asked for is not there.
struct Missing(&'static str);

impl IntoResponse for Missing {
    fn into_response(self) -> Response {
        (StatusCode::NOT_FOUND, Html(render::not_found(self.0))).into_response()
    }
}

async fn list(State(simulator): State<Simulator>) -> Html<String> {
    let (builds, now) = simulator.with(|world, now| (source::builds(world), now));
    Html(render::builds(&builds, now))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css"))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page.js"))
}

/// To the build's own address, for those who only know its id.
async fn by_id(State(simulator): State<Simulator>, Path(id): Path<Uuid>) -> Result<Redirect, Missing> {
    let path = simulator.with(|world, _| source::build(world, id, None).map(|page| page.head.path));
    path.map(|path| Redirect::to(&path)).ok_or(Missing("There is no such build."))
}

#[derive(Deserialize)]
struct BuildQuery {
    job: Option<Uuid>,
    without: Option<String>,
}

async fn build(
    State(simulator): State<Simulator>,
    Path(path): Path<BuildPath>,
    Query(query): Query<BuildQuery>,
) -> Result<Html<String>, Missing> {
    let id = path.find(&simulator)?;
    let with_log = query.without.as_deref() != Some("log");
    let (page, log, now) = simulator.with(|world, now| {
        let page = source::build(world, id, query.job);
        let shown = page.as_ref().and_then(|page| page.shown.as_ref()?.id.parse().ok());
        let log = shown.filter(|_| with_log).and_then(|job| source::log(world, job));
        (page, log, now)
    });
    let page = page.ok_or(Missing("There is no such build."))?;
    let lines = log.map(|log| log.lines());
    Ok(Html(render::build(&page, lines.as_deref(), now)))
}

async fn log_text(
    State(simulator): State<Simulator>,
    Path(path): Path<JobPath>,
) -> Result<impl IntoResponse, Missing> {
    let log = simulator.log(path.job, 0).ok_or(Missing("There is no such job."))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], ansi::plain_text(&log)))
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    from: usize,
}

#[derive(Serialize)]
struct LogNews {
    additions: Vec<Addition>,
    count: usize,
    more: bool,
}

async fn log_news(
    State(simulator): State<Simulator>,
    Path(path): Path<JobPath>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogNews>, Missing> {
    let found = simulator.with(|world, _| source::log(world, path.job));
    let log = found.ok_or(Missing("There is no such job."))?;
    let lines = log.lines();
    let from = query.from.min(lines.len());
    let additions = ansi::html::additions(from, &lines[from..]);
    Ok(Json(LogNews { additions, count: lines.len(), more: log.more }))
}

async fn cancel(
    State(simulator): State<Simulator>,
    Path(path): Path<BuildPath>,
    headers: HeaderMap,
) -> Result<Response, Missing> {
    let id = path.find(&simulator)?;
    Ok(act(&headers, &path, || simulator.cancel_build(id)))
}

async fn unblock(
    State(simulator): State<Simulator>,
    Path(path): Path<BuildPath>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Missing> {
    let id = path.find(&simulator)?;
    let mut step = None;
    let mut answers: IndexMap<String, String> = IndexMap::new();
    for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
        if name == "step" {
            step = Some(value.into_owned());
        } else if let Some(key) = name.strip_prefix("field:") {
            // Several chosen options come as several pairs, and are one answer of several lines.
            let answer = answers.entry(key.to_owned()).or_default();
            if !answer.is_empty() {
                answer.push('\n');
            }
            answer.push_str(&value);
        }
    }
    Ok(act(&headers, &path, || simulator.unblock(id, step.as_deref(), &answers).map(|_| ())))
}

/// Does what a form of the page asks for and goes back to the build. Forms of other sites are
/// refused: they could otherwise press buttons in a simulator on somebody's own machine.
fn act(headers: &HeaderMap, path: &BuildPath, work: impl FnOnce() -> Result<(), Refusal>) -> Response {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if !matches!(site, None | Some("same-origin" | "none")) {
        return (StatusCode::FORBIDDEN, "this form belongs to another site\n").into_response();
    }
    match work() {
        Ok(()) => path.to_page().into_response(),
        Err(refusal) => (StatusCode::CONFLICT, format!("{}\n", refusal.message)).into_response(),
    }
}
