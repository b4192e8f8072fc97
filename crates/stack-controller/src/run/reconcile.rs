//! The loop around the core.

use std::{sync::Arc, time::Duration};

use limiter::Limiter;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{LoopEnd, RunError, loop_ended};
use crate::{
    core::{
        Core,
        event::{Effect, Event, StartOutcome},
    },
    effects::Executor,
    health::{Health, Loop},
};

/// Creates that are on the wire at a stop may take so long (1.6).
const CREATES_MAY_TAKE: Duration = Duration::from_secs(10);
/// Verdicts that are under way at a stop may take so long after that.
const VERDICTS_MAY_TAKE: Duration = Duration::from_secs(5);
/// The core is a loop that must tick even when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Why the loop ends that nothing is wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// As asked.
    Stopped,
    /// Another instance may lead.
    Lost,
}

/// The owner of the core: feeds it events and carries out its effects.
pub(super) struct Reconcile {
    core: Core,
    executor: Arc<Executor>,
    /// Calls that reserve and attempts to start: the only effects that are waited for when the lead is lost.
    starts: JoinSet<Option<Event>>,
    /// All other effects.
    tasks: JoinSet<Option<Event>>,
    events: mpsc::Receiver<Event>,
    full: watch::Sender<bool>,
    health: Health,
}

impl Reconcile {
    pub(super) fn new(
        core: Core,
        executor: Arc<Executor>,
        events: mpsc::Receiver<Event>,
        full: watch::Sender<bool>,
        health: Health,
    ) -> Self {
        Self { core, executor, starts: JoinSet::new(), tasks: JoinSet::new(), events, full, health }
    }

    /// Runs until the stop, until the lead is lost, or until a loop ends that must not.
    pub(super) async fn run(
        &mut self,
        loops: &mut JoinSet<LoopEnd>,
        stop: &CancellationToken,
        lost: &CancellationToken,
    ) -> Result<Why, RunError> {
        loop {
            let now = Instant::now();
            self.health.tick(Loop::Reconcile, now.into_std(), Duration::ZERO);
            let wake = Instant::from_std(self.core.next_deadline()).min(now + HEARTBEAT);
            tokio::select! {
                biased;
                () = lost.cancelled() => return Ok(Why::Lost),
                () = stop.cancelled() => return Ok(Why::Stopped),
                Some(ended) = loops.join_next() => return Err(loop_ended(ended)?),
                Some(done) = self.starts.join_next() => self.effect_done(done),
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
            let is_start = matches!(effect, Effect::Reserve(_) | Effect::Start { .. });
            let tasks = if is_start { &mut self.starts } else { &mut self.tasks };
            self.executor.spawn(effect, tasks);
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
    pub(super) async fn drain(&mut self) {
        info!("stopping: nothing new is started; waiting for creates and verdicts on the wire");
        self.handle(Event::Stop);
        self.wait(CREATES_MAY_TAKE, |core| core.unfinished_work().creating == 0).await;
        self.wait(VERDICTS_MAY_TAKE, |core| core.unfinished_work().verdicts == 0).await;
        let left = self.core.unfinished_work();
        if left.creating + left.verdicts > 0 {
            let (creating, verdicts) = (left.creating, left.verdicts);
            warn!(
                creating,
                verdicts,
                "not everything ended in time; the next instance finds it in Kubernetes, or in the list once its \
                 reservation has lapsed"
            );
        }
        self.starts.abort_all();
        self.tasks.abort_all();
    }

    /// Another instance may lead: nothing more is decided, told or removed. What reserves or creates on the wire
    /// finishes, because nobody can recall it: a Job's name is fixed by its job, so that two creates are a conflict, and
    /// a reservation that nobody knows of would hide its job until it lapses.
    pub(super) async fn let_go(mut self) -> Limiter {
        self.executor.stop.cancel();
        self.tasks.abort_all();
        self.core.wind_down();
        let on_the_wire = async {
            while let Some(done) = self.starts.join_next().await {
                let told = matches!(
                    done,
                    Ok(Some(
                        Event::Reserved { .. } | Event::Started { outcome: StartOutcome::Exists { .. }, .. }
                    ))
                );
                if let Ok(Some(event)) = done
                    && told
                {
                    // What follows from it is the next leader's to do.
                    drop(self.core.on_event(event, Instant::now().into_std()));
                }
            }
        };
        if timeout(CREATES_MAY_TAKE, on_the_wire).await.is_err() {
            warn!("not every create ended in time; the next leader finds what they made in Kubernetes");
        }
        self.core.into_candidates(Instant::now().into_std())
    }

    async fn wait(&mut self, at_most: Duration, done: impl Fn(&Core) -> bool) {
        let deadline = Instant::now() + at_most;
        while !done(&self.core) {
            let wake = Instant::from_std(self.core.next_deadline()).min(deadline);
            tokio::select! {
                biased;
                Some(done) = self.starts.join_next() => self.effect_done(done),
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
