//! The one seam through which requests leave: send a request, get an answer or know why not.

mod network;
mod service;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

pub use network::ReqwestTransport;
pub use service::ServiceTransport;

/// Largest answer that is read, in bytes: a thousand jobs are about a megabyte, one job's
/// environment some hundred kilobytes; whatever sends more is not the API.
pub(crate) const MAX_BODY_BYTES: usize = 32 * 1024 * 1024;

/// Sends one request. Timeouts, retries, tokens and classification are the client's business.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// [`TransportError`] if there is no complete answer. The request may have been carried out
    /// nevertheless.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// What kept an answer from arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: DNS, TCP, TLS or proxy.
    Connect,
    /// No complete answer in time.
    Timeout,
    /// The connection broke after the request was sent, or the answer broke off.
    Interrupted,
    /// The answer is larger than anything the API sends.
    TooLarge,
    /// The request could not be put on the wire at all.
    Request,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "could not connect",
            Self::Timeout => "no answer in time",
            Self::Interrupted => "the connection broke off",
            Self::TooLarge => "the answer is too large",
            Self::Request => "the request could not be sent",
        })
    }
}

/// No answer: what kind of failure, and its cause as text without URLs or credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {reason}")]
pub struct TransportError {
    /// What kept the answer from arriving.
    pub kind: TransportErrorKind,
    /// The cause, innermost last.
    pub reason: String,
}

impl TransportError {
    /// An error of this kind with a cause.
    pub fn new(kind: TransportErrorKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// Joins an error and its causes into one line.
    pub(crate) fn from_chain(kind: TransportErrorKind, error: &(dyn std::error::Error + 'static)) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many layers repeat what is below them.
            if !reason.contains(&text) {
                reason = reason + ": " + &text;
            }
            cause = error.source();
        }
        Self { kind, reason }
    }
}
