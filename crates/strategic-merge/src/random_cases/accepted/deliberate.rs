//! Cases that show a deliberate difference from Kubernetes' own merge (job-manifest 11).
//!
//! Each is written into a drawn case: everything around it stays drawn.

mod table;

use serde_json::{Map, Value};

use super::Draw;
use super::menu::json;
use crate::merge::Directive;

/// A deliberate difference in one place of a pod template.
#[derive(Debug)]
pub struct Deliberate {
    /// The row of job-manifest 11 that justifies it.
    pub row: &'static str,
    /// Where the results differ, as in `spec.containers[app].env`.
    pub place: &'static str,
    /// How they differ.
    pub outcome: Outcome,
    /// What the original has there; null takes away.
    original: &'static str,
    /// What the patch says there.
    patch: &'static str,
}

/// How an API server's answer to a patch differs from its answer to our merged object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It accepts both, or refuses what its own merge makes.
    Differs,
    /// It refuses the patch, or what its own merge makes of it.
    TheyRefuse,
    /// We refuse the patch with an error of this rule.
    WeRefuse(&'static str),
    /// It differs in some of several tries, and in others it does not.
    Varies,
}

impl Deliberate {
    /// Every one that is drawn.
    #[must_use]
    pub fn all() -> &'static [Self] {
        table::ALL
    }

    /// Writes it into a case.
    pub(super) fn write_into(&self, template: &mut Value, patch: &mut Value) {
        overlay(template, &json(self.original));
        replace_along(patch, &json(self.patch));
    }
}

impl Draw {
    /// Any of them, each row as often as any other.
    pub(super) fn deliberate(&mut self) -> &'static Deliberate {
        let mut rows: Vec<&str> = table::ALL.iter().map(|deliberate| deliberate.row).collect();
        rows.dedup();
        let row = self.pick(&rows);
        let of_row: Vec<&Deliberate> = table::ALL.iter().filter(|deliberate| deliberate.row == row).collect();
        self.pick(&of_row)
    }
}

/// Writes a fragment over an object: containers and volumes of one name are one, other lists are replaced,
/// null takes away.
fn overlay(target: &mut Value, fragment: &Value) {
    let (Value::Object(target), Value::Object(fragment)) = (&mut *target, fragment) else {
        *target = without_nulls(fragment);
        return;
    };
    for (key, value) in fragment {
        if value.is_null() {
            target.shift_remove(key);
            continue;
        }
        let old = target.entry(key.clone()).or_insert(Value::Null);
        match (old, value) {
            (Value::Array(old), Value::Array(new)) if ["containers", "volumes"].contains(&key.as_str()) => {
                overlay_elements(old, new);
            }
            (old, new) => overlay(old, new),
        }
    }
}

fn overlay_elements(target: &mut Vec<Value>, fragment: &[Value]) {
    for element in fragment {
        match target.iter_mut().find(|other| other["name"] == element["name"]) {
            Some(other) => overlay(other, element),
            None => target.push(without_nulls(element)),
        }
    }
}

fn without_nulls(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let kept: Map<String, Value> = members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(kept)
}

/// Puts a fragment into a patch: on the way to it nothing else may disturb it, so the objects there lose
/// their directives and the lists their other elements.
fn replace_along(target: &mut Value, fragment: &Value) {
    match (target, fragment) {
        (Value::Object(target), Value::Object(fragment)) => {
            target.retain(|key, _| !Directive::is(key));
            for (key, value) in fragment {
                replace_along(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, fragment) => *target = fragment.clone(),
    }
}
