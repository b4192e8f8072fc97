//! Values of the pod itself (job-manifest ).

use shared_json::Value;

use crate::draft::{Draft, Inputs};
use crate::error::{Warning, quoted};
use crate::object::text;
use crate::patch;

/// Grace periods of the agent, in seconds. The agent requires the first to exceed the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grace {
    pub(crate) cancel: i64,
    pub(crate) signal: i64,
}

impl Grace {
    /// What a grace period of the pod leaves to the agent.
    pub(crate) fn of(period: i64) -> Self {
        Self { cancel: period.max(1), signal: period.saturating_sub(FINISHING_SECONDS).max(0) }
    }
}

/// Seconds that the agent keeps for flushing logs and finishing the job.
const FINISHING_SECONDS: i64 = 10;

/// Sets restart policy and grace period, and derives the agent's own grace periods from the latter.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>) -> Grace {
    const KEY: &str = "restartPolicy";
    let written = text(&draft.pod, KEY);
    if !matches!(written, "" | "Never") {
        let message = format!(
            "{} was replaced by `Never`: a restarted agent breaks the job; leave the key out",
            quoted(written)
        );
        let in_patch = |patch: &Value| {
            Some(text(patch.as_object()?, KEY)).filter(|word| !word.is_empty()).map(|_| KEY.to_owned())
        };
        let place = patch::origin(inputs, in_patch);
        let place = place.unwrap_or_else(|| format!("{}.{KEY}", draft.roles.written_in));
        draft.warnings.push(Warning::new("W-15", message).at(place));
    }
    draft.pod.insert(KEY, "Never".into());
    let default = inputs.settings.default_termination_grace_period_seconds;
    let period = draft.pod.get_or_insert_with("terminationGracePeriodSeconds", || default.into());
    let period = period.as_i64().expect("the reader lets only whole numbers through");
    Grace::of(period)
}

/// A number of the pod-level security context; 0 when absent.
pub(crate) fn security_number(draft: &Draft, key: &str) -> i64 {
    let context = draft.pod.get("securityContext");
    context.and_then(|context| context.get(key)).and_then(Value::as_i64).unwrap_or(0)
}
