//! What a pod does when it is disturbed.

use crate::controllers::tests::bench::{
    Bench, conditions, exits, fails_to_start, job, pod_summary, script, until_told,
};
use crate::history::{Actor, Verb};
use crate::kind::Kind;
use crate::kubelet::{Interference, Script};
use crate::object;

/// A pod whose containers run until told, half a second after its start.
fn running() -> Bench {
    let mut bench = Bench::new(script([("agent", until_told()), ("container-0", until_told())]));
    bench.create(job());
    bench.millis(500);
    bench.ran();
    bench
}

#[test]
fn deletion_asks_then_kills() {
    let mut bench = running();
    bench.interfere(Interference::DeletedByThirdParty { force: false });
    let told = bench.signals();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].grace.as_secs(), 30);
    bench.exit("agent", 0);
    bench.seconds(31);
    assert_eq!(bench.ran(), ["0 agent ended 0 by Deletion", "30 container-0 ended 137 by Deletion"]);
    assert_eq!(bench.pods().len(), 0);
}

#[test]
fn scripted_containers_obey_at_once() {
    let mut bench = Bench::new(script([("agent", exits(100, 0)), ("container-0", exits(100, 0))]));
    bench.create(job());
    bench.millis(500);
    bench.ran();
    bench.interfere(Interference::DeletedByThirdParty { force: false });
    bench.seconds(1);
    assert_eq!(bench.ran(), ["0 container-0 ended 143 by Deletion", "0 agent ended 143 by Deletion"]);
    assert_eq!(bench.pods().len(), 0);
    let writes = bench.writes();
    let mut phases = writes.iter().filter(|it| it.kind == Kind::Pod).map(|it| &it.object["status"]["phase"]);
    assert_eq!(phases.next_back().unwrap(), "Failed", "the last word before the end");
}

#[test]
fn force_removes_the_object_before_the_processes() {
    let mut bench = running();
    let uid = bench.pod_uid();
    bench.interfere(Interference::DeletedByThirdParty { force: true });
    bench.millis(100);
    // The Job's finalizer goes, and with it the object.
    assert_eq!(bench.pods().len(), 0);
    assert!(bench.ran().is_empty());
    assert_eq!(bench.signals().len(), 2);
    bench.seconds(2);
    assert_eq!(
        bench.ran(),
        [
            "1 container-0 ended 137 by Deletion without its object",
            "1 agent ended 137 by Deletion without its object"
        ]
    );
    assert_eq!(bench.world.kubelet.log(&uid, "agent"), None, "all is forgotten");
}

#[test]
fn a_pod_deleted_before_it_starts_never_runs() {
    let mut bench = Bench::new(script([("init", fails_to_start("ErrImagePull", None))]));
    bench.create(job());
    bench.seconds(1);
    bench.interfere(Interference::DeletedByThirdParty { force: false });
    bench.seconds(1);
    assert_eq!(bench.pods().len(), 0);
    bench.seconds(400);
    assert!(bench.ran().is_empty());
}

#[test]
fn a_container_that_never_ran_is_unknown_after_deletion() {
    let mut bench =
        Bench::new(script([("agent", until_told()), ("container-0", fails_to_start("ErrImagePull", None))]));
    bench.create(job());
    bench.seconds(1);
    bench.interfere(Interference::DeletedByThirdParty { force: false });
    bench.exit("agent", 0);
    bench.writes();
    bench.seconds(1);
    let writes = bench.writes();
    let last = writes.iter().rfind(|it| it.kind == Kind::Pod && it.verb == Verb::Modified).unwrap();
    assert_eq!(
        pod_summary(&last.object),
        "Failed init=Completed:0 agent=Completed:0 container-0=ContainerStatusUnknown:137"
    );
}

#[test]
fn memory_kills_one_container() {
    let mut bench = running();
    bench.interfere(Interference::OomKill { container: "container-0".to_owned() });
    bench.seconds(1);
    assert_eq!(pod_summary(&bench.pod()), "Running init=Completed:0 agent=running container-0=OOMKilled:137");
    assert_eq!(bench.ran(), ["0 container-0 ended 137 by OutOfMemory"]);
}

#[test]
fn preemption_deletes_with_grace() {
    let mut bench = running();
    bench.interfere(Interference::Preempt);
    bench.millis(10);
    let pod = bench.pod();
    assert!(object::is_deleting(&pod));
    assert!(conditions(&pod).contains(&"DisruptionTarget=PreemptionByScheduler".to_owned()));
    assert_eq!(bench.signals().len(), 2);
    bench.seconds(31);
    assert_eq!(bench.pods().len(), 0);
}

#[test]
fn a_silent_node_keeps_its_pods_until_it_is_back() {
    let mut bench = running();
    let ready = |bench: &Bench| conditions(&bench.pod()).contains(&"Ready".to_owned());
    bench.interfere(Interference::NodeLost);
    bench.seconds(39);
    assert!(ready(&bench));
    bench.seconds(2);
    assert!(!ready(&bench));
    bench.seconds(298);
    assert!(!object::is_deleting(&bench.pod()));
    bench.seconds(2);
    let pod = bench.pod();
    assert!(object::is_deleting(&pod));
    assert!(conditions(&pod).contains(&"DisruptionTarget=DeletionByTaintManager".to_owned()));
    bench.seconds(3_600);
    assert_eq!(bench.pods().len(), 1, "nobody carries the deletion out");
    assert!(bench.ran().is_empty(), "and the containers run on");
    assert!(bench.signals().is_empty());
    bench.interfere(Interference::NodeBack);
    assert_eq!(bench.signals().len(), 2);
    bench.seconds(31);
    assert_eq!(bench.pods().len(), 0);
}

#[test]
fn a_node_that_comes_back_in_time_changes_nothing() {
    let mut bench = running();
    bench.interfere(Interference::NodeLost);
    bench.seconds(60);
    bench.interfere(Interference::NodeBack);
    bench.seconds(600);
    assert!(conditions(&bench.pod()).contains(&"Ready".to_owned()));
    assert!(bench.ran().is_empty());
}

#[test]
fn a_lost_pod_removed_by_force_runs_on() {
    let mut bench = running();
    let uid = bench.pod_uid();
    bench.interfere(Interference::NodeLost);
    bench.interfere(Interference::DeletedByThirdParty { force: true });
    bench.seconds(100);
    assert_eq!(bench.pods().len(), 0);
    assert!(bench.ran().is_empty());
    bench.interfere_with(&uid, Interference::NodeBack);
    assert_eq!(bench.ran().len(), 2);
}

#[test]
fn a_removed_node_takes_its_pods() {
    let mut bench = running();
    bench.interfere(Interference::NodeRemoved);
    assert_eq!(bench.ran().len(), 2);
    bench.seconds(39);
    assert_eq!(pod_summary(&bench.pod()), "Running init=Completed:0 agent=running container-0=running");
    bench.writes();
    bench.seconds(2);
    assert_eq!(bench.pods().len(), 0);
    let writes = bench.writes();
    let failed = writes.iter().find(|it| it.kind == Kind::Pod).unwrap();
    assert_eq!(
        (&failed.object["status"]["phase"], &failed.actor),
        (&"Failed".into(), &Actor::GarbageCollector)
    );
}

#[test]
fn a_pod_may_have_a_deadline_of_its_own() {
    let mut bench = Bench::new(script([("agent", until_told())]));
    let mut object = job();
    object["spec"]["template"]["spec"]["activeDeadlineSeconds"] = 10.into();
    bench.create(object);
    bench.seconds(9);
    assert!(bench.signals().is_empty());
    bench.seconds(2);
    assert_eq!(bench.signals().len(), 1);
    bench.exit("agent", 0);
    bench.seconds(1);
    assert_eq!(
        pod_summary(&bench.pod()),
        "Failed/DeadlineExceeded init=Completed:0 agent=Completed:0 container-0=Completed:0"
    );
}

#[test]
fn trouble_can_be_part_of_the_script() {
    let later = vec![(std::time::Duration::from_secs(5), Interference::Evict)];
    let mut bench = Bench::new(Script { later, ..script([("agent", until_told())]) });
    bench.create(job());
    bench.seconds(4);
    assert_eq!(bench.pod()["status"]["phase"], "Running");
    bench.seconds(2);
    assert_eq!(bench.pod()["status"]["reason"], "Evicted");
}

/// A node takes all of its pods with it, and gets no new ones once it is known to be silent.
#[test]
fn a_node_is_lost_with_its_pods_and_comes_back() {
    let mut bench = Bench::new(script([("agent", until_told())]));
    let named = |bench: &mut Bench, name: &'static str| {
        let mut job = job();
        job["metadata"]["name"] = name.into();
        bench.create(job);
        bench.millis(500);
    };
    for name in ["a", "b", "c", "d", "e"] {
        named(&mut bench, name);
    }
    let node = |bench: &Bench, name: &str| {
        let pods = bench.pods();
        let pod = pods.iter().find(|pod| object::name(pod).starts_with(&format!("{name}-"))).unwrap();
        (pod["spec"]["nodeName"].clone(), pod["status"]["phase"].clone())
    };
    assert_eq!(node(&bench, "a").0, node(&bench, "e").0, "five pods on four nodes");
    bench.lose_node(0);
    for name in ["f", "g", "h", "i"] {
        named(&mut bench, name);
    }
    assert_eq!(node(&bench, "i"), ("node-1".into(), "Pending".into()), "nobody knows yet that it is silent");
    bench.seconds(41);
    for name in ["j", "k", "l", "m"] {
        named(&mut bench, name);
    }
    assert_eq!(node(&bench, "m").0, "node-2", "by now everybody does");
    bench.return_node(0);
    bench.millis(500);
    assert_eq!(node(&bench, "i"), ("node-1".into(), "Running".into()), "what it missed is carried out");
}
