//! Credentials in types that print nothing, and the handle through which a token is rotated.

use std::fmt;
use std::sync::{Arc, RwLock};

use http::HeaderValue;

/// Why a text cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing left after trimming white space.
    #[error("the agent token is empty")]
    Empty,
    /// A token travels in a header: visible ASCII only.
    #[error(
        "the agent token contains characters that no token has (white space inside, control or non-ASCII)"
    )]
    IllegalCharacter,
}

/// The cluster agent token. `Debug` hides it, there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentToken(Arc<str>);

impl AgentToken {
    /// Takes a token as read from a Secret or a variable; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`TokenError`] if nothing is left or a character cannot stand in a header.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::IllegalCharacter);
        }
        Ok(Self(text.into()))
    }

    /// The value of the `Authorization` header: scheme `Token`, marked sensitive.
    pub(crate) fn authorization(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&format!("Token {}", self.0))
            .expect("construction admits visible ASCII only");
        value.set_sensitive(true);
        value
    }

    /// The secret itself, for removing it from texts.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AgentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentToken(hidden)")
    }
}

/// A job acquisition token: lets one agent register and acquire one job (`stacks-api` 6.9).
#[derive(Clone, PartialEq, Eq)]
pub struct JobAcquisitionToken(Box<str>);

impl JobAcquisitionToken {
    pub(crate) fn new(text: String) -> Self {
        Self(text.into_boxed_str())
    }

    /// The secret itself. The only rightful place for it is the Secret of its job.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for JobAcquisitionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobAcquisitionToken(hidden)")
    }
}

/// The token in use, shared and exchangeable while calls are under way.
///
/// Each attempt of a call reads it anew, so a retry after a rotation already carries the new one.
#[derive(Clone)]
pub struct TokenHandle(Arc<RwLock<AgentToken>>);

impl TokenHandle {
    /// A handle that starts with this token.
    #[must_use]
    pub fn new(token: AgentToken) -> Self {
        Self(Arc::new(RwLock::new(token)))
    }

    /// The token in use now.
    #[must_use]
    pub fn current(&self) -> AgentToken {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Exchanges the token; true if it differs from the one before.
    pub fn replace(&self, token: AgentToken) -> bool {
        let mut current = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let changed = *current != token;
        *current = token;
        changed
    }
}

impl fmt::Debug for TokenHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHandle(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// stacks-api P22
    #[test]
    fn secrets_do_not_print() {
        let token = AgentToken::new(" bkct_example_0000\n").unwrap();
        let jat = JobAcquisitionToken::new("bkjat_example_0000".to_owned());
        let handle = TokenHandle::new(token.clone());
        let printed = format!("{token:?} {jat:?} {handle:?} {:?}", token.authorization());
        assert!(!printed.contains("example"), "{printed}");
        assert_eq!(token.authorization(), "Token bkct_example_0000");
    }

    #[test]
    fn tokens_are_checked() {
        assert_eq!(AgentToken::new(" \n"), Err(TokenError::Empty));
        assert_eq!(AgentToken::new("a b"), Err(TokenError::IllegalCharacter));
        assert_eq!(AgentToken::new("a\u{e9}"), Err(TokenError::IllegalCharacter));
    }

    #[test]
    fn rotation_is_visible_to_every_clone() {
        let handle = TokenHandle::new(AgentToken::new("one").unwrap());
        let clone = handle.clone();
        assert!(handle.replace(AgentToken::new("two").unwrap()));
        assert!(!handle.replace(AgentToken::new("two").unwrap()));
        assert_eq!(clone.current().reveal(), "two");
    }
}
