//! Whole stacks between two simulators, under paused time.
#![expect(clippy::unwrap_used, reason = "test code")]

mod site;
mod terms;
