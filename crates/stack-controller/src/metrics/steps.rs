//! Steps that change or remove objects (`metrics.md` 3.6, 3.7).

use job_lifecycle::Why;
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::core::event::Step;

type DeleteReason = [(&'static str, &'static str); 1];
type Labels = Vec<(&'static str, String)>;

/// Deletions and shortened deadlines.
#[derive(Debug, Clone, Default)]
pub struct StepMetrics {
    jobs_deleted: Family<DeleteReason, Counter>,
    job_deletion_errors: Family<Labels, Counter>,
    pods_deleted: Family<DeleteReason, Counter>,
    pod_deletion_errors: Family<Labels, Counter>,
    cleanups: Counter,
    cleanup_errors: Family<Labels, Counter>,
}

/// Every reason for which something is deleted.
const REASONS: [&str; 6] =
    ["pending_timeout", "image_pull_failure", "job_ended", "job_unknown", "other_owner", "make_room"];

impl StepMetrics {
    pub(super) fn register_jobs(&self, registry: &mut Registry) {
        for reason in REASONS {
            drop(self.jobs_deleted.get_or_create(&[("delete_reason", reason)]));
        }
        registry.register("jobs_forcefully_deleted", "Jobs that we deleted", self.jobs_deleted.clone());
        registry.register(
            "jobs_forceful_deletion_errors",
            "Jobs that we could not delete",
            self.job_deletion_errors.clone(),
        );
        registry.register("cleanups", "Deadlines that we shortened", self.cleanups.clone());
        registry.register(
            "cleanup_errors",
            "Deadlines that we could not shorten",
            self.cleanup_errors.clone(),
        );
    }

    pub(super) fn register_pods(&self, registry: &mut Registry) {
        for reason in REASONS {
            drop(self.pods_deleted.get_or_create(&[("delete_reason", reason)]));
        }
        registry.register("pods_forcefully_deleted", "Pods deleted without grace", self.pods_deleted.clone());
        registry.register(
            "pods_forceful_deletion_errors",
            "Pods that we could not delete",
            self.pod_deletion_errors.clone(),
        );
    }

    /// Counts a step that was taken; `code` is that of the verdict before it.
    pub fn done(&self, step: &Step, code: Option<&str>) {
        match step {
            Step::DeletePod { why, .. } => {
                self.pods_deleted.get_or_create(&[("delete_reason", reason(*why, code))]).inc();
            }
            Step::DeleteJob { why, .. } => {
                self.jobs_deleted.get_or_create(&[("delete_reason", reason(*why, code))]).inc();
            }
            Step::ShortenDeadline { .. } => {
                self.cleanups.inc();
            }
        }
    }

    /// Counts a step that failed, with Kubernetes' word for the reason.
    pub fn failed(&self, step: &Step, code: Option<&str>, error: &str) {
        let labels = |why: Why| {
            vec![("delete_reason", reason(why, code).to_owned()), ("error_reason", error.to_owned())]
        };
        match step {
            Step::DeletePod { why, .. } => self.pod_deletion_errors.get_or_create(&labels(*why)).inc(),
            Step::DeleteJob { why, .. } => self.job_deletion_errors.get_or_create(&labels(*why)).inc(),
            Step::ShortenDeadline { .. } => {
                self.cleanup_errors.get_or_create(&vec![("reason", error.to_owned())]).inc()
            }
        };
    }
}

fn reason(why: Why, code: Option<&str>) -> &'static str {
    match (why, code) {
        (Why::Told, Some("pending-timeout")) => "pending_timeout",
        (Why::Told, Some("image-pull-failed" | "container-create-failed")) => "image_pull_failure",
        (Why::Ended | Why::Told, _) => "job_ended",
        (Why::Unknown, _) => "job_unknown",
        (Why::OtherOwner, _) => "other_owner",
        (Why::Room, _) => "make_room",
    }
}
