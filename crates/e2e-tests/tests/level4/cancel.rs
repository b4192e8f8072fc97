//! Cancelling a build whose step runs.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buildkite_sim::{BuildState, JobState};
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use futures::StreamExt as _;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

/// Watches for objects that somebody has asked to delete. A deleted pod gets the same SIGTERM as a
/// cancelled step, so only this tells the two apart.
struct Deletions {
    seen: Arc<Mutex<Vec<String>>>,
    _watches: JoinSet<()>,
}

impl Deletions {
    fn start(scenario: &Scenario) -> Self {
        let seen = Arc::default();
        let mut watches = JoinSet::new();
        watches.spawn(watch_deletions(scenario.namespace.api::<Job>(), "Job", Arc::clone(&seen)));
        watches.spawn(watch_deletions(scenario.namespace.api::<Pod>(), "pod", Arc::clone(&seen)));
        Self { seen, _watches: watches }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no holder of the lock panics").clone()
    }
}

/// Writes down every object that is being deleted or is gone.
async fn watch_deletions<K>(api: Api<K>, kind: &str, seen: Arc<Mutex<Vec<String>>>)
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut events = watcher::watcher(api, watcher::Config::default()).boxed();
    while let Some(event) = events.next().await {
        let deleted = match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                object.meta().deletion_timestamp.is_some().then_some(object)
            }
            Ok(Event::Delete(object)) => Some(object),
            Ok(Event::Init | Event::InitDone) => None,
            Err(error) => {
                // A gap in the watch would hide a deletion; it is told as one.
                seen.lock()
                    .expect("no holder of the lock panics")
                    .push(format!("the watch of {kind}s broke off: {error}"));
                tokio::time::sleep(Duration::from_millis(200)).await;
                None
            }
        };
        if let Some(object) = deleted {
            seen.lock().expect("no holder of the lock panics").push(format!("{kind} {}", object.name_any()));
        }
    }
}

/// The step's trap sees SIGTERM, the agent ends the job, and only then may anything be deleted;
/// with a short `job-ttl` nothing of ours is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_step_winds_down_in_its_own_time() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "cancel", |options| options.with("job-ttl", "5s")).await;
    let minute = Duration::from_secs(60);
    let build = scenario.buildkite.create_build("cancel.yml", |_| {});
    scenario.buildkite.job_in(build, "endless", JobState::Running, 2 * minute).await;
    wait::until("the command runs", minute, || async {
        let log = scenario.buildkite.log(build, "endless");
        if log.contains("running") { Ok(()) } else { Err(log) }
    })
    .await;
    let deletions = Deletions::start(&scenario);
    scenario.buildkite.simulator.cancel_build(build).unwrap();
    scenario.buildkite.job_in(build, "endless", JobState::Canceled, 2 * minute).await;
    let early = deletions.seen();
    assert!(early.is_empty(), "deleted before the agent had ended the job: {early:?}");

    let build = scenario.settled(build).await;
    assert_eq!(build.state, BuildState::Canceled, "{}", scenario.describe(build.id));
    let log = scenario.buildkite.log(build.id, "endless");
    assert!(log.contains("trap saw SIGTERM"), "{log}");
    let job = build.job_of("endless").unwrap();
    let states: Vec<JobState> = job.history.iter().map(|change| change.state).collect();
    let tail = [JobState::Running, JobState::Canceling, JobState::Canceled];
    assert!(states.ends_with(&tail), "{states:?}");

    wait::until("the watch tells of deletions", 2 * minute, || async {
        let seen = deletions.seen();
        let told = |kind: &str| seen.iter().any(|line| line.starts_with(kind));
        if told("Job ") && told("pod ") { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    let ours = ListParams::default().labels("buildkite.com/job-uuid");
    wait::until("nothing of ours is left", 2 * minute, || async {
        let jobs = scenario.namespace.api::<Job>().list(&ours).await;
        let pods = scenario.namespace.api::<Pod>().list(&ours).await;
        match (jobs, pods) {
            (Ok(jobs), Ok(pods)) if jobs.items.is_empty() && pods.items.is_empty() => Ok(()),
            (jobs, pods) => Err(format!(
                "{} Jobs, {} pods",
                jobs.map_or(0, |jobs| jobs.items.len()),
                pods.map_or(0, |pods| pods.items.len())
            )),
        }
    })
    .await;
    scenario.end().await;
}
