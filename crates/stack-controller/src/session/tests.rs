//! The session against a Buildkite in memory, under paused time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bk_agent_api::{RandomJitter, ServiceTransport};
use buildkite_sim::{Clock, Effect, Fault, FaultBody, Options, Simulator, Token};
use limiter::ListingEnd;
use prometheus_client::registry::Registry;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, advance, sleep, timeout},
};
use uuid::Uuid;

use super::*;
use crate::{
    core::event::{Event, Listing},
    health::Check,
    metrics::Metrics,
    tags::Tags,
};

const GOOD: &str = "bkct_good";

/// A Secret that can be edited.
struct Secret(Mutex<Result<String, String>>);

impl Secret {
    fn set(&self, content: Result<&str, &str>) {
        let content = content.map(str::to_owned).map_err(str::to_owned);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = content;
    }
}

#[async_trait]
impl TokenSource for Secret {
    async fn read(&self) -> Result<AgentToken, String> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        AgentToken::new(&content).map_err(|error| error.to_string())
    }

    fn place(&self) -> String {
        "the Secret of this test".to_owned()
    }
}

struct Bench {
    simulator: Simulator,
    secret: Arc<Secret>,
    settings: SessionSettings,
}

impl Bench {
    fn new(token: &str) -> Self {
        let options = Options {
            agent_tokens: vec![Token::new(GOOD)],
            unclustered_tokens: vec![Token::new("unclustered")],
            ..Options::default()
        };
        let start = "2026-09-02T08:00:00Z".parse().unwrap();
        let simulator = Simulator::with_clock(options, Clock::tokio(start));
        let transport = ServiceTransport::new(simulator.router());
        let secret = Arc::new(Secret(Mutex::new(Ok(token.to_owned()))));
        let endpoint = bk_agent_api::Endpoint::parse("http://buildkite.test/v3").unwrap();
        let settings = SessionSettings {
            stack_key: StackKey::new("tests").unwrap(),
            queue: "kubernetes".to_owned(),
            claimed_cluster_uuid: None,
            namespace: "ci".to_owned(),
            tokens: Arc::clone(&secret) as Arc<dyn TokenSource>,
            connect: Arc::new(move |tokens| {
                Client::builder(transport.clone(), endpoint.clone(), tokens)
                    .jitter(RandomJitter::seeded(1))
                    .build()
            }),
            health: Health::default(),
            seed: 1,
        };
        Self { simulator, secret, settings }
    }

    fn start(&self) -> JoinHandle<Result<Session, StartError>> {
        let settings = self.settings.clone();
        tokio::spawn(async move { start(&settings).await })
    }

    fn fault(&self, endpoint: &str, effect: Effect) {
        let fault = Fault {
            endpoint: endpoint.to_owned(),
            delay_ms: 0,
            effect: Some(effect),
            count: None,
            rate: None,
        };
        self.simulator.inject_fault(fault);
    }

    fn calls(&self, endpoint: &str) -> u64 {
        self.simulator.statistics().total(endpoint)
    }

    fn readiness(&self) -> String {
        self.settings.health.ready(Instant::now().into_std()).text
    }

    fn is_live(&self) -> bool {
        self.settings.health.live(Instant::now().into_std()).ok
    }

    /// Polls with a started session; returns the listings and the switch that says whether slots are free.
    async fn poll(&self) -> (mpsc::Receiver<Event>, watch::Sender<bool>, JoinHandle<Result<(), StartError>>) {
        let session = start(&self.settings).await.unwrap();
        let (sender, receiver) = mpsc::channel(64);
        let (full, is_full) = watch::channel(false);
        let settings = self.settings.clone();
        let tags = Tags::new([("arch".to_owned(), "arm64".to_owned())].into(), Some("kubernetes"));
        let polling = PollSettings { interval: Duration::from_secs(1), page_size: 2, pages: 2, tags };
        let metrics = Metrics::register(&mut Registry::default()).monitor;
        let task =
            tokio::spawn(async move { poll(&settings, polling, session, metrics, sender, is_full).await });
        (receiver, full, task)
    }

    fn enqueue(&self, count: usize) -> Vec<Uuid> {
        self.simulator.enqueue_jobs(count, &serde_json::json!({"command": "true"})).unwrap()
    }
}

async fn next(events: &mut mpsc::Receiver<Event>) -> Listing {
    match events.recv().await {
        Some(Event::Listed(listing)) => listing,
        other => panic!("no listing: {other:?}"),
    }
}

fn answer(status: u16) -> Effect {
    Effect::Answer { status, body: FaultBody::default(), retry_after: None }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_read_again_every_minute_and_heals_when_the_secret_changes() {
    let bench = Bench::new("bkct_wrong");
    let starting = bench.start();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.calls("token"), 1);
    assert!(bench.readiness().contains("[-]token"), "{}", bench.readiness());
    assert!(!bench.readiness().contains("bkct_wrong"), "the token must not be shown");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.calls("token"), 2, "once a minute");
    bench.secret.set(Ok(GOOD));
    let session = timeout(Duration::from_secs(61), starting).await.unwrap().unwrap().unwrap();
    assert_eq!(session.queue_key, "kubernetes");
    assert!(bench.readiness().contains("[+]token"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_waited_for() {
    let bench = Bench::new(GOOD);
    bench.secret.set(Err("there is no Secret `buildkite-agent-token` in the namespace `ci`"));
    let starting = bench.start();
    sleep(Duration::from_secs(3600)).await;
    assert!(bench.readiness().contains("there is no Secret `buildkite-agent-token`"));
    assert!(bench.is_live());
    assert_eq!(bench.calls("token"), 0);
    bench.secret.set(Ok(GOOD));
    timeout(Duration::from_secs(61), starting).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unclustered_token_is_final() {
    let error = Bench::new("unclustered").start().await.unwrap().unwrap_err();
    assert!(matches!(error, StartError::Unclustered { .. }), "{error}");
    assert!(error.to_string().contains("not a cluster token"));
    assert!(error.to_string().ends_with("put it into the Secret of this test"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_queue_is_final_after_ten_minutes() {
    let mut bench = Bench::new(GOOD);
    bench.settings.queue = "nowhere".to_owned();
    let starting = bench.start();
    sleep(Duration::from_secs(599)).await;
    assert!(!starting.is_finished(), "the queue may still be created");
    assert!(bench.readiness().contains("[-]registered"), "{}", bench.readiness());
    assert!(bench.readiness().contains("unknown queue `nowhere`"));
    let error = timeout(Duration::from_secs(2), starting).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(&error, StartError::UnknownQueue { queue, .. } if queue == "nowhere"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_endpoint_never_ends_the_process() {
    let bench = Bench::new(GOOD);
    bench.fault("*", Effect::LoseRequest);
    let starting = bench.start();
    sleep(Duration::from_secs(24 * 3600)).await;
    assert!(!starting.is_finished());
    let readiness = bench.readiness();
    assert!(readiness.contains("[-]token") && readiness.contains("broke off"), "with the cause: {readiness}");
    assert!(bench.is_live(), "a restart would cure nothing");
    bench.simulator.clear_faults();
    timeout(Duration::from_secs(120), starting).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_registration_is_tried_every_minute() {
    let bench = Bench::new(GOOD);
    bench.fault("register-stack", answer(403));
    let starting = bench.start();
    sleep(Duration::from_secs(590)).await;
    assert!(!starting.is_finished());
    assert_eq!(bench.calls("register-stack"), 10, "once a minute, not more");
    bench.simulator.clear_faults();
    timeout(Duration::from_secs(61), starting).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_short_list_is_complete_and_a_long_one_is_scanned_in_turns() {
    let bench = Bench::new(GOOD);
    let jobs = bench.enqueue(3);
    let (mut events, _full, _task) = bench.poll().await;
    let listing = next(&mut events).await;
    assert_eq!(listing.end, ListingEnd::Complete);
    assert_eq!(listing.jobs.iter().map(|job| job.job).collect::<Vec<_>>(), jobs);
    let more = bench.enqueue(7);
    let mut deep = Vec::new();
    for _ in 0..3 {
        let listing = next(&mut events).await;
        assert_eq!(listing.end, ListingEnd::Partial);
        deep.extend(listing.jobs.into_iter().skip(4).map(|job| job.job));
    }
    assert_eq!(deep, more[1..], "two pages of two, then one page further each time");
}

/// stacks-api P1
#[tokio::test(start_paused = true)]
async fn a_paused_queue_is_reported() {
    let bench = Bench::new(GOOD);
    let (mut events, _full, _task) = bench.poll().await;
    assert!(!next(&mut events).await.paused);
    bench.simulator.pause_queue("kubernetes", true).unwrap();
    assert!(next(&mut events).await.paused);
}

#[tokio::test(start_paused = true)]
async fn jobs_for_other_tags_are_left_out() {
    let bench = Bench::new(GOOD);
    let step = |arch: &str| serde_json::json!({"command": "true", "agents": {"arch": arch}});
    bench.simulator.enqueue_jobs(1, &step("amd64")).unwrap();
    let ours = bench.simulator.enqueue_jobs(1, &step("arm64")).unwrap();
    let (mut events, _full, _task) = bench.poll().await;
    let listing = next(&mut events).await;
    assert_eq!(listing.jobs.iter().map(|job| job.job).collect::<Vec<_>>(), ours);
    assert!(listing.jobs[0].agent_query_rules.contains(&"arch=arm64".to_owned()));
}

/// stacks-api P9
#[tokio::test(start_paused = true)]
async fn a_stack_that_buildkite_forgot_is_registered_again() {
    let bench = Bench::new(GOOD);
    let (mut events, _full, _task) = bench.poll().await;
    next(&mut events).await;
    let session = Session {
        client: (bench.settings.connect)(TokenHandle::new(AgentToken::new(GOOD).unwrap())),
        stack_key: bench.settings.stack_key.clone(),
        queue_key: "kubernetes".to_owned(),
    };
    session.client.deregister(&session.stack_key).await.unwrap();
    let begun = Instant::now();
    next(&mut events).await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(bench.calls("register-stack"), 2);
}

/// Nothing that a list call returns ends the poll loop (`lifecycle.md` 2.5).
#[tokio::test(start_paused = true)]
async fn polling_survives_every_answer_and_slows_down() {
    for status in [400, 401, 403, 404, 407, 408, 418, 422, 425, 429, 500, 503] {
        let bench = Bench::new(GOOD);
        let (mut events, _full, task) = bench.poll().await;
        next(&mut events).await;
        let before = bench.calls("list-scheduled-jobs");
        bench.fault("list-scheduled-jobs", answer(status));
        sleep(Duration::from_secs(600)).await;
        assert!(!task.is_finished(), "{status}");
        let calls = bench.calls("list-scheduled-jobs") - before;
        assert!((9..40).contains(&calls), "{calls} calls in ten minutes of {status}");
        assert!(bench.readiness().contains("[-]list"), "{status}: {}", bench.readiness());
        assert!(bench.is_live(), "{status}");
        bench.simulator.clear_faults();
        while events.try_recv().is_ok() {}
        timeout(Duration::from_secs(61), next(&mut events)).await.unwrap();
        assert!(bench.readiness().contains("[+]list"), "{status}");
    }
}

/// stacks-api P19
#[tokio::test(start_paused = true)]
async fn polling_is_rare_without_a_free_slot_and_prompt_when_one_appears() {
    let bench = Bench::new(GOOD);
    let (mut events, full, _task) = bench.poll().await;
    next(&mut events).await;
    full.send_replace(true);
    next(&mut events).await;
    let begun = Instant::now();
    next(&mut events).await;
    assert_eq!(begun.elapsed().as_secs(), 10);
    advance(Duration::from_millis(10)).await;
    full.send_replace(false);
    let begun = Instant::now();
    next(&mut events).await;
    assert!(begun.elapsed() < Duration::from_millis(1200), "the poll interval is all that is left to wait");
}

#[test]
fn back_off_doubles_to_a_minute_and_yields_to_the_server() {
    let mut backoff = Backoff::new(7);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        let wait = backoff.next(None);
        assert!(wait <= Duration::from_secs(seconds) && wait >= Duration::from_secs(seconds) / 2, "{wait:?}");
    }
    assert_eq!(backoff.next(Some(Duration::from_secs(120))), Duration::from_secs(120));
    backoff.reset();
    assert!(backoff.next(None) <= Duration::from_secs(1));
    assert!(Check::List > Check::Token);
}
