//! What the scripts leave on this machine: nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use e2e_tests::throw_away_root::Root;
use serde_json::json;

use super::image::{Kind, busybox_tree};
use super::pod::Pod;

/// Files of this machine that a script would write to if it ran here.
const FILES: [&str; 8] = [
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/gshadow",
    "/root/.gitconfig",
    "/workspace",
    "/record",
    "/buildkite",
];

/// A look at this machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Host {
    files: BTreeMap<&'static str, Option<(SystemTime, Vec<u8>)>>,
    mounts: Vec<String>,
}

impl Host {
    pub(super) fn now() -> Self {
        let look = |path| {
            let changed = fs::metadata(path).ok()?.modified().unwrap();
            Some((changed, fs::read(path).unwrap_or_default()))
        };
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let ours = |line: &&str| ["/tmp/tree", "/tmp/roots"].iter().any(|place| line.contains(place));
        Self {
            files: FILES.into_iter().map(|path| (path, look(path))).collect(),
            mounts: mounts.lines().filter(ours).map(str::to_owned).collect(),
        }
    }

    pub(super) fn assert_unchanged(&self) {
        assert!(self.mounts.is_empty(), "{:?}", self.mounts);
        assert_eq!(*self, Self::now());
    }
}

/// Processes in a mount namespace.
fn processes_in(namespace: u64) -> Vec<String> {
    let listing = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lives_there =
        |path: &Path| fs::metadata(path.join("ns/mnt")).is_ok_and(|metadata| metadata.ino() == namespace);
    listing
        .map(|entry| entry.path())
        .filter(|path| lives_there(path))
        .map(|path| path.display().to_string())
        .collect()
}

/// job-manifest: accounts, owners and settings change in the root alone.
#[test]
fn nothing_is_left_behind() {
    let host = Host::now();
    let tree = busybox_tree();
    // Held open, so that no other namespace gets its number.
    let held = File::open(format!("/proc/{}/ns/mnt", tree.holder())).unwrap();
    let namespace = held.metadata().unwrap().ino();
    let pod = Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1000 }));
    let root = Root::new(&tree).volume("/workspace").volume("/record");
    assert!(root.run(&pod.setup()).status.success());
    assert!(root.run(&pod.checkout()).status.success());
    assert!(root.shell("cat /etc/passwd").contains("buildkite-agent:x:1000:1000:"));
    // Otherwise the look afterwards would find nothing because it looks at nothing.
    assert_eq!(processes_in(namespace).len(), 1);
    drop(tree);
    assert_eq!(processes_in(namespace), Vec::<String>::new());
    host.assert_unchanged();
}

/// The root is all there is: no file and no process of this machine is seen from within.
#[test]
fn a_root_shows_nothing_of_this_machine() {
    for kind in Kind::ALL {
        let root = kind.root();
        let processes = root.shell("echo /proc/[0-9]*");
        assert_eq!(processes.trim(), "/proc/1", "{kind:?}");
        let devices = root.shell("cd /dev; echo *");
        assert_eq!(devices.trim(), "null urandom zero", "{kind:?}");
        assert_eq!(root.shell("[ ! -e /root/.gitconfig ] && id -u").trim(), "0", "{kind:?}");
        // A second root of the same tree does not see what the first made.
        root.shell("echo changed >/etc/motd; echo changed >/workspace/file");
        assert_eq!(kind.root().shell("ls /workspace; [ -e /etc/motd ] || echo none").trim(), "none");
    }
}
