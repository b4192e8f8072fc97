//! The entry point: a client, a namespace, and perhaps a cap on requests.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use kube::Client;
use tower::{BoxError, Service};

use crate::config::{self, ConnectError, Options};
use crate::throttle::Throttle;

/// Access to the Kubernetes API in one namespace. Cloning is cheap.
#[derive(Clone)]
pub struct Runtime {
    client: Client,
    namespace: String,
    throttle: Option<Throttle>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Builds a client for a real API server. Nothing is sent yet.
    ///
    /// The process must have installed a rustls crypto provider before.
    ///
    /// # Errors
    /// [`ConnectError`] if no configuration is found or it cannot be used.
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        let config = config::load(options).await?;
        let namespace = config.default_namespace.clone();
        let client = Client::try_from(config).map_err(ConnectError::Client)?;
        Ok(Self { client, namespace, throttle: options.rate.map(Throttle::new) })
    }

    /// Works over any client, for example one whose other end is a service of this process.
    #[must_use]
    pub fn from_client(client: Client, namespace: impl Into<String>) -> Self {
        Self { client, namespace: namespace.into(), throttle: None }
    }

    /// Works over a service of this process, such as the router of a simulated API server.
    ///
    /// # Panics
    /// Outside a tokio runtime: requests are handed over through a task.
    #[must_use]
    pub fn from_service<S, B>(service: S, namespace: impl Into<String>) -> Self
    where
        S: Service<Request<kube::client::Body>, Response = Response<B>> + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let namespace = namespace.into();
        Self::from_client(Client::new(service, namespace.clone()), namespace)
    }

    /// The namespace this runtime works in.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same access past the cap on requests, for calls that may not wait behind a burst of others: a Lease that is
    /// not renewed in time is lost.
    #[must_use]
    pub fn without_rate_limit(&self) -> Self {
        Self { throttle: None, ..self.clone() }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn await_turn(&self) {
        if let Some(throttle) = &self.throttle {
            throttle.acquire().await;
        }
    }

    /// Path of a collection in our namespace; `group` is `api/v1` or `apis/<group>/<version>`.
    pub(crate) fn collection(&self, group: &str, plural: &str) -> String {
        format!("/{group}/namespaces/{}/{plural}", crate::call::escape(&self.namespace))
    }
}
