//! An API server that is killed, freezes, or forgets. After each disturbance every job has ended
//! once, and there were never more Jobs than the limit.

use std::time::Duration;

use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_runtime::{Selector, WatchEvent, WatchStage};
use kube::api::PostParams;
use serde_json::json;
use uuid::Uuid;

use crate::drain::{assert_drained, at_work};
use crate::runtime::{connect, create, next};

const JOBS: usize = 40;
const LIMIT: usize = 10;
/// As long as any single request may take, so that every kind of call runs into it.
const FROZEN: Duration = Duration::from_secs(30);

/// lifecycle L10, L11, L15: whatever was on the wire is settled by a live read, what the watches
/// missed by listing again.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_survives_an_api_server_that_is_killed() {
    let (testbed, _order) = Testbed::exclusive().await;
    let (mut scenario, _player) = at_work(testbed, "killed", JOBS, LIMIT).await;
    scenario.testbed.signal("kube-apiserver", "KILL").await;
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}

/// lifecycle L10, L15: connections stay open and nobody answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_survives_an_api_server_that_freezes_for_half_a_minute() {
    let (testbed, _order) = Testbed::exclusive().await;
    let (mut scenario, _player) = at_work(testbed, "frozen", JOBS, LIMIT).await;
    scenario.testbed.signal("kube-apiserver", "STOP").await;
    tokio::time::sleep(FROZEN).await;
    scenario.testbed.signal("kube-apiserver", "CONT").await;
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}

/// lifecycle L11: a restarted API server has no history before its start, so a watch that goes on
/// from before is answered with 410: it must list again, and miss nothing.
#[tokio::test]
async fn a_watch_goes_on_after_410() {
    let (testbed, _order) = Testbed::exclusive().await;
    let (namespace, runtime) = connect(&testbed, "expired").await;
    let (first, _) = create(&runtime, Uuid::new_v4()).await;
    let mut events = runtime.watch_jobs(&Selector::of_controller(Some("test")));
    next(&mut events, "the first list", |event| matches!(event, WatchEvent::ListDone)).await;
    next(&mut events, "the connection", |event| matches!(event, WatchEvent::Connected)).await;
    // Other objects move the cluster's history on; a watch of Jobs does not hear of them.
    let maps = namespace.api::<ConfigMap>();
    for number in 0..5 {
        let map = json!({ "metadata": { "name": format!("history-{number}") } });
        let map: ConfigMap = serde_json::from_value(map).unwrap();
        maps.create(&PostParams::default(), &map).await.unwrap();
    }
    testbed.signal("kube-apiserver", "KILL").await;
    next(
        &mut events,
        "the loss of history",
        |event| matches!(event, WatchEvent::Failed(failure) if failure.stage == WatchStage::Expired),
    )
    .await;
    next(
        &mut events,
        "the first Job, listed again",
        |event| matches!(event, WatchEvent::Listed(job) if job.name == first),
    )
    .await;
    next(&mut events, "the end of the second list", |event| matches!(event, WatchEvent::ListDone)).await;
    let (second, _) = create(&runtime, Uuid::new_v4()).await;
    next(
        &mut events,
        "a Job made after that",
        |event| matches!(event, WatchEvent::Applied(job) if job.name == second),
    )
    .await;
    namespace.delete().await.unwrap();
}
