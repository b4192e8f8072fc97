//! `buildkite-sim`: a local Buildkite on the command line.
//!
//! `serve` keeps one running for agents and controllers; `run` takes a pipeline from its file to
//! its result. Both are thin: the simulator is the library, and `run` talks to it through its
//! control API even when it hosts it, so that there is one way to follow a build. With an embedded
//! cluster `run` also joins the controller and a Kubernetes in memory to it.

mod arguments;
mod client;
mod embedded;
mod run;
mod serve;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, Command};

/// Exit status of a build that failed, and of anything that went wrong on the way.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("BUILDKITE_SIM_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(io::stderr)
        .init();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| match arguments.command {
            Command::Serve(arguments) => runtime.block_on(serve::serve(arguments)),
            Command::Run(arguments) => runtime.block_on(run::run(*arguments)),
        });
    match result {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // Nothing can be done when there is no one to tell.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}
