//! Printing Jobs.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::jobs::report::tell;

/// How Jobs are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people; several Jobs are several documents
    Yaml,
    /// One object and nothing else; several Jobs are a List
    Json,
}

impl Format {
    /// Jobs as text; for none no document, or an empty List.
    pub(super) fn text(self, jobs: &[Value]) -> String {
        match (self, jobs) {
            (Self::Yaml, _) => jobs.iter().map(yaml).collect::<Vec<_>>().join("---\n"),
            (Self::Json, [job]) => format!("{job:#}\n"),
            (Self::Json, _) => {
                format!("{:#}\n", json!({ "apiVersion": "v1", "kind": "List", "items": jobs }))
            }
        }
    }
}

/// A Job for people.
pub(super) fn yaml(job: &Value) -> String {
    serde_yaml::to_string(job).expect("a Job has text keys")
}

/// Writes on standard output, and says whether all of it got there. Whoever closes a pipe early has read enough.
pub(crate) fn print(text: &str) -> bool {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            tell(&format!("error: cannot write to standard output: {error}"));
            false
        }
        _ => true,
    }
}
