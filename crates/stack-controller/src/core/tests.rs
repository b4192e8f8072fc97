//! The core driven by scripts of events, with time as a number of seconds.

mod failures;
mod holding;
mod past;
mod replayed;
mod reserved;
mod starting;

use std::{num::NonZeroUsize, sync::Arc};

use job_lifecycle::{AgentSeen, JobEnd, JobSeen, PodSeen, Verdict};
use limiter::{ListedJob, ListingEnd};
use prometheus_client::registry::Registry;

use super::{
    event::{JobFacts, PodFacts, StartOutcome, Watched},
    *,
};

const LIFETIME: Duration = Duration::from_secs(900);

/// A core with its clock.
struct Script {
    core: Core,
    start: Instant,
    now: Instant,
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn facts(n: u128, end: Option<JobEnd>) -> JobFacts {
    JobFacts {
        job: id(n),
        uid: format!("uid-{n}"),
        seen: JobSeen {
            namespace: "ci".into(),
            name: format!("buildkite-{n}"),
            started: true,
            has_pods: true,
            pods_ended: end.is_some(),
            end,
            ..JobSeen::default()
        },
        verdict_marked: false,
    }
}

/// A pod whose containers have not started.
fn pod(n: u128) -> PodSeen {
    PodSeen {
        uid: format!("pod-uid-{n}"),
        owner: Some(format!("uid-{n}")),
        name: format!("buildkite-{n}-x"),
        ..PodSeen::default()
    }
}

fn failed() -> Option<JobEnd> {
    Some(JobEnd::Failed { reason: "BackoffLimitExceeded".into(), message: String::new() })
}

fn exists(n: u128) -> StartOutcome {
    StartOutcome::Exists { uid: format!("uid-{n}"), adopted: false }
}

impl Script {
    fn new(limit: usize) -> Self {
        Self::with_limits(Limits { max_in_flight: NonZeroUsize::new(limit), ..Limits::default() })
    }

    fn with_limits(limits: Limits) -> Self {
        let settings = CoreSettings {
            limits,
            reservation_lifetime: LIFETIME,
            state_check_interval: Duration::from_secs(5),
            patience: Patience::default(),
        };
        let start = Instant::now();
        let metrics = Metrics::register(&mut Registry::default());
        Self { core: Core::new(settings, metrics, 1, start), start, now: start }
    }

    /// A core whose watches have shown these Jobs.
    fn open(limit: usize, jobs: impl IntoIterator<Item = JobFacts>) -> Self {
        let mut script = Self::new(limit);
        script.show_lists(jobs);
        script
    }

    fn show_lists(&mut self, jobs: impl IntoIterator<Item = JobFacts>) {
        self.relist(jobs);
        self.event(Event::Pod(Watched::ListStarted));
        self.event(Event::Pod(Watched::ListDone));
    }

    fn relist(&mut self, jobs: impl IntoIterator<Item = JobFacts>) -> Vec<Effect> {
        let mut effects = self.event(Event::Job(Watched::ListStarted));
        for job in jobs {
            effects.extend(self.event(Event::Job(Watched::Listed(job))));
        }
        effects.extend(self.event(Event::Job(Watched::ListDone)));
        effects
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        self.core.on_event(event, self.now)
    }

    fn advance(&mut self, seconds: f64) -> Vec<Effect> {
        self.now += Duration::from_secs_f64(seconds);
        self.core.on_timer(self.now)
    }

    fn list(&mut self, jobs: impl IntoIterator<Item = u128>) -> Vec<Effect> {
        let jobs = jobs.into_iter().map(|n| ListedJob::new(id(n))).collect();
        let listing = Listing { asked_at: self.now, jobs, end: ListingEnd::Complete, paused: false };
        self.event(Event::Listed(listing))
    }

    fn reserved(&mut self, asked: &[u128], reserved: &[u128]) -> Vec<Effect> {
        let ids = |numbers: &[u128]| numbers.iter().map(|n| id(*n)).collect();
        self.event(Event::Reserved { asked: ids(asked), reserved: ids(reserved), until: self.now + LIFETIME })
    }

    fn started(&mut self, n: u128, outcome: StartOutcome) -> Vec<Effect> {
        self.event(Event::Started { job: id(n), outcome })
    }

    fn state(&mut self, n: u128, word: &str) -> Vec<Effect> {
        let states = [(id(n), word.to_owned())].into();
        self.event(Event::States { asked: vec![id(n)], asked_at: self.now, states })
    }

    /// Buildkite takes the verdict.
    fn told(&mut self, n: u128) -> Vec<Effect> {
        let state = StateSeen::new(BuildkiteState::Ended, self.now);
        self.event(Event::Finished { job: id(n), recorded: true, state })
    }

    fn pod(&mut self, n: u128, seen: PodSeen) -> Vec<Effect> {
        self.event(Event::Pod(Watched::Applied(PodFacts { job: id(n), seen })))
    }

    fn in_flight(&self) -> Vec<u128> {
        self.core.limiter.in_flight().iter().map(Uuid::as_u128).collect()
    }

    /// A job on its way: listed, reserved, created, seen.
    fn run(&mut self, n: u128) {
        let _ = self.list([n]);
        let _ = self.reserved(&[n], &[n]);
        let _ = self.started(n, exists(n));
        let _ = self.event(Event::Job(Watched::Applied(facts(n, None))));
    }
}

fn reserve(jobs: impl IntoIterator<Item = u128>) -> Effect {
    Effect::Reserve(jobs.into_iter().map(id).collect())
}

fn start(n: u128, reserved_until: Instant) -> Effect {
    Effect::Start { job: id(n), priority: 0, agent_query_rules: Arc::new([]), reserved_until }
}
