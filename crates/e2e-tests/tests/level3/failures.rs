//! Jobs whose agent does not start, and jobs that are over before it does: what Buildkite is told, and
//! that nothing is left in Kubernetes.

use std::time::Duration;

use buildkite_sim::{JobState, Simulator};
use e2e_tests::agent::Agent;
use e2e_tests::job_watch::Seen;
use e2e_tests::kubelet::{self, Phase};
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use e2e_tests::{controller, wait};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::RwLockReadGuard;
use uuid::Uuid;

use crate::drain::enqueue;
use crate::restart::restart;
use crate::verdicts::{assert_verdict, pod_of, verdict};

const MINUTE: Duration = Duration::from_secs(60);

/// A scenario with one slot, so that a second job shows whether it came back.
async fn one_slot(
    name: &str,
    change: impl FnOnce(controller::Options) -> controller::Options,
) -> (Scenario, RwLockReadGuard<'static, ()>) {
    let (testbed, order) = Testbed::shared().await;
    (Scenario::start(testbed, name, |options| change(options.with("max-in-flight", 1))).await, order)
}

/// Queues a job whose plugin has these members beside those of every job here.
fn enqueue_with(simulator: &Simulator, plugin: &Value) -> Uuid {
    let mut kubernetes = json!({ "checkout": { "skip": true } });
    for (key, value) in plugin.as_object().expect("members") {
        kubernetes[key] = value.clone();
    }
    let step = json!({ "command": "true", "plugins": [{ "kubernetes": kubernetes }] });
    simulator.enqueue_jobs(1, &step).expect("the step is a plain command")[0]
}

/// A pod spec that admission refuses, so that the Job never has a pod.
fn without_pod() -> Value {
    json!({ "podSpec": { "serviceAccountName": "nobody", "containers": [{ "image": "busybox:1.36" }] } })
}

/// Writes a pod's status as a kubelet would whose container of this name waits for this reason.
async fn waits(pods: &Api<Pod>, pod: &Pod, container: &str, reason: &str) {
    let state = json!({ "waiting": { "reason": reason, "message": "as the kubelet says" } });
    write(pods, pod, container, &state, "Pending").await;
}

async fn write(pods: &Api<Pod>, pod: &Pod, container: &str, state: &Value, phase: &str) {
    let spec = pod.spec.as_ref().expect("a pod has a spec");
    let init = spec.init_containers.iter().flatten().any(|one| one.name == container);
    let kind = if init { "initContainerStatuses" } else { "containerStatuses" };
    let status = json!({ "name": container, "image": "i", "imageID": "", "ready": false, "restartCount": 0,
                         "state": state });
    let patch = json!({ "status": { "phase": phase, kind: [status] } });
    pods.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch))
        .await
        .expect("the status can be written");
}

/// The second job gets the slot of the first.
async fn assert_slot_is_free(scenario: &mut Scenario) {
    let next = enqueue(&scenario.buildkite.simulator, 1)[0];
    let name = format!("buildkite-{next}");
    let made = move |seen: &Seen| seen.ever.contains(&name);
    scenario.watch.until("the next job gets the slot", MINUTE, made).await;
}

/// Nothing is said a second time, not even by a controller that starts anew.
async fn assert_told_once(scenario: &mut Scenario) {
    restart(scenario).await;
    let told = scenario.buildkite.simulator.statistics().total("finish-job");
    assert_eq!(told, 1, "{}", scenario.controller().log());
}

async fn assert_no_pod(pods: &Api<Pod>, job: Uuid) {
    let of_job = ListParams::default().labels(&format!("buildkite.com/job-uuid={job}"));
    wait::until("the pod is gone", MINUTE, || async {
        let found = pods.list(&of_job).await.map_err(|error| error.to_string())?;
        if found.items.is_empty() { Ok(()) } else { Err(format!("{} pods", found.items.len())) }
    })
    .await;
}

async fn assert_no_job(scenario: &mut Scenario, job: Uuid) {
    let name = format!("buildkite-{job}");
    let gone = move |seen: &Seen| seen.ever.contains(&name) && !seen.present.contains_key(&name);
    scenario.watch.until("the Job is gone", MINUTE, gone).await;
}

/// lifecycle F5, C70, C74
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_not_come_ends_its_job_and_deletes_its_pod() {
    let grace = |options: controller::Options| options.with("image-pull-backoff-grace-period", "2s");
    let (mut scenario, _order) = one_slot("image", grace).await;
    let job = enqueue(&scenario.buildkite.simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let pod = pod_of(&pods, job).await;
    waits(&pods, &pod, "container-0", "ErrImagePull").await;
    waits(&pods, &pod, "container-0", "ImagePullBackOff").await;
    let words = ["container-0", "as the kubelet says", "ImagePullBackOff"];
    assert_verdict(&verdict(&scenario, job).await, "image-pull-failed", &words);
    assert_no_pod(&pods, job).await;
    scenario.watch.until("the Job has ended", MINUTE, |seen| seen.unfinished() == 0).await;
    assert_slot_is_free(&mut scenario).await;
    assert_told_once(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F5: a container that starts in time is nobody's business
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_comes_late_is_waited_for() {
    let grace = |options: controller::Options| options.with("image-pull-backoff-grace-period", "3s");
    let (scenario, _order) = one_slot("image-late", grace).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let pod = pod_of(&pods, job).await;
    waits(&pods, &pod, "container-0", "ErrImagePull").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    kubelet::report(&pods, &pod, Phase::Running).await.expect("the status can be written");
    let agent = Agent::acquire(&simulator, job).await.expect("the job is there");
    agent.start(&simulator).await.expect("it starts");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(simulator.job(job).unwrap().state, JobState::Running);
    agent.finish(&simulator, 0).await.expect("it ends");
    kubelet::report(&pods, &pod, Phase::Succeeded).await.expect("the status can be written");
    assert_eq!(simulator.statistics().total("finish-job"), 0, "{}", scenario.controller().log());
    scenario.end().await;
}

/// lifecycle F7, C73
#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_no_node_takes_times_out() {
    let timeout = |options: controller::Options| options.with("pod-pending-timeout", "3s");
    let (mut scenario, _order) = one_slot("pending", timeout).await;
    let job = enqueue(&scenario.buildkite.simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let _pod = pod_of(&pods, job).await;
    assert_verdict(&verdict(&scenario, job).await, "pending-timeout", &["pending for", "no nodes available"]);
    assert_no_pod(&pods, job).await;
    assert_slot_is_free(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F4, C75
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_init_container_is_told_once_by_its_name() {
    let (mut scenario, _order) = one_slot("init", |options| options).await;
    let job = enqueue(&scenario.buildkite.simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let pod = pod_of(&pods, job).await;
    let end = json!({ "terminated": { "exitCode": 3, "reason": "Error", "message": "no such file" } });
    write(&pods, &pod, "copy-agent", &end, "Failed").await;
    let words = ["copy-agent", "status 3", "no such file"];
    assert_verdict(&verdict(&scenario, job).await, "init-container-failed", &words);
    scenario.watch.until("the Job has ended", MINUTE, |seen| seen.unfinished() == 0).await;
    assert_told_once(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F9, C78
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_cancelled_before_its_agent_starts_leaves_nothing() {
    let check = |options: controller::Options| options.with("job-cancel-checker-poll-interval", "1s");
    let (mut scenario, _order) = one_slot("cancel", check).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let _pod = pod_of(&pods, job).await;
    simulator.cancel_job(job).expect("it can be cancelled");
    assert_no_job(&mut scenario, job).await;
    assert_no_pod(&pods, job).await;
    assert_slot_is_free(&mut scenario).await;
    assert_eq!(simulator.statistics().total("finish-job"), 0, "a cancelled job gets no verdict");
    scenario.end().await;
}

/// lifecycle F9, C29, X32: Kueue holds the Job, and there is no pod to delete
#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_job_that_is_cancelled_is_deleted() {
    let check = |options: controller::Options| options.with("job-cancel-checker-poll-interval", "1s");
    let (mut scenario, _order) = one_slot("suspended", check).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let _pod = pod_of(&pods, job).await;
    let suspend = Patch::Merge(json!({ "spec": { "suspend": true } }));
    let name = format!("buildkite-{job}");
    let jobs = scenario.namespace.api::<Job>();
    jobs.patch(&name, &PatchParams::default(), &suspend).await.expect("it can be suspended");
    assert_no_pod(&pods, job).await;
    assert!(jobs.get(&name).await.is_ok(), "it waits");
    simulator.cancel_job(job).expect("it can be cancelled");
    assert_no_job(&mut scenario, job).await;
    assert_slot_is_free(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F9: the controller was away when the job was cancelled
#[tokio::test(flavor = "multi_thread")]
async fn what_a_controller_finds_over_at_its_start_is_removed() {
    let (mut scenario, _order) = one_slot("cancel-away", |options| options).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let _pod = pod_of(&pods, job).await;
    scenario.controller.take().expect("it runs").kill().await.expect("it can be killed");
    simulator.cancel_job(job).expect("it can be cancelled");
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    assert_no_job(&mut scenario, job).await;
    assert_no_pod(&pods, job).await;
    scenario.end().await;
}

/// lifecycle F1, C17, C69
#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_a_pod_is_told_about_and_ends_by_its_deadline() {
    let grace = |options: controller::Options| options.with("empty-job-grace-period", "2s");
    let (mut scenario, _order) = one_slot("no-pod", grace).await;
    let job = enqueue_with(&scenario.buildkite.simulator, &without_pod());
    let words = ["no pod", "FailedCreate", "nobody"];
    assert_verdict(&verdict(&scenario, job).await, "no-pod", &words);
    scenario.watch.until("the Job has ended", MINUTE, |seen| seen.unfinished() == 0).await;
    let jobs = scenario.namespace.api::<Job>();
    let left = jobs.get(&format!("buildkite-{job}")).await.expect("TTL removes it, later");
    assert_eq!(left.annotations()["buildkite.com/deadline-shortened"], "no-pod");
    assert_eq!(left.spec.and_then(|spec| spec.active_deadline_seconds), Some(1));
    assert_slot_is_free(&mut scenario).await;
    assert_told_once(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F1, X31
#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_waited_for_as_long_as_a_pending_pod_would_be() {
    let times = |options: controller::Options| {
        options.with("empty-job-grace-period", "1s").with("pod-pending-timeout", "12s")
    };
    let (mut scenario, _order) = one_slot("quota", times).await;
    let quota: ResourceQuota = serde_json::from_value(
        json!({ "metadata": { "name": "none" }, "spec": { "hard": { "pods": "0" } } }),
    )
    .unwrap();
    let quotas = scenario.namespace.api::<ResourceQuota>();
    quotas.create(&PostParams::default(), &quota).await.expect("the quota can be made");
    wait::until("the quota is counted", MINUTE, || async {
        let now = quotas.get("none").await.map_err(|error| error.to_string())?;
        now.status.and_then(|status| status.hard).map(|_| ()).ok_or_else(|| "no status".to_owned())
    })
    .await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    scenario.watch.until("the Job is made", MINUTE, |seen| seen.ever.len() == 1).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(simulator.statistics().total("finish-job"), 0, "{}", scenario.controller().log());
    assert_verdict(&verdict(&scenario, job).await, "no-pod", &["exceeded quota"]);
    scenario.end().await;
}

/// lifecycle F2
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ends_and_never_had_a_pod_is_told_so() {
    let (mut scenario, _order) =
        one_slot("podless-end", |options| options.with("empty-job-grace-period", "1h")).await;
    let mut plugin = without_pod();
    plugin["jobActiveDeadlineSeconds"] = json!(3);
    let job = enqueue_with(&scenario.buildkite.simulator, &plugin);
    let words = ["never had a pod", "DeadlineExceeded"];
    assert_verdict(&verdict(&scenario, job).await, "ended-without-pod", &words);
    assert_slot_is_free(&mut scenario).await;
    assert_told_once(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle D5, X20: the pod was driven out and the reservation lapsed while no controller ran
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_first_attempt_was_lost_is_started_again() {
    let short = |options: controller::Options| options.with("reservation-expiry-seconds", 5);
    let (mut scenario, _order) = one_slot("again", short).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let pod = pod_of(&pods, job).await;
    scenario.controller.take().expect("it runs").kill().await.expect("it can be killed");
    kubelet::report(&pods, &pod, Phase::Evicted).await.expect("the status can be written");
    let lapsed = simulator
        .until(|simulator| simulator.job(job).filter(|job| job.state == JobState::Scheduled).map(|_| ()));
    let timers = simulator.run_timers();
    tokio::select! {
        biased;
        () = timers => {}
        lapsed = tokio::time::timeout(MINUTE, lapsed) => lapsed.expect("the reservation lapses"),
    }
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    let name = format!("buildkite-{job}");
    let again = |seen: &Seen| seen.uids.get(&name).is_some_and(|uids| uids.len() == 2);
    // A Lease that nobody gave up is taken over after 15 s.
    scenario.watch.until("a second attempt", MINUTE, again).await;
    assert_eq!(simulator.statistics().total("finish-job"), 0, "{}", scenario.controller().log());
    scenario.end().await;
}

/// lifecycle D4: an agent of somebody else has the job, and ours has no pod
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_somebody_else_runs_loses_its_job() {
    let times = |options: controller::Options| {
        options.with("empty-job-grace-period", "1h").with("job-cancel-checker-poll-interval", "1s")
    };
    let (mut scenario, _order) = one_slot("other", times).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue_with(&simulator, &without_pod());
    scenario.watch.until("the Job is made", MINUTE, |seen| seen.ever.len() == 1).await;
    let agent = Agent::acquire(&simulator, job).await.expect("the job is there");
    agent.start(&simulator).await.expect("it starts");
    assert_no_job(&mut scenario, job).await;
    assert_eq!(simulator.job(job).unwrap().state, JobState::Running, "it goes on");
    assert_eq!(simulator.statistics().total("finish-job"), 0);
    assert_slot_is_free(&mut scenario).await;
    scenario.end().await;
}

/// lifecycle F9, X7: a Job that somebody deletes takes nothing else with it
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_third_party_deletes_frees_its_slot() {
    let (mut scenario, _order) = one_slot("third-party", |options| options).await;
    let simulator = scenario.buildkite.simulator.clone();
    let job = enqueue(&simulator, 1)[0];
    let pods = scenario.namespace.api::<Pod>();
    let _pod = pod_of(&pods, job).await;
    let jobs = scenario.namespace.api::<Job>();
    jobs.delete(&format!("buildkite-{job}"), &DeleteParams::background()).await.expect("it can be deleted");
    assert_no_pod(&pods, job).await;
    assert_slot_is_free(&mut scenario).await;
    scenario.end().await;
}
