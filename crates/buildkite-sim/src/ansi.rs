//! Job logs: terminal output read into styled lines, written as HTML, as plain text or for a
//! terminal.
//!
//! A [`LogReader`] takes bytes as they come and yields whole lines. It understands colours and
//! weights, carriage returns that write over a line, erasing, and the agent's time stamps; any
//! other escape sequence is taken out. Pure.
//!
//! ```
//! use buildkite_sim::ansi;
//!
//! let log = b"\x1b_bk;t=1700000000000\x07\x1b[1;32mok\x1b[0m <done>\r\r\n";
//! assert_eq!(ansi::plain_text(log), "ok <done>\n");
//! let lines = ansi::read_all(log);
//! assert_eq!(lines[0].at_milliseconds, Some(1_700_000_000_000));
//! assert_eq!(ansi::html::line(&lines[0]), r#"<span class="bold fg-2">ok</span> &lt;done&gt;"#);
//! ```

mod color;
pub mod html;
mod reader;
pub mod section;
mod sgr;
pub mod terminal;
#[cfg(test)]
mod tests;

pub use color::Color;
pub use reader::LogReader;

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Heavier.
    pub bold: bool,
    /// Paler.
    pub dim: bool,
    /// Slanted.
    pub italic: bool,
    /// With a line below.
    pub underline: bool,
    /// Crossed out.
    pub strike: bool,
    /// Foreground and background change places.
    pub inverse: bool,
    /// Colour of the text; `None` is the default.
    pub foreground: Option<Color>,
    /// Colour behind the text; `None` is the default.
    pub background: Option<Color>,
}

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// How it looks.
    pub style: Style,
    /// The characters, without any control character.
    pub text: String,
}

/// One line of a log, without its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// When the agent saw it begin, in milliseconds since 1970.
    pub at_milliseconds: Option<i64>,
    /// Its text; neighbours differ in style.
    pub spans: Vec<Span>,
}

impl Line {
    /// The text without styles.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }
}

/// All lines of a complete log; a last line without an end counts.
pub fn read_all(log: &[u8]) -> Vec<Line> {
    let mut reader = LogReader::default();
    let mut lines = reader.push(log);
    lines.extend(reader.finish());
    lines
}

/// A complete log without styles and time stamps, each line with a line feed.
pub fn plain_text(log: &[u8]) -> String {
    let mut text = String::with_capacity(log.len());
    for line in read_all(log) {
        for span in &line.spans {
            text.push_str(&span.text);
        }
        text.push('\n');
    }
    text
}
