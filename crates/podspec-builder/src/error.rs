//! What a build reports: one error (job-manifest 9.1), or a Job with warnings (9.3).

use std::fmt;

/// Why no Job can be built. Shown as `kubernetes plugin: <path>: <what>; <hint>` (kubernetes-plugin 10);
/// [`BuildError::id`] is for programs and for the `error[E-17]:` prefix of command line tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// Id of the rule, such as `E-13`.
    pub id: &'static str,
    /// What is wrong, a lowercase fragment; for E-41 a list follows, one line for each violation.
    pub message: String,
    /// The way out, where there is one.
    pub hint: Option<String>,
    /// Where: a path inside the plugin block, such as `podSpec.containers[0].env[1].value`, or of the
    /// controller's `pod-spec-patch`; empty when the error concerns the job as a whole.
    pub path: String,
}

impl BuildError {
    pub(crate) fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, message: message.into(), hint: None, path: String::new() }
    }

    #[must_use]
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
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
    /// What was found and what was done about it, a lowercase fragment.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(id: &'static str, message: impl Into<String>) -> Self {
        Self { id, path: String::new(), message: message.into() }
    }

    #[must_use]
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
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
