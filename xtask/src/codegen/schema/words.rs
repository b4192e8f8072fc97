//! Kubernetes fields that hold one of a few words. The published description has them as prose only; the words are
//! the constants of `core/v1/types.go` at the pinned version.

/// Type, field and words.
pub(super) const WORDS: &[(&str, &str, &[&str])] = &[
    ("AppArmorProfile", "type", &["Localhost", "RuntimeDefault", "Unconfined"]),
    ("AzureDiskVolumeSource", "cachingMode", &["None", "ReadOnly", "ReadWrite"]),
    ("AzureDiskVolumeSource", "kind", &["Dedicated", "Managed", "Shared"]),
    ("Container", "imagePullPolicy", PULL_POLICY),
    ("Container", "restartPolicy", RESTART_POLICY),
    ("Container", "terminationMessagePolicy", MESSAGE_POLICY),
    ("ContainerPort", "protocol", &["TCP", "UDP", "SCTP"]),
    ("ContainerResizePolicy", "restartPolicy", &["NotRequired", "RestartContainer"]),
    ("EphemeralContainer", "imagePullPolicy", PULL_POLICY),
    ("EphemeralContainer", "terminationMessagePolicy", MESSAGE_POLICY),
    ("HTTPGetAction", "scheme", &["HTTP", "HTTPS"]),
    (
        "HostPathVolumeSource",
        "type",
        &["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"],
    ),
    ("ImageVolumeSource", "pullPolicy", PULL_POLICY),
    ("LabelSelectorRequirement", "operator", &["In", "NotIn", "Exists", "DoesNotExist"]),
    ("NodeSelectorRequirement", "operator", &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
    ("PersistentVolumeClaimSpec", "volumeMode", &["Filesystem", "Block"]),
    ("PodOS", "name", &["linux", "windows"]),
    ("PodSecurityContext", "fsGroupChangePolicy", &["Always", "OnRootMismatch"]),
    ("PodSecurityContext", "seLinuxChangePolicy", &["MountOption", "Recursive"]),
    ("PodSecurityContext", "supplementalGroupsPolicy", &["Merge", "Strict"]),
    ("PodSpec", "dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
    ("PodSpec", "preemptionPolicy", &["PreemptLowerPriority", "Never"]),
    ("PodSpec", "restartPolicy", RESTART_POLICY),
    ("SeccompProfile", "type", &["Localhost", "RuntimeDefault", "Unconfined"]),
    ("SecurityContext", "procMount", &["Default", "Unmasked"]),
    ("Toleration", "effect", &["NoSchedule", "PreferNoSchedule", "NoExecute"]),
    ("Toleration", "operator", &["Exists", "Equal", "Lt", "Gt"]),
    ("TopologySpreadConstraint", "nodeAffinityPolicy", &["Honor", "Ignore"]),
    ("TopologySpreadConstraint", "nodeTaintsPolicy", &["Honor", "Ignore"]),
    ("TopologySpreadConstraint", "whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]),
    ("VolumeMount", "mountPropagation", &["None", "HostToContainer", "Bidirectional"]),
    ("VolumeMount", "recursiveReadOnly", &["Disabled", "IfPossible", "Enabled"]),
];

const PULL_POLICY: &[&str] = &["Always", "IfNotPresent", "Never"];
const RESTART_POLICY: &[&str] = &["Always", "OnFailure", "Never"];
const MESSAGE_POLICY: &[&str] = &["File", "FallbackToLogsOnError"];

/// The words of a field, if it has any.
pub(super) fn of(name: &str, field: &str) -> Option<&'static [&'static str]> {
    WORDS.iter().find(|(of, with, _)| *of == name && *with == field).map(|(_, _, words)| *words)
}
