//! The kinds of user-written objects, from the table of `strategic-merge` (job-manifest 3, R-27).

use strategic_merge::schema::{ListType, table};

pub(crate) use strategic_merge::schema::{Kind, Schema};

/// A PodSpec.
pub(crate) const POD_SPEC: Kind = Kind::Object(&table::POD_SPEC);
/// A Volume.
pub(crate) const VOLUME: Kind = Kind::Object(&table::VOLUME);
/// A SecretVolumeSource.
pub(crate) const SECRET_VOLUME_SOURCE: Kind = Kind::Object(&table::SECRET_VOLUME_SOURCE);
/// ResourceRequirements.
pub(crate) const RESOURCE_REQUIREMENTS: Kind = Kind::Object(&table::RESOURCE_REQUIREMENTS);
/// A list of Container.
pub(crate) const CONTAINERS: Kind = Kind::List(&CONTAINER_LIST);
/// A list of EnvFromSource.
pub(crate) const ENV_FROM: Kind = Kind::List(&ENV_FROM_LIST);
/// A list of VolumeMount.
pub(crate) const VOLUME_MOUNTS: Kind = Kind::List(&VOLUME_MOUNT_LIST);

// Lists of our own documents, which no patch ever meets.
static CONTAINER_LIST: ListType = ListType::replaced(Kind::Object(&table::CONTAINER));
static ENV_FROM_LIST: ListType = ListType::replaced(Kind::Object(&table::ENV_FROM_SOURCE));
static VOLUME_MOUNT_LIST: ListType = ListType::replaced(Kind::Object(&table::VOLUME_MOUNT));
