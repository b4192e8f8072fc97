//! Bodies of the Agent API.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::{Job, World};

#[derive(Deserialize)]
pub(super) struct Register {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) hostname: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) ignore_in_dispatches: bool,
    pub(super) meta_data: Option<Vec<String>>,
}

/// The exit status is text here and a number in the Stacks API (agent-protocol A9).
#[derive(Deserialize)]
pub(super) struct Finish {
    pub(super) exit_status: String,
    pub(super) signal: Option<String>,
    pub(super) signal_reason: Option<String>,
    #[serde(default)]
    pub(super) chunks_failed_count: u64,
}

#[derive(Deserialize)]
pub(super) struct Annotate {
    #[serde(default)]
    pub(super) body: String,
    #[serde(default = "default_context")]
    pub(super) context: String,
    pub(super) style: Option<String>,
    #[serde(default)]
    pub(super) append: bool,
    pub(super) priority: Option<i64>,
    #[serde(default = "default_scope")]
    pub(super) scope: String,
}

fn default_context() -> String {
    "default".to_owned()
}

pub(super) fn default_scope() -> String {
    "build".to_owned()
}

#[derive(Deserialize)]
pub(super) struct Upload {
    pub(super) uuid: Option<uuid::Uuid>,
    #[serde(default)]
    pub(super) replace: bool,
    pub(super) pipeline: Value,
}

#[derive(Deserialize)]
pub(super) struct MetaData {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

#[derive(Deserialize)]
pub(super) struct MetaDataBatch {
    pub(super) items: Vec<MetaData>,
}

#[derive(Deserialize)]
pub(super) struct StepExport {
    pub(super) build_id: Option<String>,
    #[serde(default)]
    pub(super) attribute: String,
    #[serde(default)]
    pub(super) format: String,
}

#[derive(Deserialize)]
pub(super) struct StepUpdate {
    pub(super) build_id: Option<String>,
    pub(super) idempotency_uuid: Option<uuid::Uuid>,
    #[serde(default)]
    pub(super) attribute: String,
    #[serde(default)]
    pub(super) value: String,
    #[serde(default)]
    pub(super) append: bool,
}

/// Its grace period is not read: it means something with `force` only, and the agent always sends one.
#[derive(Deserialize)]
pub(super) struct StepCancel {
    pub(super) build_id: Option<String>,
    #[serde(default)]
    pub(super) force: bool,
}

#[derive(Deserialize)]
pub(super) struct Artifacts {
    #[serde(default)]
    pub(super) id: String,
    pub(super) artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) path: String,
    #[serde(default)]
    pub(super) absolute_path: String,
    #[serde(default)]
    pub(super) file_size: u64,
    #[serde(default)]
    pub(super) sha1sum: String,
    #[serde(default)]
    pub(super) sha256sum: String,
    #[serde(default)]
    pub(super) content_type: String,
}

#[derive(Deserialize)]
pub(super) struct ArtifactStates {
    pub(super) artifacts: Vec<ArtifactState>,
}

#[derive(Deserialize)]
pub(super) struct ArtifactState {
    pub(super) id: uuid::Uuid,
    pub(super) state: String,
}

/// The Job object of acquire, accept and dispatch (agent-protocol 7).
pub(super) fn job(world: &World, job: &Job, base_url: &str) -> Value {
    let planned = job.planned();
    let step = world.step_of(job);
    let plugins: Vec<Value> = planned.plugins.iter().cloned().map(Value::Object).collect();
    let matrix = if planned.matrix.is_empty() { Value::Null } else { json!(planned.matrix) };
    json!({
        "id": job.id,
        "state": job.state,
        "token": job.token.as_ref().map(|token| token.expose()),
        "chunks_max_size_bytes": world.options.log_chunk_bytes.max(1),
        "chunks_interval_seconds": 1,
        "log_max_size_bytes": world.options.log_limit_bytes,
        "runnable_at": job.scheduled_at,
        "priority": job.command.priority,
        "env": world.agent_environment(job, base_url),
        "step": {
            "key": step.key,
            "label": planned.label,
            "command": planned.command,
            "plugins": plugins,
        },
        "matrix_permutation": matrix,
    })
}
