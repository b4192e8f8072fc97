//! One pipeline file each, from upload to its end, judged by what the simulator recorded.

use std::collections::BTreeSet;

use buildkite_sim::{BuildSnapshot, BuildState, JobState};
use e2e_tests::git::GitServer;
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;

/// A scenario that runs one pipeline to green, and what to look at then.
async fn green(name: &str, fixture: &str) -> (Scenario, BuildSnapshot) {
    let (testbed, order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, name, |options| options).await;
    let build = scenario.run(fixture).await;
    assert_eq!(build.state, BuildState::Passed, "{}", scenario.describe(build.id));
    drop(order);
    (scenario, build)
}

/// The log of a step holds this line.
#[track_caller]
fn assert_log(scenario: &Scenario, build: &BuildSnapshot, step: &str, line: &str) {
    let log = scenario.buildkite.log(build.id, step);
    assert!(log.lines().any(|found| found.trim_end() == line), "no line {line:?} in:\n{log}");
}

/// What follows `name=` in the log of a step.
#[track_caller]
fn logged(scenario: &Scenario, build: &BuildSnapshot, step: &str, name: &str) -> String {
    let log = scenario.buildkite.log(build.id, step);
    let prefix = format!("{name}=");
    log.lines()
        .find_map(|line| line.trim_end().strip_prefix(&prefix))
        .unwrap_or_else(|| panic!("no {prefix} in:\n{log}"))
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_goes_green_and_its_log_is_read_back() {
    let (scenario, build) = green("hello", "hello.yml").await;
    assert_log(&scenario, &build, "sidecar", "the sidecar says hello");
    assert_log(&scenario, &build, "done", "all green");
    let seen = scenario.watch.seen();
    assert_eq!(seen.ever.len(), 3, "one Job per step: {:?}", seen.ever);
    assert!(seen.uids.values().all(|uids| uids.len() == 1), "a Job was made twice");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_exits_3_fails_the_build_with_3() {
    let (testbed, _order) = Testbed::shared().await;
    let scenario = Scenario::start(testbed, "failing", |options| options).await;
    let build = scenario.run("failing.yml").await;
    assert_eq!(build.state, BuildState::Failed, "{}", scenario.describe(build.id));
    let job = build.job_of("fail").unwrap();
    assert_eq!((job.state, job.exit_status), (JobState::Finished, Some(3)));
    assert_log(&scenario, &build, "fail", "about to fail");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_command_containers_run_in_one_step() {
    let (scenario, build) = green("two", "two-containers.yml").await;
    let log = scenario.buildkite.log(build.id, "two");
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim_end)
        .filter(|line| ["first container", "second container"].contains(line))
        .collect();
    assert_eq!(lines, ["first container", "second container"], "{log}");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sidecar_serves_the_command_and_does_not_hold_the_job() {
    let (mut scenario, build) = green("sidecar", "sidecar.yml").await;
    assert_log(&scenario, &build, "sidecar", "forty-two");
    let all = |seen: &e2e_tests::job_watch::Seen| seen.finished == seen.ever;
    scenario.watch.until("the Job is over", std::time::Duration::from_secs(90), all).await;
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_checked_out() {
    let (testbed, _order) = Testbed::shared().await;
    let git =
        GitServer::start(testbed.host_address, &[("hello.txt", "from the repository\n")]).await.unwrap();
    let scenario = Scenario::start(testbed, "checkout", |options| options).await;
    let build = scenario.buildkite.create_build("checkout.yml", |request| {
        request.facts.repository.clone_from(&git.url);
        request.facts.commit.clone_from(&git.commit);
    });
    let build = scenario.settled(build).await;
    assert_eq!(build.state, BuildState::Passed, "{}", scenario.describe(build.id));
    assert_log(&scenario, &build, "checkout", "from the repository");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_pipeline_runs_in_the_same_build() {
    let (scenario, build) = green("upload", "upload.yml").await;
    assert_log(&scenario, &build, "uploaded", "uploaded step ran");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_an_annotation_reach_the_next_step() {
    let (scenario, build) = green("metadata", "metadata.yml").await;
    assert_log(&scenario, &build, "get", "colour=teal");
    assert_eq!(build.meta_data.get("colour").map(String::as_str), Some("teal"));
    let annotation = build.annotations.first().expect("an annotation");
    assert!(annotation.body.contains("the colour is"), "{annotation:?}");
    scenario.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_comes_back_as_it_was() {
    let (scenario, build) = green("artifact", "artifact.yml").await;
    let sums = BTreeSet::from([
        logged(&scenario, &build, "make", "made"),
        logged(&scenario, &build, "fetch", "fetched"),
        build.artifacts.first().expect("an artifact").sha256sum.clone(),
    ]);
    assert_eq!(sums.len(), 1, "three views of one file: {sums:?}");
    scenario.end().await;
}
