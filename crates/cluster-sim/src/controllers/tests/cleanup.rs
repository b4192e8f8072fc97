//! What becomes of Jobs, pods and what they own.

use shared_json::{Text, Value, list, object};

use super::bench::{Bench, NAMESPACE, job, pod_summary, script, until_told};
use crate::deletion::{DeleteOptions, Propagation};
use crate::history::{Actor, Verb};
use crate::kind::Kind;
use crate::kubelet::Script;
use crate::object;

fn running() -> Bench {
    let mut bench = Bench::new(script([("agent", until_told())]));
    bench.create(job());
    bench.millis(500);
    bench.writes();
    bench
}

fn with(propagation: Propagation) -> DeleteOptions {
    DeleteOptions { propagation: Some(propagation), ..DeleteOptions::default() }
}

/// What was removed, and by whom.
fn removed(bench: &mut Bench) -> Vec<String> {
    let writes = bench.writes();
    let removed = writes.iter().filter(|change| change.verb == Verb::Deleted);
    removed.map(|change| format!("{} by {}", change.kind.name(), change.actor)).collect()
}

#[test]
fn a_finished_job_goes_after_its_time() {
    let mut bench = Bench::new(Script::default());
    let mut object = job();
    object["spec"]["ttlSecondsAfterFinished"] = 60.into();
    bench.create(object);
    bench.seconds(60);
    assert!(bench.job().is_some());
    bench.writes();
    bench.seconds(3);
    assert!(bench.job().is_none());
    // The pod goes first, for the deletion is in the foreground.
    assert_eq!(removed(&mut bench), ["Pod by garbage-collector", "Job by garbage-collector"]);
}

#[test]
fn time_to_live_may_change_before_it_is_over() {
    let mut bench = Bench::new(Script::default());
    let mut object = job();
    object["spec"]["ttlSecondsAfterFinished"] = 60.into();
    bench.create(object);
    bench.seconds(30);
    bench.edit_job(|job| job["spec"]["ttlSecondsAfterFinished"] = 600.into());
    bench.seconds(300);
    assert!(bench.job().is_some());
    bench.seconds(310);
    assert!(bench.job().is_none());
}

#[test]
fn background_deletion_takes_the_job_first() {
    let mut bench = running();
    bench.delete(Kind::Job, "job", &with(Propagation::Background));
    assert!(bench.job().is_none());
    bench.seconds(1);
    assert!(object::is_deleting(&bench.pod()), "the pod has its grace");
    bench.exit("agent", 0);
    bench.seconds(1);
    assert_eq!(bench.pods().len(), 0);
    assert_eq!(removed(&mut bench), ["Job by operator", "Pod by kubelet"]);
}

#[test]
fn foreground_deletion_takes_the_pods_first() {
    let mut bench = running();
    bench.delete(Kind::Job, "job", &with(Propagation::Foreground));
    bench.seconds(1);
    assert!(object::is_deleting(&bench.job().unwrap()));
    assert!(object::is_deleting(&bench.pod()));
    bench.seconds(30);
    assert_eq!(removed(&mut bench), ["Pod by kubelet", "Job by garbage-collector"]);
}

#[test]
fn orphans_stay() {
    let mut bench = running();
    bench.delete(Kind::Job, "job", &with(Propagation::Orphan));
    bench.seconds(1);
    assert!(bench.job().is_none());
    let pod = bench.pod();
    assert!(pod["metadata"].get("ownerReferences").is_none());
    assert!(!object::is_deleting(&pod));
    assert!(!object::has_finalizers(&pod), "nobody will count it");
    assert_eq!(pod_summary(&pod), "Running init=Completed:0 agent=running container-0=Completed:0");
}

fn secret(name: &str, owners: Value) -> Value {
    object! {
        "apiVersion": "v1", "kind": "Secret",
        "metadata": object! { "name": Text::copied(name), "namespace": NAMESPACE, "ownerReferences": owners },
    }
}

fn reference(name: &str, uid: &str) -> Value {
    object! { "apiVersion": "batch/v1", "kind": "Job", "name": Text::copied(name), "uid": Text::copied(uid) }
}

#[test]
fn what_has_no_owner_left_goes() {
    let mut bench = running();
    let job_uid = object::uid(&bench.job().unwrap()).to_owned();
    let nobody = "00000000-0000-4000-8000-000000000000";
    bench.create(secret("owned", list![reference("job", &job_uid)]));
    bench.create(secret("half", list![reference("job", &job_uid), reference("nobody", nobody)]));
    bench.create(secret("never", list![reference("nobody", nobody)]));
    bench.create(secret("misnamed", list![reference("other", &job_uid)]));
    bench.create(secret("free", list![]));
    bench.seconds(1);
    let names = |bench: &Bench| -> Vec<String> {
        let list = bench.world.store.list(Kind::Secret, Some(NAMESPACE));
        list.map(|secret| object::name(secret).to_owned()).collect()
    };
    assert_eq!(names(&bench), ["free", "half", "owned"]);
    let half = bench.world.store.get(Kind::Secret, NAMESPACE, "half").unwrap();
    assert_eq!(half["metadata"]["ownerReferences"].as_array().unwrap().len(), 1);
    bench.delete(Kind::Job, "job", &with(Propagation::Background));
    bench.seconds(1);
    assert_eq!(names(&bench), ["free"]);
}

#[test]
fn an_event_is_kept_for_an_hour() {
    let mut bench = Bench::new(Script { bind_after: None, ..Script::default() });
    bench.create(job());
    bench.seconds(3_500);
    assert_eq!(bench.events(), ["FailedScheduling 1"]);
    bench.seconds(200);
    assert_eq!(bench.events(), Vec::<String>::new());
}

#[test]
fn a_pod_without_a_node_goes_at_once() {
    let mut bench = Bench::new(Script { bind_after: None, ..Script::default() });
    bench.create(job());
    bench.seconds(1);
    let pod = bench.pod();
    bench.delete(Kind::Pod, object::name(&pod), &DeleteOptions::default());
    bench.millis(50);
    assert_eq!(bench.pods().len(), 0);
    let writes = bench.writes();
    let last = writes.iter().rfind(|change| change.kind == Kind::Pod).unwrap();
    assert_eq!((last.verb, &last.actor), (Verb::Deleted, &Actor::JobController));
}
