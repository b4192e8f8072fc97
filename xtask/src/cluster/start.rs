//! Start of a cluster, and its end with its owner.

use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::parts::{self, Places};
use super::spec::{Layout, Network, Spec};
use super::{Access, SUPERVISOR, certs, cgroups, config, images, namespace, packages, processes};
use crate::ports;

/// What to start.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// State directory, absolute; see [`super::state_dir`].
    pub(crate) dir: PathBuf,
    /// Whether to start a node that runs pods.
    pub(crate) node: bool,
    /// Directory of finished programs, taken before any other.
    pub(crate) parts: Option<PathBuf>,
    /// Whether the cluster ends with this process, however that ends.
    pub(crate) tied: bool,
}

/// A cluster that was started here. A tied one goes down when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    /// Where it is.
    pub(crate) access: Access,
    /// Kept open for the supervisor, which ends when it closes; `None` for one that stays.
    tie: Option<ChildStdin>,
    supervisor: Child,
}

/// How long a start may take once every program and image is there.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long the supervisor may take to clean up.
const DOWN_WITHIN: Duration = Duration::from_secs(15);

impl Running {
    /// Waits until the cluster ends by itself, which is an error.
    pub(crate) fn wait(&mut self) -> anyhow::Result<()> {
        let status = self.supervisor.wait().context("wait for the cluster's supervisor")?;
        bail!("the cluster ended: its supervisor's {status}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.tie.take().is_none() {
            return;
        }
        let deadline = Instant::now() + DOWN_WITHIN;
        while matches!(self.supervisor.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Kills the supervisor too, and with it all the rest.
        let _ = self.supervisor.kill();
        let _ = self.supervisor.wait();
    }
}

/// Starts a cluster and waits until it is ready, and its node with it.
///
/// # Errors
///
/// Says what is missing on this machine, or which log tells why it did not become ready.
pub(crate) fn start(options: &Options) -> anyhow::Result<Running> {
    ensure!(cfg!(target_os = "linux"), "a cluster needs Linux");
    ensure!(
        !options.node || nix::unistd::Uid::effective().is_root(),
        "a cluster with a node needs root: without --node there is a control plane alone"
    );
    if let Some(pid) = super::supervisor_pid(&options.dir) {
        bail!("a cluster runs in {} already, process {pid}", options.dir.display());
    }
    fs::create_dir_all(&options.dir).with_context(|| format!("create {}", options.dir.display()))?;
    let dir = options.dir.canonicalize().context("resolve the state directory")?;
    for covered in ["/run", "/var/log"] {
        ensure!(!dir.starts_with(covered), "the state directory may not be below {covered}");
    }
    let images = provide(options, &dir)?;
    prepare(&dir)?;
    let started = Instant::now();
    let mut supervisor = spawn_supervisor(&dir, options.node)?;
    let running = hand_over(options, dir, images, &mut supervisor).and_then(|(spec, tie)| {
        wait_until_ready(&spec, &mut supervisor)?;
        Ok((spec, tie))
    });
    let (spec, tie) = match running {
        Ok(running) => running,
        Err(error) => {
            let _ = supervisor.kill();
            let _ = supervisor.wait();
            return Err(error);
        }
    };
    eprintln!("the cluster was ready after {:.1} s", started.elapsed().as_secs_f32());
    let layout = Layout(&spec.dir);
    let access = Access {
        kubeconfig: layout.kubeconfig(),
        host_address: spec.network.host.into(),
        bin_dir: layout.bin(),
        images: spec.images.clone(),
    };
    Ok(Running { access, tie: options.tied.then_some(tie), supervisor })
}

/// Programs and images, built or found; the images' layouts.
fn provide(options: &Options, dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut wanted: Vec<_> = parts::TEST_PROGRAMS.iter().chain(parts::CONTROL_PLANE).collect();
    if options.node {
        packages::ensure_programs(packages::NODE_PROGRAMS)?;
        wanted.extend(parts::NODE);
    }
    let places = Places::of_this_machine(options.parts.clone())?;
    let bin = Layout(dir).bin();
    parts::provide(&wanted, &places, &bin)?;
    if options.node { images::provide(&places, &bin) } else { Ok(Vec::new()) }
}

/// Clears what an earlier cluster may have left here.
fn prepare(dir: &Path) -> anyhow::Result<()> {
    let layout = Layout(dir);
    cgroups::remove(dir);
    for old in [layout.pki(), layout.etc(), layout.etcd(), layout.node(), layout.logs()] {
        match fs::remove_dir_all(&old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", old.display()));
            }
            _ => {}
        }
    }
    for new in [layout.etc().join("cni"), layout.logs(), layout.node()] {
        fs::create_dir_all(&new).with_context(|| format!("create {}", new.display()))?;
    }
    Ok(())
}

/// Starts the supervisor in namespaces of its own; it then waits for its specification.
fn spawn_supervisor(dir: &Path, node: bool) -> anyhow::Result<Child> {
    let log =
        fs::File::create(Layout(dir).logs().join("supervisor.log")).context("create the supervisor's log")?;
    let errors = log.try_clone().context("share the supervisor's log")?;
    // Cargo may have replaced this program's file since it was started, so that its path leads to
    // nothing or to another program; what runs can always be read here.
    let this_program = Layout(dir).etc().join("supervisor");
    fs::copy("/proc/self/exe", &this_program).context("copy this program")?;
    let mut command = Command::new("setsid");
    command.args(["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    if node {
        command.arg("--net");
    }
    if !nix::unistd::Uid::effective().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let supervisor = command
        .arg(this_program)
        .arg(SUPERVISOR)
        .arg("--dir")
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .context("start the cluster's supervisor with setsid and unshare (package util-linux)")?;
    fs::write(Layout(dir).pid(), supervisor.id().to_string()).context("write the supervisor's process id")?;
    Ok(supervisor)
}

/// Decides on addresses, writes every file and tells the supervisor to begin.
fn hand_over(
    options: &Options,
    dir: PathBuf,
    images: Vec<PathBuf>,
    supervisor: &mut Child,
) -> anyhow::Result<(Spec, ChildStdin)> {
    let network = if options.node {
        wait_for_namespace(supervisor)?;
        Network::wired(namespace::wire(supervisor.id())?)
    } else {
        Network::loopback(free_ports()?)
    };
    let spec = Spec { dir, node: options.node, tied: options.tied, network, images };
    write_files(&spec)?;
    let line = serde_json::to_string(&spec).context("write the specification")?;
    fs::write(Layout(&spec.dir).spec(), &line).context("write the specification")?;
    let mut tie = supervisor.stdin.take().expect("standard input was asked to be a pipe");
    writeln!(tie, "{line}").context("tell the supervisor what to run")?;
    Ok((spec, tie))
}

fn wait_for_namespace(supervisor: &mut Child) -> anyhow::Result<()> {
    let ours = fs::metadata("/proc/self/ns/net").context("read this network namespace")?.ino();
    let path = format!("/proc/{}/ns/net", supervisor.id());
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        if fs::metadata(&path).is_ok_and(|theirs| theirs.ino() != ours) {
            return Ok(());
        }
        let ended = supervisor.try_wait().context("look after the supervisor")?;
        ensure!(
            ended.is_none() && Instant::now() < deadline,
            "this machine lets no network namespace be made, which a node needs"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Three ports of the loopback interface that are free.
fn free_ports() -> anyhow::Result<[u16; 3]> {
    let free = || ports::free(Ipv4Addr::LOCALHOST.into()).context("find a free port");
    Ok([free()?, free()?, free()?])
}

fn write_files(spec: &Spec) -> anyhow::Result<()> {
    let layout = Layout(&spec.dir);
    let node = layout.id();
    let node_user = format!("system:node:{node}");
    let addresses = spec.network.server_addresses();
    let pki = certs::make(&config::subjects(&node, &node_user, &addresses))?;
    certs::write(&pki, &layout.pki())?;
    let users = config::CLIENTS.iter().map(|(file, ..)| *file).chain(["kubelet"]);
    let kubeconfigs =
        users.map(|user| (format!("{user}.kubeconfig"), config::kubeconfig(spec, user, &pki))).collect();
    certs::write(&kubeconfigs, &layout.etc())?;
    fs::rename(layout.etc().join("admin.kubeconfig"), layout.kubeconfig())
        .context("write the admin's kubeconfig")?;
    let runc = parts::which("runc").unwrap_or_else(|| "runc".into());
    for (file, content) in config::files(spec, &runc) {
        let path = layout.etc().join(file);
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

fn wait_until_ready(spec: &Spec, supervisor: &mut Child) -> anyhow::Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    let node = Layout(&spec.dir).id();
    let mut steps: Vec<(&str, Vec<&str>, &str)> = vec![
        ("the API server answers", vec!["get", "--raw=/readyz"], "ok"),
        // Made by the controller manager; without it no pod is admitted.
        ("service accounts are made", vec!["get", "serviceaccount", "default", "-o=name"], "default"),
    ];
    let ready = "-o=jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
    if spec.node {
        steps.push(("the node is ready", vec!["get", "node", &node, ready], "True"));
    }
    for (what, question, answer) in steps {
        while !ask(spec, &question).contains(answer) {
            if let Some(status) = supervisor.try_wait().context("look after the supervisor")? {
                bail!("the cluster's supervisor ended: {status}{}", last_words(spec));
            }
            ensure!(
                Instant::now() < deadline,
                "the cluster is not ready after {} s, as it waits until {what}{}",
                READY_WITHIN.as_secs(),
                last_words(spec)
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }
    Ok(())
}

fn ask(spec: &Spec, question: &[&str]) -> String {
    let layout = Layout(&spec.dir);
    let output = Command::new(layout.bin().join("kubectl"))
        .arg(format!("--kubeconfig={}", layout.kubeconfig().display()))
        .args(["--namespace=default", "--request-timeout=5s"])
        .args(question)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// The end of the supervisor's log, and where the others are.
fn last_words(spec: &Spec) -> String {
    let logs = Layout(&spec.dir).logs();
    let text = fs::read_to_string(logs.join("supervisor.log")).unwrap_or_default();
    let mut last: Vec<_> = text.lines().rev().take(12).collect();
    last.reverse();
    format!("\n{}\nlogs are in {}", last.join("\n"), logs.display())
}

/// Stops a cluster by the process id of its supervisor's outer end.
pub(crate) fn stop(pid: i32, dir: &Path) -> anyhow::Result<()> {
    let alive = || processes::is_supervisor(pid, dir);
    // The outer end would die of the signal and take the supervisor with it before it cleaned up.
    if let Some(inner) = processes::child_of(pid) {
        match kill(Pid::from_raw(inner), Signal::SIGTERM) {
            Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
            Err(error) => return Err(error).context("stop the cluster's supervisor"),
        }
        let deadline = Instant::now() + DOWN_WITHIN;
        while alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    if alive() {
        kill(Pid::from_raw(pid), Signal::SIGKILL).context("kill the cluster's supervisor")?;
    }
    Ok(())
}
