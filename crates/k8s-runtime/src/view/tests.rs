//! Objects as the API server writes them.

use serde_json::{Value, json};

use super::*;

const UUID: &str = "0198aa03-0000-7000-8000-0000000000b1";

fn job(object: Value) -> JobView {
    // Through text, as it comes from the wire.
    serde_json::from_str(&object.to_string()).unwrap()
}

fn pod(object: Value) -> PodView {
    serde_json::from_str(&object.to_string()).unwrap()
}

#[test]
fn a_job_keeps_what_decisions_need() {
    let view = job(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "buildkite-1", "uid": "u-1", "resourceVersion": "42",
            "creationTimestamp": "2026-09-02T08:15:00Z",
            "labels": {"buildkite.com/job-uuid": UUID, "buildkite.com/controller-id": "ci", "app": "x"},
            "annotations": {"buildkite.com/queue": "linux", "buildkite.com/pipeline-slug": "shop",
                            "buildkite.com/verdict-sent": "no-pod", "huge": "x".repeat(100_000)},
            "managedFields": [{"manager": "m", "fieldsV1": {}}]
        },
        "spec": {"suspend": true, "activeDeadlineSeconds": 21600, "template": {"spec": {"containers": []}}},
        "status": {"active": 1, "ready": 0, "terminating": 2, "startTime": "2026-09-02T08:15:01Z",
                   "uncountedTerminatedPods": {"failed": ["a"], "succeeded": ["b", "c"]},
                   "conditions": [{"type": "Complete", "status": "False"},
                                  {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}]}
    }));
    assert_eq!(
        (view.name.as_str(), view.uid.as_str(), view.resource_version.as_str()),
        ("buildkite-1", "u-1", "42")
    );
    assert_eq!(view.job_uuid.unwrap().to_string(), UUID);
    assert_eq!(view.controller_id.as_deref(), Some("ci"));
    assert_eq!((view.queue.as_deref(), view.pipeline_slug.as_deref()), (Some("linux"), Some("shop")));
    assert_eq!(view.verdict_sent.as_deref(), Some("no-pod"));
    assert!(view.suspended && view.is_finished() && view.has_pods());
    assert_eq!((view.active, view.terminating, view.uncounted), (1, 2, 3));
    assert_eq!(view.condition("Failed").unwrap().reason.as_deref(), Some("DeadlineExceeded"));
    assert!(view.condition("Complete").is_none());
}

/// lifecycle L7
#[test]
fn only_a_true_terminal_condition_finishes_a_job() {
    let finished = |conditions: Value| {
        job(json!({"status": {"succeeded": 1, "completionTime": "2026-09-02T08:15:00Z", "conditions": conditions}}))
            .is_finished()
    };
    for kind in ["Complete", "Failed"] {
        assert!(finished(json!([{"type": kind, "status": "True"}])));
        assert!(!finished(json!([{"type": kind, "status": "False"}])));
        assert!(!finished(json!([{"type": kind, "status": "Unknown"}])));
    }
    for kind in ["SuccessCriteriaMet", "FailureTarget", "Suspended"] {
        assert!(!finished(json!([{"type": kind, "status": "True"}])));
    }
}

#[test]
fn a_bare_object_is_an_empty_view() {
    for object in
        [json!({}), json!({"metadata": {"labels": null, "annotations": null, "ownerReferences": null}})]
    {
        assert_eq!(job(object.clone()), JobView::default());
        assert_eq!(pod(object), PodView::default());
    }
    let foreign = job(json!({"metadata": {"labels": {"buildkite.com/job-uuid": "not a uuid"}}}));
    assert_eq!(foreign.job_uuid, None);
}

/// lifecycle C40, X24
#[test]
fn a_pod_joins_spec_and_status() {
    let view = pod(json!({
        "metadata": {"name": "p", "uid": "u-2", "labels": {"buildkite.com/job-uuid": UUID},
                     "ownerReferences": [{"kind": "Job", "uid": "u-1", "controller": true}],
                     "deletionTimestamp": "2026-09-02T08:16:00Z"},
        "spec": {"nodeName": "n1", "terminationGracePeriodSeconds": 60,
                 "initContainers": [{"name": "first", "image": "a"},
                                    {"name": "side", "image": "b", "restartPolicy": "Always"},
                                    {"name": "last", "image": "c"}],
                 "containers": [{"name": "agent", "image": "d"},
                                {"name": "app", "image": "e", "command": ["/workspace/tini-static"],
                                 "args": ["--", "/workspace/buildkite-agent", "kubernetes-bootstrap"]},
                                {"name": "my-container-1-proxy", "image": "f", "args": ["--serve"]}]},
        "status": {"phase": "Pending", "initContainerStatuses": [
                {"name": "last", "restartCount": 0, "state": {}},
                {"name": "first", "state": {"terminated": {"exitCode": 3, "reason": "Error", "message": "tail",
                                                            "finishedAt": "2026-09-02T08:15:30Z"}}},
                {"name": "side", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
            "containerStatuses": [{"name": "agent", "state": {"running": {"startedAt": "2026-09-02T08:15:40Z"}}}]}
    }));
    assert_eq!(view.owner_job_uid.as_deref(), Some("u-1"));
    assert!(view.deletion_timestamp.is_some());
    let kinds: Vec<_> = view.containers.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    use ContainerKind::{Init, Main, Sidecar};
    assert_eq!(
        kinds,
        [
            ("first", Init),
            ("side", Sidecar),
            ("last", Init),
            ("agent", Main),
            ("app", Main),
            ("my-container-1-proxy", Main)
        ]
    );
    let ours: Vec<_> = view.containers.iter().filter(|c| c.bootstraps).map(|c| c.name.as_str()).collect();
    assert_eq!(ours, ["app"], "told by what it runs, never by its name");
    let started: Vec<_> = view.containers.iter().map(ContainerView::has_started).collect();
    assert_eq!(started, [true, true, false, true, false, false]);
    let state = |name| &view.container(name).unwrap().state;
    assert!(matches!(state("first"), ContainerState::Terminated { exit_code: 3, .. }));
    assert!(matches!(state("last"), ContainerState::Waiting { reason: None, .. }));
    assert!(matches!(state("agent"), ContainerState::Running { .. }));
    assert_eq!(*state("app"), ContainerState::Unknown);
}
