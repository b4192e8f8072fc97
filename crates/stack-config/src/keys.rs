//! All names: keys of the file, flags and variables (controller-config 4, 9).

/// Type of a setting with a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bool,
    Int,
    Duration,
    List,
}

/// A setting that file, environment and command line can give.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// Key of the file and name of the flag.
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    /// For `--help`; also names the default.
    pub(crate) help: &'static str,
}

impl Scalar {
    /// The environment variable: the key in upper case with `_`, but for `id`, which alone would be
    /// too common a name.
    pub(crate) fn variable(&self) -> String {
        match self.key {
            "id" => "BUILDKITE_K8S_STACK_CONTROLLER_ID".to_owned(),
            key => key.to_ascii_uppercase().replace('-', "_"),
        }
    }
}

const fn scalar(key: &'static str, kind: Kind, help: &'static str) -> Scalar {
    Scalar { key, kind, help }
}

/// Everything with a flag that `--help` shows: the Go controller's 41, then ours.
pub(crate) const SCALARS: [Scalar; 45] = [
    // 4.1 Identity and connection
    scalar(
        "agent-token-secret",
        Kind::Text,
        "Secret with the cluster agent token, in the namespace below [default: buildkite-agent-token]",
    ),
    scalar("namespace", Kind::Text, "Namespace of the Secret and of all Jobs [default: default]"),
    scalar("id", Kind::Text, "Name of this controller, unique on its queue [default: none]"),
    scalar("queue", Kind::Text, "Queue to serve [default: the queue tag, else the cluster's default queue]"),
    scalar("tags", Kind::List, "Agent tags as key=value, comma separated [default: none]"),
    scalar("image", Kind::Text, "Image of the agent [default: the agent release pinned by this version]"),
    scalar("http-timeout", Kind::Duration, "Time limit of a request to Buildkite [default: 60s]"),
    // 4.2 Polling and limits
    scalar("poll-interval", Kind::Duration, "Pause between list calls, at least 1s [default: 1s]"),
    scalar("pagination-page-size", Kind::Int, "Jobs per page of a list call, 1 to 1000 [default: 1000]"),
    scalar("pagination-depth-limit", Kind::Int, "Pages per poll, 1 to 20 [default: 2]"),
    scalar("query-reset-interval", Kind::Duration, "Without effect; accepted for older files [default: 10s]"),
    scalar("enable-queue-pause", Kind::Bool, "Without effect: a paused queue is always honoured"),
    scalar("max-in-flight", Kind::Int, "Most unfinished Jobs at a time, 0 for no limit [default: 25]"),
    scalar("work-queue-limit", Kind::Int, "Most waiting candidates [default: 1000000]"),
    scalar("job-creation-concurrency", Kind::Int, "Most Jobs being created at a time [default: 25]"),
    scalar(
        "enable-completion-watcher",
        Kind::Bool,
        "End Jobs whose agent has ended while other containers still run; not built yet, without effect",
    ),
    scalar(
        "reservation-expiry-seconds",
        Kind::Int,
        "How long a reservation holds, 0 to 3600, 0 for 900 [default: 0]",
    ),
    scalar("k8s-client-rate-limiter-qps", Kind::Int, "Requests to Kubernetes per second [default: no limit]"),
    scalar("k8s-client-rate-limiter-burst", Kind::Int, "Burst of the same [default: twice the rate]"),
    // 4.3 Job shape
    scalar("job-prefix", Kind::Text, "Put before the job's UUID to name the Job [default: buildkite-]"),
    scalar("job-ttl", Kind::Duration, "How long a finished Job stays [default: 10m]"),
    scalar("job-active-deadline-seconds", Kind::Int, "Longest a Job may run [default: 21600]"),
    scalar(
        "default-termination-grace-period-seconds",
        Kind::Int,
        "Grace period of pods that name none [default: 60]",
    ),
    scalar(
        "default-image-pull-policy",
        Kind::Text,
        "Pull policy of containers without one: Always, IfNotPresent, Never [default: none]",
    ),
    scalar("default-image-check-pull-policy", Kind::Text, "Same for image check containers [default: none]"),
    scalar("skip-image-check-containers", Kind::Bool, "Leave out image check containers [default: false]"),
    scalar("image-check-container-cpu-limit", Kind::Text, "CPU limit of an image check [default: 200m]"),
    scalar("image-check-container-memory-limit", Kind::Text, "Memory limit of the same [default: 128Mi]"),
    scalar(
        "prohibit-kubernetes-plugin",
        Kind::Bool,
        "Refuse jobs with the kubernetes plugin [default: false]",
    ),
    scalar(
        "allow-pod-spec-patch-unsafe-command-modification",
        Kind::Bool,
        "Let patches change the commands of the stack's own containers [default: false]",
    ),
    // 4.4 Timeouts
    scalar(
        "image-pull-backoff-grace-period",
        Kind::Duration,
        "Wait before failing a job whose image cannot be pulled [default: 30s]",
    ),
    scalar(
        "job-cancel-checker-poll-interval",
        Kind::Duration,
        "Pause between checks whether waiting jobs were cancelled [default: 5s]",
    ),
    scalar("empty-job-grace-period", Kind::Duration, "Wait before failing a Job without pod [default: 30s]"),
    scalar("pod-pending-timeout", Kind::Duration, "Longest a pod may be pending, 0 for ever [default: 15m]"),
    // 4.5 Observability
    scalar("prometheus-port", Kind::Int, "Port of /metrics, 0 for off [default: 0]"),
    scalar("profiler-address", Kind::Text, "host:port of the debug server [default: off]"),
    scalar("debug", Kind::Bool, "Log level debug; beats log-level [default: false]"),
    scalar("log-level", Kind::Text, "debug, info, warn or error [default: info]"),
    scalar("log-format", Kind::Text, "logfmt or json [default: logfmt]"),
    scalar("no-color", Kind::Bool, "No colour in logs [default: false]"),
    scalar("log-http-payloads", Kind::Bool, "Log bodies of Buildkite requests [default: false]"),
    // 4.8 Beyond Go
    scalar(
        "enable-job-acquisition-tokens",
        Kind::Bool,
        "Give each pod a token for its job alone; not built yet [default: false]",
    ),
    scalar(
        "max-in-flight-per-pipeline",
        Kind::Int,
        "Most unfinished Jobs of one pipeline; not built yet [default: 0]",
    ),
    scalar("health-port", Kind::Int, "Port of /livez, /readyz and /startupz, 0 for off [default: 8081]"),
    scalar(
        "leader-lease",
        Kind::Bool,
        "One active instance at a time, decided by a Lease [default: true if the Role allows it]",
    ),
];

/// The setting of that name.
pub(crate) fn scalar_of(key: &str) -> &'static Scalar {
    SCALARS.iter().find(|scalar| scalar.key == key).expect("every key read is in the table")
}

/// Keys without flag and variable (4.7, 4.8).
pub(crate) const FILE_ONLY: [&str; 13] = [
    "pod-spec-patch",
    "workspace-volume",
    "workspace-mount-sub-path-expr",
    "agent-config",
    "default-checkout-params",
    "default-command-params",
    "default-sidecar-params",
    "default-metadata",
    "additional-redacted-vars",
    "resource-classes",
    "default-resource-class-name",
    "queues",
    "pod-policy",
];

/// A spelling that lives on without effect (section 9, 4.6).
#[derive(Debug)]
pub(crate) struct Leftover {
    /// The setting as it is named in warnings.
    pub(crate) name: &'static str,
    pub(crate) key: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) variables: &'static [&'static str],
    /// The flag can stand alone.
    pub(crate) boolean: bool,
    /// What the warning says behind "has no effect"; empty for settings that get no warning.
    pub(crate) advice: &'static str,
}

/// Settings that are accepted and ignored.
pub(crate) const LEFTOVERS: [Leftover; 9] = [
    Leftover {
        name: "org",
        key: "org",
        flags: &["org"],
        // The variable alone gets no warning: too common a name.
        variables: &[],
        boolean: false,
        advice: "unused since 0.28: the organisation is known from the token; remove it",
    },
    Leftover {
        name: "cluster-uuid",
        key: "cluster-uuid",
        flags: &["cluster-uuid"],
        variables: &["CLUSTER_UUID"],
        boolean: false,
        advice: "unused since 0.33: the cluster is known from the token; remove it",
    },
    Leftover {
        name: "buildkite-token",
        key: "buildkite-token",
        flags: &["buildkite-token"],
        variables: &["BUILDKITE_TOKEN"],
        boolean: false,
        advice: "unused since 0.34: no API token is needed; remove it",
    },
    Leftover {
        name: "graphql-endpoint",
        key: "graphql-endpoint",
        flags: &["graph-ql-endpoint", "graphql-endpoint"],
        variables: &["GRAPH_QL_ENDPOINT", "GRAPHQL_ENDPOINT"],
        boolean: false,
        advice: "unused since 0.28: that API is not called any more; remove it",
    },
    Leftover {
        name: "graphql-results-limit",
        key: "graphql-results-limit",
        flags: &["graphql-results-limit"],
        variables: &["GRAPHQL_RESULTS_LIMIT"],
        boolean: false,
        advice: "unused since 0.28: remove it, or set pagination-page-size, whose range and meaning differ",
    },
    Leftover {
        name: "stale-job-data-timeout",
        key: "stale-job-data-timeout",
        flags: &["stale-job-data-timeout"],
        variables: &["STALE_JOB_DATA_TIMEOUT"],
        boolean: false,
        advice: "unused since 0.28: job data is read anew before each job; remove it",
    },
    Leftover {
        name: "experimental-job-reservation-support",
        key: "experimental-job-reservation-support",
        flags: &["experimental-job-reservation-support"],
        variables: &["EXPERIMENTAL_JOB_RESERVATION_SUPPORT"],
        boolean: true,
        advice: "unused since 0.33: jobs are always reserved; remove it",
    },
    Leftover {
        name: "experimental-stacks-api-support",
        key: "experimental-stacks-api-support",
        flags: &["experimental-stacks-api-support"],
        variables: &["EXPERIMENTAL_STACKS_API_SUPPORT"],
        boolean: true,
        advice: "unused since 0.33: that API is always used; remove it",
    },
    Leftover {
        name: "integration-test-buildkite-token",
        key: "integration-test-buildkite-token",
        // Its hidden flag is spelt as that of `buildkite-token`.
        flags: &[],
        variables: &["INTEGRATION_TEST_BUILDKITE_TOKEN"],
        boolean: false,
        advice: "",
    },
];

/// Old keys that still set something (section 9).
pub(crate) const ALIASES: [&str; 2] = ["workspaceVolume", "container-start-timeout"];

/// Every key that may stand at the top of the file.
pub(crate) fn top_level() -> Vec<&'static str> {
    let scalars = SCALARS.iter().map(|scalar| scalar.key);
    let leftovers = LEFTOVERS.iter().map(|leftover| leftover.key);
    scalars.chain(FILE_ONLY).chain(ALIASES).chain(leftovers).collect()
}
