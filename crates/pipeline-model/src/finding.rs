//! What reading a block reports: one error, or notices beside the result.

use std::fmt;

use redaction::told;

/// Why a plugin list or block cannot be used.
///
/// Displays as `kubernetes plugin: <path>: <what>; <hint>` (kubernetes-plugin 10). What looks like a credential is
/// hidden in all its texts from the beginning (controller-config 8.3), and each is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginError {
    /// Id of job-manifest 9.1: `E-1` to `E-4`, `E-6` or `E-40`.
    pub id: &'static str,
    /// Path inside the block, such as `checkout.skip`; inside the plugin list `BUILDKITE_PLUGINS[1]`;
    /// empty when the block as a whole is meant.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl PluginError {
    pub(crate) fn new(id: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { id, path: told(path.into()), message: told(message.into()), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(told(hint.into()));
        self
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("kubernetes plugin: ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PluginError {}

/// Something the author should know although the block is used: shown on the build page and logged. Credentials are
/// hidden as in [`PluginError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Id of job-manifest 9.3: `W-1`, `W-3`, `W-17`, `W-18` or `W-19`.
    pub id: &'static str,
    /// Path as in [`PluginError::path`].
    pub path: String,
    /// What was found and what was done about it.
    pub message: String,
}

impl Notice {
    pub(crate) fn new(id: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { id, path: told(path.into()), message: told(message.into()) }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}
