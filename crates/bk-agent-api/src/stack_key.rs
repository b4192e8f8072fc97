//! The key under which a stack registers.

use std::fmt;

/// Longest key the API takes, in bytes (`stacks-api` 6.1).
const MAX_BYTES: usize = 80;

/// Why a text cannot be a stack key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StackKeyError {
    /// The key is empty.
    #[error("the stack key is empty")]
    Empty,
    /// The key has more than 80 bytes.
    #[error("the stack key `{key}` is {} bytes long, at most 80 are allowed", key.len())]
    TooLong {
        /// The key as given.
        key: String,
    },
    /// Only letters, digits, `_` and `-` are allowed.
    #[error("the stack key `{key}` contains `{character}`; only letters, digits, `_` and `-` are allowed")]
    IllegalCharacter {
        /// The key as given.
        key: String,
        /// The first offending character.
        character: char,
    },
}

/// A stack key: unique in the organization, letters, digits, `_`, `-`, at most 80 bytes.
///
/// Checked here, once, because escaping cannot save a bad one: a segment of dots disappears in
/// URL parsing (`stacks-api` 1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackKey(String);

impl StackKey {
    /// Checks a key.
    ///
    /// # Errors
    /// [`StackKeyError`] names what is wrong with it.
    pub fn new(key: &str) -> Result<Self, StackKeyError> {
        if key.is_empty() {
            return Err(StackKeyError::Empty);
        }
        if key.len() > MAX_BYTES {
            return Err(StackKeyError::TooLong { key: key.to_owned() });
        }
        let illegal = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        if let Some(character) = key.chars().find(illegal) {
            return Err(StackKeyError::IllegalCharacter { key: key.to_owned(), character });
        }
        Ok(Self(key.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lifecycle X29
    #[test]
    fn keys_are_checked_at_start() {
        let longest = "k".repeat(80);
        for good in ["k8s-eu-1", "A_b-9", longest.as_str()] {
            assert_eq!(StackKey::new(good).unwrap().as_str(), good);
        }
        let too_long = "k".repeat(81);
        for bad in ["", "team.alpha", "..", "a b", "a/b", "\u{fc}", too_long.as_str()] {
            assert!(StackKey::new(bad).is_err(), "{bad}");
        }
    }
}
