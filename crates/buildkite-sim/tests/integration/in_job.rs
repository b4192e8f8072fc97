//! Metadata, annotations, artifacts, uploads and steps from inside a job (agent-protocol 8).

use axum::body::Body;
use buildkite_sim::{BuildState, Effect, Fault};
use http::Request;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::World;

async fn running(world: &World, yaml: &str) -> (Uuid, Uuid, String) {
    let build = world.build(yaml);
    let job = world.job_of(build, "a");
    let token = world.run(job).await;
    (build, job, token)
}

const ONE: &str = "steps: [{command: a, key: a, label: first}]";

/// agent-protocol 8.1
#[tokio::test]
async fn metadata() {
    let world = World::new();
    let (build, job, token) = running(&world, ONE).await;
    let call = async |line: String, body: Value| world.call(&line, &token, body).await;
    let exists = format!("POST /jobs/{job}/data/exists");
    let key = json!({ "key": "release" });
    assert_eq!(call(exists.clone(), key.clone()).await.expect(200).json, json!({ "exists": false }));
    call(format!("POST /builds/{build}/data/get"), key.clone()).await.expect(404);
    let set = json!({ "key": "release", "value": "r42" });
    call(format!("POST /jobs/{job}/data/set"), set.clone()).await.expect(200);
    assert_eq!(call(format!("POST /builds/{build}/data/get"), key.clone()).await.expect(200).json, set);
    assert_eq!(call(exists, key).await.json, json!({ "exists": true }));
    let batch = json!({ "items": [{ "key": "a", "value": "1" }, { "key": "", "value": "2" }] });
    call(format!("POST /jobs/{job}/data/set-batch"), batch).await.expect(422);
    let batch = json!({ "items": [{ "key": "a", "value": "1" }] });
    call(format!("POST /jobs/{job}/data/set-batch"), batch).await.expect(200);
    let keys = call(format!("POST /jobs/{job}/data/keys"), Value::Null).await.expect(200);
    assert_eq!(keys.json, json!(["a", "release"]));
}

/// agent-protocol 8.2
#[tokio::test]
async fn annotations() {
    let world = World::new();
    let (build, job, token) = running(&world, ONE).await;
    let call = async |line: String, body: Value| world.call(&line, &token, body).await;
    let annotate = format!("POST /jobs/{job}/annotations");
    call(annotate.clone(), json!({ "body": "one", "context": "a.b", "style": "info" })).await.expect(200);
    call(annotate.clone(), json!({ "body": " two", "context": "a.b", "append": true })).await.expect(200);
    call(annotate.clone(), json!({ "body": "urgent", "priority": 9 })).await.expect(200);
    call(annotate.clone(), json!({ "body": "x", "style": "loud" })).await.expect(422);
    call(annotate.clone(), json!({ "body": "x", "scope": "galaxy" })).await.expect(422);
    call(annotate.clone(), json!({ "body": "x".repeat(1024 * 1024 + 1) })).await.expect(422);
    call(annotate, json!({ "body": "own", "context": "a.b", "scope": "job" })).await.expect(200);
    let bodies = || {
        let annotations = world.simulator.build(build).unwrap().annotations;
        annotations.into_iter().map(|it| it.body).collect::<Vec<_>>()
    };
    assert_eq!(bodies(), ["urgent", "one two", "own"]);
    call(format!("DELETE /jobs/{job}/annotations/a%2Eb?scope=build"), Value::Null).await.expect(200);
    assert_eq!(bodies(), ["urgent", "own"]);
    call(format!("DELETE /jobs/{job}/annotations/nothing"), Value::Null).await.expect(404);
}

/// agent-protocol 8.3, A17, A18
#[tokio::test]
async fn artifacts() {
    let world = World::new();
    let (build, job, token) = running(&world, ONE).await;
    let artifact = |path: &str| json!({ "path": path, "file_size": 4, "sha1sum": "s", "id": "" });
    let mut spoilt = artifact("spoilt");
    spoilt["sha256sum"] = json!("0".repeat(64));
    let body =
        json!({ "id": "batch-1", "artifacts": [artifact("out/a.txt"), artifact("out/b/c.txt"), spoilt] });
    let create = format!("POST /jobs/{job}/artifacts");
    let answer = world.call(&create, &token, body.clone()).await.expect(200).json;
    let again = world.call(&create, &token, body).await.expect(200).json;
    assert_eq!(answer, again, "the batch id is an idempotency key");
    assert_eq!(answer["artifact_ids"].as_array().unwrap().len(), 3);
    let action = &answer["upload_instructions"]["action"];
    assert_eq!(action["url"], "http://sim.example.test:8080");
    assert_eq!(action["file_input"], "file");
    let ticket = answer["upload_instructions"]["data"]["ticket"].as_str().unwrap();
    for (path, ticket, status) in [
        ("out/a.txt", ticket, 200),
        ("out/b/c.txt", ticket, 200),
        ("other", ticket, 404),
        ("spoilt", ticket, 422),
        ("out/a.txt", "x", 403),
    ] {
        let form = format!(
            "--B\r\nContent-Disposition: form-data; name=\"path\"\r\n\r\n{path}\r\n\
             --B\r\nContent-Disposition: form-data; name=\"ticket\"\r\n\r\n{ticket}\r\n\
             --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{path}\"\r\n\r\n{path}!\r\n--B--\r\n"
        );
        let request = Request::builder()
            .method("POST")
            .uri(action["path"].as_str().unwrap())
            .header("Content-Type", "multipart/form-data; boundary=B")
            .body(Body::from(form))
            .unwrap();
        world.send(request).await.expect(status);
    }
    let search = async |query: &str| {
        let line = format!("GET /builds/{build}/artifacts/search?{query}");
        world.call(&line, &token, Value::Null).await.expect(200).json
    };
    assert_eq!(search("query=*&state=finished").await, json!([]), "nothing is finished yet");
    let ids = answer["artifact_ids"].as_array().unwrap();
    let states: Vec<Value> = ids.iter().take(2).map(|id| json!({ "id": id, "state": "finished" })).collect();
    let update = format!("PUT /jobs/{job}/artifacts");
    world.call(&update, &token, json!({ "artifacts": states })).await.expect(200);
    for (query, count) in [
        ("query=*", 2),
        ("query=out/*.txt", 2),
        ("query=out/**/c.txt", 1),
        ("query=out/a.txt&scope=a", 1),
        ("query=*&scope=other", 0),
        ("query=nothing", 0),
        ("query=*&include_duplicates=true&include_retried_jobs=true", 2),
    ] {
        assert_eq!(search(query).await.as_array().unwrap().len(), count, "{query}");
    }
    let found = &search("query=out/a.txt").await[0];
    let url = found["url"].as_str().unwrap();
    let path = url.strip_prefix("http://sim.example.test:8080").unwrap();
    let answer = world.send(Request::get(path).body(Body::empty()).unwrap()).await.expect(200);
    assert_eq!(&answer.bytes[..], b"out/a.txt!");
    let many: Vec<Value> = (0..31).map(|_| artifact("x")).collect();
    world.call(&create, &token, json!({ "id": "", "artifacts": many })).await.expect(422);
}

fn upload(steps: Value, replace: bool) -> Value {
    json!({ "uuid": Uuid::new_v5(&Uuid::nil(), steps.to_string().as_bytes()), "replace": replace,
        "pipeline": { "steps": steps } })
}

/// agent-protocol 8.4
#[tokio::test]
async fn uploads_append_after_their_step() {
    let world = World::new();
    let yaml = "steps: [{command: a, key: a}, wait, {command: z, key: z}]";
    let (build, job, token) = running(&world, yaml).await;
    let line = format!("POST /jobs/{job}/pipelines?async=true");
    let body = upload(json!([{ "command": "b", "key": "b" }, "wait", { "command": "c", "key": "c" }]), false);
    world.call(&line, &token, body.clone()).await.expect(200);
    world.call(&line, &token, body.clone()).await.expect(200);
    assert_eq!(world.steps(build), "a=running b=running wait=waiting c=waiting wait=waiting z=waiting");
    let state = format!("GET /jobs/{job}/pipelines/{}", body["uuid"].as_str().unwrap());
    let answer = world.call(&state, &token, Value::Null).await.expect(200);
    assert_eq!(answer.json["state"], "applied");
    let body = upload(json!([{ "command": "again", "key": "b" }]), false);
    let answer = world.call(&line, &token, body).await.expect(422);
    assert!(answer.message().contains("\"b\""), "{answer:?}");
    let body = upload(json!([{ "command": "x", "agents": { "queue": "gone" } }]), false);
    let answer = world.call(&line, &token, body).await.expect(422);
    assert!(answer.message().contains("kubernetes"), "{answer:?}");
    let body = upload(json!([{ "command": "x", "colour": "red" }]), false);
    let answer = world.call(&line, &token, body.clone()).await.expect(422);
    assert!(answer.message().contains("colour"), "{answer:?}");
    let state = format!("GET /jobs/{job}/pipelines/{}", body["uuid"].as_str().unwrap());
    assert_eq!(world.call(&state, &token, Value::Null).await.json["state"], "rejected");
}

/// agent-protocol 8.4
#[tokio::test]
async fn uploads_repeat_no_key_of_a_group_or_step() {
    let world = World::new();
    let yaml =
        "steps: [{command: a, key: a}, {group: G, key: g, depends_on: a, steps: [{command: b, key: b}]}]";
    let (build, job, token) = running(&world, yaml).await;
    let line = format!("POST /jobs/{job}/pipelines?async=true");
    let group = |key: &str, inner: &str| json!([{ "group": "G", "key": key, "steps": [{ "command": "c", "key": inner }, { "command": "d" }] }]);
    for (steps, key) in [
        (group("g", "c"), "g"),
        (group("a", "c"), "a"),
        (group("h", "g"), "g"),
        (json!([{ "command": "c", "key": "g" }]), "g"),
    ] {
        let answer = world.call(&line, &token, upload(steps, false)).await.expect(422);
        assert!(answer.message().contains(&format!("\"{key}\"")), "{answer:?}");
    }
    assert_eq!(world.steps(build), "a=running b=waiting", "a refused upload changes nothing");
    world.call(&line, &token, upload(group("h", "c"), false)).await.expect(200);
    world.call(&line, &token, upload(group("g", "z"), true)).await.expect(200);
}

/// agent-protocol 8.4
#[tokio::test]
async fn uploads_replace_what_has_not_started() {
    let world = World::new();
    let yaml = "steps: [{command: a, key: a}, {command: y, key: y}, {command: x, key: x}, wait, {command: z, key: z}]";
    let (build, job, token) = running(&world, yaml).await;
    let other = world.job_of(build, "x");
    world.run(other).await;
    let line = format!("POST /jobs/{job}/pipelines?async=true");
    let refused = upload(json!([{ "trigger": "other" }]), true);
    world.call(&line, &token, refused).await.expect(422);
    assert!(world.steps(build).contains("z=waiting"), "a refused upload changes nothing");
    world.call(&line, &token, upload(json!([{ "command": "z2", "key": "z" }]), true)).await.expect(200);
    assert_eq!(world.steps(build), "a=running z=running x=running");
    world.end(job, &token, "0").await.expect(200);
    world.finish(world.job_of(build, "z"), "0").await;
    assert_eq!(world.build_state(build), BuildState::Running);
}

/// agent-protocol 8.5
#[tokio::test]
async fn secrets_and_tokens_are_refused_with_a_reason() {
    let world = World::new();
    let (_, job, token) = running(&world, ONE).await;
    for (line, status) in [
        (format!("GET /jobs/{job}/secrets?key=DEPLOY_KEY"), 404),
        (format!("POST /jobs/{job}/oidc/tokens"), 422),
        (format!("POST /jobs/{job}/repository_access_token"), 422),
        (format!("PUT /jobs/{job}"), 422),
    ] {
        let answer = world.call(&line, &token, json!({})).await.expect(status);
        assert!(answer.message().contains("simulator"), "{answer:?}");
        world.call(&line, "wrong", json!({})).await.expect(401);
    }
}

/// agent-protocol 8.6
#[tokio::test]
async fn steps_are_exported_updated_and_canceled() {
    let world = World::new();
    let yaml = "steps: [{command: a, key: a, label: first}, {command: b, key: b.x}]";
    let (build, job, token) = running(&world, yaml).await;
    let call = async |line: String, body: Value| world.call(&line, &token, body).await;
    let export = async |step: &str, attribute: &str| {
        call(format!("POST /steps/{step}/export"), json!({ "attribute": attribute, "build_id": build })).await
    };
    assert_eq!(export("a", "label").await.expect(200).json["output"], "first");
    assert_eq!(export("b%2Ex", "state").await.expect(200).json["output"], "running");
    let all = export("a", "").await.json["output"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&all).unwrap()["key"], "a");
    export("a", "colour").await.expect(422);
    export("gone", "label").await.expect(404);
    let update = json!({ "attribute": "label", "value": "!", "append": true });
    call("PUT /steps/a".to_owned(), update).await.expect(200);
    assert_eq!(export("a", "label").await.json["output"], "first!");
    call("PUT /steps/a".to_owned(), json!({ "attribute": "priority", "value": "1" })).await.expect(422);
    call("POST /steps/b%2Ex/cancel".to_owned(), json!({ "build_id": build })).await.expect(200);
    assert_eq!(world.steps(build), "a=running b.x=failed");
    world.end(job, &token, "0").await.expect(200);
    assert_eq!(world.build_state(build), BuildState::Failed);
}

/// agent-protocol 8.6
#[tokio::test]
async fn a_step_update_sent_again_appends_once() {
    let world = World::new();
    let yaml = "steps: [{command: a, key: a, label: first}, {command: b, key: b, label: other}]";
    let (build, _, token) = running(&world, yaml).await;
    let call = async |line: &str, body: Value| world.call(line, &token, body).await;
    let append = |id: u128| {
        json!({ "idempotency_uuid": Uuid::from_u128(id), "build_id": build, "attribute": "label",
            "value": "!", "append": true })
    };
    world.simulator.inject_fault(Fault::always("steps", Effect::LoseAnswer).times(1));
    assert!(call("PUT /steps/a", append(1)).await.broken);
    call("PUT /steps/a", append(1)).await.expect(200);
    let label = async || {
        let body = json!({ "attribute": "label" });
        call("POST /steps/a/export", body).await.expect(200).json["output"].clone()
    };
    assert_eq!(label().await, "first!", "carried out once");
    call("PUT /steps/a", append(2)).await.expect(200);
    assert_eq!(label().await, "first!!", "another update");
    let mut refused = append(3);
    refused["attribute"] = json!("colour");
    call("PUT /steps/a", refused.clone()).await.expect(422);
    call("PUT /steps/a", refused).await.expect(422);
    call("PUT /steps/a", json!({ "idempotency_uuid": "x", "attribute": "label" })).await.expect(400);
}

/// agent-protocol 8.6
#[tokio::test]
async fn step_options_without_an_effect_are_refused_by_name() {
    let world = World::new();
    let (build, _, token) = running(&world, "steps: [{command: a, key: a}, {command: b, key: b}]").await;
    for (line, body, name) in [
        ("POST /steps/a/export", json!({ "attribute": "label", "format": "json" }), "format"),
        ("POST /steps/a/export", json!({ "format": "yaml" }), "format"),
        ("POST /steps/b/cancel", json!({ "force": true, "force_grace_period": 10 }), "force"),
    ] {
        let answer = world.call(line, &token, body).await.expect(400);
        assert!(answer.message().contains(&format!("`{name}`")), "{answer:?}");
    }
    assert_eq!(world.steps(build), "a=running b=running");
    for (line, body) in [
        ("POST /steps/a/export", json!({ "format": "json" })),
        ("POST /steps/a/export", json!({ "attribute": "state", "format": "" })),
        ("POST /steps/b/cancel", json!({ "force": false, "force_grace_period": 60 })),
    ] {
        world.call(line, &token, body).await.expect(200);
    }
}

/// agent-protocol 8.6
#[tokio::test]
async fn jobs_promise_failure_and_cancel_builds() {
    let world = World::new();
    let (build, job, token) = running(&world, ONE).await;
    let promise = format!("PUT /jobs/{job}/promise_failure");
    world.call(&promise, &token, json!({ "exit_status": 1 })).await.expect(204);
    world.call(&promise, &token, json!({ "exit_status": 1 })).await.expect(204);
    world.call(&promise, &token, json!({ "exit_status": 2 })).await.expect(409);
    assert_eq!(world.build_state(build), BuildState::Failing);
    let answer = world.call(&format!("POST /builds/{build}/cancel"), &token, Value::Null).await;
    assert_eq!(answer.expect(200).json, json!({ "uuid": build }));
    world.end(job, &token, "-1").await.expect(200);
    world.call(&promise, &token, json!({ "exit_status": 1 })).await.expect(422);
    assert_eq!(world.build_state(build), BuildState::Canceled);
}
