//! The live read that every destructive step rests on (`docs/spec/lifecycle.md` 1.3, rule 2).

use std::time::Duration;

use job_lifecycle::LiveSeen;
use k8s_runtime::ApiError;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};
use uuid::Uuid;

use super::Executor;
use crate::{core::event::Event, observe, session::error_chain};

/// Events are written a moment after what they tell of: none at all are asked for once more (F1).
const EVENTS_MAY_LAG: Duration = Duration::from_secs(2);
/// What the Job controller's event says when a quota refuses a pod.
const QUOTA: &str = "exceeded quota";

impl Executor {
    pub(super) async fn look_live(&self, job: Uuid, name: &str, events_of: Option<&str>) -> Event {
        let quota = match events_of {
            Some(uid) => self.quota_refuses(uid).await,
            None => Ok(false),
        };
        let read = match quota {
            Ok(quota) => self.read_objects(job, name, quota).await,
            Err(error) => Err(error),
        };
        match read {
            Ok(live) => Event::LookedLive { job, live },
            Err(error) => {
                warn!(error = error_chain(&error), "could not read Job and pods; trying again");
                Event::LookFailed { job, wait: error.retry_after() }
            }
        }
    }

    async fn read_objects(&self, job: Uuid, name: &str, quota: bool) -> Result<LiveSeen, ApiError> {
        let asked_at = Instant::now().into_std();
        let found = self.runtime.get_job(name).await?;
        let pods = self.runtime.get_pods_of(job).await?;
        let answered_at = Instant::now().into_std();
        let job = found.map(|view| (view.uid.clone(), observe::job_seen(&view, &self.namespace)));
        let pods = pods.iter().map(observe::pod_seen).collect();
        Ok(LiveSeen { asked_at, answered_at, job, pods, quota })
    }

    /// Whether the Job has no pod for lack of capacity (F1, X31). Without the right to read events it is not known,
    /// and then no pod is no pod.
    async fn quota_refuses(&self, uid: &str) -> Result<bool, ApiError> {
        let mut asked_again = false;
        loop {
            match self.runtime.events_for(uid).await {
                Ok(events) if events.is_empty() && !asked_again => asked_again = true,
                Ok(events) => {
                    let refused = |event: &k8s_runtime::EventView| event.reason == "FailedCreate";
                    let last = events.iter().rev().find(|event| refused(event));
                    return Ok(last.is_some_and(|event| event.message.contains(QUOTA)));
                }
                Err(error) if error.is_denied() => {
                    debug!(error = error_chain(&error), "cannot read the Job's events");
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
            sleep(EVENTS_MAY_LAG).await;
        }
    }
}
