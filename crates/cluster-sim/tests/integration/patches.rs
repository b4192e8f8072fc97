//! Patches of both kinds, and those that are not taken.

use serde_json::json;

use crate::client::{CONFIG_MAPS, Client, JOBS, config_map, job};

#[tokio::test]
async fn patches_may_be_guarded_and_fail_whole() {
    let (client, _) = Client::new();
    let (_, created) = client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let uid = &created["metadata"]["uid"];
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": uid },
        { "op": "add", "path": "/data/new", "value": "1" },
    ]);
    let (status, patched) = client.send("PATCH", &path, "application/json-patch+json", &patch).await;
    assert_eq!((status, &patched["data"]["new"]), (200, &json!("1")));
    let patch = json!([
        { "op": "remove", "path": "/data/new" },
        { "op": "test", "path": "/metadata/uid", "value": "other" },
    ]);
    let (status, answer) = client.send("PATCH", &path, "application/json-patch+json", &patch).await;
    let want = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "the server rejected our request due to an error in our request",
        "reason": "Invalid",
        "details": {},
        "code": 422,
    });
    assert_eq!((status, answer), (422, want));
    assert_eq!(client.get(&path).await.1["data"]["new"], "1", "nothing of it was done");
}

/// lifecycle X7
#[tokio::test]
async fn a_patch_may_name_the_object_it_means() {
    let (client, _) = Client::new();
    let (_, created) = client.post(JOBS, &job("a")).await;
    let path = format!("{JOBS}/a");
    let patch = |uid: &serde_json::Value| json!({ "metadata": { "uid": uid, "annotations": { "x": "y" } } });
    assert_eq!(client.merge(&path, &patch(&created["metadata"]["uid"])).await.0, 200);
    let (status, answer) = client.merge(&path, &patch(&json!("other"))).await;
    assert_eq!(status, 422);
    let want = json!({
        "reason": "FieldValueInvalid", "message": "Invalid value: \"other\": field is immutable", "field": "metadata.uid",
    });
    assert_eq!(answer["details"]["causes"][0], want);
    let stale = json!({ "metadata": { "resourceVersion": "1", "annotations": { "x": "z" } } });
    let (status, answer) = client.merge(&path, &stale).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("Conflict")));
}

#[tokio::test]
async fn other_patches_are_not_taken() {
    let (client, _) = Client::new();
    client.post(JOBS, &job("a")).await;
    for content_type in
        ["application/strategic-merge-patch+json", "application/apply-patch+yaml", "text/plain", ""]
    {
        let (status, answer) = client.send("PATCH", &format!("{JOBS}/a"), content_type, &json!({})).await;
        assert_eq!((status, &answer["reason"]), (415, &json!("UnsupportedMediaType")), "{content_type}");
    }
    let (status, _) = client.send("POST", JOBS, "text/plain", &job("b")).await;
    assert_eq!(status, 415);
}
