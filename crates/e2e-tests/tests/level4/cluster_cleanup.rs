//! The cluster itself: nothing of it outlives its caller, not even one that is killed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use e2e_tests::wait;

/// A second cluster with a node, beside the one of the other tests, and the process it is tied to.
struct Caller {
    process: Child,
    dir: tempfile::TempDir,
    kubeconfig: String,
    host_address: String,
    /// What was on the machine before; see [`machine_wide`].
    before: BTreeSet<String>,
}

impl Caller {
    fn start() -> Self {
        let before = machine_wide();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let xtask = std::env::var_os("TESTBED_XTASK_BIN").expect("TESTBED_XTASK_BIN is set");
        let mut process = Command::new(xtask)
            .args(["cluster", "up", "--node", "--foreground", "--export", "--dir"])
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("xtask starts");
        let mut announced = Vec::new();
        for line in BufReader::new(process.stdout.take().expect("a pipe")).lines() {
            announced.push(line.expect("readable output"));
            if announced.last().expect("a line was pushed").starts_with("export TESTBED_HOST_ADDRESS=") {
                break;
            }
        }
        let value = |name: &str| {
            let line = announced.iter().find_map(|line| line.strip_prefix(name));
            line.expect("the cluster came up").trim_matches('\'').to_owned()
        };
        let kubeconfig = value("export TESTBED_KUBECONFIG=");
        let host_address = value("export TESTBED_HOST_ADDRESS=");
        Self { process, dir, kubeconfig, host_address, before }
    }

    fn kubectl(&self, args: &[&str]) -> bool {
        Command::new(self.dir.path().join("bin/kubectl"))
            .args(["--kubeconfig", &self.kubeconfig])
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("kubectl starts")
            .success()
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Everything of one running cluster that its end has to take away.
#[derive(Debug)]
struct Traces {
    dir: PathBuf,
    /// Process ids with their start times, which tell a reused id.
    processes: BTreeSet<(i32, String)>,
    /// Inode numbers, which the kernel gives to other namespaces as soon as these are gone.
    network_namespaces: BTreeSet<u64>,
    /// All processes of the machine, so that a later one in a namespace with a number that was free
    /// again is not taken for one that stayed.
    running: BTreeSet<(i32, String)>,
    control_groups: BTreeSet<PathBuf>,
    link: String,
    before: BTreeSet<String>,
}

impl Traces {
    fn of(caller: &Caller) -> Self {
        let caller_pid = i32::try_from(caller.process.id()).expect("process ids are small");
        let mut pids = BTreeSet::from([caller_pid]);
        // Children may be listed before their parents.
        while let Some(child) =
            processes().find(|pid| !pids.contains(pid) && parent(*pid).is_some_and(|p| pids.contains(&p)))
        {
            pids.insert(child);
        }
        pids.remove(&caller_pid);
        let ours = network_namespace("self").expect("a network namespace");
        let namespaces = pids.iter().filter_map(|pid| network_namespace(&pid.to_string()));
        Self {
            dir: caller.dir.path().to_owned(),
            processes: pids.iter().filter_map(|pid| Some((*pid, stat_field(*pid, 22)?))).collect(),
            network_namespaces: namespaces.filter(|namespace| *namespace != ours).collect(),
            running: processes().filter_map(|pid| Some((pid, stat_field(pid, 22)?))).collect(),
            control_groups: pids.iter().flat_map(|pid| control_groups(*pid)).collect(),
            before: caller.before.clone(),
            link: link_with_address(&caller.host_address).expect("a wire leads to the node"),
        }
    }

    /// What is still there, in words.
    fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        for (pid, started) in &self.processes {
            if stat_field(*pid, 22).as_ref() == Some(started) {
                left.push(format!("process {pid}"));
            }
        }
        for (pid, started) in &self.running {
            let namespace = network_namespace(&pid.to_string());
            let is_same = stat_field(*pid, 22).as_ref() == Some(started);
            if is_same && namespace.is_some_and(|namespace| self.network_namespaces.contains(&namespace)) {
                left.push(format!("process {pid} in a network namespace of the cluster"));
            }
        }
        let groups = self.control_groups.iter().filter(|group| group.exists());
        left.extend(groups.map(|group| format!("control group {}", group.display())));
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("a table of mounts");
        let dir = self.dir.display().to_string();
        left.extend(mounts.lines().filter(|line| line.contains(&dir)).map(|l| format!("mount {l}")));
        if Path::new("/sys/class/net").join(&self.link).exists() {
            left.push(format!("network device {}", self.link));
        }
        left.extend(machine_wide().difference(&self.before).cloned());
        left
    }
}

/// Named network namespaces and nft tables of the machine: a node has its own, and adds none here.
fn machine_wide() -> BTreeSet<String> {
    let namespaces = fs::read_dir("/run/netns").into_iter().flatten().filter_map(Result::ok);
    let namespaces = namespaces.map(|entry| format!("namespace {}", entry.path().display()));
    let tables = Command::new("/usr/sbin/nft").args(["list", "tables"]).output().expect("nft starts");
    let tables = String::from_utf8(tables.stdout).expect("text");
    namespaces.chain(tables.lines().map(|table| format!("nft {table}"))).collect()
}

fn processes() -> impl Iterator<Item = i32> {
    let listing = fs::read_dir("/proc").expect("a process file system");
    listing.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn parent(pid: i32) -> Option<i32> {
    stat_field(pid, 4)?.parse().ok()
}

/// A field of stat(5) by its number there, from the third on.
fn stat_field(pid: i32, number: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(number - 3).map(str::to_owned)
}

fn network_namespace(pid: &str) -> Option<u64> {
    Some(fs::metadata(format!("/proc/{pid}/ns/net")).ok()?.ino())
}

/// The groups that the container runtime made for a process.
fn control_groups(pid: i32) -> Vec<PathBuf> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let paths: BTreeSet<&str> = groups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .filter(|path| path.starts_with("/k8s.io/"))
        .collect();
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("a table of mounts");
    let hierarchies = mounts.lines().filter(|line| line.contains(" - cgroup"));
    let roots = hierarchies.filter_map(|line| line.split(' ').nth(4));
    let of_root = |root| paths.iter().map(move |path| PathBuf::from(format!("{root}{path}")));
    roots.flat_map(of_root).filter(|path| path.exists()).collect()
}

fn link_with_address(address: &str) -> Option<String> {
    let output = Command::new("ip").args(["-oneline", "address"]).output().expect("ip starts");
    let output = String::from_utf8(output.stdout).expect("text");
    let line = output.lines().find(|line| line.contains(&format!(" {address}/")))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}

#[tokio::test]
async fn a_killed_caller_leaves_nothing_behind() {
    let mut caller = Caller::start();
    let run = ["run", "sleeper", "--image=busybox:1.36", "--restart=Never", "--", "sleep", "900"];
    assert!(caller.kubectl(&run), "the pod is accepted");
    assert!(
        caller.kubectl(&["wait", "pod/sleeper", "--for=condition=Ready", "--timeout=60s"]),
        "the pod runs"
    );
    let traces = Traces::of(&caller);
    // Otherwise the test below would pass by looking at nothing.
    assert!(traces.processes.len() >= 9, "{traces:?}");
    assert!(traces.network_namespaces.len() >= 2, "the node's and the pod's: {traces:?}");
    assert!(!traces.control_groups.is_empty(), "{traces:?}");
    assert!(!traces.left().is_empty());

    // SIGKILL: the caller gets no chance to clean up.
    caller.process.kill().unwrap();
    caller.process.wait().unwrap();
    wait::until("nothing of the cluster is left", Duration::from_secs(10), || async {
        let left = traces.left();
        if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
    })
    .await;
    let kept: Vec<_> =
        fs::read_dir(caller.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["logs"], "of the state only the logs stay, to be read");
}
