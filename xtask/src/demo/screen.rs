//! What the demo prints: steps in the manner of cargo, between which cargo's own lines fit.

use std::io::{self, IsTerminal as _, Write as _};

/// Standard output, with colours only on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    colors: bool,
}

impl Screen {
    /// Colours on a terminal, unless `NO_COLOR` asks for none.
    pub(super) fn of_this_process() -> Self {
        Self { colors: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// Whether programs that print here may use colours.
    pub(super) fn has_colors(self) -> bool {
        self.colors
    }

    /// A step that begins.
    pub(super) fn step(self, verb: &str, text: &str) {
        self.line(&format!("{} {text}", self.paint(32, &format!("{verb:>12}"))));
    }

    /// More about the step before.
    pub(super) fn note(self, text: &str) {
        for line in text.lines() {
            self.line(format!("{:>12} {line}", "").trim_end());
        }
    }

    /// The word that sums everything up.
    pub(super) fn verdict(self, passed: bool, text: &str) {
        let (color, word) = if passed { (32, "Green") } else { (31, "Red") };
        self.line(&format!("{} {text}", self.paint(color, &format!("{word:>12}"))));
    }

    /// A line as it is.
    pub(super) fn line(self, text: &str) {
        let mut out = io::stdout().lock();
        // When nobody reads any more, that is no failure of the demo.
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    fn paint(self, color: u8, text: &str) -> String {
        if self.colors { format!("\x1b[1;{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
