//! Finding the API server and building a client for it.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderValue, header};
use kube::Config;
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::proxy::ProxyEnvironment;
use crate::throttle::RequestRate;

/// Backstop against connections that went silent; a little more than any watch may be idle, so
/// that the watch's own, better informed limit comes first.
const READ_TIMEOUT: Duration = Duration::from_secs(160);

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach the API server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A kubeconfig file; without one `KUBECONFIG`, `~/.kube/config` and the pod's own service
    /// account are tried in this order.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig other than the current one.
    pub context: Option<String>,
    /// The namespace to work in; without one that of the context or the pod.
    pub namespace: Option<String>,
    /// `User-Agent` of every request; empty for the default.
    pub user_agent: String,
    /// Cap on requests per second; none for no cap of our own.
    pub rate: Option<RequestRate>,
    /// Proxies of the environment.
    pub proxy: ProxyEnvironment,
}

/// No client could be built. Nothing has been sent yet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The named file, or the named context, cannot be used.
    #[error("failed to use the kubeconfig")]
    Kubeconfig(#[source] KubeconfigError),
    /// There is neither a usable kubeconfig nor a service account.
    #[error("found neither a usable kubeconfig ({kubeconfig}) nor a service account of a pod ({in_cluster})")]
    NoConfig {
        /// What is wrong with the kubeconfig.
        kubeconfig: KubeconfigError,
        /// What is wrong with the service account.
        in_cluster: InClusterError,
    },
    /// The proxy's address is no URL; it is not repeated, it may hold a password.
    #[error("the proxy for the Kubernetes API is not a URL")]
    Proxy,
    /// The user agent cannot stand in a header.
    #[error("the user agent `{0}` cannot stand in a header")]
    UserAgent(String),
    /// The client cannot be built, for example because a certificate is unreadable.
    #[error("failed to build the Kubernetes client")]
    Client(#[source] kube::Error),
}

/// Builds the client's configuration.
pub(crate) async fn load(options: &Options) -> Result<Config, ConnectError> {
    let (mut config, explicit_proxy) = find(options).await?;
    let proxy = explicit_proxy.or_else(|| options.proxy.proxy_for(&config.cluster_url).map(str::to_owned));
    config.proxy_url = match proxy {
        Some(proxy) => Some(proxy.parse().map_err(|_| ConnectError::Proxy)?),
        None => None,
    };
    // Calls are classified here; a retry below would turn a first success into a conflict.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    if let Some(namespace) = &options.namespace {
        config.default_namespace.clone_from(namespace);
    }
    let user_agent = if options.user_agent.is_empty() {
        concat!("agent-stack-k8s/", env!("CARGO_PKG_VERSION"))
    } else {
        &options.user_agent
    };
    let value =
        HeaderValue::from_str(user_agent).map_err(|_| ConnectError::UserAgent(user_agent.to_owned()))?;
    config.headers.push((header::USER_AGENT, value));
    Ok(config)
}

/// The configuration, and the proxy that the kubeconfig itself asks for.
async fn find(options: &Options) -> Result<(Config, Option<String>), ConnectError> {
    let named = options.kubeconfig.is_some() || options.context.is_some();
    let from_file = async {
        let kubeconfig = match &options.kubeconfig {
            Some(path) => Kubeconfig::read_from(path)?,
            None => Kubeconfig::read()?,
        };
        let proxy = explicit_proxy(&kubeconfig, options.context.as_deref());
        let selection = KubeConfigOptions { context: options.context.clone(), ..Default::default() };
        Ok((Config::from_custom_kubeconfig(kubeconfig, &selection).await?, proxy))
    };
    match from_file.await {
        Ok(found) => Ok(found),
        Err(error) if named => Err(ConnectError::Kubeconfig(error)),
        Err(kubeconfig) => match Config::incluster() {
            Ok(config) => Ok((config, None)),
            Err(in_cluster) => Err(ConnectError::NoConfig { kubeconfig, in_cluster }),
        },
    }
}

/// `proxy-url` of the cluster that the context names. It overrides the environment altogether.
fn explicit_proxy(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let context = context.or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|named| named.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|named| named.name == context.cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone().filter(|proxy| !proxy.is_empty())
}

#[cfg(test)]
mod tests;
