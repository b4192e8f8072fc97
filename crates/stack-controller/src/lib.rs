//! stack-controller
mod core;
pub mod health;
pub mod metrics;
pub mod session;
mod tags;
pub use crate::core::{Core, CoreSettings, UnfinishedWork, event};
pub use crate::tags::*;
