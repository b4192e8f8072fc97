//! The suite of API behaviours against `cluster-sim`.

use std::time::Duration;

use cluster_sim::{Clock, Cluster, Options};
use e2e_tests::agreement::{self, Case, Eraser, Side};
use jiff::Timestamp;
use kube::Client;

/// A simulated cluster without a kubelet, under paused time.
async fn agree(prefix: &str, cases: Vec<Case>, loses_history: bool) {
    let start: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let options = Options {
        kubelet: false,
        // A real one takes its time too.
        job_controller_delay: Duration::from_millis(20)..=Duration::from_millis(50),
        ..Options::default()
    };
    let cluster = Cluster::with_clock(options, Clock::tokio(start));
    let timers = cluster.clone();
    let timers = tokio::spawn(async move { timers.run_timers().await });
    let client = Client::new(cluster.router(), "default");
    let eraser = loses_history.then(|| {
        let participants = cases.len();
        let cluster = cluster.clone();
        let erase = move || {
            cluster.compact();
            cluster.close_watches();
            std::future::ready(())
        };
        Eraser::new(participants, Box::new(move || Box::pin(erase())))
    });
    let report = agreement::run(Side::Simulator, &client, prefix, cases, eraser).await;
    timers.abort();
    assert!(report.failed.is_empty(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn cluster_sim_agrees_with_the_real_thing() {
    agree("agreement", agreement::chosen(agreement::cases()), false).await;
}

#[tokio::test(start_paused = true)]
async fn cluster_sim_forgets_its_history_like_the_real_thing() {
    agree("forgotten", agreement::cases_of_lost_history(), true).await;
}
