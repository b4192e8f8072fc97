//! From settings to a stack that can run: the composition root.

use std::{num::NonZeroUsize, sync::Arc};

use bk_agent_api::{
    Client, Endpoint, RandomJitter, ReqwestTransport, ReservationExpiry, StackKey, TokenHandle,
};
use k8s_runtime::{ConnectError, Options, ProxyEnvironment, RequestRate, Runtime};
use podspec_builder::Builder;
use prometheus_client::registry::Registry;
use stack_config::Settings;

use crate::{
    CoreSettings, Stack, Tags,
    health::Health,
    leadership::{LeadershipSettings, WallClock},
    metrics::Metrics,
    session::{ConnectBuildkite, PollSettings, SecretToken, SessionSettings},
};

/// A setting that is well-formed by itself and that a part of the stack cannot work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// Nothing says where Kubernetes is.
    #[error(
        "cannot tell where Kubernetes is: {reason}, and this is no pod with a service account; name a kubeconfig \
         with the variable KUBECONFIG, or run in a pod"
    )]
    NoKubernetes {
        /// What is wrong with the kubeconfig.
        reason: String,
    },
    /// No Kubernetes client.
    #[error("cannot set up the Kubernetes client; correct the kubeconfig or the variable KUBECONFIG")]
    Kubernetes {
        /// Why.
        source: ConnectError,
    },
    /// No HTTP client.
    #[error("cannot set up the HTTP client")]
    Http {
        /// Why.
        source: bk_agent_api::TransportError,
    },
    /// A setting that only its user understands.
    #[error("`{key}` cannot be used: {reason}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

fn setting<E: std::fmt::Display>(key: &'static str) -> impl FnOnce(E) -> ComposeError {
    move |error| ComposeError::Setting { key, reason: error.to_string() }
}

/// What a stack talks to, who it is, and where its random choices and the time of day come from.
pub struct Parts {
    /// Kubernetes.
    pub runtime: Runtime,
    /// How a client of Buildkite's API is made once the token is known.
    pub connect: ConnectBuildkite,
    /// The only source of random choices. Two stacks that run at once need different ones.
    pub seed: u64,
    /// Who this process is among all that compete for the Lease, past ones included.
    pub identity: String,
    /// The time of day, for what people read in the Lease. No decision rests on it.
    pub wall_clock: WallClock,
}

/// Puts the stack together over the network. Nothing is sent yet.
///
/// # Errors
/// [`ComposeError`], all of it before anything runs.
pub async fn compose(
    settings: &Settings,
    version: &str,
    health: Health,
    registry: &mut Registry,
) -> Result<Stack, ComposeError> {
    let kubernetes = &settings.kubernetes;
    let rate =
        kubernetes.rate_limit.map(|rate| RequestRate { per_second: rate.per_second, burst: rate.burst });
    let options = Options {
        namespace: Some(kubernetes.namespace.clone()),
        user_agent: format!("agent-stack-k8s/{version}"),
        rate,
        proxy: ProxyEnvironment::from_env(),
        ..Options::default()
    };
    let runtime = Runtime::connect(&options).await.map_err(no_kubernetes)?;
    let parts = Parts {
        runtime,
        connect: connect(settings, version)?,
        seed: fastrand::u64(..),
        identity: identity(),
        wall_clock: Arc::new(jiff::Timestamp::now),
    };
    assemble(settings, parts, health, registry)
}

/// The name of the pod or machine, for people, and a number that no other process has: a container that starts again
/// has its pod's name and is another process.
fn identity() -> String {
    let host = std::env::var("HOSTNAME").ok().filter(|host| !host.is_empty());
    format!("{}_{:016x}", host.as_deref().unwrap_or("agent-stack-k8s"), fastrand::u64(..))
}

/// Puts the stack together over whatever `parts` are: a network, or services of this process.
///
/// # Errors
/// [`ComposeError`], when a setting is well-formed and cannot be used.
pub fn assemble(
    settings: &Settings,
    parts: Parts,
    health: Health,
    registry: &mut Registry,
) -> Result<Stack, ComposeError> {
    let Settings { id, buildkite, kubernetes, limits, grace, http: _, logging: _, builder } = settings;
    let Parts { runtime, connect, seed, identity, wall_clock } = parts;
    let expiry = u32::try_from(buildkite.reservation_expiry.as_secs())
        .map_err(setting("reservation-expiry-seconds"))?;
    let reservation_expiry =
        ReservationExpiry::from_seconds(expiry).map_err(setting("reservation-expiry-seconds"))?;
    let tokens = SecretToken { runtime: runtime.clone(), secret: buildkite.agent_token_secret.clone() };
    let queue = (!bk_agent_api::is_default_queue(&buildkite.queue)).then_some(buildkite.queue.as_str());
    let twice_the_creators =
        limits.job_creation_concurrency.saturating_mul(NonZeroUsize::MIN.saturating_add(1));
    Ok(Stack {
        session: SessionSettings {
            stack_key: StackKey::new(&buildkite.stack_key).map_err(setting("id"))?,
            queue: buildkite.queue.clone(),
            claimed_cluster_uuid: buildkite.claimed_cluster_uuid.clone(),
            namespace: kubernetes.namespace.clone(),
            tokens: Arc::new(tokens),
            connect,
            health,
            seed,
        },
        poll: PollSettings {
            interval: buildkite.poll_interval,
            page_size: u16::try_from(buildkite.page_size.get()).map_err(setting("pagination-page-size"))?,
            pages: buildkite.pages_per_poll.get(),
            tags: Tags::new(buildkite.tags.clone(), queue),
        },
        core: CoreSettings {
            limits: limiter::Limits {
                max_in_flight: limits.max_in_flight,
                work_queue_limit: limits.work_queue_limit,
                // The next jobs are being reserved while these are being created.
                max_starting: twice_the_creators,
                look_ahead: limiter::look_ahead(
                    limits.job_creation_concurrency,
                    buildkite.reservation_expiry,
                    kubernetes.rate_limit.map(|rate| rate.per_second),
                ),
            },
            reservation_lifetime: buildkite.reservation_expiry,
            state_check_interval: grace.cancel_check_interval,
            patience: job_lifecycle::Patience {
                empty_job: grace.empty_job,
                image_pull: grace.image_pull_backoff,
                pod_pending: grace.pod_pending,
            },
        },
        job_creation_concurrency: limits.job_creation_concurrency.get(),
        reservation_expiry,
        leadership: LeadershipSettings {
            lease: kubernetes.leader_lease,
            controller_id: id.clone(),
            identity,
            wall_clock,
            runtime: runtime.clone(),
            seed: seed ^ 7,
        },
        runtime,
        builder: Builder::new(builder.clone()).map_err(setting("the settings that shape pods"))?,
        controller_id: id.clone(),
        job_prefix: builder.job_prefix.clone(),
        metrics: Metrics::register(registry),
    })
}

fn no_kubernetes(source: ConnectError) -> ComposeError {
    match source {
        ConnectError::NoConfig { kubeconfig, .. } => {
            // The library quotes paths twice, and draws a picture of the file below its first line.
            let text = kubeconfig.to_string();
            let line = text.lines().next().unwrap_or_default();
            let reason = line.replace("'\"", "`").replace("\"'", "`").replace(": error: ", ": ");
            ComposeError::NoKubernetes { reason }
        }
        source => ComposeError::Kubernetes { source },
    }
}

/// How a client is made once the token is known.
fn connect(settings: &Settings, version: &str) -> Result<ConnectBuildkite, ComposeError> {
    let endpoint = Endpoint::parse(&settings.buildkite.endpoint).map_err(setting("agent-config.endpoint"))?;
    let transport =
        if settings.buildkite.http2 { ReqwestTransport::new() } else { ReqwestTransport::http1_only() };
    let transport = transport.map_err(|source| ComposeError::Http { source })?;
    let timeout = settings.buildkite.http_timeout;
    let user_agent = format!("agent-stack-k8s/{version}");
    Ok(Arc::new(move |tokens: TokenHandle| {
        Client::builder(transport.clone(), endpoint.clone(), tokens)
            .timeout(timeout)
            .jitter(RandomJitter::from_entropy())
            .user_agent(&user_agent)
            .build()
    }))
}
