//! Telling Buildkite that a job will not run (`docs/spec/lifecycle.md` 5.1).

use std::time::Duration;

use bk_agent_api::{FinishOutcome, FinishReason};
use job_lifecycle::{BuildkiteState, EventSeen, StateSeen, Verdict};
use k8s_runtime::{PatchOutcome, names::VERDICT_ANNOTATION};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::Executor;
use crate::{
    core::event::Event,
    session::{Session, error_chain},
};

/// A verdict carries no other status until it is known that Buildkite keeps `stack_error` with one.
const EXIT_STATUS: i32 = -1;
/// Pause after the client's own retries failed.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// Pause after others were told.
const NEXT_TURN_AFTER: Duration = Duration::from_secs(2);
/// A verdict rests on a live read, which gets old (1.3, rule 2): so long it waits for its turn, and for events.
const WAITS_FOR: Duration = Duration::from_secs(1);
/// Tries at marking a Job. The mark only saves a restarted controller a call that Buildkite would answer
/// with "already over", so it is not worth more.
const MARK_TRIES: u32 = 5;

impl Executor {
    pub(super) async fn finish(
        &self,
        job: Uuid,
        verdict: &Verdict,
        job_uid: Option<String>,
        reason: FinishReason,
    ) -> Event {
        let permit = match reason {
            FinishReason::Lasts => self.finishing.acquire().await.ok(),
            FinishReason::MayPass => {
                timeout(WAITS_FOR, self.finishing_once.acquire()).await.ok().and_then(Result::ok)
            }
        };
        let Some(_permit) = permit else {
            return Event::FinishHadNoTurn { job, retry_at: self.retry_at(NEXT_TURN_AFTER, None) };
        };
        let events = match &job_uid {
            Some(uid) => self.events_of(uid).await,
            None => Vec::new(),
        };
        let Session { client, stack_key, .. } = &self.session;
        match client.finish(stack_key, job, EXIT_STATUS, &verdict.detail(&events), reason).await {
            Ok(answer) => match answer.value {
                FinishOutcome::Recorded => {
                    info!(code = verdict.code, "Buildkite has the verdict");
                    let state = StateSeen::new(BuildkiteState::Ended, Instant::now().into_std());
                    Event::Finished { job, recorded: true, state }
                }
                FinishOutcome::AlreadyOver { status, message } => self.over(job, status, &message).await,
            },
            Err(error) => {
                warn!(error = error_chain(&error), "could not tell Buildkite that the job will not run");
                Event::FinishFailed { job, retry_at: self.retry_at(AFTER_FAILURE, Some(&error)) }
            }
        }
    }

    /// 404, 409 and 422 usually say that the job is over. They are also what a forgotten stack or a bad call gets,
    /// so the state decides.
    async fn over(&self, job: Uuid, status: u16, message: &str) -> Event {
        let Session { client, stack_key, .. } = &self.session;
        let asked_at = Instant::now().into_std();
        let batch = client.job_states(stack_key, &[job]).await;
        let word = batch.value.get(&job).map(|state| BuildkiteState::from_word(state.as_word()));
        let state = word.unwrap_or(BuildkiteState::Absent);
        let failed = batch.failed.first().map(|failed| &failed.error);
        if failed.is_some() || matches!(state, BuildkiteState::Scheduled | BuildkiteState::Reserved) {
            warn!(status, message, "Buildkite refused the verdict although the job is not over");
            return Event::FinishFailed { job, retry_at: self.retry_at(AFTER_FAILURE, failed) };
        }
        info!(status, message, ?state, "Buildkite has no use for the verdict");
        Event::Finished { job, recorded: false, state: StateSeen::new(state, asked_at) }
    }

    /// Events are a help, not a condition: a verdict without them is better than none.
    async fn events_of(&self, uid: &str) -> Vec<EventSeen> {
        let Ok(read) = timeout(WAITS_FOR, self.runtime.events_for(uid)).await else {
            debug!("the Job's events do not come; going on without them");
            return Vec::new();
        };
        match read {
            Ok(events) => events
                .into_iter()
                .map(|event| EventSeen {
                    kind: event.kind,
                    reason: event.reason,
                    message: event.message,
                    count: event.count,
                })
                .collect(),
            Err(error) => {
                debug!(error = error_chain(&error), "could not read the Job's events");
                Vec::new()
            }
        }
    }

    pub(super) async fn mark_verdict(&self, name: &str, uid: &str, code: &str) {
        for attempt in 1..=MARK_TRIES {
            match self.runtime.annotate_job(name, uid, VERDICT_ANNOTATION, code).await {
                PatchOutcome::Failed(error) => {
                    debug!(attempt, error = error_chain(&error), "could not mark the Job");
                }
                _ => return,
            }
            sleep(Duration::from_secs(1 << attempt)).await;
        }
    }
}

#[cfg(test)]
mod tests;
