//! Buildkite in memory: the Stacks API for controllers and the Agent API for the real,
//! unmodified `buildkite-agent`, over a pure core.
//!
//! [`Simulator`] is a cheap handle. Its [`router`](Simulator::router) is a tower service: mount
//! it on a port with [`serve`](Simulator::serve), or call it in process, on tokio's clock or on
//! one that is moved by hand ([`Clock`]).
//!
//! It refuses by name what it does not simulate, it stores nothing on disk, and it shares no
//! code with the clients that are tested against it.
//!
//! ```
//! use buildkite_sim::{BuildState, Options, Simulator};
//!
//! let simulator = Simulator::new(Options::default());
//! let build = simulator.create_build_from_yaml("steps: [{command: make}]")?;
//! assert_eq!(simulator.build(build).expect("just created").state, BuildState::Scheduled);
//! # Ok::<(), buildkite_sim::Refusal>(())
//! ```

mod agent;
pub mod ansi;
mod answer;
mod clock;
mod control;
mod core;
mod endpoints;
mod faults;
mod options;
mod page;
pub mod pipeline;
mod record;
mod server;
mod simulator;
mod snapshot;
mod stacks;

pub use self::clock::{Clock, ClockHand};
pub use self::core::{
    Annotation, ArtifactState, BuildFacts, BuildState, JobResult, JobState, Latency, Notification, Outcome,
    Refusal, Statistics, StepState, Transition,
};
pub use self::faults::{Effect, Fault, FaultBody};
pub use self::options::{Options, RateLimits, Token};
pub use self::record::{Actor, Happening, Held, What};
pub use self::simulator::{BuildRequest, Simulator};
pub use self::snapshot::{
    AgentSnapshot, ArtifactSnapshot, BuildSnapshot, JobSnapshot, QueueSnapshot, StackSnapshot, StepSnapshot,
};
