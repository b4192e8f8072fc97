//! Watches under paused time.

use std::time::Duration;

use cluster_sim::{Clock, Cluster, Options};
use serde_json::{Value, json};
use tokio::time::{Instant, advance, timeout};

use crate::client::{CONFIG_MAPS, Client, JOBS, PODS, config_map, job, start};

fn client() -> Client {
    Client::over(Cluster::with_clock(Options::default(), Clock::tokio(start())))
}

async fn version(client: &Client) -> String {
    let (_, list) = client.get(CONFIG_MAPS).await;
    list["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

fn event(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_comes_after_its_version() {
    let client = client();
    client.post(CONFIG_MAPS, &config_map("before", "x")).await;
    let version = version(&client).await;
    client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    let mut watch = client.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={version}")).await;
    assert_eq!(watch.named().await, event("ADDED", "a"));
    client.merge(&format!("{CONFIG_MAPS}/a"), &json!({ "data": { "key": "2" } })).await;
    client.delete(&format!("{CONFIG_MAPS}/a"), &Value::Null).await;
    assert_eq!(watch.named().await, event("MODIFIED", "a"));
    let (kind, last) = watch.next().await.unwrap();
    assert_eq!((kind.as_str(), &last["data"]["key"]), ("DELETED", &json!("2")));
    assert_eq!(last["kind"], "ConfigMap", "events say what they are about");
    assert!(timeout(Duration::from_secs(5), watch.next()).await.is_err(), "silence");
}

#[tokio::test(start_paused = true)]
async fn without_a_version_a_watch_begins_with_what_is_there() {
    let client = client();
    client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    for query in ["", "&resourceVersion=0", "&resourceVersion="] {
        let path = format!("{CONFIG_MAPS}?watch=true&labelSelector=group{query}");
        assert_eq!(client.watch(&path).await.named().await, event("ADDED", "a"), "{query}");
    }
    let path = format!(
        "{CONFIG_MAPS}?watch=1&labelSelector=group&allowWatchBookmarks=true&sendInitialEvents=true&\
         resourceVersionMatch=NotOlderThan"
    );
    let mut watch = client.watch(&path).await;
    assert_eq!(watch.named().await, event("ADDED", "a"));
    let (kind, bookmark) = watch.next().await.unwrap();
    assert_eq!(kind, "BOOKMARK");
    assert_eq!(bookmark["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test(start_paused = true)]
async fn what_begins_or_ceases_to_match_comes_and_goes() {
    let client = client();
    client.post(CONFIG_MAPS, &config_map("a", "y")).await;
    let version = version(&client).await;
    let path = format!("{CONFIG_MAPS}?watch=1&labelSelector=group%3Dx&resourceVersion={version}");
    let mut watch = client.watch(&path).await;
    let label = |label: &str| json!({ "metadata": { "labels": { "group": label } } });
    for group in ["x", "y"] {
        client.merge(&format!("{CONFIG_MAPS}/a"), &label(group)).await;
    }
    client.delete(&format!("{CONFIG_MAPS}/a"), &Value::Null).await;
    client.post(CONFIG_MAPS, &config_map("b", "x")).await;
    assert_eq!(watch.named().await, event("ADDED", "a"));
    let (kind, gone) = watch.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &gone["metadata"]["labels"]["group"]),
        ("DELETED", &json!("x")),
        "as it last matched"
    );
    assert_eq!(watch.named().await, event("ADDED", "b"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_version_is_said_in_the_stream() {
    let client = client();
    let version = version(&client).await;
    client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    client.cluster.compact();
    let mut watch = client.watch(&format!("{CONFIG_MAPS}?watch=1&resourceVersion={version}")).await;
    let (kind, status) = watch.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &status["code"], &status["reason"]),
        ("ERROR", &json!(410), &json!("Expired"))
    );
    assert!(watch.next().await.is_none(), "and then it ends");
}

#[tokio::test(start_paused = true)]
async fn watches_end_in_time_and_by_order() {
    let client = client();
    let began = Instant::now();
    let mut watch =
        client.watch(&format!("{JOBS}?watch=1&timeoutSeconds=100&allowWatchBookmarks=true")).await;
    let mut bookmarks = Vec::new();
    while let Some((kind, _)) = watch.next().await {
        assert_eq!(kind, "BOOKMARK");
        bookmarks.push(began.elapsed().as_secs());
    }
    assert_eq!((bookmarks, began.elapsed().as_secs()), (vec![60, 98], 100));

    let mut watch = client.watch(&format!("{JOBS}?watch=1")).await;
    client.cluster.close_watches();
    assert!(watch.next().await.is_none());
    assert!(began.elapsed().as_secs() <= 100, "at once");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_lags_keeps_no_watch_open() {
    let client = client();
    let began = Instant::now();
    let start = version(&client).await;
    let query = |version: &str| format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=100&resourceVersion={version}");
    let mut watch = client.watch(&query(&start)).await;
    let (mut last, mut read) = (start, Vec::new());
    for name in ["a", "b", "c", "d", "e", "f"] {
        client.post(CONFIG_MAPS, &config_map(name, "x")).await;
        client.post(CONFIG_MAPS, &config_map(&format!("{name}2"), "x")).await;
        let Some((_, object)) = watch.next().await else { break };
        last = object["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        read.push(object["metadata"]["name"].as_str().unwrap().to_owned());
        advance(Duration::from_secs(30)).await;
    }
    assert_eq!((read, began.elapsed().as_secs()), (["a", "a2", "b", "b2"].map(str::to_owned).to_vec(), 120));
    let mut rest = client.watch(&query(&last)).await;
    assert_eq!(rest.named().await, event("ADDED", "c"), "whoever resumes misses nothing");
}

#[tokio::test(start_paused = true)]
async fn timers_drive_a_job_to_its_end() {
    let client = client();
    let timers = client.cluster.clone();
    let timers = tokio::spawn(async move { timers.run_timers().await });
    let mut watch = client.watch(&format!("{PODS}?watch=1")).await;
    client.post(JOBS, &job("a")).await;
    let mut phases = Vec::new();
    while phases.last().is_none_or(|phase| phase != "Succeeded") {
        let (_, pod) = watch.next().await.unwrap();
        let phase = pod["status"]["phase"].as_str().unwrap().to_owned();
        if phases.last() != Some(&phase) {
            phases.push(phase);
        }
    }
    assert_eq!(phases, ["Pending", "Running", "Succeeded"]);
    let complete = client.cluster.until(|cluster| {
        let job = cluster.object(cluster_sim::Kind::Job, "default", "a")?;
        job["status"]["completionTime"].is_string().then_some(job)
    });
    assert_eq!(complete.await["status"]["succeeded"], 1);
    timers.abort();
}
