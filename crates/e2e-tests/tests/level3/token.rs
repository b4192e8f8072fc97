//! Agent tokens that are wrong, absent or of the wrong kind.

use std::time::Duration;

use buildkite_sim::{JobState, Options, Token};
use e2e_tests::buildkite::{Buildkite, QUEUE};
use e2e_tests::controller::{self, Controller};
use e2e_tests::job_watch::Seen;
use e2e_tests::namespace::Namespace;
use e2e_tests::player::Player;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::core::v1::Pod;

use crate::drain::{assert_drained, enqueue};

/// A refused token is tried again after a minute; the rest is room for a busy machine.
const HEALED_WITHIN: Duration = Duration::from_secs(90);
/// Room for the jobs of one limit to start or to end on a busy machine.
const IN_FLIGHT_WITHIN: Duration = Duration::from_secs(120);

/// lifecycle 1.4: not ready, one line that says what to do, and no restart needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_heals_when_the_secret_changes() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::prepare(testbed, "token", |options| options).await;
    let simulator = scenario.buildkite.simulator.clone();
    scenario.namespace.set_agent_token("bkct_mistyped").await.unwrap();
    scenario.start_controller();
    wait::until("the controller says what is wrong", Duration::from_secs(30), || async {
        match scenario.controller().health("/readyz").await {
            Ok((503, text)) if text.contains("the agent token was refused") => Ok(()),
            other => Err(format!("{other:?}\n{}", scenario.controller().log())),
        }
    })
    .await;
    let (live, _) = scenario.controller().health("/livez").await.unwrap();
    assert_eq!(live, 200, "a wrong token is no reason for a restart");

    scenario.namespace.set_agent_token(scenario.buildkite.agent_token().expose()).await.unwrap();
    scenario.controller().wait_ready(HEALED_WITHIN).await;
    assert_eq!(simulator.statistics().count("token", 401), 1, "asked again once a minute");
    let log = scenario.controller().log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("refuses the agent token")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("Secret"), "it says what to do: {}", lines[0]);
    assert!(!log.contains("bkct_"), "no token in the log:\n{log}");

    let _player = Player::start(scenario.namespace.api::<Pod>(), &simulator, true);
    enqueue(&simulator, 1);
    assert_drained(&mut scenario, 1, 25).await;
    scenario.end().await;
}

/// lifecycle 1.4, 2.5, L15: a token that is revoked in the middle of a drain stops new Jobs and nothing
/// else; the jobs in flight end by themselves, and with the new token the rest follows, each once.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_revoked_in_the_middle_of_a_drain_loses_and_doubles_nothing() {
    const LIMIT: usize = 10;
    const NEW: &str = "bkct_the_next_one";
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario =
        Scenario::start(testbed, "revoked", |options| options.with("max-in-flight", LIMIT)).await;
    let simulator = scenario.buildkite.simulator.clone();
    let player = Player::start(scenario.namespace.api::<Pod>(), &simulator, false);
    enqueue(&simulator, 25);
    let running = simulator.until(|simulator| {
        let running = simulator.jobs().iter().filter(|job| job.state == JobState::Running).count();
        (running == LIMIT).then_some(())
    });
    tokio::time::timeout(IN_FLIGHT_WITHIN, running).await.expect("the limit's worth of jobs runs");

    simulator.set_agent_tokens(vec![Token::new(NEW)]);
    wait::until("the controller says what is wrong", Duration::from_secs(60), || async {
        match scenario.controller().health("/readyz").await {
            Ok((503, text)) if text.contains("the agent token was refused") => Ok(()),
            other => Err(format!("{other:?}\n{}", scenario.controller().log())),
        }
    })
    .await;
    player.release();
    let ended = |seen: &Seen| seen.finished.len() == LIMIT;
    scenario.watch.until("the Jobs in flight have ended", IN_FLIGHT_WITHIN, ended).await;
    assert_eq!(scenario.watch.seen().ever.len(), LIMIT, "no Job is made on a refused token");

    scenario.namespace.set_agent_token(NEW).await.unwrap();
    scenario.controller().wait_ready(HEALED_WITHIN).await;
    assert_drained(&mut scenario, 25, LIMIT).await;
    assert!(!scenario.controller().log().contains("bkct_"), "no token in the log");
    scenario.end().await;
}

/// lifecycle 2.5: no amount of waiting turns an unclustered token into a cluster's.
#[tokio::test(flavor = "multi_thread")]
async fn an_unclustered_token_ends_the_controller_with_1() {
    const TOKEN: &str = "bkct_without_cluster";
    let (testbed, _order) = Testbed::shared().await;
    let simulator = Options { unclustered_tokens: vec![Token::new(TOKEN)], ..Options::default() };
    let buildkite = Buildkite::start(testbed.host_address, simulator).await.unwrap();
    let namespace = Namespace::create(&testbed, "unclustered", TOKEN).await.unwrap();
    let options = controller::Options::new(&buildkite.endpoint(), QUEUE);
    let mut controller =
        Controller::start(&testbed.controller, &namespace, &options, namespace.kubeconfig()).unwrap();
    let (status, log) = controller.wait(Duration::from_secs(60)).await.unwrap();
    assert_eq!(status.code(), Some(1), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains("not a cluster token") && last.contains("create one"), "{log}");
    assert!(!log.contains(TOKEN), "no token in the log:\n{log}");
    namespace.delete().await.unwrap();
}

/// lifecycle 1.4, 2.5: without its Secret, or without Buildkite, the controller waits and says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_secret_and_an_unreachable_endpoint_are_waited_for() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::prepare(testbed, "absent", |options| options).await;
    let simulator = scenario.buildkite.simulator.clone();
    simulator.inject_fault(buildkite_sim::Fault::always("*", buildkite_sim::Effect::LoseRequest));
    scenario.namespace.delete_agent_token().await.unwrap();
    scenario.start_controller();
    let not_ready = async |words: &'static str| {
        wait::until(words, Duration::from_secs(60), || async {
            match scenario.controller().health("/readyz").await {
                Ok((503, text)) if text.contains(words) => Ok(()),
                other => Err(format!("{other:?}\n{}", scenario.controller().log())),
            }
        })
        .await;
    };
    not_ready("there is no Secret `buildkite-agent-token`").await;
    scenario.namespace.set_agent_token(scenario.buildkite.agent_token().expose()).await.unwrap();
    not_ready("the connection broke off").await;
    simulator.clear_faults();
    scenario.controller().wait_ready(HEALED_WITHIN).await;
    scenario.end().await;
}
