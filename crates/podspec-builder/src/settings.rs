//! The controller configuration as far as it shapes a pod.
//!
//! [`Settings`] is plain data: `Default` is what a controller without a configuration file uses
//! (job-manifest 1.2), and every field names the configuration key that fills it. Kubernetes objects
//! stay JSON values exactly as they were written; [`crate::Builder::new`] reads them against the
//! Kubernetes schema and refuses what does not fit.

pub(crate) mod objects;
pub(crate) mod patch;
pub(crate) mod policy;
pub(crate) mod validate;

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_model::{CheckoutParams, CommandParams, Metadata, SidecarParams};
use serde_json::Value;

use crate::pull_policy::PullPolicy;

pub use policy::PodPolicy;
pub use validate::{SettingsError, SettingsProblem};

/// Version of the agent that the default image carries.
pub const DEFAULT_AGENT_VERSION: &str = "3.136.2";

/// Key under which a token Secret holds the agent credential.
pub const AGENT_TOKEN_KEY: &str = "BUILDKITE_AGENT_TOKEN";

/// All settings that the builder reads. Durations are exact; job-manifest R-53 discards fractions.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `id`: the controller's id, empty when it has none.
    pub controller_id: String,
    /// Version text of the controller program, a part of the agent's tags.
    pub controller_version: String,
    /// `image`: image of the agent, checkout and setup containers and of the default command container.
    pub image: String,
    /// `job-prefix`: put before the job's UUID to name the Kubernetes Job.
    pub job_prefix: String,
    /// `agent-token-secret`: Secret with the agent token, used for jobs that name no other source.
    pub agent_token_secret: String,
    /// `job-ttl`: how long a finished Job stays.
    pub job_ttl: Duration,
    /// `job-active-deadline-seconds`: seconds after which Kubernetes ends the Job.
    pub job_active_deadline_seconds: i64,
    /// `default-termination-grace-period-seconds`: used by pods that name no grace period.
    pub default_termination_grace_period_seconds: i64,
    /// `additional-redacted-vars`: appended to the agent's own list of patterns.
    pub additional_redacted_vars: Vec<String>,
    /// `workspace-volume`: a Kubernetes Volume in place of the `emptyDir` named `workspace`.
    pub workspace_volume: Option<Value>,
    /// `workspace-mount-sub-path-expr`: `subPathExpr` of every workspace mount; empty means none.
    pub workspace_mount_sub_path_expr: String,
    /// `agent-config`. `None` and an empty object differ.
    pub agent_config: Option<AgentConfig>,
    /// `default-checkout-params`.
    pub default_checkout_params: CheckoutParams,
    /// `default-command-params`.
    pub default_command_params: CommandParams,
    /// `default-sidecar-params`.
    pub default_sidecar_params: SidecarParams,
    /// `default-metadata`.
    pub default_metadata: Metadata,
    /// `default-image-pull-policy`.
    pub default_image_pull_policy: Option<PullPolicy>,
    /// `default-image-check-pull-policy`.
    pub default_image_check_pull_policy: Option<PullPolicy>,
    /// `pod-spec-patch`: a strategic merge patch of every pod; a list of containers is taken as its
    /// `containers`.
    pub pod_spec_patch: Option<Value>,
    /// `prohibit-kubernetes-plugin`.
    pub prohibit_kubernetes_plugin: bool,
    /// `allow-pod-spec-patch-unsafe-command-modification`.
    pub allow_pod_spec_patch_unsafe_command_modification: bool,
    /// `skip-image-check-containers`.
    pub skip_image_check_containers: bool,
    /// `image-check-container-cpu-limit`, a quantity.
    pub image_check_container_cpu_limit: String,
    /// `image-check-container-memory-limit`, a quantity.
    pub image_check_container_memory_limit: String,
    /// `resource-classes`. `None` (not given) and an empty map differ.
    pub resource_classes: Option<BTreeMap<String, ResourceClass>>,
    /// `default-resource-class-name`; empty means none.
    pub default_resource_class_name: String,
    /// `pod-policy`; see [`PodPolicy`].
    pub pod_policy: Option<PodPolicy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            controller_id: String::new(),
            controller_version: "devel".to_owned(),
            image: format!("ghcr.io/buildkite/agent:{DEFAULT_AGENT_VERSION}"),
            job_prefix: "buildkite-".to_owned(),
            agent_token_secret: "buildkite-agent-token".to_owned(),
            job_ttl: Duration::from_secs(600),
            job_active_deadline_seconds: 21_600,
            default_termination_grace_period_seconds: 60,
            additional_redacted_vars: Vec::new(),
            workspace_volume: None,
            workspace_mount_sub_path_expr: String::new(),
            agent_config: None,
            default_checkout_params: CheckoutParams::default(),
            default_command_params: CommandParams::default(),
            default_sidecar_params: SidecarParams::default(),
            default_metadata: Metadata::default(),
            default_image_pull_policy: None,
            default_image_check_pull_policy: None,
            pod_spec_patch: None,
            prohibit_kubernetes_plugin: false,
            allow_pod_spec_patch_unsafe_command_modification: false,
            skip_image_check_containers: false,
            image_check_container_cpu_limit: "200m".to_owned(),
            image_check_container_memory_limit: "128Mi".to_owned(),
            resource_classes: None,
            default_resource_class_name: String::new(),
            pod_policy: None,
        }
    }
}

/// `agent-config` (job-manifest 1.5). `None` means that the key is absent; an empty text counts as given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentConfig {
    /// `endpoint`: base URL of the Agent API.
    pub endpoint: Option<String>,
    /// `no-http2`.
    pub no_http2: Option<bool>,
    /// `experiment`.
    pub experiment: Vec<String>,
    /// `shell`, with its flags.
    pub shell: Option<String>,
    /// `no-color`.
    pub no_color: Option<bool>,
    /// `strict-single-hooks`.
    pub strict_single_hooks: Option<bool>,
    /// `no-multipart-artifact-upload`.
    pub no_multipart_artifact_upload: Option<bool>,
    /// `trace-context-encoding`.
    pub trace_context_encoding: Option<String>,
    /// `tracing-backend`.
    pub tracing_backend: Option<String>,
    /// `tracing-service-name`.
    pub tracing_service_name: Option<String>,
    /// `tracing-propagate-traceparent`.
    pub tracing_propagate_traceparent: Option<bool>,
    /// `disable-warnings-for`.
    pub disable_warnings_for: Vec<String>,
    /// `debug-signing`.
    pub debug_signing: Option<bool>,
    /// `git-skip-fetch-existing-commits`.
    pub git_skip_fetch_existing_commits: Option<bool>,
    /// `container-start-timeout`, in nanoseconds: the key takes a Go duration, which may be negative.
    pub container_start_timeout_nanos: Option<i64>,
    /// `hooks-path`.
    pub hooks_path: Option<String>,
    /// `hooksVolume`, a Kubernetes Volume.
    pub hooks_volume: Option<Value>,
    /// `additional-hooks-paths`: directories that the images hold already.
    pub additional_hooks_paths: Vec<String>,
    /// `additional-hooks`.
    pub additional_hooks: Vec<AdditionalHook>,
    /// `plugins-path`.
    pub plugins_path: Option<String>,
    /// `pluginsVolume`, a Kubernetes Volume.
    pub plugins_volume: Option<Value>,
    /// `no-pty`.
    pub no_pty: Option<bool>,
    /// `no-command-eval`.
    pub no_command_eval: Option<bool>,
    /// `no-local-hooks`.
    pub no_local_hooks: Option<bool>,
    /// `no-plugins`.
    pub no_plugins: Option<bool>,
    /// `plugin-validation`; the agent's variable says the opposite.
    pub plugin_validation: Option<bool>,
    /// `signing-jwks-file`.
    pub signing_jwks_file: Option<String>,
    /// `signing-jwks-key-id`.
    pub signing_jwks_key_id: Option<String>,
    /// `signingJWKSVolume`, a Kubernetes Volume.
    pub signing_jwks_volume: Option<Value>,
    /// `verification-jwks-file`.
    pub verification_jwks_file: Option<String>,
    /// `verificationJWKSVolume`, a Kubernetes Volume.
    pub verification_jwks_volume: Option<Value>,
    /// `verification-failure-behavior`: `warn` or `block`.
    pub verification_failure_behavior: Option<String>,
}

/// One entry of `agent-config.additional-hooks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdditionalHook {
    /// `path`: where the hooks are mounted.
    pub path: String,
    /// `volume`: the Kubernetes Volume that holds them.
    pub volume: Option<Value>,
}

/// One entry of `resource-classes`. A null class in the file is the default value: it changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceClass {
    /// `resource`: Kubernetes ResourceRequirements for each command container.
    pub resource: Option<Value>,
    /// `podResource`: Kubernetes ResourceRequirements of the pod itself.
    pub pod_resource: Option<Value>,
    /// `nodeSelector`.
    pub node_selector: BTreeMap<String, String>,
}
