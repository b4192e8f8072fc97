use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::core::BuildState;
use crate::options::Options;
use crate::simulator::Simulator;

fn simulator(pipeline: &str) -> Simulator {
    let simulator = Simulator::new(Options::default());
    simulator.create_build_from_yaml(pipeline).unwrap();
    simulator
}

async fn send(simulator: &Simulator, request: Request<Body>) -> (StatusCode, String) {
    let answer = simulator.router().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn read(simulator: &Simulator, path: &str) -> (StatusCode, String) {
    send(simulator, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn press(simulator: &Simulator, path: &str, site: &str, form: &str) -> (StatusCode, String) {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("sec-fetch-site", site)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    send(simulator, request).await
}

const BUILD: &str = "/acme-widgets/local/builds/1";

#[tokio::test]
async fn builds_jobs_and_assets_are_served() {
    let simulator = simulator("[{label: unit, key: unit, command: make test}]");
    let job = simulator.jobs()[0].id;
    for (path, want) in [
        ("/".to_owned(), BUILD.to_owned()),
        (BUILD.to_owned(), format!("data-job=\"{job}\" data-state=\"scheduled\"")),
        (format!("{BUILD}?job={job}&without=log"), "id=\"step-unit\"".to_owned()),
        (format!("{BUILD}/jobs/{job}/log.txt"), String::new()),
        (
            format!("{BUILD}/jobs/{job}/log.json?from=7"),
            r#"{"additions":[],"count":0,"more":true}"#.to_owned(),
        ),
        ("/assets/page.css".to_owned(), ".fg-15".to_owned()),
        ("/assets/page.js".to_owned(), "log.dataset.from".to_owned()),
    ] {
        let (status, body) = read(&simulator, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(body.contains(&want), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_build_is_found_by_its_id() {
    let simulator = simulator("[wait]");
    let id = simulator.builds()[0].id;
    let request = Request::get(format!("/builds/{id}")).body(Body::empty()).unwrap();
    let answer = simulator.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], BUILD);
    let (status, _) = read(&simulator, "/builds/00000000-0000-0000-0000-000000000000").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let simulator = simulator("[wait]");
    let job = "00000000-0000-0000-0000-000000000000";
    for path in [
        "/acme-widgets/local/builds/2".to_owned(),
        "/acme-widgets/other/builds/1".to_owned(),
        "/other/local/builds/1".to_owned(),
        format!("{BUILD}/jobs/{job}/log.txt"),
        format!("{BUILD}/jobs/{job}/log.json"),
    ] {
        let (status, body) = read(&simulator, &path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body.contains("There is no such"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_block_step_is_answered_by_its_form() {
    let simulator = simulator(
        "[{block: Ship, key: gate, fields: [{text: Name, key: name}]}, {command: make, label: after}]",
    );
    let (_, page) = read(&simulator, BUILD).await;
    assert!(page.contains("name=\"field:name\""), "{page}");
    let (status, _) = press(&simulator, &format!("{BUILD}/unblock"), "cross-site", "step=gate").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, text) = press(&simulator, &format!("{BUILD}/unblock"), "same-origin", "step=gate").await;
    assert_eq!(status, StatusCode::CONFLICT, "{text}");
    let form = "step=gate&field%3Aname=Ada+L";
    let (status, text) = press(&simulator, &format!("{BUILD}/unblock"), "same-origin", form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{text}");
    assert_eq!(simulator.builds()[0].meta_data["name"], "Ada L");
}

#[tokio::test]
async fn a_build_is_canceled_by_its_button() {
    let simulator = simulator("[{command: make}]");
    let (status, _) = press(&simulator, &format!("{BUILD}/cancel"), "same-origin", "").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(simulator.builds()[0].state, BuildState::Canceled);
    let (_, page) = read(&simulator, BUILD).await;
    assert!(page.contains("id=\"build\" data-state=\"canceled\""), "{page}");
}
