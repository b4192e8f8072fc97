//! What can only be judged over the whole document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use yaml_source::{Node, Scalar};

use super::error::PipelineError;
use super::model::{Pipeline, Step};
use super::read::{self, Place};

/// Keys are unique and dependencies do not run in circles (S014, S018).
pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let place = Place::pipeline();
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (step, group) in steps(&pipeline.steps) {
        let base = step.base();
        let Some(key) = base.key.as_deref() else {
            continue;
        };
        let mut needs: Vec<&str> = Vec::new();
        needs.extend(base.depends_on.iter().flatten().map(|needed| needed.step.as_str()));
        needs.extend(
            group
                .and_then(|group| group.base().depends_on.as_ref())
                .into_iter()
                .flatten()
                .map(|needed| needed.step.as_str()),
        );
        if let Step::Group(group) = step {
            needs.extend(group.steps.iter().filter_map(|inner| inner.base().key.as_deref()));
        }
        if edges.insert(key, needs).is_some() {
            return Err(place.invalid(format!("key \"{key}\" is used by two steps")));
        }
    }
    let mut done = BTreeSet::new();
    for &key in edges.keys() {
        if let Some(cycle) = find_cycle(&edges, key, &mut Vec::new(), &mut done) {
            return Err(place.invalid(format!("dependency cycle: {}", cycle.join(" → "))));
        }
    }
    Ok(())
}

/// All steps, each with the group around it.
fn steps(list: &[Step]) -> Vec<(&Step, Option<&Step>)> {
    let mut all = Vec::new();
    for step in list {
        all.push((step, None));
        if let Step::Group(group) = step {
            all.extend(group.steps.iter().map(|inner| (inner, Some(step))));
        }
    }
    all
}

fn find_cycle<'a>(
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    key: &'a str,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(start) = path.iter().position(|earlier| *earlier == key) {
        let mut cycle = path[start..].to_vec();
        cycle.push(key);
        return Some(cycle);
    }
    if done.contains(key) {
        return None;
    }
    path.push(key);
    for next in edges.get(key).into_iter().flatten() {
        if let Some(cycle) = find_cycle(edges, next, path, done) {
            return Some(cycle);
        }
    }
    path.pop();
    done.insert(key);
    None
}

/// The message for a mapping without `steps` (P001, P002).
pub(super) fn missing_steps(map: &Map<String, Value>) -> String {
    let near = map.keys().find(|key| !read::suggestion(key, ["steps"].into_iter()).is_empty());
    match near {
        Some(near) => format!("unknown key `{near}`; did you mean `steps`?"),
        None => "the pipeline has no `steps`".to_owned(),
    }
}

/// The agent cannot make a string of a date, so it refuses one in `env` (Y018).
pub(super) fn reject_timestamps(root: &Node) -> Result<(), PipelineError> {
    let steps = root.get("steps").unwrap_or(root);
    let inner = steps.as_sequence().into_iter().flatten();
    for owner in std::iter::once(root).chain(inner) {
        let env = owner.get("env").and_then(Node::as_mapping);
        for entry in env.into_iter().flat_map(yaml_source::Mapping::iter) {
            let date = matches!(entry.value.scalar(), Some(Scalar::Timestamp(_)));
            let too_large = matches!(entry.value.scalar(), Some(Scalar::UInt(_)));
            if date || too_large {
                let what = if date { "a YAML timestamp" } else { "an integer too large" };
                return Err(PipelineError::Yaml {
                    message: format!(
                        "{}: environment variable `{}` is {what}, which the agent rejects; quote it",
                        entry.value.span(),
                        entry.key.text
                    ),
                });
            }
        }
    }
    Ok(())
}
