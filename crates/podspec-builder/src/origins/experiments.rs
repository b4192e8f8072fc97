//! Builds without inputs: what of the Job is another then.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Origin;
use super::compare::changed;
use super::inputs::{self, Input};
use super::world::{Place, World};
use super::{settings, substitutes};

/// How many wrong values are tried at most, see [`Experiments::misled`].
const MISLED: usize = 3;

/// What is done with an input.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// It is not there.
    Removed,
    /// It says this: without it nothing can be built.
    Replaced(Value),
}

/// The leaves that are others, by their places in document order.
pub(super) type Leaves = Vec<usize>;

/// All inputs of a world, and the Job of which they make parts.
pub(super) struct Experiments<'w> {
    world: &'w World,
    job: &'w Value,
    inputs: &'w [Input],
    /// For each input the change under which there is a Job; none if there is none under any.
    alone: Vec<Option<Change>>,
    /// What was found out about several inputs at once.
    known: BTreeMap<Vec<usize>, Option<Leaves>>,
}

impl<'w> Experiments<'w> {
    /// Changes each input alone. Also returns what each changes.
    pub(super) fn new(world: &'w World, job: &'w Value, inputs: &'w [Input]) -> (Self, Vec<Leaves>) {
        let mut found = Vec::with_capacity(inputs.len());
        let mut alone = Vec::with_capacity(inputs.len());
        for input in inputs {
            let (change, other) = change(world, input, None).unzip();
            found.push(other.map(|(_, job_then)| changed(job, &job_then)).unwrap_or_default());
            alone.push(change);
        }
        (Self { world, job, inputs, alone, known: BTreeMap::new() }, found)
    }

    /// How many inputs there are.
    pub(super) fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether a setting, or a part of it, is one of the inputs.
    pub(super) fn is_given(&self, setting: &str) -> bool {
        let whole = Origin::Setting(setting.to_owned());
        self.inputs.iter().any(|input| input.origin == whole || input.origin.is_within(&whole))
    }

    /// Inputs that can neither be taken away nor be replaced.
    pub(super) fn fixed(&self) -> Vec<usize> {
        (0..self.alone.len()).filter(|index| self.alone[*index].is_none()).collect()
    }

    /// What the Job is without all of these inputs, or with others where it cannot be without; `None` if
    /// there is none either way. They are changed at once, or if that is refused one after the other.
    pub(super) fn without(&mut self, inputs: &[usize]) -> Option<Leaves> {
        if let Some(known) = self.known.get(inputs) {
            return known.clone();
        }
        let found = self.at_once(inputs).or_else(|| {
            let mut series = self.series();
            inputs.iter().all(|input| series.change(*input)).then_some(series.changed)
        });
        self.known.insert(inputs.to_vec(), found.clone());
        found
    }

    fn at_once(&self, inputs: &[usize]) -> Option<Leaves> {
        let mut world = self.world.clone();
        for input in inputs {
            apply(&mut world, &self.inputs[*input], self.alone[*input].as_ref()?);
        }
        Some(changed(self.job, &world.build().ok()?.to_json()))
    }

    /// Lets an input that takes only what there is say what others say: a patch has to name a container of the
    /// pod. What such a value brings about where it points now comes not from this input, so only that counts
    /// which each of them changes; `None` if fewer than two are accepted.
    pub(super) fn misled(&self, input: usize) -> Option<Leaves> {
        let input = &self.inputs[input];
        let alike = self.inputs.iter().filter(|other| other.is_alike(input)).map(|other| &other.value);
        let pod = &self.job["spec"]["template"]["spec"];
        let containers = ["initContainers", "containers"].map(|key| pod[key].as_array());
        let names = containers.into_iter().flatten().flatten().filter_map(|container| container.get("name"));
        let accepted = alike.chain(names).filter(|other| **other != input.value).filter_map(|other| {
            let mut world = self.world.clone();
            world.put(&input.place, Some(other));
            Some(changed(self.job, &world.build().ok()?.to_json()))
        });
        let found: Vec<Leaves> = accepted.take(MISLED).collect();
        let (first, others) = found.split_first().filter(|(_, others)| !others.is_empty())?;
        let in_all = first.iter().copied().filter(|leaf| others.iter().all(|other| other.contains(leaf)));
        Some(in_all.collect())
    }

    /// Puts one other value in the place of several inputs that say the same: a name that one gives and others
    /// use has to be another in all of them. `None` if that is never accepted.
    pub(super) fn renamed(&self, inputs: &[usize]) -> Option<Leaves> {
        substitutes::of(&self.inputs[*inputs.first()?].value).iter().find_map(|other| {
            let mut world = self.world.clone();
            inputs.iter().for_each(|input| world.put(&self.inputs[*input].place, Some(other)));
            Some(changed(self.job, &world.build().ok()?.to_json()))
        })
    }

    /// What holds inputs and makes a leaf as a whole, though none of those does: `nodeSelector: { a: null }`
    /// leaves an empty object.
    pub(super) fn holder(&self, leaf: usize) -> Option<Origin> {
        inputs::holders(self.world).into_iter().find_map(|holder| {
            let mut world = self.world.clone();
            world.put(&holder.place, None);
            let changed = changed(self.job, &world.build().ok()?.to_json());
            changed.contains(&leaf).then_some(holder.origin)
        })
    }

    /// Whether two inputs have one value.
    pub(super) fn say_the_same(&self, one: usize, other: usize) -> bool {
        self.inputs[one].value == self.inputs[other].value
    }

    /// An experiment in which one input after the other is changed and none put back.
    pub(super) fn series(&self) -> Series<'w> {
        Series {
            world: self.world.clone(),
            job: self.job,
            inputs: self.inputs,
            alone: self.alone.clone(),
            changed: Vec::new(),
        }
    }

    /// What of these leaves is another when a setting that was left at its default is given.
    pub(super) fn with_setting(&self, key: &str, leaves: &[usize]) -> Leaves {
        let Some(setting) = settings::left_at_default(&self.world.settings, key) else {
            return Vec::new();
        };
        let mut open = leaves.to_vec();
        let place = Place::Settings(setting.put);
        for other in substitutes::of_default(&setting.value) {
            if open.is_empty() {
                break;
            }
            let mut world = self.world.clone();
            world.put(&place, Some(&other));
            if let Ok(built) = world.build() {
                let found = changed(self.job, &built.to_json());
                open.retain(|leaf| !found.contains(leaf));
            }
        }
        leaves.iter().copied().filter(|leaf| !open.contains(leaf)).collect()
    }
}

/// See [`Experiments::series`].
pub(super) struct Series<'w> {
    world: World,
    job: &'w Value,
    inputs: &'w [Input],
    alone: Vec<Option<Change>>,
    /// What is another by now.
    pub(super) changed: Leaves,
}

impl Series<'_> {
    /// Changes one more input; `false`, and nothing happened, if there is no Job then.
    pub(super) fn change(&mut self, input: usize) -> bool {
        let first = self.alone[input].as_ref();
        let Some((_, (world, job))) = change(&self.world, &self.inputs[input], first) else {
            return false;
        };
        self.world = world;
        self.changed = changed(self.job, &job);
        true
    }
}

/// Takes an input away or, where that is refused, puts others in its place until one is accepted. What was
/// accepted elsewhere is tried first.
fn change(world: &World, input: &Input, first: Option<&Change>) -> Option<(Change, (World, Value))> {
    let attempt = |change: Change| {
        let mut world = world.clone();
        apply(&mut world, input, &change);
        let job = world.clone().build().ok()?.to_json();
        Some((change, (world, job)))
    };
    let accepted = first.cloned().and_then(attempt).or_else(|| attempt(Change::Removed));
    accepted.or_else(|| substitutes::of(&input.value).into_iter().map(Change::Replaced).find_map(attempt))
}

fn apply(world: &mut World, input: &Input, change: &Change) {
    match change {
        Change::Removed => world.put(&input.place, None),
        Change::Replaced(other) => world.put(&input.place, Some(other)),
    }
}
