//! Jobs: create, read, delete, annotate. Names repeat (one per Buildkite job), so whatever changes
//! or removes a Job says which one by UID (`lifecycle` X7).

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::call::{escape, get, request};
use crate::create::CreateOutcome;
use crate::error::{ApiError, Refusal};
use crate::names::DEADLINE_ANNOTATION;
use crate::runtime::Runtime;
use crate::view::JobView;

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What happens to the pods of a deleted Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// The Job goes at once, its pods afterwards.
    Background,
    /// The pods go first.
    Foreground,
    /// The pods stay.
    Orphan,
}

impl Propagation {
    const fn as_word(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// What became of a delete.
#[derive(Debug)]
#[must_use = "a delete that failed must be tried again"]
pub enum DeleteOutcome {
    /// The API server accepted it; the object may still be winding down.
    Deleted,
    /// There is no such object any more: as good as deleted.
    Gone,
    /// The name belongs to another object now, which was left alone.
    OtherUid,
    /// Neither is certain.
    Failed(ApiError),
}

/// What became of a patch.
#[derive(Debug)]
#[must_use = "a patch that failed must be tried again"]
pub enum PatchOutcome {
    /// Done.
    Patched,
    /// There is no such object any more.
    Gone,
    /// The name belongs to another object now, which was left alone.
    OtherUid,
    /// Neither is certain.
    Failed(ApiError),
}

impl Runtime {
    /// Creates a Job and says exactly what came of it. One attempt.
    pub async fn create_job(&self, job: &impl Serialize) -> CreateOutcome {
        let body = serde_json::to_vec(job).expect("an object with text keys serialises");
        let request = request(Method::POST, self.jobs(), JSON, body);
        CreateOutcome::classify(self.send(request).await)
    }

    /// Reads a Job live, not from any cache.
    ///
    /// # Errors
    /// [`ApiError`]; that there is no such Job is no error.
    pub async fn get_job(&self, name: &str) -> Result<Option<JobView>, ApiError> {
        self.fetch_if_found(&format!("get job `{name}`"), get(self.job(name))).await
    }

    /// Deletes this very Job.
    pub async fn delete_job(&self, name: &str, uid: &str, propagation: Propagation) -> DeleteOutcome {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": uid },
            "propagationPolicy": propagation.as_word(),
        });
        self.delete(&format!("delete job `{name}`"), self.job(name), &options).await
    }

    /// Sets an annotation of this very Job.
    pub async fn annotate_job(&self, name: &str, uid: &str, key: &str, value: &str) -> PatchOutcome {
        let patch = json!({ "metadata": { "uid": uid, "annotations": { key: value } } });
        self.patch_job(&format!("annotate job `{name}`"), name, &patch).await
    }

    /// Sets the active deadline, in seconds since the Job started, of this very Job, and marks it as shortened by
    /// us for this reason (`lifecycle` F14).
    pub async fn shorten_job_deadline(
        &self,
        name: &str,
        uid: &str,
        seconds: u64,
        reason: &str,
    ) -> PatchOutcome {
        let patch = json!({
            "metadata": { "uid": uid, "annotations": { DEADLINE_ANNOTATION: reason } },
            "spec": { "activeDeadlineSeconds": seconds },
        });
        self.patch_job(&format!("set the deadline of job `{name}`"), name, &patch).await
    }

    pub(crate) async fn delete(&self, attempted: &str, path: String, options: &Value) -> DeleteOutcome {
        #[cfg(feature = "planted-defects")]
        let options = &crate::planted::spoilt(options.clone());
        let body = options.to_string().into_bytes();
        match self.send_ok(attempted, request(Method::DELETE, path, JSON, body)).await {
            Ok(_) => DeleteOutcome::Deleted,
            Err(error) if error.status() == Some(404) => DeleteOutcome::Gone,
            Err(error) if error.refusal().is_some_and(is_other_uid) => DeleteOutcome::OtherUid,
            Err(error) => DeleteOutcome::Failed(error),
        }
    }

    async fn patch_job(&self, attempted: &str, name: &str, patch: &Value) -> PatchOutcome {
        let body = patch.to_string().into_bytes();
        match self.send_ok(attempted, request(Method::PATCH, self.job(name), MERGE_PATCH, body)).await {
            Ok(_) => PatchOutcome::Patched,
            Err(error) if error.status() == Some(404) => PatchOutcome::Gone,
            Err(error) if error.refusal().is_some_and(is_other_uid) => PatchOutcome::OtherUid,
            Err(error) => PatchOutcome::Failed(error),
        }
    }

    fn jobs(&self) -> String {
        self.collection("apis/batch/v1", "jobs")
    }

    fn job(&self, name: &str) -> String {
        format!("{}/{}", self.jobs(), escape(name))
    }
}

/// A delete answers a wrong UID with a conflict; a patch finds that `metadata.uid` cannot change.
fn is_other_uid(refusal: &Refusal) -> bool {
    match refusal.status {
        // Two places in the API server check it, each in its own words.
        409 => ["UID in precondition", "UID in the precondition"]
            .iter()
            .any(|words| refusal.message.contains(words)),
        422 => refusal.causes.iter().any(|cause| cause.field == "metadata.uid"),
        _ => false,
    }
}
