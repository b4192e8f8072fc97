//! A Buildkite, a cluster, and a folder with the files that point to them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::Router;
use buildkite_sim::{Options, Simulator, Token};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};

use crate::{
    cluster::Cluster,
    http::{self, Answer},
    process::{self, Ended, Running},
};

/// The token that Buildkite accepts.
pub(crate) const TOKEN: &str = "bkct_hedgehogs_do_not_shout";
/// A token that it knows, of no cluster.
pub(crate) const UNCLUSTERED: &str = "bkct_lonely_walrus";
/// The Secret's name.
pub(crate) const SECRET: &str = "buildkite-agent-token";
/// Its key.
pub(crate) const KEY: &str = "BUILDKITE_AGENT_TOKEN";

/// A port of this machine that nobody else gets before the program does, in this process or another.
///
/// The socket is bound and does not listen. That keeps the kernel from giving the port away, and does not keep a
/// program from listening there by its number, since both allow the address to be used again.
pub(crate) struct Port {
    pub(crate) number: u16,
    _held: TcpSocket,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap();
        Self { number: socket.local_addr().unwrap().port(), _held: socket }
    }
}

/// Everything around one controller. All of it ends with the value.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) simulator: Simulator,
    pub(crate) cluster: Cluster,
    /// Of the probes, and unless a test says otherwise of the metrics.
    pub(crate) port: u16,
    _reserved: Port,
    pub(crate) buildkite: String,
    servers: JoinSet<()>,
}

impl Bench {
    /// A Buildkite that accepts [`TOKEN`] for the queue `kubernetes`, and a cluster whose Secret holds it.
    pub(crate) async fn new() -> Self {
        let options = Options {
            agent_tokens: vec![Token::new(TOKEN)],
            unclustered_tokens: vec![Token::new(UNCLUSTERED)],
            ..Options::default()
        };
        let (simulator, cluster) = (Simulator::new(options), Cluster::new());
        cluster.set_secret(SECRET, KEY, TOKEN);
        let reserved = Port::reserve();
        let mut bench = Self {
            folder: tempfile::tempdir().unwrap(),
            port: reserved.number,
            _reserved: reserved,
            buildkite: String::new(),
            servers: JoinSet::new(),
            simulator,
            cluster,
        };
        let api = bench.serve(bench.cluster.router()).await;
        bench.write_kubeconfig(&json!({ "server": format!("http://{api}") }));
        let api = bench.serve(bench.simulator.router()).await;
        bench.buildkite = format!("http://{api}");
        bench
    }

    /// Serves an API on a port of this machine.
    async fn serve(&mut self, router: Router) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        self.servers.spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    /// Where all files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Points the program to a cluster.
    pub(crate) fn write_kubeconfig(&self, cluster: &serde_json::Value) {
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": "test" } }],
            "clusters": [{ "name": "test", "cluster": cluster }],
            "users": [{ "name": "test", "user": {} }],
        });
        self.write("kubeconfig", &kubeconfig.to_string());
    }

    /// Starts the controller with this bench's addresses, and with `settings` behind them in its file.
    pub(crate) fn start(&self, settings: &str) -> Running {
        self.start_with(settings, &[])
    }

    /// The same with more variables.
    pub(crate) fn start_with(&self, settings: &str, variables: &[(&str, &str)]) -> Running {
        let (port, buildkite) = (self.port, &self.buildkite);
        let endpoint = format!("agent-config:\n  endpoint: {buildkite}/v3\n");
        // A test that has an `agent-config` of its own names the endpoint there.
        let endpoint = if settings.contains("agent-config:") { "" } else { endpoint.as_str() };
        let common =
            format!("namespace: ci\nqueue: kubernetes\nhealth-port: {port}\nprometheus-port: {port}\n");
        self.write("config.yaml", &format!("{common}{endpoint}{settings}"));
        let mut variables = variables.to_vec();
        variables.push(("KUBECONFIG", "kubeconfig"));
        Running::start(process::command(self.folder(), &["--config", "config.yaml"], &variables))
    }

    /// Starts a controller that has to end by itself.
    pub(crate) async fn run(&self, settings: &str) -> Ended {
        self.start(settings).ended().await
    }

    /// Waits until the controller is ready.
    pub(crate) async fn ready(&self, program: &Running) -> Answer {
        http::get_until(self.port, "/readyz", program, |answer| answer.status == 200).await
    }

    /// Waits until `/readyz` says that a check fails, and this among the reasons.
    pub(crate) async fn not_ready(&self, program: &Running, check: &str, reason: &str) -> Answer {
        let wanted = |answer: &Answer| {
            answer.body.lines().any(|line| line.starts_with(check) && line.contains(reason))
        };
        http::get_until(self.port, "/readyz", program, wanted).await
    }
}
