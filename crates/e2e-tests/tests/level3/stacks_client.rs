//! The published Go client of the Stacks API against the simulator: an independent opinion on
//! what the service answers. Needs no cluster, only the built client.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use buildkite_sim::{Effect, Fault, JobState, Options};
use e2e_tests::buildkite::Buildkite;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The Go client as a child process: one JSON line per call and per outcome.
struct Client {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    // Killed on drop.
    _process: Child,
}

impl Client {
    fn start(buildkite: &Buildkite, token: &str) -> Self {
        let bin = std::env::var("TESTBED_BIN").expect("TESTBED_BIN is set by `cargo xtask test`");
        let mut process = Command::new(format!("{bin}/stacksapi-client"))
            .args([&buildkite.endpoint(), token])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the client starts");
        let input = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Self { input, output, _process: process }
    }

    async fn call(&mut self, call: Value) -> Value {
        self.input.write_all(format!("{call}\n").as_bytes()).await.expect("the client reads");
        let line = tokio::time::timeout(Duration::from_secs(60), self.output.next_line());
        let line = line.await.expect("an outcome in time").expect("a line").expect("the client lives");
        serde_json::from_str(&line).expect("the client writes JSON")
    }

    /// A call that works; the answer.
    async fn good(&mut self, call: Value) -> Value {
        let outcome = self.call(call.clone()).await;
        assert!(outcome.get("answer").is_some(), "{call}: {outcome}");
        outcome["answer"].clone()
    }

    /// A call that is refused with this status.
    async fn refused(&mut self, call: Value, status: u16) {
        let outcome = self.call(call.clone()).await;
        assert_eq!(outcome["status"], status, "{call}: {outcome}");
        assert_ne!(outcome["message"], "", "{call}: {outcome}");
    }
}

async fn start() -> (Buildkite, Client) {
    let buildkite = Buildkite::start(Ipv4Addr::LOCALHOST.into(), Options::default())
        .await
        .expect("the simulator listens");
    let token = buildkite.agent_token();
    let mut client = Client::start(&buildkite, token.expose());
    let register =
        json!({ "call": "register", "stack": "k8s", "queue": "_default", "metadata": { "a": "b" } });
    let stack = client.good(register).await;
    assert_eq!(stack["cluster_queue_key"], "kubernetes");
    assert_eq!(stack["state"], "connected");
    (buildkite, client)
}

/// stacks-api 6.1, 6.2
#[tokio::test]
async fn go_client_registers_and_deregisters() {
    let (buildkite, mut client) = start().await;
    client.good(json!({ "call": "register", "stack": "k8s", "queue": "kubernetes" })).await;
    client.refused(json!({ "call": "register", "stack": "a b", "queue": "kubernetes" }), 422).await;
    client.refused(json!({ "call": "register", "stack": "k8s", "queue": "unknown" }), 404).await;
    client.good(json!({ "call": "deregister", "stack": "k8s" })).await;
    client.refused(json!({ "call": "list", "stack": "k8s", "queue": "kubernetes" }), 404).await;
    assert!(buildkite.simulator.stacks().is_empty());
    let mut stranger = Client::start(&buildkite, "wrong");
    stranger.refused(json!({ "call": "list", "stack": "k8s", "queue": "kubernetes" }), 401).await;
}

/// stacks-api 6.3, 6.4, 6.5, 6.6
#[tokio::test]
async fn go_client_pages_and_reserves() {
    let (buildkite, mut client) = start().await;
    let jobs = buildkite.simulator.enqueue_jobs(7, &json!({ "command": "make", "key": "unit" })).unwrap();
    let mut list = json!({ "call": "list", "stack": "k8s", "queue": "kubernetes", "limit": 3 });
    let mut seen = Vec::new();
    for page in 1.. {
        let answer = client.good(list.clone()).await;
        seen.extend(answer["jobs"].as_array().unwrap().iter().map(|job| job["id"].clone()));
        assert_eq!(answer["jobs"][0]["step"]["key"], "unit");
        assert_eq!(answer["jobs"][0]["build"]["branch"], "main");
        assert_eq!(answer["cluster_queue"]["paused"], false);
        if answer["page_info"]["has_next_page"] == false {
            assert_eq!(page, 3);
            break;
        }
        list["cursor"] = answer["page_info"]["end_cursor"].clone();
    }
    assert_eq!(seen, jobs.iter().map(|id| json!(id)).collect::<Vec<_>>());

    buildkite.simulator.cancel_job(jobs[1]).unwrap();
    let reserve = json!({ "call": "reserve", "stack": "k8s", "jobs": [jobs[0], jobs[1]], "expiry": 60 });
    let outcome = client.call(reserve.clone()).await;
    assert_eq!(outcome["answer"], json!({ "reserved": [jobs[0]], "not_reserved": [jobs[1]] }));
    assert_eq!(outcome["limit"], "batch-reserve");
    assert_eq!(client.good(reserve).await["reserved"], json!([jobs[0]]), "its own can be extended");

    let states = json!({ "call": "states", "stack": "k8s", "jobs": [jobs[0], jobs[1], jobs[2]] });
    let want = json!({ (jobs[0].to_string()): "reserved", (jobs[1].to_string()): "canceled",
        (jobs[2].to_string()): "scheduled" });
    assert_eq!(client.good(states).await["states"], want);
    let job = client.good(json!({ "call": "get", "stack": "k8s", "job": jobs[0] })).await;
    assert_eq!(job["command"], "make");
    assert_eq!(job["env"]["BUILDKITE_STEP_KEY"], "unit");
    client.refused(json!({ "call": "get", "stack": "k8s", "job": jobs[1] }), 404).await;

    buildkite.simulator.pause_queue("kubernetes", true).unwrap();
    let answer = client.good(json!({ "call": "list", "stack": "k8s", "queue": "kubernetes" })).await;
    assert_eq!(answer["cluster_queue"]["paused"], true);
}

/// stacks-api 6.7, P2, P3
#[tokio::test]
async fn go_client_finishes_once() {
    let (buildkite, mut client) = start().await;
    let jobs = buildkite.simulator.enqueue_jobs(2, &json!({ "command": "true" })).unwrap();
    let detail = "é".repeat(4096);
    let finish =
        json!({ "call": "finish", "stack": "k8s", "job": jobs[0], "exit_status": 3, "detail": detail });
    client.good(finish.clone()).await;
    client.refused(finish, 422).await;
    let job = buildkite.simulator.job(jobs[0]).unwrap();
    assert_eq!((job.state, job.exit_status), (JobState::Finished, Some(3)));
    assert!(job.detail.unwrap().len() <= 4096);
    let finish = json!({ "call": "finish", "stack": "k8s", "job": jobs[1], "exit_status": 0, "detail": "x" });
    client.good(finish).await;
    let job = buildkite.simulator.job(jobs[1]).unwrap();
    assert_eq!(job.exit_status, Some(-1), "this client drops a zero");
}

/// stacks-api 6.8
#[tokio::test]
async fn go_client_notifies() {
    let (buildkite, mut client) = start().await;
    let jobs = buildkite.simulator.enqueue_jobs(1, &json!({ "command": "true" })).unwrap();
    let notifications = json!([
        { "job_uuid": jobs[0], "detail": "Pod created" },
        { "job_uuid": jobs[0], "detail": "" },
    ]);
    let answer =
        client.good(json!({ "call": "notify", "stack": "k8s", "notifications": notifications })).await;
    assert_eq!(answer["errors"], json!([{ "error": "detail is required", "indexes": [1] }]));
    assert_eq!(buildkite.simulator.job(jobs[0]).unwrap().notifications[0].detail, "Pod created");
}

/// stacks-api 2, 3
#[tokio::test]
async fn go_client_meets_limits_and_faults() {
    let (buildkite, mut client) = start().await;
    let list = json!({ "call": "list", "stack": "k8s", "queue": "kubernetes" });
    let mut limited = Value::Null;
    // Ten per second are allowed; the client is far quicker than that.
    for _ in 0..100 {
        let outcome = client.call(list.clone()).await;
        if outcome.get("status").is_some() {
            limited = outcome;
            break;
        }
    }
    assert_eq!(limited["status"], 429, "{limited}");
    let mut patient = list.clone();
    patient["retry"] = json!(true);
    client.good(patient.clone()).await;
    assert!(buildkite.simulator.statistics().count("list-scheduled-jobs", 429) >= 1);

    let mut fault = Fault::always("list-scheduled-jobs", Effect::status(503)).times(1);
    buildkite.simulator.inject_fault(fault.clone());
    client.refused(list, 503).await;
    fault.effect = Some(Effect::LoseAnswer);
    buildkite.simulator.inject_fault(fault);
    client.good(patient).await;
    assert_eq!(buildkite.simulator.statistics().count("list-scheduled-jobs", 0), 1);
}
