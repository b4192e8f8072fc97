//! The calls to Buildkite that take many jobs, and the live read of one Job.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use bk_agent_api::{Error, ReservationExpiry, ReservePurpose};
use job_lifecycle::attempt::LEFT_TO_CREATE;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};
use uuid::Uuid;

use super::{Executor, lock};
use crate::{
    core::event::Event,
    observe::job_facts,
    planted::{self, Defect},
    session::{Backoff, SLOW_RETRY, Session, error_chain},
};

/// A renewal that hangs, and two more tries: as many pauses come before them as an outage may have made long.
const RESERVE_TRIES: u32 = 3;
/// What even the shortest reservation grants a call.
const SHORTEST_RESERVE: Duration = Duration::from_secs(2);
/// What even the shortest reservation leaves of a pause.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

impl Executor {
    pub(super) async fn reserve(&self, asked: Vec<Uuid>) -> Event {
        let Session { client, stack_key, .. } = &self.session;
        // Counted from before the call: the server's clock for it starts later.
        let until = Instant::now().into_std() + self.lifetime();
        let left_out = planted::is(Defect::LifetimeLeftToServer);
        let expiry = if left_out { ReservationExpiry::default() } else { self.reservation_expiry };
        let call = client.reserve(stack_key, &asked, expiry, ReservePurpose::Claim);
        let limit = reserve_limit(self.lifetime());
        let Ok(batch) = timeout(limit, call).await else {
            let seconds = limit.as_secs_f64();
            warn!(seconds, "a reserve call took too long; trying again before reservations lapse");
            let wait = lock(&self.reserve_backoff).next(None).min(longest_pause(self.lifetime()));
            return Event::ReserveFailed { asked, retry_at: after(wait) };
        };
        if let Some(failed) = batch.failed.first() {
            warn!(error = error_chain(&failed.error), "could not reserve jobs; trying again");
            return Event::ReserveFailed {
                asked,
                retry_at: backing_off(&self.reserve_backoff, longest_pause(self.lifetime()), &failed.error),
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
            let longest = longest_pause(self.lifetime());
            let retry_at = backing_off(&self.states_backoff, longest, &failed.error);
            return Event::StatesFailed { asked, retry_at };
        }
        lock(&self.states_backoff).reset();
        let states: BTreeMap<Uuid, String> =
            batch.value.into_iter().map(|(job, state)| (job, state.as_word().to_owned())).collect();
        Event::States { asked, asked_at, states }
    }

    pub(super) async fn locate(&self, job: Uuid) -> Event {
        match self.runtime.get_job(&self.job_name(job)).await {
            Ok(view) => {
                let facts = view.and_then(|view| job_facts(&view, &self.namespace));
                Event::Located { job, found: facts.filter(|facts| facts.job == job) }
            }
            Err(error) => {
                warn!(error = error_chain(&error), "could not read the Job; trying again");
                Event::LocateFailed { job }
            }
        }
    }
}

/// When a call of this kind may be tried again: what only a person can change is tried once a minute (P20). A 404 is
/// nothing of the kind: a proxy may have answered, and where the stack is unknown the list loop registers it again.
/// A pause that the server asks for may be longer than `longest`.
fn backing_off(backoff: &Mutex<Backoff>, longest: Duration, error: &Error) -> std::time::Instant {
    let wait = lock(backoff).next(None).min(longest).max(error.retry_after().unwrap_or_default());
    let heals = error.is_transient() || matches!(error, Error::NotFound { .. });
    after(if heals { wait } else { wait.max(SLOW_RETRY) })
}

fn after(wait: Duration) -> std::time::Instant {
    Instant::now().into_std() + wait
}

/// How long a reserve call may take, whatever `http-timeout` grants a call (1.8): one is on the wire at a time, so one
/// that hangs must leave time for two more before reservations are too short to create with (V6).
fn reserve_limit(lifetime: Duration) -> Duration {
    let margin = LEFT_TO_CREATE.min(lifetime / 2);
    let to_renew = (lifetime / 3).saturating_sub(margin + RESERVE_TRIES * longest_pause(lifetime));
    (to_renew / RESERVE_TRIES).max(SHORTEST_RESERVE)
}

/// How long the pauses between failed calls may grow (1.8): a renewal that is due with a third of its lifetime left is
/// tried three times before that is over, however long the outage was that came before, even if two of them hang.
fn longest_pause(lifetime: Duration) -> Duration {
    (lifetime / 36).clamp(SHORTEST_PAUSE, SLOW_RETRY)
}

#[cfg(test)]
mod tests;
