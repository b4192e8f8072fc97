//! Lines as HTML. Everything that came from the log is escaped.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::section::{self, Mark};
use super::{Color, Line, Style};

/// `text` with the characters that mean something to HTML replaced.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The styled text of a line, without any element around it. Named colours become the classes
/// `fg-0` to `fg-15` and `bg-0` to `bg-15`.
pub fn line(line: &Line) -> String {
    let mut html = String::new();
    for span in &line.spans {
        let attributes = attributes(span.style);
        if attributes.is_empty() {
            html.push_str(&escape(&span.text));
        } else {
            let text = escape(&span.text);
            write!(html, "<span{attributes}>{text}</span>").expect("writing to a string");
        }
    }
    html
}

/// A line as an element, numbered from 1, with its time as the title.
pub fn row(number: usize, content: &Line) -> String {
    let title = match content.at_milliseconds.and_then(|at| Timestamp::from_millisecond(at).ok()) {
        Some(time) => format!(" title=\"{time}\""),
        None => String::new(),
    };
    let text = line(content);
    format!("<div class=\"line\" data-line=\"{number}\"{title}>{text}</div>")
}

/// One step of showing a log: what to add after what is already there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "do", content = "with")]
pub enum Addition {
    /// Begin a section with this summary (HTML).
    Section {
        /// `folded`, `open` or `muted`.
        kind: &'static str,
        /// The header as HTML.
        summary: String,
    },
    /// Add this row (HTML) to the last section.
    Row(String),
    /// Unfold the last section.
    Unfold,
}

/// Turns lines into additions; `before` lines have been shown already.
pub fn additions(before: usize, lines: &[Line]) -> Vec<Addition> {
    let one = |(index, content): (usize, &Line)| match section::mark(content) {
        Mark::Text => Addition::Row(row(before + index + 1, content)),
        Mark::Header { kind, title } => Addition::Section { kind: kind.name(), summary: escape(&title) },
        Mark::Open => Addition::Unfold,
    };
    lines.iter().enumerate().map(one).collect()
}

/// A part of a log under one header; what comes before the first header has none.
#[derive(Default)]
struct Section {
    header: Option<(&'static str, String)>,
    open: bool,
    rows: String,
}

/// A whole log: sections as `details`, folded as their marks say. The last one is unfolded when
/// `running`, since that is where things happen, and when no other is, since something should be
/// seen.
pub fn log(lines: &[Line], running: bool) -> String {
    let mut sections = Vec::new();
    let mut current = Section::default();
    for addition in additions(0, lines) {
        match addition {
            Addition::Row(row) => current.rows.push_str(&row),
            Addition::Unfold => current.open = true,
            Addition::Section { kind, summary } => {
                let next =
                    Section { header: Some((kind, summary)), open: kind == "open", rows: String::new() };
                sections.push(std::mem::replace(&mut current, next));
            }
        }
    }
    let none_open = !sections.iter().any(|section: &Section| section.open && section.header.is_some());
    current.open |= running || none_open;
    sections.push(current);
    sections.iter().map(section_html).collect()
}

fn section_html(section: &Section) -> String {
    let Section { header, open, rows } = section;
    let open = if *open { " open" } else { "" };
    match header {
        None => format!("<div class=\"rows\">{rows}</div>"),
        Some((kind, summary)) => format!(
            "<details class=\"section {kind}\"{open}><summary>{summary}</summary>\
             <div class=\"rows\">{rows}</div></details>"
        ),
    }
}

fn attributes(style: Style) -> String {
    let Style { bold, dim, italic, underline, strike, inverse, foreground, background } = style;
    let (foreground, background) = if inverse { (background, foreground) } else { (foreground, background) };
    let mut classes: Vec<String> = Vec::new();
    let flags = [
        (bold, "bold"),
        (dim, "dim"),
        (italic, "italic"),
        (underline, "underline"),
        (strike, "strike"),
        (inverse, "inverse"),
    ];
    classes.extend(flags.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()));
    let mut rules: Vec<String> = Vec::new();
    let colors = [(foreground, "fg", "color"), (background, "bg", "background")];
    for (color, class, property) in colors {
        match color {
            None => {}
            Some(Color::Named(number)) => classes.push(format!("{class}-{number}")),
            Some(Color::Rgb(red, green, blue)) => {
                rules.push(format!("{property}:#{red:02x}{green:02x}{blue:02x}"));
            }
        }
    }
    let mut attributes = String::new();
    if !classes.is_empty() {
        write!(attributes, " class=\"{}\"", classes.join(" ")).expect("writing to a string");
    }
    if !rules.is_empty() {
        write!(attributes, " style=\"{}\"", rules.join(";")).expect("writing to a string");
    }
    attributes
}
