//! Volumes and mount paths of the configuration against each other (controller-config 10, checks 3
//! and 4).

use std::collections::BTreeMap;

use podspec_builder::{AgentConfig, Settings};
use serde_json::{Value, json};

use crate::names::is_dns_label;
use crate::problem::{Problem, Source};
use crate::reader::Reader;

/// Volumes that the controller makes itself.
const RESERVED: [&str; 2] = ["git-credentials", "git-credentials-ro"];
const WORKSPACE: &str = "/workspace";

/// Names of volumes: valid, and once each unless two volumes are the same.
pub(crate) fn names(reader: &Reader<'_>, settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::<String, (String, Value)>::new();
    let workspace = settings.workspace_volume.clone();
    let workspace = workspace.unwrap_or_else(|| json!({ "name": "workspace", "emptyDir": {} }));
    let mut all = vec![("workspace-volume".to_owned(), workspace)];
    all.extend(agent_volumes(settings.agent_config.as_ref()));
    if let Some(volume) = &settings.default_checkout_params.git_mirrors.volume {
        all.push(("default-checkout-params.gitMirrors.volume".to_owned(), volume.clone()));
    }
    for (path, volume) in all {
        let source = reader.file.path_place(&path).unwrap_or(Source::Default);
        // A hook's volume without a name is E-29, which the builder reports.
        let name = volume.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            if !path.contains('[') {
                problems.push(Problem::new(format!("{path}.name"), "is missing or empty", source));
            }
            continue;
        }
        if !is_dns_label(name) {
            let reason = format!("`{name}` is no name for a volume");
            let hint = "use at most 63 lower-case letters, digits and inner hyphens";
            problems.push(Problem::new(format!("{path}.name"), reason, source.clone()).hint(hint));
        }
        if RESERVED.contains(&name) {
            let reason = format!("`{name}` is a volume that the controller makes itself");
            problems.push(Problem::new(format!("{path}.name"), reason, source.clone()));
        }
        match seen.get(name) {
            Some((other, twin)) if *twin != volume => {
                let reason = format!("`{name}` is also the name of another volume, {other}");
                problems.push(Problem::new(format!("{path}.name"), reason, source));
            }
            Some(_) => {}
            None => {
                seen.insert(name.to_owned(), (path, volume));
            }
        }
    }
    problems
}

fn agent_volumes(config: Option<&AgentConfig>) -> Vec<(String, Value)> {
    let Some(config) = config else {
        return Vec::new();
    };
    let hooks = config
        .additional_hooks
        .iter()
        .enumerate()
        .map(|(index, hook)| (format!("additional-hooks[{index}].volume"), &hook.volume));
    let before = [("hooksVolume".to_owned(), &config.hooks_volume)];
    let after = [
        ("pluginsVolume".to_owned(), &config.plugins_volume),
        ("signingJWKSVolume".to_owned(), &config.signing_jwks_volume),
        ("verificationJWKSVolume".to_owned(), &config.verification_jwks_volume),
    ];
    let all = before.into_iter().chain(hooks).chain(after);
    all.filter_map(|(key, volume)| Some((format!("agent-config.{key}"), volume.clone()?))).collect()
}

/// Mount points: absolute, once each, none in place of the workspace.
pub(crate) fn mount_paths(reader: &Reader<'_>, settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeMap::<String, String>::new();
    for (key, mount) in mounts(settings) {
        let source = reader.file.path_place(&key).unwrap_or(Source::Default);
        let trimmed = mount.trim_end_matches('/').to_owned();
        if !mount.starts_with('/') {
            let reason = format!("`{mount}` is where a volume is mounted and must be absolute");
            problems.push(Problem::new(key, reason, source));
        } else if trimmed == WORKSPACE {
            let reason = format!("`{mount}` is the workspace, where nothing else can be mounted");
            problems.push(Problem::new(key, reason, source));
        } else if let Some(other) = seen.get(&trimmed) {
            let reason = format!("`{mount}` is already where {other} is mounted");
            problems.push(Problem::new(key, reason, source));
        } else {
            seen.insert(trimmed, key);
        }
    }
    problems
}

/// What is mounted where, as far as volumes make it so. All of these meet in the checkout or the
/// agent container.
fn mounts(settings: &Settings) -> Vec<(String, String)> {
    let mut mounts = Vec::new();
    if let Some(config) = &settings.agent_config {
        if config.hooks_volume.is_some() {
            let path = config.hooks_path.clone().unwrap_or_else(|| "/workspace/hooks".to_owned());
            mounts.push(("agent-config.hooks-path".to_owned(), path));
        }
        for (index, hook) in config.additional_hooks.iter().enumerate() {
            // An empty path is E-27, which the builder reports.
            if !hook.path.is_empty() {
                mounts.push((format!("agent-config.additional-hooks[{index}].path"), hook.path.clone()));
            }
        }
        if config.plugins_volume.is_some() {
            let path = config.plugins_path.clone().unwrap_or_else(|| "/workspace/plugins".to_owned());
            mounts.push(("agent-config.plugins-path".to_owned(), path));
        }
    }
    let mirrors = &settings.default_checkout_params.git_mirrors;
    if mirrors.volume.is_some() {
        let path = mirrors.path.clone().unwrap_or_else(|| "/buildkite/git-mirrors".to_owned());
        mounts.push(("default-checkout-params.gitMirrors.path".to_owned(), path));
    }
    mounts
}
