//! The program as its users meet it: the real binary with a scrubbed environment, a Buildkite in memory on a local
//! port, and as much of a Kubernetes API as starting up needs.

#![expect(clippy::unwrap_used, reason = "test code")]

mod bench;
mod cluster;
mod explain;
mod fixtures;
mod http;
mod logs;
mod process;
mod refusals;
mod render;
mod secrecy;
mod serving;
mod stopping;
mod tls;
mod tokens;
