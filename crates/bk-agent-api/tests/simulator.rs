//! The client against the simulator in process, under paused time: two independent readings of
//! the same description have to agree.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::time::Duration;

use bk_agent_api::{
    AgentToken, Client, Endpoint, Error, FinishOutcome, FinishReason, JobState, ListQuery, Notification,
    RandomJitter, Registration, ReservationExpiry, ReservePurpose, ServiceTransport, StackKey, TokenHandle,
    TokenLifetime,
};
use buildkite_sim::{Clock, Effect, Fault, FaultBody, Options, Simulator, Token};
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const TOKEN: &str = "bkct_local_simulator";

fn simulator(options: Options) -> (Simulator, Client) {
    let simulator = Simulator::with_clock(options, Clock::tokio("2026-09-02T08:15:00Z".parse().unwrap()));
    let client = client(&simulator, TOKEN);
    (simulator, client)
}

fn client(simulator: &Simulator, token: &str) -> Client {
    let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
    let tokens = TokenHandle::new(AgentToken::new(token).unwrap());
    Client::builder(ServiceTransport::new(simulator.router()), endpoint, tokens)
        .jitter(RandomJitter::seeded(1))
        .build()
}

fn key() -> StackKey {
    StackKey::new("k8s-eu-1").unwrap()
}

fn registration(queue: &str) -> Registration {
    Registration { key: key(), queue_key: queue.to_owned(), metadata: BTreeMap::new() }
}

fn query(after: Option<&str>) -> ListQuery<'_> {
    ListQuery { queue_key: "kubernetes", limit: 2, after }
}

fn jobs(simulator: &Simulator, count: usize) -> Vec<Uuid> {
    simulator.enqueue_jobs(count, &json!({"command": "make test"})).unwrap()
}

async fn reserve(client: &Client, ids: &[Uuid]) -> Vec<Uuid> {
    let expiry = ReservationExpiry::from_seconds(60).unwrap();
    let batch = client.reserve(&key(), ids, expiry, ReservePurpose::Claim).await;
    assert!(batch.failed.is_empty(), "{:?}", batch.failed);
    batch.value.reserved
}

#[tokio::test(start_paused = true)]
async fn from_token_to_deregister() {
    let (simulator, client) = simulator(Options::default());
    let identity = client.token_identity().await.unwrap().value;
    assert!(identity.cluster_uuid.is_some());
    assert_eq!(identity.organization_slug.as_deref(), Some("acme-widgets"));

    let stack = client.register(&registration("~")).await.unwrap().value;
    assert_eq!((stack.queue_key.as_str(), stack.accepted_spelling.as_str()), ("kubernetes", "__default__"));

    let ids = jobs(&simulator, 5);
    let mut listed = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = client.list_scheduled_jobs(&key(), &query(cursor.as_deref())).await.unwrap();
        assert!(page.headers.rate_limit.remaining.is_some());
        assert_eq!(page.value.malformed, 0);
        listed.extend(page.value.jobs.iter().map(|job| job.id));
        match page.value.next_cursor(cursor.as_deref()) {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    listed.sort();
    let mut want = ids.clone();
    want.sort();
    assert_eq!(listed, want);

    // A partial reserve: one id that nobody knows.
    let reserved = reserve(&client, &[ids[0], Uuid::nil(), ids[1]]).await;
    assert_eq!(reserved, [ids[0], ids[1]]);
    let states = client.job_states(&key(), &[ids[0], ids[2], Uuid::nil()]).await.value;
    let want = BTreeMap::from([(ids[0], JobState::Reserved), (ids[2], JobState::Scheduled)]);
    assert_eq!(states, want, "an unknown job is absent");

    let job = client.job(&key(), ids[0]).await.unwrap().value;
    assert_eq!(
        (job.command.as_str(), job.env["BUILDKITE_JOB_ID"].as_str()),
        ("make test", ids[0].to_string().as_str())
    );
    assert!(matches!(client.job(&key(), Uuid::nil()).await, Err(Error::NotFound { json_body: true, .. })));

    let finish = async || {
        client.finish(&key(), ids[0], -1, "no-pod: nothing came", FinishReason::Lasts).await.unwrap().value
    };
    assert_eq!(finish().await, FinishOutcome::Recorded);
    assert!(matches!(finish().await, FinishOutcome::AlreadyOver { status: 422, .. }));
    client.deregister(&key()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn notifications_are_refused_one_by_one() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 1);
    let note = |job_uuid, detail: &str| Notification { job_uuid, detail: detail.to_owned(), timestamp: None };
    let notes = [
        note(ids[0], "Pod created"),
        note(ids[0], ""),
        note(Uuid::nil(), "x"),
        note(ids[0], &"\u{e9}".repeat(400)),
    ];
    let batch = client.notify(&key(), &notes).await;
    assert!(batch.failed.is_empty());
    let rejected: Vec<_> = batch.value.iter().map(|rejection| rejection.index).collect();
    assert_eq!(rejected, [1, 2], "{:?}", batch.value);
}

/// stacks-api P4
#[tokio::test(start_paused = true)]
async fn reservations_lapse_unless_extended() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 2);
    assert_eq!(reserve(&client, &ids).await.len(), 2);
    sleep(Duration::from_secs(40)).await;
    let expiry = ReservationExpiry::from_seconds(60).unwrap();
    let extended = client.reserve(&key(), &ids[..1], expiry, ReservePurpose::Extend).await;
    assert_eq!(extended.value.reserved, ids[..1]);
    sleep(Duration::from_secs(40)).await;
    let states = client.job_states(&key(), &ids).await.value;
    assert_eq!((&states[&ids[0]], &states[&ids[1]]), (&JobState::Reserved, &JobState::Scheduled));
}

/// stacks-api P1, P19
#[tokio::test(start_paused = true)]
async fn a_pause_is_seen() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    for paused in [true, false] {
        simulator.pause_queue("kubernetes", paused).unwrap();
        let page = client.list_scheduled_jobs(&key(), &query(None)).await.unwrap().value;
        assert_eq!(page.dispatch_paused, paused);
    }
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_told_and_waited_for() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let mut refused = None;
    for _ in 0..11 {
        refused = client.list_scheduled_jobs(&key(), &query(None)).await.err();
    }
    let refused = refused.expect("ten requests per second are the limit");
    assert_eq!((refused.status(), refused.retry_after()), (Some(429), Some(Duration::from_secs(1))));
    // A call that is retried gets through by waiting.
    let ids = jobs(&simulator, 1);
    for _ in 0..25 {
        let states = client.job_states(&key(), &ids).await;
        assert!(states.failed.is_empty(), "{:?}", states.failed);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_are_issued_for_reserved_jobs_only() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 2);
    reserve(&client, &ids[..1]).await;
    let lifetime = TokenLifetime::from_seconds(960).unwrap();
    let tokens = client.issue_tokens(&key(), &ids, lifetime).await.unwrap().value;
    assert_eq!((tokens.issued.len(), tokens.issued[0].job_uuid), (1, ids[0]));
    assert!(tokens.issued[0].token.reveal().starts_with("bkjat_"));
    assert!(tokens.issued[0].expires_at.is_some());
    assert_eq!(tokens.not_issued, ids[1..]);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_tokens_answers_not_found() {
    let (simulator, client) = simulator(Options { job_acquisition_tokens: false, ..Options::default() });
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 1);
    let lifetime = TokenLifetime::from_seconds(960).unwrap();
    let error = client.issue_tokens(&key(), &ids, lifetime).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}

/// stacks-api P9
#[tokio::test(start_paused = true)]
async fn an_unknown_stack_heals_by_registering() {
    let (_simulator, client) = simulator(Options::default());
    let list = async || client.list_scheduled_jobs(&key(), &query(None)).await;
    assert!(matches!(list().await, Err(Error::NotFound { json_body: true, .. })));
    client.register(&registration("kubernetes")).await.unwrap();
    list().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refusals_at_registration() {
    let (_simulator, client) = simulator(Options { stack_limit: Some(0), ..Options::default() });
    let quota = client.register(&registration("kubernetes")).await.unwrap_err();
    assert!(matches!(quota, Error::Forbidden { json_body: true, .. }) && !quota.is_transient(), "{quota:?}");
    let unknown = client.register(&registration("nowhere")).await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. } | Error::Forbidden { .. }), "{unknown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rotated_token_heals() {
    let (simulator, client) = simulator(Options::default());
    simulator.set_agent_tokens(vec![Token::new("bkct_second")]);
    let error = client.token_identity().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    client.tokens().replace(AgentToken::new("bkct_second").unwrap());
    client.token_identity().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unclustered_tokens_are_recognised() {
    let unclustered_tokens = vec![Token::new("bkct_unclustered")];
    let (simulator, _) = simulator(Options { unclustered_tokens, ..Options::default() });
    let identity = client(&simulator, "bkct_unclustered").token_identity().await.unwrap().value;
    assert_eq!(identity.cluster_uuid, None);
}

/// A verdict whose answer is lost is sent again and then found to be over: told once.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_does_not_double_a_verdict() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 1);
    reserve(&client, &ids).await;
    simulator.inject_fault(Fault::always("finish-job", Effect::LoseAnswer).times(1));
    let outcome =
        client.finish(&key(), ids[0], -1, "no-pod: nothing came", FinishReason::Lasts).await.unwrap().value;
    assert!(matches!(outcome, FinishOutcome::AlreadyOver { status: 422, .. }), "{outcome:?}");
    let states = client.job_states(&key(), &ids).await.value;
    assert_eq!(states[&ids[0]], JobState::Finished);
}

/// lifecycle C57, C58
#[tokio::test(start_paused = true)]
async fn outages_are_sat_out() {
    let (simulator, client) = simulator(Options::default());
    client.register(&registration("kubernetes")).await.unwrap();
    let ids = jobs(&simulator, 1);
    let gateway = Effect::Answer { status: 502, body: FaultBody::Html, retry_after: Some("3".to_owned()) };
    for (effect, at_least) in [(gateway, 6), (Effect::LoseRequest, 0), (Effect::status(500), 0)] {
        simulator.inject_fault(Fault::always("*", effect).times(2));
        let started = Instant::now();
        client.job(&key(), ids[0]).await.unwrap();
        assert!(started.elapsed().as_secs() >= at_least);
    }
    simulator.inject_fault(Fault::always("*", Effect::status(500)));
    let error = client.list_scheduled_jobs(&key(), &query(None)).await.unwrap_err();
    assert!(error.is_transient());
}
