//! What happened in a run, line by line, for people and for comparing runs.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    time::Duration,
};

/// Lines that are kept when nobody asked for all of them.
const KEPT: usize = 400;

/// How much of a run is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing: the fastest.
    Nothing,
    /// The end of it.
    Tail,
    /// All of it.
    Everything,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Since the start of the run.
    pub at: Duration,
    /// Whose doing it is.
    pub who: String,
    /// What was done.
    pub what: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3}  {:<16}  {}", self.at.as_secs_f64(), self.who, self.what)
    }
}

/// The lines of a run.
#[derive(Debug)]
pub struct Trace {
    detail: Detail,
    lines: VecDeque<Line>,
}

impl Trace {
    /// An empty one.
    #[must_use]
    pub fn new(detail: Detail) -> Self {
        Self { detail, lines: VecDeque::new() }
    }

    /// Whether lines are worth making.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.detail != Detail::Nothing
    }

    /// Adds a line; the text is made only when it is kept.
    pub fn add(&mut self, at: Duration, who: impl fmt::Display, what: impl fmt::Display) {
        if !self.is_on() {
            return;
        }
        if self.detail == Detail::Tail && self.lines.len() >= KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { at, who: who.to_string(), what: what.to_string() });
    }

    /// The lines as a table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}
