//! Settings of a row, written with the keys of the configuration file.

use std::collections::BTreeMap;
use std::time::Duration;

use podspec_builder::{
    AdditionalHook, AgentConfig, Builder, PodPolicy, ResourceClass, Settings, SettingsError,
};
use serde_json::{Value, json};

/// The settings that every row starts from (job-manifest 10).
pub(crate) fn base() -> Settings {
    Settings {
        image: "buildkite/agent:3.0.0".to_owned(),
        controller_version: "v0".to_owned(),
        ..Settings::default()
    }
}

/// A builder under the base settings with the row's changes.
pub(crate) fn builder(config: &Value) -> Result<Builder, SettingsError> {
    let mut settings = base();
    for (key, value) in config.as_object().into_iter().flatten() {
        apply(&mut settings, key, value);
    }
    Builder::new(settings)
}

fn apply(settings: &mut Settings, key: &str, value: &Value) {
    match key {
        "id" => settings.controller_id = text(value),
        "image" => settings.image = text(value),
        "job-prefix" => settings.job_prefix = text(value),
        "agent-token-secret" => settings.agent_token_secret = text(value),
        "job-ttl-seconds" => settings.job_ttl = Duration::from_secs_f64(value.as_f64().unwrap()),
        "job-active-deadline-seconds" => settings.job_active_deadline_seconds = value.as_i64().unwrap(),
        "default-termination-grace-period-seconds" => {
            settings.default_termination_grace_period_seconds = value.as_i64().unwrap();
        }
        "additional-redacted-vars" => settings.additional_redacted_vars = texts(value),
        "workspace-volume" => settings.workspace_volume = Some(value.clone()),
        "workspace-mount-sub-path-expr" => settings.workspace_mount_sub_path_expr = text(value),
        "agent-config" => settings.agent_config = Some(agent_config(value)),
        "default-checkout-params" => {
            settings.default_checkout_params = block(json!({ "checkout": value })).checkout.with_objects_as()
        }
        "default-command-params" => {
            settings.default_command_params =
                block(json!({ "commandParams": value })).command_params.with_objects_as();
        }
        "default-sidecar-params" => {
            settings.default_sidecar_params =
                block(json!({ "sidecarParams": value })).sidecar_params.with_objects_as();
        }
        "default-metadata" => settings.default_metadata = block(json!({ "metadata": value })).metadata,
        "default-image-pull-policy" => {
            settings.default_image_pull_policy = Some(text(value).parse().unwrap())
        }
        "default-image-check-pull-policy" => {
            settings.default_image_check_pull_policy = Some(text(value).parse().unwrap());
        }
        "pod-spec-patch" => settings.pod_spec_patch = Some(value.clone()),
        "allow-pod-spec-patch-unsafe-command-modification" => {
            settings.allow_pod_spec_patch_unsafe_command_modification = flag(value);
        }
        "prohibit-kubernetes-plugin" => settings.prohibit_kubernetes_plugin = flag(value),
        "skip-image-check-containers" => settings.skip_image_check_containers = flag(value),
        "image-check-container-cpu-limit" => settings.image_check_container_cpu_limit = text(value),
        "image-check-container-memory-limit" => settings.image_check_container_memory_limit = text(value),
        "resource-classes" => {
            let classes = value.as_object().unwrap().iter();
            settings.resource_classes =
                Some(classes.map(|(name, class)| (name.clone(), resource_class(class))).collect());
        }
        "default-resource-class-name" => settings.default_resource_class_name = text(value),
        "pod-policy" => settings.pod_policy = Some(pod_policy(value)),
        _ => panic!("the test knows no configuration key `{key}`"),
    }
}

fn agent_config(value: &Value) -> AgentConfig {
    let mut config = AgentConfig::default();
    for (key, value) in value.as_object().unwrap() {
        match key.as_str() {
            "endpoint" => config.endpoint = Some(text(value)),
            "no-http2" => config.no_http2 = Some(flag(value)),
            "experiment" => config.experiment = texts(value),
            "shell" => config.shell = Some(text(value)),
            "no-color" => config.no_color = Some(flag(value)),
            "strict-single-hooks" => config.strict_single_hooks = Some(flag(value)),
            "no-multipart-artifact-upload" => config.no_multipart_artifact_upload = Some(flag(value)),
            "trace-context-encoding" => config.trace_context_encoding = Some(text(value)),
            "tracing-backend" => config.tracing_backend = Some(text(value)),
            "tracing-service-name" => config.tracing_service_name = Some(text(value)),
            "tracing-propagate-traceparent" => config.tracing_propagate_traceparent = Some(flag(value)),
            "disable-warnings-for" => config.disable_warnings_for = texts(value),
            "debug-signing" => config.debug_signing = Some(flag(value)),
            "git-skip-fetch-existing-commits" => config.git_skip_fetch_existing_commits = Some(flag(value)),
            "container-start-timeout-seconds" => {
                config.container_start_timeout_nanos = Some(value.as_i64().unwrap() * 1_000_000_000);
            }
            "hooks-path" => config.hooks_path = Some(text(value)),
            "hooksVolume" => config.hooks_volume = Some(value.clone()),
            "additional-hooks-paths" => config.additional_hooks_paths = texts(value),
            "additional-hooks" => config.additional_hooks = hooks(value),
            "plugins-path" => config.plugins_path = Some(text(value)),
            "pluginsVolume" => config.plugins_volume = Some(value.clone()),
            "no-pty" => config.no_pty = Some(flag(value)),
            "no-command-eval" => config.no_command_eval = Some(flag(value)),
            "no-local-hooks" => config.no_local_hooks = Some(flag(value)),
            "no-plugins" => config.no_plugins = Some(flag(value)),
            "plugin-validation" => config.plugin_validation = Some(flag(value)),
            "signing-jwks-file" => config.signing_jwks_file = Some(text(value)),
            "signing-jwks-key-id" => config.signing_jwks_key_id = Some(text(value)),
            "signingJWKSVolume" => config.signing_jwks_volume = Some(value.clone()),
            "verification-jwks-file" => config.verification_jwks_file = Some(text(value)),
            "verificationJWKSVolume" => config.verification_jwks_volume = Some(value.clone()),
            "verification-failure-behavior" => config.verification_failure_behavior = Some(text(value)),
            _ => panic!("the test knows no key `{key}` of agent-config"),
        }
    }
    config
}

fn hooks(value: &Value) -> Vec<AdditionalHook> {
    let hook = |hook: &Value| AdditionalHook {
        path: hook["path"].as_str().unwrap_or_default().to_owned(),
        volume: hook.get("volume").cloned(),
    };
    value.as_array().unwrap().iter().map(hook).collect()
}

fn resource_class(value: &Value) -> ResourceClass {
    let selector = value["nodeSelector"].as_object().into_iter().flatten();
    ResourceClass {
        resource: value.get("resource").cloned(),
        pod_resource: value.get("podResource").cloned(),
        node_selector: selector.map(|(key, value)| (key.clone(), text(value))).collect(),
    }
}

fn pod_policy(value: &Value) -> PodPolicy {
    let mut policy = PodPolicy::default();
    for (key, value) in value.as_object().unwrap() {
        match key.as_str() {
            "allowed-images" => policy.allowed_images = Some(texts(value)),
            "denied-images" => policy.denied_images = Some(texts(value)),
            "allow-privileged" => policy.allow_privileged = Some(flag(value)),
            "allow-host-namespaces" => policy.allow_host_namespaces = Some(flag(value)),
            "allow-host-path" => policy.allow_host_path = Some(texts(value)),
            "allowed-service-accounts" => policy.allowed_service_accounts = Some(texts(value)),
            "max-resources" => {
                policy.max_container_resources = text_map(&value["container"]);
                policy.max_pod_resources = text_map(&value["pod"]);
            }
            "required-labels" => policy.required_labels = text_map(value),
            "allowed-secret-refs" => policy.allowed_secret_refs = Some(texts(value)),
            "allowed-node-selectors" => policy.allowed_node_selectors = Some(texts(value)),
            "allowed-tolerations" => policy.allowed_tolerations = Some(texts(value)),
            _ => panic!("the test knows no key `{key}` of pod-policy"),
        }
    }
    policy
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// The parameters of the controller have the shape of the block's.
fn block(value: Value) -> pipeline_model::KubernetesPlugin {
    pipeline_model::KubernetesPlugin::from_json(&value.into()).unwrap().0
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} should be text")).to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(text).collect()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap()
}
