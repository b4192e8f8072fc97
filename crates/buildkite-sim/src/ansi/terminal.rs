//! Lines for a terminal: colours kept, everything else gone.

use std::fmt::Write as _;

use super::section::{self, Kind, Mark};
use super::{Color, Line, Style};

/// A line with its colours, ending in the default style; time stamps and cursor movements are
/// gone, so that a prefix can stand before it. Section headers are set in bold (the agent's own
/// pale) when they bring no style of their own.
pub fn line(line: &Line) -> String {
    let header = match section::mark(line) {
        Mark::Header { kind: Kind::Muted, .. } => Style { dim: true, ..Style::default() },
        Mark::Header { .. } => Style { bold: true, ..Style::default() },
        Mark::Text | Mark::Open => Style::default(),
    };
    let mut text = String::new();
    for span in &line.spans {
        let style = if span.style == Style::default() { header } else { span.style };
        if style == Style::default() {
            text.push_str(&span.text);
        } else {
            write!(text, "\x1b[{}m{}\x1b[0m", codes(style), span.text).expect("writing to a string");
        }
    }
    text
}

fn codes(style: Style) -> String {
    let Style { bold, dim, italic, underline, strike, inverse, foreground, background } = style;
    let flags = [(bold, "1"), (dim, "2"), (italic, "3"), (underline, "4"), (inverse, "7"), (strike, "9")];
    let mut codes: Vec<String> =
        flags.iter().filter(|(on, _)| *on).map(|(_, code)| (*code).to_owned()).collect();
    codes.extend(foreground.map(|color| color_code(color, 30)));
    codes.extend(background.map(|color| color_code(color, 40)));
    codes.join(";")
}

fn color_code(color: Color, first: u16) -> String {
    match color {
        Color::Named(number @ 0..=7) => (first + u16::from(number)).to_string(),
        Color::Named(number) => (first + 60 + u16::from(number % 8)).to_string(),
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", first + 8),
    }
}
