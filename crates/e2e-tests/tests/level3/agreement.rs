//! The suite of API behaviours against the real control plane.

use std::sync::Arc;
use std::time::Duration;

use cluster_sim::{Cluster, Options};
use e2e_tests::agreement::{self, Case, Eraser, Side};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use futures::StreamExt as _;
use kube::Client;
use serde_json::Value;

/// Random sequences, unless the variable `AGREEMENT_SEEDS` wants more, and requests in each.
const SEEDS: u64 = 60;
const LENGTH: usize = 40;

/// Runs cases in namespaces that no other run has.
async fn agree(testbed: &Testbed, name: &str, cases: Vec<Case>, eraser: Option<Eraser>) {
    let report = agreement::run(Side::Real, &client(testbed).await, &unique(name), cases, eraser).await;
    assert!(report.failed.is_empty(), "{report}");
}

/// A client with every right.
async fn client(testbed: &Testbed) -> Client {
    let mut config = testbed.admin_config().await;
    // What is refused shall be seen, not tried again.
    config.default_retry = false;
    Client::try_from(config).expect("the kubeconfig makes a client")
}

/// A prefix that no other run has.
fn unique(name: &str) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{name}-{}", &unique[..8])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_are_true_of_the_real_thing() {
    let (testbed, _order) = Testbed::shared().await;
    agree(&testbed, "agreement", agreement::chosen(agreement::cases()), None).await;
}

/// Whether watches can start from what lists show: a server that has just started is not that far.
async fn watchable(client: &Client) -> Result<(), String> {
    let get = async |path: &str| {
        let request = http::Request::get(path).body(Vec::new()).expect("a request");
        client.request_text(request).await.map_err(|error| error.to_string())
    };
    for resource in [
        "api/v1/secrets",
        "api/v1/configmaps",
        "api/v1/pods",
        "apis/batch/v1/jobs",
        "apis/coordination.k8s.io/v1/leases",
    ] {
        let list: Value = serde_json::from_str(&get(&format!("/{resource}")).await?).expect("a list is JSON");
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let query = format!("watch=true&resourceVersion={version}&timeoutSeconds=1");
        let events = get(&format!("/{resource}?{query}")).await?;
        if events.contains("too old resource version") {
            return Err(events);
        }
    }
    Ok(())
}

/// A restarted API server knows nothing from before its start.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_thing_forgets_its_history() {
    let (testbed, _order) = Testbed::exclusive().await;
    let cases = agreement::cases_of_lost_history();
    let participants = cases.len();
    let shared = Arc::new(testbed.clone());
    let erase = move || {
        let testbed = Arc::clone(&shared);
        async move {
            testbed.signal("kube-apiserver", "KILL").await;
            let client = testbed.admin().await;
            wait::until("the API server is back", Duration::from_secs(60), || watchable(&client)).await;
        }
    };
    let eraser = Eraser::new(participants, Box::new(move || Box::pin(erase())));
    agree(&testbed, "forgotten", cases, Some(eraser)).await;
}

/// Random requests to both sides: what no case names agrees too.
#[tokio::test(flavor = "multi_thread")]
async fn random_requests_are_answered_alike() {
    let (testbed, _order) = Testbed::shared().await;
    let real = client(&testbed).await;
    let cluster = Cluster::new(Options { kubelet: false, ..Options::default() });
    let simulated = Client::new(cluster.router(), "default");
    let prefix = unique("random");
    let wanted = std::env::var("AGREEMENT_SEEDS").ok().and_then(|number| number.parse().ok());
    let seeds: u64 = wanted.unwrap_or(SEEDS);
    let compared = (0..seeds).map(|seed| {
        let (real, simulated, namespace) = (&real, &simulated, format!("{prefix}-{seed}"));
        async move { agreement::compare(real, simulated, &namespace, seed, LENGTH).await }
    });
    let outcomes: Vec<_> = futures::stream::iter(compared).buffer_unordered(16).collect().await;
    let differences: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}\n")).collect();
    assert!(differences.is_empty(), "{} of {seeds} differ\n{}", differences.len(), differences.join("\n"));
}
