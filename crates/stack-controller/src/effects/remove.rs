//! The steps that change or remove objects, each with the UID of the object that was looked at (X7, X8).

use k8s_runtime::{ApiError, DeleteOutcome, PatchOutcome, Propagation};
use tracing::warn;

use super::Executor;
use crate::{
    core::event::{Step, StepOutcome},
    session::error_chain,
};

/// A second after its start a Job without a pod has missed this deadline already.
const AT_ONCE_SECONDS: u64 = 1;
/// What the mark on such a Job says.
const NO_POD: &str = "no-pod";

impl Executor {
    pub(super) async fn remove(&self, step: &Step) -> StepOutcome {
        let outcome = match step {
            // Nothing runs in it yet that could need a grace period.
            Step::DeletePod { name, uid, .. } => deleted(self.runtime.delete_pod(name, uid, Some(0)).await),
            Step::DeleteJob { name, uid, .. } => {
                deleted(self.runtime.delete_job(name, uid, Propagation::Background).await)
            }
            Step::ShortenDeadline { name, uid } => {
                patched(self.runtime.shorten_job_deadline(name, uid, AT_ONCE_SECONDS, NO_POD).await)
            }
        };
        outcome.unwrap_or_else(|error| {
            warn!(?step, error = error_chain(&error), "could not do this in Kubernetes; trying again");
            StepOutcome::Failed { reason: error.reason_label().to_owned(), wait: error.retry_after() }
        })
    }
}

fn deleted(outcome: DeleteOutcome) -> Result<StepOutcome, ApiError> {
    match outcome {
        DeleteOutcome::Deleted | DeleteOutcome::Gone => Ok(StepOutcome::Done),
        DeleteOutcome::OtherUid => Ok(StepOutcome::OtherObject),
        DeleteOutcome::Failed(error) => Err(error),
    }
}

fn patched(outcome: PatchOutcome) -> Result<StepOutcome, ApiError> {
    match outcome {
        PatchOutcome::Patched | PatchOutcome::Gone => Ok(StepOutcome::Done),
        PatchOutcome::OtherUid => Ok(StepOutcome::OtherObject),
        PatchOutcome::Failed(error) => Err(error),
    }
}
