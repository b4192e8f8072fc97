//! Debian packages that tests need, installed when missing and when we may.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Installs those of `names` that are missing, after printing them.
///
/// # Errors
/// When a package is missing and cannot be installed; the text says what to run.
pub(super) fn ensure(names: &[&str]) -> Result<()> {
    let missing: Vec<&str> = names.iter().copied().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !nix::unistd::geteuid().is_root() {
        bail!("these Debian packages are missing: {}; run `sudo {command}`", missing.join(", "));
    }
    println!("installing Debian packages: {}", missing.join(", "));
    apt(&["update", "-q"])?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(missing);
    apt(&install)
}

/// Whether dpkg has the package unpacked and configured.
fn is_installed(name: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${Status}", name])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.ends_with(b" installed"))
}

/// One call of apt-get that asks nothing.
fn apt(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("cannot start apt-get; install the packages with this system's own tool")?;
    if status.success() {
        return Ok(());
    }
    bail!("apt-get {} ended with {status}", arguments.join(" "))
}
