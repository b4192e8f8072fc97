//! All other kinds.

use super::Shape::{
    self, Any, Bytes, Int, KeptBool, KeptInt, KeptText, List, Map, MicroTime, Open, Struct, Text, Time,
};
use super::{API_VERSION, KIND, METADATA, meta};

const BYTES: Shape = Map(&Bytes, "map[string][]uint8");

pub(super) const SECRET: Shape = Struct(
    "Secret",
    &[
        KIND,
        API_VERSION,
        METADATA,
        ("immutable", &KeptBool),
        ("data", &BYTES),
        ("stringData", &meta::TEXTS),
        ("type", &Text),
    ],
);

pub(super) const CONFIG_MAP: Shape = Struct(
    "ConfigMap",
    &[KIND, API_VERSION, METADATA, ("immutable", &KeptBool), ("data", &meta::TEXTS), ("binaryData", &BYTES)],
);

const OBJECT_REFERENCE: Shape = Struct(
    "ObjectReference",
    &[
        ("kind", &Text),
        ("namespace", &Text),
        ("name", &Text),
        ("uid", &Text),
        ("apiVersion", &Text),
        ("resourceVersion", &Text),
        ("fieldPath", &Text),
    ],
);

pub(super) const EVENT: Shape = Struct(
    "Event",
    &[
        KIND,
        API_VERSION,
        METADATA,
        ("involvedObject", &Shape::Always(&OBJECT_REFERENCE)),
        ("reason", &Text),
        ("message", &Text),
        ("source", &Shape::Always(&Struct("EventSource", &[("component", &Text), ("host", &Text)]))),
        ("firstTimestamp", &Time),
        ("lastTimestamp", &Time),
        ("count", &Int("int32")),
        ("type", &Text),
        ("eventTime", &MicroTime),
        ("series", &Struct("EventSeries", &[("count", &Int("int32")), ("lastObservedTime", &MicroTime)])),
        ("action", &Text),
        ("related", &OBJECT_REFERENCE),
        ("reportingComponent", &KeptText),
        ("reportingInstance", &KeptText),
    ],
);

pub(super) const LEASE: Shape = Struct(
    "Lease",
    &[
        KIND,
        API_VERSION,
        METADATA,
        (
            "spec",
            &Shape::Always(&Struct(
                "LeaseSpec",
                &[
                    ("holderIdentity", &KeptText),
                    ("leaseDurationSeconds", &KeptInt("int32")),
                    ("acquireTime", &MicroTime),
                    ("renewTime", &MicroTime),
                    ("leaseTransitions", &KeptInt("int32")),
                    ("strategy", &KeptText),
                    ("preferredHolder", &KeptText),
                ],
            )),
        ),
    ],
);

pub(super) const NAMESPACE: Shape = Struct(
    "Namespace",
    &[
        KIND,
        API_VERSION,
        METADATA,
        (
            "spec",
            &Shape::Always(&Struct("NamespaceSpec", &[("finalizers", &List(&Text, "v1.FinalizerName"))])),
        ),
        (
            "status",
            &Shape::Always(&Struct(
                "NamespaceStatus",
                &[("phase", &Text), ("conditions", &List(&Any, "v1.NamespaceCondition"))],
            )),
        ),
    ],
);

pub(super) const SERVICE_ACCOUNT: Shape = Struct(
    "ServiceAccount",
    &[
        KIND,
        API_VERSION,
        METADATA,
        ("secrets", &List(&OBJECT_REFERENCE, "v1.ObjectReference")),
        ("imagePullSecrets", &List(&Open("LocalObjectReference"), "v1.LocalObjectReference")),
        ("automountServiceAccountToken", &KeptBool),
    ],
);

pub(super) const NODE: Shape = Struct(
    "Node",
    &[KIND, API_VERSION, METADATA, ("spec", &Open("NodeSpec")), ("status", &Open("NodeStatus"))],
);
