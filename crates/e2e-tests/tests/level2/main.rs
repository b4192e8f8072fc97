//! Level 2: the real client code over the in-process simulators, under paused time.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected shall panic")]

mod agreement;
mod drain;
mod embedding;
