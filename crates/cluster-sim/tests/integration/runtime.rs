//! The stack's own client over the simulated API.

use cluster_sim::{Actor, Clock, Cluster, Kind, Options, Verb};
use futures::StreamExt as _;
use k8s_runtime::{AccessRule, CreateOutcome, DeleteOutcome, Propagation, Runtime, Selector, WatchEvent};
use serde_json::json;
use uuid::Uuid;

use crate::client::{job, start};

#[tokio::test(start_paused = true)]
async fn every_call_of_the_stack_works() {
    let options = Options { record: true, ..Options::default() };
    let cluster = Cluster::with_clock(options, Clock::tokio(start()));
    let timers = cluster.clone();
    let timers = tokio::spawn(async move { timers.run_timers().await });
    let runtime = Runtime::from_service(cluster.router(), "default");
    assert_eq!(runtime.server_version().await.unwrap().git_version, "v1.36.3");
    let reviews = runtime.check_access(&[AccessRule::new("batch", "jobs", "create")]).await.unwrap();
    assert!(reviews[0].allowed);

    let uuid = Uuid::from_u128(7);
    let mut job = job("buildkite-job");
    job["metadata"]["labels"] = json!({ "buildkite.com/job-uuid": uuid });
    job["spec"]["template"]["metadata"] = json!({ "labels": { "buildkite.com/job-uuid": uuid } });
    let mut watch = runtime.watch_jobs(&Selector::of_controller(None));
    assert!(matches!(watch.next().await, Some(WatchEvent::ListStarted)));
    assert!(matches!(watch.next().await, Some(WatchEvent::ListDone)));
    assert!(matches!(watch.next().await, Some(WatchEvent::Connected)));
    let CreateOutcome::Created { uid } = runtime.create_job(&job).await else { panic!("not created") };
    assert!(matches!(runtime.create_job(&job).await, CreateOutcome::AlreadyExists));
    assert!(matches!(watch.next().await, Some(WatchEvent::Applied(_))));

    let pods =
        cluster.until(|cluster| Some(cluster.objects(Kind::Pod, "default")).filter(|pods| !pods.is_empty()));
    let pod_uid = pods.await[0]["metadata"]["uid"].as_str().unwrap().to_owned();
    let pods = runtime.get_pods_of(uuid).await.unwrap();
    assert_eq!(pods.len(), 1);
    let events = runtime.events_for(&uid).await.unwrap();
    assert_eq!(events[0].reason, "SuccessfulCreate");
    let name = cluster.objects(Kind::Pod, "default")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let deleted = runtime.delete_pod(&name, "other", None).await;
    assert!(matches!(deleted, DeleteOutcome::OtherUid), "{deleted:?}");
    let deleted = runtime.delete_job("buildkite-job", "other", Propagation::Background).await;
    assert!(matches!(deleted, DeleteOutcome::OtherUid), "{deleted:?}");
    let deleted = runtime.delete_job("buildkite-job", &uid, Propagation::Background).await;
    assert!(matches!(deleted, DeleteOutcome::Deleted), "{deleted:?}");
    cluster.until(|cluster| cluster.objects(Kind::Pod, "default").is_empty().then_some(())).await;

    let history = cluster.drain_history();
    let ours = history.iter().filter(|change| matches!(change.actor, Actor::Client { .. }));
    let ours: Vec<(Kind, Verb, bool)> =
        ours.map(|change| (change.kind, change.verb, change.precondition)).collect();
    assert_eq!(ours, [(Kind::Job, Verb::Added, false), (Kind::Job, Verb::Deleted, true)]);
    assert!(history.iter().any(|change| change.object["metadata"]["uid"] == pod_uid.as_str()));
    timers.abort();
}
