//! Jobs.

use super::Shape::{self, Always, Int, KeptBool, KeptInt, KeptText, List, Open, Struct, Text, Time};
use super::{API_VERSION, KIND, METADATA, meta, pod};

pub(super) const JOB: Shape =
    Struct("Job", &[KIND, API_VERSION, METADATA, ("spec", &SPEC), ("status", &Always(&STATUS))]);

const SPEC: Shape = Struct(
    "JobSpec",
    &[
        ("parallelism", &KeptInt("int32")),
        ("completions", &KeptInt("int32")),
        ("activeDeadlineSeconds", &KeptInt("int64")),
        ("podFailurePolicy", &Open("PodFailurePolicy")),
        ("successPolicy", &Open("SuccessPolicy")),
        ("backoffLimit", &KeptInt("int32")),
        ("backoffLimitPerIndex", &KeptInt("int32")),
        ("maxFailedIndexes", &KeptInt("int32")),
        ("selector", &meta::LABEL_SELECTOR),
        ("manualSelector", &KeptBool),
        ("template", &Always(&pod::TEMPLATE)),
        ("ttlSecondsAfterFinished", &KeptInt("int32")),
        ("completionMode", &Text),
        ("suspend", &KeptBool),
        ("podReplacementPolicy", &Text),
        ("managedBy", &Text),
    ],
);

const STATUS: Shape = Struct(
    "JobStatus",
    &[
        ("conditions", &List(&CONDITION, "v1.JobCondition")),
        ("startTime", &Time),
        ("completionTime", &Time),
        ("active", &Int("int32")),
        ("succeeded", &Int("int32")),
        ("failed", &Int("int32")),
        ("terminating", &KeptInt("int32")),
        ("completedIndexes", &Text),
        ("failedIndexes", &Text),
        ("uncountedTerminatedPods", &UNCOUNTED),
        ("ready", &KeptInt("int32")),
    ],
);

const UNCOUNTED: Shape = Struct(
    "UncountedTerminatedPods",
    &[("succeeded", &List(&Text, "types.UID")), ("failed", &List(&Text, "types.UID"))],
);

const CONDITION: Shape = Struct(
    "JobCondition",
    &[
        ("type", &KeptText),
        ("status", &KeptText),
        ("lastProbeTime", &Time),
        ("lastTransitionTime", &Time),
        ("reason", &Text),
        ("message", &Text),
    ],
);
