//! What Jobs and Pods have in common: metadata and conditions.

use std::fmt;

use jiff::Timestamp;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use crate::names;

/// One condition of an object's status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type of the condition, for example `Complete`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Whether it holds; a condition may be present and `False`.
    #[serde(default)]
    pub status: ConditionStatus,
    /// The machine-readable word.
    #[serde(default)]
    pub reason: Option<String>,
    /// The sentence for people.
    #[serde(default)]
    pub message: Option<String>,
    /// When it last changed.
    #[serde(default)]
    pub last_transition_time: Option<Timestamp>,
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows.
    #[default]
    #[serde(other)]
    Unknown,
}

/// Finds a condition that holds.
pub(super) fn holding<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind && condition.status == ConditionStatus::True)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct MetaWire {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) creation_timestamp: Option<Timestamp>,
    pub(super) deletion_timestamp: Option<Timestamp>,
    pub(super) labels: Kept,
    pub(super) annotations: Kept,
    pub(super) owner_references: Option<Vec<OwnerWire>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OwnerWire {
    pub(super) kind: String,
    pub(super) uid: String,
    pub(super) controller: Option<bool>,
}

/// Those of an object's labels or annotations that we know; the rest is skipped unread, because
/// annotations may be a quarter of a megabyte.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) job_uuid: Option<Uuid>,
    pub(super) controller_id: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) pipeline_slug: Option<String>,
    pub(super) verdict: Option<String>,
    pub(super) deadline: Option<String>,
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keeper;
        impl<'de> Visitor<'de> for Keeper {
            type Value = Kept;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts or null")
            }

            fn visit_unit<E>(self) -> Result<Kept, E> {
                Ok(Kept::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kept, A::Error> {
                let mut kept = Kept::default();
                while let Some(key) = map.next_key::<String>()? {
                    let place = match key.as_str() {
                        names::JOB_UUID_LABEL => {
                            kept.job_uuid = map.next_value::<String>()?.parse().ok();
                            continue;
                        }
                        names::CONTROLLER_ID_LABEL => &mut kept.controller_id,
                        names::QUEUE_ANNOTATION => &mut kept.queue,
                        names::PIPELINE_SLUG_ANNOTATION => &mut kept.pipeline_slug,
                        names::VERDICT_ANNOTATION => &mut kept.verdict,
                        names::DEADLINE_ANNOTATION => &mut kept.deadline,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *place = map.next_value()?;
                }
                Ok(kept)
            }
        }
        deserializer.deserialize_any(Keeper)
    }
}
