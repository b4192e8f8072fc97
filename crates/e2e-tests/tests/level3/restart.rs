//! A controller that dies and comes back.

use std::time::Duration;

use buildkite_sim::{JobState, Simulator};
use e2e_tests::job_watch::Seen;
use e2e_tests::player::Player;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::core::v1::Pod;

use crate::drain::{assert_drained, enqueue};

const MINUTE: Duration = Duration::from_secs(60);

/// Kills the controller without notice.
async fn kill(scenario: &mut Scenario) {
    scenario.controller.take().expect("it runs").kill().await.expect("it can be killed");
}

/// Kills the controller, starts another one like it, and waits until that has polled twice.
pub(crate) async fn restart(scenario: &mut Scenario) {
    kill(scenario).await;
    let polls = |simulator: &Simulator| simulator.statistics().total("list-scheduled-jobs");
    let simulator = scenario.buildkite.simulator.clone();
    let before = polls(&simulator);
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    wait::until("the new controller has polled twice", MINUTE, || async {
        let polls = polls(&simulator) - before;
        if polls >= 2 { Ok(()) } else { Err(format!("{polls} polls")) }
    })
    .await;
}

/// lifecycle L4, L16, D7: what was in flight counts again from the first list on, before anything
/// is admitted.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_25_in_flight_admits_none_above_the_limit() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "restart", |options| options.with("max-in-flight", 25)).await;
    let simulator = scenario.buildkite.simulator.clone();
    let player = Player::start(scenario.namespace.api::<Pod>(), &simulator, false);
    enqueue(&simulator, 60);
    let full = |seen: &Seen| seen.unfinished() == 25;
    scenario.watch.until("25 Jobs in flight", 2 * MINUTE, full).await;
    let running = simulator.until(|simulator| {
        let running = simulator.jobs().iter().filter(|job| job.state == JobState::Running).count();
        (running == 25).then_some(())
    });
    tokio::time::timeout(2 * MINUTE, running).await.expect("25 jobs run");

    restart(&mut scenario).await;
    assert_eq!(scenario.watch.seen().ever.len(), 25, "admitted above the limit");

    player.release();
    assert_drained(&mut scenario, 60, 25).await;
    scenario.end().await;
}

/// lifecycle L6, L16: a lower limit than there are Jobs admits nothing until they have become fewer.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_with_a_lower_limit_waits_until_enough_jobs_have_ended() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "lower", |options| options.with("max-in-flight", 4)).await;
    let simulator = scenario.buildkite.simulator.clone();
    let player = Player::start(scenario.namespace.api::<Pod>(), &simulator, false);
    enqueue(&simulator, 8);
    scenario.watch.until("4 Jobs in flight", 2 * MINUTE, |seen: &Seen| seen.unfinished() == 4).await;
    scenario.options = scenario.options.clone().with("max-in-flight", 2);
    restart(&mut scenario).await;
    assert_eq!(scenario.watch.seen().ever.len(), 4, "admitted above the limit");
    player.release();
    // Four at a time before the restart; the fifth was made when at most one of them was left.
    assert_drained(&mut scenario, 8, 4).await;
    scenario.end().await;
}

/// lifecycle L16, V1: crashes in the middle of reserving and creating strand a few reservations,
/// which lapse; no job is lost, none runs twice, and the limit holds throughout.
#[tokio::test(flavor = "multi_thread")]
async fn three_crashes_in_one_drain_lose_and_double_nothing() {
    const LIMIT: usize = 10;
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "crashes", |options| {
        options.with("max-in-flight", LIMIT).with("reservation-expiry-seconds", 20)
    })
    .await;
    let simulator = scenario.buildkite.simulator.clone();
    let _player = Player::start(scenario.namespace.api::<Pod>(), &simulator, true);
    enqueue(&simulator, 60);
    for made in [3, 15, 30] {
        let reached = |seen: &Seen| seen.ever.len() >= made;
        scenario.watch.until("some Jobs are made", 2 * MINUTE, reached).await;
        kill(&mut scenario).await;
        scenario.start_controller();
    }
    assert_drained(&mut scenario, 60, LIMIT).await;
    scenario.end().await;
}
