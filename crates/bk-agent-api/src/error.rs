//! What can go wrong with a call, in the classes that decide what a caller does next.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::call::Call;
use crate::crop::crop_chars;
use crate::headers::AnswerHeaders;
use crate::redact::redact_with;
use crate::token::AgentToken;
use crate::transport::TransportError;

/// Longest message taken from an answer, in characters.
const MESSAGE_LIMIT_CHARS: usize = 300;

/// How much of a body is looked at for a message.
const BODY_LIMIT_BYTES: usize = 8192;

/// A failed call (`stacks-api` section 2, `lifecycle` 2.5).
///
/// `message` is what the answer says, shortened and without credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer: network error or timeout.
    #[error("failed to {call}")]
    Transport {
        /// What was attempted.
        call: Call,
        /// What happened to the request.
        source: TransportError,
    },
    /// 408, 425, 429 or 5xx: worth trying again.
    #[error("failed to {call}: status {status}: {message}")]
    Transient {
        /// What was attempted.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
        /// What the answer says.
        message: String,
    },
    /// 401: the token is missing, wrong or expired.
    #[error("failed to {call}: the agent token was refused: {message}")]
    Unauthorized {
        /// What was attempted.
        call: Call,
        /// What the answer says.
        message: String,
    },
    /// 403. Without a JSON body it is probably not Buildkite that answers.
    #[error("failed to {call}: forbidden: {message}")]
    Forbidden {
        /// What was attempted.
        call: Call,
        /// Whether the body is the API's JSON.
        json_body: bool,
        /// What the answer says.
        message: String,
    },
    /// 404: stack, queue, job or endpoint unknown.
    #[error("failed to {call}: not found: {message}")]
    NotFound {
        /// What was attempted.
        call: Call,
        /// Whether the body is the API's JSON.
        json_body: bool,
        /// What the answer says.
        message: String,
    },
    /// 400 or 422: the request is wrong, by our fault or by configuration.
    #[error("failed to {call}: refused with status {status}: {message}")]
    Invalid {
        /// What was attempted.
        call: Call,
        /// 400 or 422.
        status: u16,
        /// What the answer says.
        message: String,
    },
    /// Any other 4xx, for example 409: the API says no, trying again will not help.
    #[error("failed to {call}: rejected with status {status}: {message}")]
    Rejected {
        /// What was attempted.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// What the answer says.
        message: String,
    },
    /// A status the API never gives (1xx, 3xx, 407): something in between is answering.
    #[error("failed to {call}: unexpected status {status}, probably from a proxy: {message}")]
    Unexpected {
        /// What was attempted.
        call: Call,
        /// The HTTP status.
        status: u16,
        /// What the answer says.
        message: String,
    },
    /// The status is good, the body is not what the API documents.
    #[error("failed to {call}: the answer could not be read ({reason}): {message}")]
    Unparsable {
        /// What was attempted.
        call: Call,
        /// What the parser says.
        reason: String,
        /// Start of the body.
        message: String,
    },
}

impl Error {
    /// Classifies an answer whose status is not 2xx.
    pub(crate) fn from_answer(
        call: Call,
        status: StatusCode,
        headers: &AnswerHeaders,
        body: &Bytes,
        token: &AgentToken,
    ) -> Self {
        let Message { text: message, json_body } = Message::read(body, token);
        let code = status.as_u16();
        match code {
            401 => Self::Unauthorized { call, message },
            403 => Self::Forbidden { call, json_body, message },
            404 => Self::NotFound { call, json_body, message },
            400 | 422 => Self::Invalid { call, status: code, message },
            408 | 425 | 429 | 500.. => {
                Self::Transient { call, status: code, retry_after: headers.wait_asked(status), message }
            }
            407 | ..400 => Self::Unexpected { call, status: code, message },
            _ => Self::Rejected { call, status: code, message },
        }
    }

    /// An answer with a good status and a body that is not what it should be.
    pub(crate) fn unparsable(
        call: Call,
        error: &serde_json::Error,
        body: &Bytes,
        token: &AgentToken,
    ) -> Self {
        // A job's body carries the user's environment: nothing of it may reach a log. The parser's
        // own words quote the value that it stumbled over, so only the place is kept.
        if call == Call::GetJob {
            let (category, line, column) = (error.classify(), error.line(), error.column());
            let reason = format!("{category:?} error at line {line} column {column}").to_lowercase();
            return Self::Unparsable { call, reason, message: format!("{} bytes", body.len()) };
        }
        let reason = redact_with(&error.to_string(), token.reveal());
        let reason = crop_chars(&reason, MESSAGE_LIMIT_CHARS).into_owned();
        Self::Unparsable { call, reason, message: Message::read(body, token).text }
    }

    /// What was attempted.
    #[must_use]
    pub const fn call(&self) -> Call {
        match self {
            Self::Transport { call, .. }
            | Self::Transient { call, .. }
            | Self::Unauthorized { call, .. }
            | Self::Forbidden { call, .. }
            | Self::NotFound { call, .. }
            | Self::Invalid { call, .. }
            | Self::Rejected { call, .. }
            | Self::Unexpected { call, .. }
            | Self::Unparsable { call, .. } => *call,
        }
    }

    /// True if the same call may well succeed later without anybody doing anything
    /// (`lifecycle` 2.5: also what a proxy in between answers, and unreadable bodies).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Transport { .. }
            | Self::Transient { .. }
            | Self::Unexpected { .. }
            | Self::Unparsable { .. }
            | Self::Forbidden { json_body: false, .. } => true,
            Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Invalid { .. }
            | Self::Rejected { .. } => false,
        }
    }

    /// True if the client's own retry loop tries again at once: only what costs no rate limit in
    /// vain (`stacks-api` P20).
    pub(crate) const fn is_retried(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Transient { .. })
    }

    /// How long the server asks us to wait, at most five minutes.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Transient { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer that its class does not already name.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Transport { .. } | Self::Unparsable { .. } => None,
            Self::Unauthorized { .. } => Some(401),
            Self::Forbidden { .. } => Some(403),
            Self::NotFound { .. } => Some(404),
            Self::Transient { status, .. }
            | Self::Invalid { status, .. }
            | Self::Rejected { status, .. }
            | Self::Unexpected { status, .. } => Some(*status),
        }
    }
}

/// What a body says: the `message` of the API's error object, else its beginning.
struct Message {
    text: String,
    json_body: bool,
}

impl Message {
    fn read(body: &Bytes, token: &AgentToken) -> Self {
        let parsed: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let json_body = parsed.as_ref().is_some_and(serde_json::Value::is_object);
        let message = parsed.as_ref().and_then(|value| value.get("message")?.as_str());
        let raw = message.map_or_else(
            || String::from_utf8_lossy(&body[..body.len().min(BODY_LIMIT_BYTES)]).into_owned(),
            str::to_owned,
        );
        let safe = redact_with(&raw, token.reveal());
        let one_line = safe.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = match crop_chars(&one_line, MESSAGE_LIMIT_CHARS) {
            text if text.is_empty() => "empty body".to_owned(),
            text => text.into_owned(),
        };
        Self { text, json_body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, body: &str) -> Error {
        let token = AgentToken::new("s3cret").unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        Error::from_answer(Call::ListScheduledJobs, status, &AnswerHeaders::default(), &body, &token)
    }

    #[test]
    fn statuses_fall_into_the_classes_of_lifecycle_2_5() {
        let json = r#"{"message": "stack not found"}"#;
        let html = "<html><body>Gateway</body></html>";
        // status, body, class, transient, tried again within the call
        let table = [
            (400, json, "Invalid", false, false),
            (401, json, "Unauthorized", false, false),
            (403, json, "Forbidden", false, false),
            (403, html, "Forbidden", true, false),
            (404, json, "NotFound", false, false),
            (407, html, "Unexpected", true, false),
            (408, json, "Transient", true, true),
            (409, json, "Rejected", false, false),
            (422, json, "Invalid", false, false),
            (425, json, "Transient", true, true),
            (429, json, "Transient", true, true),
            (500, html, "Transient", true, true),
            (503, json, "Transient", true, true),
            (302, "", "Unexpected", true, false),
        ];
        for (status, body, class, transient, retried) in table {
            let error = classify(status, body);
            assert!(format!("{error:?}").starts_with(class), "{status}: {error:?}");
            assert_eq!(error.is_transient(), transient, "{status}");
            assert_eq!(error.is_retried(), retried, "{status}");
            assert_eq!(error.status(), Some(status));
        }
    }

    /// A verdict quotes this text on the build page, where secrets of the step have no place.
    #[test]
    fn an_unreadable_job_is_told_without_a_word_of_its_body() {
        let token = AgentToken::new("s3cret").unwrap();
        let body = Bytes::from_static(b"{\"env\": \"SECRET=x\"}");
        #[derive(Debug, serde::Deserialize)]
        struct Job {
            #[serde(rename = "env")]
            _env: std::collections::BTreeMap<String, String>,
        }
        let error = serde_json::from_slice::<Job>(&body).unwrap_err();
        assert!(error.to_string().contains("SECRET=x"), "the parser quotes the value: {error}");
        let text = |call| Error::unparsable(call, &error, &body, &token).to_string();
        assert_eq!(
            text(Call::GetJob),
            "failed to get the job: the answer could not be read (data error at line 1 column 18): 19 bytes"
        );
        assert!(text(Call::GetStates).contains("invalid type: string"), "other bodies hold no environment");
    }

    #[test]
    fn messages_are_short_single_lines_without_credentials() {
        let text = classify(404, r#"{"message": "stack not found"}"#).to_string();
        assert_eq!(text, "failed to list scheduled jobs: not found: stack not found");
        let text = classify(500, &format!("<p>\n  you sent s3cret and bkjat_a1 {}", "x ".repeat(900)));
        let text = text.to_string();
        assert!(text.contains("<p> you sent [redacted] and [redacted] x"), "{text}");
        assert!(text.chars().count() < 400, "{text}");
        assert!(classify(500, "").to_string().ends_with("empty body"));
    }
}
