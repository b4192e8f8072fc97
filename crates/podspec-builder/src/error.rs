//! What a build reports: one error (job-manifest 9.1), or a Job with warnings (9.3).

use std::fmt;

use redaction::{redact, redacted, told};

/// Why no Job can be built. Shown as `kubernetes plugin: <path>: <what>; <hint>` (kubernetes-plugin 10);
/// [`BuildError::id`] is for programs and for the `error[E-17]:` prefix of command line tools.
///
/// What looks like a credential is hidden in all texts from the beginning, so it is neither in `Display` nor in
/// `Debug` nor in the fields (controller-config 8.3). The same holds for [`Warning`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// Id of the rule, such as `E-13`.
    pub id: &'static str,
    /// What is wrong, a lowercase fragment; for E-41 a list follows, one line for each violation.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Where (job-manifest 9.1): a path inside the plugin block, such as `podSpec.containers[0].env[1].value`, of
    /// the controller's `pod-spec-patch` or another setting, of the job (`BUILDKITE_PLUGINS[0]`,
    /// `agent_query_rules[1]`), else of the final pod spec, elements by name (`containers[main].image`). Empty only
    /// when a message has several places; it tells them then.
    pub path: String,
}

impl BuildError {
    pub(crate) fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, message: told(message.into()), hint: None, path: String::new() }
    }

    /// An error with a list: each finding has a line.
    pub(crate) fn list(id: &'static str, message: impl Into<String>) -> Self {
        Self { message: redacted(message.into()), ..Self::new(id, "") }
    }

    #[must_use]
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = told(path.into());
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(told(hint.into()));
        self
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("kubernetes plugin: ")?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            // Behind a list the hint gets a line of its own.
            Some(hint) if self.message.contains('\n') => write!(f, "\n{hint}"),
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for BuildError {}

/// Something the author should know although the Job was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Id of the rule, such as `W-5`.
    pub id: &'static str,
    /// Where, as in [`BuildError::path`]; may be empty.
    pub path: String,
    /// What was found, what was done about it and the way out, a lowercase fragment.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, path: String::new(), message: told(message.into()) }
    }

    #[must_use]
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = told(path.into());
        self
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// A user's text inside a message: in backticks, without credentials, not longer than it helps.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let text = redact(text);
    let shown: String = text.chars().take(LONGEST).collect();
    let more = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}

/// The same for an image or an address, which may begin with user and password.
pub(crate) fn quoted_address(text: &str) -> String {
    quoted(&redaction::without_userinfo(text))
}
