//! The jobs of a pipeline file.
//!
//! A file says less than Buildkite knows of a job: ids and variables of a build are made up, always the same ones.

use std::collections::BTreeMap;

use clap::ValueEnum;
use pipeline_model::{Combination, CommandStep, Pipeline, Variables, nearest};
use podspec_builder::{JobRequest, JobUuid};
use serde_json::Value;
use uuid::Uuid;
use yaml_source::Dialect;

use super::{
    Asked,
    report::tell,
    source::{Source, Unreadable},
};

/// Variables of a build that a pod depends on (job-manifest R-6), as in agent-protocol 7.1. Nobody should take them
/// for those of a build that exists.
const VARIABLES: [(&str, &str); 4] = [
    ("BUILDKITE_BUILD_URL", "https://buildkite.com/organization/pipeline/builds/1"),
    ("BUILDKITE_BRANCH", "main"),
    ("BUILDKITE_REPO", "https://git.example/repository.git"),
    ("BUILDKITE_PIPELINE_SLUG", "pipeline"),
];

/// Which jobs of a step's matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OfMatrix {
    /// The first that its adjustments leave
    First,
    /// Each
    All,
}

/// What is asked of a file.
pub(super) struct Reading<'a> {
    /// Only the step of this key.
    pub(super) key: Option<&'a str>,
    /// Whether variables are replaced as an upload does it.
    pub(super) interpolates: bool,
    /// Variables that are given beside the file.
    pub(super) given: &'a [(String, String)],
    pub(super) of_matrix: OfMatrix,
}

/// Reads the jobs of the command steps.
pub(super) fn read(source: &Source, asked: &Reading<'_>) -> Result<Vec<Asked>, Unreadable> {
    let document = source.document(Dialect::Pipeline)?;
    let root = document.root();
    let pipeline = if asked.interpolates {
        let given = asked.given.iter().cloned();
        Pipeline::read_uploaded(root, Variables::some(made_up().into_iter().chain(given).collect()))
    } else {
        Pipeline::read(root)
    };
    let pipeline = pipeline.map_err(|error| Unreadable::new(format!("{}:{error}", source.name)))?;
    let steps: Vec<&CommandStep> = match asked.key {
        None => pipeline.steps.iter().collect(),
        Some(key) => vec![find(source, &pipeline, key)?],
    };
    if steps.is_empty() {
        return Err(Unreadable::new(format!("{}: has no command step", source.name)));
    }
    tell_unknown(source, &steps);
    Ok(steps.into_iter().flat_map(|step| jobs(source, step, asked.of_matrix)).collect())
}

fn made_up() -> BTreeMap<String, String> {
    VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// An upload would take these from its own environment.
fn tell_unknown(source: &Source, steps: &[&CommandStep]) {
    let mut names: Vec<&str> = Vec::new();
    for name in steps.iter().flat_map(|step| &step.unknown_variables) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let (file, names) = (&source.name, names.join(", $"));
        tell(&format!(
            "warning: {file}: not known here, so left as written: ${names}; give them with --job-env"
        ));
    }
}

fn find<'a>(source: &Source, pipeline: &'a Pipeline, key: &str) -> Result<&'a CommandStep, Unreadable> {
    pipeline.steps.iter().find(|step| step.key.as_deref() == Some(key)).ok_or_else(|| {
        let keys: Vec<&str> = pipeline.steps.iter().filter_map(|step| step.key.as_deref()).collect();
        let hint = match nearest(key, keys.iter().copied()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None if keys.is_empty() => "; no command step has a key".to_owned(),
            None => format!("; there are {}", keys.join(", ")),
        };
        Unreadable::new(format!("{}: no command step has the key `{key}`{hint}", source.name))
    })
}

/// The jobs of a step that are asked for.
fn jobs(source: &Source, step: &CommandStep, of_matrix: OfMatrix) -> Vec<Asked> {
    let Some(matrix) = &step.matrix else { return vec![job(source, step, None)] };
    let combinations = matrix.combinations();
    let count = combinations.len();
    if count == 0 {
        let place = place(source, step, None);
        tell(&format!(
            "warning: {place}: its matrix has no combination that is not skipped, so it has no job"
        ));
    }
    let shown = if of_matrix == OfMatrix::All { count } else { 1 };
    let numbered = combinations.into_iter().take(shown).enumerate();
    let jobs: Vec<Asked> =
        numbered.map(|combined| job(source, &step.combined(&combined.1), Some(&combined))).collect();
    if count > shown {
        let place = &jobs[0].place;
        tell(&format!(
            "warning: {place}: is the first of {count} combinations of its matrix; --matrix all shows each"
        ));
    }
    jobs
}

/// One job; the combinations of a matrix are numbered from 0.
fn job(source: &Source, step: &CommandStep, combined: Option<&(usize, Combination)>) -> Asked {
    let place = place(source, step, combined.map(|(_, combination)| combination));
    if let Some(count) = step.parallelism.filter(|count| *count > 1) {
        tell(&format!("warning: {place}: becomes {count} jobs that are alike; this is one of them"));
    }
    let number = match combined {
        None | Some((0, _)) => step.index.to_string(),
        Some((number, _)) => format!("{}#{number}", step.index),
    };
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}#{number}", source.name).as_bytes());
    let uuid = JobUuid::new(id.to_string()).expect("a UUID has no blanks");
    // What Buildkite itself says of a job counts, whatever the pipeline says (pipeline-format 5).
    let mut env = step.env.clone();
    env.extend(made_up());
    let plugins = (!step.plugins.is_empty()).then(|| Value::from(step.plugins.clone()).to_string());
    let of_step = [
        ("BUILDKITE_STEP_KEY", step.key.clone()),
        ("BUILDKITE_IMAGE", step.image.clone()),
        ("BUILDKITE_PLUGINS", plugins),
    ];
    env.extend(of_step.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let job = JobRequest {
        env,
        agent_query_rules: step.agents.clone(),
        priority: step.priority,
        ..JobRequest::new(uuid, step.command.clone())
    };
    Asked { place, job }
}

/// `pipeline.yml:3:3: step 1 ("test", 1.25)`.
fn place(source: &Source, step: &CommandStep, combination: Option<&Combination>) -> String {
    let called = step.key.as_deref().or(step.label.as_deref()).map(|called| format!("\"{called}\""));
    let names: Vec<String> = called.into_iter().chain(combination.map(ToString::to_string)).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    format!("{}:{}: step {}{names}", source.name, step.span, step.index + 1)
}
