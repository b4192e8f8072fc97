//! Kubernetes in memory: the objects that this stack uses, the API that serves them, the Job controller, and a
//! kubelet that plays pods by script, over a pure core.
//!
//! [`Cluster`] is a cheap handle. Its [`router`](Cluster::router) is a tower service: mount it on a port with
//! [`serve`](Cluster::serve), or call it in process, on tokio's clock or on one that is moved by hand
//! ([`Clock`]). Whoever wants things to happen on time polls [`run_timers`](Cluster::run_timers).
//!
//! What it refuses to do: everything that the stack does not use. An unknown path answers 404 as the real API
//! does, and strategic merge patches answer 415. It is no substitute for a real control plane: the same suite
//! of API behaviours runs against both.
//!
//! ```
//! use cluster_sim::{Cluster, Kind, Options};
//! use serde_json::json;
//!
//! let cluster = Cluster::new(Options::default());
//! let token = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "token" } });
//! cluster.apply(token)?;
//! assert!(cluster.object(Kind::Secret, "default", "token").is_some());
//! # Ok::<(), cluster_sim::Refusal>(())
//! ```

mod api;
mod clock;
mod cluster;
mod controllers;
mod defaults;
mod deletion;
mod history;
mod kind;
mod kubelet;
mod namespaces;
mod object;
mod options;
pub mod processes;
mod refusal;
mod selector;
mod server;
mod store;
mod world;

pub use self::clock::{Clock, ClockHand};
pub use self::cluster::Cluster;
pub use self::history::{Actor, Change, Verb};
pub use self::kind::Kind;
pub use self::kubelet::{
    ContainerChange, ContainerEvent, ContainerScript, Interference, NODES, PodFacts, Run, Script, Signal,
    Start, StopCause, node_number,
};
pub use self::options::{Access, AccessRule, Options};
pub use self::refusal::{Cause, Refusal};
pub use shared_json::Value;
