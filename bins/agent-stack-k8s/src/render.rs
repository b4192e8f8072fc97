//! `render`: the Kubernetes Jobs that the controller would make of Buildkite jobs, without a cluster, without
//! Buildkite and without side effects (`docs/spec/controller-config.md` 8.1, 8.3).

mod difference;
mod output;

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use serde_json::Value;
use stack_config::{ConfigError, Loaded};

use self::output::Format;
pub(crate) use self::output::print;
use crate::jobs::report::{Failure, tell, tell_refusal, tell_warnings};
use crate::jobs::{Asked, JobArgs, Jobs, Workshop};
use crate::start::FAILED;

/// Print the Kubernetes Jobs that the controller would make of Buildkite jobs
///
/// The jobs are those of a pipeline file, or one as Buildkite answers it. The Jobs go to standard output, warnings and
/// errors to standard error. Nothing is asked of a cluster or of Buildkite, and nothing is changed. Settings are read
/// as the controller reads them: --config, variables, flags.
///
/// Exit status: 0 built, 1 refused or invalid configuration, 2 a command line or a file that cannot be read, the value
/// of a flag included. When one step is refused the others are printed all the same.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["file", "job"])))]
#[command(after_help = "\
Examples:
  agent-stack-k8s render pipeline.yml --config config.yaml
  agent-stack-k8s render pipeline.yml --step test --job-env BUILDKITE_BRANCH=main
  agent-stack-k8s render pipeline.yml --config config.yaml --diff new-config.yaml
  agent-stack-k8s render pipeline.yml --format json | kubectl create --dry-run=server -f -
  agent-stack-k8s render --job job.json

Of a pipeline file, each command step becomes one job, with a made-up id and made-up variables of a build. \
Variables are replaced as `buildkite-agent pipeline upload` does it: `$NAME` by what --job-env, the build or the \
pipeline's own `env` says, `$$` by `$`. One that is not known stays as it is written, unless it has a default, \
and is named in a warning. Of a matrix the first combination is shown. Whether a controller with these settings \
would take the job, by its queue and tags, is not looked at; with several `queues` a job is of the one that its \
`queue` rule names. `explain` says where each field comes from.

Values are printed as they are given, those of variables too: look before you paste. YAML is for reading; \
kubectl reads words such as `no` and `on` in it as booleans, so give it JSON.

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
    /// How the Jobs are printed
    #[arg(long, value_enum, default_value_t = Format::Yaml, value_name = "FORMAT")]
    format: Format,
    /// Print what this configuration file in the place of --config changes, as lines that go and come
    #[arg(long, value_name = "CONFIG", conflicts_with = "format")]
    pub(crate) diff: Option<String>,
    #[command(flatten)]
    pub(crate) jobs: JobArgs,
}

/// Renders, and says with which status the program ends. `settings` are those of [`JobArgs::settings`], `others`
/// the same with the file of [`Render::diff`].
pub(crate) fn render(
    asked: &Render,
    settings: Result<Loaded, ConfigError>,
    others: Option<Result<Loaded, ConfigError>>,
) -> ExitCode {
    let ended = match others {
        None => print_jobs(asked, settings),
        Some(others) => print_difference(asked, settings, others),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(failure) => failure.tell(),
    }
}

/// Whether all went well.
fn print_jobs(asked: &Render, settings: Result<Loaded, ConfigError>) -> Result<bool, Failure> {
    let workshop = Workshop::new(settings)?;
    let jobs = Jobs::read(&asked.jobs, asked.file.as_deref())?;
    let built: Vec<Option<Value>> =
        jobs.asked.iter().map(|asked| build(&workshop, &jobs, asked, "")).collect();
    let all = built.iter().all(Option::is_some);
    let built: Vec<Value> = built.into_iter().flatten().collect();
    if built.is_empty() && !all {
        // The errors say why there is no Job.
        return Ok(false);
    }
    if built.is_empty() {
        tell("warning: nothing is rendered: no step has a job");
    }
    Ok(print(&asked.format.text(&built)) && all)
}

fn print_difference(
    asked: &Render,
    settings: Result<Loaded, ConfigError>,
    others: Result<Loaded, ConfigError>,
) -> Result<bool, Failure> {
    let (before, after) = (Workshop::new(settings)?, Workshop::new(others)?);
    let jobs = Jobs::read(&asked.jobs, asked.file.as_deref())?;
    let (old, new) =
        (before.file.as_deref().unwrap_or("no configuration"), asked.diff.as_deref().unwrap_or_default());
    let (mut text, mut all) = (String::new(), true);
    for asked in &jobs.asked {
        let was = build(&before, &jobs, asked, old);
        let is = build(&after, &jobs, asked, new);
        all &= was.is_some() && is.is_some();
        text.push_str(&difference::of(&asked.place, (old, was.as_ref()), (new, is.as_ref())));
    }
    if text.is_empty() && all {
        tell("no difference");
    }
    Ok(print(&text) && all)
}

/// Builds one job and tells what there is to say of it; `under` names the configuration where there are two.
fn build(workshop: &Workshop, jobs: &Jobs, asked: &Asked, under: &str) -> Option<Value> {
    let place = match (under, asked.place.as_str()) {
        ("", place) => place.to_owned(),
        (under, "") => under.to_owned(),
        (under, place) => format!("{under}: {place}"),
    };
    match workshop.build(jobs, asked) {
        Ok(built) => {
            tell_warnings(&place, &built.warnings);
            Some(built.to_json())
        }
        Err(error) => {
            tell_refusal(&place, &error);
            None
        }
    }
}
