//! What can be wrong with a text, and the way out.

use granit_parser::{ErrorKind, ScanError};

use crate::span::{Lines, Span};

const TAB: &str = "indentation contains a tab; YAML allows only spaces";
const TAB_HINT: &str = "replace it with spaces";

/// A text that is not acceptable YAML.
///
/// Displays as `file:line:column: what; hint`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{span}: {message}{}", self.hint_suffix())]
pub struct YamlError {
    /// Name of the source as given to the reader.
    pub file: String,
    /// Where it is.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it, when that can be told.
    pub hint: Option<String>,
}

impl YamlError {
    fn hint_suffix(&self) -> String {
        match &self.hint {
            Some(hint) => format!("; {hint}"),
            None => String::new(),
        }
    }

    pub(crate) fn new(file: &str, span: Span, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), span, message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn tab(file: &str, span: Span) -> Self {
        Self::new(file, span, TAB).with_hint(TAB_HINT)
    }

    /// A syntax error, with a hint drawn from the line it is on.
    pub(crate) fn syntax(file: &str, lines: &Lines<'_>, error: &ScanError) -> Self {
        let at = error.marker().byte_offset().unwrap_or_default();
        let span = lines.span(at, at);
        let line = lines.line(span.line);
        let (message, hint) = explain(error.kind(), line);
        let built = Self::new(file, span, message.unwrap_or_else(|| error.info()));
        match hint {
            Some(hint) => built.with_hint(hint),
            None => built,
        }
    }
}

/// The parser objects to a tab.
pub(crate) fn is_tab_error(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
    )
}

/// Our words for the mistakes people make; `None` keeps the parser's.
fn explain(kind: &ErrorKind, line: &str) -> (Option<String>, Option<String>) {
    if is_tab_error(kind) {
        return (Some(TAB.to_owned()), Some(TAB_HINT.to_owned()));
    }
    if let ErrorKind::UnexpectedCharacter { character } = kind {
        return (
            Some(format!("\"{character}\" cannot start a plain value")),
            Some("put the value in quotes".to_owned()),
        );
    }
    if line.contains(": {{") || line.contains("- {{") {
        let hint = "a value that starts with \"{\" is read as YAML; put \"{{…}}\" in quotes";
        return (None, Some(hint.to_owned()));
    }
    if line.trim_end().ends_with('*') || line.contains(": *") || line.contains("- *") {
        let hint = "a value that starts with \"*\" is read as an alias; put the pattern in quotes";
        return (None, Some(hint.to_owned()));
    }
    if line.matches(": ").count() > 1 {
        let hint = "a value that contains \": \" must be quoted: put all of it in single quotes, \
                    or use a block scalar";
        return (None, Some(hint.to_owned()));
    }
    (None, None)
}
