//! `render`: the Kubernetes Job that the controller would make of a Buildkite job, without a cluster, without
//! Buildkite and without side effects (`docs/spec/controller-config.md` 8.1, 8.3).
//!
//! Reading files and printing is all that happens here; what a Job looks like is `podspec-builder`'s.

mod job_file;
mod pod_template;
mod source;
mod variables;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use podspec_builder::{AGENT_TOKEN_KEY, AgentTokenSource, BuildError, Builder, Built, JobRequest, Warning};
use serde_json::Value;
use stack_config::{ConfigError, ErrorKind, Loaded};

use crate::{
    render::source::Unreadable,
    start::{FAILED, USAGE},
};

/// Prints the Kubernetes Job that the controller would make of a Buildkite job.
///
/// The Job goes to standard output, warnings and errors to standard error. Nothing is asked of a cluster or of
/// Buildkite, and nothing is changed. Settings are read as the controller reads them: --config, variables, flags.
///
/// Exit status: 0 built, 1 refused or invalid configuration, 2 a command line or a file that cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  agent-stack-k8s render --job job.json --config config.yaml
  agent-stack-k8s render --job job.yaml --format json | kubectl create --dry-run=server -f -
  agent-stack-k8s render --job job.yaml --job-env BUILDKITE_IMAGE=golang:1.26

A job is written as the Stacks API answers it, in JSON or YAML:
  id: 0195e5a7-0000-4000-8000-000000000001
  command: make test
  env:
    BUILDKITE_PLUGINS: '[{\"github.com/buildkite-plugins/kubernetes-buildkite-plugin\": {\"podTemplate\": \"go\"}}]'
  agent_query_rules: [queue=linux]   # of its entry in the list of scheduled jobs, as is
  priority: 0                        # this one; both may be left out")]
pub(crate) struct Render {
    /// The job, JSON or YAML; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    job: String,
    /// The PodTemplate manifest that the job's kubernetes plugin names
    #[arg(long, value_name = "FILE")]
    pod_template: Option<String>,
    /// A variable of the job, over the one it has; of a file, NAME=VALUE on each line
    #[arg(long, value_name = "NAME=VALUE|FILE")]
    job_env: Vec<String>,
    /// How the Job is printed
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    pub(crate) settings: stack_config::Args,
}

/// How a Job is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Yaml,
    /// One object and nothing else
    Json,
}

/// Why nothing was printed.
enum Failure {
    /// A file cannot be read as what it should be.
    Unreadable(Unreadable),
    /// The configuration is not valid.
    Config(ConfigError),
    /// The builder does not take the settings.
    Settings(podspec_builder::SettingsError),
    /// The job is refused.
    Refused(BuildError),
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

/// Renders, and says with which status the program ends. `settings` are those of [`Render::settings`].
pub(crate) fn render(asked: &Render, settings: Result<Loaded, ConfigError>) -> ExitCode {
    let built = match build(asked, settings) {
        Ok(built) => built,
        Err(failure) => return failure.tell(),
    };
    tell_warnings(&built.warnings);
    // Whoever closes the pipe early has read enough.
    let _ = io::stdout().write_all(asked.format.text(&built.job).as_bytes());
    ExitCode::SUCCESS
}

fn build(asked: &Render, settings: Result<Loaded, ConfigError>) -> Result<Built, Failure> {
    let loaded = settings.map_err(Failure::Config)?;
    for warning in &loaded.warnings {
        tell(&format!("warning: {warning}"));
    }
    let mut job = job_file::read(&source::read(&asked.job)?)?;
    for given in &asked.job_env {
        job.env.extend(variables::read(given)?);
    }
    let template = asked.pod_template.as_deref().map(source::read).transpose()?;
    let template = template.as_ref().map(pod_template::read).transpose()?;
    let tokens = loaded.settings.buildkite.job_acquisition_tokens;
    let builder = Builder::new(loaded.settings.builder).map_err(Failure::Settings)?;
    if tokens {
        job.agent_token_source = Some(token_of(&job, &builder));
    }
    let plugins = builder.parse_plugin(&job).map_err(Failure::Refused)?;
    if let (Some(template), Some(named)) = (&template, plugins.pod_template()) {
        template.must_be(named)?;
    }
    let spec = template.as_ref().map(|template| &template.spec);
    builder.build(&job, &plugins, spec).map_err(Failure::Refused)
}

/// The Secret of this job alone (controller-config 7.1).
fn token_of(job: &JobRequest, builder: &Builder) -> AgentTokenSource {
    let prefix = &builder.settings().job_prefix;
    AgentTokenSource { name: format!("{prefix}{}-token", job.uuid), key: AGENT_TOKEN_KEY.to_owned() }
}

impl Format {
    fn text(self, job: &Value) -> String {
        match self {
            Self::Yaml => serde_yaml::to_string(job).expect("a Job has text keys"),
            Self::Json => format!("{job:#}\n"),
        }
    }
}

impl Failure {
    fn tell(self) -> ExitCode {
        let status = match self {
            Self::Unreadable(error) => {
                tell(&format!("error: {error}"));
                USAGE
            }
            Self::Config(error) => {
                for problem in &error.problems {
                    tell(&format!("{}: {problem}", labelled("error", problem.id.unwrap_or_default())));
                }
                if error.kind == ErrorKind::Usage { USAGE } else { FAILED }
            }
            Self::Settings(error) => {
                for problem in &error.problems {
                    tell(&format!("{}: {problem}", labelled("error", problem.id)));
                }
                FAILED
            }
            Self::Refused(error) => {
                tell(&format!("{}: {error}", labelled("error", error.id)));
                FAILED
            }
        };
        ExitCode::from(status)
    }
}

fn tell_warnings(warnings: &[Warning]) {
    for warning in warnings {
        tell(&format!("{}: {warning}", labelled("warning", warning.id)));
    }
}

/// `error[E-17]`, or the word alone where no rule has a number.
fn labelled(word: &str, id: &str) -> String {
    if id.is_empty() { word.to_owned() } else { format!("{word}[{id}]") }
}

#[expect(clippy::print_stderr, reason = "standard output belongs to the Job")]
fn tell(line: &str) {
    eprintln!("{line}");
}
