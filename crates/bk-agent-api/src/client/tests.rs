//! The client over fakes: what is retried, how long it waits, what comes out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Mutex;

use http::Response;
use http_body_util::{BodyExt, Full};
use uuid::Uuid;

use super::*;
use crate::answer::FinishOutcome;
use crate::request::{
    FinishReason, ListQuery, Notification, Registration, ReservationExpiry, ReservePurpose, TokenLifetime,
};
use crate::retry::RandomJitter;
use crate::stack_key::StackKey;
use crate::transport::{MockTransport, ServiceTransport};

const ID: Uuid = Uuid::from_u128(0x0198_aa03_0000_7000_8000_0000_0000_00b1);
const TOKEN: &str = "bkct_example_0000";

/// An answer of the script: status, headers, body.
type Scripted = (u16, &'static [(&'static str, &'static str)], String);

/// What the fake saw: method, path with query, body.
type Seen = Arc<Mutex<Vec<(String, String, String)>>>;

fn key() -> StackKey {
    StackKey::new("k8s-eu-1").unwrap()
}

fn answer((status, headers, body): Scripted) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::from(body)).unwrap()
}

/// A client of a service that answers from a script, the last line for ever.
fn scripted(script: Vec<Scripted>) -> (Client, Seen) {
    let seen = Seen::default();
    let script = Arc::new(Mutex::new(VecDeque::from(script)));
    let record = seen.clone();
    let service = tower::service_fn(move |request: Request<Full<Bytes>>| {
        let (record, script) = (record.clone(), script.clone());
        async move {
            assert_eq!(request.headers()["authorization"], format!("Token {TOKEN}"));
            assert!(request.headers()["user-agent"].to_str().unwrap().starts_with("agent-stack-k8s/"));
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let line = (
                parts.method.to_string(),
                parts.uri.path_and_query().unwrap().to_string(),
                String::from_utf8(body.to_vec()).unwrap(),
            );
            record.lock().unwrap().push(line);
            let mut script = script.lock().unwrap();
            let next = if script.len() > 1 { script.pop_front().unwrap() } else { script[0].clone() };
            Ok::<_, Infallible>(answer(next).map(Full::new))
        }
    });
    (client(ServiceTransport::new(service)), seen)
}

fn client(transport: impl Transport + 'static) -> Client {
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    Client::builder(transport, endpoint, TokenHandle::new(AgentToken::new(TOKEN).unwrap()))
        .jitter(RandomJitter::seeded(1))
        .build()
}

fn status(status: u16) -> Scripted {
    (status, &[], r#"{"message":"no"}"#.to_owned())
}

fn ok(body: &str) -> Scripted {
    (200, &[], body.to_owned())
}

/// lifecycle C57
#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_for_between_five_attempts() {
    let (client, seen) = scripted(vec![(429, &[("retry-after", "8")], String::new())]);
    let started = Instant::now();
    let error = client.job(&key(), ID).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 5);
    assert_eq!(started.elapsed().as_secs(), 32);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(8)));
}

/// lifecycle C57
#[tokio::test(start_paused = true)]
async fn the_rate_limit_window_is_waited_for() {
    let (client, _) = scripted(vec![(429, &[("ratelimit-reset", "40")], String::new()), ok("{}")]);
    let started = Instant::now();
    client.job(&key(), ID).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 40);
}

/// lifecycle C58
#[tokio::test(start_paused = true)]
async fn transient_errors_heal() {
    for bad in [500, 429] {
        let (client, seen) = scripted(vec![status(bad), status(bad), ok("{}")]);
        client.job(&key(), ID).await.unwrap();
        assert_eq!(seen.lock().unwrap().len(), 3);
    }
}

/// lifecycle C59
/// stacks-api P20
#[tokio::test(start_paused = true)]
async fn other_client_errors_are_final() {
    for bad in [400, 401, 403, 404, 409] {
        let (client, seen) = scripted(vec![status(bad)]);
        let error = client.job(&key(), ID).await.unwrap_err();
        assert_eq!((error.status(), seen.lock().unwrap().len()), (Some(bad), 1));
    }
}

/// lifecycle C60
#[tokio::test(start_paused = true)]
async fn an_endless_500_ends_after_five_calls() {
    let (client, seen) = scripted(vec![status(500)]);
    let started = Instant::now();
    let error = client.token_identity().await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 5);
    assert!(error.to_string().contains("500"), "{error}");
    assert!(started.elapsed() <= Duration::from_secs(15), "delays are jittered below 1, 2, 4, 8 s");
}

/// lifecycle C61
#[tokio::test(start_paused = true)]
async fn the_number_of_attempts_can_be_set() {
    let mut transport = MockTransport::new();
    transport.expect_send().times(2).returning(|_| Ok(answer(status(503))));
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    let client = Client::builder(transport, endpoint, TokenHandle::new(AgentToken::new(TOKEN).unwrap()))
        .retry_policy(RetryPolicy { attempts: 2, ..RetryPolicy::DEFAULT })
        .build();
    assert!(client.token_identity().await.unwrap_err().is_transient());
}

/// Which calls are retried is the last column of stacks-api section 4.
#[tokio::test(start_paused = true)]
async fn attempts_per_call() {
    async fn attempts<F: Future>(call: impl FnOnce(Client) -> F) -> usize {
        let (client, seen) = scripted(vec![status(503)]);
        call(client).await;
        let seen = seen.lock().unwrap();
        seen.len()
    }
    let query = ListQuery { queue_key: "q", limit: 10, after: None };
    let registration =
        Registration { key: key(), queue_key: "q".to_owned(), metadata: std::collections::BTreeMap::new() };
    let note = Notification { job_uuid: ID, detail: "x".to_owned(), timestamp: None };
    let (k, expiry) = (&key(), ReservationExpiry::default());
    let lifetime = TokenLifetime::from_seconds(900).unwrap();
    assert_eq!(attempts(async |c| c.token_identity().await.unwrap_err()).await, 5);
    assert_eq!(attempts(async |c| c.register(&registration).await.unwrap_err()).await, 5);
    assert_eq!(attempts(async |c| c.deregister(k).await.unwrap_err()).await, 1);
    assert_eq!(attempts(async |c| c.list_scheduled_jobs(k, &query).await.unwrap_err()).await, 1);
    assert_eq!(attempts(async |c| c.reserve(k, &[ID], expiry, ReservePurpose::Claim).await).await, 1);
    assert_eq!(attempts(async |c| c.reserve(k, &[ID], expiry, ReservePurpose::Extend).await).await, 5);
    assert_eq!(attempts(async |c| c.job(k, ID).await.unwrap_err()).await, 5);
    assert_eq!(attempts(async |c| c.job_states(k, &[ID]).await).await, 5);
    for (reason, tries) in [(FinishReason::Lasts, 5), (FinishReason::MayPass, 1)] {
        let finish = async |c: Client| c.finish(k, ID, -1, "x", reason).await.unwrap_err();
        assert_eq!(attempts(finish).await, tries, "{reason:?}");
    }
    assert_eq!(attempts(async |c| c.notify(k, &[note]).await).await, 1);
    assert_eq!(attempts(async |c| c.issue_tokens(k, &[ID], lifetime).await.unwrap_err()).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_on() {
    let service = tower::service_fn(|_: Request<Full<Bytes>>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let started = Instant::now();
    let error = client(ServiceTransport::new(service)).deregister(&key()).await.unwrap_err();
    assert!(
        matches!(error, Error::Transport { ref source, .. } if source.kind == TransportErrorKind::Timeout)
    );
    assert_eq!(started.elapsed().as_secs(), 60);
}

/// stacks-api P22
#[tokio::test(start_paused = true)]
async fn a_broken_connection_names_its_cause_and_no_token() {
    let service = tower::service_fn(|_: Request<Full<Bytes>>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("connection reset"))
    });
    let error = client(ServiceTransport::new(service)).token_identity().await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the connection broke off: connection reset");
    assert!(!format!("{error:?}").contains(TOKEN));
}

/// stacks-api P22
#[tokio::test(start_paused = true)]
async fn an_answer_that_echoes_the_token_is_not_repeated() {
    for script in [(401, &[][..], format!("bad token {TOKEN}")), ok(&format!("<p>{TOKEN}"))] {
        let (client, _) = scripted(vec![script]);
        let error = client.token_identity().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
        assert!(error.to_string().contains("[redacted]"));
    }
}

/// A rotated token is used from the next attempt on.
#[tokio::test(start_paused = true)]
async fn a_rotated_token_reaches_the_retry() {
    let used = Arc::new(Mutex::new(Vec::new()));
    let tokens = TokenHandle::new(AgentToken::new("old").unwrap());
    let (record, rotate) = (used.clone(), tokens.clone());
    let mut transport = MockTransport::new();
    transport.expect_send().times(2).returning(move |request| {
        record.lock().unwrap().push(request.headers()["authorization"].to_str().unwrap().to_owned());
        rotate.replace(AgentToken::new("new").unwrap());
        Ok(answer(if record.lock().unwrap().len() == 1 { status(500) } else { ok("{}") }))
    });
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    Client::builder(transport, endpoint, tokens).build().token_identity().await.unwrap();
    assert_eq!(*used.lock().unwrap(), ["Token old", "Token new"]);
}

#[tokio::test(start_paused = true)]
async fn the_default_queue_is_tried_under_both_spellings() {
    let registration =
        Registration { key: key(), queue_key: "~".to_owned(), metadata: std::collections::BTreeMap::new() };
    for refusal in [404, 422] {
        let (client, seen) = scripted(vec![status(refusal), ok(r#"{"cluster_queue_key":"main"}"#)]);
        let stack = client.register(&registration).await.unwrap().value;
        assert_eq!((stack.queue_key.as_str(), stack.accepted_spelling.as_str()), ("main", "_default"));
        assert!(seen.lock().unwrap()[0].2.contains("__default__"));
    }
    let (client, seen) = scripted(vec![status(404)]);
    assert!(matches!(client.register(&registration).await, Err(Error::NotFound { .. })));
    assert_eq!(seen.lock().unwrap().len(), 2);
    let named = Registration { queue_key: "linux".to_owned(), ..registration };
    let (client, seen) = scripted(vec![status(404)]);
    client.register(&named).await.unwrap_err();
    assert_eq!(seen.lock().unwrap().len(), 1);
}

/// lifecycle C61
/// stacks-api P17
#[tokio::test(start_paused = true)]
async fn finishing_what_is_over_is_no_error() {
    for (script, want) in [(ok(""), None), ((204, &[][..], String::new()), None)]
        .into_iter()
        .chain([404, 409, 422].map(|code| (status(code), Some(code))))
    {
        let (client, seen) = scripted(vec![script]);
        let outcome = client.finish(&key(), ID, -1, "x", FinishReason::Lasts).await.unwrap().value;
        let got = match outcome {
            FinishOutcome::Recorded => None,
            FinishOutcome::AlreadyOver { status, .. } => Some(status),
        };
        assert_eq!((got, seen.lock().unwrap().len()), (want, 1));
    }
    let (client, _) = scripted(vec![(404, &[], "<html>".to_owned())]);
    assert!(
        client.finish(&key(), ID, -1, "x", FinishReason::Lasts).await.is_err(),
        "a proxy's 404 is no verdict"
    );
}

/// lifecycle V3
#[tokio::test(start_paused = true)]
async fn each_chunk_of_a_batch_stands_alone() {
    let ids: Vec<Uuid> = (1..=2500).map(Uuid::from_u128).collect();
    let granted = serde_json::json!({ "reserved": ids }).to_string();
    let (client, seen) =
        scripted(vec![ok(&granted), (500, &[("retry-after", "4")], String::new()), ok(&granted)]);
    let batch = client.reserve(&key(), &ids, ReservationExpiry::default(), ReservePurpose::Claim).await;
    assert_eq!(batch.value.reserved.len(), 1500);
    assert_eq!(batch.failed.len(), 1);
    assert_eq!(batch.failed[0].range, 1000..2000);
    assert_eq!(batch.retry_after, Some(Duration::from_secs(4)));
    assert_eq!(seen.lock().unwrap().len(), 3);
    let nothing = client.reserve(&key(), &[], ReservationExpiry::default(), ReservePurpose::Claim).await;
    assert!(nothing.failed.is_empty() && nothing.value.reserved.is_empty());
    assert_eq!(seen.lock().unwrap().len(), 3, "an empty batch makes no call");
}

/// lifecycle C56
#[tokio::test(start_paused = true)]
async fn notifications_go_in_chunks() {
    let note = |n: usize| Notification { job_uuid: ID, detail: n.to_string(), timestamp: None };
    let notes: Vec<_> = (0..2500).map(note).collect();
    let (client, seen) = scripted(vec![ok(r#"{"errors":[{"error":"bad","indexes":[0]}]}"#)]);
    let batch = client.notify(&key(), &notes).await;
    let rejected: Vec<_> = batch.value.iter().map(|rejection| rejection.index).collect();
    assert_eq!(rejected, [0, 1000, 2000]);
    let sent: Vec<_> =
        seen.lock().unwrap().iter().map(|(_, _, body)| body.matches("job_uuid").count()).collect();
    assert_eq!(sent, [1000, 1000, 500]);
}

/// stacks-api P1
#[tokio::test(start_paused = true)]
async fn list_answers_carry_their_headers() {
    let script = (200, &[("retry-after", "5"), ("ratelimit-remaining", "9")][..], "{}".to_owned());
    let (client, _) = scripted(vec![script]);
    let query = ListQuery { queue_key: "q", limit: 10, after: None };
    let answer = client.list_scheduled_jobs(&key(), &query).await.unwrap();
    assert_eq!(answer.headers.retry_after, Some(Duration::from_secs(5)));
    assert_eq!(answer.headers.rate_limit.remaining, Some(9));
}

#[tokio::test(start_paused = true)]
async fn token_issue_waits_as_asked_and_succeeds() {
    let issued =
        format!(r#"{{"job_acquisition_tokens":[{{"job_uuid":"{ID}","job_acquisition_token":"bkjat_a"}}]}}"#);
    let (client, _) = scripted(vec![(429, &[("retry-after", "3")], String::new()), (201, &[], issued)]);
    let started = Instant::now();
    let lifetime = TokenLifetime::from_seconds(960).unwrap();
    let tokens = client.issue_tokens(&key(), &[ID], lifetime).await.unwrap().value;
    assert_eq!((tokens.issued.len(), started.elapsed().as_secs()), (1, 3));
}

/// The observer sees each attempt, and an axum router is a transport.
#[tokio::test(start_paused = true)]
async fn attempts_are_observed_over_a_router() {
    struct Statuses(Arc<Mutex<Vec<Option<u16>>>>);
    impl Observer for Statuses {
        fn attempt_ended(&self, attempt: &Attempt<'_>) {
            self.0.lock().unwrap().push(attempt.status);
        }
    }
    let router = axum::Router::new().route("/v3/token", axum::routing::get(|| async { "{}" }));
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    let tokens = TokenHandle::new(AgentToken::new(TOKEN).unwrap());
    let client = Client::builder(ServiceTransport::new(router), endpoint, tokens)
        .observer(Statuses(statuses.clone()))
        .log_payloads(true)
        .build();
    client.token_identity().await.unwrap();
    client.deregister(&key()).await.unwrap_err();
    assert_eq!(*statuses.lock().unwrap(), [Some(200), Some(404)]);
}
