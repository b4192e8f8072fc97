//! What clients may do.

use cluster_sim::{Access, AccessRule};
use serde_json::{Value, json};

use crate::client::{Client, JOBS, PODS, job};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

async fn may(client: &Client, group: &str, resource: &str, verb: &str) -> Value {
    let attributes = json!({ "namespace": "default", "group": group, "resource": resource, "verb": verb });
    let (status, answer) =
        client.post(REVIEWS, &json!({ "spec": { "resourceAttributes": attributes } })).await;
    assert_eq!((status, &answer["spec"]["resourceAttributes"]["verb"]), (201, &json!(verb)));
    answer["status"]["allowed"].clone()
}

#[tokio::test]
async fn everything_is_allowed_unless_rules_say_otherwise() {
    let (client, _) = Client::new();
    assert_eq!(may(&client, "batch", "jobs", "create").await, true);
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let jobs = AccessRule {
        groups: words(&["batch"]),
        resources: words(&["jobs"]),
        verbs: words(&["get", "list"]),
        names: Vec::new(),
    };
    client.cluster.set_access(Access::Only { user: "tester".to_owned(), rules: vec![jobs] });
    assert_eq!(may(&client, "batch", "jobs", "get").await, true);
    assert_eq!(may(&client, "batch", "jobs", "create").await, false);
    assert_eq!(client.get(JOBS).await.0, 200);
    let (status, answer) = client.post(JOBS, &job("a")).await;
    let want = "jobs.batch is forbidden: User \"tester\" cannot create resource \"jobs\" in API group \"batch\" in the \
                namespace \"default\"";
    assert_eq!((status, &answer["message"]), (403, &json!(want)));
    let (status, answer) = client.get(&format!("{PODS}/p")).await;
    let want = "pods \"p\" is forbidden: User \"tester\" cannot get resource \"pods\" in API group \"\" in the \
                namespace \"default\"";
    assert_eq!((status, &answer["message"]), (403, &json!(want)));
    let rules = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let (_, answer) = client.post(rules, &json!({ "spec": { "namespace": "default" } })).await;
    assert_eq!(answer["status"]["resourceRules"][0]["resources"], json!(["jobs"]));
}
