//! The command line.

use clap::{
    Parser, Subcommand,
    error::{ContextKind, ErrorKind},
};

use crate::explain::Explain;
use crate::render::Render;

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
    // What they are and how they end stands at their arguments; a comment for clap here would hide that.
    Render(Box<Render>),
    Explain(Box<Explain>),
    /// Print the version and nothing else.
    Version,
}

/// What is wrong with the command line, in one line.
pub(crate) fn usage(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(|value| value.to_string());
    let mut text = match (error.kind(), context(ContextKind::InvalidSubcommand)) {
        (ErrorKind::ArgumentConflict, Some(word)) if word == "version" || word == "help" => {
            format!("`{word}` must be the first word")
        }
        (ErrorKind::ArgumentConflict, Some(word)) => {
            format!("unexpected word `{word}`; switches take their value behind `=`, such as --debug=false")
        }
        (ErrorKind::InvalidSubcommand, Some(word)) => format!("`{word}` is no command"),
        // What both commands that have such an argument cannot do without.
        (ErrorKind::MissingRequiredArgument, _) => "a pipeline file or `--job <FILE>` is missing".to_owned(),
        _ => {
            let rendered = error.render().to_string();
            let line = rendered.lines().next().unwrap_or_default();
            line.trim_start_matches("error: ").replace('\'', "`")
        }
    };
    let suggestion = context(ContextKind::SuggestedArg).or_else(|| context(ContextKind::SuggestedSubcommand));
    if let Some(suggestion) = suggestion {
        text = format!("{text}; did you mean `{suggestion}`?");
    }
    format!("{text}; --help lists what there is")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[track_caller]
    fn check(line: &str, want: &str) {
        let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(usage(&error), format!("{want}; --help lists what there is"), "{line}");
    }

    #[test]
    fn usage_errors_fit_in_one_line() {
        check("x render", "a pipeline file or `--job <FILE>` is missing");
        check("x render --job a --format xml", "invalid value `xml` for `--format <FORMAT>`");
        check("x --nope", "unexpected argument `--nope` found");
        check(
            "x --max-in-fligt 3",
            "unexpected argument `--max-in-fligt` found; did you mean `--max-in-flight`?",
        );
        check("x stray", "`stray` is no command");
        check("x versoin", "`versoin` is no command; did you mean `version`?");
        check("x --debug version", "`version` must be the first word");
        check(
            "x --debug false",
            "unexpected word `false`; switches take their value behind `=`, such as --debug=false",
        );
        check("x version extra", "unexpected argument `extra` found");
        check("x -f", "a value is required for `--config <FILE>` but none was supplied");
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
