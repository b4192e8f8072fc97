//! Where `cluster-sim` is not like the real thing, on purpose.

use http::Method;
use serde_json::{Value, json};

use super::stage::Types;
use super::{Case, Outcome, Stage, behaviours};

/// A case in which the simulator does something else.
pub struct Difference {
    /// The case of the same name, with what the simulator does.
    pub case: Case,
    /// Why that is so.
    pub reason: &'static str,
}

/// Every known difference.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        case: STANDINS[0],
        reason: "a strategic merge needs the merge keys of every type; the stack sends none",
    },
    Difference {
        case: STANDINS[1],
        reason: "server-side apply needs field managers and the schema; the stack does without",
    },
];

/// What the simulator does instead.
const STANDINS: &[Case] =
    behaviours![a_strategic_merge_patch_merges_lists_by_key, an_apply_patch_creates_what_is_not_there];

/// What a patch of a type that is not spoken is answered.
async fn unsupported(stage: &Stage, content_type: &str, patch: &Value) -> Outcome {
    stage.secret("a", json!({})).await?;
    let types = Types::sent(content_type);
    let answer = stage.send(Method::PATCH, "secrets/a", types, patch.to_string()).await?;
    answer.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type", json!({}))
}

async fn a_strategic_merge_patch_merges_lists_by_key(stage: Stage) -> Outcome {
    let patch = json!({ "metadata": { "labels": { "a": "b" } } });
    unsupported(&stage, "application/strategic-merge-patch+json", &patch).await
}

async fn an_apply_patch_creates_what_is_not_there(stage: Stage) -> Outcome {
    let patch = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "a" } });
    unsupported(&stage, "application/apply-patch+yaml", &patch).await
}
