//! Sliding one-second windows per stack and endpoint (stacks-api 3).

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::options::RateLimits;

/// An endpoint of the Stacks API that has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    ListScheduledJobs,
    BatchReserve,
    ShowJob,
    BatchLoadJobStates,
    FinishJob,
    StackNotification,
    Default,
    JobAcquisitionTokens,
}

impl Scope {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListScheduledJobs => "list-scheduled-jobs",
            Self::BatchReserve => "batch-reserve",
            Self::ShowJob => "show-job",
            Self::BatchLoadJobStates => "batch-load-job-states",
            Self::FinishJob => "finish-job",
            Self::StackNotification => "stack-notification",
            Self::Default => "default",
            Self::JobAcquisitionTokens => "job-acquisition-tokens",
        }
    }

    fn limit(self, limits: &RateLimits) -> u32 {
        match self {
            Self::ListScheduledJobs => limits.list_scheduled_jobs,
            Self::BatchReserve => limits.batch_reserve,
            Self::ShowJob => limits.show_job,
            Self::BatchLoadJobStates => limits.batch_load_job_states,
            Self::FinishJob => limits.finish_job,
            Self::StackNotification => limits.stack_notification,
            Self::Default => limits.default,
            Self::JobAcquisitionTokens => limits.job_acquisition_tokens,
        }
    }
}

/// What the rate limit headers of one answer say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateStatus {
    pub(crate) scope: Scope,
    pub(crate) limit: u32,
    /// Requests in the window, this one included.
    pub(crate) current: u32,
    /// Whole seconds until the oldest request leaves the window.
    pub(crate) reset_seconds: u32,
}

impl RateStatus {
    pub(crate) fn exceeded(&self) -> bool {
        self.current > self.limit
    }

    pub(crate) fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.current)
    }
}

const WINDOW: SignedDuration = SignedDuration::from_secs(1);

/// The windows of all stacks.
#[derive(Debug, Default)]
pub(crate) struct Windows(BTreeMap<(String, Scope), VecDeque<Timestamp>>);

impl Windows {
    /// Counts one request; `None` when limits are switched off.
    pub(crate) fn hit(
        &mut self,
        limits: &RateLimits,
        scope: Scope,
        stack: &str,
        now: Timestamp,
    ) -> Option<RateStatus> {
        if !limits.enabled {
            return None;
        }
        let window = self.0.entry((stack.to_owned(), scope)).or_default();
        while window.front().is_some_and(|oldest| now.duration_since(*oldest) >= WINDOW) {
            window.pop_front();
        }
        let limit = scope.limit(limits);
        let before = u32::try_from(window.len()).unwrap_or(u32::MAX);
        // A refused request does not count, or a client that hammers would never get through.
        if before < limit {
            window.push_back(now);
        }
        Some(RateStatus { scope, limit, current: before.saturating_add(1), reset_seconds: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// stacks-api 3
    #[test]
    fn the_window_slides() {
        let start: Timestamp = "2026-09-02T08:15:00Z".parse().unwrap();
        let at = |milliseconds: i64| start + SignedDuration::from_millis(milliseconds);
        let limits = RateLimits { finish_job: 2, ..RateLimits::default() };
        let mut windows = Windows::default();
        let mut exceeded = |stack: &str, milliseconds| {
            let status = windows.hit(&limits, Scope::FinishJob, stack, at(milliseconds));
            status.expect("limits are on").exceeded()
        };
        assert!(!exceeded("a", 0));
        assert!(!exceeded("a", 900));
        assert!(exceeded("a", 999), "two in the window");
        assert!(!exceeded("b", 999), "another stack has its own window");
        assert!(!exceeded("a", 1000), "the first has left");
        assert!(exceeded("a", 1899));
        assert!(!exceeded("a", 1900));
    }
}
