//! Keys of labels and annotations, and the selectors made of them (`lifecycle` section 0).

use std::fmt;

use uuid::Uuid;

/// Label on Job and Pod: UUID of the Buildkite job.
pub const JOB_UUID_LABEL: &str = "buildkite.com/job-uuid";
/// Label on Job and Pod: id of the controller, when it has one.
pub const CONTROLLER_ID_LABEL: &str = "buildkite.com/controller-id";
/// Annotation: queue the job was reserved on, when the controller serves several.
pub const QUEUE_ANNOTATION: &str = "buildkite.com/queue";
/// Annotation: slug of the pipeline.
pub const PIPELINE_SLUG_ANNOTATION: &str = "buildkite.com/pipeline-slug";
/// Annotation: the verdict we sent, so that it is sent once (`lifecycle` 5.1).
pub const VERDICT_ANNOTATION: &str = "buildkite.com/verdict-sent";
/// Annotation: we shortened the Job's deadline ourselves (`lifecycle` F14).
pub const DEADLINE_ANNOTATION: &str = "buildkite.com/deadline-shortened";

/// The agent's subcommand that our checkout and command containers run (`job-manifest` ).
pub(crate) const BOOTSTRAP: &str = "kubernetes-bootstrap";

/// A label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// Objects of one controller: those with its id; without an id, those that have none.
    #[must_use]
    pub fn of_controller(id: Option<&str>) -> Self {
        Self(match id {
            Some(id) => format!("{JOB_UUID_LABEL},{CONTROLLER_ID_LABEL}={id}"),
            None => format!("{JOB_UUID_LABEL},!{CONTROLLER_ID_LABEL}"),
        })
    }

    /// Objects of one Buildkite job, whoever made them.
    #[must_use]
    pub fn of_job(uuid: Uuid) -> Self {
        Self(format!("{JOB_UUID_LABEL}={uuid}"))
    }

    /// The selector as the API takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_sees_its_own_objects_only() {
        let check = |id, want| assert_eq!(Selector::of_controller(id).as_str(), want);
        check(Some("ci"), "buildkite.com/job-uuid,buildkite.com/controller-id=ci");
        check(None, "buildkite.com/job-uuid,!buildkite.com/controller-id");
    }
}
