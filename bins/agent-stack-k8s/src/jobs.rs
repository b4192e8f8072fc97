//! The Buildkite jobs that `render` and `explain` are asked about, from files: a pipeline file or one job, the
//! settings that the controller would have, PodTemplates, and variables beside them.
//!
//! Reading files and telling what is wrong with them is all that happens here; what a Job looks like is
//! `podspec-builder`'s.

mod job_file;
mod pipeline_file;
mod pod_template;
mod queue;
pub(crate) mod report;
mod source;
mod variables;

use std::collections::BTreeMap;

use clap::Args;
use podspec_builder::{AGENT_TOKEN_KEY, AgentTokenSource, BuildError, Builder, Built, Explained, JobRequest};
use serde_json::Value;
use stack_config::{ConfigError, Loaded, Source};

use self::pipeline_file::{OfMatrix, Reading};
use self::pod_template::PodTemplate;
use self::queue::Queues;
use self::report::{Failure, tell};

/// What is asked about, but for the pipeline file itself.
#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// One job instead, JSON or YAML; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) job: Option<String>,
    /// Only the step of this key
    #[arg(long, value_name = "KEY", conflicts_with = "job")]
    step: Option<String>,
    /// Which jobs of a step with a matrix
    #[arg(long, value_enum, default_value_t = OfMatrix::First, value_name = "WHICH", conflicts_with = "job")]
    matrix: OfMatrix,
    /// Leave `$` as it is written, for a file that is uploaded with this flag
    #[arg(long, conflicts_with = "job")]
    no_interpolation: bool,
    /// A PodTemplate manifest that a kubernetes plugin names; may be given several times
    #[arg(long, value_name = "FILE")]
    pod_template: Vec<String>,
    /// A variable of the jobs, over the one they have; of a file, NAME=VALUE on each line
    #[arg(long, value_name = "NAME=VALUE|FILE")]
    job_env: Vec<String>,
    #[command(flatten)]
    pub(crate) settings: stack_config::Args,
}

/// A job to build, and what messages call it.
pub(crate) struct Asked {
    /// `pipeline.yml:3:3: step 1 ("test", 1.25)`; empty for a job file.
    pub(crate) place: String,
    pub(crate) job: JobRequest,
}

/// All jobs that were asked about.
pub(crate) struct Jobs {
    pub(crate) asked: Vec<Asked>,
    templates: Vec<PodTemplate>,
}

/// How Jobs are made under one configuration.
pub(crate) struct Workshop {
    builder: Builder,
    /// Whether each job has a Secret of its own.
    tokens: bool,
    /// Where each job's queue is written down.
    queues: Option<Queues>,
    /// The configuration file.
    pub(crate) file: Option<String>,
    /// For each setting that was given where that was.
    pub(crate) given: BTreeMap<String, Source>,
}

impl Jobs {
    /// Reads all files but the configuration. `file` is the pipeline file.
    ///
    /// # Errors
    /// A file cannot be read as what it should be.
    pub(crate) fn read(args: &JobArgs, file: Option<&str>) -> Result<Self, Failure> {
        let mut given = Vec::new();
        for variables in &args.job_env {
            given.extend(variables::read(variables)?);
        }
        let mut asked = match (&args.job, file) {
            (Some(file), _) => {
                vec![Asked { place: String::new(), job: job_file::read(&source::read(file)?)? }]
            }
            (None, Some(file)) => {
                let reading = Reading {
                    key: args.step.as_deref(),
                    interpolates: !args.no_interpolation,
                    given: &given,
                    of_matrix: args.matrix,
                };
                pipeline_file::read(&source::read(file)?, &reading)?
            }
            (None, None) => Vec::new(),
        };
        for asked in &mut asked {
            asked.job.env.extend(given.iter().cloned());
        }
        let templates = args.pod_template.iter().map(|path| pod_template::read(&source::read(path)?));
        Ok(Self { asked, templates: templates.collect::<Result<_, _>>()? })
    }
}

impl Workshop {
    /// Takes the settings and tells their warnings.
    ///
    /// # Errors
    /// The configuration is not valid.
    pub(crate) fn new(settings: Result<Loaded, ConfigError>) -> Result<Self, Failure> {
        let loaded = settings.map_err(Failure::Config)?;
        for warning in &loaded.warnings {
            tell(&format!("warning: {warning}"));
        }
        let buildkite = &loaded.settings.buildkite;
        let (tokens, queues) = (buildkite.job_acquisition_tokens, Queues::new(&buildkite.queues));
        let builder = Builder::new(loaded.settings.builder).map_err(Failure::Settings)?;
        Ok(Self { builder, tokens, queues, file: loaded.file, given: loaded.origins })
    }

    /// Builds one of the jobs.
    ///
    /// # Errors
    /// The job is refused.
    pub(crate) fn build(&self, jobs: &Jobs, asked: &Asked) -> Result<Built, BuildError> {
        let job = self.as_reserved(asked);
        let plugins = self.builder.parse_plugin(&job)?;
        let template = plugins.pod_template().and_then(|named| pod_template::find(&jobs.templates, named));
        self.builder.build(&job, &plugins, template)
    }

    /// Builds one of the jobs and finds out where its fields come from.
    ///
    /// # Errors
    /// The job is refused.
    pub(crate) fn explain(&self, jobs: &Jobs, asked: &Asked) -> Result<Explained, BuildError> {
        let job = self.as_reserved(asked);
        let plugins = self.builder.parse_plugin(&job)?;
        let template: Option<&Value> =
            plugins.pod_template().and_then(|named| pod_template::find(&jobs.templates, named));
        self.builder.explain(&job, template)
    }

    /// The job as the controller has it by the time it builds: with the Secret of this job alone, where there is one
    /// (controller-config 7.1), and with its queue, where there are several (6.1).
    fn as_reserved(&self, asked: &Asked) -> JobRequest {
        let mut job = asked.job.clone();
        if self.tokens {
            let prefix = &self.builder.settings().job_prefix;
            let name = format!("{prefix}{}-token", job.uuid);
            job.agent_token_source = Some(AgentTokenSource { name, key: AGENT_TOKEN_KEY.to_owned() });
        }
        if let Some(queues) = &self.queues {
            job.queue = queues.of(&job.agent_query_rules);
            if job.queue.is_none() {
                tell(&format!("warning: {}{}", report::before(&asked.place), queue::UNKNOWN));
            }
        }
        job
    }
}
