//! What scenarios against a real control plane, node or browser share.
//!
//! The simulator on an address that pods reach, a controller process with its narrow rights,
//! watches and waits of the test's own. It decides nothing: the scenarios themselves are the test
//! targets `level2`, `level3` and `level4`, started by `cargo xtask test`.
//!
//! Waiting is always for a state, with a deadline: see [`wait::until`].

pub mod agent;
pub mod agreement;
pub mod browser;
pub mod buildkite;
pub mod controller;
pub mod gateway;
pub mod git;
pub mod job_watch;
pub mod kubelet;
pub mod namespace;
pub mod node_pipelines;
pub mod player;
pub mod ports;
pub mod role;
pub mod scenario;
pub mod testbed;
pub mod throw_away_root;
pub mod wait;
