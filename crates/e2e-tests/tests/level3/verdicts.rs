//! Pods that end before an agent has the job: Buildkite is told once, and why.

use std::time::Duration;

use buildkite_sim::{JobSnapshot, JobState};
use e2e_tests::job_watch::Seen;
use e2e_tests::kubelet::{self, Phase};
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, ResourceExt as _};
use uuid::Uuid;

use crate::drain::enqueue;
use crate::restart::restart;

const MINUTE: Duration = Duration::from_secs(60);

/// The pod of a job, once there is one.
pub(crate) async fn pod_of(pods: &Api<Pod>, job: Uuid) -> Pod {
    let of_job = ListParams::default().labels(&format!("buildkite.com/job-uuid={job}"));
    wait::until("the pod is there", MINUTE, || async {
        let found = pods.list(&of_job).await.map_err(|error| error.to_string())?;
        found.items.into_iter().next().ok_or_else(|| "no pod".to_owned())
    })
    .await
}

/// Waits for the verdict about a job.
pub(crate) async fn verdict(scenario: &Scenario, job: Uuid) -> JobSnapshot {
    let told = scenario.buildkite.simulator.until(|simulator| {
        let job = simulator.job(job)?;
        job.finished_at.is_some().then_some(job)
    });
    match tokio::time::timeout(MINUTE, told).await {
        Ok(job) => job,
        Err(_) => panic!("no verdict\n{}", scenario.controller().log()),
    }
}

/// The job ended by a verdict with this code, and its text holds these words.
#[track_caller]
pub(crate) fn assert_verdict(job: &JobSnapshot, code: &str, words: &[&str]) {
    assert_eq!(
        (job.state, job.exit_status, job.signal_reason.as_deref()),
        (JobState::Finished, Some(-1), Some("stack_error")),
        "{job:#?}"
    );
    let detail = job.detail.as_deref().unwrap_or_default();
    assert!(detail.starts_with(&format!("{code}: ")), "{detail}");
    for word in words {
        assert!(detail.contains(word), "no {word:?} in:\n{detail}");
    }
}

/// One job whose pod ends as `end` says; then a restart, after which nothing is told again.
async fn told_once(name: &str, code: &str, words: &[&str], end: impl AsyncFnOnce(&Api<Pod>, Pod)) {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, name, |options| options.with("max-in-flight", 1)).await;
    let job = enqueue(&scenario.buildkite.simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let pod = pod_of(&pods, job).await;
    end(&pods, pod).await;
    assert_verdict(&verdict(&scenario, job).await, code, words);
    let over = |seen: &Seen| seen.unfinished() == 0 && seen.ever.len() == 1;
    scenario.watch.until("the Job has ended", MINUTE, over).await;
    restart(&mut scenario).await;
    let statistics = scenario.buildkite.simulator.statistics();
    assert_eq!(statistics.total("finish-job"), 1, "told once:\n{}", scenario.controller().log());
    assert_eq!(scenario.watch.seen().ever.len(), 1, "no second Job");
    scenario.end().await;
}

/// lifecycle F3
#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_pod_ends_its_job_with_the_kubelets_words() {
    let words = ["Evicted", "The node was low on resource: memory.", "TerminationByKubelet"];
    told_once("evicted", "pod-failed", &words, async |pods, pod| {
        kubelet::report(pods, &pod, Phase::Evicted).await.expect("the status can be written");
    })
    .await;
}

/// lifecycle F3b
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_exits_before_it_has_the_job_is_told_with_its_status() {
    told_once("agent-exit", "agent-exited", &["status 27", "agent"], async |pods, pod| {
        kubelet::report(pods, &pod, Phase::Failed(27)).await.expect("the status can be written");
    })
    .await;
}

/// lifecycle F3, C79
#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_somebody_deletes_before_the_agent_starts_ends_its_job() {
    told_once("deleted", "pod-failed", &["before the agent started"], async |pods, pod| {
        let at_once = DeleteParams::default().grace_period(0);
        pods.delete(&pod.name_any(), &at_once).await.expect("the pod can be deleted");
    })
    .await;
}

/// lifecycle F3, L9: the verdict arrives although Buildkite refuses it at first, once, and the slot
/// is free for the next job.
#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_sent_until_it_arrives() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "insist", |options| options.with("max-in-flight", 1)).await;
    let simulator = scenario.buildkite.simulator.clone();
    simulator.inject_fault(
        buildkite_sim::Fault::always("finish-job", buildkite_sim::Effect::status(503)).times(7),
    );
    let jobs = enqueue(&simulator, 2);
    let pods = scenario.namespace.api::<Pod>();
    for job in jobs {
        let pod = pod_of(&pods, job).await;
        kubelet::report(&pods, &pod, Phase::Evicted).await.expect("the status can be written");
    }
    for job in simulator.jobs() {
        assert_verdict(&verdict(&scenario, job.id).await, "pod-failed", &["Evicted"]);
    }
    // The last answer is counted a moment after the job has ended.
    wait::until("two verdicts after seven refusals", MINUTE, || async {
        let statistics = simulator.statistics();
        let counts = (statistics.count("finish-job", 503), statistics.total("finish-job"));
        if counts == (7, 9) { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await;
    scenario.end().await;
}
