//! Cancelling a build whose step runs.

use std::time::Duration;

use buildkite_sim::{BuildState, JobState};
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;

/// The step's trap sees SIGTERM, the agent ends the job, and only then may anything be deleted;
/// with a short `job-ttl` nothing of ours is left.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_step_winds_down_in_its_own_time() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::start(testbed, "cancel", |options| options.with("job-ttl", "5s")).await;
    let minute = Duration::from_secs(60);
    let build = scenario.buildkite.create_build("cancel.yml", |_| {});
    scenario.buildkite.job_in(build, "endless", JobState::Running, 2 * minute).await;
    wait::until("the command runs", minute, || async {
        let log = scenario.buildkite.log(build, "endless");
        if log.contains("running") { Ok(()) } else { Err(log) }
    })
    .await;
    scenario.buildkite.simulator.cancel_build(build).unwrap();
    let deleted_early = {
        let ended = scenario.buildkite.job_in(build, "endless", JobState::Canceled, 2 * minute);
        let gone = scenario
            .watch
            .until("the Job is gone", 2 * minute, |seen| seen.present.is_empty() && !seen.ever.is_empty());
        tokio::pin!(ended);
        tokio::select! {
            biased;
            _ = &mut ended => false,
            _ = gone => true,
        }
    };
    assert!(!deleted_early, "deleted before the agent had ended the job");

    let build = scenario.settled(build).await;
    assert_eq!(build.state, BuildState::Canceled, "{}", scenario.describe(build.id));
    let log = scenario.buildkite.log(build.id, "endless");
    assert!(log.contains("trap saw SIGTERM"), "{log}");
    let job = build.job_of("endless").unwrap();
    let states: Vec<JobState> = job.history.iter().map(|change| change.state).collect();
    let tail = [JobState::Running, JobState::Canceling, JobState::Canceled];
    assert!(states.ends_with(&tail), "{states:?}");

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
