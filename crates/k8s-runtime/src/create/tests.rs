//! Status bodies as API servers send them, and what they mean for the job.

use serde_json::json;

use super::*;

fn classify(status: u16, reason: &str, message: &str) -> CreateOutcome {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status,
        "details": {"retryAfterSeconds": 2, "causes": [
            {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.template"}]},
    });
    CreateOutcome::classify(Ok(reply(status, &body.to_string())))
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, retry_after: None, body: body.as_bytes().to_vec() }
}

/// lifecycle L9, L10, F8
#[test]
fn status_bodies_fall_into_outcomes() {
    let rights = r#"jobs.batch is forbidden: User "system:serviceaccount:ci:c" cannot create resource "jobs" in API group "batch" in the namespace "ci""#;
    let quota = r#"jobs.batch "bk-1" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=5, limited: count/jobs.batch=5"#;
    let webhook = r#"admission webhook "policy.example.test" denied the request: no root"#;
    let terminating = r#"jobs.batch "bk-1" is forbidden: unable to create new content in namespace ci because it is being terminated"#;
    let disguised =
        "Job.batch \"bk-1\" is invalid: [spec.selector: Invalid value: {}: `selector` not auto-generated]";
    // status, reason, message, start of the outcome, nothing was created for certain
    let table = [
        (409, "AlreadyExists", "jobs.batch \"bk-1\" already exists", "AlreadyExists", false),
        (409, "Conflict", "Operation cannot be fulfilled on resourcequotas", "Throttled", true),
        (429, "TooManyRequests", "too many requests", "Throttled", true),
        (422, "Invalid", "Job.batch \"bk-1\" is invalid", "Invalid", true),
        (400, "BadRequest", "Job in version \"v1\" cannot be handled as a Job", "Invalid", true),
        (401, "Unauthorized", "Unauthorized", "Unauthorized", true),
        (403, "Forbidden", rights, "Forbidden { message: \"jobs.batch is forbidden: User", true),
        (404, "NotFound", "namespaces \"ci\" not found", "Rejected", true),
        (413, "RequestEntityTooLarge", "limit is 3145728", "TooLarge", true),
        (500, "InternalError", "etcdserver: request is too large", "TooLarge", true),
        (422, "Invalid", disguised, "TooLarge", true),
        (500, "InternalError", "failed calling webhook", "Uncertain", false),
        (503, "ServiceUnavailable", "apiserver is shutting down", "Uncertain", false),
        (504, "Timeout", "request did not complete within 34s", "Uncertain", false),
    ];
    for (status, reason, message, want, definite) in table {
        let outcome = classify(status, reason, message);
        assert!(format!("{outcome:?}").starts_with(want), "{status} {reason}: {outcome:?}");
        assert_eq!(outcome.is_definite_failure(), definite, "{status} {reason}");
    }
    let causes = [
        (rights, ForbiddenCause::Rights),
        (quota, ForbiddenCause::Quota),
        (webhook, ForbiddenCause::Admission),
        (terminating, ForbiddenCause::NamespaceTerminating),
    ];
    for (message, want) in causes {
        let CreateOutcome::Forbidden { cause, .. } = classify(403, "Forbidden", message) else {
            panic!("{message}")
        };
        assert_eq!(cause, want, "{message}");
    }
}

#[test]
fn offending_fields_and_waits_come_through() {
    let CreateOutcome::Invalid { causes, message } = classify(422, "Invalid", "Job is invalid") else {
        panic!()
    };
    assert_eq!((message.as_str(), causes[0].field.as_str()), ("Job is invalid", "spec.template"));
    let wait = Some(Duration::from_secs(2));
    assert!(
        matches!(classify(429, "", ""), CreateOutcome::Throttled { retry_after, .. } if retry_after == wait)
    );
}

/// lifecycle L10
#[test]
fn without_a_readable_answer_nothing_is_certain() {
    let lost = NoAnswer { reason: "gave up after 30s".to_owned() };
    assert!(matches!(CreateOutcome::classify(Err(lost)), CreateOutcome::Uncertain { .. }));
    for body in ["", "{}", r#"{"metadata":{"uid":""}}"#] {
        assert!(matches!(CreateOutcome::classify(Ok(reply(201, body))), CreateOutcome::Uncertain { .. }));
    }
    let created = CreateOutcome::classify(Ok(reply(201, r#"{"metadata":{"uid":"u-1"}}"#)));
    assert_eq!(created, CreateOutcome::Created { uid: "u-1".to_owned() });
}
