//! The whole stack under seeded faults: the real controller and its real clients between the two simulators, on
//! one thread, under paused time, judged after every step by the simulators' own history.
//!
//! A [`Plan`](plan::Plan) is drawn from a seed and says what happens; [`run`](run::run) carries it out in a world
//! of its own and answers with an [`Outcome`](run::Outcome). The same seed is the same run, to the byte of its
//! trace. [`shrink`](shrink::shrink) makes a failure small.
//!
//! What is left out of plans because no rule answers it yet is in
//! [`NOT_ANSWERED_YET`](not_answered::NOT_ANSWERED_YET), what is answered and only tried elsewhere in
//! [`NOT_SIMULATED`](not_answered::NOT_SIMULATED).

mod agents;
mod bench;
pub mod checker;
mod controllers;
#[cfg(feature = "planted-defects")]
pub mod defects;
pub mod facts;
mod faults;
pub mod fleet;
mod fuse;
pub mod not_answered;
pub mod plan;
pub mod report;
pub mod run;
mod scripts;
pub mod shrink;
mod third_parties;
pub mod trace;
pub mod watched;

/// Most of what a run does to the machine is to make and to drop JSON, on a thread that lives as long as the run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
