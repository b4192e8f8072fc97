//! Servers that go away, freeze or refuse while jobs run. After each disturbance every job has
//! ended once, and there were never more Jobs than the limit.

use std::time::Duration;

use buildkite_sim::{Effect, Fault};
use e2e_tests::player::Player;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::Pod;

use crate::drain::{assert_drained, enqueue};

const JOBS: usize = 60;
const LIMIT: usize = 10;
/// How long a disturbance lasts: longer than any single request may take.
const DISTURBANCE: Duration = Duration::from_secs(30);

/// A controller that is in the middle of its work.
async fn at_work(testbed: Testbed, name: &str) -> (Scenario, Player) {
    let mut scenario = Scenario::start(testbed, name, |options| options.with("max-in-flight", LIMIT)).await;
    let pods = scenario.namespace.api::<Pod>();
    let player = Player::start(pods, &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, JOBS);
    let some = |seen: &e2e_tests::job_watch::Seen| seen.finished.len() >= LIMIT;
    scenario.watch.until("the first Jobs have ended", Duration::from_secs(120), some).await;
    (scenario, player)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_is_killed_and_comes_back() {
    let (testbed, _order) = Testbed::exclusive().await;
    let (mut scenario, _player) = at_work(testbed, "killed").await;
    scenario.testbed.signal("kube-apiserver", "KILL").await;
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_freezes_for_half_a_minute() {
    let (testbed, _order) = Testbed::exclusive().await;
    let (mut scenario, _player) = at_work(testbed, "frozen").await;
    scenario.testbed.signal("kube-apiserver", "STOP").await;
    tokio::time::sleep(DISTURBANCE).await;
    scenario.testbed.signal("kube-apiserver", "CONT").await;
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buildkite_answers_500_and_then_429() {
    let (testbed, _order) = Testbed::shared().await;
    let (mut scenario, _player) = at_work(testbed, "refusing").await;
    for status in [500, 429] {
        scenario.buildkite.simulator.inject_fault(Fault::always("*", Effect::status(status)));
        tokio::time::sleep(DISTURBANCE).await;
        scenario.buildkite.simulator.clear_faults();
    }
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}
