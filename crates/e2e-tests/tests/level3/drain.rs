//! Many jobs through a small limit, judged by a watch of the test's own.

use std::time::Duration;

use buildkite_sim::{JobState, Simulator};
use e2e_tests::job_watch::Seen;
use e2e_tests::player::Player;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::Pod;
use serde_json::json;
use uuid::Uuid;

/// Longer than any of the drains here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Queues jobs whose pods the player plays.
pub(crate) fn enqueue(simulator: &Simulator, count: usize) -> Vec<Uuid> {
    let step = json!({
        "command": "true",
        "plugins": [{ "kubernetes": { "checkout": { "skip": true } } }],
    });
    simulator.enqueue_jobs(count, &step).expect("the step is a plain command")
}

/// A controller that is in the middle of its work: as many Jobs as the limit allows have ended,
/// and more are open.
pub(crate) async fn at_work(testbed: Testbed, name: &str, jobs: usize, limit: usize) -> (Scenario, Player) {
    let mut scenario = Scenario::start(testbed, name, |options| options.with("max-in-flight", limit)).await;
    let pods = scenario.namespace.api::<Pod>();
    let player = Player::start(pods, &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, jobs);
    let some = |seen: &Seen| seen.finished.len() >= limit;
    let seen = scenario.watch.until("the first Jobs have ended", PATIENCE, some).await;
    assert!(seen.finished.len() < jobs, "nothing is left to disturb");
    (scenario, player)
}

/// Waits until Buildkite has every job finished and Kubernetes has every Job ended, then checks
/// that each ran once and that the limit was never exceeded.
pub(crate) async fn assert_drained(scenario: &mut Scenario, jobs: usize, limit: usize) -> Seen {
    let done = scenario.buildkite.simulator.until(|simulator| {
        let open = simulator.jobs().iter().filter(|job| job.finished_at.is_none()).count();
        (open == 0).then_some(())
    });
    if tokio::time::timeout(PATIENCE, done).await.is_err() {
        let open = scenario.buildkite.simulator.jobs();
        let open: Vec<_> = open.iter().filter(|job| job.finished_at.is_none()).take(5).collect();
        panic!("jobs are left: {open:#?}\n{}", scenario.controller().log());
    }
    let seen = scenario
        .watch
        .until("every Job has ended", PATIENCE, |seen| seen.ever.len() == jobs && seen.unfinished() == 0)
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
        let starts = job.history.iter().filter(|change| change.state == JobState::Running).count();
        assert_eq!((starts, ends), (1, 1), "a job runs and ends once: {:?}", job.history);
    }
    seen
}

/// lifecycle L1, L2, L7, L15
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_jobs_drain_through_a_limit_of_twenty() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "drain", |options| options.with("max-in-flight", 20)).await;
    let pods = scenario.namespace.api::<Pod>();
    let _player = Player::start(pods, &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, 300);
    let seen = assert_drained(&mut scenario, 300, 20).await;
    assert_eq!(seen.most_unfinished, 20, "the slots there are were used");
    scenario.end().await;
}
