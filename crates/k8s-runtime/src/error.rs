//! Failed calls, in the API server's own words.

use std::time::Duration;

use serde::Deserialize;

use crate::create::FieldCause;

/// Longest text taken from an answer that is no `Status` object, in characters.
const TEXT_LIMIT_CHARS: usize = 300;

/// A call that brought no usable answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No answer: connection or time limit. The request may have been carried out.
    #[error("failed to {attempted}: no answer from the Kubernetes API: {reason}")]
    NoAnswer {
        /// What was attempted, on what.
        attempted: String,
        /// The cause, innermost last.
        reason: String,
    },
    /// The API server said no.
    #[error("failed to {attempted}: {refusal}")]
    Refused {
        /// What was attempted, on what.
        attempted: String,
        /// Its answer.
        refusal: Refusal,
    },
    /// The answer is not what the API documents; its text is not repeated, it may be a Secret's.
    #[error("failed to {attempted}: the answer could not be read: {reason}")]
    Unreadable {
        /// What was attempted, on what.
        attempted: String,
        /// What the parser says.
        reason: String,
    },
}

impl ApiError {
    /// The refusal, if the server answered.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            Self::NoAnswer { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// The HTTP status, if the server answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// True for 401 and 403: somebody has to change credentials or rights.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// True if the same call may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Unreadable { .. } => true,
            Self::Refused { refusal, .. } => refusal.is_transient(),
        }
    }

    /// How long the server asks us to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after
    }

    /// The reason as a metrics label (`metrics`, labels): the server's word, else `Unknown`.
    #[must_use]
    pub fn reason_label(&self) -> &str {
        match self.refusal() {
            Some(refusal) if !refusal.reason.is_empty() => &refusal.reason,
            _ => "Unknown",
        }
    }
}

/// What the API server says when it says no.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error("status {status} {reason}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The machine-readable word, for example `AlreadyExists`; may be empty.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// The fields that are wrong, for 422.
    pub causes: Vec<FieldCause>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Reads an answer's body: a `Status` object, or the text of whatever stands in between.
    pub(crate) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Details {
            causes: Option<Vec<FieldCause>>,
            retry_after_seconds: Option<u32>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Status {
            reason: Option<String>,
            message: Option<String>,
            details: Option<Details>,
        }
        let Ok(parsed) = serde_json::from_slice::<Status>(body) else {
            let text = String::from_utf8_lossy(body);
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = words.chars().take(TEXT_LIMIT_CHARS).collect();
            return Self { status, message, retry_after, ..Self::default() };
        };
        let details = parsed.details.unwrap_or_default();
        let asked = details.retry_after_seconds.filter(|seconds| *seconds > 0);
        Self {
            status,
            reason: parsed.reason.unwrap_or_default(),
            message: parsed.message.unwrap_or_default(),
            causes: details.causes.unwrap_or_default(),
            retry_after: retry_after.max(asked.map(|seconds| Duration::from_secs(seconds.into()))),
        }
    }

    /// True for 408, 429 and 5xx.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..)
    }
}

/// Joins an error and its causes into one line, leaving out what layers repeat.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.contains(&part) {
            text = text + ": " + &part;
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_from_status_objects_and_from_anything() {
        let body = br#"{"kind":"Status","status":"Failure","message":"slow down","reason":"TooManyRequests",
                        "details":{"retryAfterSeconds":3},"code":429}"#;
        let refusal = Refusal::read(429, Some(Duration::from_secs(1)), body);
        assert_eq!((refusal.reason.as_str(), refusal.message.as_str()), ("TooManyRequests", "slow down"));
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3)));
        assert!(refusal.is_transient());

        let html = Refusal::read(502, None, b"<html>\n  bad gateway");
        assert_eq!(html.to_string(), "status 502 : <html> bad gateway");
        assert!(!Refusal::read(403, None, b"").is_transient());
    }
}
