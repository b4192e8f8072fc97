//! The real controllers: each with its own connections, started anew whenever it has died.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::Router;
use bk_agent_api::{Client, Endpoint, RandomJitter, ServiceTransport};
use jiff::SignedDuration;
use k8s_runtime::Runtime;
use prometheus_client::registry::Registry;
use stack_config::{Args, Inputs, LeaderLease, Settings, load};
use stack_controller::{Parts, Stack, assemble, health::Health, run};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    bench::Bench,
    facts::{CONTROLLER_ID, JOB_PREFIX, NAMESPACE, Note, QUEUE, USER_AGENT},
    faults::{Faults, Line, Wire},
    plan::{CrashPoint, Side, Site},
};

/// What every controller of a run shares.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) seed: u64,
    pub(crate) settings: Arc<Settings>,
    pub(crate) buildkite: Router,
    pub(crate) kubernetes: Router,
    pub(crate) faults: Faults,
    pub(crate) bench: Bench,
}

/// One place for a controller: there is one in it, or there will be again.
pub(crate) struct Place {
    surroundings: Surroundings,
    instance: usize,
    /// By how many milliseconds its wall clock is ahead of the servers'.
    wall_clock_offset: Arc<AtomicI64>,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// The one that runs.
    line: Option<Arc<Line>>,
    stop: CancellationToken,
    life: u32,
    limit: usize,
    /// `max-in-flight` of the next life.
    next_limit: usize,
    restart_after: Duration,
    /// No crash point is left in force: what was armed and has not been reached is forgotten.
    calm: bool,
    deaths: u64,
}

impl Place {
    pub(crate) fn new(surroundings: Surroundings, instance: usize, limit: usize) -> Arc<Self> {
        let state = State {
            line: None,
            stop: CancellationToken::new(),
            life: 0,
            limit,
            next_limit: limit,
            restart_after: Duration::ZERO,
            calm: false,
            deaths: 0,
        };
        Arc::new(Self {
            surroundings,
            instance,
            wall_clock_offset: Arc::default(),
            state: Mutex::new(state),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the controller die at a point, if there is one.
    pub(crate) fn crash(&self, point: CrashPoint, restart_after: Duration, limit: Option<usize>) {
        let mut state = self.state();
        state.restart_after = restart_after;
        state.next_limit = limit.unwrap_or(state.next_limit);
        if let Some(line) = &state.line {
            line.fuse.arm(point);
        }
    }

    /// Asks the controller to stop.
    pub(crate) fn stop(&self, restart_after: Duration, limit: Option<usize>) {
        let mut state = self.state();
        state.restart_after = restart_after;
        state.next_limit = limit.unwrap_or(state.next_limit);
        state.stop.cancel();
    }

    /// Ends what is armed, and any pause between two lives.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.calm = true;
        if let Some(line) = &state.line {
            line.fuse.disarm();
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The wall clock of whoever runs here jumps.
    pub(crate) fn jump(&self, milliseconds: i64) {
        self.wall_clock_offset.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// How many controllers have died here.
    pub(crate) fn deaths(&self) -> u64 {
        self.state().deaths
    }

    /// `max-in-flight` of whoever runs here now.
    pub(crate) fn limit(&self) -> usize {
        self.state().limit
    }

    /// One life after another, for ever.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.live().await;
            let (pause, calm) = {
                let state = self.state();
                (state.restart_after, state.calm)
            };
            if !calm {
                tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = sleep(pause) => {}
                }
            }
        }
    }

    async fn live(&self) {
        let Surroundings { bench, .. } = &self.surroundings;
        let (line, stop, limit) = self.begin();
        let (instance, life) = (self.instance, line.life);
        bench.note(&Note::Started { instance, life, limit });
        let ended = line.fuse.guard(run(self.stack(&line, limit), stop)).await;
        self.state().line = None;
        // What was spawned is dropped when the runtime comes to it, before anything else of it could run; its
        // requests lead nowhere from now on.
        line.fuse.blow();
        let crashed = ended.is_none();
        if let Some(Err(error)) = &ended {
            bench.trace(format_args!("controller {instance}.{life}"), format_args!("ended: {error:?}"));
        }
        if crashed {
            self.state().deaths += 1;
        }
        bench.note(&Note::Ended { instance, life, crashed });
    }

    fn begin(&self) -> (Arc<Line>, CancellationToken, usize) {
        let Surroundings { faults, bench, .. } = &self.surroundings;
        let mut state = self.state();
        let life = state.life;
        state.life += 1;
        state.limit = state.next_limit;
        let name = format!("{USER_AGENT}/{}.{life}", self.instance);
        let line = Arc::new(Line {
            instance: self.instance,
            life,
            fuse: Default::default(),
            faults: faults.clone(),
            bench: bench.clone(),
            user_agent: name.parse().expect("a name and two numbers"),
            versions: Mutex::default(),
        });
        state.line = Some(Arc::clone(&line));
        state.stop = CancellationToken::new();
        (line, state.stop.clone(), state.limit)
    }

    fn stack(&self, line: &Arc<Line>, limit: usize) -> Stack {
        let Surroundings { seed, settings, buildkite, kubernetes, .. } = &self.surroundings;
        let mut settings = Settings::clone(settings);
        settings.limits.max_in_flight = limit.try_into().ok();
        // Two lives draw differently, as two processes do.
        let place = u64::try_from(self.instance).unwrap_or_default() + 1;
        let seed = seed ^ (place << 48) ^ (u64::from(line.life) << 32);
        let kubernetes = Wire::new(Arc::clone(line), Side::Kubernetes, kubernetes.clone());
        let transport =
            ServiceTransport::new(Wire::new(Arc::clone(line), Side::Buildkite, buildkite.clone()));
        let timeout = settings.buildkite.http_timeout;
        let endpoint = Endpoint::parse("http://buildkite.test/v3").expect("an address");
        let connect = move |tokens| {
            Client::builder(transport.clone(), endpoint.clone(), tokens)
                .timeout(timeout)
                .jitter(RandomJitter::seeded(seed ^ 7))
                .build()
        };
        let (began, start) = (self.surroundings.bench.now(), Instant::now());
        let offset = Arc::clone(&self.wall_clock_offset);
        let wall_clock = move || {
            let milliseconds = SignedDuration::from_millis(offset.load(Ordering::Relaxed));
            began + start.elapsed() + milliseconds
        };
        let parts = Parts {
            runtime: Runtime::from_service(kubernetes, NAMESPACE),
            connect: Arc::new(connect),
            seed,
            identity: format!("{}.{}", self.instance, line.life),
            wall_clock: Arc::new(wall_clock),
        };
        assemble(&settings, parts, Health::default(), &mut Registry::default())
            .expect("the settings of a site are good")
    }
}

/// The settings of a site.
pub(crate) fn settings(site: &Site) -> Settings {
    let file = format!(
        "id: {CONTROLLER_ID}\nnamespace: {NAMESPACE}\nqueue: {QUEUE}\njob-prefix: {JOB_PREFIX}\n\
         enable-job-acquisition-tokens: false\n"
    );
    let inputs = Inputs {
        args: &Args::default(),
        variables: &BTreeMap::from([("CONFIG".to_owned(), "site.yaml".to_owned())]),
        read_file: &|_| Ok(file.clone()),
        version: "simulation",
    };
    let mut settings = load(&inputs).expect("the settings of a site are good").settings;
    settings.buildkite.reservation_expiry = site.reservation_expiry;
    settings.buildkite.http_timeout = http_timeout(site, settings.buildkite.http_timeout);
    settings.buildkite.page_size = site.page_size.try_into().unwrap_or(settings.buildkite.page_size);
    settings.builder.job_ttl = site.job_ttl;
    settings.limits.job_creation_concurrency =
        site.creation_concurrency.try_into().unwrap_or(settings.limits.job_creation_concurrency);
    settings.kubernetes.leader_lease = if site.lease { LeaderLease::Required } else { LeaderLease::Off };
    settings.grace.cancel_check_interval = site.state_check_interval;
    settings.grace.pod_pending = Some(site.pod_pending);
    settings.grace.image_pull_backoff = site.image_pull_backoff;
    settings.grace.empty_job = site.empty_job;
    settings
}

/// Anything from a sixth of the default up to it, whatever the reservations' lifetime. It follows from the rest of the
/// site, so that no plan changes by it.
fn http_timeout(site: &Site, default: Duration) -> Duration {
    let times = [site.reservation_expiry, site.pod_pending, site.job_ttl, site.empty_job, site.latency];
    let mixed = times.iter().fold(site.limit as u128, |mixed, time| mixed * 31 + time.as_millis());
    let mut random = fastrand::Rng::with_seed((mixed * 31 + u128::from(site.page_size)) as u64);
    default.mul_f64(1.0 - random.f64() * 5.0 / 6.0)
}
