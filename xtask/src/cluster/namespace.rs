//! The node's own mounts and network, set up from inside before any program starts.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::spec::{LINK_PREFIX, Layout, SERVICE_SUBNET, Spec};

/// Where the kubelet keeps its state inside; short, because sockets lie below it.
pub(crate) const KUBELET_ROOT: &str = "/run/kubelet";

/// Gives the node a `/run`, a `/var/log` and a network of its own.
///
/// `stopped` tells whether to give up, because the caller has gone.
pub(crate) fn set_up(spec: &Spec, stopped: impl Fn() -> bool) -> anyhow::Result<()> {
    mounts(spec).context("set up the node's mounts")?;
    network(spec, stopped).context("set up the node's network")
}

fn mounts(spec: &Spec) -> anyhow::Result<()> {
    let node = Layout(&spec.dir).node();
    let none = None::<&str>;
    // Programs write at fixed places there; a mount over them leaves the machine's own untouched.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::MS_NOSUID, Some("mode=755"))
        .context("mount /run")?;
    for (inside, kept) in [("/var/log", node.join("log")), (KUBELET_ROOT, node.join("kubelet"))] {
        fs::create_dir_all(inside).with_context(|| format!("create {inside}"))?;
        fs::create_dir_all(&kept).with_context(|| format!("create {}", kept.display()))?;
        mount(Some(&kept), inside, none, MsFlags::MS_BIND, none)
            .with_context(|| format!("mount {inside}"))?;
    }
    shadow_var_lib(&spec.dir).context("shadow /var/lib")?;
    // Volumes with mount propagation ask for a shared mount.
    mount(none, KUBELET_ROOT, none, MsFlags::MS_SHARED | MsFlags::MS_REC, none)
        .context("share the kubelet's mounts")
}

/// Lets the node see the machine's `/var/lib` and write to memory instead: the pod network's library
/// and the kubelet know no other place for some files.
fn shadow_var_lib(state: &Path) -> anyhow::Result<()> {
    let none = None::<&str>;
    for dir in ["/run/state", "/run/var-lib/upper", "/run/var-lib/work"] {
        fs::create_dir_all(dir).with_context(|| format!("create {dir}"))?;
    }
    mount(Some(state), "/run/state", none, MsFlags::MS_BIND, none).context("hold the state")?;
    let options = "lowerdir=/var/lib,upperdir=/run/var-lib/upper,workdir=/run/var-lib/work";
    mount(Some("overlay"), "/var/lib", Some("overlay"), MsFlags::empty(), Some(options))
        .context("mount the overlay")?;
    if state.starts_with("/var/lib") {
        // The state itself belongs on the disk.
        mount(Some("/run/state"), state, none, MsFlags::MS_BIND, none).context("uncover the state")?;
    }
    Ok(())
}

fn network(spec: &Spec, stopped: impl Fn() -> bool) -> anyhow::Result<()> {
    wait_for_wire(stopped)?;
    let address = format!("{}/{LINK_PREFIX}", spec.network.inside);
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["address", "add", &address, "dev", "eth0"])?;
    run("ip", &["link", "set", "eth0", "up"])?;
    // A Service's address is translated on its way out, so there must be a way. Anything else stays
    // unreachable, at once and without a packet.
    run("ip", &["route", "add", SERVICE_SUBNET, "via", &spec.network.host.to_string()])?;
    run("ip", &["route", "add", "unreachable", "default"])?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").context("switch on forwarding")?;
    let rules = Layout(&spec.dir).etc().join("masquerade.nft");
    run("nft", &["-f", &rules.display().to_string()])
}

/// The machine's side moves one end of the wire in here.
fn wait_for_wire(stopped: impl Fn() -> bool) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let devices = fs::read_to_string("/proc/net/dev").context("list the network devices")?;
        if devices.lines().any(|line| line.trim_start().starts_with("eth0:")) {
            return Ok(());
        }
        ensure!(!stopped(), "the caller has ended");
        ensure!(Instant::now() < deadline, "the wire to the machine did not appear within 5 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Lets the wire between the machine and process `pid`'s network namespace appear; its number.
pub(crate) fn wire(pid: u32) -> anyhow::Result<u8> {
    for number in 0..super::spec::LINKS {
        let network = super::spec::Network::wired(number);
        let link = network.link.as_deref().expect("a wired network has a link");
        if Path::new("/sys/class/net").join(link).exists() {
            continue;
        }
        let pid = pid.to_string();
        let created =
            output("ip", &["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", &pid])?;
        match created {
            Ok(()) => {
                let host: Ipv4Addr = network.host;
                run("ip", &["address", "add", &format!("{host}/{LINK_PREFIX}"), "dev", link])?;
                run("ip", &["link", "set", link, "up"])?;
                return Ok(number);
            }
            // Another cluster took the number in this moment.
            Err(message) if message.contains("File exists") => {}
            Err(message) => bail!("could not create the wire to the node: {message}"),
        }
    }
    bail!("{} clusters with a node run on this machine already", super::spec::LINKS)
}

fn run(program: &str, args: &[&str]) -> anyhow::Result<()> {
    match output(program, args)? {
        Ok(()) => Ok(()),
        Err(message) => bail!("`{program} {}` failed: {message}", args.join(" ")),
    }
}

fn output(program: &str, args: &[&str]) -> anyhow::Result<Result<(), String>> {
    let path = super::parts::which(program).with_context(|| format!("{program} is not installed"))?;
    let output = Command::new(path)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {program}"))?;
    Ok(if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    })
}

/// Takes away the wire at once; the kernel alone would take it a moment after the namespace.
pub(crate) fn unwire() {
    // Without a wire there is nothing to do.
    let _ = run("ip", &["link", "delete", "eth0"]);
}

/// Takes away every mount of this namespace below the state directory and `/run`.
pub(crate) fn unmount(dir: &Path) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for point in mount_points(&mounts, &[dir, Path::new("/run")]) {
        // What cannot be unmounted goes with the namespace.
        let _ = umount2(&point, MntFlags::MNT_DETACH);
    }
}

/// Mount points at or below the directories, innermost first.
pub(crate) fn mount_points(mountinfo: &str, dirs: &[&Path]) -> Vec<PathBuf> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4)).map(unescape);
    let mut points: Vec<_> = points.filter(|point| dirs.iter().any(|dir| point.starts_with(dir))).collect();
    points.reverse();
    points
}

/// The kernel writes blanks and the like as three octal digits.
fn unescape(field: &str) -> PathBuf {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = (byte == b'\\').then(|| tail.get(..3)).flatten();
        let code = octal
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                out.push(code);
                rest = &tail[3..];
            }
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_come_innermost_first_and_unescaped() {
        let mountinfo = "\
21 1 0:20 / / rw - ext4 /dev/sda rw
22 21 0:21 / /run rw - tmpfs tmpfs rw
23 22 0:22 / /run/kubelet rw shared:1 - ext4 /dev/sda rw
24 21 0:23 / /state/a\\040b/node rw - overlay overlay rw
25 21 0:24 / /runner rw - ext4 /dev/sda rw
";
        let points = mount_points(mountinfo, &[Path::new("/state/a b"), Path::new("/run")]);
        assert_eq!(points, ["/state/a b/node", "/run/kubelet", "/run"].map(PathBuf::from));
    }
}
