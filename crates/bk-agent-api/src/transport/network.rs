//! Over the network, with reqwest.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{MAX_BODY_BYTES, Transport, TransportError, TransportErrorKind};

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A shared HTTP/2 connection that went silent is found within this and the next constant, so that
/// one frozen connection does not cost every call its timeout.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends over the network. Proxies come from the usual environment variables; redirects are not
/// followed, because a redirected POST would silently become a GET.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport with its own connection pool. It speaks HTTP/2 with servers that offer it.
    ///
    /// The process must have installed a rustls crypto provider before.
    ///
    /// # Errors
    /// [`TransportError`] if the TLS roots of the machine cannot be loaded.
    pub fn new() -> Result<Self, TransportError> {
        let builder = reqwest::Client::builder()
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
        Self::build(builder)
    }

    /// The same for proxies that break HTTP/2 (`agent-config.no-http2`): only HTTP/1.1 is offered.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn http1_only() -> Result<Self, TransportError> {
        Self::build(reqwest::Client::builder().http1_only())
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        let client = builder
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| classify(error, TransportErrorKind::Request))?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let request = reqwest::Request::try_from(request)
            .map_err(|error| classify(error, TransportErrorKind::Request))?;
        let sent = self.client.execute(request).await;
        let mut answer = sent.map_err(|error| classify(error, TransportErrorKind::Interrupted))?;
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) =
            answer.chunk().await.map_err(|error| classify(error, TransportErrorKind::Interrupted))?
        {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                let reason = format!("more than {MAX_BODY_BYTES} bytes");
                return Err(TransportError::new(TransportErrorKind::TooLarge, reason));
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }
}

/// `fallback` is what the failing step means unless reqwest knows better. The URL is taken out:
/// its query holds cursors, and the call is named anyway.
fn classify(error: reqwest::Error, fallback: TransportErrorKind) -> TransportError {
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_builder() {
        TransportErrorKind::Request
    } else {
        fallback
    };
    TransportError::from_chain(kind, &error.without_url())
}
