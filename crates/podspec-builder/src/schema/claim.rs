//! Volume claims that live and die with a pod. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::affinity::LABEL_SELECTOR;
use super::{
    Kind::{Any, Bool, Integer, List, Map, Object, Quantity, Text},
    Schema,
};

pub(super) static EPHEMERAL_VOLUME_SOURCE: Schema = Schema {
    name: "EphemeralVolumeSource",
    fields: &[("volumeClaimTemplate", Object(&PERSISTENT_VOLUME_CLAIM_TEMPLATE))],
};

pub(super) static MANAGED_FIELDS_ENTRY: Schema = Schema {
    name: "ManagedFieldsEntry",
    fields: &[
        ("apiVersion", Text),
        ("fieldsType", Text),
        ("fieldsV1", Any),
        ("manager", Text),
        ("operation", Text),
        ("subresource", Text),
        ("time", Text),
    ],
};

pub(super) static OBJECT_META: Schema = Schema {
    name: "ObjectMeta",
    fields: &[
        ("annotations", Map(&Text)),
        ("creationTimestamp", Text),
        ("deletionGracePeriodSeconds", Integer),
        ("deletionTimestamp", Text),
        ("finalizers", List(&Text)),
        ("generateName", Text),
        ("generation", Integer),
        ("labels", Map(&Text)),
        ("managedFields", List(&Object(&MANAGED_FIELDS_ENTRY))),
        ("name", Text),
        ("namespace", Text),
        ("ownerReferences", List(&Object(&OWNER_REFERENCE))),
        ("resourceVersion", Text),
        ("selfLink", Text),
        ("uid", Text),
    ],
};

pub(super) static OWNER_REFERENCE: Schema = Schema {
    name: "OwnerReference",
    fields: &[
        ("apiVersion", Text),
        ("blockOwnerDeletion", Bool),
        ("controller", Bool),
        ("kind", Text),
        ("name", Text),
        ("uid", Text),
    ],
};

pub(super) static PERSISTENT_VOLUME_CLAIM_SPEC: Schema = Schema {
    name: "PersistentVolumeClaimSpec",
    fields: &[
        ("accessModes", List(&Text)),
        ("dataSource", Object(&TYPED_LOCAL_OBJECT_REFERENCE)),
        ("dataSourceRef", Object(&TYPED_OBJECT_REFERENCE)),
        ("resources", Object(&VOLUME_RESOURCE_REQUIREMENTS)),
        ("selector", Object(&LABEL_SELECTOR)),
        ("storageClassName", Text),
        ("volumeAttributesClassName", Text),
        ("volumeMode", Text),
        ("volumeName", Text),
    ],
};

pub(super) static PERSISTENT_VOLUME_CLAIM_TEMPLATE: Schema = Schema {
    name: "PersistentVolumeClaimTemplate",
    fields: &[("metadata", Object(&OBJECT_META)), ("spec", Object(&PERSISTENT_VOLUME_CLAIM_SPEC))],
};

pub(super) static TYPED_LOCAL_OBJECT_REFERENCE: Schema = Schema {
    name: "TypedLocalObjectReference",
    fields: &[("apiGroup", Text), ("kind", Text), ("name", Text)],
};

pub(super) static TYPED_OBJECT_REFERENCE: Schema = Schema {
    name: "TypedObjectReference",
    fields: &[("apiGroup", Text), ("kind", Text), ("name", Text), ("namespace", Text)],
};

pub(super) static VOLUME_RESOURCE_REQUIREMENTS: Schema = Schema {
    name: "VolumeResourceRequirements",
    fields: &[("limits", Map(&Quantity)), ("requests", Map(&Quantity))],
};
