//! The running cluster, as `cargo xtask test` describes it in the environment.

use std::net::IpAddr;
use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Held shared by tests that want the cluster in order, alone by those that break it.
static ORDER: RwLock<()> = RwLock::const_new(());

/// Programs and addresses of the cluster that the tests run against.
#[derive(Debug, Clone)]
pub struct Testbed {
    /// Folder with the built programs: `buildkite-agent`, `kubectl`, `stacksapi-client` and others.
    pub bin: PathBuf,
    /// Kubeconfig with every right, for the test's own reads and writes.
    pub kubeconfig: PathBuf,
    /// Address of this machine that pods reach.
    pub host_address: IpAddr,
    /// The controller's binary.
    pub controller: PathBuf,
    /// `cargo xtask`, already built: `cluster signal` acts on parts of the cluster.
    xtask: PathBuf,
    /// State directory of the cluster.
    dir: PathBuf,
}

impl Testbed {
    /// Reads the `TESTBED_*` variables.
    ///
    /// # Panics
    /// When one is missing: these tests cannot run without a cluster and do not pretend.
    #[must_use]
    pub fn from_environment() -> Self {
        Self {
            bin: path("TESTBED_BIN"),
            kubeconfig: path("TESTBED_KUBECONFIG"),
            host_address: variable("TESTBED_HOST_ADDRESS")
                .parse()
                .expect("TESTBED_HOST_ADDRESS is an IP address"),
            controller: path("TESTBED_CONTROLLER_BIN"),
            xtask: path("TESTBED_XTASK_BIN"),
            dir: path("TESTBED_DIR"),
        }
    }

    /// For tests that need an undisturbed cluster; any number at a time.
    pub async fn shared() -> (Self, RwLockReadGuard<'static, ()>) {
        (Self::from_environment(), ORDER.read().await)
    }

    /// For tests that stop or freeze parts of the cluster; they run alone.
    pub async fn exclusive() -> (Self, RwLockWriteGuard<'static, ()>) {
        (Self::from_environment(), ORDER.write().await)
    }

    /// Sends a signal (`KILL`, `STOP`, `CONT`) to a program of the control plane. One that ends is
    /// started again by the cluster's supervisor.
    ///
    /// # Panics
    /// When there is no such program.
    pub async fn signal(&self, program: &str, signal: &str) {
        let status = tokio::process::Command::new(&self.xtask)
            .args(["cluster", "signal", program, signal, "--dir"])
            .arg(&self.dir)
            .status()
            .await
            .expect("xtask can be started");
        assert!(status.success(), "no {signal} for {program}: {status}");
    }

    /// The client configuration of the cluster's administrator.
    ///
    /// # Panics
    /// When the kubeconfig cannot be read.
    pub async fn admin_config(&self) -> Config {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("the kubeconfig is readable");
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .expect("the kubeconfig is complete");
        // The cluster is on this machine; a proxy of the environment cannot reach it.
        config.proxy_url = None;
        config
    }

    /// A client with every right.
    ///
    /// # Panics
    /// When the kubeconfig cannot be used.
    pub async fn admin(&self) -> Client {
        Client::try_from(self.admin_config().await).expect("the kubeconfig makes a client")
    }
}

/// Layouts of the images that the node has; for tests that need nothing else of the cluster.
///
/// # Panics
/// When `TESTBED_IMAGES` is missing, or empty because there is no node.
#[must_use]
pub fn images() -> Vec<PathBuf> {
    let images = variable("TESTBED_IMAGES");
    assert!(!images.is_empty(), "TESTBED_IMAGES is empty: these tests need a cluster with a node");
    std::env::split_paths(&images).collect()
}

/// A variable that must be there.
fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run these tests with `cargo xtask test`"))
}

/// A variable that holds a path.
fn path(name: &str) -> PathBuf {
    PathBuf::from(variable(name))
}
