//! The controller's settings: built-in defaults, below the configuration file, below environment
//! variables, below flags (controller-config 1).
//!
//! [`Args`] is what was typed, [`load`] turns all sources into [`Settings`], in which nothing is left
//! to guess. The crate reads no file and no environment of its own: both are handed to [`load`].
//!
//! A setting whose feature this version lacks is refused by name unless it has its default.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod agent_config;
mod args;
mod checks;
mod duration;
mod file;
mod keys;
mod load;
mod names;
mod params;
mod problem;
mod queues;
mod reader;
mod settings;
mod structured;
mod tags;
mod unbuilt;
mod value;
mod volumes;

pub use args::Args;
pub use duration::{DurationError, parse_duration};
pub use load::{Inputs, Loaded, load, load_for_render};
pub use problem::{ConfigError, ErrorKind, Problem, Source, Warning};
pub use settings::{
    Buildkite, Grace, Http, Kubernetes, LeaderLease, Limits, LogFormat, LogLevel, Logging, Queue, RateLimit,
    Settings,
};
