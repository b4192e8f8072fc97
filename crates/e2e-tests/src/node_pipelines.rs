//! The pipelines of `fixtures/pipelines/run`: what each needs, and how it says it must end. The README beside them
//! explains the notation.

use std::path::{Path, PathBuf};

use buildkite_sim::{BuildSnapshot, BuildState, JobSnapshot, JobState};
use serde_json::Value;

use crate::buildkite::QUEUE;

/// Lines of a log that a report shows.
const TAIL: usize = 40;

/// One pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePipeline {
    /// Its file name.
    pub name: String,
    /// The pipeline, as its author wrote it.
    pub text: String,
    /// Queue of its jobs; one of them all.
    pub queue: String,
    /// Name of the repository that it checks out.
    pub repository: String,
    ends: Ending,
    log: Vec<Line>,
    told: Vec<String>,
}

/// How a build must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Every job passes.
    Passed,
    /// Its one job ends with this status.
    Exit(i32),
    /// The stack ends its one job.
    Refused,
    /// The agent does not run its one job.
    Rejected,
}

/// What a log must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Whole(String),
    Part(String),
    Nowhere(String),
}

/// All of them, in the order of their names.
///
/// # Panics
/// When one cannot be read or does not say how it ends.
#[must_use]
pub fn all() -> Vec<NodePipeline> {
    let entries = std::fs::read_dir(folder()).expect("the folder of pipelines is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yml"));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().expect("a file has a name").to_string_lossy();
        NodePipeline::read(&name, &text(path)).unwrap_or_else(|problem| panic!("{name}: {problem}"))
    };
    paths.iter().map(read).collect()
}

/// The configuration file of the controller for a queue.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn controller(queue: &str) -> PathBuf {
    let path = folder().join(format!("controllers/{queue}.yaml"));
    assert!(path.exists(), "no controller serves the queue {queue}");
    path
}

/// The objects that pods refer to, after `fill` has replaced what stands for addresses.
///
/// # Panics
/// When the file is not YAML.
#[must_use]
pub fn objects(fill: impl Fn(&str) -> String) -> Vec<Value> {
    let text = fill(&text(&folder().join("objects.yaml")));
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents
        .map(|document| serde::Deserialize::deserialize(document).expect("the objects are YAML"))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pipelines/run")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

impl NodePipeline {
    /// Reads a file's text.
    fn read(name: &str, text: &str) -> Result<Self, String> {
        let pipeline: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let queue = pipeline.pointer("/agents/queue").and_then(Value::as_str).unwrap_or(QUEUE);
        let (mut ends, mut log, mut told, mut repository) =
            (None, Vec::new(), Vec::new(), "plain".to_owned());
        for line in text.lines().map_while(|line| line.strip_prefix("# ")) {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim().to_owned();
            match key {
                "ends" => ends = Some(Ending::read(&value)?),
                "log" => log.push(Line::Whole(value)),
                "log has" => log.push(Line::Part(value)),
                "log lacks" => log.push(Line::Nowhere(value)),
                "told" => told.push(value),
                "repository" => repository = value,
                _ => {}
            }
        }
        let ends = ends.ok_or("does not say how it ends")?;
        if log.is_empty() && told.is_empty() {
            return Err("expects nothing of its log, nor of what is told".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            queue: queue.to_owned(),
            repository,
            ends,
            log,
            told,
        })
    }

    /// What is not as the file says, with the end of the log; nothing if all is. `log` gives the log of a job as plain
    /// text.
    #[must_use]
    pub fn problems(&self, build: &BuildSnapshot, log: impl Fn(&JobSnapshot) -> String) -> Option<String> {
        let jobs: Vec<&JobSnapshot> = build.jobs().collect();
        let logs: String = jobs.iter().map(|job| log(job)).collect();
        let told: String = jobs.iter().filter_map(|job| job.detail.as_deref()).collect();
        let mut problems = Vec::new();
        if !self.ends.is_met(build, &jobs) {
            problems.push(format!("it should have ended as {:?}", self.ends));
        }
        problems.extend(self.log.iter().filter_map(|line| line.problem(&logs)));
        let untold = self.told.iter().filter(|text| !told.contains(text.as_str()));
        problems.extend(untold.map(|text| format!("`{text}` is not told")));
        if problems.is_empty() {
            return None;
        }
        let mut report = format!("{}: {}\n", self.name, problems.join("; "));
        for job in jobs {
            report.push_str(&format!(
                "  job {:?}, exit status {:?}, reason {:?}, told {:?}\n",
                job.state, job.exit_status, job.signal_reason, job.detail
            ));
        }
        let lines: Vec<&str> = logs.lines().collect();
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            report.push_str(&format!("  | {}\n", line.trim_end()));
        }
        Some(report)
    }
}

impl Ending {
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "passed" => Ok(Self::Passed),
            "refused" => Ok(Self::Refused),
            "rejected" => Ok(Self::Rejected),
            _ => {
                let status = text.strip_prefix("exit ").and_then(|status| status.parse().ok());
                status.map(Self::Exit).ok_or_else(|| format!("`{text}` is no ending"))
            }
        }
    }

    fn is_met(self, build: &BuildSnapshot, jobs: &[&JobSnapshot]) -> bool {
        let alone = match jobs {
            [job] => {
                (job.state == JobState::Finished).then_some((job.exit_status, job.signal_reason.as_deref()))
            }
            _ => None,
        };
        match self {
            Self::Passed => build.state == BuildState::Passed,
            Self::Exit(status) => alone == Some((Some(status), None)),
            Self::Refused => alone == Some((Some(-1), Some("stack_error"))),
            Self::Rejected => alone == Some((Some(-1), Some("signature_rejected"))),
        }
    }
}

impl Line {
    fn problem(&self, log: &str) -> Option<String> {
        let mut lines = log.lines().map(str::trim_end);
        match self {
            Self::Whole(text) => {
                (!lines.any(|line| line == text)).then(|| format!("no line of the log is `{text}`"))
            }
            Self::Part(text) => {
                (!lines.any(|line| line.contains(text))).then(|| format!("no line of the log holds `{text}`"))
            }
            Self::Nowhere(text) => {
                lines.any(|line| line.contains(text)).then(|| format!("a line of the log holds `{text}`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_needs_and_how_it_ends() {
        let text = "\
# What it pins: this.
# ends: exit 3
# repository: nested
# log: one=1
# log lacks: two
agents: { queue: closed }
# log: not of the head
steps: []
";
        let read = NodePipeline::read("a.yml", text).unwrap();
        assert_eq!((read.queue.as_str(), read.repository.as_str()), ("closed", "nested"));
        assert_eq!(read.ends, Ending::Exit(3));
        assert_eq!(read.log, [Line::Whole("one=1".to_owned()), Line::Nowhere("two".to_owned())]);
        for wrong in ["# log: x\n", "# ends: well\n# log: x\n", "# ends: passed\n"] {
            NodePipeline::read("a.yml", &format!("{wrong}steps: []\n")).unwrap_err();
        }
    }

    #[test]
    fn a_log_is_looked_at_line_by_line() {
        let log = "$ echo one\r\none\r\n";
        assert_eq!(Line::Whole("one".to_owned()).problem(log), None);
        assert_eq!(Line::Part("echo".to_owned()).problem(log), None);
        assert!(Line::Whole("echo".to_owned()).problem(log).is_some());
        assert!(Line::Nowhere("one".to_owned()).problem(log).is_some());
        assert_eq!(Line::Nowhere("two".to_owned()).problem(log), None);
    }

    #[test]
    fn every_file_is_understood_and_has_a_controller() {
        let pipelines = all();
        assert!(pipelines.len() >= 25, "{}", pipelines.len());
        for pipeline in &pipelines {
            let config: Value = serde_yaml::from_str(&super::text(&controller(&pipeline.queue))).unwrap();
            assert!(config["max-in-flight"].is_u64(), "{}", pipeline.queue);
        }
        for object in objects(str::to_owned) {
            assert!(object["kind"].is_string() && object["metadata"]["name"].is_string(), "{object}");
        }
    }
}
