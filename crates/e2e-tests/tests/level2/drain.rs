//! A queue drained through the limiter with the real client, while Buildkite misbehaves.
//!
//! The smallest stack there can be: list, admit, reserve, get, finish. What it must never do is start more
//! than the limit, lose a job or end one twice, whatever the answers are. It is judged by the simulator's own
//! history. A failing seed is named by the panic.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    time::Duration,
};

use bk_agent_api::{
    AgentToken, Client, Endpoint, FinishReason, ListQuery, RandomJitter, Registration, ReservationExpiry,
    ReservePurpose, ServiceTransport, StackKey, TokenHandle,
};
use buildkite_sim::{Clock, Effect, Fault, FaultBody, JobState, Options, Simulator};
use limiter::{Admission, Limiter, Limits, ListedJob, ListingEnd};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use uuid::Uuid;

const LIMIT: usize = 20;
const JOBS: usize = 120;
const QUEUE: &str = "kubernetes";

/// A stack without Kubernetes: a job "runs" for a while and is then finished by the stack itself.
struct SmallStack {
    client: Client,
    key: StackKey,
    limiter: Limiter,
    running: JoinSet<Uuid>,
    random: fastrand::Rng,
    /// How often each job was started.
    started: BTreeMap<Uuid, u32>,
}

impl SmallStack {
    async fn register(simulator: &Simulator, seed: u64) -> Self {
        let token =
            AgentToken::new(simulator.agent_token().expect("the simulator has a token").expose()).unwrap();
        let client = Client::builder(
            ServiceTransport::new(simulator.router()),
            Endpoint::parse("http://buildkite.test/v3").unwrap(),
            TokenHandle::new(token),
        )
        .jitter(RandomJitter::seeded(seed))
        .build();
        let key = StackKey::new("small").unwrap();
        let registration =
            Registration { key: key.clone(), queue_key: QUEUE.to_owned(), metadata: BTreeMap::new() };
        client.register(&registration).await.unwrap();
        let limits = Limits { max_in_flight: NonZeroUsize::new(LIMIT), ..Limits::default() };
        let mut limiter = Limiter::new(limits);
        limiter.open();
        let random = fastrand::Rng::with_seed(seed);
        Self { client, key, limiter, running: JoinSet::new(), random, started: BTreeMap::new() }
    }

    async fn step(&mut self) {
        self.list().await;
        let admissions = self.limiter.admit(Instant::now().into_std());
        if !admissions.is_empty() {
            self.reserve(admissions).await;
        }
        assert!(self.limiter.in_flight().len() <= LIMIT);
        assert!(self.running.len() <= LIMIT);
        tokio::select! {
            biased;
            Some(done) = self.running.join_next() => {
                assert!(self.limiter.release(done.unwrap()), "a job that ran held a slot");
            }
            () = sleep(Duration::from_secs(1)) => {}
        }
    }

    async fn list(&mut self) {
        let asked_at = Instant::now().into_std();
        let query = ListQuery { queue_key: QUEUE, limit: 1000, after: None };
        let Ok(answer) = self.client.list_scheduled_jobs(&self.key, &query).await else { return };
        let jobs = answer.value.jobs.into_iter().map(|job| ListedJob {
            priority: job.priority,
            scheduled_at: job.scheduled_at.map(jiff::Timestamp::as_millisecond),
            ..ListedJob::new(job.id)
        });
        self.limiter.listed(jobs, ListingEnd::Complete, asked_at, Instant::now().into_std());
    }

    async fn reserve(&mut self, admissions: Vec<Admission>) {
        let ids: Vec<Uuid> = admissions.iter().map(|admission| admission.job).collect();
        let expiry = ReservationExpiry::from_seconds(60).unwrap();
        let batch = self.client.reserve(&self.key, &ids, expiry, ReservePurpose::Claim).await;
        let reserved: BTreeSet<Uuid> = batch.value.reserved.into_iter().collect();
        let refused: BTreeSet<Uuid> = batch.value.not_reserved.into_iter().collect();
        for admission in admissions {
            if reserved.contains(&admission.job) {
                self.start(admission).await;
            } else if refused.contains(&admission.job) {
                self.limiter.release(admission.job);
            } else {
                self.again(admission);
            }
        }
    }

    async fn start(&mut self, admission: Admission) {
        let job = admission.job;
        if self.client.job(&self.key, job).await.is_err() {
            self.again(admission);
            return;
        }
        self.limiter.started(job);
        *self.started.entry(job).or_default() += 1;
        let runs_for = Duration::from_millis(self.random.u64(500..20_000));
        let (client, key) = (self.client.clone(), self.key.clone());
        self.running.spawn(async move {
            sleep(runs_for).await;
            while client.finish(&key, job, 0, "done", FinishReason::Lasts).await.is_err() {
                sleep(Duration::from_secs(2)).await;
            }
            job
        });
    }

    fn again(&mut self, mut admission: Admission) {
        admission.attempts.failed += 1;
        let now = Instant::now().into_std();
        self.limiter.requeue(admission, None, now + Duration::from_secs(1));
    }
}

fn misbehave(simulator: &Simulator, random: &mut fastrand::Rng) {
    let answer = |status| Effect::Answer { status, body: FaultBody::default(), retry_after: None };
    let faults = [
        ("list-scheduled-jobs", answer(500)),
        ("batch-reserve", Effect::LoseAnswer),
        ("batch-reserve", answer(429)),
        ("show-job", answer(503)),
        ("show-job", Effect::LoseRequest),
        ("finish-job", Effect::LoseAnswer),
        ("finish-job", answer(502)),
    ];
    for (endpoint, effect) in faults {
        let rate = Some(random.f64() * 0.3);
        let delay_ms = random.u64(0..200);
        simulator.inject_fault(Fault {
            endpoint: endpoint.to_owned(),
            delay_ms,
            effect: Some(effect),
            count: None,
            rate,
        });
    }
}

async fn drain(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let start = "2026-09-02T08:00:00Z".parse().unwrap();
    let simulator = Simulator::with_clock(Options { seed, ..Options::default() }, Clock::tokio(start));
    let jobs = simulator.enqueue_jobs(JOBS, &serde_json::json!({"command": "true"})).unwrap();
    let mut stack = SmallStack::register(&simulator, seed).await;
    misbehave(&simulator, &mut random);
    let deadline = Instant::now() + Duration::from_secs(3600);
    let over = |job: &Uuid| simulator.job(*job).is_some_and(|job| job.state == JobState::Finished);
    while !(stack.running.is_empty() && stack.limiter.queue_length() == 0 && jobs.iter().all(over)) {
        assert!(Instant::now() < deadline, "seed {seed}: jobs are left after an hour");
        stack.step().await;
    }
    for job in jobs {
        let snapshot = simulator.job(job).unwrap();
        let ends = snapshot.history.iter().filter(|change| change.state == JobState::Finished).count();
        assert_eq!((ends, snapshot.exit_status), (1, Some(0)), "seed {seed}: {job} {:?}", snapshot.history);
        assert_eq!(stack.started.get(&job), Some(&1), "seed {seed}: {job} was not started exactly once");
    }
    assert!(stack.limiter.in_flight().is_empty(), "seed {seed}: slots leaked");
}

/// lifecycle L1, L2, L8, L9, L15, P8, V4
#[tokio::test(start_paused = true)]
async fn a_queue_drains_through_the_limit_whatever_buildkite_answers() {
    for seed in 0..10 {
        drain(seed).await;
    }
}
