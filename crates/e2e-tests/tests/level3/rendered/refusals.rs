//! What is not accepted, each with a part of the reason. Both lists are exact.

/// Jobs that a real API server does not take, as what the author or the row asks for is wrong: the stack leaves it to
/// the server to say so (job-manifest ).
pub(super) const REFUSED: &[(&str, &str)] = &[
    // Mounts whose volume nobody declares, or that have no path.
    ("checkout: credentials, envFrom and a mount without path in the default", "mountPath: Required value"),
    ("checkout: the same in the plugin", "mountPath: Required value"),
    ("commands: a user container with everything", "volumeMounts[0].name: Not found"),
    (
        "integration: command mounts twice at one path, containers mount it themselves",
        "volumeMounts[0].name: Not found",
    ),
    ("integration: mount of an undeclared volume", "volumeMounts[1].name: Not found"),
    ("integration: sidecar mounts overlapping with own mounts", "volumeMounts[1].name: Not found"),
    ("patched_pods: another volume at the workspace", "volumeMounts[0].name: Not found"),
    (
        "patched_pods: mounts of image checks follow the rule for all mounts",
        "volumeMounts[0].name: Not found",
    ),
    (
        "volumes: a mount at one path in default and plugin, default container",
        "volumeMounts[1].name: Not found",
    ),
    (
        "volumes: another volume at /workspace/ with a trailing slash (in the pod spec, until patches are built)",
        "volumeMounts[0].name: Not found",
    ),
    ("volumes: sidecar with repeated paths", "volumeMounts[0].name: Not found"),
    ("volumes: the same, user container", "volumeMounts[1].name: Not found"),
    ("volumes: user init container with repeated paths", "volumeMounts[0].name: Not found"),
    // Sources of variables that name nothing.
    ("patches: sources of variables", "must specify one of: `configMapRef` or `secretRef`"),
    (
        "volumes: every feature that brings a volume, a mount or a source of variables",
        "must specify one of: `configMapRef` or `secretRef`",
    ),
    ("volumes: the same, default container", "must specify one of: `configMapRef` or `secretRef`"),
    // Values that Kubernetes does not have.
    ("images: an unknown policy and Never", "imagePullPolicy: Unsupported value"),
    ("plugin: newer fields pass", "must specify restartPolicy when restart rules are used"),
    ("plugin: probe ports", "livenessProbe.httpGet.port: Invalid value"),
    ("policy: a policy without any rule forbids nothing", "must not contain '..'"),
    ("policy: no policy", "must not contain '..'"),
    ("shape: invalid names of labels pass", "metadata.labels: Invalid value"),
];

/// Rows that the builder takes and a controller cannot ask for: its configuration file is stricter.
pub(super) const NOT_RENDERED: &[(&str, &str)] =
    &[("shape: job TTL beyond 32 bits", "longer than Kubernetes takes")];
