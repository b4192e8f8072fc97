//! `agent-config` (controller-config 5.4).

use podspec_builder::{AdditionalHook, AgentConfig};
use yaml_source::Node;

use crate::file::join;
use crate::problem::{Problem, Warning};
use crate::reader::Reader;
use crate::value;

const ROOT: &str = "agent-config";
const KEYS: [&str; 32] = [
    "endpoint",
    "no-http2",
    "experiment",
    "shell",
    "no-color",
    "strict-single-hooks",
    "no-multipart-artifact-upload",
    "trace-context-encoding",
    "tracing-backend",
    "tracing-service-name",
    "tracing-propagate-traceparent",
    "disable-warnings-for",
    "debug-signing",
    "git-skip-fetch-existing-commits",
    "container-start-timeout",
    "no-pty",
    "no-command-eval",
    "no-local-hooks",
    "no-plugins",
    "plugin-validation",
    "signing-jwks-file",
    "signing-jwks-key-id",
    "signingJWKSVolume",
    "verification-jwks-file",
    "verification-failure-behavior",
    "verificationJWKSVolume",
    "hooks-path",
    "hooksVolume",
    "additional-hooks-paths",
    "additional-hooks",
    "plugins-path",
    "pluginsVolume",
];
const HOOK: [&str; 2] = ["path", "volume"];

/// Reads the object, and the alias that older documents show beside it (section 9).
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<AgentConfig> {
    let mut config = reader.file_only(ROOT).map(|node| {
        let mut config = AgentConfig::default();
        for (key, node) in reader.members(node, ROOT, &KEYS) {
            let path = join(ROOT, key);
            let read = text(reader, &mut config, key, node, &path)
                || switch(reader, &mut config, key, node, &path)
                || collection(reader, &mut config, key, node, &path);
            assert!(read, "`{key}` is listed as known but not read");
        }
        config
    });
    start_timeout_alias(reader, &mut config);
    config
}

fn text(reader: &mut Reader<'_>, config: &mut AgentConfig, key: &str, node: &Node, path: &str) -> bool {
    let field = match key {
        "endpoint" => &mut config.endpoint,
        "shell" => &mut config.shell,
        "trace-context-encoding" => &mut config.trace_context_encoding,
        "tracing-backend" => &mut config.tracing_backend,
        "tracing-service-name" => &mut config.tracing_service_name,
        "signing-jwks-file" => &mut config.signing_jwks_file,
        "signing-jwks-key-id" => &mut config.signing_jwks_key_id,
        "verification-jwks-file" => &mut config.verification_jwks_file,
        "verification-failure-behavior" => &mut config.verification_failure_behavior,
        "hooks-path" => &mut config.hooks_path,
        "plugins-path" => &mut config.plugins_path,
        _ => return false,
    };
    *field = reader.text_field(node, path);
    true
}

fn switch(reader: &mut Reader<'_>, config: &mut AgentConfig, key: &str, node: &Node, path: &str) -> bool {
    let field = match key {
        "no-http2" => &mut config.no_http2,
        "no-color" => &mut config.no_color,
        "strict-single-hooks" => &mut config.strict_single_hooks,
        "no-multipart-artifact-upload" => &mut config.no_multipart_artifact_upload,
        "tracing-propagate-traceparent" => &mut config.tracing_propagate_traceparent,
        "debug-signing" => &mut config.debug_signing,
        "git-skip-fetch-existing-commits" => &mut config.git_skip_fetch_existing_commits,
        "no-pty" => &mut config.no_pty,
        "no-command-eval" => &mut config.no_command_eval,
        "no-local-hooks" => &mut config.no_local_hooks,
        "no-plugins" => &mut config.no_plugins,
        "plugin-validation" => &mut config.plugin_validation,
        _ => return false,
    };
    *field = reader.bool_field(node, path);
    true
}

fn collection<'a>(
    reader: &mut Reader<'a>,
    config: &mut AgentConfig,
    key: &str,
    node: &'a Node,
    path: &str,
) -> bool {
    match key {
        "experiment" => config.experiment = split_list(reader, node, path),
        "disable-warnings-for" => config.disable_warnings_for = split_list(reader, node, path),
        "additional-hooks-paths" => config.additional_hooks_paths = reader.texts_field(node, path),
        "additional-hooks" => config.additional_hooks = hooks(reader, node, path),
        "hooksVolume" => config.hooks_volume = reader.kubernetes_object(node, path),
        "pluginsVolume" => config.plugins_volume = reader.kubernetes_object(node, path),
        "signingJWKSVolume" => config.signing_jwks_volume = reader.kubernetes_object(node, path),
        "verificationJWKSVolume" => config.verification_jwks_volume = reader.kubernetes_object(node, path),
        "container-start-timeout" => config.container_start_timeout_nanos = nanoseconds(reader, node, path),
        _ => return false,
    }
    true
}

/// A list that older files may write as one text with commas.
fn split_list(reader: &mut Reader<'_>, node: &Node, path: &str) -> Vec<String> {
    let place = reader.file.place(node.site());
    reader.list_node(node, path, place).unwrap_or_default()
}

fn hooks<'a>(reader: &mut Reader<'a>, node: &'a Node, path: &str) -> Vec<AdditionalHook> {
    let Some(items) = node.as_sequence() else {
        reader.texts_field(node, path);
        return Vec::new();
    };
    let mut hooks = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let mut hook = AdditionalHook::default();
        for (key, node) in reader.members(item, &path, &HOOK) {
            let path = join(&path, key);
            match key {
                "path" => hook.path = reader.text_field(node, &path).unwrap_or_default(),
                _ => hook.volume = reader.kubernetes_object(node, &path),
            }
        }
        hooks.push(hook);
    }
    hooks
}

fn nanoseconds(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<i64> {
    let duration = reader.field(value::duration(node), node, path)?;
    Some(i64::try_from(duration.as_nanos()).expect("durations are read up to that limit"))
}

fn start_timeout_alias(reader: &mut Reader<'_>, config: &mut Option<AgentConfig>) {
    let alias = "container-start-timeout";
    let Some(node) = reader.file_only(alias) else {
        return;
    };
    let source = reader.source(alias);
    let given = nanoseconds(reader, node, alias);
    let inside = config.as_ref().and_then(|config| config.container_start_timeout_nanos);
    if inside.is_some() && inside != given {
        let reason = "differs from agent-config.container-start-timeout";
        reader.type_problems.push(Problem::new(alias, reason, source).hint("keep the one in agent-config"));
        return;
    }
    let message = "belongs into agent-config; move it there";
    reader.warnings.push(Warning::new(alias, message, source));
    let config = config.get_or_insert_with(|| AgentConfig {
        // An object that only this alias makes must not switch the agent's own default from `block`
        // to `warn` (controller-config 9).
        verification_failure_behavior: Some("block".to_owned()),
        ..AgentConfig::default()
    });
    config.container_start_timeout_nanos = given;
}
