//! From declared steps to the jobs of one build.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::branches;
use super::error::PipelineError;
use super::matrix::{MatrixJob, Tokens};
use super::model::{Checkout, CommandStep, Pipeline, Step, StepBase};
use super::plan::{
    Fate, ParallelIndex, Plan, PlannedCommand, PlannedGroup, PlannedJob, PlannedKind, PlannedStep,
};
use super::read::Place;
use super::variables::BuildVariables;

/// Jobs that one upload may create (pipeline-format 17).
const MOST_JOBS: usize = 500;

/// Words for `%spawn` in labels; which one is not specified, only that it tells copies apart.
const SPAWN_WORDS: &[&str] =
    &["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine"];

/// Evaluates conditions, flattens groups and multiplies matrix and parallel steps.
///
/// # Errors
/// A condition without a meaning, a matrix token without a dimension, too many jobs.
pub fn expand(pipeline: &Pipeline, build: &BuildVariables) -> Result<Plan, PipelineError> {
    let expander = Expander { pipeline, build, tokens: Tokens::new() };
    let mut plan = Plan::default();
    for (index, step) in pipeline.steps.iter().enumerate() {
        let base = step.base();
        let place = place_of(&Place::pipeline(), index, base);
        let fate = fate(&place, base, build)?;
        let Step::Group(group) = step else {
            plan.steps.push(expander.step(&place, step, fate, None)?);
            continue;
        };
        let shared = Arc::new(PlannedGroup {
            key: base.key.clone(),
            label: base.label.clone(),
            depends_on: base.depends_on.clone(),
            allow_dependency_failure: base.allow_dependency_failure,
        });
        for (index, inner) in group.steps.iter().enumerate() {
            let place = place_of(&place, index, inner.base());
            let inner_fate = match &fate {
                Fate::Run => self::fate(&place, inner.base(), build)?,
                decided => decided.clone(),
            };
            plan.steps.push(expander.step(&place, inner, inner_fate, Some(&shared))?);
        }
    }
    match plan.job_count() {
        0..=MOST_JOBS => Ok(plan),
        jobs => {
            Err(Place::pipeline()
                .invalid(format!("creates {jobs} jobs; one upload is limited to {MOST_JOBS}")))
        }
    }
}

fn place_of(outer: &Place, index: usize, base: &StepBase) -> Place {
    outer.step(index, base.label.as_deref().or(base.key.as_deref()))
}

fn fate(place: &Place, base: &StepBase, build: &BuildVariables) -> Result<Fate, PipelineError> {
    if let Some(condition) = &base.condition {
        let holds = condition.holds(build).map_err(|error| place.invalid(format!("`if`: {error}")))?;
        if !holds {
            return Ok(Fate::Excluded { reason: format!("if: {}", condition.source()) });
        }
    }
    if !branches::admit(&base.branches, &build.branch) {
        return Ok(Fate::Excluded { reason: format!("branches: {}", base.branches.join(" ")) });
    }
    Ok(match &base.skip {
        Some(reason) => Fate::Skipped { reason: reason.clone() },
        None => Fate::Run,
    })
}

struct Expander<'a> {
    pipeline: &'a Pipeline,
    build: &'a BuildVariables,
    tokens: Tokens,
}

impl Expander<'_> {
    fn step(
        &self,
        place: &Place,
        step: &Step,
        fate: Fate,
        group: Option<&Arc<PlannedGroup>>,
    ) -> Result<PlannedStep, PipelineError> {
        let kind = match step {
            Step::Command(command) => PlannedKind::Command(Box::new(self.command(place, command)?)),
            Step::Wait(wait) => PlannedKind::Wait { continue_on_failure: wait.continue_on_failure },
            Step::Block(block) => PlannedKind::Block(Box::new(block.clone())),
            Step::Input(input) => PlannedKind::Input(Box::new(input.clone())),
            Step::Group(_) => unreachable!("the reader refuses a group inside a group"),
        };
        let base = step.base();
        Ok(PlannedStep {
            key: base.key.clone(),
            label: base.label.clone(),
            group: group.cloned(),
            depends_on: base.depends_on.clone(),
            allow_dependency_failure: base.allow_dependency_failure,
            fate,
            kind,
        })
    }

    fn command(&self, place: &Place, step: &CommandStep) -> Result<PlannedCommand, PipelineError> {
        let template = self.template(step);
        let jobs = if let Some(matrix) = &step.matrix {
            matrix
                .jobs()
                .into_iter()
                .map(|job| self.combination(&template, job))
                .collect::<Result<_, _>>()
                .map_err(|token: String| {
                    place.invalid(format!("{token} names no dimension of the step's matrix"))
                })?
        } else if let Some(count) = step.parallelism {
            (0..count).map(|index| copy(&template, ParallelIndex { index, count })).collect()
        } else {
            vec![template]
        };
        Ok(PlannedCommand {
            jobs,
            retry: step.retry.clone(),
            priority: step.priority.or(self.pipeline.priority).unwrap_or(0),
            concurrency: step.concurrency.clone(),
            timeout_in_minutes: step.timeout_in_minutes,
            cancel_on_build_failing: step.cancel_on_build_failing,
        })
    }

    /// The step's only job, were it not multiplied.
    fn template(&self, step: &CommandStep) -> PlannedJob {
        let mut env = IndexMap::new();
        for layer in [&self.pipeline.env, &self.build.env, &step.env] {
            env.extend(layer.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        env.extend(checkout_env(self.pipeline.checkout, step.checkout));
        PlannedJob {
            label: step.base.label.clone(),
            command: step.command.clone().unwrap_or_default(),
            env,
            agents: step.agents.clone().or_else(|| self.pipeline.agents.clone()).unwrap_or_default(),
            plugins: step.plugins.clone(),
            image: step.image.clone().or_else(|| self.pipeline.image.clone()),
            artifact_paths: step.artifact_paths.clone(),
            parallel: None,
            matrix: IndexMap::new(),
            soft_fail: step.soft_fail.clone(),
        }
    }

    /// The template with the values of one combination; the error is the token without a value.
    fn combination(&self, template: &PlannedJob, job: MatrixJob) -> Result<PlannedJob, String> {
        let values = &job.values;
        let fill = |text: &String| self.tokens.fill(text, values);
        let fill_all = |list: &[String]| list.iter().map(fill).collect::<Result<Vec<_>, _>>();
        let plugins: Vec<Map<String, Value>> = template
            .plugins
            .iter()
            .map(|plugin| self.tokens.fill_map(plugin, values))
            .collect::<Result<_, _>>()?;
        Ok(PlannedJob {
            label: template.label.as_ref().map(fill).transpose()?,
            command: fill(&template.command)?,
            env: template
                .env
                .iter()
                .map(|(name, value)| Ok((name.clone(), fill(value)?)))
                .collect::<Result<_, String>>()?,
            agents: fill_all(&template.agents)?,
            plugins,
            image: template.image.as_ref().map(fill).transpose()?,
            artifact_paths: fill_all(&template.artifact_paths)?,
            parallel: None,
            soft_fail: job.soft_fail.unwrap_or_else(|| template.soft_fail.clone()),
            matrix: job.values,
        })
    }
}

fn copy(template: &PlannedJob, parallel: ParallelIndex) -> PlannedJob {
    let mut job = template.clone();
    let ParallelIndex { index, count } = parallel;
    job.env.insert("BUILDKITE_PARALLEL_JOB".to_owned(), index.to_string());
    job.env.insert("BUILDKITE_PARALLEL_JOB_COUNT".to_owned(), count.to_string());
    let word = SPAWN_WORDS[index as usize % SPAWN_WORDS.len()];
    job.label = job.label.map(|label| {
        label
            .replace("%spawn", word)
            .replace("%n", &(index + 1).to_string())
            .replace("%t", &count.to_string())
    });
    job.parallel = Some(parallel);
    job
}

fn checkout_env(pipeline: Checkout, step: Checkout) -> impl Iterator<Item = (String, String)> {
    [
        ("BUILDKITE_SKIP_CHECKOUT", step.skip.or(pipeline.skip)),
        ("BUILDKITE_GIT_SUBMODULES", step.submodules.or(pipeline.submodules)),
        ("BUILDKITE_GIT_LFS_ENABLED", step.lfs.or(pipeline.lfs)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?.to_string())))
}
