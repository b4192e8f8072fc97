//! What a pod does when nobody disturbs it.

use std::time::Duration;

use shared_json::{list, object};

use crate::controllers::tests::bench::{
    Bench, conditions, exits, fails_to_start, job, pod_summary, script, until_told,
};
use crate::history::Actor;
use crate::kind::Kind;
use crate::kubelet::{ContainerScript, Run, Script};
use crate::object;

/// Every state of the pod that the kubelet wrote.
fn told(bench: &mut Bench) -> Vec<String> {
    let writes = bench.writes();
    let own = writes.iter().filter(|change| change.kind == Kind::Pod && change.actor == Actor::Kubelet);
    own.map(|change| pod_summary(&change.object)).collect()
}

fn sidecar() -> shared_json::Value {
    object! { "name": "proxy", "image": "proxy:1", "restartPolicy": "Always" }
}

#[test]
fn a_pod_runs_to_its_end() {
    let mut bench = Bench::new(script([("agent", exits(2, 0))]));
    bench.create(job());
    bench.seconds(10);
    assert_eq!(
        told(&mut bench),
        [
            "Pending init=PodInitializing agent=PodInitializing container-0=PodInitializing",
            "Pending init=running agent=PodInitializing container-0=PodInitializing",
            "Pending init=Completed:0 agent=PodInitializing container-0=PodInitializing",
            "Running init=Completed:0 agent=running container-0=running",
            "Running init=Completed:0 agent=running container-0=Completed:0",
            "Succeeded init=Completed:0 agent=Completed:0 container-0=Completed:0",
        ]
    );
    let pod = bench.pod();
    assert_eq!(conditions(&pod), ["Initialized=PodCompleted", "PodScheduled"]);
    assert_eq!(object::generation(&pod), 1, "a binding is no change of what was asked for");
    for key in ["hostIP", "podIP", "startTime", "qosClass"] {
        assert!(pod["status"][key].is_string(), "{key}");
    }
}

/// lifecycle 1.3, rule 1: one container that cannot start keeps the phase at `Pending` while the agent runs.
#[test]
fn a_pod_is_pending_while_any_container_waits() {
    let mut bench = Bench::new(script([
        ("agent", until_told()),
        ("container-0", fails_to_start("ErrImagePull", Some(15))),
    ]));
    bench.create(job());
    bench.seconds(1);
    assert_eq!(pod_summary(&bench.pod()), "Pending init=Completed:0 agent=running container-0=ErrImagePull");
    bench.seconds(4);
    assert_eq!(
        pod_summary(&bench.pod()),
        "Pending init=Completed:0 agent=running container-0=ImagePullBackOff"
    );
    bench.seconds(6);
    assert_eq!(pod_summary(&bench.pod()), "Pending init=Completed:0 agent=running container-0=ErrImagePull");
    bench.seconds(22);
    assert_eq!(pod_summary(&bench.pod()), "Running init=Completed:0 agent=running container-0=Completed:0");
}

#[test]
fn other_failures_to_start_keep_their_reason() {
    for reason in ["InvalidImageName", "CreateContainerConfigError", "ErrImageNeverPull"] {
        let mut bench = Bench::new(script([("init", fails_to_start(reason, None))]));
        bench.create(job());
        bench.seconds(500);
        let want = format!("Pending init={reason} agent=PodInitializing container-0=PodInitializing");
        assert_eq!(pod_summary(&bench.pod()), want);
    }
}

#[test]
fn sidecars_run_beside_and_stop_after_the_others() {
    let mut bench = Bench::new(script([("agent", exits(3, 7))]));
    let mut object = job();
    object["spec"]["template"]["spec"]["initContainers"] = list![sidecar()];
    bench.create(object);
    bench.seconds(10);
    assert_eq!(
        bench.ran(),
        [
            "0 proxy started",
            "0 container-0 started",
            "0 agent started",
            "1 container-0 ended 0",
            "3 agent ended 7",
            "3 proxy ended 0 by PodEnded",
        ]
    );
    assert_eq!(pod_summary(&bench.pod()), "Failed proxy=Completed:0 agent=Error:7 container-0=Completed:0");
}

#[test]
fn a_failed_init_container_ends_a_sidecar_before_it() {
    let mut bench = Bench::new(script([("init", exits(1, 1))]));
    let mut object = job();
    object["spec"]["template"]["spec"]["initContainers"] =
        list![sidecar(), object! { "name": "init", "image": "a:1" }];
    bench.create(object);
    bench.seconds(10);
    assert_eq!(
        bench.ran(),
        ["0 proxy started", "0 init started", "1 init ended 1", "1 proxy ended 0 by PodEnded"]
    );
    assert_eq!(
        pod_summary(&bench.pod()),
        "Failed proxy=Completed:0 init=Error:1 agent=PodInitializing container-0=PodInitializing"
    );
}

#[test]
fn a_sidecar_that_ends_early_is_started_again() {
    let mut bench = Bench::new(script([("proxy", exits(1, 1)), ("agent", until_told())]));
    let mut object = job();
    object["spec"]["template"]["spec"]["initContainers"] = list![sidecar()];
    bench.create(object);
    bench.seconds(4);
    let status = |bench: &Bench| bench.pod()["status"]["initContainerStatuses"][0].clone();
    assert_eq!(status(&bench)["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(status(&bench)["restartCount"], 1);
    bench.seconds(60);
    assert!(status(&bench)["restartCount"].as_u64().unwrap() >= 2);
}

#[test]
fn a_restart_policy_is_obeyed() {
    let mut bench = Bench::new(script([("container-0", exits(1, 1))]));
    let mut object = job();
    object["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure".into();
    bench.create(object);
    bench.seconds(4);
    let pod = bench.pod();
    assert_eq!(pod["status"]["containerStatuses"][1]["restartCount"], 1);
    assert_eq!(pod["status"]["phase"], "Running");
}

#[test]
fn an_unschedulable_pod_says_so() {
    let mut bench = Bench::new(Script { bind_after: None, ..Script::default() });
    bench.create(job());
    bench.seconds(100);
    let pod = bench.pod();
    assert_eq!(pod["status"]["phase"], "Pending");
    let condition = &pod["status"]["conditions"][0];
    assert_eq!(condition["type"], "PodScheduled");
    assert_eq!(condition["reason"], "Unschedulable");
    assert!(bench.ran().is_empty());
}

#[test]
fn a_late_binding_is_late() {
    let mut bench = Bench::new(Script { bind_after: Some(Duration::from_secs(30)), ..Script::default() });
    bench.create(job());
    bench.seconds(29);
    assert_eq!(object::text(&bench.pod(), &["spec", "nodeName"]), "");
    bench.seconds(2);
    assert_ne!(object::text(&bench.pod(), &["spec", "nodeName"]), "");
}

#[test]
fn containers_may_say_why_they_ended() {
    let run = Run::Exits {
        after: Duration::from_secs(1),
        code: 128,
        reason: Some("StartError".to_owned()),
        message: "exec: no such file".to_owned(),
    };
    let mut bench = Bench::new(script([("container-0", ContainerScript::new(run))]));
    bench.create(job());
    bench.seconds(5);
    let ended = &bench.pod()["status"]["containerStatuses"][1]["state"]["terminated"];
    assert_eq!(ended["reason"], "StartError");
    assert_eq!(ended["message"], "exec: no such file");
}

#[test]
fn logs_are_kept_until_the_pod_is_gone() {
    let mut bench = Bench::new(script([("agent", until_told())]));
    bench.create(job());
    let log = |bench: &Bench, uid: &str| bench.world.kubelet.log(uid, "agent").map(<[u8]>::to_vec);
    bench.millis(30);
    let uid = bench.pod_uid();
    assert_eq!(log(&bench, &uid), None);
    bench.seconds(1);
    bench.world.kubelet.append_log(&uid, "agent", b"one\n");
    bench.world.kubelet.append_log(&uid, "agent", b"two\n");
    assert_eq!(log(&bench, &uid).unwrap(), b"one\ntwo\n");
    bench.exit("agent", 0);
    bench.delete(Kind::Job, "job", &crate::deletion::DeleteOptions::background());
    bench.seconds(5);
    assert_eq!(log(&bench, &uid), None);
}

#[test]
fn two_runs_of_one_seed_are_alike() {
    let run = || {
        let mut bench = Bench::new(script([("agent", exits(2, 1))]));
        bench.create(job());
        bench.seconds(20);
        let writes = bench.writes();
        let lines: Vec<String> =
            writes.iter().map(|change| format!("{} {} {}", change.at, change.actor, change.object)).collect();
        (lines, bench.ran())
    };
    assert_eq!(run(), run());
}
