//! The settings that are given, each with the way to take it back and to give another in its place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::document::{self, Path};
use super::plain::Plain;
use crate::settings::{AgentConfig, ResourceClass, Settings};

/// Gives a setting this value; without one, or with one that cannot be it, that of a controller without a
/// configuration.
pub(super) type Put = Box<dyn Fn(&mut Settings, Option<&Value>)>;

/// A setting, or a leaf of one.
pub(super) struct SettingsInput {
    /// As in the configuration file: `agent-config.hooksVolume.name`.
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) put: Put,
}

/// Everything that is not as it would be without a configuration.
pub(super) fn inputs(settings: &Settings) -> Vec<SettingsInput> {
    collect(settings, false)
}

/// A setting that was left at its default, with what that is; null where that is nothing.
pub(super) fn left_at_default(settings: &Settings, key: &str) -> Option<SettingsInput> {
    collect(settings, true).into_iter().find(|input| input.key == key)
}

fn collect(settings: &Settings, all: bool) -> Vec<SettingsInput> {
    let mut given =
        Given { settings: settings.clone(), default: Settings::default(), all, found: Vec::new() };
    given.plain("id", |s| &mut s.controller_id);
    given.plain("image", |s| &mut s.image);
    given.plain("job-prefix", |s| &mut s.job_prefix);
    given.plain("agent-token-secret", |s| &mut s.agent_token_secret);
    given.plain("job-ttl", |s| &mut s.job_ttl);
    given.plain("job-active-deadline-seconds", |s| &mut s.job_active_deadline_seconds);
    given.plain("default-termination-grace-period-seconds", |s| {
        &mut s.default_termination_grace_period_seconds
    });
    given.plain("additional-redacted-vars", |s| &mut s.additional_redacted_vars);
    given.object("workspace-volume", |s| &mut s.workspace_volume);
    given.plain("workspace-mount-sub-path-expr", |s| &mut s.workspace_mount_sub_path_expr);
    given.plain("default-image-pull-policy", |s| &mut s.default_image_pull_policy);
    given.plain("default-image-check-pull-policy", |s| &mut s.default_image_check_pull_policy);
    given.plain("allow-pod-spec-patch-unsafe-command-modification", |s| {
        &mut s.allow_pod_spec_patch_unsafe_command_modification
    });
    given.plain("skip-image-check-containers", |s| &mut s.skip_image_check_containers);
    given.plain("image-check-container-cpu-limit", |s| &mut s.image_check_container_cpu_limit);
    given.plain("image-check-container-memory-limit", |s| &mut s.image_check_container_memory_limit);
    given.plain("default-resource-class-name", |s| &mut s.default_resource_class_name);
    given.map("default-metadata.labels", |s| &mut s.default_metadata.labels);
    given.map("default-metadata.annotations", |s| &mut s.default_metadata.annotations);
    checkout_params(&mut given);
    given.plain("default-command-params.interposer", |s| &mut s.default_command_params.interposer);
    given.list("default-command-params.envFrom", |s| &mut s.default_command_params.env_from);
    given.list("default-command-params.extraVolumeMounts", |s| {
        &mut s.default_command_params.extra_volume_mounts
    });
    given.list("default-sidecar-params.envFrom", |s| &mut s.default_sidecar_params.env_from);
    given.list("default-sidecar-params.extraVolumeMounts", |s| {
        &mut s.default_sidecar_params.extra_volume_mounts
    });
    if let Some(config) = &settings.agent_config {
        agent_config(&mut given, config);
    }
    for (name, class) in settings.resource_classes.iter().flatten() {
        resource_class(&mut given, name, class);
    }
    given.object("pod-spec-patch", |s| &mut s.pod_spec_patch);
    given.found
}

fn checkout_params(given: &mut Given) {
    given.plain("default-checkout-params.skip", |s| &mut s.default_checkout_params.skip);
    given.plain("default-checkout-params.checkoutFlags", |s| &mut s.default_checkout_params.checkout_flags);
    given.plain("default-checkout-params.cleanFlags", |s| &mut s.default_checkout_params.clean_flags);
    given.plain("default-checkout-params.cloneFlags", |s| &mut s.default_checkout_params.clone_flags);
    given.plain("default-checkout-params.fetchFlags", |s| &mut s.default_checkout_params.fetch_flags);
    given.plain("default-checkout-params.noSubmodules", |s| &mut s.default_checkout_params.no_submodules);
    given.plain("default-checkout-params.submoduleCloneConfig", |s| {
        &mut s.default_checkout_params.submodule_clone_config
    });
    given.plain("default-checkout-params.gitMirrors.path", |s| {
        &mut s.default_checkout_params.git_mirrors.path
    });
    given.object("default-checkout-params.gitMirrors.volume", |s| {
        &mut s.default_checkout_params.git_mirrors.volume
    });
    given.plain("default-checkout-params.gitMirrors.cloneFlags", |s| {
        &mut s.default_checkout_params.git_mirrors.clone_flags
    });
    given.plain("default-checkout-params.gitMirrors.lockTimeout", |s| {
        &mut s.default_checkout_params.git_mirrors.lock_timeout
    });
    given.plain("default-checkout-params.gitMirrors.skipUpdate", |s| {
        &mut s.default_checkout_params.git_mirrors.skip_update
    });
    given.object("default-checkout-params.gitCredentialsSecret", |s| {
        &mut s.default_checkout_params.git_credentials_secret
    });
    given.list("default-checkout-params.envFrom", |s| &mut s.default_checkout_params.env_from);
    given.list("default-checkout-params.extraVolumeMounts", |s| {
        &mut s.default_checkout_params.extra_volume_mounts
    });
}

/// `agent-config` as a whole matters, too: an empty one differs from none.
fn agent_config(given: &mut Given, config: &AgentConfig) {
    fn of(settings: &mut Settings) -> &mut AgentConfig {
        settings.agent_config.get_or_insert_default()
    }
    given.plain("agent-config.endpoint", |s| &mut of(s).endpoint);
    given.plain("agent-config.no-http2", |s| &mut of(s).no_http2);
    given.plain("agent-config.experiment", |s| &mut of(s).experiment);
    given.plain("agent-config.shell", |s| &mut of(s).shell);
    given.plain("agent-config.no-color", |s| &mut of(s).no_color);
    given.plain("agent-config.strict-single-hooks", |s| &mut of(s).strict_single_hooks);
    given.plain("agent-config.no-multipart-artifact-upload", |s| &mut of(s).no_multipart_artifact_upload);
    given.plain("agent-config.trace-context-encoding", |s| &mut of(s).trace_context_encoding);
    given.plain("agent-config.tracing-backend", |s| &mut of(s).tracing_backend);
    given.plain("agent-config.tracing-service-name", |s| &mut of(s).tracing_service_name);
    given.plain("agent-config.tracing-propagate-traceparent", |s| &mut of(s).tracing_propagate_traceparent);
    given.plain("agent-config.disable-warnings-for", |s| &mut of(s).disable_warnings_for);
    given.plain("agent-config.debug-signing", |s| &mut of(s).debug_signing);
    given.plain("agent-config.git-skip-fetch-existing-commits", |s| {
        &mut of(s).git_skip_fetch_existing_commits
    });
    given.plain("agent-config.container-start-timeout", |s| &mut of(s).container_start_timeout_nanos);
    given.plain("agent-config.hooks-path", |s| &mut of(s).hooks_path);
    given.object("agent-config.hooksVolume", |s| &mut of(s).hooks_volume);
    given.plain("agent-config.additional-hooks-paths", |s| &mut of(s).additional_hooks_paths);
    for (index, hook) in config.additional_hooks.iter().enumerate() {
        let key = format!("agent-config.additional-hooks[{index}]");
        given.push(
            format!("{key}.path"),
            hook.path.as_str().into(),
            Box::new(move |s, other| of(s).additional_hooks[index].path = text(other)),
        );
        given.leaves(&format!("{key}.volume"), hook.volume.as_ref(), move |s| {
            &mut of(s).additional_hooks[index].volume
        });
    }
    given.plain("agent-config.plugins-path", |s| &mut of(s).plugins_path);
    given.object("agent-config.pluginsVolume", |s| &mut of(s).plugins_volume);
    given.plain("agent-config.no-pty", |s| &mut of(s).no_pty);
    given.plain("agent-config.no-command-eval", |s| &mut of(s).no_command_eval);
    given.plain("agent-config.no-local-hooks", |s| &mut of(s).no_local_hooks);
    given.plain("agent-config.no-plugins", |s| &mut of(s).no_plugins);
    given.plain("agent-config.plugin-validation", |s| &mut of(s).plugin_validation);
    given.plain("agent-config.signing-jwks-file", |s| &mut of(s).signing_jwks_file);
    given.plain("agent-config.signing-jwks-key-id", |s| &mut of(s).signing_jwks_key_id);
    given.object("agent-config.signingJWKSVolume", |s| &mut of(s).signing_jwks_volume);
    given.plain("agent-config.verification-jwks-file", |s| &mut of(s).verification_jwks_file);
    given.object("agent-config.verificationJWKSVolume", |s| &mut of(s).verification_jwks_volume);
    given.plain("agent-config.verification-failure-behavior", |s| &mut of(s).verification_failure_behavior);
    // At the end: taking back a part of it would bring it back.
    given.push("agent-config".to_owned(), json!({}), Box::new(|s, _| s.agent_config = None));
}

fn resource_class(given: &mut Given, name: &str, class: &ResourceClass) {
    fn of<'s>(settings: &'s mut Settings, name: &str) -> &'s mut ResourceClass {
        settings.resource_classes.get_or_insert_default().entry(name.to_owned()).or_default()
    }
    let key = format!("resource-classes.{name}");
    if *class == ResourceClass::default() {
        // It says nothing, but there is none else that a job may name.
        let owned = name.to_owned();
        let put = move |s: &mut Settings, _: Option<&Value>| {
            s.resource_classes.get_or_insert_default().remove(&owned);
        };
        given.push(key.clone(), json!({}), Box::new(put));
    }
    let owned = name.to_owned();
    given.leaves(&format!("{key}.resource"), class.resource.as_ref(), move |s| &mut of(s, &owned).resource);
    let owned = name.to_owned();
    let pod_resource = class.pod_resource.as_ref();
    given.leaves(&format!("{key}.podResource"), pod_resource, move |s| &mut of(s, &owned).pod_resource);
    for (label, value) in &class.node_selector {
        let (owned, key_of_label) = (name.to_owned(), label.clone());
        given.push(
            format!("{key}.nodeSelector.{label}"),
            value.as_str().into(),
            Box::new(move |s, other| put_entry(&mut of(s, &owned).node_selector, &key_of_label, other)),
        );
    }
}

/// Collects what is given.
struct Given {
    /// Only looked at, through the accessors that need it mutable.
    settings: Settings,
    default: Settings,
    /// Whether settings without parts count that are as they are by default.
    all: bool,
    found: Vec<SettingsInput>,
}

impl Given {
    fn push(&mut self, key: String, value: Value, put: Put) {
        self.found.push(SettingsInput { key, value, put });
    }

    /// A value without parts. Taken back it is what it is by default.
    fn plain<T: Plain>(&mut self, key: &str, field: fn(&mut Settings) -> &mut T) {
        let default = field(&mut self.default).clone();
        let value = field(&mut self.settings);
        if self.all || *value != default {
            let shown = value.shown();
            let put = move |s: &mut Settings, other: Option<&Value>| {
                *field(s) = other.and_then(T::read).unwrap_or_else(|| default.clone());
            };
            self.push(key.to_owned(), shown, Box::new(put));
        }
    }

    /// An entry each.
    fn map(&mut self, key: &str, field: fn(&mut Settings) -> &mut BTreeMap<String, String>) {
        for (entry, value) in field(&mut self.settings).clone() {
            let key = format!("{key}.{entry}");
            self.push(key, value.into(), Box::new(move |s, other| put_entry(field(s), &entry, other)));
        }
    }

    /// A leaf each of a Kubernetes object.
    fn object(&mut self, key: &str, field: fn(&mut Settings) -> &mut Option<Value>) {
        let value = field(&mut self.settings).clone();
        self.leaves(key, value.as_ref(), field);
    }

    /// A leaf each of a list of Kubernetes objects.
    fn list(&mut self, key: &str, field: fn(&mut Settings) -> &mut Vec<Value>) {
        let list = Value::Array(field(&mut self.settings).clone());
        for path in document::leaves(&list).into_iter().filter(|path| !path.is_empty()) {
            let value = document::get(&list, &path).cloned().unwrap_or_default();
            let key = document::written(key, &path);
            let put = move |s: &mut Settings, other: Option<&Value>| {
                let mut list = Value::Array(std::mem::take(field(s)));
                document::put(&mut list, &path, other);
                if let Value::Array(list) = list {
                    *field(s) = list;
                }
            };
            self.push(key, value, Box::new(put));
        }
    }

    fn leaves<F>(&mut self, key: &str, object: Option<&Value>, field: F)
    where
        F: for<'s> Fn(&'s mut Settings) -> &'s mut Option<Value> + Clone + 'static,
    {
        match object {
            Some(object) => {
                let leaves = document::leaves(object).into_iter();
                self.found.extend(leaves.map(|path| in_object(key, object, path, field.clone())));
            }
            None if self.all => {
                self.push(key.to_owned(), Value::Null, Box::new(move |s, other| *field(s) = other.cloned()));
            }
            None => {}
        }
    }
}

/// A part of a Kubernetes object.
fn in_object<F>(key: &str, object: &Value, path: Path, field: F) -> SettingsInput
where
    F: for<'s> Fn(&'s mut Settings) -> &'s mut Option<Value> + 'static,
{
    let value = document::get(object, &path).cloned().unwrap_or_default();
    let key = document::written(key, &path);
    let put = move |s: &mut Settings, other: Option<&Value>| {
        let field = field(s);
        if path.is_empty() {
            *field = other.cloned();
        } else if let Some(object) = field {
            document::put(object, &path, other);
        }
    };
    SettingsInput { key, value, put: Box::new(put) }
}

/// What holds leaves in a Kubernetes object.
pub(super) fn holders(
    key: &str,
    object: &Value,
    field: fn(&mut Settings) -> &mut Option<Value>,
) -> Vec<SettingsInput> {
    document::branches(object).into_iter().map(|path| in_object(key, object, path, field)).collect()
}

fn put_entry(map: &mut BTreeMap<String, String>, entry: &str, other: Option<&Value>) {
    match other.and_then(Value::as_str) {
        Some(other) => map.insert(entry.to_owned(), other.to_owned()),
        None => map.remove(entry),
    };
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
