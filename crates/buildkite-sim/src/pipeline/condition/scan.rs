//! Characters of a condition: blanks, comments, words and quoted parts.

use super::ConditionError;

/// A position in the text, moved forward by the parser.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ConditionError {
        let column = self.text[..self.at].chars().count() + 1;
        ConditionError::Syntax { column, message: message.into() }
    }

    /// Skips blanks and `//` comments.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Takes `symbol` if it comes next.
    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// The next word (letters, digits, `_` and `.`) without taking it; empty when there is none.
    pub(super) fn peek_word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        &rest[..end.unwrap_or(rest.len())]
    }

    /// Moves past a word that [`peek_word`](Self::peek_word) returned.
    pub(super) fn skip_word(&mut self, word: &str) {
        self.at += word.len();
    }

    /// The text up to an unescaped `quote`, whose opening one has been taken. `\quote` and `\\`
    /// lose the backslash unless `raw`; other backslashes stay.
    pub(super) fn quoted(&mut self, quote: char, raw: bool) -> Result<String, ConditionError> {
        let mut content = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((offset, c)) = chars.next() {
            if c == quote {
                self.at += offset + c.len_utf8();
                return Ok(content);
            }
            if c != '\\' {
                content.push(c);
                continue;
            }
            match chars.next() {
                Some((_, next)) if !raw && (next == quote || next == '\\') => content.push(next),
                Some((_, next)) if raw && next == quote => content.push(next),
                Some((_, next)) => content.extend(['\\', next]),
                None => break,
            }
        }
        Err(self.error(format!("this {quote} is never closed")))
    }
}
