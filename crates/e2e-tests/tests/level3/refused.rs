//! Jobs that can never become a Kubernetes Job: Buildkite is told why, and the slot is free again.

use std::time::Duration;

use buildkite_sim::{JobSnapshot, JobState};
use e2e_tests::player::Player;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::drain::enqueue;

/// A step that cannot run, and what the verdict must hold.
struct Case {
    plugin: Value,
    words: &'static [&'static str],
}

/// lifecycle F8, L9, C67, C76, C68
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_be_made_is_told_why_and_frees_its_slot() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "refused", |options| options.with("max-in-flight", 1)).await;
    let simulator = scenario.buildkite.simulator.clone();
    let cases = [
        // The API server refuses it: 422, with its path and its sentence.
        Case {
            plugin: json!({ "podSpec": { "containers": [{
                "image": "busybox:1.36",
                "volumeMounts": [{ "name": "nowhere", "mountPath": "/x" }],
            }] } }),
            words: &["Kubernetes refuses the Job", "volumeMounts[0].name", "nowhere", "Not found"],
        },
        // The builder refuses it.
        Case {
            plugin: json!({ "podSpec": { "containers": [{ "image": "not an image" }] } }),
            words: &["not an image"],
        },
        Case { plugin: json!({ "podSpec": { "containers": [{ "image": 7 }] } }), words: &["image"] },
    ];
    let _player = Player::start(scenario.namespace.api::<Pod>(), &simulator, true);
    let mut refused = Vec::new();
    for case in &cases {
        let step = json!({
            "command": "true",
            "env": { "PASSPHRASE": "correct horse" },
            "plugins": [{ "kubernetes": case.plugin }],
        });
        refused.push(simulator.enqueue_jobs(1, &step).expect("the simulator takes any plugin")[0]);
    }
    let good = enqueue(&simulator, 1)[0];
    let done = simulator.until(|simulator| {
        simulator.jobs().iter().all(|job| job.finished_at.is_some()).then(|| simulator.jobs())
    });
    let Ok(jobs) = tokio::time::timeout(Duration::from_secs(120), done).await else {
        panic!("jobs are left: {:#?}\n{}", simulator.jobs(), scenario.controller().log());
    };
    for (case, job) in cases.iter().zip(&jobs) {
        assert_refused(job, case.words);
    }
    assert_eq!((jobs[3].id, jobs[3].exit_status), (good, Some(0)));
    let statistics = simulator.statistics();
    assert_eq!(statistics.total("finish-job"), 3, "each is told once");
    let all_ended = |seen: &e2e_tests::job_watch::Seen| seen.ever.len() == 1 && seen.unfinished() == 0;
    scenario.watch.until("only the good one has a Job", Duration::from_secs(60), all_ended).await;
    scenario.end().await;
}

/// The job ended by a verdict that explains itself and gives nothing away.
#[track_caller]
fn assert_refused(job: &JobSnapshot, words: &[&str]) {
    assert_eq!(
        (job.state, job.signal_reason.as_deref()),
        (JobState::Finished, Some("stack_error")),
        "{job:#?}"
    );
    let detail = job.detail.as_deref().unwrap_or_default();
    assert!(detail.starts_with("invalid-job: "), "{detail}");
    for word in words {
        assert!(detail.contains(word), "no {word:?} in:\n{detail}");
    }
    assert!(!detail.contains("correct horse"), "a variable's value in:\n{detail}");
    let starts = job.history.iter().filter(|change| change.state == JobState::Running).count();
    assert_eq!(starts, 0, "{:?}", job.history);
}
