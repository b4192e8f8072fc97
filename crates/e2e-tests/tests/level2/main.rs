//! Level 2: the real client code over the in-process simulators, under paused time.

mod drain;
