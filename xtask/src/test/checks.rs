//! Checks that are no tests of ours: formatting, lints, documentation, generated files, each crate
//! alone, and the Go package that stands in for one of the agent's.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::cluster::which;
use crate::workspace;

/// A check, run as commands of one program.
pub(super) struct Check {
    /// Name in the table at the end.
    pub(super) name: &'static str,
    program: Program,
    arguments: &'static [&'static str],
    environment: &'static [(&'static str, &'static str)],
    /// Run once per crate, with `-p <crate>` added.
    each_crate: bool,
}

/// What a check starts.
#[derive(Clone, Copy)]
enum Program {
    Cargo,
    /// Go, in a folder below the root.
    GoIn(&'static str),
}

/// All checks, the quick ones first.
pub(super) const ALL: &[Check] = &[
    Check {
        name: "format",
        program: Program::Cargo,
        arguments: &["fmt", "--all", "--check"],
        environment: &[],
        each_crate: false,
    },
    Check {
        name: "agent's globs",
        program: Program::GoIn("xtask/testbed/zzglob"),
        arguments: &["test", "./..."],
        // It has no dependencies, so nothing is ever downloaded.
        environment: &[("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")],
        each_crate: false,
    },
    Check {
        name: "clippy",
        program: Program::Cargo,
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
        program: Program::Cargo,
        arguments: &["doc", "--workspace", "--no-deps", "--locked"],
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
        each_crate: false,
    },
    // A crate may lean on a feature that only a neighbour switches on; alone it then fails.
    Check {
        name: "crates alone",
        program: Program::Cargo,
        arguments: &["check", "--quiet", "--locked"],
        environment: &[],
        each_crate: true,
    },
    Check {
        name: "codegen",
        program: Program::Cargo,
        arguments: &["xtask", "codegen", "--check"],
        environment: &[],
        each_crate: false,
    },
];

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::GoIn(_) => "go",
        }
    }
}

impl Check {
    /// The command as one would type it.
    pub(super) fn shown(&self) -> String {
        let mut words: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        words.push(self.program.name().to_owned());
        words.extend(self.arguments.iter().map(|&word| word.to_owned()));
        if self.each_crate {
            words.push("-p <each crate>".to_owned());
        }
        words.join(" ")
    }

    /// Runs the check with its output on the terminal.
    pub(super) fn run(&self, root: &Path) -> Result<()> {
        if !self.each_crate {
            return self.start(&[], root);
        }
        for package in workspace::members()?.workspace_packages() {
            let mut more = vec!["-p", package.name.as_str()];
            if picks_kubernetes_in_tests(package) {
                more.push("--tests");
            }
            self.start(&more, root).with_context(|| format!("crate {}", package.name))?;
        }
        Ok(())
    }

    /// Why this machine cannot run the check, if it cannot.
    pub(super) fn obstacle(&self) -> Option<&'static str> {
        match self.program {
            Program::Cargo => None,
            // Only the cluster of levels 3 and 4 needs Go, and with it this check.
            Program::GoIn(_) => which("go").is_none().then_some("`go` is not on the PATH"),
        }
    }

    /// One command.
    fn start(&self, more: &[&str], root: &Path) -> Result<()> {
        let (mut command, folder) = match self.program {
            Program::Cargo => (workspace::cargo(), root.to_owned()),
            Program::GoIn(folder) => (Command::new("go"), root.join(folder)),
        };
        let status = command
            .args(self.arguments)
            .args(more)
            .envs(self.environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("cannot start {}", self.program.name()))?;
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
