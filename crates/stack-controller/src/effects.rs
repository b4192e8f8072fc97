//! Carrying out what the core decided. Each effect is one function that ends in one event.
//!
//! Nothing here decides what happens to a job: functions translate between the API crates and the core's
//! words, and retry only what the rules call uncertain.

mod calls;
mod finish;
mod look;
mod redacted;
mod remove;
mod start;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bk_agent_api::{Error, FinishReason, ReservationExpiry};
use k8s_runtime::Runtime;
use podspec_builder::Builder;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, info_span};
use uuid::Uuid;

use crate::{
    core::event::{Effect, Event},
    health::Health,
    metrics::Metrics,
    session::{Backoff, Session},
};

/// What effects need. Shared by all of them, changed by none.
pub(crate) struct Executor {
    pub(crate) session: Session,
    pub(crate) runtime: Runtime,
    pub(crate) builder: Builder,
    pub(crate) controller_id: String,
    pub(crate) namespace: String,
    pub(crate) job_prefix: String,
    pub(crate) reservation_expiry: ReservationExpiry,
    pub(crate) metrics: Metrics,
    /// A stop was asked for: what has not reached the create is given up.
    pub(crate) stop: CancellationToken,
    /// `job-creation-concurrency`: jobs being got, built and created at once.
    pub(crate) creating: Semaphore,
    /// Verdicts that last, on the wire at once.
    pub(crate) finishing: Semaphore,
    /// Verdicts that may pass, on the wire at once: they do not wait for those that are repeated.
    pub(crate) finishing_once: Semaphore,
    /// Pauses between failed reserve calls.
    pub(crate) reserve_backoff: Mutex<Backoff>,
    /// Pauses between failed state calls.
    pub(crate) states_backoff: Mutex<Backoff>,
    /// Where faults of the whole installation are shown.
    pub(crate) health: Health,
    /// Jitter.
    pub(crate) random: Mutex<fastrand::Rng>,
}

/// Plain data behind a lock that is never held across an await: a panic cannot leave it half written.
fn lock<T>(data: &Mutex<T>) -> MutexGuard<'_, T> {
    data.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Executor {
    /// Starts an effect; the task's result is the event that answers it, if it has one.
    pub(crate) fn spawn(self: &Arc<Self>, effect: Effect, tasks: &mut JoinSet<Option<Event>>) {
        let executor = Arc::clone(self);
        let span = match &effect {
            Effect::Start { job, .. }
            | Effect::Locate(job)
            | Effect::Finish { job, .. }
            | Effect::LookLive { job, .. }
            | Effect::Remove { job, .. } => {
                info_span!("job", job_uuid = %job, name = executor.job_name(*job), namespace = executor.namespace)
            }
            Effect::Reserve(jobs) | Effect::ReadStates(jobs) => info_span!("jobs", count = jobs.len()),
            Effect::MarkVerdict { name, .. } => info_span!("job", name, namespace = executor.namespace),
        };
        tasks.spawn(async move { executor.carry_out(effect).await }.instrument(span));
    }

    async fn carry_out(&self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Reserve(jobs) => Some(self.reserve(jobs).await),
            Effect::ReadStates(jobs) => Some(self.read_states(jobs).await),
            Effect::Start { job, priority, agent_query_rules, reserved_until } => {
                let outcome = self.start(job, priority, &agent_query_rules, reserved_until).await;
                Some(Event::Started { job, outcome })
            }
            Effect::Locate(job) => Some(self.locate(job).await),
            Effect::Finish { job, verdict, job_uid, job_lives } => {
                let reason = if job_lives { FinishReason::MayPass } else { FinishReason::Lasts };
                Some(self.finish(job, &verdict, job_uid, reason).await)
            }
            Effect::MarkVerdict { name, uid, code } => {
                self.mark_verdict(&name, &uid, code).await;
                None
            }
            Effect::LookLive { job, name, events_of } => {
                Some(self.look_live(job, &name, events_of.as_deref()).await)
            }
            Effect::Remove { job, step } => {
                let outcome = self.remove(&step).await;
                Some(Event::Removed { job, step, outcome })
            }
        }
    }

    /// Job name = prefix + UUID (`lifecycle.md` 0).
    pub(crate) fn job_name(&self, job: Uuid) -> String {
        format!("{}{job}", self.job_prefix)
    }

    /// A moment about `base` from now, at least what the server asked for.
    pub(crate) fn retry_at(&self, base: Duration, error: Option<&Error>) -> std::time::Instant {
        let jitter = lock(&self.random).f64();
        let wait = base.mul_f64(1.0 - jitter / 2.0);
        let asked = error.and_then(Error::retry_after).unwrap_or_default();
        Instant::now().into_std() + wait.max(asked)
    }
}
