//! Debian packages: programs this machine lacks, and the files of images.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// A program that is called by name, and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// Name on the PATH.
    pub(crate) command: &'static str,
    /// Debian package.
    pub(crate) package: &'static str,
}

/// What a node needs of the machine.
pub(crate) const NODE_PROGRAMS: &[Program] = &[
    Program { command: "runc", package: "runc" },
    Program { command: "nft", package: "nftables" },
    Program { command: "ip", package: "iproute2" },
    Program { command: "unshare", package: "util-linux" },
    Program { command: "mount", package: "mount" },
];

/// Installs the programs that are missing, after printing the list.
///
/// # Errors
///
/// Names the packages when this machine has no apt, or when the caller is not root.
pub(crate) fn ensure_programs(programs: &[Program]) -> anyhow::Result<()> {
    let missing = missing(programs, |command| super::parts::which(command).is_some());
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if super::parts::which("apt-get").is_none() || !nix::unistd::Uid::effective().is_root() {
        bail!("this machine lacks programs of these Debian packages, install them first: {list}");
    }
    eprintln!("installing Debian packages: {list}");
    update_package_lists()?;
    let status = apt_get()
        .args(["install", "--yes", "--no-install-recommends"])
        .args(&missing)
        .status()
        .context("run apt-get install")?;
    ensure!(status.success(), "apt-get could not install {list}: {status}");
    Ok(())
}

fn missing(programs: &[Program], has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        programs.iter().filter(|program| !has(program.command)).map(|program| program.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

fn update_package_lists() -> anyhow::Result<()> {
    let status = apt_get().arg("update").status().context("run apt-get update")?;
    ensure!(status.success(), "apt-get update failed: {status}");
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .arg("--quiet=2")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        // The caller's standard output may be read by a program.
        .stdout(Stdio::from(std::io::stderr()));
    command
}

/// Downloads packages with everything they depend on, as if nothing were installed.
///
/// Needs no root. The answer is sorted by file name.
pub(crate) fn download_closure(packages: &[&str], dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    ensure!(
        super::parts::which("apt-get").is_some(),
        "the agent image is put together from Debian packages, and this machine has no apt-get"
    );
    let archives = dir.join("archives");
    fs::create_dir_all(archives.join("partial")).with_context(|| format!("create {}", archives.display()))?;
    let nothing_installed = dir.join("status");
    fs::write(&nothing_installed, "").context("write an empty package status")?;
    let download = || {
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        apt_get()
            .args(["--option", &option("Dir::State::status", &nothing_installed)])
            .args(["--option", &option("Dir::Cache::archives", &archives)])
            .args(["--option", "Debug::NoLocking=true"])
            // apt would hand root's download to a user that may not enter our directory.
            .args(["--option", "APT::Sandbox::User="])
            .args(["install", "--yes", "--no-install-recommends", "--download-only"])
            .args(packages)
            .status()
            .context("run apt-get to download packages")
    };
    if !download()?.success() {
        // Most often the package lists are missing or older than the archive.
        update_package_lists()?;
        let status = download()?;
        ensure!(status.success(), "apt-get could not download {}: {status}", packages.join(" "));
    }
    let listing = fs::read_dir(&archives).context("list the downloaded packages")?;
    let mut files = Vec::new();
    for entry in listing {
        let path = entry.context("list the downloaded packages")?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The files of a package as a tar.
pub(crate) fn unpack(package: &Path) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("run dpkg-deb")?;
    ensure!(output.status.success(), "dpkg-deb could not read {}", package.display());
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed_and_once() {
        let programs = [
            Program { command: "nft", package: "nftables" },
            Program { command: "mount", package: "util-linux" },
            Program { command: "unshare", package: "util-linux" },
        ];
        assert_eq!(missing(&programs, |_| true), Vec::<&str>::new());
        assert_eq!(missing(&programs, |_| false), ["nftables", "util-linux"]);
        assert_eq!(missing(&programs, |command| command != "nft"), ["nftables"]);
    }
}
