//! Processes of a cluster, seen from the machine.

use std::fs;
use std::path::Path;

/// One process of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    /// Process id on the machine.
    pub(crate) pid: i32,
    /// Process id of its parent.
    pub(crate) parent: i32,
    /// File name of the program.
    pub(crate) name: String,
    /// Resident memory in MiB.
    pub(crate) resident_mib: u64,
}

/// Whether `pid` is the outer end of the supervisor of the cluster in `dir`.
pub(crate) fn is_supervisor(pid: i32, dir: &Path) -> bool {
    let Ok(command) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let mut words = command.split(|byte| *byte == 0);
    let dir = dir.as_os_str().as_encoded_bytes();
    words.any(|word| word == super::SUPERVISOR.as_bytes()) && words.any(|word| word == dir)
}

/// The supervisor itself: the only child of its outer end.
pub(crate) fn child_of(pid: i32) -> Option<i32> {
    all().into_iter().find(|process| process.parent == pid).map(|process| process.pid)
}

/// Everything below `pid`, parents before children.
pub(crate) fn below(pid: i32) -> Vec<Process> {
    descendants(pid, all())
}

fn descendants(pid: i32, mut others: Vec<Process>) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        let (children, rest) = others.into_iter().partition(|process| process.parent == parent);
        others = rest;
        let children: Vec<Process> = children;
        parents.extend(children.iter().map(|process| process.pid));
        found.extend(children);
    }
    found
}

fn all() -> Vec<Process> {
    let Ok(listing) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = listing.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(read).collect()
}

fn read(pid: i32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let program = command.split(|byte| *byte == 0).next().filter(|word| !word.is_empty())?;
    let program = String::from_utf8_lossy(program);
    let name = program.rsplit('/').next().expect("splitting gives at least one piece").to_owned();
    let (parent, pages) = parent_and_pages(&stat)?;
    // Pages of 4 KiB: 256 to the MiB.
    Some(Process { pid, parent, name, resident_mib: pages / 256 })
}

/// The second field is the program's name in parentheses and may hold anything.
fn parent_and_pages(stat: &str) -> Option<(i32, u64)> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let parent = fields.nth(1)?.parse().ok()?;
    // Field 24 of stat(5), counted from the one after the parent, field 5.
    let pages = fields.nth(19)?.parse().ok()?;
    Some((parent, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_past_a_name_with_blanks() {
        let numbers: Vec<String> = (5..=24).map(|number| number.to_string()).collect();
        let stat = format!("7 (a) b) S 4 {}", numbers.join(" "));
        assert_eq!(parent_and_pages(&stat), Some((4, 24)));
    }

    #[test]
    fn descendants_are_followed() {
        let process = |pid, parent| Process { pid, parent, name: String::new(), resident_mib: 0 };
        let all = vec![process(5, 3), process(3, 2), process(2, 1), process(9, 1)];
        let pids: Vec<_> = descendants(2, all).into_iter().map(|process| process.pid).collect();
        assert_eq!(pids, [3, 5]);
    }

    #[test]
    fn this_process_is_no_supervisor() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(!is_supervisor(pid, Path::new("/nowhere")));
        assert!(all().iter().any(|process| process.pid == pid));
    }
}
