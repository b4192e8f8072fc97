//! buildkite-sim
