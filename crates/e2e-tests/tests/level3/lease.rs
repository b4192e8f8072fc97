//! Two controllers with one id: one works, the other waits, and takes over when the first has stopped or died.

use std::time::{Duration, Instant};

use e2e_tests::controller::Controller;
use e2e_tests::job_watch::Seen;
use e2e_tests::player::Player;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::drain::{assert_drained, enqueue};

const MINUTE: Duration = Duration::from_secs(60);
const LEASE: &str = "agent-stack-k8s-test";

/// Whether this instance says that it leads.
async fn leads(controller: &Controller) -> Result<bool, String> {
    let metrics = controller.metrics().await.map_err(|error| format!("{error:#}"))?;
    match metrics.lines().find_map(|line| line.strip_prefix("buildkite_leader ")) {
        Some(value) => Ok(value.trim() == "1"),
        None => Err(format!("no such metric in\n{metrics}")),
    }
}

/// Waits until it leads, and polls.
async fn until_it_leads(controller: &Controller, within: Duration) {
    wait::until("it leads", within, || async {
        match leads(controller).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("it does not lead\n{}", controller.log())),
            Err(error) => Err(error),
        }
    })
    .await;
}

/// A scenario whose controller leads, and a second instance that waits.
async fn two_instances(testbed: Testbed, name: &str, limit: usize) -> (Scenario, Controller) {
    let scenario = Scenario::start(testbed, name, |options| {
        options.with("max-in-flight", limit).with("leader-lease", true).with("reservation-expiry-seconds", 20)
    })
    .await;
    until_it_leads(scenario.controller(), MINUTE).await;
    let Scenario { testbed, namespace, options, kubeconfig, .. } = &scenario;
    let second = Controller::start(&testbed.controller, namespace, options, kubeconfig).expect("it starts");
    second.wait_ready(READY).await;
    let (_, text) = second.health("/readyz?verbose").await.expect("it answers");
    assert!(text.contains("standing by"), "{text}\n{}", second.log());
    assert_eq!(leads(&second).await, Ok(false));
    (scenario, second)
}

/// lifecycle D10: only one admits; after its death the other leads within 20 s and goes on where it was, and no job is
/// lost or doubled.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_takes_over_when_the_first_is_killed() {
    const LIMIT: usize = 10;
    let (testbed, _order) = Testbed::shared().await;
    let (mut scenario, second) = two_instances(testbed, "lease-kill", LIMIT).await;
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, 60);
    let some = |seen: &Seen| seen.ever.len() >= 20;
    scenario.watch.until("some Jobs are made", 2 * MINUTE, some).await;
    let polls = second.metrics().await.expect("it answers");
    assert!(polls.contains("buildkite_monitor_job_queries_total 0\n"), "the second one polled\n{polls}");

    scenario.controller.take().expect("it runs").kill().await.expect("it can be killed");
    until_it_leads(&second, Duration::from_secs(20)).await;
    scenario.controller = Some(second);
    assert_drained(&mut scenario, 60, LIMIT).await;
    scenario.end().await;
}

/// lifecycle D10, 1.6, X18: a stop passes the lead on within seconds, and what the old leader takes back is not what
/// the new one has registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_hands_over_within_seconds() {
    let (testbed, _order) = Testbed::shared().await;
    let (mut scenario, second) = two_instances(testbed, "lease-stop", 5).await;
    let first = scenario.controller.take().expect("it runs");
    let (status, log) = first.terminate(MINUTE).await.expect("it ends");
    assert!(status.success(), "{log}");
    let stopped = Instant::now();
    until_it_leads(&second, Duration::from_secs(3)).await;
    let log = second.log();
    assert!(stopped.elapsed() < Duration::from_secs(3), "after {:?}\n{log}", stopped.elapsed());
    second.wait_ready(READY).await;
    let statistics = scenario.buildkite.simulator.statistics();
    assert_eq!(
        statistics.count("list-scheduled-jobs", 404),
        0,
        "the key was taken from under the new leader\n{log}"
    );
    scenario.controller = Some(second);
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, 10);
    assert_drained(&mut scenario, 10, 5).await;
    scenario.end().await;
}

/// lifecycle D10: a leader whose Lease is taken by hand stands by at once and leads again when that lapses; one whose
/// Lease is removed goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_taken_by_hand_is_lost_and_won_again() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "lease-hand", |options| options.with("leader-lease", true)).await;
    until_it_leads(scenario.controller(), MINUTE).await;
    let leases = scenario.namespace.api::<Lease>();
    let steal = json!({ "spec": { "holderIdentity": "somebody", "leaseDurationSeconds": 3 } });
    leases.patch(LEASE, &PatchParams::default(), &Patch::Merge(&steal)).await.expect("the Lease is there");
    wait::until("it noticed", MINUTE, || async {
        let log = scenario.controller().log();
        if log.contains("lost the Lease") { Ok(()) } else { Err(log) }
    })
    .await;
    until_it_leads(scenario.controller(), MINUTE).await;
    scenario.controller().wait_ready(READY).await;

    leases.delete(LEASE, &DeleteParams::default()).await.expect("the Lease is there");
    wait::until("the Lease is made again", MINUTE, || async {
        match leases.get_opt(LEASE).await {
            Ok(Some(_)) => Ok(()),
            other => Err(format!("{other:?}\n{}", scenario.controller().log())),
        }
    })
    .await;
    until_it_leads(scenario.controller(), MINUTE).await;
    scenario.end().await;
}

/// lifecycle D1, D4, D10: without a Lease, names, UIDs and Buildkite's acquire are what holds: each counts the Jobs of
/// both, so the limit is exceeded by what the other makes at the same moment at most
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_without_a_lease_lose_and_double_nothing() {
    const LIMIT: usize = 4;
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "no-lease", |options| {
        options.with("max-in-flight", LIMIT).with("leader-lease", false)
    })
    .await;
    let Scenario { testbed, namespace, options, kubeconfig, .. } = &scenario;
    let second = Controller::start(&testbed.controller, namespace, options, kubeconfig).expect("it starts");
    second.wait_ready(READY).await;
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, 60);
    assert_drained(&mut scenario, 60, 2 * LIMIT).await;
    let (status, log) = second.terminate(MINUTE).await.expect("it ends");
    assert!(status.success(), "{log}");
    scenario.end().await;
}
