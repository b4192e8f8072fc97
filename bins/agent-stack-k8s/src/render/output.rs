//! Printing Jobs.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde_json::{Value, json};

/// How Jobs are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people; several Jobs are several documents
    Yaml,
    /// One object and nothing else; several Jobs are a List
    Json,
}

impl Format {
    /// Prints Jobs on standard output; nothing for none.
    pub(super) fn print(self, jobs: &[Value]) {
        let text = match (self, jobs) {
            (_, []) => return,
            (Self::Yaml, _) => jobs.iter().map(yaml).collect::<Vec<_>>().join("---\n"),
            (Self::Json, [job]) => format!("{job:#}\n"),
            (Self::Json, _) => {
                format!("{:#}\n", json!({ "apiVersion": "v1", "kind": "List", "items": jobs }))
            }
        };
        // Whoever closes the pipe early has read enough.
        let _ = io::stdout().write_all(text.as_bytes());
    }
}

fn yaml(job: &Value) -> String {
    serde_yaml::to_string(job).expect("a Job has text keys")
}
