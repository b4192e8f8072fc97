//! The Stacks API (stacks-api 5 to 10).

use buildkite_sim::{JobState, Options, RateLimits, Token};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{TOKEN, World};

fn register(key: &str, kind: &str, queue: &str) -> Value {
    json!({ "key": key, "type": kind, "queue_key": queue, "metadata": { "version": "1" } })
}

/// stacks-api 5
#[tokio::test]
async fn token_says_who_it_is() {
    let world =
        World::with(Options { unclustered_tokens: vec![Token::new("unclustered")], ..Options::default() });
    let answer = world.stack("GET /token", Value::Null).await.expect(200);
    assert_eq!(answer.json["organization_slug"], "acme-widgets");
    assert_ne!(answer.json["cluster_uuid"], "");
    let answer = world.call("GET /token", "unclustered", Value::Null).await.expect(200);
    assert_eq!(answer.json["cluster_uuid"], "");
    let answer = world.call("GET /token", "wrong", Value::Null).await.expect(401);
    assert!(!answer.message().is_empty());
}

/// stacks-api 1
#[tokio::test]
async fn every_stack_call_needs_a_cluster_token() {
    let world =
        World::with(Options { unclustered_tokens: vec![Token::new("unclustered")], ..Options::default() });
    let id = Uuid::nil();
    for line in [
        "POST /stacks/register".to_owned(),
        "POST /stacks/k8s/deregister".to_owned(),
        "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes".to_owned(),
        "PUT /stacks/k8s/scheduled-jobs/batch-reserve".to_owned(),
        format!("GET /stacks/k8s/jobs/{id}"),
        "POST /stacks/k8s/jobs/get-states".to_owned(),
        format!("POST /stacks/k8s/jobs/{id}/finish"),
        "POST /stacks/k8s/notifications".to_owned(),
        "POST /stacks/k8s/job-acquisition-tokens".to_owned(),
    ] {
        for token in ["", "wrong", "unclustered"] {
            world.call(&line, token, json!({})).await.expect(401);
        }
    }
}

/// stacks-api 6.1, 6.2, 8
#[tokio::test]
async fn register_is_an_upsert() {
    let world = World::new();
    let answer = world.stack("POST /stacks/register", register("k", "custom", "__default__")).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json["cluster_queue_key"], "kubernetes");
    assert_eq!(answer.json["state"], "connected");
    let again = world.stack("POST /stacks/register", register("k", "custom", "kubernetes")).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json["id"], answer.json["id"]);
    for spelling in ["_default", "~", "-"] {
        let body = register("k", "kubernetes", spelling);
        let answer = world.stack("POST /stacks/register", body).await.expect(200);
        assert_eq!(answer.json["cluster_queue_key"], "kubernetes", "{spelling}");
    }
    world.stack("POST /stacks/k/deregister", Value::Null).await.expect(204);
    world.stack("POST /stacks/k/deregister", Value::Null).await.expect(404);
}

/// stacks-api 6.1
#[tokio::test]
async fn register_refuses_what_is_wrong() {
    let world = World::with(Options {
        stack_limit: Some(1),
        rate_limits: RateLimits { enabled: false, ..RateLimits::default() },
        ..Options::default()
    });
    let long = "k".repeat(81);
    for (key, kind, queue, status) in [
        ("", "custom", "kubernetes", 422),
        ("a.b", "custom", "kubernetes", 422),
        (long.as_str(), "custom", "kubernetes", 422),
        ("k", "other", "kubernetes", 422),
        ("k", "custom", "", 422),
        ("k", "custom", "unknown", 404),
        ("k", "custom", "kubernetes", 201),
        ("second", "custom", "kubernetes", 403),
    ] {
        let answer = world.stack("POST /stacks/register", register(key, kind, queue)).await;
        assert_eq!(answer.status, status, "{key} {kind} {queue}: {answer:?}");
    }
    let mut body = register("k", "custom", "kubernetes");
    body["metadata"] = json!({ "key": "v".repeat(257) });
    world.stack("POST /stacks/register", body).await.expect(422);
}

/// stacks-api 6.3 and pitfall P11 (cursors end)
#[tokio::test]
async fn list_pages_from_the_oldest() {
    let world = World::new();
    let mut jobs = world.stack_with_jobs(3).await;
    world.advance(5);
    jobs.extend(world.simulator.enqueue_jobs(2, &json!({ "command": "true", "priority": 9 })).unwrap());
    let list = "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes&limit=2";
    let (mut seen, mut after) = (Vec::new(), String::new());
    for pages in 1.. {
        let answer = world.stack(&format!("{list}{after}"), Value::Null).await.expect(200);
        let page = answer.json["jobs"].as_array().unwrap().clone();
        seen.extend(page.iter().map(|job| job["id"].as_str().unwrap().to_owned()));
        let cursor = answer.json["page_info"]["end_cursor"].as_str().map(str::to_owned);
        if answer.json["page_info"]["has_next_page"] == false {
            assert_eq!(pages, 3);
            break;
        }
        after = format!("&after={}", cursor.expect("a next page has a cursor"));
    }
    let want: Vec<String> = jobs.iter().map(Uuid::to_string).collect();
    assert_eq!(seen, want, "by age, not by priority");
}

/// stacks-api 6.3
#[tokio::test]
async fn list_shows_what_a_controller_needs() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    let list = "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes";
    let answer = world.stack(list, Value::Null).await.expect(200);
    let job = &answer.json["jobs"][0];
    assert_eq!(job["id"], jobs[0].to_string());
    assert_eq!(job["priority"], 0);
    assert_eq!(job["pipeline"]["slug"], "load");
    assert_eq!(job["build"]["number"], 1);
    assert_eq!(job["build"]["branch"], "main");
    assert_eq!(job["step"]["key"], "k");
    assert_eq!(answer.json["cluster_queue"]["dispatch_paused"], false);
    world.simulator.pause_queue("kubernetes", true).unwrap();
    let answer = world.stack(list, Value::Null).await.expect(200);
    assert_eq!(answer.json["cluster_queue"]["dispatch_paused"], true);
    assert_eq!(answer.json["cluster_queue"]["paused"], true);
}

/// lifecycle P2: the list tells the priority that a job has now
#[tokio::test]
async fn a_job_may_get_another_priority() {
    let world = World::new();
    let jobs = world.stack_with_jobs(2).await;
    world.simulator.reprioritize_job(jobs[1], 7).unwrap();
    let answer =
        world.stack("GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes", Value::Null).await.expect(200);
    let shown = |at: usize| answer.json["jobs"][at]["priority"].clone();
    assert_eq!([shown(0), shown(1)], [0, 7]);
    world.simulator.cancel_job(jobs[1]).unwrap();
    assert!(world.simulator.reprioritize_job(jobs[1], 1).is_err(), "it has ended");
}

/// stacks-api 10
#[tokio::test]
async fn list_refuses_what_is_wrong() {
    let world = World::new();
    world.stack_with_jobs(1).await;
    for (path, status) in [
        ("/stacks/k8s/scheduled-jobs", 400),
        ("/stacks/k8s/scheduled-jobs?queue_key=kubernetes&limit=0", 400),
        ("/stacks/k8s/scheduled-jobs?queue_key=kubernetes&limit=1001", 400),
        ("/stacks/k8s/scheduled-jobs?queue_key=kubernetes&limit=x", 400),
        ("/stacks/k8s/scheduled-jobs?queue_key=kubernetes&after=x", 400),
        ("/stacks/k8s/scheduled-jobs?queue_key=unknown", 404),
        ("/stacks/other/scheduled-jobs?queue_key=kubernetes", 404),
        ("/stacks/k8s/scheduled-jobs?queue_key=kubernetes&limit=1000", 200),
        ("/stacks/k8s/scheduled-jobs?queue_key=~", 200),
    ] {
        let answer = world.stack(&format!("GET {path}"), Value::Null).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

/// stacks-api 6.4 and pitfalls P4, P21 of stacks-api
#[tokio::test]
async fn reservations_hide_extend_and_lapse() {
    let world = World::new();
    let jobs = world.stack_with_jobs(2).await;
    world.stack("POST /stacks/register", register("other", "custom", "-")).await.expect(201);
    let strange = json!([jobs[0], Uuid::nil(), "no uuid"]);
    let body = json!({ "job_uuids": strange, "reservation_expiry_seconds": 60 });
    let reserve = "PUT /stacks/k8s/scheduled-jobs/batch-reserve";
    let answer = world.stack(reserve, body.clone()).await.expect(200);
    assert_eq!(answer.json["reserved"], json!([jobs[0]]));
    assert_eq!(answer.json["not_reserved"], json!([Uuid::nil(), "no uuid"]));
    let list = "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes";
    let answer = world.stack(list, Value::Null).await;
    assert_eq!(answer.json["jobs"].as_array().unwrap().len(), 1, "reserved jobs are hidden");
    let other = "PUT /stacks/other/scheduled-jobs/batch-reserve";
    let answer = world.stack(other, json!({ "job_uuids": jobs })).await.expect(200);
    assert_eq!(answer.json["reserved"], json!([jobs[1]]));
    assert_eq!(answer.json["not_reserved"], json!([jobs[0]]));
    world.advance(40);
    let answer = world.stack(reserve, body).await.expect(200);
    assert_eq!(answer.json["reserved"], json!([jobs[0]]), "its own reservation is extended");
    world.advance(40);
    assert_eq!(world.state(jobs[0]), JobState::Reserved);
    world.advance(20);
    assert_eq!(world.state(jobs[0]), JobState::Scheduled);
    let answer = world.stack(list, Value::Null).await;
    assert_eq!(answer.json["jobs"][0]["id"], jobs[0].to_string(), "back at its old place");
    assert_eq!(world.state(jobs[1]), JobState::Reserved, "the default is 900 s");
    world.advance(800);
    assert_eq!(world.state(jobs[1]), JobState::Scheduled);
    assert_eq!(world.simulator.statistics().lapsed_reservations, 2);
}

/// stacks-api 10
#[tokio::test]
async fn reserve_and_states_refuse_what_is_wrong() {
    let world = World::with(Options {
        rate_limits: RateLimits { enabled: false, ..RateLimits::default() },
        ..Options::default()
    });
    world.stack_with_jobs(1).await;
    let many: Vec<Uuid> = vec![Uuid::nil(); 1001];
    let reserve = "PUT /stacks/k8s/scheduled-jobs/batch-reserve";
    for (body, status) in [
        (json!({ "job_uuids": many }), 400),
        (json!({ "job_uuids": "x" }), 400),
        (json!({}), 400),
        (json!({ "job_uuids": [], "reservation_expiry_seconds": 0 }), 422),
        (json!({ "job_uuids": [], "reservation_expiry_seconds": 3601 }), 422),
        (json!({ "job_uuids": [], "reservation_expiry_seconds": 3600 }), 200),
    ] {
        world.stack(reserve, body).await.expect(status);
    }
    let states = "POST /stacks/k8s/jobs/get-states";
    world.stack(states, json!({ "job_uuids": many })).await.expect(400);
    world.stack("POST /stacks/other/jobs/get-states", json!({ "job_uuids": [] })).await.expect(404);
    world
        .stack("PUT /stacks/other/scheduled-jobs/batch-reserve", json!({ "job_uuids": [] }))
        .await
        .expect(404);
}

/// stacks-api 6.5, 6.6
#[tokio::test]
async fn get_job_and_states() {
    let world = World::new();
    world.stack_with_jobs(0).await;
    let build = world.build(
        "steps: [{command: make test, key: unit, image: 'alpine:3', env: {A: b}, plugins: [kubernetes: {podSpec: {}}]}]",
    );
    let job = world.job_of(build, "unit");
    let answer = world.stack(&format!("GET /stacks/k8s/jobs/{job}"), Value::Null).await.expect(200);
    assert_eq!(answer.json["id"], job.to_string());
    assert_eq!(answer.json["command"], "make test");
    let env = &answer.json["env"];
    for (name, value) in [
        ("A", "b"),
        ("BUILDKITE_IMAGE", "alpine:3"),
        ("BUILDKITE_STEP_KEY", "unit"),
        ("BUILDKITE_BRANCH", "main"),
        ("BUILDKITE_PIPELINE_SLUG", "local"),
        ("BUILDKITE_BUILD_URL", "http://sim.example.test:8080/acme-widgets/local/builds/1"),
        (
            "BUILDKITE_PLUGINS",
            r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin":{"podSpec":{}}}]"#,
        ),
    ] {
        assert_eq!(env[name], value, "{name}");
    }
    let body = json!({ "job_uuids": [job, Uuid::nil()] });
    let answer = world.stack("POST /stacks/k8s/jobs/get-states", body).await.expect(200);
    assert_eq!(answer.json["states"], json!({ job.to_string(): "scheduled" }));
    world.simulator.cancel_job(job).unwrap();
    world.stack(&format!("GET /stacks/k8s/jobs/{job}"), Value::Null).await.expect(404);
    world.stack("GET /stacks/k8s/jobs/x", Value::Null).await.expect(404);
}

/// stacks-api 6.7 and pitfall P17 of stacks-api
#[tokio::test]
async fn finish_ends_a_job_once() {
    let world = World::new();
    let jobs = world.stack_with_jobs(4).await;
    let finish = |job: Uuid| format!("POST /stacks/k8s/jobs/{job}/finish");
    world.reserve(&jobs[..1]).await;
    for body in [json!({}), json!({ "detail": "" }), json!({ "detail": "é".repeat(2049) })] {
        world.stack(&finish(jobs[0]), body).await.expect(422);
    }
    world.stack(&finish(jobs[0]), json!({ "detail": "no image" })).await.expect(200);
    let job = world.simulator.job(jobs[0]).unwrap();
    assert_eq!(job.state, JobState::Finished);
    assert_eq!(job.exit_status, Some(-1));
    assert_eq!(job.signal_reason.as_deref(), Some("stack_error"));
    assert_eq!(job.detail.as_deref(), Some("no image"));
    world.stack(&finish(jobs[0]), json!({ "detail": "again" })).await.expect(422);
    world.stack(&finish(jobs[1]), json!({ "detail": "done", "exit_status": 0 })).await.expect(200);
    assert_eq!(world.simulator.job(jobs[1]).unwrap().signal_reason, None);
    world.run(jobs[2]).await;
    world.stack(&finish(jobs[2]), json!({ "detail": "late" })).await.expect(422);
    world.stack("POST /stacks/register", register("other", "custom", "-")).await.expect(201);
    world.reserve(&jobs[3..]).await;
    let foreign = format!("POST /stacks/other/jobs/{}/finish", jobs[3]);
    world.stack(&foreign, json!({ "detail": "not mine" })).await.expect(422);
    world.stack(&finish(Uuid::nil()), json!({ "detail": "x" })).await.expect(404);
}

/// stacks-api 6.8 and pitfalls P8, P15, P16 of stacks-api
#[tokio::test]
async fn notifications_fail_one_by_one() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    let note = |detail: &str| json!({ "job_uuid": jobs[0], "detail": detail });
    let at = |time: &str| json!({ "job_uuid": jobs[0], "detail": "x", "timestamp": time });
    world.advance(10);
    let body = json!({ "notifications": [
        note("good"),
        note(""),
        note(&"x".repeat(257)),
        at("2026-09-02T08:15:11Z"),
        at("2026-09-02T08:14:59Z"),
        at("2026-09-02T08:15:04.000Z"),
        { "job_uuid": Uuid::nil(), "detail": "x" },
        note(""),
    ] });
    let answer = world.stack("POST /stacks/k8s/notifications", body).await.expect(200);
    let errors = answer.json["errors"].as_array().unwrap();
    assert_eq!(errors[0], json!({ "error": "detail is required", "indexes": [1, 7] }));
    let indexes: Vec<&Value> = errors.iter().map(|error| &error["indexes"]).collect();
    assert_eq!(indexes, [&json!([1, 7]), &json!([2]), &json!([3]), &json!([4]), &json!([6])]);
    let kept = world.simulator.job(jobs[0]).unwrap().notifications;
    assert_eq!(kept.iter().map(|note| note.detail.as_str()).collect::<Vec<_>>(), ["good", "x"]);
    let many: Vec<Value> = (0..99).map(|_| note("more")).collect();
    let body = json!({ "notifications": many });
    let answer = world.stack("POST /stacks/k8s/notifications", body).await.expect(200);
    let errors = &answer.json["errors"];
    assert_eq!(*errors, json!([{ "error": "job stack notification count exceeded", "indexes": [98] }]));
    let many: Vec<Value> = (0..1001).map(|_| note("more")).collect();
    world.stack("POST /stacks/k8s/notifications", json!({ "notifications": many })).await.expect(400);
}

/// stacks-api P16
#[tokio::test]
async fn notifications_end_300_s_after_the_job() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    world.simulator.cancel_job(jobs[0]).unwrap();
    let body = json!({ "notifications": [{ "job_uuid": jobs[0], "detail": "late" }] });
    world.advance(300);
    let answer = world.stack("POST /stacks/k8s/notifications", body.clone()).await.expect(200);
    assert_eq!(answer.json["errors"], json!([]));
    world.advance(1);
    let answer = world.stack("POST /stacks/k8s/notifications", body).await.expect(200);
    assert_eq!(answer.json["errors"][0]["indexes"], json!([0]));
}

/// stacks-api 3
#[tokio::test]
async fn rate_limits_have_headers_and_slide() {
    let world = World::new();
    world.stack_with_jobs(1).await;
    let list = "GET /stacks/k8s/scheduled-jobs?queue_key=kubernetes";
    for left in (0..10).rev() {
        let answer = world.stack(list, Value::Null).await.expect(200);
        assert_eq!(answer.header("ratelimit-scope"), "list-scheduled-jobs");
        assert_eq!(answer.header("ratelimit-limit"), "10");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("ratelimit-reset"), "1");
    }
    let answer = world.stack(list, Value::Null).await.expect(429);
    assert_eq!(answer.json["scope"], "list-scheduled-jobs");
    assert_eq!(answer.json["limit"], 10);
    assert_eq!(answer.json["current"], 11);
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    let missing = world.stack("POST /stacks/other/jobs/get-states", json!({ "job_uuids": [] })).await;
    assert_eq!(missing.expect(404).header("ratelimit-scope"), "batch-load-job-states");
    world.advance(1);
    world.stack(list, Value::Null).await.expect(200);
    let statistics = world.simulator.statistics();
    assert_eq!(statistics.count("list-scheduled-jobs", 200), 11);
    assert_eq!(statistics.count("list-scheduled-jobs", 429), 1);
}

/// stacks-api 1.1
#[tokio::test]
async fn path_segments_are_decoded() {
    let world = World::new();
    world.stack_with_jobs(0).await;
    let answer = world.call("POST /stacks/k%38s/deregister", TOKEN, Value::Null).await;
    assert_eq!(answer.status, 204);
}

/// stacks-api 10
#[tokio::test]
async fn latencies_are_measured() {
    let world = World::new();
    let jobs = world.stack_with_jobs(1).await;
    world.stack("GET /stacks/k8s/scheduled-jobs?queue_key=-", Value::Null).await.expect(200);
    world.advance(1);
    world.reserve(&jobs).await;
    world.advance(2);
    let token = world.run(jobs[0]).await;
    world.advance(3);
    world.end(jobs[0], &token, "0").await.expect(200);
    let statistics = world.simulator.statistics();
    assert_eq!(statistics.list_to_reserve_latency().p50, 1000);
    assert_eq!(statistics.reserve_to_acquire_latency().p50, 2000);
    assert_eq!(statistics.acquire_to_finish_latency().max, 3000);
}
