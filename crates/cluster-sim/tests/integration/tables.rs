//! Tables for people, logs, and what the server says about itself.

use std::time::Duration;

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::client::{Client, JOBS, PODS, job, pod};

async fn table(client: &Client, path: &str) -> Value {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let request = Request::get(path).header(header::ACCEPT, accept).body(Body::empty()).unwrap();
    let answer = client.cluster.router().oneshot(request).await.unwrap();
    let table: Value =
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    table
}

fn cells(table: &Value) -> &[Value] {
    table["rows"][0]["cells"].as_array().unwrap()
}

#[tokio::test]
async fn pods_and_jobs_are_shown_as_people_know_them() {
    let (client, hand) = Client::new();
    client.post(JOBS, &job("a")).await;
    client.post(PODS, &pod("p")).await;
    hand.advance(Duration::from_millis(500));
    let jobs = table(&client, JOBS).await;
    assert_eq!(cells(&jobs)[..5], [json!("a"), json!("Running"), json!("0/1"), json!("0s"), json!("0s")]);
    assert_eq!(jobs["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let one = table(&client, &format!("{PODS}/p")).await;
    assert_eq!(cells(&one)[1..3], [json!("1/1"), json!("Running")]);
    hand.advance(Duration::from_secs(125));
    let jobs = table(&client, JOBS).await;
    let cells_of = cells(&jobs);
    assert_eq!(
        (&cells_of[1], &cells_of[2], &cells_of[4]),
        (&json!("Complete"), &json!("1/1"), &json!("2m5s"))
    );
    let one = table(&client, &format!("{PODS}/p")).await;
    assert_eq!(cells(&one)[1..3], [json!("0/1"), json!("Completed")]);
    let accounts = table(&client, "/api/v1/namespaces/default/serviceaccounts").await;
    assert_eq!(accounts["rows"][0]["cells"], json!(["default", "2m5s"]));
}

#[tokio::test]
async fn logs_are_served_whole_and_from_their_end() {
    let (client, hand) = Client::new();
    let (_, created) = client.post(PODS, &pod("p")).await;
    let path = format!("{PODS}/p/log");
    assert_eq!(client.get(&path).await, (204, Value::String(String::new())), "no node, no log");
    hand.advance(Duration::from_millis(500));
    let uid = created["metadata"]["uid"].as_str().unwrap();
    client.cluster.append_log(uid, "main", b"one\ntwo\nthree\n");
    assert_eq!(client.get(&path).await.1, "one\ntwo\nthree\n");
    assert_eq!(client.get(&format!("{path}?tailLines=2")).await.1, "two\nthree\n");
    let (status, answer) = client.get(&format!("{path}?container=other")).await;
    assert_eq!((status, &answer["message"]), (400, &json!("container other is not valid for pod p")));
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let (client, _) = Client::new();
    assert_eq!(client.get("/version").await.1["gitVersion"], "v1.36.3");
    assert_eq!(client.get("/readyz").await, (200, json!("ok")));
    assert_eq!(client.get("/api").await.1["versions"], json!(["v1"]));
    assert_eq!(client.get("/apis").await.1["groups"].as_array().unwrap().len(), 3);
    let (_, batch) = client.get("/apis/batch/v1").await;
    assert_eq!(batch["resources"][0]["name"], "jobs");
    assert_eq!(client.get("/openapi/v3").await.0, 404);
}
