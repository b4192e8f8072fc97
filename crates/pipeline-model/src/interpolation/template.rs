//! The grammar of one text (pipeline-format 4.1).
//!
//! A text is read as a whole before anything is replaced: what is wrong in a default is refused also where the
//! default is not taken, and a default is looked at only where it is.

use super::{Interpolated, InterpolationError, Variables};

/// Defaults within defaults; far more than anyone writes, far less than the stack holds.
const MOST_LEVELS: usize = 64;

/// What a text is made of.
pub(super) struct Template<'a> {
    parts: Vec<Part<'a>>,
}

enum Part<'a> {
    Text(&'a str),
    Expansion(Expansion<'a>),
}

/// `$NAME` or `${NAME…}`.
struct Expansion<'a> {
    written: &'a str,
    name: &'a str,
    form: Form<'a>,
}

enum Form<'a> {
    /// The value, or nothing.
    Value,
    /// `:-`
    UnlessEmpty(Template<'a>),
    /// `-`
    UnlessUnset(Template<'a>),
    /// `?`
    Required(Template<'a>),
    /// `:`, in bytes.
    Substring { from: i64, length: Option<i64> },
}

impl<'a> Template<'a> {
    /// Reads a text.
    pub(super) fn parse(text: &'a str) -> Result<Self, InterpolationError> {
        Parser { text, at: 0, level: 0 }.template()
    }

    /// Appends the text with the values of the variables.
    pub(super) fn expand(
        &self,
        variables: &Variables,
        into: &mut Interpolated,
    ) -> Result<(), InterpolationError> {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => {
                into.text.push_str(text);
                Ok(())
            }
            Part::Expansion(expansion) => expansion.expand(variables, into),
        })
    }
}

impl Expansion<'_> {
    fn expand(&self, variables: &Variables, into: &mut Interpolated) -> Result<(), InterpolationError> {
        let value = variables.get(self.name);
        let is_known = value.is_some() || variables.complete;
        match (&self.form, value) {
            (Form::UnlessEmpty(default), None | Some("")) | (Form::UnlessUnset(default), None) => {
                return default.expand(variables, into);
            }
            _ if !is_known => into.keep(self.name, self.written),
            (Form::Required(message), None) => return Err(self.missing(message, variables)?),
            (Form::Substring { from, length }, value) => {
                push_substring(&mut into.text, value.unwrap_or_default(), *from, *length);
            }
            (_, value) => into.text.push_str(value.unwrap_or_default()),
        }
        Ok(())
    }

    fn missing(
        &self,
        message: &Template<'_>,
        variables: &Variables,
    ) -> Result<InterpolationError, InterpolationError> {
        let mut text = Interpolated::default();
        message.expand(variables, &mut text)?;
        let message = if text.text.is_empty() { "not set".to_owned() } else { text.text };
        Ok(InterpolationError::Required { name: self.name.to_owned(), message })
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    level: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    /// Up to the end, or within an expansion up to the `}` that ends it.
    fn template(&mut self) -> Result<Template<'a>, InterpolationError> {
        let mut parts = Vec::new();
        let mut start = self.at;
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { break };
            if first == '}' && self.level > 0 {
                break;
            }
            if rest.starts_with("\\\\") {
                // Both stay; the second protects nothing.
                self.at += 2;
                continue;
            }
            let escaped = rest.starts_with("$$") || rest.starts_with("\\$");
            let variable = first == '$' && rest[1..].starts_with(|c| c == '{' || is_letter(c));
            if !escaped && !variable {
                self.at += first.len_utf8();
                continue;
            }
            parts.push(Part::Text(&self.text[start..self.at]));
            if escaped {
                parts.push(Part::Text("$"));
                self.at += 2;
            } else {
                parts.push(Part::Expansion(self.expansion()?));
            }
            start = self.at;
        }
        parts.push(Part::Text(&self.text[start..self.at]));
        Ok(Template { parts })
    }

    fn expansion(&mut self) -> Result<Expansion<'a>, InterpolationError> {
        let start = self.at;
        self.at += 1;
        let (name, form) = if self.take("{") {
            let name = self.name().ok_or_else(|| match self.rest().chars().next() {
                Some('{') => InterpolationError::Braces,
                after => InterpolationError::Name { after: after.map(String::from).unwrap_or_default() },
            })?;
            (name, self.braced(name)?)
        } else {
            (self.name().expect("the caller saw a letter"), Form::Value)
        };
        Ok(Expansion { written: &self.text[start..self.at], name, form })
    }

    /// What follows the name, with the closing brace.
    fn braced(&mut self, name: &'a str) -> Result<Form<'a>, InterpolationError> {
        let form = if self.take(":-") {
            Form::UnlessEmpty(self.inner()?)
        } else if self.take("-") {
            Form::UnlessUnset(self.inner()?)
        } else if self.take("?") {
            Form::Required(self.inner()?)
        } else if self.take(":") {
            self.substring(name)?
        } else {
            Form::Value
        };
        if self.take("}") {
            return Ok(form);
        }
        let name = name.to_owned();
        Err(match self.rest().chars().next() {
            None => InterpolationError::Unclosed { name },
            Some(operator) => InterpolationError::Operator { name, operator },
        })
    }

    fn inner(&mut self) -> Result<Template<'a>, InterpolationError> {
        if self.level == MOST_LEVELS {
            return Err(InterpolationError::TooDeep(MOST_LEVELS));
        }
        self.level += 1;
        let inner = self.template();
        self.level -= 1;
        inner
    }

    /// Numbers may have blanks around them, and need one before a minus sign.
    fn substring(&mut self, name: &str) -> Result<Form<'a>, InterpolationError> {
        let end =
            self.rest().find('}').ok_or_else(|| InterpolationError::Unclosed { name: name.to_owned() })?;
        let inside = &self.rest()[..end];
        self.at += end;
        let number = |text: &str| {
            text.trim().parse().map_err(|_| InterpolationError::Substring { name: name.to_owned() })
        };
        let (from, length) = match inside.split_once(':') {
            Some((from, length)) => (from, Some(length)),
            None => (inside, None),
        };
        Ok(Form::Substring { from: number(from)?, length: length.map(number).transpose()? })
    }

    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(is_letter) {
            return None;
        }
        let end = rest.find(|c: char| !(is_letter(c) || c.is_numeric() || c == '_')).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }
}

/// A letter by its Unicode class. Rust also counts vowel signs and circled letters, of which no name is known.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric()
}

/// A negative start or length counts from the end; what lies outside is cut off.
fn push_substring(into: &mut String, value: &str, from: i64, length: Option<i64>) {
    let total = i64::try_from(value.len()).expect("a text is shorter than 2^63 bytes");
    let from = if from < 0 { from.saturating_add(total).max(0) } else { from.min(total) };
    let to = match length {
        None => total,
        Some(length) if length < 0 => length.saturating_add(total).max(from),
        Some(length) => from.saturating_add(length).min(total),
    };
    let at = |place: i64| usize::try_from(place).expect("between 0 and the length");
    for chunk in value.as_bytes()[at(from)..at(to)].utf8_chunks() {
        into.push_str(chunk.valid());
        // A character that is cut apart is posted as one of these for each of its bytes.
        into.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}
