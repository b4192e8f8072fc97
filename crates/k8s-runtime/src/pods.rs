//! Pods: read and delete.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::call::{escape, get};
use crate::error::ApiError;
use crate::jobs::DeleteOutcome;
use crate::names::Selector;
use crate::runtime::Runtime;
use crate::view::PodView;

impl Runtime {
    /// Reads the pods of a Buildkite job live, not from any cache.
    ///
    /// # Errors
    /// [`ApiError`]; that there are none is no error.
    pub async fn get_pods_of(&self, job_uuid: Uuid) -> Result<Vec<PodView>, ApiError> {
        #[derive(Deserialize)]
        struct List {
            #[serde(default)]
            items: Option<Vec<PodView>>,
        }
        let selector = escape(Selector::of_job(job_uuid).as_str());
        let path = format!("{}?labelSelector={selector}", self.pods());
        let list: List = self.fetch(&format!("list the pods of job `{job_uuid}`"), get(path)).await?;
        Ok(list.items.unwrap_or_default())
    }

    /// Deletes this very pod. `grace_seconds` 0 kills it at once; nothing leaves the pod's own
    /// grace period.
    pub async fn delete_pod(&self, name: &str, uid: &str, grace_seconds: Option<u32>) -> DeleteOutcome {
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": uid },
        });
        if let Some(seconds) = grace_seconds {
            options["gracePeriodSeconds"] = seconds.into();
        }
        let path = format!("{}/{}", self.pods(), escape(name));
        self.delete(&format!("delete pod `{name}`"), path, &options).await
    }

    fn pods(&self) -> String {
        self.collection("api/v1", "pods")
    }
}
