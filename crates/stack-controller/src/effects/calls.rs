//! The calls to Buildkite that take many jobs, and the live read of one Job.

use std::{collections::BTreeMap, time::Duration};

use bk_agent_api::ReservePurpose;
use tokio::time::Instant;
use tracing::{debug, warn};
use uuid::Uuid;

use super::Executor;
use crate::{
    core::event::Event,
    observe,
    session::{Session, error_chain},
};

/// Pause after a reserve or state call that failed although its client retried what can be retried.
const AFTER_FAILURE: Duration = Duration::from_secs(4);

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
                retry_at: self.retry_at(AFTER_FAILURE, Some(&failed.error)),
            };
        }
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
            return Event::StatesFailed {
                asked,
                retry_at: self.retry_at(AFTER_FAILURE, Some(&failed.error)),
            };
        }
        let states: BTreeMap<Uuid, String> =
            batch.value.into_iter().map(|(job, state)| (job, state.as_word().to_owned())).collect();
        Event::States { asked, asked_at, states }
    }

    pub(super) async fn locate(&self, job: Uuid) -> Event {
        match self.runtime.get_job(&self.job_name(job)).await {
            Ok(view) => {
                let ours = |facts: &crate::core::event::JobFacts| facts.job == job;
                let found = view.and_then(|view| observe::job_facts(&view, &self.namespace)).filter(ours);
                Event::Located { job, found }
            }
            Err(error) => {
                warn!(error = error_chain(&error), "could not read the Job; trying again");
                Event::LocateFailed { job }
            }
        }
    }
}
