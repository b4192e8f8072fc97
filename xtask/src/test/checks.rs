//! Checks that are no tests: formatting, lints, documentation, generated files, each crate alone.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::workspace;

/// A check, run as commands of cargo.
pub(super) struct Check {
    /// Name in the table at the end.
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// Run once per crate, with `-p <crate>` added.
    each_crate: bool,
}

/// All checks, the quick ones first.
pub(super) const ALL: &[Check] = &[
    Check { name: "format", arguments: &["fmt", "--all", "--check"], environment: &[], each_crate: false },
    Check {
        name: "clippy",
        arguments: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        environment: &[],
        each_crate: false,
    },
    Check {
        name: "docs",
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        each_crate: false,
    },
    // A crate may lean on a feature that only a neighbour switches on; alone it then fails.
    Check {
        name: "crates alone",
        arguments: &["check", "--quiet", "--locked"],
        environment: &[],
        each_crate: true,
    },
    Check {
        name: "codegen",
        arguments: &["xtask", "codegen", "--check"],
        environment: &[],
        each_crate: false,
    },
];

impl Check {
    /// The command as one would type it.
    pub(super) fn shown(&self) -> String {
        let mut words: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        words.push("cargo".to_owned());
        words.extend(self.arguments.iter().map(|&word| word.to_owned()));
        if self.each_crate {
            words.push("-p <each crate>".to_owned());
        }
        words.join(" ")
    }

    /// Runs the check with its output on the terminal.
    pub(super) fn run(&self, root: &Path) -> Result<()> {
        if !self.each_crate {
            return self.cargo(&[], root);
        }
        for package in workspace::members()?.workspace_packages() {
            let mut more = vec!["-p", package.name.as_str()];
            if picks_kubernetes_in_tests(package) {
                more.push("--tests");
            }
            self.cargo(&more, root).with_context(|| format!("crate {}", package.name))?;
        }
        Ok(())
    }

    /// One cargo command.
    fn cargo(&self, more: &[&str], root: &Path) -> Result<()> {
        let status = workspace::cargo()
            .args(self.arguments)
            .args(more)
            .envs(self.environment.iter().copied())
            .current_dir(root)
            .stdin(Stdio::null())
            .status()
            .context("cannot start cargo")?;
        if status.success() {
            return Ok(());
        }
        bail!("{} ended with {status}", self.shown())
    }
}

/// Whether a library leaves the Kubernetes version to its user and names one for its tests only:
/// without one `k8s-openapi` does not build.
fn picks_kubernetes_in_tests(package: &Package) -> bool {
    package
        .dependencies
        .iter()
        .any(|dependency| dependency.kind == DependencyKind::Development && dependency.name == "k8s-openapi")
}
