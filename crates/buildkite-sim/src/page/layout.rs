//! The frame around every page.

use crate::ansi::html::escape;

/// A whole document. `live` makes the script ask for news.
pub(super) fn document(title: &str, live: bool, body: &str) -> String {
    let title = escape(title);
    let live = if live { " data-live" } else { "" };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/assets/page.css\">\n\
         <script src=\"/assets/page.js\" defer></script>\n</head>\n<body{live}>\n\
         <header class=\"bar\"><a href=\"/\">buildkite-sim</a>\
         <span>a local Buildkite, in memory</span></header>\n\
         <main>\n{body}\n</main>\n</body>\n</html>\n"
    )
}

/// A state as a badge: a word and a colour. The text is the state with blanks.
pub(super) fn badge(state: &str) -> String {
    let text = escape(&state.replace('_', " "));
    format!("<span class=\"state\" data-state=\"{}\">{text}</span>", escape(state))
}

/// Only the colour, for lists.
pub(super) fn dot(state: &str) -> String {
    let state = escape(state);
    let text = state.replace('_', " ");
    format!("<i class=\"dot\" data-state=\"{state}\" title=\"{text}\"></i>")
}
