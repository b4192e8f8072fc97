//! From bytes to lines.

use super::{Line, Span, Style, sgr};

const ESCAPE: char = '\x1b';
const BELL: char = '\x07';

/// Moving the cursor further right than this is a jest, not a progress bar.
const WIDEST: usize = 4096;

/// Characters of one line that are kept: nobody reads a longer one, but a binary file printed by
/// mistake would take many times its size.
const LONGEST: usize = 65_536;

/// Reads a log piece by piece. Pieces may be cut anywhere, within a character or an escape
/// sequence too, because only whole lines are looked at.
#[derive(Debug, Default)]
pub struct LogReader {
    pending: Vec<u8>,
    style: Style,
}

impl LogReader {
    /// Takes more of the log and returns the lines that are now complete.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.pending.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let bytes = std::mem::take(&mut self.pending);
                lines.push(self.line(&String::from_utf8_lossy(&bytes)));
            }
        }
        lines
    }

    /// The last line, if the log does not end with a line feed.
    pub fn finish(&mut self) -> Option<Line> {
        let bytes = std::mem::take(&mut self.pending);
        if bytes.is_empty() { None } else { Some(self.line(&String::from_utf8_lossy(&bytes))) }
    }

    fn line(&mut self, text: &str) -> Line {
        let mut screen = Screen { style: self.style, ..Screen::default() };
        screen.write(text);
        self.style = screen.style;
        Line { at_milliseconds: screen.at_milliseconds, spans: spans(screen.cells) }
    }
}

/// One row of a terminal.
#[derive(Default)]
struct Screen {
    cells: Vec<(char, Style)>,
    column: usize,
    style: Style,
    at_milliseconds: Option<i64>,
}

impl Screen {
    fn write(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                ESCAPE => self.escape(after),
                '\r' => {
                    self.column = 0;
                    after
                }
                '\x08' => {
                    self.column = self.column.saturating_sub(1);
                    after
                }
                '\t' => {
                    self.put('\t');
                    after
                }
                c if c.is_control() => after,
                c => {
                    self.put(c);
                    after
                }
            };
        }
    }

    fn put(&mut self, c: char) {
        if self.column >= LONGEST {
            if let Some(last) = self.cells.last_mut() {
                last.0 = '…';
            }
            return;
        }
        self.cells.resize(self.cells.len().max(self.column), (' ', Style::default()));
        let cell = (c, self.style);
        match self.cells.get_mut(self.column) {
            Some(old) => *old = cell,
            None => self.cells.push(cell),
        }
        self.column += 1;
    }

    /// Carries out the sequence whose escape character has been read; returns what follows it.
    fn escape<'a>(&mut self, text: &'a str) -> &'a str {
        match text.chars().next() {
            Some('[') => self.control(&text[1..]),
            Some('_') => {
                let (content, after) = string_end(&text[1..]);
                self.stamp(content);
                after
            }
            // Titles, links, images, device strings: only their end matters.
            Some(']' | 'P' | '^' | 'X') => string_end(&text[1..]).1,
            // Character sets take one more character.
            Some('(' | ')' | '*' | '+' | '#' | '%') => skip_chars(text, 2),
            Some(_) => skip_chars(text, 1),
            None => text,
        }
    }

    /// `ESC _ bk;t=<milliseconds> BEL`; the first one of a line counts.
    fn stamp(&mut self, content: &str) {
        let time = content.strip_prefix("bk;t=").and_then(|time| time.parse().ok());
        self.at_milliseconds = self.at_milliseconds.or(time);
    }

    fn control<'a>(&mut self, text: &'a str) -> &'a str {
        let Some(end) = text.find(|c: char| ('\x40'..='\x7e').contains(&c)) else {
            return "";
        };
        let (parameters, after) = (&text[..end], &text[end + 1..]);
        let count = || parameters.parse::<usize>().unwrap_or(1).max(1);
        match text.as_bytes()[end] {
            b'm' => sgr::apply(&mut self.style, parameters),
            b'K' => self.erase(parameters),
            b'C' => self.column = (self.column + count()).min(WIDEST),
            b'D' => self.column = self.column.saturating_sub(count()),
            b'G' => self.column = (count() - 1).min(WIDEST),
            // Moving between rows cannot be shown in a log that is read line by line.
            _ => {}
        }
        after
    }

    fn erase(&mut self, parameters: &str) {
        match parameters {
            "1" => {
                let end = self.cells.len().min(self.column + 1);
                self.cells[..end].fill((' ', Style::default()));
            }
            "2" => self.cells.clear(),
            _ => self.cells.truncate(self.column),
        }
    }
}

/// Splits at the bell or `ESC \` that ends a string; an unfinished string swallows the rest.
fn string_end(text: &str) -> (&str, &str) {
    let bell = text.find(BELL).map(|at| (at, 1));
    let terminator = text.find("\x1b\\").map(|at| (at, 2));
    match bell.into_iter().chain(terminator).min() {
        Some((at, length)) => (&text[..at], &text[at + length..]),
        None => (text, ""),
    }
}

fn skip_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or("", |(at, _)| &text[at..])
}

fn spans(cells: Vec<(char, Style)>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (c, style) in cells {
        match spans.last_mut() {
            Some(last) if last.style == style => last.text.push(c),
            _ => spans.push(Span { style, text: c.to_string() }),
        }
    }
    spans
}
