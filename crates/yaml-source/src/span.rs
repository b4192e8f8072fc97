//! Places in a source text.

use std::fmt;
use std::ops::Range;

/// A stretch of the source: bytes for tools, line and column for people.
///
/// Displays as `line:column` of its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

impl Span {
    /// The bytes covered.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Byte offsets of line starts, to turn offsets into lines and columns.
///
/// The parser counts these too, but it counts a byte-order mark as a column and follows YAML's idea
/// of a line break; editors do not.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(after_breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(crate) fn span(&self, start: usize, end: usize) -> Span {
        let start = start.min(self.text.len());
        let line = self.starts.partition_point(|at| *at <= start);
        let line_start = self.starts[line - 1];
        let before = self.text.get(line_start..start).unwrap_or("");
        let column = before.chars().filter(|character| *character != '\u{feff}').count() + 1;
        Span {
            start,
            end: end.max(start),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// The text of a line (from 1) without its break.
    pub(crate) fn line(&self, line: u32) -> &'a str {
        let index = line.saturating_sub(1) as usize;
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        self.text[start..].lines().next().unwrap_or("")
    }
}
