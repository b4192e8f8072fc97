//! What start-up reports about a configuration: problems, warnings, and where values come from.

use std::fmt;

use redaction::told;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The built-in default.
    Default,
    /// A place in the configuration file.
    File {
        /// Path of the file as given.
        file: String,
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
    /// An environment variable.
    Variable(String),
    /// A command-line flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

/// One thing that keeps the controller from starting.
///
/// Displays as `path: reason; hint (source)` (controller-config 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Rule of job-manifest 9.2 where there is one, such as `E-36`.
    pub id: Option<&'static str>,
    /// The setting, such as `agent-config.shell`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub reason: String,
    /// The way out.
    pub hint: Option<String>,
    /// Where it was given.
    pub source: Source,
}

impl Problem {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>, source: Source) -> Self {
        Self { id: None, path: path.into(), reason: reason.into(), hint: None, source }
    }

    pub(crate) fn id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", told(self.path.clone()))?;
        }
        f.write_str(&told(self.reason.clone()))?;
        if let Some(hint) = &self.hint {
            write!(f, "; {}", told(hint.clone()))?;
        }
        match self.source {
            Source::Default => Ok(()),
            _ => write!(f, " ({})", self.source),
        }
    }
}

/// What kind of mistake keeps the controller from starting; the binary makes it an exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line itself, values of its flags among it: exit status 2.
    Usage,
    /// The configuration: exit status 1.
    Config,
}

/// Why there are no settings: all problems of the stage that found the first (controller-config 10),
/// sorted by path. Displays one problem per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What kind of mistake it is.
    pub kind: ErrorKind,
    /// At least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// Problems that all lie in flags are those of the command line.
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|left, right| (&left.path, &left.source).cmp(&(&right.path, &right.source)));
        let on_command_line = problems.iter().all(|problem| matches!(problem.source, Source::Flag(_)));
        let kind = if on_command_line { ErrorKind::Usage } else { ErrorKind::Config };
        Self { kind, problems }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Something to log at start; the controller starts all the same. Displays as `path: message (source)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The setting.
    pub path: String,
    /// What was found and what holds instead.
    pub message: String,
    /// Where it was given.
    pub source: Source,
}

impl Warning {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>, source: Source) -> Self {
        Self { path: path.into(), message: message.into(), source }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", told(self.path.clone()), told(self.message.clone()))?;
        match self.source {
            Source::Default => Ok(()),
            _ => write!(f, " ({})", self.source),
        }
    }
}
