//! The simulator's APIs, called in process, on a clock that is moved by hand.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected shall panic")]

mod agent_api;
mod client;
mod control_api;
mod failures;
mod faults;
mod in_job;
mod schedule;
mod stacks_api;
mod tokens;
