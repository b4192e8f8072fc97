//! Metadata.

use super::Shape::{self, Any, Int, KeptBool, KeptInt, KeptText, List, Map, Struct, Text, Time};

pub(super) const TEXTS: Shape = Map(&Text, "map[string]string");

pub(super) const META: Shape = Struct(
    "ObjectMeta",
    &[
        ("name", &Text),
        ("generateName", &Text),
        ("namespace", &Text),
        ("selfLink", &Text),
        ("uid", &Text),
        ("resourceVersion", &Text),
        ("generation", &Int("int64")),
        ("creationTimestamp", &Time),
        ("deletionTimestamp", &Time),
        ("deletionGracePeriodSeconds", &KeptInt("int64")),
        ("labels", &TEXTS),
        ("annotations", &TEXTS),
        ("ownerReferences", &List(&OWNER, "v1.OwnerReference")),
        ("finalizers", &List(&Text, "string")),
        ("managedFields", &List(&Any, "v1.ManagedFieldsEntry")),
    ],
);

const OWNER: Shape = Struct(
    "OwnerReference",
    &[
        ("apiVersion", &KeptText),
        ("kind", &KeptText),
        ("name", &KeptText),
        ("uid", &KeptText),
        ("controller", &KeptBool),
        ("blockOwnerDeletion", &KeptBool),
    ],
);

pub(super) const LABEL_SELECTOR: Shape = Struct(
    "LabelSelector",
    &[("matchLabels", &TEXTS), ("matchExpressions", &List(&EXPRESSION, "v1.LabelSelectorRequirement"))],
);

const EXPRESSION: Shape = Struct(
    "LabelSelectorRequirement",
    &[("key", &KeptText), ("operator", &KeptText), ("values", &List(&Text, "string"))],
);
