//! What goes to standard error: a line each for an error or a warning (controller-config 8.3).

use std::process::ExitCode;

use podspec_builder::{BuildError, SettingsError, Warning};
use stack_config::{ConfigError, ErrorKind};

use super::source::Unreadable;
use crate::start::{FAILED, USAGE};

/// Why nothing was printed.
pub(crate) enum Failure {
    /// A file cannot be read as what it should be.
    Unreadable(Unreadable),
    /// The configuration is not valid.
    Config(ConfigError),
    /// The builder does not take the settings.
    Settings(SettingsError),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

impl Failure {
    /// Says what is wrong, and with which status the program ends.
    pub(crate) fn tell(self) -> ExitCode {
        let status = match self {
            Self::Unreadable(error) => {
                tell(&format!("error: {error}"));
                USAGE
            }
            Self::Config(error) => {
                for problem in &error.problems {
                    tell(&format!("{}: {problem}", labelled("error", problem.id.unwrap_or_default())));
                }
                if error.kind == ErrorKind::Usage { USAGE } else { FAILED }
            }
            Self::Settings(error) => {
                for problem in &error.problems {
                    tell(&format!("{}: {problem}", labelled("error", problem.id)));
                }
                FAILED
            }
        };
        ExitCode::from(status)
    }
}

/// Says why a job is refused.
pub(crate) fn tell_refusal(place: &str, error: &BuildError) {
    tell(&format!("{}: {}{error}", labelled("error", error.id), before(place)));
}

pub(crate) fn tell_warnings(place: &str, warnings: &[Warning]) {
    for warning in warnings {
        tell(&format!("{}: {}{warning}", labelled("warning", warning.id), before(place)));
    }
}

/// What stands before a message about a job.
pub(crate) fn before(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

/// `error[E-17]`, or the word alone where no rule has a number.
fn labelled(word: &str, id: &str) -> String {
    if id.is_empty() { word.to_owned() } else { format!("{word}[{id}]") }
}

#[expect(clippy::print_stderr, reason = "standard output belongs to the Jobs")]
pub(crate) fn tell(line: &str) {
    eprintln!("{line}");
}
