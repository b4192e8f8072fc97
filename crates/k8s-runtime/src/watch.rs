//! Endless watches: list, follow, resume, list again when the history is lost.
//!
//! kube's own watcher is not used for three reasons. It does not say when a broken watch has been
//! resumed, so readiness that was lowered could never be raised again. It has no time limit on
//! lists. And when the API server answers the *start* of a watch with 410, it asks for the same
//! lost version for ever.

mod follow;

use futures::Stream;

use crate::error::ApiError;
use crate::names::Selector;
use crate::runtime::Runtime;
use crate::view::{JobView, PodView};

/// What a watch tells.
///
/// A complete list is `ListStarted`, any number of `Listed`, `ListDone`; what was known before and
/// is not listed between these two is gone. A list that fails half-way starts anew with another
/// `ListStarted`.
#[derive(Debug, Clone)]
pub enum WatchEvent<T> {
    /// A complete list begins.
    ListStarted,
    /// An object of the list.
    Listed(T),
    /// The list is complete.
    ListDone,
    /// The watch is connected, for the first time or again. Comes every few minutes at the latest,
    /// so it is a sign of life as well.
    Connected,
    /// An object was created or changed.
    Applied(T),
    /// An object is gone; this is its last state.
    Deleted(T),
    /// Something failed; the watch goes on by itself after a pause.
    Failed(WatchFailure),
}

/// At which point a watch failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchStage {
    /// While listing.
    List,
    /// While connecting.
    Connect,
    /// While following.
    Follow,
    /// Our place in the history is lost; a complete list follows. Normal after long outages.
    Expired,
}

/// A failure that a watch recovers from.
#[derive(Debug, Clone)]
pub struct WatchFailure {
    /// At which point.
    pub stage: WatchStage,
    /// What happened.
    pub error: ApiError,
    /// Failures in a row, this one included.
    pub consecutive: u32,
}

impl Runtime {
    /// Watches the Jobs of a selector. The stream never ends.
    pub fn watch_jobs(
        &self,
        selector: &Selector,
    ) -> impl Stream<Item = WatchEvent<JobView>> + Send + Unpin + use<> {
        follow::watch(self.clone(), selector)
    }

    /// Watches the Pods of a selector. The stream never ends.
    pub fn watch_pods(
        &self,
        selector: &Selector,
    ) -> impl Stream<Item = WatchEvent<PodView>> + Send + Unpin + use<> {
        follow::watch(self.clone(), selector)
    }
}
