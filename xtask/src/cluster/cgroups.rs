//! Control groups that containers leave behind when they are killed from outside.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::spec::Layout;

/// The parent that containerd gives all its containers' groups; several clusters may share it.
const PARENT: &str = "k8s.io";

/// Removes the control groups of the cluster in `dir`; those in use stay.
pub(crate) fn remove(dir: &Path) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let deadline = Instant::now() + Duration::from_secs(3);
    let containers = containers(dir);
    for parent in hierarchies(&mounts).into_iter().map(|root| root.join(PARENT)) {
        for group in containers.iter().map(|container| parent.join(container)) {
            // A group is busy for a moment after its last process was killed.
            while group.exists() && remove_tree(&group).is_err() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        if Layout(dir).containerd().exists() {
            // Fails, as it should, while another cluster's groups are in it.
            let _ = fs::remove_dir(&parent);
        }
    }
}

/// Containers that ran at the end: containerd keeps a directory for each on the disk.
fn containers(dir: &Path) -> Vec<OsString> {
    let tasks = Layout(dir).containerd().join("io.containerd.runtime.v2.task").join(PARENT);
    let Ok(listing) = fs::read_dir(tasks) else { return Vec::new() };
    listing.filter_map(|entry| Some(entry.ok()?.file_name())).collect()
}

fn hierarchies(mountinfo: &str) -> Vec<PathBuf> {
    let of_line = |line: &str| {
        let (mount, source) = line.split_once(" - ")?;
        let kind = source.split(' ').next()?;
        let point = mount.split(' ').nth(4)?;
        matches!(kind, "cgroup" | "cgroup2").then(|| PathBuf::from(point))
    };
    mountinfo.lines().filter_map(of_line).collect()
}

/// A control group's files go with it, its children do not.
fn remove_tree(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_containers_are_read_from_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        assert!(containers(dir.path()).is_empty());
        let tasks = dir.path().join("node/containerd/io.containerd.runtime.v2.task/k8s.io");
        fs::create_dir_all(tasks.join("abc")).unwrap();
        assert_eq!(containers(dir.path()), ["abc"]);
    }

    #[test]
    fn both_kinds_of_hierarchy_are_seen() {
        let mountinfo = "\
30 29 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 30 0:28 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw
";
        let want = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"].map(PathBuf::from);
        assert_eq!(hierarchies(mountinfo), want);
    }
}
