//! The controller's Kubernetes crate against a real API server, with the controller's rights.

use std::time::Duration;

use e2e_tests::namespace::Namespace;
use e2e_tests::testbed::Testbed;
use futures::{Stream, StreamExt as _};
use k8s_runtime::{
    AccessRule, CreateOutcome, DeleteOutcome, JobView, Options, Propagation, Runtime, WatchEvent,
};
use serde_json::{Value, json};
use uuid::Uuid;

const WITHIN: Duration = Duration::from_secs(30);

/// A namespace and a runtime in it that may do what the controller may.
pub(crate) async fn connect(testbed: &Testbed, name: &str) -> (Namespace, Runtime) {
    let namespace = Namespace::create(testbed, name, "token").await.expect("the namespace can be made");
    let options = Options { kubeconfig: Some(namespace.kubeconfig().to_owned()), ..Options::default() };
    let runtime = Runtime::connect(&options).await.expect("the kubeconfig is good");
    (namespace, runtime)
}

/// A Job of controller `test` that the Job controller leaves alone.
fn job(uuid: Uuid) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": format!("buildkite-{uuid}"),
            "labels": {
                "buildkite.com/job-uuid": uuid.to_string(),
                "buildkite.com/controller-id": "test",
            },
        },
        "spec": {
            "suspend": true,
            "backoffLimit": 0,
            "template": { "spec": {
                "restartPolicy": "Never",
                "containers": [{ "name": "agent", "image": "busybox:1.36" }],
            } },
        },
    })
}

/// Creates a Job and returns its name and UID.
pub(crate) async fn create(runtime: &Runtime, uuid: Uuid) -> (String, String) {
    match runtime.create_job(&job(uuid)).await {
        CreateOutcome::Created { uid } => (format!("buildkite-{uuid}"), uid),
        other => panic!("{other:?}"),
    }
}

/// lifecycle D4 starts from this answer: the name is taken, and a live read says by whom.
#[tokio::test]
async fn a_second_create_is_a_conflict_and_a_bad_job_is_invalid() {
    let (testbed, _order) = Testbed::shared().await;
    let (namespace, runtime) = connect(&testbed, "create").await;
    let uuid = Uuid::new_v4();
    let (name, uid) = create(&runtime, uuid).await;
    assert_eq!(runtime.create_job(&job(uuid)).await, CreateOutcome::AlreadyExists);
    let found = runtime.get_job(&name).await.unwrap().expect("it exists");
    assert_eq!((found.uid, found.job_uuid), (uid, Some(uuid)));

    let mut bad = job(Uuid::new_v4());
    bad["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] =
        json!([{ "name": "nowhere", "mountPath": "/x" }]);
    match runtime.create_job(&bad).await {
        CreateOutcome::Invalid { causes, .. } => {
            let fields: Vec<&str> = causes.iter().map(|cause| cause.field.as_str()).collect();
            assert_eq!(fields, ["spec.template.spec.containers[0].volumeMounts[0].name"]);
        }
        other => panic!("{other:?}"),
    }
    namespace.delete().await.unwrap();
}

/// An object that was replaced is not the one that was decided about.
#[tokio::test]
async fn a_delete_with_another_uid_is_refused() {
    let (testbed, _order) = Testbed::shared().await;
    let (namespace, runtime) = connect(&testbed, "delete").await;
    let (name, uid) = create(&runtime, Uuid::new_v4()).await;
    let other = Uuid::new_v4().to_string();
    let refused = runtime.delete_job(&name, &other, Propagation::Background).await;
    assert!(matches!(refused, DeleteOutcome::OtherUid), "{refused:?}");
    assert!(runtime.get_job(&name).await.unwrap().is_some(), "it was left alone");
    let deleted = runtime.delete_job(&name, &uid, Propagation::Background).await;
    assert!(matches!(deleted, DeleteOutcome::Deleted), "{deleted:?}");
    let again = runtime.delete_job(&name, &uid, Propagation::Background).await;
    assert!(matches!(again, DeleteOutcome::Gone), "{again:?}");
    namespace.delete().await.unwrap();
}

/// The role of controller-config 12.4 as the API server understands it.
#[tokio::test]
async fn the_rights_are_those_of_the_role() {
    let (testbed, _order) = Testbed::shared().await;
    let (namespace, runtime) = connect(&testbed, "rights").await;
    let cases = [
        (AccessRule::new("batch", "jobs", "create"), true),
        (AccessRule::new("batch", "jobs", "deletecollection"), false),
        (AccessRule::new("", "pods", "delete"), true),
        (AccessRule::new("", "pods", "create"), false),
        (AccessRule::new("", "secrets", "list"), false),
        (AccessRule::new("", "secrets", "get"), false),
        (AccessRule::new("", "secrets", "get").named("buildkite-agent-token"), true),
        (AccessRule::new("coordination.k8s.io", "leases", "update"), true),
    ];
    let rules: Vec<AccessRule> = cases.iter().map(|(rule, _)| rule.clone()).collect();
    let reviews = runtime.check_access(&rules).await.unwrap();
    for (review, (rule, allowed)) in reviews.iter().zip(&cases) {
        assert_eq!(review.allowed, *allowed, "{rule:?}: {}", review.reason);
    }
    namespace.delete().await.unwrap();
}

/// Takes events until one is as wanted.
pub(crate) async fn next<S>(events: &mut S, what: &str, wanted: impl Fn(&WatchEvent<JobView>) -> bool)
where
    S: Stream<Item = WatchEvent<JobView>> + Unpin,
{
    let mut seen = Vec::new();
    let found = tokio::time::timeout(3 * WITHIN, async {
        while let Some(event) = events.next().await {
            if wanted(&event) {
                return;
            }
            seen.push(format!("{event:?}"));
        }
    });
    if found.await.is_err() {
        panic!("{what} did not come; seen:\n{}", seen.join("\n"));
    }
}
