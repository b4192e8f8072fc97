//! Chores of this repository, run as `cargo xtask <chore>`.
//!
//! Each chore is one module with an `Args` group and a `run` function; nothing is decided here.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to the terminal that started it"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod cluster;
mod codegen;
mod conformance;
mod demo;
mod ports;
mod simulate;
mod terminal;
mod test;
mod workspace;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Chores of this repository: demo, tests, a real cluster, generated files",
    after_help = "Start here:\n  \
        cargo xtask demo             a pipeline runs to green on this machine alone, with its log\n  \
        cargo xtask test             every check and every test level; installs what it lacks\n  \
        cargo xtask test --level 1   the fast ones only\n  \
        cargo xtask conformance      which rules of docs/spec have a test that passed"
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run a pipeline file to green on real parts, and show its log
    Demo(Box<demo::Args>),
    /// A real Kubernetes on this machine: control plane, and a node that runs pods
    Cluster(cluster::Args),
    #[command(hide = true)]
    ClusterSupervisor(cluster::supervisor::Args),
    /// Try the whole stack between two simulators, under faults drawn from seeds
    Simulate(simulate::Args),
    /// Run the checks and the tests of every level, and print one table at the end
    Test(test::Args),
    /// Count the rules of docs/spec that a passing test cites
    Conformance(conformance::Args),
    /// Write the generated parts of the documentation, or check that they are up to date
    Codegen(codegen::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().chore {
        Chore::Demo(args) => demo::run(&args),
        Chore::Cluster(args) => cluster::run(&args),
        Chore::ClusterSupervisor(args) => cluster::supervisor::run(&args),
        Chore::Simulate(args) => simulate::run(&args),
        Chore::Test(args) => test::run(&args),
        Chore::Conformance(args) => conformance::run(&args),
        Chore::Codegen(args) => codegen::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
