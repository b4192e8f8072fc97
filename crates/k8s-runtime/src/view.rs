//! Slim views of objects: only the fields that decisions need.
//!
//! The views are read straight from the wire; what they do not name is skipped while parsing and
//! never allocated. Every field may be absent.

mod job;
mod meta;
mod pod;

use serde::de::DeserializeOwned;

pub use job::JobView;
pub use meta::{Condition, ConditionStatus};
pub use pod::{ContainerKind, ContainerState, ContainerView, PodView};

/// A view that can be listed and watched.
pub(crate) trait View: DeserializeOwned + Clone + Send + 'static {
    /// Group and version as a path, for example `apis/batch/v1`.
    const GROUP: &'static str;
    /// Plural of the resource.
    const PLURAL: &'static str;

    /// Where in the history of the collection this object was seen.
    fn resource_version(&self) -> &str;
}

impl View for JobView {
    const GROUP: &'static str = "apis/batch/v1";
    const PLURAL: &'static str = "jobs";

    fn resource_version(&self) -> &str {
        &self.resource_version
    }
}

impl View for PodView {
    const GROUP: &'static str = "api/v1";
    const PLURAL: &'static str = "pods";

    fn resource_version(&self) -> &str {
        &self.resource_version
    }
}

#[cfg(test)]
mod tests;
