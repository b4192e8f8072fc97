//! The calls to Buildkite that take many jobs, and the live read of one Job.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use bk_agent_api::{Error, ReservePurpose};
use tokio::time::Instant;
use tracing::{debug, warn};
use uuid::Uuid;

use super::{Executor, lock};
use crate::{
    core::event::Event,
    session::{Backoff, SLOW_RETRY, Session, error_chain},
};

impl Executor {
    pub(super) async fn reserve(&self, asked: Vec<Uuid>) -> Event {
        let Session { client, stack_key, .. } = &self.session;
        // Counted from before the call: the server's clock for it starts later.
        let until = Instant::now().into_std() + self.lifetime();
        let batch = client.reserve(stack_key, &asked, self.reservation_expiry, ReservePurpose::Claim).await;
        if let Some(failed) = batch.failed.first() {
            warn!(error = error_chain(&failed.error), "could not reserve jobs; trying again");
            return Event::ReserveFailed {
                asked,
                retry_at: backing_off(&self.reserve_backoff, &failed.error),
            };
        }
        lock(&self.reserve_backoff).reset();
        let reserved = batch.value.reserved;
        debug!(asked = asked.len(), reserved = reserved.len(), "reserved jobs");
        Event::Reserved { asked, reserved, until }
    }

    /// The lifetime that is asked for at each reservation.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.reservation_expiry.as_seconds().into())
    }

    pub(super) async fn read_states(&self, asked: Vec<Uuid>) -> Event {
        let Session { client, stack_key, .. } = &self.session;
        let asked_at = Instant::now().into_std();
        let batch = client.job_states(stack_key, &asked).await;
        if let Some(failed) = batch.failed.first() {
            warn!(error = error_chain(&failed.error), "could not read job states; trying again");
            return Event::StatesFailed { asked, retry_at: backing_off(&self.states_backoff, &failed.error) };
        }
        lock(&self.states_backoff).reset();
        let states: BTreeMap<Uuid, String> =
            batch.value.into_iter().map(|(job, state)| (job, state.as_word().to_owned())).collect();
        Event::States { asked, asked_at, states }
    }

    pub(super) async fn locate(&self, job: Uuid) -> Event {
        match self.runtime.get_job(&self.job_name(job)).await {
            Ok(view) => {
                let ours = view.filter(|view| view.job_uuid == Some(job));
                Event::Located { job, uid: ours.map(|view| view.uid) }
            }
            Err(error) => {
                warn!(error = error_chain(&error), "could not read the Job; trying again");
                Event::LocateFailed { job }
            }
        }
    }
}

/// When a call of this kind may be tried again: what only a person can change is tried once a minute (P20).
fn backing_off(backoff: &Mutex<Backoff>, error: &Error) -> std::time::Instant {
    let wait = lock(backoff).next(error.retry_after());
    let wait = if error.is_transient() { wait } else { wait.max(SLOW_RETRY) };
    Instant::now().into_std() + wait
}
