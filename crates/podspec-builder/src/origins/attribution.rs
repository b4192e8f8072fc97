//! What follows from the experiments.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;

use super::document;
use super::experiments::{Experiments, Leaves};
use super::inputs::{self, Input};
use super::world::World;
use super::{Explained, Field, Origin, rules};
use crate::error::BuildError;

/// Builds the Job of a world and finds out where its fields come from.
///
/// # Errors
/// That of the build itself.
pub(super) fn attribute(world: &World) -> Result<Explained, BuildError> {
    let built = world.clone().build()?;
    let (job, warnings) = (built.to_json(), built.warnings);
    let leaves = document::leaves(&job);
    let names: Vec<Vec<String>> = leaves.iter().map(|path| document::field_names(&job, path)).collect();
    let inputs = inputs::of(world);
    let findings = Findings::of(world, &inputs, &job, &names);
    let fields = leaves.iter().zip(&names).enumerate().map(|(leaf, (path, names))| {
        let value = document::get(&job, path).cloned().unwrap_or_default();
        let (origin, same, also) = findings.origin(leaf, &value);
        Field {
            path: document::shown(path, names),
            pointer: document::pointer(path),
            value,
            origin,
            same,
            also,
        }
    });
    let fields = fields.collect();
    let unknown = findings.unknown.iter().map(|index| inputs[*index].origin.clone()).collect();
    Ok(Explained { job, warnings, fields, unknown })
}

/// What the Job is without single inputs, and without many.
struct Findings<'i> {
    inputs: &'i [Input],
    /// For each leaf the inputs that it changes without.
    causes: Vec<Vec<usize>>,
    /// For each input how many leaves change without it: the fewer, the more it says of each.
    reach: Vec<usize>,
    /// For each leaf that no single input changes, the inputs that say the same, the one with the first word
    /// at the end.
    unanimous: Vec<Vec<usize>>,
    /// For each leaf that no inputs change, where it comes from instead.
    otherwise: Vec<Origin>,
    /// Inputs that no experiment could be made with.
    unknown: Vec<usize>,
}

impl<'i> Findings<'i> {
    fn of(world: &World, inputs: &'i [Input], job: &Value, names: &[Vec<String>]) -> Self {
        let (mut experiments, mut found) = Experiments::new(world, job, inputs);
        let mut unknown = experiments.fixed();
        let misled = unknown.iter().filter_map(|index| Some((*index, experiments.misled(*index)?)));
        let misled: Vec<(usize, Leaves)> = misled.collect();
        misled.iter().for_each(|(index, leaves)| found[*index].clone_from(leaves));
        let mut causes = vec![Vec::new(); names.len()];
        for (index, leaves) in found.iter().enumerate() {
            leaves.iter().for_each(|leaf| causes[*leaf].push(index));
        }
        let mut unanimous = vec![Vec::new(); names.len()];
        renamed(&experiments, &mut unknown, &causes, &mut unanimous);
        find_unanimous(&mut experiments, &causes, &mut unanimous);
        let in_vain = |index: &usize| {
            let misled = misled.iter().any(|(known, _)| known == index);
            !misled && !unanimous.iter().flatten().any(|known| known == index)
        };
        unknown.retain(in_vain);
        let unmade = |leaf: &usize| causes[*leaf].is_empty() && unanimous[*leaf].is_empty();
        let otherwise = otherwise(&experiments, names, unmade);
        let reach = found.iter().map(Vec::len).collect();
        Self { inputs, causes, reach, unanimous, otherwise, unknown }
    }

    /// The origin of a leaf, those that say the same, and all else that it depends on.
    fn origin(&self, leaf: usize, value: &Value) -> (Origin, Vec<Origin>, Vec<Origin>) {
        let told = |indices: &[usize]| -> Vec<Origin> {
            indices.iter().map(|index| self.inputs[*index].origin.clone()).collect()
        };
        let likeness = |index: usize| likeness(&self.inputs[index].value, value);
        let mut same = self.unanimous[leaf].clone();
        // The last one of those that say what stands there had the last word.
        if let Some(last) = same.iter().copied().rev().min_by_key(|index| likeness(*index)) {
            same.retain(|index| *index != last);
            return (self.inputs[last].origin.clone(), told(&same), Vec::new());
        }
        let mut causes = self.causes[leaf].clone();
        causes
            .sort_by_key(|index| (likeness(*index), self.reach[*index], Reverse(self.inputs[*index].stage)));
        let Some((first, others)) = causes.split_first() else {
            return (self.otherwise[leaf].clone(), Vec::new(), Vec::new());
        };
        let origin = self.inputs[*first].origin.clone();
        let mut also = told(others);
        // What holds the origin says no more than the origin does.
        also.retain(|other| !origin.is_within(other));
        (origin, Vec::new(), also)
    }
}

/// Of inputs that cannot be changed alone takes those that can be renamed together. The name is from the first
/// one; the others use it.
fn renamed(
    experiments: &Experiments<'_>,
    unknown: &mut Vec<usize>,
    causes: &[Vec<usize>],
    unanimous: &mut [Vec<usize>],
) {
    let mut left = std::mem::take(unknown);
    while let Some(first) = left.first().copied() {
        let (group, others): (Vec<usize>, Vec<usize>) =
            left.iter().partition(|index| experiments.say_the_same(**index, first));
        left = others;
        let changed = if group.len() > 1 { experiments.renamed(&group) } else { None };
        let Some(changed) = changed else {
            unknown.extend(group);
            continue;
        };
        let users_then_first: Vec<usize> = group.into_iter().rev().collect();
        for leaf in changed.into_iter().filter(|leaf| causes[*leaf].is_empty()) {
            unanimous[leaf].clone_from(&users_then_first);
        }
    }
    unknown.sort_unstable();
}

/// Changes one input after the other, the earliest first. A leaf that stands until then falls with the last
/// of those that said the same.
fn find_unanimous(experiments: &mut Experiments<'_>, causes: &[Vec<usize>], unanimous: &mut [Vec<usize>]) {
    let is_known =
        |leaf: usize, unanimous: &[Vec<usize>]| !causes[leaf].is_empty() || !unanimous[leaf].is_empty();
    let inputs: Vec<usize> = (0..experiments.len()).collect();
    let all_gone = experiments.without(&inputs);
    if all_gone.is_some_and(|changed| changed.iter().all(|leaf| is_known(*leaf, unanimous))) {
        return;
    }
    let mut series = experiments.series();
    let mut gone: Vec<usize> = Vec::new();
    let mut fallen = vec![false; causes.len()];
    for input in inputs {
        if !series.change(input) {
            continue;
        }
        gone.push(input);
        for leaf in series.changed.clone() {
            if !std::mem::replace(&mut fallen[leaf], true) && !is_known(leaf, unanimous) {
                unanimous[leaf] = needed(experiments, leaf, &gone);
            }
        }
    }
}

/// Of the inputs without which a leaf falls those that must all go for that.
fn needed(experiments: &mut Experiments<'_>, leaf: usize, gone: &[usize]) -> Vec<usize> {
    let mut falls =
        |inputs: &[usize]| experiments.without(inputs).is_some_and(|changed| changed.contains(&leaf));
    if !falls(gone) {
        return Vec::new();
    }
    let mut needed = gone.to_vec();
    loop {
        let before = needed.len();
        for index in needed.clone() {
            let fewer: Vec<usize> = needed.iter().copied().filter(|one| *one != index).collect();
            if falls(&fewer) {
                needed = fewer;
            }
        }
        if needed.len() == before {
            return needed;
        }
    }
}

/// For each leaf the rule that makes it, or the setting whose default stands there: if it were given, another
/// value would.
fn otherwise(
    experiments: &Experiments<'_>,
    names: &[Vec<String>],
    unmade: impl Fn(&usize) -> bool,
) -> Vec<Origin> {
    let mut found = vec![Origin::Rule(rules::UNKNOWN); names.len()];
    let mut defaults: BTreeMap<&'static str, Leaves> = BTreeMap::new();
    for leaf in (0..names.len()).filter(unmade) {
        let Some((rule, setting)) = rules::of(&names[leaf]) else {
            found[leaf] = experiments.holder(leaf).unwrap_or(Origin::Rule(rules::UNKNOWN));
            continue;
        };
        found[leaf] = Origin::Rule(rule);
        if let Some(setting) = setting.filter(|setting| !experiments.is_given(setting)) {
            defaults.entry(setting).or_default().push(leaf);
        }
    }
    for (setting, leaves) in defaults {
        for leaf in experiments.with_setting(setting, &leaves) {
            let Origin::Rule(rule) = found[leaf] else { continue };
            found[leaf] = Origin::Default { setting, rule };
        }
    }
    found
}

/// How much of a value an input gives: 0 all, 1 a part, 2 something else.
fn likeness(input: &Value, value: &Value) -> u8 {
    let stands = text(value);
    match input {
        _ if input == value || text(input) == stands => 0,
        Value::Array(elements) if !elements.is_empty() => {
            elements.iter().map(|element| likeness(element, value)).max().unwrap_or(2)
        }
        _ => u8::from(text(input).is_empty() || !stands.contains(&text(input))) + 1,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
