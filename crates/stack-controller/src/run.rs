//! Putting the parts together, running them, and stopping (`docs/spec/lifecycle.md` 1.4–1.6).

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bk_agent_api::ReservationExpiry;
use k8s_runtime::{Runtime, Selector};
use podspec_builder::Builder;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    core::{
        Core, CoreSettings,
        event::{Effect, Event},
    },
    effects::Executor,
    health::{Check, Health, Loop},
    metrics::Metrics,
    observe,
    session::{Backoff, PollSettings, Session, SessionSettings, StartError, poll, start},
    watches,
};

/// Events that may wait for the core. The senders are three loops, each of which waits when it is full,
/// so the bound only has to be large enough that a list of Jobs does not switch tasks for every object.
const EVENTS: usize = 1024;
/// Creates that are on the wire at a stop may take so long (1.6).
const CREATES_MAY_TAKE: Duration = Duration::from_secs(10);
/// Verdicts that are under way at a stop may take so long after that.
const VERDICTS_MAY_TAKE: Duration = Duration::from_secs(5);
/// So may leaving Buildkite.
const DEREGISTERING_MAY_TAKE: Duration = Duration::from_secs(5);
/// The core is a loop that must tick even when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Everything that the controller is made of.
pub struct Stack {
    /// The conversation with Buildkite.
    pub session: SessionSettings,
    /// How to poll.
    pub poll: PollSettings,
    /// Slots, reservations, checks.
    pub core: CoreSettings,
    /// `job-creation-concurrency`.
    pub job_creation_concurrency: usize,
    /// Lifetime of reservations.
    pub reservation_expiry: ReservationExpiry,
    /// Kubernetes.
    pub runtime: Runtime,
    /// The builder of Jobs.
    pub builder: Builder,
    /// `id`; empty for none.
    pub controller_id: String,
    /// `job-prefix`.
    pub job_prefix: String,
    /// All metrics.
    pub metrics: Metrics,
}

/// Why the controller ended without being asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The session can never work.
    #[error("cannot serve the queue")]
    Session {
        /// Why.
        #[from]
        source: StartError,
    },
    /// A loop that must never end has ended.
    #[error("the {name} loop ended unexpectedly")]
    LoopEnded {
        /// Which one.
        name: &'static str,
        /// Its panic, if it was one.
        source: Option<JoinError>,
    },
}

/// Runs the stack until `stop` is cancelled, then shuts it down in order. Jobs and pods are never touched
/// by a shutdown.
///
/// # Errors
/// [`RunError`]: nothing of it happens because Buildkite or Kubernetes cannot be reached for a while.
pub async fn run(stack: Stack, stop: CancellationToken) -> Result<(), RunError> {
    let health = stack.session.health.clone();
    let session = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        session = start(&stack.session) => session?,
    };
    let seed = stack.session.seed;
    let now = Instant::now().into_std();
    let core = Core::new(stack.core.clone(), stack.metrics.clone(), seed ^ 3, now);
    let (sender, events) = mpsc::channel(EVENTS);
    let (full, is_full) = watch::channel(false);
    let mut loops = JoinSet::new();
    spawn_loops(&stack, &session, &mut loops, &sender, is_full);
    drop(sender);
    let executor = Arc::new(Executor {
        session: session.clone(),
        runtime: stack.runtime,
        builder: stack.builder,
        controller_id: stack.controller_id,
        namespace: stack.session.namespace.clone(),
        job_prefix: stack.job_prefix,
        reservation_expiry: stack.reservation_expiry,
        metrics: stack.metrics,
        stop: stop.clone(),
        creating: Semaphore::new(stack.job_creation_concurrency),
        finishing: Semaphore::new(FINISHING_AT_ONCE),
        reserve_backoff: Mutex::new(Backoff::new(seed ^ 5)),
        states_backoff: Mutex::new(Backoff::new(seed ^ 6)),
        health: health.clone(),
        random: Mutex::new(fastrand::Rng::with_seed(seed ^ 4)),
    });
    let mut reconcile = Reconcile { core, executor, tasks: JoinSet::new(), events, full, health };
    let result = reconcile.run(&mut loops, &stop).await;
    loops.abort_all();
    if result.is_ok() {
        reconcile.drain().await;
        deregister(&session).await;
    }
    result
}

/// Verdicts on the wire at once: a hundred a second are allowed, and none is urgent.
const FINISHING_AT_ONCE: usize = 8;

/// What a loop leaves behind: its name, and why it ended.
type LoopEnd = (&'static str, Result<(), StartError>);

/// The only place where long tasks are made.
fn spawn_loops(
    stack: &Stack,
    session: &Session,
    loops: &mut JoinSet<LoopEnd>,
    events: &mpsc::Sender<Event>,
    full: watch::Receiver<bool>,
) {
    let health = &stack.session.health;
    let namespace = stack.session.namespace.clone();
    let id = (!stack.controller_id.is_empty()).then_some(stack.controller_id.as_str());
    let selector = Selector::of_controller(id);
    let jobs = watches::forward(
        stack.runtime.watch_jobs(&selector),
        move |view| observe::job_facts(view, &namespace),
        Event::Job,
        Check::Jobs,
        health.clone(),
        events.clone(),
    );
    let pods = watches::forward(
        stack.runtime.watch_pods(&selector),
        observe::pod_facts,
        Event::Pod,
        Check::Pods,
        health.clone(),
        events.clone(),
    );
    let (settings, polling, session) = (stack.session.clone(), stack.poll.clone(), session.clone());
    let (metrics, sender) = (stack.metrics.monitor.clone(), events.clone());
    loops.spawn(async move {
        jobs.await;
        ("Job watch", Ok(()))
    });
    loops.spawn(async move {
        pods.await;
        ("Pod watch", Ok(()))
    });
    loops.spawn(async move { ("poll", poll(&settings, polling, session, metrics, sender, full).await) });
}

/// The owner of the core: feeds it events and carries out its effects.
struct Reconcile {
    core: Core,
    executor: Arc<Executor>,
    tasks: JoinSet<Option<Event>>,
    events: mpsc::Receiver<Event>,
    full: watch::Sender<bool>,
    health: Health,
}

impl Reconcile {
    /// Runs until the stop, or until a loop ends that must not.
    async fn run(&mut self, loops: &mut JoinSet<LoopEnd>, stop: &CancellationToken) -> Result<(), RunError> {
        loop {
            let now = Instant::now();
            self.health.tick(Loop::Reconcile, now.into_std(), Duration::ZERO);
            let wake = Instant::from_std(self.core.next_deadline()).min(now + HEARTBEAT);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(ended) = loops.join_next() => return Err(loop_ended(ended)?),
                Some(done) = self.tasks.join_next() => self.effect_done(done),
                Some(event) = self.events.recv() => self.handle(event),
                () = sleep_until(wake) => self.timer(),
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let effects = self.core.on_event(event, Instant::now().into_std());
        self.carry_out(effects);
    }

    fn timer(&mut self) {
        let effects = self.core.on_timer(Instant::now().into_std());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.executor.spawn(effect, &mut self.tasks);
        }
        let is_full = self.core.is_full();
        self.full.send_if_modified(|full| std::mem::replace(full, is_full) != is_full);
    }

    fn effect_done(&mut self, done: Result<Option<Event>, JoinError>) {
        match done {
            Ok(Some(event)) => self.handle(event),
            Ok(None) => {}
            // Its job keeps its slot until the Job's watch or a restart says otherwise.
            Err(panic) => error!(error = %panic, "an effect ended without an answer; this is a bug"),
        }
    }

    /// Waits for creates and verdicts on the wire, each for its time (1.6, steps 1, 2 and 4).
    async fn drain(&mut self) {
        info!("stopping: nothing new is started; waiting for creates and verdicts on the wire");
        self.handle(Event::Stop);
        self.wait(CREATES_MAY_TAKE, |core| core.unfinished_work().creating == 0).await;
        self.wait(VERDICTS_MAY_TAKE, |core| core.unfinished_work().verdicts == 0).await;
        let left = self.core.unfinished_work();
        if left.creating + left.verdicts > 0 {
            let (creating, verdicts) = (left.creating, left.verdicts);
            warn!(
                creating,
                verdicts, "not everything ended in time; the next instance finds it in Kubernetes"
            );
        }
        self.tasks.abort_all();
    }

    async fn wait(&mut self, at_most: Duration, done: impl Fn(&Core) -> bool) {
        let deadline = Instant::now() + at_most;
        while !done(&self.core) {
            let wake = Instant::from_std(self.core.next_deadline()).min(deadline);
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next() => self.effect_done(done),
                () = sleep_until(wake) => {
                    if Instant::now() >= deadline {
                        return;
                    }
                    self.timer();
                }
            }
        }
    }
}

fn loop_ended(ended: Result<LoopEnd, JoinError>) -> Result<RunError, RunError> {
    match ended {
        Ok((_, Err(source))) => Err(RunError::Session { source }),
        Ok((name, Ok(()))) => Ok(RunError::LoopEnded { name, source: None }),
        Err(source) => Ok(RunError::LoopEnded { name: "watch or poll", source: Some(source) }),
    }
}

/// Best effort: Buildkite reaps a stack that is not polled.
async fn deregister(session: &Session) {
    match timeout(DEREGISTERING_MAY_TAKE, session.client.deregister(&session.stack_key)).await {
        Ok(Ok(_)) => info!("deregistered the stack"),
        Ok(Err(error)) => warn!(%error, "could not deregister the stack"),
        Err(_) => warn!("could not deregister the stack in time"),
    }
}
