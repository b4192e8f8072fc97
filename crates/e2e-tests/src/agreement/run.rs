//! Running the suite.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use kube::Client;
use tokio::time::Instant;

use super::eraser::Eraser;
use super::{Case, DIFFERENCES, Outcome, Side, Stage};

/// Cases at one time: enough to hide that controllers take their time, few enough for two cores.
const AT_ONCE: usize = 24;

/// Patience with one case.
const CASE: Duration = Duration::from_secs(120);

/// How the cases ended.
#[derive(Debug, Default)]
pub struct Report {
    /// Names of those that ended well.
    pub passed: Vec<&'static str>,
    /// The others, each with what was expected and what came.
    pub failed: Vec<(&'static str, String)>,
    /// Time of the longest ones, the longest first.
    pub slowest: Vec<(&'static str, Duration)>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, why) in &self.failed {
            writeln!(formatter, "{name}: {why}\n")?;
        }
        let total = self.passed.len() + self.failed.len();
        writeln!(formatter, "{} of {total} cases agree", self.passed.len())?;
        for (name, time) in self.slowest.iter().take(5) {
            writeln!(formatter, "  {:5.1} s {name}", time.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Runs cases, many at a time, each in a namespace `<prefix>-<number>`.
///
/// `only` keeps those whose name contains it. With an `eraser` all run at one time, since they
/// lose the history together.
pub async fn run(
    side: Side,
    client: &Client,
    prefix: &str,
    cases: Vec<Case>,
    eraser: Option<Eraser>,
) -> Report {
    let at_once = if eraser.is_some() { cases.len().max(1) } else { AT_ONCE };
    let mut report = Report::default();
    let mut running = futures::stream::iter(cases.into_iter().enumerate().map(|(number, case)| {
        let namespace = format!("{prefix}-{number}");
        let (client, eraser) = (client.clone(), eraser.clone());
        async move {
            let started = Instant::now();
            let case = on(side, case);
            // A task of its own: a case that panics ends alone.
            let ended = tokio::spawn(one(client, namespace, case, eraser)).await;
            let outcome = ended.unwrap_or_else(|panic| Err(anyhow::anyhow!("panicked: {panic}")));
            (case.name, outcome, started.elapsed())
        }
    }))
    .buffer_unordered(at_once);
    while let Some((name, outcome, time)) = running.next().await {
        match outcome {
            Ok(()) => report.passed.push(name),
            Err(error) => report.failed.push((name, format!("{error:#}"))),
        }
        report.slowest.push((name, time));
    }
    report.failed.sort_unstable();
    report.slowest.sort_unstable_by_key(|(_, time)| std::cmp::Reverse(*time));
    report
}

/// The case as this side is expected to show it.
fn on(side: Side, case: Case) -> Case {
    let difference = DIFFERENCES.iter().find(|difference| difference.case.name == case.name);
    match (side, difference) {
        (Side::Simulator, Some(difference)) => difference.case,
        _ => case,
    }
}

/// One case in a namespace of its own.
async fn one(client: Client, namespace: String, case: Case, eraser: Option<Eraser>) -> Outcome {
    let stage = Stage::create(client, namespace, eraser).await?;
    tokio::time::timeout(CASE, (case.run)(stage)).await.context("takes too long")?
}
