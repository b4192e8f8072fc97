//! Plugin references: what pipeline upload expands them to (pipeline-format 16.2), and which of
//! them is the kubernetes plugin (kubernetes-plugin 1).

/// The reference under which the controller knows its own plugin.
pub const KUBERNETES_PLUGIN: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

/// A reference as written, expanded as pipeline upload does; a version behind `#` is kept.
#[must_use]
pub fn resolve_reference(written: &str) -> String {
    let (source, version) = match written.find('#') {
        Some(at) => written.split_at(at),
        None => (written, ""),
    };
    // A version that came of an empty variable is none.
    let version = if version == "#" { "" } else { version };
    let segments: Vec<&str> = source.split('/').collect();
    if source.starts_with(['/', '.', '\\']) || segments[0].contains(':') {
        return written.to_owned();
    }
    match segments[..] {
        [name] if !name.is_empty() => {
            format!("github.com/buildkite-plugins/{name}-buildkite-plugin{version}")
        }
        [organisation, name] => format!("github.com/{organisation}/{name}-buildkite-plugin{version}"),
        _ => written.to_owned(),
    }
}

/// What a key of the plugin list means to the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'k> {
    Kubernetes,
    /// The kubernetes plugin with a version, which it does not have.
    Versioned(&'k str),
    /// Another plugin whose name looks as if the kubernetes plugin was meant.
    LookAlike,
    Other,
}

pub(crate) fn kind(key: &str) -> Kind<'_> {
    if let Some(rest) = key.strip_prefix(KUBERNETES_PLUGIN) {
        if rest.is_empty() {
            return Kind::Kubernetes;
        }
        if let Some(version) = rest.strip_prefix('#') {
            return Kind::Versioned(version);
        }
    }
    if looks_like_kubernetes(key) { Kind::LookAlike } else { Kind::Other }
}

fn looks_like_kubernetes(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let source = lower.split('#').next().unwrap_or_default();
    let source = source.split_once("://").map_or(source, |(_, rest)| rest);
    // `git@host:org/repo` is the other way to write a repository's URL.
    let source = source.strip_prefix("git@").unwrap_or(source).replacen(':', "/", 1);
    let source = source.trim_end_matches('/');
    let source = source.strip_suffix(".git").unwrap_or(source);
    source == KUBERNETES_PLUGIN || resolve_reference(source) == KUBERNETES_PLUGIN
}
