//! The command line.

use clap::{Parser, Subcommand};

/// The version that `version` prints and Buildkite is told.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs Buildkite jobs as Kubernetes Jobs.
///
/// Without a subcommand the controller runs: it takes jobs from one Buildkite queue, turns each into a
/// Kubernetes Job whose pod holds an agent, a checkout and the step's containers, and tells Buildkite when a
/// job cannot run and why. It stops on SIGTERM or SIGINT without touching running jobs; a second signal ends
/// it at once.
///
/// Settings come from defaults, then the file named by --config, then environment variables, then flags; the
/// later one wins.
#[derive(Debug, Parser)]
#[command(name = "agent-stack-k8s", version = VERSION, args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Examples:
  agent-stack-k8s --namespace ci --queue linux --max-in-flight 50
  agent-stack-k8s --config config.yaml --debug

Needs a Secret (--agent-token-secret) with the token of a Buildkite cluster under the key BUILDKITE_AGENT_TOKEN.
Probes: /livez, /readyz, /startupz on --health-port; metrics: /metrics on --prometheus-port.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) settings: stack_config::Args,
}

/// What to do instead of running the controller.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the version and nothing else.
    Version,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
