//! Deleting: preconditions, grace, finalizers, collections.

use std::time::Duration;

use cluster_sim::Kind;
use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, Client, JOBS, PODS, config_map, job, names, pod};

#[tokio::test]
async fn a_delete_may_name_the_object_it_means() {
    let (client, _) = Client::new();
    let (_, created) = client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let (status, answer) = client.delete(&path, &json!({ "preconditions": { "uid": "other" } })).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("Conflict")));
    assert!(
        answer["message"].as_str().unwrap().contains("the UID in the precondition (other) does not match")
    );
    let (status, _) = client.delete(&path, &json!({ "preconditions": { "resourceVersion": "1" } })).await;
    assert_eq!(status, 409);
    let uid = &created["metadata"]["uid"];
    let (status, answer) = client.delete(&path, &json!({ "preconditions": { "uid": uid } })).await;
    assert_eq!(status, 200);
    let want = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": { "name": "a", "kind": "configmaps", "uid": uid },
    });
    assert_eq!(answer, want);
    assert_eq!(client.get(&path).await.0, 404);
}

#[tokio::test]
async fn an_unbound_pod_goes_at_once_and_a_running_one_waits() {
    let (client, hand) = Client::new();
    client.post(PODS, &pod("early")).await;
    assert_eq!(client.delete(&format!("{PODS}/early"), &Value::Null).await.0, 200);
    assert!(client.cluster.object(Kind::Pod, "default", "early").is_none());

    client.post(PODS, &pod("running")).await;
    hand.advance(Duration::from_millis(500));
    let (_, running) = client.get(&format!("{PODS}/running")).await;
    assert_eq!(running["status"]["phase"], "Running");
    let (status, deleted) =
        client.delete(&format!("{PODS}/running"), &json!({ "gracePeriodSeconds": 7 })).await;
    assert_eq!((status, &deleted["metadata"]["deletionGracePeriodSeconds"]), (200, &json!(7)));
    assert_eq!(deleted["metadata"]["deletionTimestamp"], "2026-11-21T10:00:07Z");
    hand.advance(Duration::from_secs(8));
    assert!(client.cluster.object(Kind::Pod, "default", "running").is_none());
}

#[tokio::test]
async fn finalizers_hold_an_object_until_the_last_is_gone() {
    let (client, _) = Client::new();
    let mut map = config_map("a", "x");
    map["metadata"]["finalizers"] = json!(["example.com/hold"]);
    client.post(CONFIG_MAPS, &map).await;
    let path = format!("{CONFIG_MAPS}/a");
    let (status, waiting) = client.delete(&path, &Value::Null).await;
    assert_eq!((status, &waiting["metadata"]["deletionGracePeriodSeconds"]), (200, &json!(0)));
    let (status, answer) = client.merge(&path, &json!({ "metadata": { "finalizers": ["a.b/c"] } })).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(client.merge(&path, &json!({ "metadata": { "finalizers": null } })).await.0, 200);
    assert_eq!(client.get(&path).await.0, 404);
}

#[tokio::test]
async fn propagation_is_a_matter_of_finalizers() {
    let (client, hand) = Client::new();
    for (policy, job_stays, pod_stays) in
        [("Foreground", false, false), ("Background", false, false), ("Orphan", false, true)]
    {
        let name = policy.to_lowercase();
        client.post(JOBS, &job(&name)).await;
        hand.advance(Duration::from_millis(500));
        let options = json!({ "propagationPolicy": policy });
        assert_eq!(client.delete(&format!("{JOBS}/{name}"), &options).await.0, 200);
        hand.advance(Duration::from_secs(60));
        let job = client.cluster.object(Kind::Job, "default", &name);
        assert_eq!(job.is_some(), job_stays, "{policy}");
        let selector = format!("labelSelector=job-name%3D{name}");
        let (_, pods) = client.get(&format!("{PODS}?{selector}")).await;
        assert_eq!(!names(&pods).is_empty(), pod_stays, "{policy}");
    }
    let (status, answer) =
        client.delete(&format!("{JOBS}/x"), &json!({ "propagationPolicy": "Never" })).await;
    assert_eq!(status, 422);
    let want = "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"Never\": supported \
                values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    assert_eq!(answer["message"], want);
}

#[tokio::test]
async fn a_collection_goes_by_selector() {
    let (client, _) = Client::new();
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        client.post(CONFIG_MAPS, &config_map(name, label)).await;
    }
    let (status, list) = client.delete(&format!("{CONFIG_MAPS}?labelSelector=group%3Dx"), &Value::Null).await;
    assert_eq!((status, names(&list)), (200, vec!["a", "c"]));
    assert_eq!(names(&client.get(CONFIG_MAPS).await.1), ["b", "kube-root-ca.crt"]);
}

#[tokio::test]
async fn a_namespace_takes_everything_along() {
    let (client, hand) = Client::new();
    let namespace = json!({ "kind": "Namespace", "apiVersion": "v1", "metadata": { "name": "n" } });
    assert_eq!(client.post("/api/v1/namespaces", &namespace).await.0, 201);
    client.post("/api/v1/namespaces/n/configmaps", &config_map("a", "x")).await;
    client.post("/apis/batch/v1/namespaces/n/jobs", &job("j")).await;
    hand.advance(Duration::from_millis(500));
    let (status, answer) = client.delete("/api/v1/namespaces/n", &Value::Null).await;
    assert_eq!((status, &answer["status"]["phase"]), (200, &json!("Terminating")));
    let (status, answer) = client.post("/api/v1/namespaces/n/configmaps", &config_map("b", "x")).await;
    assert_eq!((status, &answer["reason"]), (403, &json!("Forbidden")));
    hand.advance(Duration::from_secs(60));
    assert_eq!(client.get("/api/v1/namespaces/n").await.0, 404);
    assert!(client.cluster.objects(Kind::Pod, "n").is_empty());
}
