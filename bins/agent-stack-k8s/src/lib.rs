//! `agent-stack-k8s`: runs Buildkite jobs as Kubernetes Jobs.
//!
//! A thin program: `cli` reads what was typed, `stack-config` turns it into settings, `stack-controller` makes a
//! stack of them, `listeners` serve probes and metrics beside it. What happens to jobs is decided in the
//! crates below.
//!
//! Exit status (`docs/spec/controller-config.md` 8.3): 0 when it was asked to stop, 1 for an invalid
//! configuration or a final failure, 2 for a command line that cannot be read.

mod cli;
mod explain;
mod exposition;
mod jobs;
mod listeners;
mod logging;
mod process;
mod render;
mod signals;
mod start;

pub use start::main;
