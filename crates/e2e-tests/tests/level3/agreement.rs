//! The suite of API behaviours against the real control plane.

use std::sync::Arc;
use std::time::Duration;

use e2e_tests::agreement::{self, Case, Eraser, Side};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use kube::Client;

/// Runs cases in namespaces that no other run has.
async fn agree(testbed: &Testbed, name: &str, cases: Vec<Case>, eraser: Option<Eraser>) {
    let mut config = testbed.admin_config().await;
    // What is refused shall be seen, not tried again.
    config.default_retry = false;
    let client = Client::try_from(config).expect("the kubeconfig makes a client");
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let prefix = format!("{name}-{}", &unique[..8]);
    let report = agreement::run(Side::Real, &client, &prefix, cases, eraser).await;
    assert!(report.failed.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_are_true_of_the_real_thing() {
    let (testbed, _order) = Testbed::shared().await;
    agree(&testbed, "agreement", agreement::chosen(agreement::cases()), None).await;
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
            wait::until("the API server is back", Duration::from_secs(60), || async {
                let request = http::Request::get("/readyz").body(Vec::new()).expect("a request");
                client.request_text(request).await.map(drop).map_err(|error| error.to_string())
            })
            .await;
        }
    };
    let eraser = Eraser::new(participants, Box::new(move || Box::pin(erase())));
    agree(&testbed, "forgotten", cases, Some(eraser)).await;
}
