//! Into a tower service of the same process: a simulator, or a fake in a test.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use tower::{BoxError, Service, ServiceExt};

use super::{MAX_BODY_BYTES, Transport, TransportError, TransportErrorKind};

/// Hands each request to a clone of a tower service, for example an `axum::Router`.
///
/// An error of the service, or of the answer's body, counts as a broken connection.
#[derive(Clone)]
pub struct ServiceTransport<S> {
    service: S,
}

impl<S> ServiceTransport<S> {
    /// A transport that ends in this service.
    pub const fn new(service: S) -> Self {
        Self { service }
    }
}

impl<S> fmt::Debug for ServiceTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTransport")
    }
}

#[async_trait]
impl<S, B> Transport for ServiceTransport<S>
where
    S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>> + Clone + Send + Sync,
    S::Future: Send,
    S::Error: Into<BoxError> + Send,
    B: BodyExt<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let interrupted =
            |error: BoxError| TransportError::from_chain(TransportErrorKind::Interrupted, error.as_ref());
        let answer = self.service.clone().oneshot(request.map(Full::new)).await;
        let (parts, body) = answer.map_err(|error| interrupted(error.into()))?.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(interrupted)?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    }
}
