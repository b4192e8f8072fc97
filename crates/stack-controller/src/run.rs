//! Waiting to lead, putting the parts together, running them, and stopping (`docs/spec/lifecycle.md` 1.4–1.6, D10).

mod reconcile;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bk_agent_api::ReservationExpiry;
use k8s_runtime::{Runtime, Selector};
use limiter::Limiter;
use podspec_builder::Builder;
use reconcile::{Reconcile, Why};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    core::{Core, CoreSettings, event::Event},
    effects::Executor,
    health::Check,
    leadership::{Leadership, LeadershipSettings},
    metrics::Metrics,
    observe,
    session::{Backoff, PollSettings, Session, SessionSettings, StartError, poll, start},
    watches,
};

/// Events that may wait for the core. The senders are three loops, each of which waits when it is full,
/// so the bound only has to be large enough that a list of Jobs does not switch tasks for every object.
const EVENTS: usize = 1024;
/// Leaving Buildkite may take so long.
const DEREGISTERING_MAY_TAKE: Duration = Duration::from_secs(5);

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
    /// Who leads.
    pub leadership: LeadershipSettings,
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
/// Everything that acts on Buildkite or Kubernetes runs only while this instance leads (D10); when that ends, it waits
/// to lead again.
///
/// # Errors
/// [`RunError`]: nothing of it happens because Buildkite or Kubernetes cannot be reached for a while.
pub async fn run(stack: Stack, stop: CancellationToken) -> Result<(), RunError> {
    let health = stack.session.health.clone();
    let mut leadership = Leadership::new(&stack.leadership, health, stack.metrics.leader.clone());
    let result = lead(&stack, &mut leadership, &stop).await;
    // After everything else: from here on another may lead.
    leadership.resign().await;
    result
}

/// One term after the other, until the stop.
async fn lead(stack: &Stack, leadership: &mut Leadership, stop: &CancellationToken) -> Result<(), RunError> {
    let mut left = None;
    loop {
        let unbroken = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            unbroken = leadership.acquire() => unbroken,
        };
        let lost = CancellationToken::new();
        // What we reserved is only as we left it if nobody else has led in between.
        let term = serve(stack, left.take().filter(|_| unbroken), stop, &lost);
        tokio::pin!(term);
        let ended = tokio::select! {
            biased;
            () = leadership.keep() => None,
            ended = &mut term => Some(ended),
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                lost.cancel();
                term.await
            }
        };
        match ended? {
            Ended::Stopped => return Ok(()),
            Ended::Lost(candidates) => {
                left = candidates.map(|candidates| *candidates);
                stack.metrics.stand_by();
            }
        }
    }
}

/// How a term ended that nothing is wrong with.
#[derive(Debug)]
enum Ended {
    /// As asked; everything is in order.
    Stopped,
    /// Another instance may lead. With what the next term can go on with, if it is ours.
    Lost(Option<Box<Limiter>>),
}

/// Serves the queue until `stop`, or until the lead is `lost`. Goes on with what our last term has `left`.
async fn serve(
    stack: &Stack,
    left: Option<Limiter>,
    stop: &CancellationToken,
    lost: &CancellationToken,
) -> Result<Ended, RunError> {
    let session = tokio::select! {
        biased;
        () = lost.cancelled() => return Ok(Ended::Lost(left.map(Box::new))),
        () = stop.cancelled() => return Ok(Ended::Stopped),
        session = start(&stack.session) => session?,
    };
    let now = Instant::now().into_std();
    let mut core = Core::new(stack.core.clone(), stack.metrics.clone(), stack.session.seed ^ 3, now);
    if let Some(candidates) = left {
        core.go_on_with(candidates);
    }
    let (sender, events) = mpsc::channel(EVENTS);
    let (full, is_full) = watch::channel(false);
    let mut loops = JoinSet::new();
    spawn_loops(stack, &session, &mut loops, &sender, is_full);
    drop(sender);
    let executor = Arc::new(executor(stack, session.clone(), stop.child_token()));
    let health = stack.session.health.clone();
    let mut reconcile = Reconcile::new(core, executor, events, full, health);
    let why = reconcile.run(&mut loops, stop, lost).await?;
    loops.abort_all();
    if why == Why::Lost {
        return Ok(Ended::Lost(Some(Box::new(reconcile.let_go().await))));
    }
    let leave = async {
        reconcile.drain().await;
        deregister(&session).await;
    };
    tokio::select! {
        biased;
        // The next leader may have registered the key already (X18).
        () = lost.cancelled() => warn!("the lead was lost while stopping: the stack stays registered"),
        () = leave => {}
    }
    Ok(Ended::Stopped)
}

fn executor(stack: &Stack, session: Session, stop: CancellationToken) -> Executor {
    let seed = stack.session.seed;
    Executor {
        session,
        runtime: stack.runtime.clone(),
        builder: stack.builder.clone(),
        controller_id: stack.controller_id.clone(),
        namespace: stack.session.namespace.clone(),
        job_prefix: stack.job_prefix.clone(),
        reservation_expiry: stack.reservation_expiry,
        metrics: stack.metrics.clone(),
        stop,
        creating: Semaphore::new(stack.job_creation_concurrency),
        finishing: Semaphore::new(FINISHING_AT_ONCE),
        finishing_once: Semaphore::new(FINISHING_AT_ONCE),
        reserve_backoff: Mutex::new(Backoff::new(seed ^ 5)),
        states_backoff: Mutex::new(Backoff::new(seed ^ 6)),
        health: stack.session.health.clone(),
        random: Mutex::new(fastrand::Rng::with_seed(seed ^ 4)),
    }
}

/// Verdicts of each kind on the wire at once: a hundred a second are allowed, and none is urgent.
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
