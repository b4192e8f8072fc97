//! buildkite-sim-cli
fn main() {}
