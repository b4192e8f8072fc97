//! A real Kubernetes on this machine: `cargo xtask cluster up|down|status|kubeconfig|signal|parts`.
//!
//! ```text
//! up / start() ──► unshare(1) ──► supervisor, process 1 of the cluster's namespaces
//!      │                              ├─ etcd, kube-apiserver, kube-controller-manager, kube-scheduler
//!      └── pipe: what to run, then    └─ with a node: containerd, kubelet, kube-proxy, and the pods
//!          the caller's own life
//! ```
//!
//! The supervisor owns everything, so its end is the end of every process, mount and device.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::terminal::say;

mod certs;
mod cgroups;
mod config;
mod image;
mod images;
mod namespace;
pub(crate) mod packages;
mod parts;
mod plan;
mod processes;
mod spec;
mod start;
pub(crate) mod supervisor;

pub(crate) use parts::which;
pub(crate) use start::{Options, Running, start};

use spec::{Layout, Spec};

/// Version of the agent that runs jobs, and tag of its image: the product's default image.
pub(crate) const AGENT_VERSION: &str = "3.136.2";

/// Name of the hidden subcommand.
const SUPERVISOR: &str = "cluster-supervisor";

/// A real Kubernetes on this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    eval \"$(cargo xtask cluster up --node --export)\"   start, and point this shell at it\n  \
    kubectl --kubeconfig \"$TESTBED_KUBECONFIG\" get nodes\n  \
    cargo xtask cluster down\n\n\
    The first start builds the programs from pinned Go modules, about ten minutes; later ones take\n\
    seconds. Two clusters stand side by side under two names.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Start a control plane, with --node also a node that runs pods; does nothing if it runs
    Up(UpArgs),
    /// Stop it and remove its state
    Down(Which),
    /// Say what runs, where, and how much memory it takes
    Status(Which),
    /// Print the path of the admin's kubeconfig
    Kubeconfig(KubeconfigArgs),
    /// Send a signal to one of its programs, which is started again when it ends
    Signal(SignalArgs),
    /// Build or find the programs and print the directory that holds them, without starting any
    Parts(PartsArgs),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Name of the cluster; its state is in target/testbed/NAME
    #[arg(long, default_value = "default")]
    name: String,
    /// State directory, instead of one by name
    #[arg(long, conflicts_with = "name")]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct UpArgs {
    #[command(flatten)]
    which: Which,
    /// Also start a node that runs pods (kubelet, containerd, kube-proxy); needs root
    #[arg(long)]
    node: bool,
    /// Directory of finished programs that are taken as they are, before any other place
    #[arg(long, value_name = "DIR")]
    parts: Option<PathBuf>,
    /// Print only lines for a shell to evaluate
    #[arg(long)]
    export: bool,
    /// Stay, and take the cluster down when this process ends, however it ends
    #[arg(long)]
    foreground: bool,
}

#[derive(Debug, clap::Args)]
struct KubeconfigArgs {
    #[command(flatten)]
    which: Which,
    /// Print the file itself
    #[arg(long)]
    print: bool,
}

#[derive(Debug, clap::Args)]
struct SignalArgs {
    #[command(flatten)]
    which: Which,
    /// Program, for example kube-apiserver
    program: String,
    /// Signal, for example KILL, STOP or CONT
    signal: String,
}

#[derive(Debug, clap::Args)]
struct PartsArgs {
    /// Directory of finished programs that are taken as they are, before any other place
    #[arg(long, value_name = "DIR")]
    parts: Option<PathBuf>,
    /// Only the programs that tests run outside a cluster: the agent and the Go client
    #[arg(long)]
    test_programs: bool,
}

/// Runs `cargo xtask cluster`.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Up(args) => up(args),
        Command::Down(which) => down(&which.dir()?),
        Command::Status(which) => status(&which.dir()?),
        Command::Kubeconfig(args) => kubeconfig(args),
        Command::Signal(args) => signal(args),
        Command::Parts(args) => {
            let bin = if args.test_programs {
                test_programs(args.parts.clone())?
            } else {
                all_programs(args.parts.clone())?
            };
            say!("{}", bin.display());
            Ok(())
        }
    }
}

impl Which {
    fn dir(&self) -> anyhow::Result<PathBuf> {
        match &self.dir {
            Some(dir) => std::path::absolute(dir).context("make the state directory absolute"),
            None => Ok(state_dir(&self.name)),
        }
    }
}

/// State directory of a cluster by name: below Cargo's target directory.
pub(crate) fn state_dir(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target"),
        |dir| std::path::absolute(&dir).unwrap_or_else(|_| dir.into()),
    );
    target.join("testbed").join(name)
}

/// Builds or finds the programs that tests run outside a cluster (`buildkite-agent`,
/// `stacksapi-client`); the answer is the directory for `TESTBED_BIN`.
pub(crate) fn test_programs(explicit: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    provide(explicit, parts::TEST_PROGRAMS.iter().collect())
}

/// kubectl, for a cluster of any kind: the one on the PATH, else one that is built.
pub(crate) fn kubectl() -> anyhow::Result<PathBuf> {
    if let Some(installed) = which("kubectl") {
        return Ok(installed);
    }
    let part = parts::CONTROL_PLANE.iter().filter(|part| part.name == "kubectl");
    Ok(provide(None, part.collect())?.join("kubectl"))
}

fn all_programs(explicit: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let all = [parts::TEST_PROGRAMS, parts::CONTROL_PLANE, parts::NODE];
    provide(explicit, all.into_iter().flatten().collect())
}

fn provide(explicit: Option<PathBuf>, wanted: Vec<&parts::Part>) -> anyhow::Result<PathBuf> {
    let bin = state_dir("bin");
    parts::provide(&wanted, &parts::Places::of_this_machine(explicit)?, &bin)?;
    Ok(bin)
}

fn up(args: &UpArgs) -> anyhow::Result<()> {
    let dir = args.which.dir()?;
    if let Some(spec) = running(&dir) {
        if args.node && !spec.node {
            bail!("the cluster in {} runs without a node: take it down first", dir.display());
        }
        if args.foreground {
            bail!("the cluster in {} runs already", dir.display());
        }
        print_environment(&spec, args.export, "runs already");
        return Ok(());
    }
    let options =
        Options { dir: dir.clone(), node: args.node, parts: args.parts.clone(), tied: args.foreground };
    let mut cluster = start(&options)?;
    let spec = running(&dir).context("the cluster ended right after its start")?;
    print_environment(&spec, args.export, "is ready");
    if args.foreground { cluster.wait() } else { Ok(()) }
}

fn print_environment(spec: &Spec, export: bool, state: &str) {
    let layout = Layout(&spec.dir);
    let quote = |text: String| format!("'{}'", text.replace('\'', r"'\''"));
    if !export {
        say!("the cluster in {} {state}:", spec.dir.display());
        say!("  control plane  {}", spec.network.api_url());
        match spec.node {
            true => say!("  node           {}", layout.id()),
            false => say!("  node           none (start with --node for one)"),
        }
        say!("  this machine   {} seen from the cluster", spec.network.host);
        say!();
    }
    say!("export TESTBED_BIN={}", quote(layout.bin().display().to_string()));
    say!("export TESTBED_KUBECONFIG={}", quote(layout.kubeconfig().display().to_string()));
    if spec.node {
        say!("export TESTBED_IMAGES={}", quote(joined(&spec.images)));
    }
    say!("export TESTBED_HOST_ADDRESS={}", spec.network.host);
}

fn down(dir: &Path) -> anyhow::Result<()> {
    let dir = &dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let ran = supervisor_pid(dir);
    if let Some(pid) = ran {
        start::stop(pid, dir)?;
    }
    cgroups::remove(dir);
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("remove {}", dir.display()));
        }
        _ => {}
    }
    match ran {
        Some(_) => say!("the cluster in {} is down", dir.display()),
        None => say!("no cluster runs in {}", dir.display()),
    }
    Ok(())
}

fn status(dir: &Path) -> anyhow::Result<()> {
    let (Some(pid), Some(spec)) = (supervisor_pid(dir), running(dir)) else {
        say!("no cluster runs in {}", dir.display());
        return Ok(());
    };
    print_environment(&spec, false, "runs");
    say!("\n{:>8}  {:>8}  program", "process", "MiB");
    for process in processes::below(pid) {
        say!("{:>8}  {:>8}  {}", process.pid, process.resident_mib, process.name);
    }
    say!("\nlogs: {}", Layout(dir).logs().display());
    Ok(())
}

fn kubeconfig(args: &KubeconfigArgs) -> anyhow::Result<()> {
    let dir = args.which.dir()?;
    running(&dir).with_context(|| format!("no cluster runs in {}", dir.display()))?;
    let path = Layout(&dir).kubeconfig();
    if args.print {
        say!("{}", std::fs::read_to_string(&path).context("read the kubeconfig")?.trim_end());
    } else {
        say!("{}", path.display());
    }
    Ok(())
}

fn signal(args: &SignalArgs) -> anyhow::Result<()> {
    let dir = args.which.dir()?;
    let pid = supervisor_pid(&dir).with_context(|| format!("no cluster runs in {}", dir.display()))?;
    let name = args.signal.to_uppercase();
    let name = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
    let signal: nix::sys::signal::Signal =
        name.parse().with_context(|| format!("`{}` is not a signal", args.signal))?;
    let process = processes::below(pid)
        .into_iter()
        .find(|process| process.name == args.program)
        .with_context(|| format!("no program `{}` runs in {}", args.program, dir.display()))?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process.pid), signal)
        .with_context(|| format!("send {name} to process {}", process.pid))
}

/// Process id of the supervisor's outer end, if the cluster in `dir` runs.
fn supervisor_pid(dir: &Path) -> Option<i32> {
    let pid = std::fs::read_to_string(Layout(dir).pid()).ok()?.trim().parse().ok()?;
    // The supervisor was given the path without symbolic links.
    processes::is_supervisor(pid, &dir.canonicalize().ok()?).then_some(pid)
}

/// The specification of the cluster in `dir`, if it runs.
fn running(dir: &Path) -> Option<Spec> {
    supervisor_pid(dir)?;
    serde_json::from_str(&std::fs::read_to_string(Layout(dir).spec()).ok()?).ok()
}

/// Addresses and files of a running cluster, for whoever needs no more.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// The admin's kubeconfig.
    pub(crate) kubeconfig: PathBuf,
    /// Where pods reach this machine.
    pub(crate) host_address: IpAddr,
    /// Directory of the programs.
    pub(crate) bin_dir: PathBuf,
    /// OCI layouts that the node has; none without a node.
    pub(crate) images: Vec<PathBuf>,
}

impl Access {
    /// The environment that tests of levels 3 and 4 read.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("TESTBED_BIN", self.bin_dir.display().to_string()),
            ("TESTBED_KUBECONFIG", self.kubeconfig.display().to_string()),
            ("TESTBED_HOST_ADDRESS", self.host_address.to_string()),
            ("TESTBED_IMAGES", joined(&self.images)),
        ]
    }
}

/// Paths in one variable, separated as in `PATH`.
fn joined(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(":")
}
