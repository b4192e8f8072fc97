//! The ten calls, as names for errors, metrics and retry rules.

use std::fmt;

use crate::retry::RetryPolicy;

/// One call of the API (`stacks-api` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// `GET /token`
    Token,
    /// `POST /stacks/register`
    Register,
    /// `POST /stacks/{key}/deregister`
    Deregister,
    /// `GET /stacks/{key}/scheduled-jobs`
    ListScheduledJobs,
    /// `PUT /stacks/{key}/scheduled-jobs/batch-reserve`, first claim
    Reserve,
    /// The same endpoint, prolonging what we already hold
    ExtendReservation,
    /// `GET /stacks/{key}/jobs/{id}`
    GetJob,
    /// `POST /stacks/{key}/jobs/get-states`
    GetStates,
    /// `POST /stacks/{key}/jobs/{id}/finish`
    Finish,
    /// The same endpoint, for a reason that may pass
    FinishOnce,
    /// `POST /stacks/{key}/notifications`
    Notify,
    /// `POST /stacks/{key}/job-acquisition-tokens`
    IssueTokens,
}

impl Call {
    /// Every call once, for registering metrics.
    pub const ALL: [Self; 12] = [
        Self::Token,
        Self::Register,
        Self::Deregister,
        Self::ListScheduledJobs,
        Self::Reserve,
        Self::ExtendReservation,
        Self::GetJob,
        Self::GetStates,
        Self::Finish,
        Self::FinishOnce,
        Self::Notify,
        Self::IssueTokens,
    ];

    /// The endpoint as a metrics label: both kinds of reserve call share one.
    #[must_use]
    pub const fn endpoint_label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Register => "register",
            Self::Deregister => "deregister",
            Self::ListScheduledJobs => "list-scheduled-jobs",
            Self::Reserve | Self::ExtendReservation => "batch-reserve",
            Self::GetJob => "get-job",
            Self::GetStates => "get-states",
            Self::Finish | Self::FinishOnce => "finish-job",
            Self::Notify => "notifications",
            Self::IssueTokens => "job-acquisition-tokens",
        }
    }

    /// How often this call is tried (`stacks-api` section 4, last column).
    ///
    /// Where the answer is "not at all", something else is the retry: the next poll for list and
    /// first claim, another look at the job for a reason that may pass, the backend's own reaping for deregister,
    /// nothing for a breadcrumb.
    #[must_use]
    pub const fn retry_policy(self, default: RetryPolicy) -> RetryPolicy {
        match self {
            Self::Deregister | Self::ListScheduledJobs | Self::Reserve | Self::FinishOnce | Self::Notify => {
                RetryPolicy::NONE
            }
            Self::Token
            | Self::Register
            | Self::ExtendReservation
            | Self::GetJob
            | Self::GetStates
            | Self::Finish
            | Self::IssueTokens => default,
        }
    }
}

impl fmt::Display for Call {
    /// What was attempted, fit to follow "failed to".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "identify the agent token",
            Self::Register => "register the stack",
            Self::Deregister => "deregister the stack",
            Self::ListScheduledJobs => "list scheduled jobs",
            Self::Reserve => "reserve jobs",
            Self::ExtendReservation => "extend reservations",
            Self::GetJob => "get the job",
            Self::GetStates => "get job states",
            Self::Finish | Self::FinishOnce => "finish the job",
            Self::Notify => "send notifications",
            Self::IssueTokens => "issue job acquisition tokens",
        })
    }
}
