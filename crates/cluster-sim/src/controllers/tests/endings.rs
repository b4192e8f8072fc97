//! How Jobs end.

use shared_json::object;

use super::bench::{Bench, conditions, exits, job, pod_summary, script, summary, until_told};
use crate::history::Actor;
use crate::kind::Kind;
use crate::kubelet::{Interference, Script};

/// Every state of the Job that was written, without repetitions.
fn written(bench: &mut Bench) -> Vec<String> {
    let mut lines: Vec<String> = bench
        .writes()
        .iter()
        .filter(|change| change.kind == Kind::Job && change.actor == Actor::JobController)
        .map(|change| summary(&change.object))
        .collect();
    lines.dedup();
    lines
}

#[track_caller]
fn check(script: Script, act: impl FnOnce(&mut Bench), want: &[&str]) {
    let mut bench = Bench::new(script);
    bench.create(job());
    act(&mut bench);
    assert_eq!(written(&mut bench), want);
}

#[test]
fn a_job_completes() {
    check(
        Script::default(),
        |bench| bench.seconds(10),
        &[
            "active 1 ready 0 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 1 ready 1 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 0 ready 0 terminating 0 succeeded 0+1 failed 0+0 [SuccessCriteriaMet=CompletionsReached]",
            "active 0 ready 0 terminating 0 succeeded 1+0 failed 0+0 \
             [SuccessCriteriaMet=CompletionsReached, Complete=CompletionsReached]",
        ],
    );
}

#[test]
fn a_job_fails_with_its_pod() {
    check(
        script([("container-0", exits(1, 3))]),
        |bench| bench.seconds(10),
        &[
            "active 1 ready 0 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 1 ready 1 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 0+1 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 \
             [FailureTarget=BackoffLimitExceeded, Failed=BackoffLimitExceeded]",
        ],
    );
}

#[test]
fn a_job_fails_with_an_init_container() {
    check(
        script([("init", exits(0, 1))]),
        |bench| {
            bench.seconds(10);
            assert_eq!(
                pod_summary(&bench.pod()),
                "Failed init=Error:1 agent=PodInitializing container-0=PodInitializing"
            );
            assert_eq!(bench.ran(), ["0 init started", "0 init ended 1"]);
        },
        &[
            "active 1 ready 0 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 0+1 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 \
             [FailureTarget=BackoffLimitExceeded, Failed=BackoffLimitExceeded]",
        ],
    );
}

#[test]
fn a_job_exceeds_its_deadline() {
    let mut bench = Bench::new(script([("agent", until_told()), ("container-0", until_told())]));
    let mut object = job();
    object["spec"]["activeDeadlineSeconds"] = 5.into();
    bench.create(object);
    bench.seconds(4);
    assert_eq!(bench.signals(), []);
    bench.seconds(2);
    // The pods are told, and the verdict waits for them.
    let told: Vec<String> = bench.signals().into_iter().map(|signal| signal.container).collect();
    assert_eq!(told, ["container-0", "agent"]);
    let job = bench.job().unwrap();
    assert_eq!(conditions(&job), ["FailureTarget=DeadlineExceeded"]);
    assert_eq!(job["status"]["terminating"], 1);
    bench.exit("agent", 0);
    bench.seconds(1);
    assert_eq!(conditions(&bench.job().unwrap()), ["FailureTarget=DeadlineExceeded"]);
    // The other one does not obey.
    bench.seconds(30);
    assert_eq!(bench.pods().len(), 0);
    let job = bench.job().unwrap();
    assert_eq!(conditions(&job), ["FailureTarget=DeadlineExceeded", "Failed=DeadlineExceeded"]);
    assert_eq!(
        bench.ran(),
        [
            "0 init started",
            "0 init ended 0",
            "0 container-0 started",
            "0 agent started",
            "6 agent ended 0 by Deletion",
            "35 container-0 ended 137 by Deletion",
        ]
    );
    assert_eq!(bench.events(), ["DeadlineExceeded 1"]);
}

#[test]
fn a_pod_is_evicted() {
    check(
        script([("agent", until_told())]),
        |bench| {
            bench.millis(500);
            bench.interfere(Interference::Evict);
            bench.seconds(1);
            let pod = bench.pod();
            assert_eq!(
                pod_summary(&pod),
                "Failed/Evicted init=Completed:0 agent=Error:137 container-0=Error:137"
            );
            assert!(conditions(&pod).contains(&"DisruptionTarget=TerminationByKubelet".to_owned()));
        },
        &[
            "active 1 ready 0 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 1 ready 1 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 0+1 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 \
             [FailureTarget=BackoffLimitExceeded, Failed=BackoffLimitExceeded]",
        ],
    );
}

#[test]
fn a_pod_is_deleted_by_somebody() {
    check(
        script([("agent", until_told())]),
        |bench| {
            bench.millis(500);
            bench.interfere(Interference::DeletedByThirdParty { force: false });
            bench.seconds(60);
            assert_eq!(bench.pods().len(), 0);
        },
        &[
            "active 1 ready 0 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 1 ready 1 terminating 0 succeeded 0+0 failed 0+0 []",
            "active 0 ready 0 terminating 1 succeeded 0+0 failed 0+1 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 1 succeeded 0+0 failed 1+0 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 [FailureTarget=BackoffLimitExceeded]",
            "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 \
             [FailureTarget=BackoffLimitExceeded, Failed=BackoffLimitExceeded]",
        ],
    );
}

#[test]
fn a_job_is_suspended_and_resumed() {
    let mut bench = Bench::new(script([("agent", until_told()), ("container-0", until_told())]));
    bench.create(job());
    bench.seconds(1);
    let first = bench.pod_uid();
    let started = bench.job().unwrap()["status"]["startTime"].clone();
    bench.edit_job(|job| job["spec"]["suspend"] = true.into());
    bench.seconds(1);
    let job = bench.job().unwrap();
    assert_eq!(
        summary(&job),
        "active 0 ready 0 terminating 1 succeeded 0+0 failed 0+0 [Suspended=JobSuspended]"
    );
    assert!(job["status"].get("startTime").is_none());
    bench.seconds(40);
    assert_eq!(bench.pods().len(), 0);
    bench.edit_job(|job| job["spec"]["suspend"] = false.into());
    bench.seconds(1);
    let job = bench.job().unwrap();
    assert_eq!(summary(&job), "active 1 ready 1 terminating 0 succeeded 0+0 failed 0+0 []");
    assert!(job["status"]["startTime"].as_str() > started.as_str());
    assert_ne!(bench.pod_uid(), first);
    bench.exit("agent", 0);
    bench.exit("container-0", 0);
    bench.seconds(1);
    let want = ["SuccessCriteriaMet=CompletionsReached", "Complete=CompletionsReached"];
    assert_eq!(conditions(&bench.job().unwrap()), want);
}

#[test]
fn a_job_created_suspended_has_no_pod() {
    let mut bench = Bench::new(Script::default());
    let mut object = job();
    object["spec"]["suspend"] = true.into();
    bench.create(object);
    bench.seconds(5);
    assert_eq!(bench.pods().len(), 0);
    assert!(bench.job().unwrap()["status"].get("startTime").is_none());
    bench.edit_job(|job| job["spec"]["suspend"] = false.into());
    bench.seconds(5);
    assert!(conditions(&bench.job().unwrap()).contains(&"Complete=CompletionsReached".to_owned()));
}

#[test]
fn a_job_tries_again_as_often_as_it_says() {
    let mut bench = Bench::new(script([("container-0", exits(1, 1))]));
    let mut object = job();
    object["spec"]["backoffLimit"] = 2.into();
    bench.create(object);
    bench.seconds(5);
    assert_eq!(summary(&bench.job().unwrap()), "active 0 ready 0 terminating 0 succeeded 0+0 failed 1+0 []");
    bench.seconds(8);
    assert_eq!(bench.pods().len(), 2, "ten seconds after the first failure");
    bench.seconds(10);
    assert_eq!(bench.pods().len(), 2, "twenty seconds after the second");
    bench.seconds(30);
    assert_eq!(bench.pods().len(), 3);
    let job = bench.job().unwrap();
    assert_eq!(job["status"]["failed"], 3);
    let want = ["FailureTarget=BackoffLimitExceeded", "Failed=BackoffLimitExceeded"];
    assert_eq!(conditions(&job), want);
}

/// lifecycle F1
#[test]
fn a_refused_pod_is_tried_again() {
    let mut bench = Bench::new(Script::default());
    let mut refusals = 3;
    bench.world.controllers.refuse_pods(Box::new(move |_| {
        refusals -= 1;
        (refusals >= 0)
            .then(|| "exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4".to_owned())
    }));
    bench.create(job());
    bench.millis(500);
    assert_eq!(summary(&bench.job().unwrap()), "active 0 ready 0 terminating 0 succeeded 0+0 failed 0+0 []");
    assert!(bench.job().unwrap()["status"]["startTime"].is_string());
    assert_eq!(bench.events(), ["FailedCreate 1"]);
    bench.seconds(4);
    assert_eq!(bench.pods().len(), 0);
    bench.seconds(10);
    assert_eq!(bench.pods().len(), 1);
    assert!(conditions(&bench.job().unwrap()).contains(&"Complete=CompletionsReached".to_owned()));
}

#[test]
fn a_stalled_controller_does_nothing_for_a_while() {
    let mut bench = Bench::new(Script::default());
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    bench.world.controllers.stall_jobs(std::time::Duration::from_secs(30), now);
    bench.create(job());
    bench.seconds(29);
    assert_eq!(bench.job().unwrap()["status"], object! {});
    bench.seconds(5);
    assert!(conditions(&bench.job().unwrap()).contains(&"Complete=CompletionsReached".to_owned()));
}

#[test]
fn what_is_not_simulated_is_refused_by_name() {
    let mut bench = Bench::new(Script::default());
    let mut object = job();
    object["spec"]["completionMode"] = "Indexed".into();
    bench.create(object);
    bench.seconds(5);
    assert_eq!(bench.pods().len(), 0);
    assert_eq!(bench.events(), ["NotSimulated 1"]);
}

/// Enough to show that nothing is left behind; more would only be slow where nothing is optimized.
const MANY: usize = 100;

#[test]
fn many_jobs_end_and_are_removed() {
    let mut bench = Bench::new(Script::default());
    for number in 0..MANY {
        let mut object = job();
        object["metadata"]["name"] = format!("job-{number}").into();
        object["spec"]["ttlSecondsAfterFinished"] = 60.into();
        bench.create(object);
        bench.millis(7);
    }
    bench.seconds(10);
    let completed = bench.world.store.list(Kind::Job, None).filter(|job| job["status"]["succeeded"] == 1);
    assert_eq!(completed.count(), MANY);
    bench.seconds(100);
    assert_eq!(bench.world.store.list(Kind::Job, None).count(), 0);
    assert_eq!(bench.pods().len(), 0);
    assert_eq!(bench.world.next_deadline(), None, "nobody waits for anything");
}
