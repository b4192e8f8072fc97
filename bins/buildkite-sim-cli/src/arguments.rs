//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

/// A local Buildkite, in memory: real agents and controllers connect to it and run pipelines,
/// without an account and without a network.
#[derive(Debug, Parser)]
#[command(
    name = "buildkite-sim",
    version,
    after_help = "\
Examples:
  buildkite-sim serve
      Start it and print what an agent or a controller needs to connect.
  buildkite-sim run pipeline.yml --endpoint http://127.0.0.1:8091
      Run a pipeline on that simulator, show its log, exit with its result.
  buildkite-sim run pipeline.yml --unblock --env DEPLOY=no
      The same on a simulator of its own, which waits for an agent to connect.
  buildkite-sim run pipeline.yml --cluster embedded
      The same with nothing else at all: the steps run as processes of this machine.

BUILDKITE_SIM_LOG=debug shows every request."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulator and keep it running until interrupted
    Serve(ServeArguments),
    /// Run a pipeline file, show its log and exit with its result
    Run(Box<RunArguments>),
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
}

/// How a simulator of one's own is set up.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArguments {
    /// Address to listen on; port 0 takes a free one. Pods need an address they can reach
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    pub(crate) listen: SocketAddr,

    /// Agent token that agents and controllers sign in with
    #[arg(long, value_name = "TOKEN", env = "BUILDKITE_SIM_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Key of a queue; repeat it for more. The first is the default queue ["kubernetes" if none]
    #[arg(long = "queue", value_name = "KEY")]
    pub(crate) queues: Vec<String>,

    /// URL under which agents reach this simulator, if it is not the address they connect to
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<Url>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
The file is read as `buildkite-agent pipeline upload` reads it: YAML or JSON, with variables such
as $BUILDKITE_BRANCH or those of --env replaced; write $$ for a dollar that the shell shall see.

With --cluster embedded a Kubernetes in memory and the real controller run in this process, and the
steps are processes of this machine: each job in a temporary directory of its own, with PATH and
HOME and none of your other variables. Images, volumes and users are ignored; hooks and plugins
other than `kubernetes` do not run. It is no sandbox, so a file with a `kubernetes` plugin, which
means containers, is run only after a yes. Steps end with this process, unless it is killed with
SIGKILL or they make sessions of their own.

Exit status: 0 the build passed, 1 it failed or was canceled, 2 wrong usage or an invalid file,
130 interrupted: the first interrupt cancels the build, a second one leaves at once.")]
pub(crate) struct RunArguments {
    /// Pipeline file, YAML or JSON
    pub(crate) file: PathBuf,

    /// Simulator to run it on, such as http://127.0.0.1:8091; without it, one is started here
    #[arg(long, value_name = "URL", conflicts_with_all = ["listen", "token", "queues", "public_url"])]
    pub(crate) endpoint: Option<Url>,

    #[command(flatten)]
    pub(crate) server: ServerArguments,

    /// Who runs the jobs; without it, agents and controllers that connect
    #[arg(long, value_name = "WHERE", conflicts_with = "endpoint")]
    pub(crate) cluster: Option<Place>,

    /// Run a file with a `kubernetes` plugin in the embedded cluster without asking
    #[arg(long, requires = "cluster")]
    pub(crate) yes: bool,

    /// Keep the page after the build, until interrupted
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) keep: bool,

    /// Unblock every block and input step with its defaults as soon as its turn comes
    #[arg(long)]
    pub(crate) unblock: bool,

    /// Variable of the build; repeat it for more
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) env: Vec<(String, String)>,

    /// Branch of the build
    #[arg(long, default_value = "main")]
    pub(crate) branch: String,

    /// Commit of the build
    #[arg(long, default_value = "HEAD")]
    pub(crate) commit: String,

    /// Tag of the build
    #[arg(long)]
    pub(crate) tag: Option<String>,

    /// Message of the build [the file's name if not given]
    #[arg(long)]
    pub(crate) message: Option<String>,

    /// Slug of the pipeline [from the file's name if not given]
    #[arg(long, value_name = "SLUG")]
    pub(crate) pipeline: Option<String>,

    /// Git repository that jobs check out
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,

    /// Leave variables in the file as they are
    #[arg(long)]
    pub(crate) no_interpolation: bool,

    /// When to write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
}

/// A place where jobs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Place {
    /// In this process: a Kubernetes in memory, the real controller, and steps as processes of this machine
    Embedded,
}

/// When to write colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn variables() {
        assert_eq!(variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert_eq!(variable("A="), Ok(("A".to_owned(), String::new())));
        assert!(variable("A").is_err());
        assert!(variable("=b").is_err());
    }

    #[test]
    fn an_endpoint_and_a_server_of_its_own_exclude_each_other() {
        let both = ["buildkite-sim", "run", "f", "--endpoint", "http://x", "--listen", "127.0.0.1:1"];
        assert!(Arguments::try_parse_from(both).is_err());
        let both = ["buildkite-sim", "run", "f", "--endpoint", "http://x", "--cluster", "embedded"];
        assert!(Arguments::try_parse_from(both).is_err());
    }
}
