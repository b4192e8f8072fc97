//! Lists in pages, and lists of the past.

use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, Client, config_map, names};

async fn filled() -> Client {
    let (client, _) = Client::new();
    for name in ["a", "b", "c", "d", "e"] {
        client.post(CONFIG_MAPS, &config_map(name, "x")).await;
    }
    client
}

const SELECTED: &str = "labelSelector=group%3Dx";

#[tokio::test]
async fn pages_show_one_moment() {
    let client = filled().await;
    let (_, first) = client.get(&format!("{CONFIG_MAPS}?limit=2")).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 4, "with the one that every namespace has");
    client.delete(&format!("{CONFIG_MAPS}/c"), &Value::Null).await;
    client.post(CONFIG_MAPS, &config_map("bb", "x")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, second) = client.get(&format!("{CONFIG_MAPS}?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c", "d"], "as it was when the first page was sent");
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    let token = second["metadata"]["continue"].as_str().unwrap();
    let (_, last) = client.get(&format!("{CONFIG_MAPS}?{SELECTED}&continue={token}")).await;
    assert_eq!((names(&last), last["metadata"].get("continue")), (vec!["e"], None));
}

#[tokio::test]
async fn a_lost_version_ends_the_pages() {
    let client = filled().await;
    let (_, first) = client.get(&format!("{CONFIG_MAPS}?{SELECTED}&limit=2")).await;
    client.post(CONFIG_MAPS, &config_map("bb", "x")).await;
    client.cluster.compact();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (status, answer) = client.get(&format!("{CONFIG_MAPS}?limit=2&continue={token}")).await;
    assert_eq!((status, &answer["reason"]), (410, &json!("Expired")));
    let token = answer["metadata"]["continue"].as_str().expect("a way to go on all the same");
    let (_, rest) = client.get(&format!("{CONFIG_MAPS}?{SELECTED}&continue={token}")).await;
    assert_eq!(names(&rest), ["bb", "c", "d", "e"]);
}

#[tokio::test]
async fn versions_may_be_asked_for() {
    let client = filled().await;
    let (_, list) = client.get(CONFIG_MAPS).await;
    let version: u64 = list["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    let exact = |version: u64| {
        format!("{CONFIG_MAPS}?{SELECTED}&resourceVersionMatch=Exact&resourceVersion={version}")
    };
    assert_eq!(names(&client.get(&exact(version - 2)).await.1), ["a", "b", "c"]);
    let (status, answer) = client.get(&format!("{CONFIG_MAPS}?resourceVersion={}", version + 9)).await;
    assert_eq!((status, &answer["reason"]), (504, &json!("Timeout")));
    assert_eq!(answer["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    client.cluster.compact();
    assert_eq!(client.get(&exact(version - 2)).await.0, 410);
    let (status, _) = client.get(&format!("{CONFIG_MAPS}?continue=nonsense!")).await;
    assert_eq!(status, 400);
    let (status, answer) = client.get(&format!("{CONFIG_MAPS}?resourceVersionMatch=Exact")).await;
    assert_eq!(status, 422, "{answer}");
}
