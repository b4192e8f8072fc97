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
    ("patched_pods: a patch deletes the volume that everything mounts", "volumeMounts[0].name: Not found"),
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

/// What `render` itself refuses: rows that the builder takes and a controller cannot ask for, as its configuration file
/// is stricter, and steps of samples that show how something is refused.
pub(super) const NOT_RENDERED: &[(&str, &str)] = &[
    ("shape: job TTL beyond 32 bits", "longer than Kubernetes takes"),
    ("features/bad-images.yml step 1", "[E-13]"),
    ("features/command-missing.yml step 1", "[E-39]"),
    ("features/interposer-unknown.yml step 1", "[E-6]"),
    ("features/patch-of-checkout-command.yml step 1", "[E-14]"),
    ("features/patch-removes-too-much.yml step 1", "[E-37]"),
    ("features/patch-removes-too-much.yml step 2", "[E-37]"),
    ("features/patch-removes-too-much.yml step 3", "[E-38]"),
    ("features/plugin-version.yml step 1", "[E-40]"),
    ("features/pod-template-missing.yml step 1", "[E-7]"),
    ("features/policy.yml step 1", "[E-41]"),
    ("features/prohibited.yml step 1", "[E-3]"),
    ("features/prohibited.yml step 2", "[E-3]"),
    ("features/prohibited.yml step 3", "[E-3]"),
    ("features/repeated-names.yml step 1", "[E-23]"),
    ("features/repeated-names.yml step 2", "[E-24]"),
    ("features/reserved-names.yml step 1", "[E-8]"),
    ("features/reserved-names.yml step 2", "[E-8]"),
    ("features/resource-class-unknown.yml step 1", "[E-11]"),
    ("features/wrong-types.yml step 1", "[E-4]"),
    ("features/wrong-types.yml step 2", "[E-4]"),
    ("features/wrong-types.yml step 3", "[E-5]"),
    ("features/wrong-types.yml step 4", "[E-4]"),
    ("run/closed-block.yml step 1", "[E-3]"),
    ("run/policy.yml step 1", "[E-41]"),
    ("run/resource-class-unknown.yml step 1", "[E-11]"),
    ("run/wrong-type.yml step 1", "[E-4]"),
];
