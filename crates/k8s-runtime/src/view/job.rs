//! A Job as decisions see it.

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::meta::{Condition, MetaWire, holding};

/// A `batch/v1` Job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "JobWire")]
pub struct JobView {
    /// Name: prefix and UUID of the Buildkite job.
    pub name: String,
    /// UID of this very object.
    pub uid: String,
    /// Where in the history of Jobs this was seen.
    pub resource_version: String,
    /// UUID of the Buildkite job, from the label; nothing if it is missing or no UUID.
    pub job_uuid: Option<Uuid>,
    /// Id of the controller that made it, from the label.
    pub controller_id: Option<String>,
    /// Queue, from the annotation.
    pub queue: Option<String>,
    /// Slug of the pipeline, from the annotation.
    pub pipeline_slug: Option<String>,
    /// The verdict we sent, from the annotation.
    pub verdict_sent: Option<String>,
    /// Set if we shortened the deadline ourselves, from the annotation.
    pub deadline_shortened: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// When its deletion was asked for.
    pub deletion_timestamp: Option<Timestamp>,
    /// When the Job controller started it.
    pub start_time: Option<Timestamp>,
    /// `spec.suspend`
    pub suspended: bool,
    /// `spec.activeDeadlineSeconds`
    pub active_deadline_seconds: Option<u64>,
    /// Pods that are pending or running.
    pub active: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods that succeeded.
    pub succeeded: u32,
    /// Pods that failed.
    pub failed: u32,
    /// Pods that are terminating.
    pub terminating: u32,
    /// Pods that have ended but are not yet counted.
    pub uncounted: u32,
    /// The Job's conditions.
    pub conditions: Vec<Condition>,
}

impl JobView {
    /// A condition of this type that holds (status `True`).
    #[must_use]
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        holding(&self.conditions, kind)
    }

    /// True once `Complete` or `Failed` holds; nothing else ends a Job (`lifecycle` L7).
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.condition("Complete").or_else(|| self.condition("Failed")).is_some()
    }

    /// True if any pod has been counted or is on its way to being counted.
    #[must_use]
    pub const fn has_pods(&self) -> bool {
        self.active + self.succeeded + self.failed + self.terminating + self.uncounted > 0
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobWire {
    metadata: MetaWire,
    spec: SpecWire,
    status: StatusWire,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpecWire {
    suspend: Option<bool>,
    active_deadline_seconds: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StatusWire {
    active: Option<u32>,
    ready: Option<u32>,
    succeeded: Option<u32>,
    failed: Option<u32>,
    terminating: Option<u32>,
    start_time: Option<Timestamp>,
    conditions: Option<Vec<Condition>>,
    uncounted_terminated_pods: Option<UncountedWire>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UncountedWire {
    succeeded: Option<Vec<serde::de::IgnoredAny>>,
    failed: Option<Vec<serde::de::IgnoredAny>>,
}

impl UncountedWire {
    fn count(&self) -> u32 {
        let length = |list: &Option<Vec<_>>| list.as_ref().map_or(0, Vec::len);
        u32::try_from(length(&self.succeeded) + length(&self.failed)).unwrap_or(u32::MAX)
    }
}

impl From<JobWire> for JobView {
    fn from(JobWire { metadata, spec, status }: JobWire) -> Self {
        Self {
            name: metadata.name,
            uid: metadata.uid,
            resource_version: metadata.resource_version,
            job_uuid: metadata.labels.job_uuid,
            controller_id: metadata.labels.controller_id,
            queue: metadata.annotations.queue,
            pipeline_slug: metadata.annotations.pipeline_slug,
            verdict_sent: metadata.annotations.verdict,
            deadline_shortened: metadata.annotations.deadline,
            created_at: metadata.creation_timestamp,
            deletion_timestamp: metadata.deletion_timestamp,
            start_time: status.start_time,
            suspended: spec.suspend.unwrap_or_default(),
            active_deadline_seconds: spec.active_deadline_seconds,
            active: status.active.unwrap_or_default(),
            ready: status.ready.unwrap_or_default(),
            succeeded: status.succeeded.unwrap_or_default(),
            failed: status.failed.unwrap_or_default(),
            terminating: status.terminating.unwrap_or_default(),
            uncounted: status.uncounted_terminated_pods.map_or(0, |pods| pods.count()),
            conditions: status.conditions.unwrap_or_default(),
        }
    }
}
