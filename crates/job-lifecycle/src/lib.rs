//! What a job's circumstances call for.
//!
//! Input is everything known of one Buildkite job at one moment: its state on Buildkite, its Job and Pod
//! as seen in Kubernetes, its reservation, and the time ([`Observed`]). Output is a [`Decision`]: whether
//! the job holds a slot, whether its state must be polled, at most one [`Action`], and when to look again.
//! The rules are those of `docs/spec/lifecycle.md`; the table of 1.3 is [`matrix::cell`], each failure rule of 5
//! is a file under `rules`.
//!
//! Not here: doing any of it. Nothing in this crate waits, reads a clock or talks to anybody, and no
//! decision depends on which event led to it, so looking twice is harmless.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod attempt;
mod clocks;
mod decide;
pub mod matrix;
mod rules;
mod seen;
mod state;
mod verdict;

pub use clocks::{Patience, PodClocks};
pub use decide::{Action, Decision, Observed, VerdictProgress, decide};
pub use rules::{Unconfirmed, clean_up::Why};
pub use seen::{AgentSeen, ContainerEnd, ContainerRole, ContainerWait, JobEnd, JobSeen, LiveSeen, PodSeen};
pub use state::{BuildkiteState, StateSeen};
pub use verdict::{EventSeen, Verdict};
