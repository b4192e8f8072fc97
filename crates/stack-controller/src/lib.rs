//! The reconcile loop: joins the crates that talk to Buildkite and to Kubernetes with those that decide.
//!
//! The way of a job: the [`session`] lists it, the core's limiter gives it a slot, an effect reserves it, gets
//! it, builds its Job and creates it, the watches show what became of it, and the core decides what that calls
//! for. [`Core`] is the one owner of the ledger; loops and effects only send it events.
//!
//! [`run`] runs all of it until it is told to stop, and [`compose`] makes it from settings. Not here: reading settings (crate
//! `stack-config`), listeners and signals (the binary).

mod compose;
mod core;
mod effects;
pub mod health;
mod in_process;
mod leadership;
pub mod metrics;
mod observe;
#[doc(hidden)]
pub mod planted;
mod run;
pub mod session;
mod tags;
mod watches;

// What parts of a stack in one process are made of; who joins them needs no other crate for that.
pub use bk_agent_api::ServiceTransport;
pub use k8s_runtime::Runtime;

pub use crate::{
    compose::{ComposeError, Parts, assemble, compose},
    core::{Core, CoreSettings, UnfinishedWork, event},
    leadership::{LeadershipSettings, WallClock},
    run::{RunError, Stack, run},
    tags::{Match, Tags},
};
