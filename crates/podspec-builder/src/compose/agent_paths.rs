//! Where hooks, plugins and keys are found and mounted (job-manifest ).

use crate::settings::AgentConfig;

/// Effective paths of `agent-config`.
#[derive(Default)]
pub(crate) struct AgentPaths {
    pub(crate) hooks: Option<String>,
    pub(crate) plugins: Option<String>,
    pub(crate) signing: Jwks,
    pub(crate) verification: Jwks,
}

/// A key file and the directory at which its volume is mounted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Jwks {
    pub(crate) file: Option<String>,
    pub(crate) mount_directory: Option<String>,
}

impl AgentPaths {
    pub(crate) fn of(config: Option<&AgentConfig>) -> Self {
        let Some(config) = config else { return Self::default() };
        let given_or = |path: &Option<String>, has_volume: bool, default: &str| {
            path.clone().or_else(|| has_volume.then(|| default.to_owned()))
        };
        Self {
            hooks: given_or(&config.hooks_path, config.hooks_volume.is_some(), "/workspace/hooks"),
            plugins: given_or(&config.plugins_path, config.plugins_volume.is_some(), "/workspace/plugins"),
            signing: Jwks::resolve(
                config.signing_jwks_file.as_deref(),
                config.signing_jwks_volume.is_some(),
                "/buildkite/signing-jwks",
            ),
            verification: Jwks::resolve(
                config.verification_jwks_file.as_deref(),
                config.verification_jwks_volume.is_some(),
                "/buildkite/verification-jwks",
            ),
        }
    }
}

impl Jwks {
    /// The table of R-13.
    fn resolve(file: Option<&str>, has_volume: bool, directory: &str) -> Self {
        if !has_volume {
            return Self { file: file.map(str::to_owned), mount_directory: None };
        }
        let (file, mount_directory) = match file {
            Some(file) if file.starts_with('/') => (file.to_owned(), parent(file)),
            Some(file) => (clean(&format!("{directory}/{file}")), directory.to_owned()),
            None => (format!("{directory}/key"), directory.to_owned()),
        };
        Self { file: Some(file), mount_directory: Some(mount_directory) }
    }
}

/// An absolute path without empty, `.` and `..` segments.
fn clean(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

/// The directory of an absolute path: everything before the last slash, cleaned.
fn parent(path: &str) -> String {
    clean(&path[..path.rfind('/').unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::Jwks;

    /// job-manifest R-13, K-22
    #[test]
    fn jwks_table() {
        for (has_volume, file, want_file, want_directory) in [
            (false, None, None, None),
            (false, Some("a/b"), Some("a/b"), None),
            (true, None, Some("/d/key"), Some("/d")),
            (true, Some("my-key"), Some("/d/my-key"), Some("/d")),
            (true, Some("sub/./key"), Some("/d/sub/key"), Some("/d")),
            (true, Some("../key"), Some("/key"), Some("/d")),
            (true, Some(""), Some("/d"), Some("/d")),
            (true, Some("/a/b/k"), Some("/a/b/k"), Some("/a/b")),
            (true, Some("/k"), Some("/k"), Some("/")),
            (true, Some("/a//k"), Some("/a//k"), Some("/a")),
        ] {
            let want = Jwks {
                file: want_file.map(str::to_owned),
                mount_directory: want_directory.map(str::to_owned),
            };
            assert_eq!(Jwks::resolve(file, has_volume, "/d"), want, "volume {has_volume}, file {file:?}");
        }
    }
}
