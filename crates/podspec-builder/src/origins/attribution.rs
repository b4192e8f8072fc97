//! The experiments, and what follows from them.

use std::cmp::Reverse;

use serde_json::Value;

use super::compare::changed;
use super::document::{self, Path, Step};
use super::inputs::{self, Input, World};
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
    let inputs = inputs::of(world);
    let findings = Findings::of(world, &inputs, &job, leaves.len());
    let fields = leaves.iter().enumerate().map(|(leaf, path)| {
        let value = document::get(&job, path).cloned().unwrap_or_default();
        let names = document::field_names(&job, path);
        let (origin, same, also) = findings.origin(leaf, path, &value, &names);
        Field {
            path: document::shown(path, &names),
            pointer: document::pointer(path),
            value,
            origin,
            same,
            also,
        }
    });
    let fields = fields.collect();
    Ok(Explained { job, warnings, fields })
}

/// What the Job is without single inputs, and without many.
struct Findings<'i> {
    inputs: &'i [Input],
    /// For each leaf the inputs that it changes without.
    causes: Vec<Vec<usize>>,
    /// For each input how many leaves change without it: the fewer, the more it says of each.
    reach: Vec<usize>,
    /// Inputs without which there is no Job at all.
    vital: Vec<usize>,
    /// For each leaf that no single input changes, the inputs that say the same; the last one wins.
    unanimous: Vec<Vec<usize>>,
}

impl<'i> Findings<'i> {
    fn of(world: &World, inputs: &'i [Input], job: &Value, leaves: usize) -> Self {
        let mut findings = Self {
            inputs,
            causes: vec![Vec::new(); leaves],
            reach: vec![0; inputs.len()],
            vital: Vec::new(),
            unanimous: vec![Vec::new(); leaves],
        };
        for (index, input) in inputs.iter().enumerate() {
            match without(world, &[input], job) {
                Some(changed) => {
                    findings.reach[index] = changed.len();
                    changed.into_iter().for_each(|leaf| findings.causes[leaf].push(index));
                }
                None => findings.vital.push(index),
            }
        }
        findings.find_unanimous(world, job);
        findings
    }

    /// Takes one input after the other away and puts none back, the earliest first. A leaf that stands
    /// until then falls with the last of those that said the same.
    fn find_unanimous(&mut self, world: &World, job: &Value) {
        let dispensable = (0..self.inputs.len()).filter(|index| !self.vital.contains(index));
        let dispensable: Vec<&Input> = dispensable.map(|index| &self.inputs[index]).collect();
        let all_gone = without(world, &dispensable, job);
        if all_gone.is_some_and(|changed| changed.iter().all(|leaf| !self.causes[*leaf].is_empty())) {
            return;
        }
        let mut taken: Vec<usize> = Vec::new();
        let mut bare = world.clone();
        let mut fallen = vec![false; self.causes.len()];
        for (index, input) in self.inputs.iter().enumerate() {
            let mut without = bare.clone();
            input.remove_from(&mut without);
            let Ok(built) = without.clone().build() else { continue };
            bare = without;
            taken.push(index);
            for leaf in changed(job, &built.to_json()) {
                if !std::mem::replace(&mut fallen[leaf], true) && self.causes[leaf].is_empty() {
                    self.unanimous[leaf] = self.needed(world, job, leaf, &taken);
                }
            }
        }
    }

    /// Of the inputs without which a leaf falls those that must all go for that.
    fn needed(&self, world: &World, job: &Value, leaf: usize, taken: &[usize]) -> Vec<usize> {
        let mut needed = taken.to_vec();
        for index in taken {
            let fewer: Vec<usize> = needed.iter().copied().filter(|one| one != index).collect();
            let inputs: Vec<&Input> = fewer.iter().map(|index| &self.inputs[*index]).collect();
            if without(world, &inputs, job).is_some_and(|changed| changed.contains(&leaf)) {
                needed = fewer;
            }
        }
        needed
    }

    /// The origin of a leaf, those that say the same, and all else that it depends on.
    fn origin(
        &self,
        leaf: usize,
        path: &Path,
        value: &Value,
        names: &[String],
    ) -> (Origin, Vec<Origin>, Vec<Origin>) {
        let told =
            |indices: &[usize]| indices.iter().map(|index| self.inputs[*index].origin.clone()).collect();
        if let Some((last, others)) = self.unanimous[leaf].split_last() {
            return (self.inputs[*last].origin.clone(), told(others), Vec::new());
        }
        let mut causes = self.causes[leaf].clone();
        causes.sort_by_key(|index| {
            let input = &self.inputs[*index];
            (likeness(&input.value, value), self.reach[*index], Reverse(input.stage))
        });
        if let Some((first, others)) = causes.split_first() {
            let origin = self.inputs[*first].origin.clone();
            let mut also: Vec<Origin> = told(others);
            // What holds the origin says no more than the origin does.
            also.retain(|other| !is_within(&origin, other));
            return (origin, Vec::new(), also);
        }
        let origin = self.vital_origin(path, value).unwrap_or_else(|| self.rule(names));
        (origin, Vec::new(), Vec::new())
    }

    /// Of a field that no input made. A setting that was given and changed nothing did not leave its default.
    fn rule(&self, names: &[String]) -> Origin {
        let Some((rule, setting)) = rules::of(names) else { return Origin::Rule(rules::UNKNOWN) };
        let given = |setting: &str| {
            let whole = Origin::Setting(setting.to_owned());
            self.inputs.iter().any(|input| input.origin == whole || is_within(&input.origin, &whole))
        };
        match setting {
            Some(setting) if !given(setting) => Origin::Default { setting, rule },
            _ => Origin::Rule(rule),
        }
    }

    /// Without some inputs nothing can be built. Such a one made the leaf that has its name and says what it
    /// says; of several the one whose way there is most alike.
    fn vital_origin(&self, path: &Path, value: &Value) -> Option<Origin> {
        let names: Vec<&str> = path
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Index(_) => None,
            })
            .collect();
        let in_common = |input: &Input| {
            let both = names.iter().rev().zip(input.names.iter().rev());
            both.take_while(|(name, other)| *name == other).count()
        };
        let inputs = self.vital.iter().map(|index| &self.inputs[*index]);
        let alike = inputs.filter(|input| &input.value == value && in_common(input) > 0);
        alike.max_by_key(|input| (in_common(input), input.stage)).map(|input| input.origin.clone())
    }
}

/// Whether one input is a part of the other.
fn is_within(part: &Origin, whole: &Origin) -> bool {
    part.kind() == whole.kind()
        && part.name().strip_prefix(whole.name()).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// How much of a value an input gives: 0 all, 1 a part, 2 something else.
fn likeness(input: &Value, value: &Value) -> u8 {
    let (said, stands) = (text(input), text(value));
    if input == value || said == stands {
        0
    } else {
        u8::from(said.is_empty() || !stands.contains(&said)) + 1
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The leaves that are others in the Job without these inputs; `None` if there is none then.
fn without(world: &World, inputs: &[&Input], job: &Value) -> Option<Vec<usize>> {
    let mut world = world.clone();
    inputs.iter().for_each(|input| input.remove_from(&mut world));
    let built = world.build().ok()?;
    Some(changed(job, &built.to_json()))
}
