//! What happened, for judges and for controllers.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use shared_json::Value;

use crate::kind::Kind;

/// One committed write.
#[derive(Clone, Debug)]
pub struct Change {
    /// The cluster's revision after it; grows by one with each write.
    pub revision: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Kind of the object.
    pub kind: Kind,
    /// What was done.
    pub verb: Verb,
    /// By whom.
    pub actor: Actor,
    /// The client said which object or which state of it it meant: a UID or resource version as a precondition
    /// of a delete, or in the body of an update or patch. Always false for writes from inside.
    pub precondition: bool,
    /// The object as written; for [`Verb::Deleted`] its last state, under the revision of the removal.
    pub object: Arc<Value>,
}

/// What was done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// It was created.
    Added,
    /// It was changed; a deletion that has to wait begins with this.
    Modified,
    /// It is gone.
    Deleted,
}

impl Verb {
    /// As watch events say it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// Who wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A client of the API.
    Client {
        /// Its `User-Agent` header; empty if it sent none.
        user_agent: Arc<str>,
    },
    /// The Job controller.
    JobController,
    /// The garbage collector, and the pod garbage collector.
    GarbageCollector,
    /// The controller that removes Jobs some time after their end.
    Ttl,
    /// The scheduler.
    Scheduler,
    /// The kubelet.
    Kubelet,
    /// What watches over nodes, and deletes pods whose node is silent.
    NodeController,
    /// The test, through the handle.
    Operator,
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Client { user_agent } => user_agent,
            Self::JobController => "job-controller",
            Self::GarbageCollector => "garbage-collector",
            Self::Ttl => "ttl-after-finished",
            Self::Scheduler => "scheduler",
            Self::Kubelet => "kubelet",
            Self::NodeController => "node-controller",
            Self::Operator => "operator",
        })
    }
}
