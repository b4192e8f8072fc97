//! `cargo xtask simulate`: the whole stack between two simulators, under faults drawn from seeds.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// What to simulate. Everything is handed to the program `simulation`, which explains itself with `--help`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// `--seed N` or `--seeds A..B`, `--jobs M`, `--trace`, `--help` for all of them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Builds the program and runs it.
///
/// # Errors
/// When it does not compile, and when a rule was broken: the program has said which one.
pub(crate) fn run(args: &Args) -> Result<()> {
    simulate(&workspace::root(), args.options.iter())
}

/// As [`run`], with options of the caller's.
///
/// # Errors
/// As [`run`].
pub(crate) fn simulate(
    root: &Path,
    options: impl Iterator<Item = impl AsRef<std::ffi::OsStr>>,
) -> Result<()> {
    let mut build = workspace::cargo();
    build.args(["build", "--quiet", "--package", "simulation", "--profile", "simulation"]).current_dir(root);
    if !build.status().context("cannot start cargo")?.success() {
        bail!("the simulation does not compile");
    }
    let target = workspace::members()?.target_directory;
    let program = target.join("simulation").join("simulation");
    let status = Command::new(&program)
        .args(options)
        .current_dir(root)
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(1) => bail!("a rule was broken"),
        _ => bail!("the simulation ended with {status}"),
    }
}
