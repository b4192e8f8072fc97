//! Everything this project does with the Kubernetes API, and nothing else: watches, creates,
//! deletes with preconditions, live reads, access checks.
//!
//! [`Runtime`] is the entry point. It holds a `kube::Client`, which may be a connection to a real
//! API server ([`Runtime::connect`]) or any tower service ([`Runtime::from_client`]), so that the
//! same watch and back-off code runs in production and in simulation under paused time.
//!
//! What it refuses to do: decide. Outcomes are classified ([`CreateOutcome`], [`DeleteOutcome`]),
//! not acted upon; no call is retried, only watches go on for ever. It knows nothing about
//! Buildkite but the label and annotation keys in [`names`].
//!
//! Objects are read into slim views ([`JobView`], [`PodView`]) that keep only what decisions need,
//! about a kilobyte per job.

mod access;
mod call;
mod config;
mod create;
mod error;
mod jobs;
mod lease;
pub mod names;
#[cfg(feature = "planted-defects")]
#[doc(hidden)]
pub mod planted;
mod pods;
mod proxy;
mod reads;
mod runtime;
mod throttle;
mod view;
mod watch;

pub use access::{AccessReview, AccessRule};
pub use config::{ConnectError, Options};
pub use create::{CreateOutcome, FieldCause, ForbiddenCause};
pub use error::{ApiError, Refusal};
pub use jobs::{DeleteOutcome, PatchOutcome, Propagation};
pub use lease::{LeaseClaim, LeaseView, LeaseWrite, new_lease};
pub use names::Selector;
pub use proxy::ProxyEnvironment;
pub use reads::{EventView, SecretRead, SecretText, ServerVersion};
pub use runtime::Runtime;
pub use throttle::RequestRate;
pub use view::{Condition, ConditionStatus, ContainerKind, ContainerState, ContainerView, JobView, PodView};
pub use watch::{WatchEvent, WatchFailure, WatchStage};
