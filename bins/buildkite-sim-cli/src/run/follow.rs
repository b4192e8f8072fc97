//! Watching a build: what is new about its jobs, as lines for people.

use std::collections::HashMap;
use std::time::Duration;

use buildkite_sim::ansi::section::{self, Mark};
use buildkite_sim::ansi::{Line, LogReader, terminal};

use crate::client::{Build, Client, ClientError, Job, Step};

/// Time between two looks at the least: other builds make news too.
const PACE: Duration = Duration::from_millis(100);

/// Labels are cut to this, so that logs keep most of the line.
const WIDEST_LABEL: usize = 28;

/// Colours of the prefixes, one per job in turn: cyan, yellow, magenta, green, blue, and brighter.
const PREFIX_COLORS: &[u8] = &[36, 33, 35, 32, 34, 96, 93, 95, 92, 94];

/// What one look brought.
pub(super) struct Look {
    /// Lines to show.
    pub(super) lines: Vec<String>,
    /// The build, once nothing happens to it any more.
    pub(super) ended: Option<Build>,
}

/// Follows one build.
pub(super) struct Follower {
    client: Client,
    build: String,
    revision: u64,
    colors: bool,
    jobs: HashMap<String, Followed>,
    steps: HashMap<String, String>,
    width: usize,
}

/// What has been shown of a job.
struct Followed {
    prefix: String,
    state: String,
    /// Its start was told; a short job may be over before it was ever seen running.
    started: bool,
    offset: usize,
    reader: LogReader,
    closed: bool,
}

impl Follower {
    pub(super) fn new(client: Client, build: &Build, colors: bool) -> Self {
        let labels = build.steps.iter().flat_map(|step| step.jobs.iter().map(|job| label(step, job)));
        let width = labels.map(|label| label.chars().count()).max().unwrap_or(0);
        Self {
            client,
            build: build.id.clone(),
            revision: 0,
            colors,
            jobs: HashMap::new(),
            steps: HashMap::new(),
            width,
        }
    }

    /// Waits for news and looks. May be dropped at any await: what was not shown comes next time.
    pub(super) async fn step(&mut self) -> Result<Look, ClientError> {
        let revision = self.client.news(self.revision).await?;
        let build = self.client.build(&self.build).await?;
        let mut logs = Vec::new();
        for job in build.steps.iter().flat_map(|step| &step.jobs) {
            let offset = self.jobs.get(&job.id).map_or(0, |followed| followed.offset);
            if job.log_bytes > offset {
                logs.push((job.id.clone(), self.client.log(&job.id, offset).await?));
            }
        }
        tokio::time::sleep(PACE).await;
        // From here on nothing is awaited, so that nothing is shown twice or lost.
        self.revision = revision;
        let logs: HashMap<String, bytes::Bytes> = logs.into_iter().collect();
        let mut lines = Vec::new();
        for step in &build.steps {
            self.show_step(step, &mut lines);
            for job in &step.jobs {
                let log = logs.get(&job.id).map(|bytes| &bytes[..]).unwrap_or_default();
                self.show_job(step, job, log, &mut lines);
            }
        }
        let over = matches!(build.state.as_str(), "passed" | "failed" | "canceled" | "not_run");
        if over {
            lines.push(self.paint(
                state_color(&build.state),
                &format!("Build #{} {}", build.number, build.state.replace('_', " ")),
            ));
        }
        Ok(Look { lines, ended: over.then_some(build) })
    }

    /// Steps without jobs: only what somebody has to do something about.
    fn show_step(&mut self, step: &Step, lines: &mut Vec<String>) {
        let before = self.steps.insert(step.id.clone(), step.state.clone());
        if step.kind == "command" || before.as_deref() == Some(step.state.as_str()) {
            return;
        }
        let name = step.label.as_deref().or(step.key.as_deref()).unwrap_or(&step.kind);
        if step.state == "blocked" {
            let text = format!("Waiting at \"{name}\": unblock it on the page, or run with --unblock");
            lines.push(self.paint(33, &text));
        }
    }

    fn show_job(&mut self, step: &Step, job: &Job, log: &[u8], lines: &mut Vec<String>) {
        let count = self.jobs.len();
        let (width, colors) = (self.width, self.colors);
        let followed = self.jobs.entry(job.id.clone()).or_insert_with(|| Followed {
            prefix: prefix(
                &label(step, job),
                width,
                colors.then(|| PREFIX_COLORS[count % PREFIX_COLORS.len()]),
            ),
            state: String::new(),
            started: false,
            offset: 0,
            reader: LogReader::default(),
            closed: false,
        });
        let is_over = is_over(&job.state);
        // A start is told before the log, an end after it.
        if job.started_at.is_some() && !followed.started {
            followed.started = true;
            let agent = job.agent.as_deref().unwrap_or("an agent");
            lines.push(format!("{}> running on {agent}", followed.prefix));
        }
        let change = if followed.state == job.state { None } else { describe(job, &step.cause) };
        followed.state = job.state.clone();
        if let Some(change) = change.as_ref().filter(|_| !is_over) {
            lines.push(format!("{}> {change}", followed.prefix));
        }
        let mut fresh = followed.reader.push(log);
        followed.offset += log.len();
        if is_over && !followed.closed {
            fresh.extend(followed.reader.finish());
            followed.closed = true;
        }
        // Marks that unfold a section are for pages.
        for line in fresh.iter().filter(|line| section::mark(line) != Mark::Open) {
            lines.push(format!("{}| {}", followed.prefix, shown(line, colors)));
        }
        if let Some(change) = change.filter(|_| is_over) {
            let prefix = followed.prefix.clone();
            let outcome = job.outcome.as_deref().unwrap_or(&job.state);
            lines.push(format!("{prefix}> {}", self.paint(state_color(outcome), &change)));
        }
    }

    fn paint(&self, color: u8, text: &str) -> String {
        if self.colors { format!("\x1b[1;{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn shown(line: &Line, colors: bool) -> String {
    if colors { terminal::line(line) } else { line.text() }
}

fn is_over(state: &str) -> bool {
    matches!(
        state,
        "finished" | "canceled" | "timed_out" | "skipped" | "broken" | "expired" | "waiting_failed"
    )
}

/// Green, red or yellow.
fn state_color(state: &str) -> u8 {
    match state {
        "passed" => 32,
        "soft_failed" | "skipped" | "broken" | "not_run" => 33,
        _ => 31,
    }
}

/// What a change of state means to people; nothing for those that say nothing new.
fn describe(job: &Job, cause: &str) -> Option<String> {
    let reasons: Vec<&str> =
        [&job.signal_reason, &job.detail].into_iter().flatten().map(String::as_str).collect();
    let because = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(": ")) };
    let took = match (job.started_at, job.finished_at) {
        (Some(started), Some(finished)) => {
            let milliseconds = finished.as_millisecond() - started.as_millisecond();
            format!(" in {}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
        }
        _ => String::new(),
    };
    let status = job.exit_status.map(|status| format!(" with exit status {status}")).unwrap_or_default();
    Some(match job.state.as_str() {
        "scheduled" if job.retries > 0 => format!("waiting for an agent, attempt {}", job.retries + 1),
        "canceling" => "canceling".to_owned(),
        "timing_out" => "ran too long, stopping it".to_owned(),
        "finished" => match job.outcome.as_deref() {
            Some("passed") => format!("passed{took}"),
            Some("soft_failed") => format!("failed softly{status}{took}{because}"),
            _ => format!("failed{status}{took}{because}"),
        },
        "canceled" => format!("canceled{took}{because}"),
        "timed_out" => format!("timed out{took}{because}"),
        "expired" => "expired: no agent took it".to_owned(),
        "skipped" | "broken" if cause.is_empty() => "skipped".to_owned(),
        "skipped" | "broken" => format!("skipped ({cause})"),
        "waiting_failed" => "not run, something before it failed".to_owned(),
        _ => return None,
    })
}

fn label(step: &Step, job: &Job) -> String {
    let first_line = job.command.lines().next().filter(|line| !line.is_empty());
    let label = job
        .label
        .as_deref()
        .or(step.label.as_deref())
        .or(step.key.as_deref())
        .or(first_line)
        .unwrap_or("job");
    match label.char_indices().nth(WIDEST_LABEL) {
        None => label.to_owned(),
        Some(_) => label.chars().take(WIDEST_LABEL - 1).chain(['…']).collect(),
    }
}

fn prefix(label: &str, width: usize, color: Option<u8>) -> String {
    let padded = format!("{label:width$} ");
    match color {
        Some(color) => format!("\x1b[{color}m{padded}\x1b[0m"),
        None => padded,
    }
}
