//! The keys of the kubernetes plugin block (kubernetes-plugin 2, 3; job-manifest 1.3, 1.4).
//!
//! The parameter groups are those of the controller's defaults as well (controller-config 5.5 to 5.7).

use crate::shape::{Field, ObjectType, Shape};

const TEXT_MAP: Shape = Shape::Map(&Shape::Text);
const ENV_FROM: Shape = Shape::List(&Shape::Kubernetes("EnvFromSource"));
const MOUNTS: Shape = Shape::List(&Shape::Kubernetes("VolumeMount"));

/// The block, in the order of kubernetes-plugin 2.
pub static BLOCK: ObjectType = ObjectType::new(
    "kubernetesPlugin",
    "The kubernetes plugin",
    "How the job of this step becomes a pod. All keys may be left out. Wherever a key and a setting of the \
     controller meet, the key wins. The plugin is built into the controller: it has no version.",
    BLOCK_FIELDS,
)
.examples(&[
    r#"{"checkout": {"skip": true}, "podSpec": {"containers": [{"image": "alpine:3.20"}]}}"#,
    r#"{"podTemplate": "go-cached", "podSpecPatch": {"containers": [{"name": "container-0", "resources": {"requests": {"memory": "6Gi"}}}]}}"#,
]);

const BLOCK_FIELDS: &[Field] = &[
    Field::new(
        "podSpec",
        Shape::Kubernetes("PodSpec"),
        "The pod to start from. Each entry of `containers` becomes a command container: it runs its own `command`, \
         or the step's if it has none. `containers` and the names of containers may be left out; without \
         containers there is one of the controller's image. The agent, the checkout and `/workspace` are added.",
    )
    .since("agent-stack-k8s 0.1")
    .examples(&[r#"{"containers": [{"image": "golang:1.25", "command": ["go test ./..."]}]}"#]),
    Field::new(
        "podTemplate",
        Shape::Text,
        "Name of a PodTemplate in the controller's namespace whose `template.spec` is the pod to start from. It is \
         ignored where `podSpec` is given, even an empty one; change a template with `podSpecPatch`.",
    )
    .since("agent-stack-k8s 0.32.2")
    .examples(&[r#""go-cached""#]),
    Field::new(
        "podSpecPatch",
        Shape::Patch("PodSpec"),
        "A strategic merge patch of the finished pod, applied after the controller's own `pod-spec-patch`. Entries \
         of `containers`, `volumes`, `env` and the like are found by `name`; the first command container is \
         `container-0` unless it was given a name. Null deletes.",
    )
    .default_from("the controller's `pod-spec-patch` is applied alone")
    .since("agent-stack-k8s 0.9")
    .examples(&[
        r#"{"containers": [{"name": "container-0", "image": "golang:1.25"}]}"#,
        r#"{"containers": [{"name": "checkout", "env": [{"name": "GIT_TRACE", "value": "1"}]}]}"#,
    ]),
    Field::new(
        "gitEnvFrom",
        ENV_FROM,
        "Secrets and ConfigMaps whose keys become environment variables of the checkout, of the command containers \
         and of the sidecars, after all other such sources. Made for keys and passwords that git needs.",
    )
    .since("agent-stack-k8s 0.1")
    .examples(&[r#"[{"secretRef": {"name": "deploy-key"}}]"#]),
    Field::new(
        "sidecars",
        Shape::List(&Shape::Kubernetes("Container")),
        "Containers that run beside the commands and are stopped when these are done. They start one after the \
         other before the first command, each awaited if it has a `startupProbe`. Without a name they are called \
         `sidecar-0`, `sidecar-1` and so on. Their exit status does not count.",
    )
    .since("agent-stack-k8s 0.3")
    .examples(&[r#"[{"name": "db", "image": "postgres:17", "startupProbe": {"exec": {"command": ["pg_isready"]}}}]"#]),
    Field::new("metadata", Shape::Object(&METADATA), "Labels and annotations of the Job and of its pod.")
        .since("agent-stack-k8s 0.4")
        .default_from("the controller's `default-metadata`; both are joined, key by key")
        .examples(&[r#"{"labels": {"team": "payments"}, "annotations": {"example.com/owner": "payments"}}"#]),
    Field::new(
        "extraVolumeMounts",
        MOUNTS,
        "Mounts added to the agent, the checkout, the command containers and the sidecars. Their volumes must be \
         part of the pod: in `podSpec.volumes`, in the template or in a patch.",
    )
    .since("agent-stack-k8s 0.7")
    .examples(&[r#"[{"name": "cargo-cache", "mountPath": "/cache"}]"#]),
    Field::new(
        "checkout",
        Shape::Object(&CHECKOUT),
        "How the repository is fetched. Not to be confused with the step's own `checkout`, which has other keys.",
    )
    .since("agent-stack-k8s 0.10")
    .default_from("the controller's `default-checkout-params`, key by key")
    .examples(&[r#"{"skip": true}"#, r#"{"cloneFlags": "--depth=1", "noSubmodules": true}"#]),
    Field::new("commandParams", Shape::Object(&COMMAND_PARAMS), "What applies to all command containers.")
        .since("agent-stack-k8s 0.13")
        .default_from("the controller's `default-command-params`, key by key")
        .examples(&[r#"{"interposer": "vector", "envFrom": [{"secretRef": {"name": "test-credentials"}}]}"#]),
    Field::new("sidecarParams", Shape::Object(&SIDECAR_PARAMS), "What applies to all sidecars.")
        .since("agent-stack-k8s 0.13")
        .default_from("the controller's `default-sidecar-params`, key by key")
        .examples(&[r#"{"envFrom": [{"secretRef": {"name": "database"}}]}"#]),
    Field::new(
        "jobActiveDeadlineSeconds",
        Shape::Integer,
        "How long the pod may live before Kubernetes stops it and the job fails. 0 and negative numbers leave the \
         default.",
    )
    .unit("seconds")
    .default_from("the controller's `job-active-deadline-seconds`, 21600 unless it is set")
    .since("agent-stack-k8s 0.24")
    .examples(&["5400"]),
];

/// `metadata` of the block, `default-metadata` of the controller.
pub static METADATA: ObjectType = ObjectType::new(
    "pluginMetadata",
    "Labels and annotations",
    "Labels and annotations of the Job and of its pod. Keys that the controller sets itself, most of those under \
     `buildkite.com/` and `tag.buildkite.com/`, win over these.",
    &[
        Field::new("labels", TEXT_MAP, "Labels. Values are text: quote numbers and booleans.")
            .since("agent-stack-k8s 0.4")
            .examples(&[r#"{"team": "payments"}"#]),
        Field::new("annotations", TEXT_MAP, "Annotations. Values are text: quote numbers and booleans.")
            .since("agent-stack-k8s 0.4")
            .examples(&[r#"{"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}"#]),
    ],
);

/// `checkout` of the block, `default-checkout-params` of the controller, in the order of job-manifest 1.4.
pub static CHECKOUT: ObjectType = ObjectType::new(
    "pluginCheckout",
    "Checkout parameters",
    "How the checkout container fetches the repository. A key that is given replaces the controller's, one by one; \
     `envFrom` and `extraVolumeMounts` are added to the controller's. An empty text counts as given.",
    CHECKOUT_FIELDS,
);

const CHECKOUT_FIELDS: &[Field] = &[
    Field::new(
        "skip",
        Shape::Boolean,
        "Whether to build the pod without a checkout container. Checkout hooks do not run then, and all other keys \
         here have no effect.",
    )
    .default_from("the controller's, `false` unless it is set")
    .since("agent-stack-k8s 0.13")
    .examples(&["true"]),
    Field::new("checkoutFlags", Shape::Text, "Flags for `git checkout`; the agent's `BUILDKITE_GIT_CHECKOUT_FLAGS`.")
        .since("agent-stack-k8s 0.28")
        .examples(&[r#""-f""#]),
    Field::new("cleanFlags", Shape::Text, "Flags for `git clean`; the agent's `BUILDKITE_GIT_CLEAN_FLAGS`.")
        .since("agent-stack-k8s 0.16")
        .examples(&[r#""-ffxdq""#]),
    Field::new("cloneFlags", Shape::Text, "Flags for `git clone`; the agent's `BUILDKITE_GIT_CLONE_FLAGS`.")
        .since("agent-stack-k8s 0.13")
        .examples(&[r#""--filter=blob:none""#, r#""--depth=1""#]),
    Field::new("fetchFlags", Shape::Text, "Flags for `git fetch`; the agent's `BUILDKITE_GIT_FETCH_FLAGS`.")
        .since("agent-stack-k8s 0.13")
        .examples(&[r#""-v --prune --depth=1""#]),
    Field::new("noSubmodules", Shape::Boolean, "Whether to leave out submodules; the agent's `BUILDKITE_NO_GIT_SUBMODULES`.")
        .since("agent-stack-k8s 0.16")
        .examples(&["true"]),
    Field::new(
        "submoduleCloneConfig",
        Shape::List(&Shape::Text),
        "Git settings for cloning submodules, each as `key=value`. An empty list leaves the controller's.",
    )
    .since("agent-stack-k8s 0.16")
    .examples(&[r#"["protocol.file.allow=always"]"#]),
    Field::new("gitMirrors", Shape::Object(&GIT_MIRRORS), "Repositories that are kept beside the checkout and shared between jobs.")
        .since("agent-stack-k8s 0.16")
        .examples(&[r#"{"path": "/buildkite/git-mirrors", "volume": {"name": "git-mirrors", "persistentVolumeClaim": {"claimName": "git-mirrors"}}}"#]),
    Field::new(
        "gitCredentialsSecret",
        Shape::Kubernetes("SecretVolumeSource"),
        "A Secret with a key `.git-credentials`, the file that git's `store` helper reads, for cloning over https.",
    )
    .since("agent-stack-k8s 0.14")
    .examples(&[r#"{"secretName": "git-credentials"}"#]),
    Field::new("envFrom", ENV_FROM, "Secrets and ConfigMaps whose keys become environment variables of the checkout.")
        .since("agent-stack-k8s 0.13")
        .examples(&[r#"[{"configMapRef": {"name": "git-settings"}}]"#]),
    Field::new("extraVolumeMounts", MOUNTS, "Mounts added to the checkout.")
        .since("agent-stack-k8s 0.26")
        .examples(&[r#"[{"name": "known-hosts", "mountPath": "/etc/ssh/ssh_known_hosts", "subPath": "known_hosts"}]"#]),
];

/// `gitMirrors` of the checkout parameters.
pub static GIT_MIRRORS: ObjectType = ObjectType::new(
    "pluginGitMirrors",
    "Git mirrors",
    "Where the agent keeps mirrors of repositories, so that a checkout need not fetch everything anew.",
    &[
        Field::new("path", Shape::Text, "Where the mirrors lie in the container; also where `volume` is mounted.")
            .default_from("`/buildkite/git-mirrors` if there is a volume")
            .since("agent-stack-k8s 0.16")
            .examples(&[r#""/buildkite/git-mirrors""#]),
        Field::new(
            "volume",
            Shape::Kubernetes("Volume"),
            "The volume that keeps the mirrors. It is added to the pod and mounted in the checkout. Without one the \
             mirrors live as long as the pod.",
        )
        .since("agent-stack-k8s 0.16")
        .examples(&[r#"{"name": "git-mirrors", "persistentVolumeClaim": {"claimName": "git-mirrors"}}"#]),
        Field::new("cloneFlags", Shape::Text, "Flags for cloning a mirror; the agent's `BUILDKITE_GIT_CLONE_MIRROR_FLAGS`.")
            .since("agent-stack-k8s 0.16")
            .examples(&[r#""-v --mirror""#]),
        Field::new("lockTimeout", Shape::Integer, "How long to wait for another job that uses the mirror. 0 leaves the controller's.")
            .unit("seconds")
            .since("agent-stack-k8s 0.16")
            .examples(&["300"]),
        Field::new("skipUpdate", Shape::Boolean, "Whether to use the mirror as it is, without fetching into it.")
            .since("agent-stack-k8s 0.16")
            .examples(&["true"]),
    ],
);

/// `commandParams` of the block, `default-command-params` of the controller.
pub static COMMAND_PARAMS: ObjectType = ObjectType::new(
    "pluginCommandParams",
    "Command parameters",
    "What applies to all command containers.",
    &[
        Field::new(
            "interposer",
            Shape::Words(&["buildkite", "vector", "legacy", ""]),
            "How `command` and `args` of a container become what the agent's shell runs. `buildkite`: each item of \
             `command` is a shell line, `args` end the last one. `vector`: one program with its arguments, as \
             Kubernetes means it. `legacy`: everything joined with blanks, nothing quoted. Empty means not given.",
        )
        .default_from("the controller's, `buildkite` unless it is set")
        .since("agent-stack-k8s 0.15")
        .examples(&[r#""vector""#]),
        Field::new("envFrom", ENV_FROM, "Secrets and ConfigMaps whose keys become environment variables of each command container.")
            .since("agent-stack-k8s 0.13")
            .examples(&[r#"[{"secretRef": {"name": "test-credentials", "optional": true}}]"#]),
        Field::new("extraVolumeMounts", MOUNTS, "Mounts added to each command container.")
            .since("agent-stack-k8s 0.26")
            .examples(&[r#"[{"name": "dependencies", "mountPath": "/root/.cache"}]"#]),
    ],
);

/// `sidecarParams` of the block, `default-sidecar-params` of the controller.
pub static SIDECAR_PARAMS: ObjectType = ObjectType::new(
    "pluginSidecarParams",
    "Sidecar parameters",
    "What applies to all sidecars.",
    &[
        Field::new(
            "envFrom",
            ENV_FROM,
            "Secrets and ConfigMaps whose keys become environment variables of each sidecar.",
        )
        .since("agent-stack-k8s 0.13")
        .examples(&[r#"[{"secretRef": {"name": "database"}}]"#]),
        Field::new("extraVolumeMounts", MOUNTS, "Mounts added to each sidecar.")
            .since("agent-stack-k8s 0.26")
            .examples(&[r#"[{"name": "seed", "mountPath": "/docker-entrypoint-initdb.d"}]"#]),
    ],
);
