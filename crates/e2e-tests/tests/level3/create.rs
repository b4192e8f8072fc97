//! From a scheduled job to its Kubernetes Job, and no second one.

use std::time::Duration;

use buildkite_sim::JobState;
use e2e_tests::gateway::{Gateway, Trick};
use e2e_tests::player::Player;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use serde_json::json;

use crate::drain::{assert_drained, enqueue};

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_job_becomes_one_kubernetes_job() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "create", |options| options.with("job-ttl", "10m")).await;
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    let uuid = enqueue(&scenario.buildkite.simulator, 1)[0];
    assert_drained(&mut scenario, 1, 25).await;
    let job = scenario.namespace.api::<Job>().get(&format!("buildkite-{uuid}")).await.unwrap();
    let labels = job.metadata.labels.unwrap();
    assert_eq!(labels["buildkite.com/job-uuid"], uuid.to_string());
    assert_eq!(labels["buildkite.com/controller-id"], "test");
    let spec = job.spec.unwrap();
    assert_eq!(
        (spec.backoff_limit, spec.ttl_seconds_after_finished, spec.active_deadline_seconds),
        (Some(0), Some(600), Some(21_600))
    );
    assert_eq!(spec.template.spec.unwrap().restart_policy.as_deref(), Some("Never"));
    scenario.end().await;
}

/// Runs five jobs with the API server behind a gateway; returns the answers to the creates and what
/// the controller logged.
async fn behind_gateway(name: &str, tricks: &[Trick]) -> (Vec<u16>, String) {
    const JOBS: usize = 5;
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::prepare(testbed, name, |options| options.with("max-in-flight", 2)).await;
    let gateway = Gateway::start(&scenario.namespace, tricks).await.expect("the gateway listens");
    scenario.kubeconfig = gateway.kubeconfig().to_owned();
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    enqueue(&scenario.buildkite.simulator, JOBS);
    assert_drained(&mut scenario, JOBS, 2).await;
    let log = scenario.controller().log();
    scenario.end().await;
    (gateway.creates().iter().map(|status| status.as_u16()).collect(), log)
}

/// lifecycle D4, D2: the name is taken by our own Job.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_on_create_is_settled_by_adopting_the_job() {
    let (creates, log) = behind_gateway("conflict", &[Trick::Twice, Trick::Twice]).await;
    let conflicts = creates.iter().filter(|status| **status == 409).count();
    assert_eq!((conflicts, creates.len()), (2, 7), "{creates:?}");
    assert_eq!(log.matches("adopted").count(), 2, "{log}");
}

/// lifecycle L10: the slot is kept until a live read shows whether the Job was made.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_is_lost_is_looked_up() {
    let tricks = [Trick::LoseAnswer, Trick::LoseRequest, Trick::LoseAnswer];
    let (creates, log) = behind_gateway("lost", &tricks).await;
    assert_eq!(creates, [201; 5], "each Job is made once");
    assert_eq!(log.matches("adopted").count(), 2, "{log}");
}

/// lifecycle L12, D1, D2: a Job that was there before its job was listed is taken for what it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_exists_already_is_charged_and_not_made_again() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "present", |options| options.with("max-in-flight", 1)).await;
    let simulator = scenario.buildkite.simulator.clone();
    simulator.pause_queue(e2e_tests::buildkite::QUEUE, true).unwrap();
    let jobs = enqueue(&simulator, 2);
    let job: Job = serde_json::from_value(json!({
        "metadata": {
            "name": format!("buildkite-{}", jobs[0]),
            "labels": {
                "buildkite.com/job-uuid": jobs[0].to_string(),
                "buildkite.com/controller-id": "test",
            },
        },
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": { "labels": {
                    "buildkite.com/job-uuid": jobs[0].to_string(),
                    "buildkite.com/controller-id": "test",
                } },
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{ "name": "agent", "image": "busybox:1.36" }],
                },
            },
        },
    }))
    .unwrap();
    scenario.namespace.api::<Job>().create(&PostParams::default(), &job).await.unwrap();
    let player = Player::start(scenario.namespace.api::<Pod>(), &simulator, false);
    simulator.pause_queue(e2e_tests::buildkite::QUEUE, false).unwrap();
    let running = simulator
        .until(|simulator| simulator.job(jobs[0]).filter(|job| job.state == JobState::Running).map(|_| ()));
    tokio::time::timeout(Duration::from_secs(60), running).await.expect("the pod's agent takes the job");
    assert_eq!(simulator.job(jobs[1]).unwrap().state, JobState::Scheduled, "the only slot is taken");
    player.release();
    assert_drained(&mut scenario, 2, 1).await;
    scenario.end().await;
}
