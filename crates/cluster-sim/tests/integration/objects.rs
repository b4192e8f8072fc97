//! Creating, reading, replacing: what is kept and what is refused.

use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, Client, JOBS, LEASES, PODS, SECRETS, config_map, job, names, pod};

#[tokio::test]
async fn a_job_gets_its_defaults_and_the_labels_that_tell_its_pods() {
    let (client, _) = Client::new();
    let (status, created) = client.post(JOBS, &job("a")).await;
    assert_eq!(status, 201, "{created}");
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let metadata = &created["metadata"];
    assert_eq!(metadata["creationTimestamp"], "2026-11-21T10:00:00Z");
    assert_eq!((&metadata["generation"], &metadata["namespace"]), (&json!(1), &json!("default")));
    let spec = &created["spec"];
    assert_eq!(spec["selector"]["matchLabels"], json!({ "batch.kubernetes.io/controller-uid": uid }));
    assert_eq!(spec["template"]["metadata"]["labels"]["batch.kubernetes.io/job-name"], "a");
    assert_eq!((&spec["parallelism"], &spec["completions"]), (&json!(1), &json!(1)));
    assert_eq!((&spec["suspend"], &spec["completionMode"]), (&json!(false), &json!("NonIndexed")));
    assert_eq!(spec["template"]["spec"]["terminationGracePeriodSeconds"], 30);
    assert_eq!(spec["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    assert_eq!(created["status"], json!({}));
}

/// A refusal: method, path, body; status, reason and how the message begins.
type Refused = (&'static str, String, Value, u16, &'static str, &'static str);

fn refused_objects() -> Vec<Refused> {
    let changed = |pointer: &str, value: &str| {
        let mut job = job("a");
        *job.pointer_mut(pointer).unwrap() = value.into();
        job
    };
    let always = changed("/spec/template/spec/restartPolicy", "Always");
    let mut elsewhere = job("a");
    elsewhere["metadata"]["namespace"] = "other".into();
    let name =
        "Job.batch \"A\" is invalid: metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain";
    let policy =
        "Job.batch \"a\" is invalid: spec.template.spec.restartPolicy: Required value: valid values:";
    let namespace = "the namespace of the provided object does not match the namespace sent on the request";
    let other = "Pod in version \"v1\" cannot be handled as a Job: converting (v1.Pod) to (batch.Job)";
    let create =
        |body: Value, status, reason, message| ("POST", JOBS.to_owned(), body, status, reason, message);
    vec![
        create(job("taken"), 409, "AlreadyExists", "jobs.batch \"taken\" already exists"),
        create(always, 422, "Invalid", policy),
        create(changed("/metadata/name", "A"), 422, "Invalid", name),
        create(elsewhere, 400, "BadRequest", namespace),
        create(pod("a"), 400, "BadRequest", other),
        create(json!([]), 400, "BadRequest", "the object provided is unrecognized (must be of type Job)"),
        create(
            json!({ "spec": "x" }),
            400,
            "BadRequest",
            "Job in version \"v1\" cannot be handled as a Job: json",
        ),
    ]
}

fn refused_paths() -> Vec<Refused> {
    let nowhere = "/apis/batch/v1/namespaces/nowhere/jobs".to_owned();
    let (none, taken) = (format!("{JOBS}/none"), format!("{JOBS}/taken"));
    let (unknown, not_allowed) =
        ("the server could not find the requested resource", "the server does not allow this method");
    let nothing = "jobs.batch \"none\" not found";
    let renamed = "the name of the object (b) does not match the name on the URL (taken)";
    vec![
        ("POST", nowhere, job("a"), 404, "NotFound", "namespaces \"nowhere\" not found"),
        ("POST", "/apis/batch/v1/jobs".to_owned(), job("a"), 405, "MethodNotAllowed", not_allowed),
        ("GET", "/apis/batch/v1/dances".to_owned(), Value::Null, 404, "NotFound", unknown),
        ("GET", none.clone(), Value::Null, 404, "NotFound", nothing),
        ("PUT", none, job("none"), 404, "NotFound", nothing),
        ("PUT", taken, job("b"), 400, "BadRequest", renamed),
        ("DELETE", format!("{PODS}/none"), Value::Null, 404, "NotFound", "pods \"none\" not found"),
    ]
}

#[tokio::test]
async fn refusals_are_those_of_the_api() {
    let (client, _) = Client::new();
    client.post(JOBS, &job("taken")).await;
    for (method, path, body, status, reason, message) in refused_objects().into_iter().chain(refused_paths())
    {
        let (code, answer) = client.send(method, &path, "application/json", &body).await;
        assert_eq!((code, &answer["reason"]), (status, &json!(reason)), "{method} {path}: {answer}");
        assert_eq!((&answer["kind"], &answer["code"]), (&json!("Status"), &json!(status)));
        let text = answer["message"].as_str().unwrap();
        assert!(text.starts_with(message), "{text}");
    }
}

#[tokio::test]
async fn names_are_made_up_from_a_prefix() {
    let (client, _) = Client::new();
    let mut map = config_map("", "a");
    map["metadata"] = json!({ "generateName": "step-" });
    let (status, first) = client.post(CONFIG_MAPS, &map).await;
    assert_eq!(status, 201, "{first}");
    let name = first["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("step-") && name.len() == "step-".len() + 5, "{name}");
    let (_, second) = client.post(CONFIG_MAPS, &map).await;
    assert_ne!(second["metadata"]["name"], name);
}

#[tokio::test]
async fn an_update_must_know_the_latest_version_if_it_names_one() {
    let (client, _) = Client::new();
    let (_, created) = client.post(CONFIG_MAPS, &config_map("a", "x")).await;
    let path = format!("{CONFIG_MAPS}/a");
    let mut next = created.clone();
    next["data"]["key"] = "second".into();
    let (status, second) = client.put(&path, &next).await;
    assert_eq!((status, &second["data"]["key"]), (200, &json!("second")));
    let (status, answer) = client.put(&path, &next).await;
    assert_eq!((status, &answer["reason"]), (409, &json!("Conflict")));
    next["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    next["metadata"].as_object_mut().unwrap().remove("uid");
    assert_eq!(client.put(&path, &next).await.0, 200);
    next["metadata"]["uid"] = "other".into();
    assert_eq!(client.put(&path, &next).await.0, 409);
    let (_, unchanged) = client.put(&path, &second).await;
    assert_eq!(
        unchanged["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"],
        "nothing changed"
    );
}

#[tokio::test]
async fn leases_are_made_by_updates_too_and_never_blindly() {
    let (client, _) = Client::new();
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": "leader" },
        "spec": { "holderIdentity": "a", "leaseDurationSeconds": 15, "renewTime": "2026-11-21T10:00:00.000000Z" },
    });
    let path = format!("{LEASES}/leader");
    assert_eq!(client.put(&path, &lease).await.0, 201);
    let (status, answer) = client.put(&path, &lease).await;
    assert_eq!(status, 422, "{answer}");
    let want = "leases.coordination.k8s.io \"leader\" is invalid: metadata.resourceVersion: Invalid value: 0: must be \
                specified for an update";
    assert_eq!(answer["message"], want);
}

#[tokio::test]
async fn status_is_apart_from_the_rest() {
    let (client, _) = Client::new();
    client.post(JOBS, &job("a")).await;
    let path = format!("{JOBS}/a");
    let patch = json!({ "status": { "failed": 3 }, "metadata": { "annotations": { "x": "y" } } });
    let (_, patched) = client.merge(&path, &patch).await;
    assert_eq!(patched["status"].get("failed"), None, "the object's own path leaves the status alone");
    assert_eq!(patched["metadata"]["annotations"]["x"], "y");
    let patch = json!({ "status": { "failed": 3 }, "spec": { "parallelism": 7 } });
    let (status, patched) = client.merge(&format!("{path}/status"), &patch).await;
    assert_eq!((status, &patched["status"]["failed"]), (200, &json!(3)), "{patched}");
    assert_eq!(patched["spec"]["parallelism"], 1, "the status' path leaves all else alone");
}

#[tokio::test]
async fn some_fields_never_change() {
    let (client, _) = Client::new();
    client.post(JOBS, &job("a")).await;
    let patch = json!({ "spec": { "template": { "spec": { "terminationGracePeriodSeconds": 5 } } } });
    let (status, answer) = client.merge(&format!("{JOBS}/a"), &patch).await;
    assert_eq!(status, 422);
    let cause = &answer["details"]["causes"][0];
    assert_eq!((&cause["field"], &cause["reason"]), (&json!("spec.template"), &json!("FieldValueInvalid")));
    assert!(cause["message"].as_str().unwrap().ends_with("field is immutable"));

    let secret = json!({ "kind": "Secret", "apiVersion": "v1", "metadata": { "name": "s" }, "immutable": true,
        "stringData": { "a": "b" } });
    let (_, created) = client.post(SECRETS, &secret).await;
    assert_eq!((&created["data"]["a"], &created["type"]), (&json!("Yg=="), &json!("Opaque")));
    let (status, answer) = client.merge(&format!("{SECRETS}/s"), &json!({ "data": { "a": "Yw==" } })).await;
    assert_eq!(status, 422);
    let want = "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set";
    assert_eq!(answer["message"], want);
}

#[tokio::test]
async fn lists_obey_selectors() {
    let (client, _) = Client::new();
    for (name, label) in [("a", "x"), ("b", "y"), ("c", "x")] {
        client.post(CONFIG_MAPS, &config_map(name, label)).await;
    }
    let check = async |query: &str, want: &[&str]| {
        let (status, list) = client.get(&format!("{CONFIG_MAPS}?{query}")).await;
        assert_eq!((status, names(&list)), (200, want.to_vec()), "{query}");
        assert_eq!(list["kind"], "ConfigMapList");
        assert!(list["items"].as_array().unwrap().iter().all(|item| item.get("kind").is_none()));
    };
    check("labelSelector=group%3Dx", &["a", "c"]).await;
    check("labelSelector=group+in+(y)", &["b"]).await;
    check("labelSelector=!group", &["kube-root-ca.crt"]).await;
    check("fieldSelector=metadata.name%3Db", &["b"]).await;
    check("labelSelector=group&fieldSelector=metadata.name!%3Db", &["a", "c"]).await;
    let (status, answer) = client.get(&format!("{CONFIG_MAPS}?labelSelector=%3D")).await;
    assert_eq!((status, &answer["reason"]), (400, &json!("BadRequest")));
    let (status, answer) = client.get(&format!("{PODS}?fieldSelector=spec.x%3D1")).await;
    assert_eq!((status, &answer["message"]), (400, &json!("field label not supported: spec.x")));
}
