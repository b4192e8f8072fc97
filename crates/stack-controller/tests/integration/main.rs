//! Whole stacks between two simulators, under paused time.

mod site;
mod terms;
