//! Which rule of job-manifest made a field that no input made.

use crate::text::pattern;

/// Of a field that no line of the table names. A test sees that there is none.
pub(super) const UNKNOWN: &str = "R-136";

/// A place, the rule, and the setting whose default stands there.
type Line = (&'static str, &'static str, Option<&'static str>);

/// Places of the Job, names joined with slashes and slashes in names written as bars. `*` stands for a name,
/// `**` for all that follows; the first line that fits counts.
const JOB: [Line; 8] = [
    ("apiVersion", "R-15", None),
    ("kind", "R-15", None),
    ("metadata/name", "R-40", Some("job-prefix")),
    ("spec/backoffLimit", "R-52", None),
    ("spec/ttlSecondsAfterFinished", "R-53", Some("job-ttl")),
    ("spec/activeDeadlineSeconds", "R-54", Some("job-active-deadline-seconds")),
    ("spec/template/metadata/**", "R-16", None),
    ("metadata/**", "R-15", None),
];

/// Places in the metadata of Job and pod.
const METADATA: [Line; 7] = [
    ("labels/buildkite.com|job-uuid", "R-42", None),
    ("annotations/cluster-autoscaler.kubernetes.io|safe-to-evict", "R-45", None),
    ("annotations/buildkite.com|job-url", "R-48", None),
    ("annotations/buildkite.com|job-priority", "R-49", None),
    ("annotations/buildkite.com|sidecar-*", "R-78", None),
    ("annotations/buildkite.com|pod-template-name", "R-50", None),
    ("annotations/buildkite.com|*", "R-47", None),
];

/// Places in the pod spec.
const POD: [Line; 55] = [
    // The agent's container.
    ("containers/agent/image", "R-88", Some("image")),
    ("containers/agent/imagePullPolicy", "R-89", Some("default-image-pull-policy")),
    ("containers/agent/env/BUILDKITE_CONTAINER_COUNT/**", "R-90", None),
    ("containers/agent/env/BUILDKITE_AGENT_TAGS/**", "R-81", None),
    ("containers/agent/env/BUILDKITE_AGENT_TOKEN/**/name", "R-91", Some("agent-token-secret")),
    ("containers/agent/env/BUILDKITE_REDACTED_VARS/value", "R-92", Some("additional-redacted-vars")),
    (
        "containers/agent/env/BUILDKITE_CANCEL_GRACE_PERIOD/value",
        "R-93",
        Some("default-termination-grace-period-seconds"),
    ),
    (
        "containers/agent/env/BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS/value",
        "R-93",
        Some("default-termination-grace-period-seconds"),
    ),
    ("containers/agent/env/BUILDKITE_GIT_*/**", "R-95", None),
    ("containers/agent/env/BUILDKITE_AGENT_JOB_VERIFICATION_*/**", "R-14", None),
    ("containers/agent/env/BUILDKITE_AGENT_*_JWKS_FILE/**", "R-13", None),
    ("containers/agent/env/**", "R-91", None),
    ("containers/agent/volumeMounts**", "R-96", None),
    ("containers/agent/**", "R-88", None),
    // Checkout.
    ("containers/checkout/image", "R-97", Some("image")),
    ("containers/checkout/imagePullPolicy", "R-89", Some("default-image-pull-policy")),
    ("containers/checkout/args", "R-105", None),
    ("containers/checkout/env/BUILDKITE_CONTAINER_ID/**", "R-190", None),
    ("containers/checkout/env/BUILDKITE_SOCKETS_PATH/**", "R-190", None),
    ("containers/checkout/env**", "R-98", None),
    ("containers/checkout/securityContext/**", "R-103", None),
    ("containers/checkout/volumeMounts/git-credentials**", "R-102", None),
    ("containers/checkout/volumeMounts**", "R-99", None),
    ("containers/checkout/**", "R-97", None),
    // The setup of the workspace.
    ("initContainers/copy-agent/image", "R-104", Some("image")),
    ("initContainers/copy-agent/imagePullPolicy", "R-89", Some("default-image-pull-policy")),
    ("initContainers/copy-agent/args", "R-105", None),
    ("initContainers/copy-agent/securityContext/**", "R-103", None),
    ("initContainers/copy-agent/**", "R-104", None),
    // Image checks.
    ("initContainers/imagecheck-*/image", "R-113", None),
    ("initContainers/imagecheck-*/imagePullPolicy", "R-109", Some("default-image-check-pull-policy")),
    ("initContainers/imagecheck-*/resources/limits/cpu", "R-114", Some("image-check-container-cpu-limit")),
    (
        "initContainers/imagecheck-*/resources/limits/memory",
        "R-114",
        Some("image-check-container-memory-limit"),
    ),
    ("initContainers/imagecheck-*/resources/**", "R-114", None),
    ("initContainers/imagecheck-*/**", "R-113", None),
    // Sidecars.
    ("initContainers/*/name", "R-75", None),
    ("initContainers/*/restartPolicy", "R-74", None),
    ("initContainers/*/volumeMounts**", "R-76", None),
    // Command containers.
    ("containers/*/name", "R-66", None),
    ("containers/*/image", "R-72", Some("image")),
    ("containers/*/imagePullPolicy", "R-108", Some("default-image-pull-policy")),
    ("containers/*/workingDir", "R-67", None),
    ("containers/*/command", "R-63", None),
    ("containers/*/args", "R-63", None),
    ("containers/*/env/BUILDKITE_COMMAND/value", "R-61", None),
    ("containers/*/env/BUILDKITE_CONTAINER_ID/value", "R-190", None),
    ("containers/*/env/BUILDKITE_SOCKETS_PATH/value", "R-190", None),
    ("containers/*/env/BUILDKITE_BOOTSTRAP_PHASES/value", "R-190", None),
    ("containers/*/env**", "R-64", None),
    ("containers/*/volumeMounts**", "R-68", None),
    // The pod.
    ("restartPolicy", "R-119", None),
    ("terminationGracePeriodSeconds", "R-55", Some("default-termination-grace-period-seconds")),
    ("volumes/git-credentials-ro/**", "R-102", None),
    ("volumes/git-credentials/**", "R-102", None),
    ("volumes/workspace/**", "R-56", Some("workspace-volume")),
];

/// The rule behind the field at this place, and the setting whose default stands there if it is that.
pub(super) fn of(place: &[String]) -> Option<(&'static str, Option<&'static str>)> {
    let names: Vec<String> = place.iter().map(|name| name.replace('/', "|")).collect();
    let place = names.join("/");
    let metadata = place.strip_prefix("spec/template/metadata/").or_else(|| place.strip_prefix("metadata/"));
    let line = match (place.strip_prefix("spec/template/spec/"), metadata) {
        (Some(place), _) => find(&POD, place),
        (None, Some(place)) => find(&METADATA, place),
        (None, None) => find(&JOB, &place),
    };
    line.map(|(_, rule, setting)| (rule, setting))
}

fn find(lines: &[Line], place: &str) -> Option<Line> {
    lines.iter().find(|(pattern, _, _)| pattern::matches(pattern, place)).copied()
}
