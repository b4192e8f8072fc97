//! `render`: the Kubernetes Jobs that the controller would make of Buildkite jobs, without a cluster, without
//! Buildkite and without side effects (`docs/spec/controller-config.md` 8.1, 8.3).
//!
//! Reading files and printing is all that happens here; what a Job looks like is `podspec-builder`'s.

mod job_file;
mod output;
mod pipeline_file;
mod pod_template;
mod report;
mod source;
mod variables;

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use podspec_builder::{AGENT_TOKEN_KEY, AgentTokenSource, Builder, Built, JobRequest};
use serde_json::Value;
use stack_config::{ConfigError, Loaded};

use self::{
    output::Format,
    pod_template::PodTemplate,
    report::{Failure, tell, tell_refusal, tell_warnings},
};
use crate::start::FAILED;

/// Prints the Kubernetes Jobs that the controller would make of a pipeline file or of one Buildkite job.
///
/// The Jobs go to standard output, warnings and errors to standard error. Nothing is asked of a cluster or of
/// Buildkite, and nothing is changed. Settings are read as the controller reads them: --config, variables, flags.
///
/// Exit status: 0 built, 1 refused or invalid configuration, 2 a command line or a file that cannot be read. When
/// one step is refused the others are printed all the same.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["file", "job"])))]
#[command(after_help = "\
Examples:
  agent-stack-k8s render pipeline.yml --config config.yaml
  agent-stack-k8s render pipeline.yml --step test --job-env BUILDKITE_BRANCH=main
  agent-stack-k8s render pipeline.yml --format json | kubectl create --dry-run=server -f -
  agent-stack-k8s render --job job.json

Of a pipeline file, each command step becomes one job, with a made-up id and made-up variables of a build. `$NAME`
stays as it is written, and of a matrix the first combination is shown. Whether a controller with these settings
would take the job, by its queue and tags, is not looked at.

Values are printed as they are given, those of variables too: look before you paste. YAML is for reading; kubectl
reads words such as `no` and `on` in it as booleans, so give it JSON.

A job is written as the Stacks API answers it, in JSON or YAML:
  id: 0195e5a7-0000-4000-8000-000000000001
  command: make test
  env:
    BUILDKITE_PLUGINS: '[{\"github.com/buildkite-plugins/kubernetes-buildkite-plugin\": {\"podTemplate\": \"go\"}}]'
  agent_query_rules: [queue=linux]   # of its entry in the list of scheduled jobs, as is
  priority: 0                        # this one; both may be left out")]
pub(crate) struct Render {
    /// A pipeline file; `-` reads standard input
    file: Option<String>,
    /// One job instead, JSON or YAML; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    job: Option<String>,
    /// Only the step of this key
    #[arg(long, value_name = "KEY", conflicts_with = "job")]
    step: Option<String>,
    /// A PodTemplate manifest that a kubernetes plugin names; may be given several times
    #[arg(long, value_name = "FILE")]
    pod_template: Vec<String>,
    /// A variable of the jobs, over the one they have; of a file, NAME=VALUE on each line
    #[arg(long, value_name = "NAME=VALUE|FILE")]
    job_env: Vec<String>,
    /// How the Jobs are printed
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    pub(crate) settings: stack_config::Args,
}

/// A job to build, and what messages call it.
struct Asked {
    /// `pipeline.yml:3:3: step 1 ("test")`; empty for a job file.
    place: String,
    job: JobRequest,
}

/// Renders, and says with which status the program ends. `settings` are those of [`Render::settings`].
pub(crate) fn render(asked: &Render, settings: Result<Loaded, ConfigError>) -> ExitCode {
    match try_render(asked, settings) {
        Ok(status) => status,
        Err(failure) => failure.tell(),
    }
}

fn try_render(asked: &Render, settings: Result<Loaded, ConfigError>) -> Result<ExitCode, Failure> {
    let loaded = settings.map_err(Failure::Config)?;
    for warning in &loaded.warnings {
        tell(&format!("warning: {warning}"));
    }
    let jobs = jobs(asked)?;
    let templates: Vec<PodTemplate> = asked
        .pod_template
        .iter()
        .map(|path| pod_template::read(&source::read(path)?))
        .collect::<Result<_, _>>()?;
    let tokens = loaded.settings.buildkite.job_acquisition_tokens;
    let builder = Builder::new(loaded.settings.builder).map_err(Failure::Settings)?;
    let (mut built, mut refused) = (Vec::new(), false);
    for Asked { place, mut job } in jobs {
        if tokens {
            job.agent_token_source = Some(token_of(&job, &builder));
        }
        match build(&builder, &job, &templates) {
            Ok(Built { job, warnings, .. }) => {
                tell_warnings(&place, &warnings);
                built.push(job);
            }
            Err(error) => {
                tell_refusal(&place, &error);
                refused = true;
            }
        }
    }
    if let Err(error) = asked.format.print(&built) {
        tell(&format!("error: cannot write the Jobs: {error}"));
        refused = true;
    }
    Ok(if refused { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// What is to be built.
fn jobs(asked: &Render) -> Result<Vec<Asked>, Failure> {
    let mut given = Vec::new();
    for variables in &asked.job_env {
        given.extend(variables::read(variables)?);
    }
    let mut jobs = match (&asked.file, &asked.job) {
        (Some(file), _) => pipeline_file::read(&source::read(file)?, asked.step.as_deref())?,
        (None, Some(file)) => {
            vec![Asked { place: String::new(), job: job_file::read(&source::read(file)?)? }]
        }
        (None, None) => Vec::new(),
    };
    for asked in &mut jobs {
        asked.job.env.extend(given.iter().cloned());
    }
    Ok(jobs)
}

fn build(
    builder: &Builder,
    job: &JobRequest,
    templates: &[PodTemplate],
) -> Result<Built, podspec_builder::BuildError> {
    let plugins = builder.parse_plugin(job)?;
    let template: Option<&Value> =
        plugins.pod_template().and_then(|named| pod_template::find(templates, named));
    builder.build(job, &plugins, template)
}

/// The Secret of this job alone (controller-config 7.1).
fn token_of(job: &JobRequest, builder: &Builder) -> AgentTokenSource {
    let prefix = &builder.settings().job_prefix;
    AgentTokenSource { name: format!("{prefix}{}-token", job.uuid), key: AGENT_TOKEN_KEY.to_owned() }
}
