//! Many jobs through a small limit, judged by a watch of the test's own.

use std::time::Duration;

use buildkite_sim::{JobState, Simulator};
use e2e_tests::player::Player;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;

/// Queues jobs whose pods the player plays.
pub(crate) fn enqueue(simulator: &Simulator, count: usize) {
    let step = json!({
        "command": "true",
        "plugins": [{ "kubernetes": { "checkout": { "skip": true } } }],
    });
    simulator.enqueue_jobs(count, &step).expect("the step is a plain command");
}

/// Waits until Buildkite has every job finished and Kubernetes has every Job ended, then checks
/// that each ran once and that the limit was never exceeded.
pub(crate) async fn assert_drained(scenario: &mut Scenario, jobs: usize, limit: usize) {
    let patience = Duration::from_secs(300);
    let done = scenario.buildkite.simulator.until(|simulator| {
        let open = simulator.jobs().iter().filter(|job| job.finished_at.is_none()).count();
        (open == 0).then_some(())
    });
    if tokio::time::timeout(patience, done).await.is_err() {
        let open = scenario.buildkite.simulator.jobs();
        let open: Vec<_> = open.iter().filter(|job| job.finished_at.is_none()).take(5).collect();
        panic!("jobs are left: {open:#?}\n{}", scenario.controller().log());
    }
    let seen = scenario
        .watch
        .until("every Job has ended", patience, |seen| seen.ever.len() == jobs && seen.unfinished() == 0)
        .await;
    assert!(
        seen.most_unfinished <= limit,
        "{} unfinished Jobs at a time, the limit is {limit}",
        seen.most_unfinished
    );
    let twice: Vec<_> = seen.uids.iter().filter(|(_, uids)| uids.len() > 1).collect();
    assert!(twice.is_empty(), "Jobs that were made twice: {twice:?}");
    for job in scenario.buildkite.simulator.jobs() {
        assert_eq!((job.state, job.exit_status), (JobState::Finished, Some(0)), "{job:#?}");
        let ends = job.history.iter().filter(|change| change.state == JobState::Finished).count();
        assert_eq!(ends, 1, "a job ends once: {:?}", job.history);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_jobs_drain_through_a_limit_of_twenty() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "drain", |options| options.with("max-in-flight", 20)).await;
    let pods = scenario.namespace.api::<Pod>();
    let _player = Player::start(pods, &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, 300);
    assert_drained(&mut scenario, 300, 20).await;
    scenario.end().await;
}

/// What was in flight counts again from the first list on, before anything is admitted.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_25_in_flight_admits_none_above_the_limit() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "restart", |options| options.with("max-in-flight", 25)).await;
    let pods = scenario.namespace.api::<Pod>();
    let player = Player::start(pods, &scenario.buildkite.simulator, false);
    enqueue(&scenario.buildkite.simulator, 60);
    let minute = Duration::from_secs(60);
    let full = |seen: &e2e_tests::job_watch::Seen| seen.unfinished() == 25;
    scenario.watch.until("25 Jobs in flight", 2 * minute, full).await;
    let simulator = scenario.buildkite.simulator.clone();
    let running = simulator.until(|simulator| {
        let running = simulator.jobs().iter().filter(|job| job.state == JobState::Running).count();
        (running == 25).then_some(())
    });
    tokio::time::timeout(2 * minute, running).await.expect("25 jobs run");

    scenario.controller.take().expect("it runs").kill().await.unwrap();
    let before = simulator.statistics();
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    // Two polls of the new controller, and still nothing more than before.
    let polls = |statistics: &buildkite_sim::Statistics| statistics.total("list-scheduled-jobs");
    let polled =
        simulator.until(|simulator| (polls(&simulator.statistics()) >= polls(&before) + 2).then_some(()));
    tokio::time::timeout(minute, polled).await.expect("the new controller polls");
    assert_eq!(scenario.watch.seen().ever.len(), 25, "admitted above the limit");

    player.release();
    assert_drained(&mut scenario, 60, 25).await;
    scenario.end().await;
}
