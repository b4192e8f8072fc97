//! The programs a cluster is made of: where each one is found, or how it is built.
//!
//! Order: a directory the caller names, the cache of finished builds, an installed program of the
//! same minor version, a build from the pinned Go modules in `xtask/testbed`. With `CI=true`
//! installed programs are passed over, so that what ran is what the pins say.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};

/// One program, pinned to a version.
#[derive(Debug)]
pub(crate) struct Part {
    /// File name of the program, as others call it.
    pub(crate) name: &'static str,
    /// Folder below `xtask/testbed` that pins it.
    module: &'static str,
    /// Go package to build.
    package: &'static str,
    /// Version for people and for the name of its cache folder.
    version: &'static str,
    /// What the output of `--version` must contain for an installed one to do; `None`: never.
    installed: Option<&'static str>,
    /// Seconds a cold build takes on two cores, for the progress line.
    cold_seconds: u32,
}

const KUBERNETES: &str = "v1.36.3";

const fn kubernetes(name: &'static str, package: &'static str, cold_seconds: u32) -> Part {
    let installed = Some("v1.36.");
    Part { name, module: "kubernetes", package, version: KUBERNETES, installed, cold_seconds }
}

const fn containerd(name: &'static str, package: &'static str, cold_seconds: u32) -> Part {
    let installed = Some("v2.2.");
    Part { name, module: "containerd", package, version: "v2.2.1", installed, cold_seconds }
}

const fn cni(name: &'static str, package: &'static str) -> Part {
    let module = "cni-plugins";
    Part { name, module, package, version: "v1.9.0", installed: None, cold_seconds: 4 }
}

/// What `up` needs without a node.
pub(crate) const CONTROL_PLANE: &[Part] = &[
    Part {
        name: "etcd",
        module: "etcd",
        package: "go.etcd.io/etcd/server/v3",
        version: "v3.6.12",
        installed: Some("etcd Version: 3.6."),
        cold_seconds: 30,
    },
    kubernetes("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", 195),
    kubernetes("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager", 50),
    kubernetes("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", 5),
    kubernetes("kubectl", "k8s.io/kubernetes/cmd/kubectl", 10),
];

/// What a node needs on top.
pub(crate) const NODE: &[Part] = &[
    kubernetes("kubelet", "k8s.io/kubernetes/cmd/kubelet", 16),
    kubernetes("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy", 15),
    containerd("containerd", "github.com/containerd/containerd/v2/cmd/containerd", 55),
    containerd(
        "containerd-shim-runc-v2",
        "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        5,
    ),
    containerd("ctr", "github.com/containerd/containerd/v2/cmd/ctr", 5),
    cni("bridge", "github.com/containernetworking/plugins/plugins/main/bridge"),
    cni("loopback", "github.com/containernetworking/plugins/plugins/main/loopback"),
    cni("host-local", "github.com/containernetworking/plugins/plugins/ipam/host-local"),
];

/// The real agent; in the agent image, and run as a plain process by tests.
pub(crate) const AGENT: Part = Part {
    name: "buildkite-agent",
    module: "buildkite-agent",
    package: "github.com/buildkite/agent/v3",
    version: super::AGENT_VERSION,
    installed: Some(super::AGENT_VERSION),
    cold_seconds: 115,
};

/// The published Go client of the Stacks API behind a small driver.
pub(crate) const STACKS_CLIENT: Part = Part {
    name: "stacksapi-client",
    module: "stacksapi-client",
    package: ".",
    version: "v1.0.2",
    installed: None,
    cold_seconds: 5,
};

/// Kubernetes' own strategic merge patch behind a small driver.
pub(crate) const STRATEGIC_MERGE: Part = Part {
    name: "strategic-merge",
    module: "strategic-merge",
    package: ".",
    version: "v0.36.3",
    installed: None,
    cold_seconds: 40,
};

/// Programs that tests run outside the cluster.
pub(crate) const TEST_PROGRAMS: &[Part] = &[AGENT, STACKS_CLIENT, STRATEGIC_MERGE];

/// Folders in which programs are looked for.
#[derive(Debug)]
pub(crate) struct Places {
    /// Named by the caller: a program found here is taken without a question.
    pub(crate) explicit: Option<PathBuf>,
    /// Cache of finished builds.
    pub(crate) cache: PathBuf,
    /// Folders of installed programs; empty with `CI=true`.
    pub(crate) installed: Vec<PathBuf>,
}

impl Places {
    /// The places of this machine; `explicit` comes from the command line.
    pub(crate) fn of_this_machine(explicit: Option<PathBuf>) -> anyhow::Result<Self> {
        let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = installed(assets, &path, crate::workspace::is_strict());
        Ok(Self { explicit, cache: cache_dir()?, installed })
    }
}

/// Folders of installed programs: none in a strict run, where only pinned ones count.
fn installed(assets: Option<PathBuf>, path: &OsStr, strict: bool) -> Vec<PathBuf> {
    if strict {
        return Vec::new();
    }
    assets.into_iter().chain(std::env::split_paths(path)).collect()
}

/// `${XDG_CACHE_HOME:-$HOME/.cache}/agent-stack-k8s/testbed`.
pub(crate) fn cache_dir() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        Some(cache) => PathBuf::from(cache),
        None => PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?)
            .join(".cache"),
    };
    Ok(base.join("agent-stack-k8s").join("testbed"))
}

/// Finds every part, building what is missing, and links them all into `bin`.
pub(crate) fn provide(parts: &[&Part], places: &Places, bin: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(&places.cache)
        .with_context(|| format!("create the cache {}", places.cache.display()))?;
    fs::create_dir_all(bin).with_context(|| format!("create {}", bin.display()))?;
    for part in parts {
        let program = match locate(part, places, &pin(part)?, version_of) {
            Some(program) => {
                // The pins do not say what this one is, so the output does.
                if !program.starts_with(&places.cache) {
                    eprintln!("taking {} from {}", part.name, program.display());
                }
                program
            }
            None => build(part, places)?,
        };
        link(&program, &bin.join(part.name))?;
    }
    Ok(())
}

/// Key of everything that decides how a part is built.
pub(crate) fn pin(part: &Part) -> anyhow::Result<String> {
    let module = testbed_dir().join(part.module);
    let mut files = vec![module.join("go.mod"), module.join("go.sum")];
    let replaced = (part.module == "buildkite-agent").then(|| testbed_dir().join("zzglob"));
    let own_source = (part.package == ".").then(|| module.clone());
    for dir in replaced.into_iter().chain(own_source) {
        let listing = fs::read_dir(&dir).with_context(|| format!("list {}", dir.display()))?;
        for entry in listing {
            let path = entry.with_context(|| format!("list {}", dir.display()))?.path();
            if path.extension() == Some(OsStr::new("go")) {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(&file).with_context(|| format!("read {}", file.display()))?);
        hash.update([0]);
    }
    hash.update(part.package);
    hash.update(linker_flags(part));
    let digest = super::image::hex(&hash.finalize());
    Ok(format!("{}-{}-{}", part.name, part.version, &digest[..8]))
}

/// Where a part is, or `None` if it has to be built. `version_of` answers for an existing program.
fn locate(
    part: &Part,
    places: &Places,
    pin: &str,
    version_of: impl Fn(&Path) -> Option<String>,
) -> Option<PathBuf> {
    let explicit = places.explicit.iter().map(|dir| dir.join(part.name)).find(|path| path.is_file());
    let cached = || Some(places.cache.join(pin).join(part.name)).filter(|path| path.is_file());
    let installed =
        || {
            let wanted = part.installed?;
            places.installed.iter().map(|dir| dir.join(part.name)).find(|path| {
                path.is_file() && version_of(path).is_some_and(|version| version.contains(wanted))
            })
        };
    explicit.or_else(cached).or_else(installed)
}

fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn build(part: &Part, places: &Places) -> anyhow::Result<PathBuf> {
    let lock = fs::File::create(places.cache.join(".lock")).context("create the cache's lock")?;
    lock.lock().context("wait for another build of the cluster's parts")?;
    let pin = pin(part)?;
    // Another process may have built it while this one waited.
    if let Some(program) = locate(part, places, &pin, version_of) {
        return Ok(program);
    }
    let go = which("go").context(
        "the cluster's programs are built from Go modules, and `go` is not on the PATH: install Go \
         1.26 or newer, or name a directory of finished programs with --parts",
    )?;
    eprintln!("building {} {} (about {} s the first time)", part.name, part.version, part.cold_seconds);
    let started = Instant::now();
    let finished = places.cache.join(&pin);
    fs::create_dir_all(&finished).with_context(|| format!("create {}", finished.display()))?;
    let unfinished = finished.join(".building");
    let status = Command::new(go)
        .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags"])
        .arg(linker_flags(part))
        .arg("-o")
        .arg(&unfinished)
        .arg(part.package)
        .current_dir(testbed_dir().join(part.module))
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .context("run `go build`")?;
    ensure!(status.success(), "`go build` of {} {} failed: {status}", part.name, part.version);
    let program = finished.join(part.name);
    fs::rename(&unfinished, &program).with_context(|| format!("create {}", program.display()))?;
    eprintln!("built {} in {:.0} s", part.name, started.elapsed().as_secs_f32());
    Ok(program)
}

fn linker_flags(part: &Part) -> String {
    let mut flags = "-s -w".to_owned();
    if part.module == "kubernetes" {
        // Without these the programs call themselves v0.0.0-master, and clients refuse features.
        let minor = part.version.split('.').nth(1).expect("a version has three numbers");
        let version = "k8s.io/component-base/version";
        flags += &format!(" -X {version}.gitVersion={}", part.version);
        flags += &format!(" -X {version}.gitMajor=1 -X {version}.gitMinor={minor}");
    }
    flags
}

/// A program on the PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    // Debian keeps runc and nft where the PATH of plain users does not look.
    let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    std::env::split_paths(&path).chain(sbin).map(|dir| dir.join(name)).find(|path| path.is_file())
}

fn link(program: &Path, link: &Path) -> anyhow::Result<()> {
    let program =
        program.canonicalize().with_context(|| format!("find the program {}", program.display()))?;
    match fs::remove_file(link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            bail!("replace {}: {error}", link.display())
        }
        _ => {}
    }
    std::os::unix::fs::symlink(&program, link)
        .with_context(|| format!("link {} to {}", link.display(), program.display()))
}

fn testbed_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testbed")
}

#[cfg(test)]
mod tests;
