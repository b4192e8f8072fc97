//! buildkite-sim
pub mod pipeline;
