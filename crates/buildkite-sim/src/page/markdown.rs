//! The little of Markdown that annotations mostly use. Everything is escaped first.

use crate::ansi::html::escape;

/// Headings, lists, paragraphs, code blocks; bold and code within a line. Other marks are shown as
/// they are, and so is HTML.
pub(super) fn to_html(body: &str) -> String {
    let mut html = String::new();
    let mut open: Option<&str> = None;
    let mut code = false;
    for line in body.lines() {
        if line.trim_start().starts_with("```") {
            switch(&mut html, &mut open, None);
            html.push_str(if code { "</code></pre>" } else { "<pre><code>" });
            code = !code;
            continue;
        }
        if code {
            html.push_str(&escape(line));
            html.push('\n');
            continue;
        }
        let text = line.trim();
        let heading = text.trim_start_matches('#');
        let depth = text.len() - heading.len();
        let item = text.strip_prefix("- ").or_else(|| text.strip_prefix("* "));
        if text.is_empty() {
            switch(&mut html, &mut open, None);
        } else if (1..=6).contains(&depth) && heading.starts_with(' ') {
            switch(&mut html, &mut open, None);
            html.push_str(&format!("<h4>{}</h4>", inline(heading.trim())));
        } else if let Some(item) = item {
            switch(&mut html, &mut open, Some("ul"));
            html.push_str(&format!("<li>{}</li>", inline(item)));
        } else {
            if open == Some("p") {
                html.push('\n');
            }
            switch(&mut html, &mut open, Some("p"));
            html.push_str(&inline(text));
        }
    }
    switch(&mut html, &mut open, None);
    if code {
        html.push_str("</code></pre>");
    }
    html
}

/// Closes the open element and opens the wanted one, unless it is open already.
fn switch(html: &mut String, open: &mut Option<&'static str>, wanted: Option<&'static str>) {
    if *open == wanted {
        return;
    }
    if let Some(name) = open {
        html.push_str(&format!("</{name}>"));
    }
    if let Some(name) = wanted {
        html.push_str(&format!("<{name}>"));
    }
    *open = wanted;
}

fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            html.push_str(&format!("<code>{}</code>", escape(part)));
            continue;
        }
        for (index, piece) in part.split("**").enumerate() {
            let piece = escape(piece);
            html.push_str(&if index % 2 == 1 { format!("<strong>{piece}</strong>") } else { piece });
        }
    }
    html
}
