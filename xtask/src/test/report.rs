//! The table at the end, and what counts as good.

use std::time::Duration;

use anyhow::Result;

use super::level::Level;
use super::results::{Outcome, TestResult};
use crate::terminal::say;

/// One row: a check or a level.
#[derive(Debug)]
pub(super) struct Line {
    name: String,
    passed: usize,
    failed: usize,
    skipped: usize,
    is_level: bool,
    time: Duration,
    note: String,
}

impl Line {
    /// A check that is no test: it passed or says why not.
    pub(super) fn check(name: &str, outcome: Result<()>, time: Duration) -> Self {
        let note = match outcome {
            Ok(()) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        Self {
            name: name.to_owned(),
            passed: 0,
            failed: usize::from(!note.is_empty()),
            skipped: 0,
            is_level: false,
            time,
            note,
        }
    }

    /// Something that could not even start.
    pub(super) fn broken(name: &str, why: &str) -> Self {
        Self::check(name, Err(anyhow::anyhow!("{why}")), Duration::ZERO)
    }

    /// A level, or a check, that this machine cannot run counts as one skip.
    pub(super) fn skipped(name: &str, reason: &str) -> Self {
        Self {
            name: name.to_owned(),
            passed: 0,
            failed: 0,
            skipped: 1,
            is_level: true,
            time: Duration::ZERO,
            note: format!("skipped: {reason}"),
        }
    }

    /// A level that ran.
    pub(super) fn level(level: Level, tests: &[TestResult], time: Duration) -> Self {
        let count = |outcome| tests.iter().filter(|test| test.outcome == outcome).count();
        Self {
            name: level.name().to_owned(),
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            skipped: count(Outcome::Skipped),
            is_level: true,
            time,
            note: if tests.is_empty() { "no tests" } else { "" }.to_owned(),
        }
    }

    /// Shows the row.
    pub(super) fn print(&self) {
        let minutes = self.time.as_secs_f64() / 60.0;
        let counts = if self.is_level {
            let ran = self.passed + self.failed;
            format!("{ran:>5} ran {:>3} failed {:>3} skipped", self.failed, self.skipped)
        } else {
            let word = if self.failed == 0 { "ok" } else { "FAILED" };
            format!("{word:<30}")
        };
        say!("{:<14} {counts:<32} {minutes:>6.1} min  {}", self.name, self.note);
    }

    /// Whether this row fails the run; a strict run allows no gaps.
    fn fails(&self, strict: bool) -> bool {
        let gap = self.is_level && (self.skipped > 0 || self.passed + self.failed == 0);
        self.failed > 0 || (strict && gap)
    }
}

/// All rows of a run.
#[derive(Debug)]
pub(super) struct Report {
    strict: bool,
    lines: Vec<Line>,
}

impl Report {
    /// An empty table. In a strict run a skip, or a level without tests, is a failure.
    pub(super) fn new(strict: bool) -> Self {
        Self { strict, lines: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Whether the run passes.
    pub(super) fn is_good(&self) -> bool {
        !self.lines.iter().any(|line| line.fails(self.strict))
    }

    /// Prints the table, and last one line with the counts.
    pub(super) fn print(&self) {
        say!("\n== result");
        for line in &self.lines {
            line.print();
            if self.strict && line.fails(true) && line.failed == 0 {
                say!("{:<14} CI=true: a skip, or a level without tests, is a failure", "");
            }
        }
        say!("{}", self.summary());
    }

    /// `N passed, N failed, N skipped`; checks count in only when they fail.
    fn summary(&self) -> String {
        let sum = |count: fn(&Line) -> usize| self.lines.iter().map(count).sum::<usize>();
        format!(
            "{} passed, {} failed, {} skipped",
            sum(|line| line.passed),
            sum(|line| line.failed),
            sum(|line| line.skipped)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(outcomes: &[Outcome]) -> Vec<TestResult> {
        let result = |outcome: &Outcome| TestResult {
            package: String::new(),
            target: String::new(),
            path: String::new(),
            outcome: *outcome,
        };
        outcomes.iter().map(result).collect()
    }

    #[track_caller]
    fn check(lines: Vec<Line>, good: bool, good_in_ci: bool, summary: &str) {
        for (strict, want) in [(false, good), (true, good_in_ci)] {
            let mut report = Report::new(strict);
            report.lines = Vec::new();
            assert_eq!(lines.iter().any(|line| line.fails(strict)), !want, "strict: {strict}");
        }
        let report = Report { strict: true, lines };
        assert_eq!(report.summary(), summary);
    }

    #[test]
    fn a_gap_fails_only_in_ci() {
        use Outcome::{Failed, Passed, Skipped};
        let level = |outcomes: &[Outcome]| Line::level(Level::One, &tests(outcomes), Duration::ZERO);
        let check_line = |outcome| Line::check("format", outcome, Duration::ZERO);
        check(vec![level(&[Passed, Passed])], true, true, "2 passed, 0 failed, 0 skipped");
        check(vec![level(&[Passed, Skipped])], true, false, "1 passed, 0 failed, 1 skipped");
        check(vec![level(&[])], true, false, "0 passed, 0 failed, 0 skipped");
        check(
            vec![Line::skipped(Level::Four.name(), "not root")],
            true,
            false,
            "0 passed, 0 failed, 1 skipped",
        );
        check(vec![level(&[Passed, Failed])], false, false, "1 passed, 1 failed, 0 skipped");
        check(vec![check_line(Ok(())), level(&[Passed])], true, true, "1 passed, 0 failed, 0 skipped");
        check(
            vec![check_line(Err(anyhow::anyhow!("no"))), level(&[Passed])],
            false,
            false,
            "1 passed, 1 failed, 0 skipped",
        );
    }
}
