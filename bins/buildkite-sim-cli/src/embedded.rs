//! `--cluster embedded`: everything that runs a build, in this process.
//!
//! ```text
//! simulator ◄─ Stacks API ─ controller ─ Kubernetes API ─► cluster ─ pods ─► processes
//!     ▲                                                                         │
//!     └───────────────────────────── Agent API ─────────────────────────────────┘
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use buildkite_sim::{BuildFacts, Simulator};
use cluster_sim::processes::{self, Machine};
use cluster_sim::{Cluster, Options};
use prometheus_client::registry::Registry;
use serde_json::json;
use stack_config::{Args, Inputs, Settings};
use stack_controller::health::Health;
use stack_controller::{Parts, Runtime, ServiceTransport, Stack};
use tokio_util::sync::CancellationToken;

use crate::serve::Server;

/// Namespace of the jobs.
const NAMESPACE: &str = "default";

/// Time between two polls. Buildkite allows no less than a second; this one is ours alone, and somebody watches.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A Kubernetes in memory, a controller for it, and whoever runs its pods.
pub(crate) struct Embedded {
    simulator: Simulator,
    cluster: Cluster,
    stack: Stack,
    machine: Machine,
}

impl Embedded {
    /// Puts it together for the first queue of `server`. Nothing runs yet.
    pub(crate) fn new(server: &Server) -> anyhow::Result<Self> {
        let simulator = server.simulator.clone();
        let seed = fastrand::u64(..);
        let cluster = Cluster::new(Options { seed, ..Options::default() });
        let settings = settings(&server.queues[0], &server.local_url)?;
        let token = simulator.agent_token().context("the simulator has no agent token")?;
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": settings.buildkite.agent_token_secret, "namespace": NAMESPACE },
            "stringData": { "BUILDKITE_AGENT_TOKEN": token.expose() },
        });
        cluster.apply(secret).context("failed to store the agent token")?;
        let runtime = Runtime::from_service(cluster.router(), NAMESPACE);
        let transport = ServiceTransport::new(simulator.router());
        let parts = Parts::in_process(&settings, runtime, transport, seed)?;
        let mut stack =
            stack_controller::assemble(&settings, parts, Health::default(), &mut Registry::default())
                .context("failed to put the controller together")?;
        stack.poll.interval = POLL_INTERVAL;
        let machine =
            Machine { no_repository: Some(BuildFacts::default().repository), ..Machine::of_this_process() };
        Ok(Self { simulator, cluster, stack, machine })
    }

    /// Runs until it is dropped, which kills every process of every step.
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let Self { simulator, cluster, stack, machine } = self;
        let never = std::future::pending();
        tokio::select! {
            biased;
            ended = stack_controller::run(stack, CancellationToken::new()) => ended.context("the controller failed"),
            () = cluster.run_timers() => Ok(()),
            () = processes::run(cluster.clone(), simulator.router(), machine, never) => Ok(()),
        }
    }
}

/// The controller's defaults, but for where things are.
fn settings(queue: &str, url: &str) -> anyhow::Result<Settings> {
    let file = json!({
        "namespace": NAMESPACE,
        "queue": queue,
        "poll-interval": "1s",
        "agent-config": { "endpoint": format!("{url}/v3") },
    });
    let variables = BTreeMap::from([("CONFIG".to_owned(), "the embedded controller's settings".to_owned())]);
    let inputs = Inputs {
        args: &Args::default(),
        variables: &variables,
        // The file is YAML; JSON is a part of it.
        read_file: &|_: &str| -> io::Result<String> { Ok(file.to_string()) },
        version: env!("CARGO_PKG_VERSION"),
    };
    let loaded = stack_config::load(&inputs).context("failed to set the controller up")?;
    Ok(loaded.settings)
}

/// What somebody needs to know before the first step runs.
pub(crate) fn introduction(server: &Server) -> String {
    format!(
        "\
page        {}/
controller  in this process, on a Kubernetes in memory
steps       processes of this machine: images, volumes and users are ignored
",
        server.url
    )
}

/// The answer to whether a file that means containers may run without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Go on.
    Yes,
    /// Somebody said no.
    No,
    /// There is nobody to ask.
    NobodyToAsk,
}

/// Says what `file` would do here, and asks.
pub(crate) fn ask(file: &Path) -> io::Result<Consent> {
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "{} has a `kubernetes` plugin, and there are no containers in the embedded cluster.\n\
         Its commands and sidecars would run as processes of this machine, with your rights and without images,\n\
         volumes or users.",
        file.display()
    )?;
    if !io::stdin().is_terminal() {
        return Ok(Consent::NobodyToAsk);
    }
    write!(err, "Go on? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let yes = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    Ok(if yes { Consent::Yes } else { Consent::No })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_hold_and_name_the_simulator() {
        let settings = settings("kubernetes", "http://127.0.0.1:8091").unwrap();
        assert_eq!(settings.buildkite.endpoint, "http://127.0.0.1:8091/v3");
        assert_eq!(settings.kubernetes.namespace, NAMESPACE);
        assert_eq!(settings.buildkite.queue, "kubernetes");
    }
}
