//! Single calls against a scripted API server.

use crate::api_server::{Play, Seen, runtime};
use k8s_runtime::{AccessRule, CreateOutcome, DeleteOutcome, PatchOutcome, Propagation, SecretRead};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

fn answer(status: u16, body: &Value) -> Play {
    Play::Answer(status, body.to_string())
}

fn refusal(code: u16, reason: &str, message: &str, field: &str) -> Play {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                      "reason": reason, "message": message, "details": {"causes": [{"field": field}]}});
    answer(code, &body)
}

fn not_found() -> Play {
    refusal(404, "NotFound", "not found", "")
}

#[track_caller]
fn check_request(seen: &Seen, method: &str, uri: &str) {
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), (method, uri));
}

/// lifecycle L10
#[tokio::test(start_paused = true)]
async fn creates_are_sent_once_and_classified() {
    let created = json!({"metadata": {"uid": "u-1"}});
    let (runtime, log) = runtime({
        let created = created.clone();
        move |_| answer(201, &created)
    });
    let job = json!({"kind": "Job", "metadata": {"name": "bk-1"}});
    assert_eq!(runtime.create_job(&job).await, CreateOutcome::Created { uid: "u-1".to_owned() });
    let log = log.lock().unwrap();
    check_request(&log[0], "POST", "/apis/batch/v1/namespaces/ci/jobs");
    assert_eq!((log[0].content_type.as_str(), &log[0].body), ("application/json", &job));
}

/// lifecycle L10
#[tokio::test(start_paused = true)]
async fn a_create_without_an_answer_is_uncertain() {
    let started = Instant::now();
    for (lost, want) in [(Play::Silence, "gave up after 30s"), (Play::Broken, "connection reset")] {
        let mut lost = Some(lost);
        let (runtime, log) = runtime(move |_| lost.take().unwrap());
        let CreateOutcome::Uncertain { reason, .. } = runtime.create_job(&json!({})).await else { panic!() };
        assert!(reason.contains(want), "{reason}");
        assert_eq!(log.lock().unwrap().len(), 1, "one attempt");
    }
    assert_eq!(started.elapsed().as_secs(), 30);
}

/// lifecycle X7, X8
#[tokio::test(start_paused = true)]
async fn deletes_name_the_very_object() {
    let conflict = "Operation cannot be fulfilled on jobs.batch \"bk-1\": the UID in the precondition (u-1) does not match the UID in record (u-2). The object might have been deleted and then recreated";
    let precondition = "Precondition failed: UID in precondition: u-1, UID in object meta: u-2";
    for (play, want) in [
        (answer(200, &json!({"kind": "Status", "status": "Success"})), "Deleted"),
        (answer(202, &json!({"kind": "Job"})), "Deleted"),
        (not_found(), "Gone"),
        (refusal(409, "Conflict", conflict, ""), "OtherUid"),
        (refusal(409, "Conflict", precondition, ""), "OtherUid"),
        (refusal(409, "Conflict", "try again", ""), "Failed"),
        (refusal(403, "Forbidden", "no", ""), "Failed"),
        (Play::Broken, "Failed"),
    ] {
        let mut play = Some(play);
        let (runtime, log) = runtime(move |_| play.take().unwrap());
        let outcome = runtime.delete_job("bk-1", "u-1", Propagation::Background).await;
        assert!(format!("{outcome:?}").starts_with(want), "{outcome:?}");
        let log = log.lock().unwrap();
        check_request(&log[0], "DELETE", "/apis/batch/v1/namespaces/ci/jobs/bk-1");
        assert_eq!(log[0].body["preconditions"], json!({"uid": "u-1"}));
        assert_eq!(log[0].body["propagationPolicy"], "Background");
    }
}

#[tokio::test(start_paused = true)]
async fn pods_are_deleted_with_or_without_grace() {
    let (runtime, log) = runtime(|_| answer(200, &json!({})));
    for (grace, want) in [(Some(0), json!(0)), (None, Value::Null)] {
        assert!(matches!(runtime.delete_pod("p", "u-2", grace).await, DeleteOutcome::Deleted));
        let seen = log.lock().unwrap().pop().unwrap();
        check_request(&seen, "DELETE", "/api/v1/namespaces/ci/pods/p");
        assert_eq!(
            (&seen.body["gracePeriodSeconds"], &seen.body["preconditions"]["uid"]),
            (&want, &json!("u-2"))
        );
    }
}

/// lifecycle X7
#[tokio::test(start_paused = true)]
async fn patches_name_the_very_object() {
    let immutable = "Job.batch \"bk-1\" is invalid: metadata.uid: Invalid value: field is immutable";
    for (play, want) in [
        (answer(200, &json!({})), "Patched"),
        (not_found(), "Gone"),
        (
            refusal(
                409,
                "Conflict",
                "Precondition failed: UID in precondition: a, UID in object meta: b",
                "",
            ),
            "OtherUid",
        ),
        (refusal(422, "Invalid", immutable, "metadata.uid"), "OtherUid"),
        (refusal(422, "Invalid", "other", "spec"), "Failed"),
    ] {
        let mut play = Some(play);
        let (runtime, log) = runtime(move |_| play.take().unwrap());
        let outcome = runtime.annotate_job("bk-1", "u-1", "buildkite.com/verdict-sent", "no-pod").await;
        assert!(format!("{outcome:?}").starts_with(want), "{outcome:?}");
        let log = log.lock().unwrap();
        check_request(&log[0], "PATCH", "/apis/batch/v1/namespaces/ci/jobs/bk-1");
        assert_eq!(log[0].content_type, "application/merge-patch+json");
        let want =
            json!({"metadata": {"uid": "u-1", "annotations": {"buildkite.com/verdict-sent": "no-pod"}}});
        assert_eq!(log[0].body, want);
    }
    let (runtime, log) = runtime(|_| answer(200, &json!({})));
    let shortened = runtime.shorten_job_deadline("bk-1", "u-1", 1, "no-pod").await;
    assert!(matches!(shortened, PatchOutcome::Patched));
    let want = json!({
        "metadata": {"uid": "u-1", "annotations": {"buildkite.com/deadline-shortened": "no-pod"}},
        "spec": {"activeDeadlineSeconds": 1},
    });
    assert_eq!(log.lock().unwrap()[0].body, want);
}

#[tokio::test(start_paused = true)]
async fn live_reads_find_or_find_nothing() {
    let (found, _) = runtime(|_| answer(200, &json!({"metadata": {"name": "bk-1", "uid": "u-1"}})));
    assert_eq!(found.get_job("bk-1").await.unwrap().unwrap().uid, "u-1");
    let (missing, log) = runtime(|_| not_found());
    assert_eq!(missing.get_job("../secrets").await.unwrap(), None);
    assert_eq!(log.lock().unwrap()[0].uri, "/apis/batch/v1/namespaces/ci/jobs/..%2Fsecrets");
    assert_eq!(missing.get_pod_template("t").await.unwrap(), None);
    let (failing, _) = runtime(|_| refusal(403, "Forbidden", "no", ""));
    let error = failing.get_job("bk-1").await.unwrap_err();
    assert!(error.is_denied() && error.reason_label() == "Forbidden");
    assert_eq!(error.to_string(), "failed to get job `bk-1`: status 403 Forbidden: no");
}

#[tokio::test(start_paused = true)]
async fn pods_are_found_by_the_jobs_uuid() {
    let (runtime, log) = runtime(|_| answer(200, &json!({"items": [{"metadata": {"name": "p"}}]})));
    let uuid = Uuid::from_u128(7);
    assert_eq!(runtime.get_pods_of(uuid).await.unwrap()[0].name, "p");
    let want = format!("/api/v1/namespaces/ci/pods?labelSelector=buildkite.com%2Fjob-uuid%3D{uuid}");
    assert_eq!(log.lock().unwrap()[0].uri, want);
}

#[tokio::test(start_paused = true)]
async fn secrets_are_read_and_not_printed() {
    let (runtime, _) = runtime(|seen| match seen.uri.as_str() {
        "/api/v1/namespaces/ci/secrets/s" => {
            answer(200, &json!({"data": {"TOKEN": "czNjcmV0", "BAD": "%%"}}))
        }
        _ => not_found(),
    });
    let found = runtime.read_secret_key("s", "TOKEN").await.unwrap();
    assert!(!format!("{found:?}").contains("s3cret"));
    let SecretRead::Found(text) = found else { panic!() };
    assert_eq!(text.reveal(), "s3cret");
    for (name, key, want) in [
        ("s", "OTHER", SecretRead::NoKey),
        ("s", "BAD", SecretRead::NoKey),
        ("t", "TOKEN", SecretRead::NoSecret),
    ] {
        assert_eq!(runtime.read_secret_key(name, key).await.unwrap(), want);
    }
}

/// An unreadable Secret must not be quoted in an error.
#[tokio::test(start_paused = true)]
async fn unreadable_answers_are_not_repeated() {
    let (runtime, _) = runtime(|_| Play::Answer(200, r#"{"data": {"TOKEN": "czNjcmV0""#.to_owned()));
    let error = runtime.read_secret_key("s", "TOKEN").await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("czNj"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn rights_are_asked_for_one_by_one() {
    let (runtime, log) = runtime(|seen| {
        let allowed = seen.body["spec"]["resourceAttributes"]["verb"] == "get";
        answer(201, &json!({"status": {"allowed": allowed, "reason": "because"}}))
    });
    let rules =
        [AccessRule::new("", "secrets", "get").named("token"), AccessRule::new("batch", "jobs", "create")];
    let reviews = runtime.check_access(&rules).await.unwrap();
    assert_eq!(reviews.iter().map(|review| review.allowed).collect::<Vec<_>>(), [true, false]);
    let attributes = &log.lock().unwrap()[0].body["spec"]["resourceAttributes"];
    let want = json!({"namespace": "ci", "group": "", "resource": "secrets", "verb": "get", "name": "token"});
    assert_eq!(*attributes, want);
}

#[tokio::test(start_paused = true)]
async fn events_come_oldest_first_in_both_forms() {
    let (runtime, log) = runtime(|_| {
        answer(
            200,
            &json!({"items": [
            {"type": "Warning", "reason": "New", "eventTime": "2026-09-02T08:15:05.123456Z",
             "series": {"count": 4, "lastObservedTime": "2026-09-02T08:16:00Z"}},
            {"type": "Normal", "reason": "Old", "message": "m", "count": 2, "eventTime": null,
             "firstTimestamp": "2026-09-02T08:14:00Z", "lastTimestamp": "2026-09-02T08:15:00Z"}]}),
        )
    });
    let events = runtime.events_for("u-1").await.unwrap();
    let found: Vec<_> = events.iter().map(|event| (event.reason.as_str(), event.count)).collect();
    assert_eq!(found, [("Old", 2), ("New", 4)]);
    assert_eq!(
        log.lock().unwrap()[0].uri,
        "/api/v1/namespaces/ci/events?fieldSelector=involvedObject.uid%3Du-1"
    );
}

#[tokio::test(start_paused = true)]
async fn the_version_is_a_sign_of_life() {
    let (runtime, log) = runtime(|_| answer(200, &json!({"major": "1", "gitVersion": "v1.36.2"})));
    assert_eq!(runtime.server_version().await.unwrap().git_version, "v1.36.2");
    check_request(&log.lock().unwrap()[0], "GET", "/version");
}
