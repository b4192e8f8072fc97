//! The jobs of a pipeline file.
//!
//! A file says less than Buildkite knows of a job: ids and variables of a build are made up, always the same ones.

use std::collections::BTreeMap;

use pipeline_model::{CommandStep, Matrix, Pipeline, nearest};
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

/// Reads the command steps, or the one of this key.
pub(super) fn read(source: &Source, key: Option<&str>) -> Result<Vec<Asked>, Unreadable> {
    let document = source.document(Dialect::Pipeline)?;
    let pipeline = Pipeline::read(document.root())
        .map_err(|error| Unreadable::new(format!("{}:{error}", source.name)))?;
    let steps: Vec<&CommandStep> = match key {
        None => pipeline.steps.iter().collect(),
        Some(key) => vec![find(source, &pipeline, key)?],
    };
    if steps.is_empty() {
        return Err(Unreadable::new(format!("{}: has no command step", source.name)));
    }
    if steps.iter().any(|step| has_variables(step)) {
        tell(&format!(
            "warning: {}: `$NAME` and `$$` are left as written; `buildkite-agent pipeline upload` replaces them",
            source.name
        ));
    }
    Ok(steps.into_iter().map(|step| asked(source, step)).collect())
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

fn asked(source: &Source, step: &CommandStep) -> Asked {
    let called = step.key.as_deref().or(step.label.as_deref());
    let called = called.map(|called| format!(" (\"{called}\")")).unwrap_or_default();
    let place = format!("{}:{}: step {}{called}", source.name, step.span, step.index + 1);
    let step = one_of_several(&place, step);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}#{}", source.name, step.index).as_bytes());
    let uuid = JobUuid::new(id.to_string()).expect("a UUID has no blanks");
    let mut env: BTreeMap<String, String> =
        VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    env.extend(step.env);
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            env.insert(name.to_owned(), value);
        }
    };
    set("BUILDKITE_STEP_KEY", step.key);
    set("BUILDKITE_IMAGE", step.image);
    set("BUILDKITE_PLUGINS", (!step.plugins.is_empty()).then(|| Value::Array(step.plugins).to_string()));
    let job = JobRequest {
        env,
        agent_query_rules: step.agents,
        priority: step.priority,
        ..JobRequest::new(uuid, step.command)
    };
    Asked { place, job }
}

/// The first of the jobs that a step becomes.
fn one_of_several(place: &str, step: &CommandStep) -> CommandStep {
    let mut step = step.clone();
    if let Some(count) = step.parallelism.filter(|count| *count > 1) {
        tell(&format!("warning: {place}: becomes {count} jobs that are alike; this is one of them"));
    }
    let Some(matrix) = step.matrix.clone() else { return step };
    let Some(combination) = matrix.first() else {
        tell(&format!("warning: {place}: has a matrix without values; its tokens stay as they are written"));
        return step;
    };
    if matrix.len() > 1 {
        let count = matrix.len();
        tell(&format!(
            "warning: {place}: has a matrix of {count} combinations before adjustments; this is the first"
        ));
    }
    let fill = |text: &mut String| *text = Matrix::fill(text, &combination);
    fill(&mut step.command);
    step.image.iter_mut().for_each(fill);
    step.agents.iter_mut().for_each(fill);
    step.env.values_mut().for_each(fill);
    step.plugins = step.plugins.iter().map(|plugin| Matrix::fill_json(plugin, &combination)).collect();
    step
}

/// Whether the upload would replace something in what the pod is made of; a step's variables are not in it.
fn has_variables(step: &CommandStep) -> bool {
    let replaced = |text: &str| {
        text.match_indices('$').any(|(at, _)| {
            let after = text[at + 1..].chars().next();
            // A name, an expansion, or a dollar that is written twice to stay one.
            after.is_some_and(|c| c == '{' || c == '$' || c.is_alphabetic())
        })
    };
    let texts = step.image.iter().chain(&step.agents);
    replaced(&step.command)
        || texts.into_iter().any(|text| replaced(text))
        || step.plugins.iter().any(|plugin| replaced(&plugin.to_string()))
}
