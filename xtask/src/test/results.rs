//! How each test ended, written by `cargo xtask test` and read by `cargo xtask conformance`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It ran and found nothing wrong.
    Passed,
    /// It ran and failed, or its program died.
    Failed,
    /// It was left out.
    Skipped,
}

impl Outcome {
    /// The word that reports use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One test and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TestResult {
    /// Package name.
    pub(crate) package: String,
    /// Name of the test target, `unit` for tests inside `src`, `doc` for examples.
    pub(crate) target: String,
    /// Path as the test program prints it.
    pub(crate) path: String,
    /// How it ended.
    pub(crate) outcome: Outcome,
}

/// The outcomes of the last full run of each level.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(BTreeMap<(String, String, String), Outcome>);

impl Outcomes {
    /// Reads what the levels wrote; nothing yet is no error.
    ///
    /// # Errors
    /// When a file is there but cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut outcomes = BTreeMap::new();
        for level in 1..=4 {
            let path = file(root, level);
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).context(path.display().to_string()),
            };
            let tests: Vec<TestResult> =
                serde_json::from_str(&text).with_context(|| path.display().to_string())?;
            for test in tests {
                outcomes.insert((test.package, test.target, test.path), test.outcome);
            }
        }
        Ok(Self(outcomes))
    }

    /// Whether no level has run yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The outcome of one test, if it ran.
    pub(crate) fn of(&self, package: &str, target: &str, path: &str) -> Option<Outcome> {
        let key = (package.to_owned(), target.to_owned(), path.to_owned());
        self.0.get(&key).copied()
    }
}

/// Replaces the results of one level.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(root: &Path, level: u8, tests: &[TestResult]) -> Result<()> {
    let path = file(root, level);
    let folder = path.parent().expect("the file lies in a folder");
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let text = serde_json::to_string_pretty(tests).expect("results are plain data");
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

/// Where the results of a level lie.
fn file(root: &Path, level: u8) -> PathBuf {
    root.join(format!("target/test-results/level-{level}.json"))
}
