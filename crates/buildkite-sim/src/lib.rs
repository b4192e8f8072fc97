//! buildkite-sim
pub mod ansi;
pub mod pipeline;
