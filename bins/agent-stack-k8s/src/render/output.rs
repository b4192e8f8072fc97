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
    ///
    /// # Errors
    /// What was printed did not all get there. Whoever closes a pipe early has read enough.
    pub(super) fn print(self, jobs: &[Value]) -> io::Result<()> {
        let text = match (self, jobs) {
            (_, []) => return Ok(()),
            (Self::Yaml, _) => jobs.iter().map(yaml).collect::<Vec<_>>().join("---\n"),
            (Self::Json, [job]) => format!("{job:#}\n"),
            (Self::Json, _) => {
                format!("{:#}\n", json!({ "apiVersion": "v1", "kind": "List", "items": jobs }))
            }
        };
        let mut output = io::stdout().lock();
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}

fn yaml(job: &Value) -> String {
    serde_yaml::to_string(job).expect("a Job has text keys")
}
