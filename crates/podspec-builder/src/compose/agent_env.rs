//! Variables of the agent container that come from `agent-config` and the checkout parameters
//! (job-manifest 1.5, R-94, R-95).

use shared_json::{Array, Text};

use crate::compose::agent_paths::AgentPaths;
use crate::compose::checkout_params::EffectiveCheckout;
use crate::env_list::set;
use crate::settings::AgentConfig;
use crate::text::duration::format_nanos;

/// Sets the rows of the table in 1.5, in its order.
pub(crate) fn set_agent_config(list: &mut Array, config: &AgentConfig, paths: &AgentPaths) {
    let mut rows = Rows(list);
    rows.text("BUILDKITE_AGENT_ENDPOINT", config.endpoint.as_deref());
    rows.boolean("BUILDKITE_NO_HTTP2", config.no_http2);
    rows.list("BUILDKITE_AGENT_EXPERIMENT", &config.experiment);
    rows.text("BUILDKITE_SHELL", config.shell.as_deref());
    rows.boolean("BUILDKITE_AGENT_NO_COLOR", config.no_color);
    rows.boolean("BUILDKITE_STRICT_SINGLE_HOOKS", config.strict_single_hooks);
    rows.boolean("BUILDKITE_NO_MULTIPART_ARTIFACT_UPLOAD", config.no_multipart_artifact_upload);
    rows.text("BUILDKITE_TRACE_CONTEXT_ENCODING", config.trace_context_encoding.as_deref());
    rows.text("BUILDKITE_TRACING_BACKEND", config.tracing_backend.as_deref());
    rows.text("BUILDKITE_TRACING_SERVICE_NAME", config.tracing_service_name.as_deref());
    rows.boolean("BUILDKITE_TRACING_PROPAGATE_TRACEPARENT", config.tracing_propagate_traceparent);
    rows.list("BUILDKITE_AGENT_DISABLE_WARNINGS_FOR", &config.disable_warnings_for);
    rows.boolean("BUILDKITE_AGENT_DEBUG_SIGNING", config.debug_signing);
    rows.boolean("BUILDKITE_GIT_SKIP_FETCH_EXISTING_COMMITS", config.git_skip_fetch_existing_commits);
    let timeout = config.container_start_timeout_nanos.map(format_nanos);
    rows.text("BUILDKITE_KUBERNETES_CONTAINER_START_TIMEOUT", timeout.as_deref());
    rows.text("BUILDKITE_HOOKS_PATH", paths.hooks.as_deref());
    let hook_paths = config.additional_hooks.iter().map(|hook| &hook.path).filter(|path| !path.is_empty());
    let hook_paths: Vec<String> = config.additional_hooks_paths.iter().chain(hook_paths).cloned().collect();
    rows.list("BUILDKITE_ADDITIONAL_HOOKS_PATHS", &hook_paths);
    rows.text("BUILDKITE_PLUGINS_PATH", paths.plugins.as_deref());
    rows.boolean("BUILDKITE_NO_PTY", config.no_pty);
    rows.boolean("BUILDKITE_NO_COMMAND_EVAL", config.no_command_eval);
    rows.boolean("BUILDKITE_NO_LOCAL_HOOKS", config.no_local_hooks);
    rows.boolean("BUILDKITE_NO_PLUGINS", config.no_plugins);
    rows.boolean("BUILDKITE_NO_PLUGIN_VALIDATION", config.plugin_validation.map(|validate| !validate));
    rows.text("BUILDKITE_AGENT_SIGNING_JWKS_FILE", paths.signing.file.as_deref());
    rows.text("BUILDKITE_AGENT_SIGNING_JWKS_KEY_ID", config.signing_jwks_key_id.as_deref());
    rows.text("BUILDKITE_AGENT_VERIFICATION_JWKS_FILE", paths.verification.file.as_deref());
    let behavior = config.verification_failure_behavior.as_deref();
    let lenient = paths.verification.file.is_none().then_some("warn");
    rows.text("BUILDKITE_AGENT_JOB_VERIFICATION_NO_SIGNATURE_BEHAVIOR", behavior.or(lenient));
}

/// Sets the checkout variables; the agent passes them on, so they stand here even without a checkout.
pub(crate) fn set_checkout(list: &mut Array, checkout: &EffectiveCheckout<'_>) {
    let mirrors = &checkout.mirrors;
    let timeout = mirrors.lock_timeout.map(|seconds| seconds.to_string());
    let mut rows = Rows(list);
    rows.text("BUILDKITE_GIT_CHECKOUT_FLAGS", checkout.checkout_flags);
    rows.text("BUILDKITE_GIT_CLEAN_FLAGS", checkout.clean_flags);
    rows.text("BUILDKITE_GIT_CLONE_FLAGS", checkout.clone_flags);
    rows.text("BUILDKITE_GIT_FETCH_FLAGS", checkout.fetch_flags);
    rows.boolean("BUILDKITE_NO_GIT_SUBMODULES", checkout.no_submodules);
    rows.list("BUILDKITE_GIT_SUBMODULE_CLONE_CONFIG", checkout.submodule_clone_config);
    rows.text("BUILDKITE_GIT_MIRRORS_PATH", mirrors.effective_path());
    rows.text("BUILDKITE_GIT_CLONE_MIRROR_FLAGS", mirrors.clone_flags);
    rows.text("BUILDKITE_GIT_MIRRORS_LOCK_TIMEOUT", timeout.as_deref());
    rows.boolean("BUILDKITE_GIT_MIRRORS_SKIP_UPDATE", mirrors.skip_update);
}

/// Rows that are written only when their setting is given.
struct Rows<'a>(&'a mut Array);

impl Rows<'_> {
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            set(self.0, name, Text::copied(value));
        }
    }

    fn boolean(&mut self, name: &'static str, value: Option<bool>) {
        self.text(name, value.map(|value| if value { "true" } else { "false" }));
    }

    fn list(&mut self, name: &'static str, values: &[String]) {
        self.text(name, (!values.is_empty()).then(|| values.join(",")).as_deref());
    }
}
