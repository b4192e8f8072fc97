//! Each call as it stands on the wire.

use super::*;

const ID: Uuid = Uuid::from_u128(0x0198_aa03_0000_7000_8000_0000_0000_00b1);

fn endpoint() -> Endpoint {
    Endpoint::parse("https://agent.example.test/v3/").unwrap()
}

fn key() -> StackKey {
    StackKey::new("k8s-eu-1").unwrap()
}

#[track_caller]
fn check(request: &Request<Bytes>, method: &str, path: &str, body: &str) {
    assert_eq!(request.method(), method);
    assert_eq!(request.uri().to_string(), format!("https://agent.example.test/v3{path}"));
    assert_eq!(request.headers()["accept"], "application/json");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert!(!request.headers().contains_key("authorization"));
    assert_eq!(std::str::from_utf8(request.body()).unwrap(), body);
}

/// lifecycle C61
#[test]
fn every_call_on_the_wire() {
    let (e, k) = (&endpoint(), &key());
    let id = "0198aa03-0000-7000-8000-0000000000b1";
    check(&token_identity(e), "GET", "/token", "");
    check(&deregister(e, k), "POST", "/stacks/k8s-eu-1/deregister", "");
    let reserve = batch_reserve(e, k, &[ID], ReservationExpiry::default());
    let body = format!(r#"{{"job_uuids":["{id}"],"reservation_expiry_seconds":900}}"#);
    check(&reserve, "PUT", "/stacks/k8s-eu-1/scheduled-jobs/batch-reserve", &body);
    check(&get_job(e, k, ID), "GET", &format!("/stacks/k8s-eu-1/jobs/{id}"), "");
    let body = format!(r#"{{"job_uuids":["{id}"]}}"#);
    check(&get_states(e, k, &[ID]), "POST", "/stacks/k8s-eu-1/jobs/get-states", &body);
    let body = format!(r#"{{"job_uuids":["{id}"],"token_lifetime_seconds":960}}"#);
    let issue = issue_tokens(e, k, &[ID], TokenLifetime::from_seconds(960).unwrap());
    check(&issue, "POST", "/stacks/k8s-eu-1/job-acquisition-tokens", &body);
}

/// stacks-api P3
#[test]
fn finish_always_sends_the_exit_status() {
    let path = format!("/stacks/k8s-eu-1/jobs/{ID}/finish");
    let zero = finish(&endpoint(), &key(), ID, 0, "done");
    check(&zero, "POST", &path, r#"{"exit_status":0,"detail":"done"}"#);
    let long = finish(&endpoint(), &key(), ID, -1, &"x".repeat(5000));
    let body: serde_json::Value = serde_json::from_slice(long.body()).unwrap();
    assert_eq!(body["exit_status"], -1);
    assert_eq!(body["detail"].as_str().unwrap().len(), 4096);
}

/// lifecycle T9
#[test]
fn verdicts_and_notifications_carry_no_credentials() {
    let verdict = finish(&endpoint(), &key(), ID, -1, "agent said bkjat_abc123 is bad");
    assert!(!String::from_utf8_lossy(verdict.body()).contains("bkjat_"));
    let note = Notification { job_uuid: ID, detail: "bkjat_abc123".to_owned(), timestamp: None };
    assert!(!String::from_utf8_lossy(notify(&endpoint(), &key(), &[note]).body()).contains("bkjat_"));
}

#[test]
fn list_escapes_its_query() {
    let check = |after, want: &str| {
        let query = ListQuery { queue_key: "linux small/1.x", limit: 1000, after };
        let uri = list_scheduled_jobs(&endpoint(), &key(), &query).uri().to_string();
        let prefix =
            "https://agent.example.test/v3/stacks/k8s-eu-1/scheduled-jobs?queue_key=linux%20small%2F1.x";
        assert_eq!(uri, prefix.to_owned() + want);
    };
    check(None, "&limit=1000");
    check(Some("b3Bh+/="), "&limit=1000&after=b3Bh%2B%2F%3D");
}

#[test]
fn path_segments_are_escaped_once_dots_included() {
    assert_eq!(escape_segment("team.alpha"), "team%2Ealpha");
    assert_eq!(escape_segment("a b/c"), "a%20b%2Fc");
}

#[test]
fn registration_is_custom_and_keeps_the_limits() {
    let mut metadata = BTreeMap::from([
        ("version".to_owned(), "0.1.0".to_owned()),
        ("k".repeat(65), "dropped".to_owned()),
        ("long".to_owned(), "v".repeat(300)),
    ]);
    let registration =
        Registration { key: key(), queue_key: "linux-small".to_owned(), metadata: metadata.clone() };
    let request = register(&endpoint(), &registration, "linux-small");
    assert_eq!(request.uri().path(), "/v3/stacks/register");
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["type"], "custom");
    assert_eq!(body["key"], "k8s-eu-1");
    assert_eq!(body["queue_key"], "linux-small");
    assert_eq!(body["metadata"]["version"], "0.1.0");
    assert_eq!(body["metadata"]["long"].as_str().unwrap().chars().count(), 256);
    assert_eq!(body["metadata"].as_object().unwrap().len(), 2);

    metadata.extend((0..200).map(|n| (format!("key-{n}"), String::new())));
    let registration = Registration { metadata, ..registration };
    let request = register(&endpoint(), &registration, "linux-small");
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["metadata"].as_object().unwrap().len(), 100);
}

/// stacks-api P8
#[test]
fn notifications_leave_the_time_to_the_server() {
    let note = |detail: String, timestamp| Notification { job_uuid: ID, detail, timestamp };
    let at = "2026-09-02T08:15:04Z".parse().unwrap();
    let notes = [note("Pod created".to_owned(), None), note("\u{e9}".repeat(300), Some(at))];
    let request = notify(&endpoint(), &key(), &notes);
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert!(body["notifications"][0].get("timestamp").is_none());
    assert_eq!(body["notifications"][1]["timestamp"], "2026-09-02T08:15:04Z");
    assert_eq!(body["notifications"][1]["detail"].as_str().unwrap().chars().count(), 255);
}

/// lifecycle V7, V8
#[test]
fn lifetimes_are_checked() {
    let expiry = |seconds| ReservationExpiry::from_seconds(seconds).map(ReservationExpiry::as_seconds);
    assert_eq!(expiry(0), Ok(900));
    assert_eq!(expiry(1), Ok(1));
    assert_eq!(expiry(3600), Ok(3600));
    assert_eq!(expiry(3601), Err(LifetimeError { seconds: 3601 }));
    assert!(TokenLifetime::from_seconds(0).is_err());
    assert!(TokenLifetime::from_seconds(3600).is_ok());
}
