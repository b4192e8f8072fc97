//! Sending one request: turn, time limit, whole answer.

use std::time::Duration;

use http::{Method, Request, Response, header};
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::error::{ApiError, Refusal, chain};
use crate::runtime::Runtime;

/// Time limit of every call but watches. Shorter than the API server's own minute: a caller that
/// waits holds a slot.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest wait a server can impose on us.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Unreserved characters, for path segments and query values.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An answer, good or bad.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// No answer, and why.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    pub(crate) reason: String,
}

impl Reply {
    pub(crate) const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    pub(crate) fn refusal(&self) -> Refusal {
        Refusal::read(self.status, self.retry_after, &self.body)
    }
}

impl Runtime {
    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Result<Reply, NoAnswer> {
        self.await_turn().await;
        let exchange = async {
            let response: Response<Body> = self.client().send(request.map(Body::from)).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect_bytes().await?.to_vec();
            let asked = parts.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let retry_after = asked.and_then(|value| value.trim().parse().ok()).map(Duration::from_secs);
            let retry_after = retry_after.map(|wait| wait.min(MAX_RETRY_AFTER));
            Ok(Reply { status: parts.status.as_u16(), retry_after, body })
        };
        match timeout(CALL_TIMEOUT, exchange).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(no_answer(&error)),
            Err(_) => Err(NoAnswer { reason: format!("gave up after {CALL_TIMEOUT:?}") }),
        }
    }

    /// Sends a request; anything but success is an error that says what was attempted.
    pub(crate) async fn send_ok(
        &self,
        attempted: &str,
        request: Request<Vec<u8>>,
    ) -> Result<Reply, ApiError> {
        match self.send(request).await {
            Ok(reply) if reply.is_success() => Ok(reply),
            Ok(reply) => Err(ApiError::Refused { attempted: attempted.to_owned(), refusal: reply.refusal() }),
            Err(NoAnswer { reason }) => Err(ApiError::NoAnswer { attempted: attempted.to_owned(), reason }),
        }
    }

    /// Like [`Self::send_ok`], and reads the body.
    pub(crate) async fn fetch<T: DeserializeOwned>(
        &self,
        attempted: &str,
        request: Request<Vec<u8>>,
    ) -> Result<T, ApiError> {
        let reply = self.send_ok(attempted, request).await?;
        serde_json::from_slice(&reply.body).map_err(|error| ApiError::Unreadable {
            attempted: attempted.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Like [`Self::fetch`], with nothing for an object that does not exist.
    pub(crate) async fn fetch_if_found<T: DeserializeOwned>(
        &self,
        attempted: &str,
        request: Request<Vec<u8>>,
    ) -> Result<Option<T>, ApiError> {
        match self.fetch(attempted, request).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Escapes a name for a path, or a value for a query.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// A request without a body.
pub(crate) fn get(path: String) -> Request<Vec<u8>> {
    request(Method::GET, path, "", Vec::new())
}

/// A request with a JSON body of some content type.
pub(crate) fn request(
    method: Method,
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
) -> Request<Vec<u8>> {
    let mut builder = Request::builder().method(method).uri(path).header(header::ACCEPT, "application/json");
    if !content_type.is_empty() {
        builder = builder.header(header::CONTENT_TYPE, content_type);
    }
    builder.body(body).expect("paths are built of constants and escaped names")
}

pub(crate) fn no_answer(error: &kube::Error) -> NoAnswer {
    // kube repeats its sources in its own text; the source alone is the clearer line.
    let source: &(dyn std::error::Error + 'static) = match error {
        kube::Error::HyperError(source) => source,
        kube::Error::Service(source) => source.as_ref(),
        other => other,
    };
    NoAnswer { reason: chain(source) }
}
