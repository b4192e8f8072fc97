//! Where a pod may run. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::{
    Kind::{Integer, List, Map, Object, Text},
    Schema,
};

pub(super) static AFFINITY: Schema = Schema {
    name: "Affinity",
    fields: &[
        ("nodeAffinity", Object(&NODE_AFFINITY)),
        ("podAffinity", Object(&POD_AFFINITY)),
        ("podAntiAffinity", Object(&POD_ANTI_AFFINITY)),
    ],
};

pub(super) static LABEL_SELECTOR: Schema = Schema {
    name: "LabelSelector",
    fields: &[("matchExpressions", List(&Object(&LABEL_SELECTOR_REQUIREMENT))), ("matchLabels", Map(&Text))],
};

pub(super) static LABEL_SELECTOR_REQUIREMENT: Schema = Schema {
    name: "LabelSelectorRequirement",
    fields: &[("key", Text), ("operator", Text), ("values", List(&Text))],
};

pub(super) static NODE_AFFINITY: Schema = Schema {
    name: "NodeAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(&PREFERRED_SCHEDULING_TERM))),
        ("requiredDuringSchedulingIgnoredDuringExecution", Object(&NODE_SELECTOR)),
    ],
};

pub(super) static NODE_SELECTOR: Schema =
    Schema { name: "NodeSelector", fields: &[("nodeSelectorTerms", List(&Object(&NODE_SELECTOR_TERM)))] };

pub(super) static NODE_SELECTOR_REQUIREMENT: Schema = Schema {
    name: "NodeSelectorRequirement",
    fields: &[("key", Text), ("operator", Text), ("values", List(&Text))],
};

pub(super) static NODE_SELECTOR_TERM: Schema = Schema {
    name: "NodeSelectorTerm",
    fields: &[
        ("matchExpressions", List(&Object(&NODE_SELECTOR_REQUIREMENT))),
        ("matchFields", List(&Object(&NODE_SELECTOR_REQUIREMENT))),
    ],
};

pub(super) static POD_AFFINITY: Schema = Schema {
    name: "PodAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(&WEIGHTED_POD_AFFINITY_TERM))),
        ("requiredDuringSchedulingIgnoredDuringExecution", List(&Object(&POD_AFFINITY_TERM))),
    ],
};

pub(super) static POD_AFFINITY_TERM: Schema = Schema {
    name: "PodAffinityTerm",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("matchLabelKeys", List(&Text)),
        ("mismatchLabelKeys", List(&Text)),
        ("namespaceSelector", Object(&LABEL_SELECTOR)),
        ("namespaces", List(&Text)),
        ("topologyKey", Text),
    ],
};

pub(super) static POD_ANTI_AFFINITY: Schema = Schema {
    name: "PodAntiAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&Object(&WEIGHTED_POD_AFFINITY_TERM))),
        ("requiredDuringSchedulingIgnoredDuringExecution", List(&Object(&POD_AFFINITY_TERM))),
    ],
};

pub(super) static PREFERRED_SCHEDULING_TERM: Schema = Schema {
    name: "PreferredSchedulingTerm",
    fields: &[("preference", Object(&NODE_SELECTOR_TERM)), ("weight", Integer)],
};

pub(super) static WEIGHTED_POD_AFFINITY_TERM: Schema = Schema {
    name: "WeightedPodAffinityTerm",
    fields: &[("podAffinityTerm", Object(&POD_AFFINITY_TERM)), ("weight", Integer)],
};
