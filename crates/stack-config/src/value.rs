//! One value from a word of the command line or environment, or from a node of the file
//! (controller-config 2, 3).

use std::time::Duration;

use yaml_source::{Node, Scalar, Style};

use crate::duration::{DurationError, parse_duration};

/// Why a value does not fit its type.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

impl Misfit {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn type_error(expected: &str, node: &Node) -> Self {
        Self::new(format!("expected {expected}, found {}{}", node.type_name(), quoted(node)))
    }
}

/// What was written, for messages; nothing for collections and null.
fn quoted(node: &Node) -> String {
    match node.written() {
        Some(written) if !node.is_null() => format!(" `{written}`"),
        _ => String::new(),
    }
}

pub(crate) fn text(node: &Node) -> Result<String, Misfit> {
    match node.scalar() {
        Some(Scalar::Text(text)) => Ok(text.to_owned()),
        // `yes` and its kind are booleans only where one is expected.
        Some(Scalar::Bool(_)) if node.style() == Style::Plain => {
            let written = node.written().unwrap_or_default();
            if written.eq_ignore_ascii_case("true") || written.eq_ignore_ascii_case("false") {
                return Err(Misfit::type_error("text", node).hint("put it in quotes"));
            }
            Ok(written.to_owned())
        }
        Some(_) => Err(Misfit::type_error("text", node).hint("put it in quotes")),
        None => Err(Misfit::type_error("text", node)),
    }
}

/// A Kubernetes quantity as it was written, with or without quotes.
pub(crate) fn quantity(node: &Node) -> Result<String, Misfit> {
    match (node.scalar(), node.written()) {
        (Some(Scalar::Text(text)), _) => Ok(text.to_owned()),
        (Some(Scalar::Int(_) | Scalar::Float(_)), Some(written)) => Ok(written.to_owned()),
        _ => Err(Misfit::type_error("a quantity such as 500m, 2 or 1.5Gi", node)),
    }
}

pub(crate) fn boolean(node: &Node) -> Result<bool, Misfit> {
    let misfit = || Misfit::type_error("true or false", node);
    match node.as_bool() {
        Some(value) => Ok(value),
        None if node.as_str().is_some_and(|text| boolean_word(text).is_ok()) => {
            Err(misfit().hint("drop the quotes"))
        }
        None => Err(misfit()),
    }
}

pub(crate) fn integer(node: &Node) -> Result<i64, Misfit> {
    let misfit = || Misfit::type_error("a whole number", node);
    match node.scalar() {
        Some(Scalar::Int(value)) => Ok(value),
        Some(Scalar::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole and far inside the range")]
            Ok(value as i64)
        }
        Some(Scalar::Text(text)) if integer_word(text).is_ok() => Err(misfit().hint("drop the quotes")),
        _ => Err(misfit()),
    }
}

pub(crate) fn duration(node: &Node) -> Result<Duration, Misfit> {
    match node.scalar() {
        Some(Scalar::Text(text)) => duration_word(text),
        Some(Scalar::Int(0)) => Ok(Duration::ZERO),
        Some(Scalar::Int(value)) => {
            Err(Misfit::new(format!("`{value}` has no unit")).hint(format!("did you mean {value}s?")))
        }
        _ => Err(Misfit::type_error("a duration such as 10m, 1h30m or 500ms", node)),
    }
}

/// A list of text; problems carry the index.
pub(crate) fn texts(node: &Node) -> Result<Vec<String>, (Option<usize>, Misfit)> {
    let items = node
        .as_sequence()
        .ok_or_else(|| (None, Misfit::type_error("a list", node).hint("write each item behind a dash")))?;
    let read = |(index, item)| text(item).map_err(|misfit| (Some(index), misfit));
    items.iter().enumerate().map(read).collect()
}

pub(crate) fn boolean_word(word: &str) -> Result<bool, Misfit> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "t" | "y" | "on" => Ok(true),
        "false" | "0" | "no" | "f" | "n" | "off" => Ok(false),
        _ => Err(Misfit::new(format!("`{word}` is neither true nor false"))),
    }
}

pub(crate) fn integer_word(word: &str) -> Result<i64, Misfit> {
    let misfit = || Misfit::new(format!("`{word}` is not a whole number"));
    let plain = word.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // `from_str_radix` would take a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(misfit());
    }
    let magnitude = i64::from_str_radix(digits, radix).map_err(|_| misfit())?;
    Ok(if negative { -magnitude } else { magnitude })
}

pub(crate) fn duration_word(word: &str) -> Result<Duration, Misfit> {
    parse_duration(word).map_err(|error| {
        let misfit = Misfit::new(format!("`{word}` {error}"));
        match error {
            DurationError::NoUnit if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                Misfit::new(format!("`{word}` has no unit")).hint(format!("did you mean {word}s?"))
            }
            DurationError::Negative => misfit.hint("durations start at 0s"),
            _ => misfit,
        }
    })
}

/// Splits at commas; `\,` is a comma that stays. Empty text is an empty list.
pub(crate) fn list_word(word: &str) -> Vec<String> {
    if word.is_empty() {
        return Vec::new();
    }
    let mut items = vec![String::new()];
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        let last = items.last_mut().expect("there is always one");
        match character {
            '\\' if characters.peek() == Some(&',') => {
                last.push(',');
                characters.next();
            }
            ',' => items.push(String::new()),
            _ => last.push(character),
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_command_line() {
        for word in ["true", "TRUE", "1", "yes", "t", "y", "on"] {
            assert!(boolean_word(word).unwrap(), "{word}");
        }
        for word in ["false", "0", "No", "f", "n", "OFF"] {
            assert!(!boolean_word(word).unwrap(), "{word}");
        }
        assert!(boolean_word("maybe").is_err());
        let rows = [
            ("5", 5),
            ("-5", -5),
            ("+5", 5),
            ("0x10", 16),
            ("0o17", 15),
            ("0b11", 3),
            ("1_000", 1000),
            ("0", 0),
        ];
        for (word, want) in rows {
            assert_eq!(integer_word(word).unwrap(), want, "{word}");
        }
        for word in ["", "x", "1.5", "--5", "0x", "1e3", "99999999999999999999"] {
            assert!(integer_word(word).is_err(), "{word:?}");
        }
        assert_eq!(list_word("a=b,c=d"), ["a=b", "c=d"]);
        assert_eq!(list_word(r"a=b\,c"), ["a=b,c"]);
        assert_eq!(list_word(""), Vec::<String>::new());
        assert_eq!(list_word("a,"), ["a", ""]);
    }
}
