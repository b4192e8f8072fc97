//! The experiments of the test, and whether an explanation stands up to them.

use std::collections::{BTreeMap, BTreeSet};

use podspec_builder::{Explained, Field, Origin};
use serde_json::{Value, json};

use super::case::{Case, Input};
use super::difference::difference;

/// As many values that are accepted are tried where an input cannot be taken away.
const ACCEPTED: usize = 3;

/// What the experiments with one case show.
#[derive(Default)]
pub(super) struct Trial {
    pub(super) fields: usize,
    /// Jobs that were built.
    pub(super) built: usize,
    /// Fields of which several inputs say the same.
    pub(super) unanimous: usize,
    /// Inputs that had to be replaced.
    pub(super) replaced: usize,
    /// Inputs that could not be replaced either.
    pub(super) unknown: usize,
    pub(super) wrong: Vec<String>,
}

/// What one input changes, as pointers of fields.
struct Changes {
    /// Under at least one change of it.
    some: BTreeSet<String>,
    /// Beyond doubt: what is changed only by a value that means something else besides is not.
    sure: BTreeSet<String>,
    /// Whether enough values were accepted to say that.
    tried: bool,
}

impl Trial {
    /// Of a case that is refused nothing is said.
    pub(super) fn of(case: &Case) -> Self {
        let mut trial = Self::default();
        let Some(explained) = case.explain() else { return trial };
        trial.fields = explained.fields.len();
        let inputs = case.inputs();
        let changes: Vec<Changes> =
            inputs.iter().map(|input| trial.changes(case, input, &explained.job)).collect();
        let mut court =
            Court { case, explained: &explained, inputs: &inputs, changes: &changes, wrong: Vec::new() };
        for field in &explained.fields {
            court.judge(field);
        }
        court.judge_unknown();
        trial.unanimous = explained.fields.iter().filter(|field| !field.same.is_empty()).count();
        trial.unknown = explained.unknown.len();
        let name = |text: String| format!("{}: {text}", case.0["cite"].as_str().unwrap_or("drawn"));
        trial.wrong = court.wrong.into_iter().map(name).collect();
        trial
    }

    /// Takes the input away; where that is refused, puts values of its own shape in its place, and where those
    /// are refused others.
    fn changes(&mut self, case: &Case, input: &Input, job: &Value) -> Changes {
        let difference = |case: Case| Some(difference(job, &case.build()?));
        if let Some(changed) = difference(case.put(input, None)) {
            self.built += 1;
            return Changes { some: changed.clone(), sure: changed, tried: true };
        }
        self.replaced += 1;
        let value = case.value(input);
        let tried = |others: Vec<Value>| -> Vec<BTreeSet<String>> {
            let tried = others.into_iter().filter_map(|other| difference(case.put(input, Some(&other))));
            tried.take(ACCEPTED).collect()
        };
        let mut found = tried(of_its_shape(&value));
        let like_it = !found.is_empty();
        if !like_it {
            let mut others = of_any_shape(case, input, &value);
            if input.pointer.ends_with("/name") {
                others.extend(container_names(job));
                others.retain(|other| *other != value);
            }
            found = tried(others);
        }
        self.built += found.len();
        let some: BTreeSet<String> = found.iter().flatten().cloned().collect();
        let sure = some
            .iter()
            .filter(|field| like_it || found.len() > 1 && found.iter().all(|one| one.contains(*field)));
        Changes { sure: sure.cloned().collect(), some, tried: like_it || found.len() > 1 }
    }
}

fn container_names(job: &Value) -> impl Iterator<Item = Value> {
    let pod = &job["spec"]["template"]["spec"];
    let containers = ["containers", "initContainers"].map(|key| pod[key].as_array().cloned());
    containers.into_iter().flatten().flatten().map(|container| container["name"].clone())
}

fn of_its_shape(value: &Value) -> Vec<Value> {
    let mut found = match value {
        Value::String(text) => {
            let digit = |c: char| match c {
                '7' => '8',
                c if c.is_ascii_digit() => '7',
                c => c,
            };
            let digits = text.chars().map(digit).collect::<String>();
            [format!("{text}2"), format!("o{text}"), digits].map(Value::from).into()
        }
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Number(_) => [2, 3, 0, -1].map(Value::from).into(),
        Value::Array(list) => with_another_first(list, of_its_shape),
        Value::Object(members) if members.is_empty() => vec![json!({ "sizeLimit": "1Gi" })],
        // The credential's Secret; another plugin.
        Value::Object(members) if members.contains_key("key") && members.contains_key("name") => {
            vec![json!({ "name": "else", "key": "else" })]
        }
        Value::Object(_) => vec![json!({ "else#v1": null })],
        _ => Vec::new(),
    };
    found.retain(|other| other != value);
    found
}

fn with_another_first(list: &[Value], others: impl Fn(&Value) -> Vec<Value>) -> Vec<Value> {
    let with = |first: Value| Value::from_iter([first].into_iter().chain(list.iter().skip(1).cloned()));
    list.first().into_iter().flat_map(others).map(with).collect()
}

fn of_any_shape(case: &Case, input: &Input, value: &Value) -> Vec<Value> {
    let words = "else 3 3m 3Gi /else else:3 a=else true false Always Never IfNotPresent OnFailure legacy vector \
                 buildkite warn block merge replace delete";
    let words = || words.split(' ').map(Value::from).collect::<Vec<_>>();
    let mut found = match value {
        // Some have to say what another says.
        Value::String(_) => words().into_iter().chain(case.texts_like(input)).collect(),
        Value::Array(list) => {
            let mut found = with_another_first(list, |_| words());
            found.push(json!(["else"]));
            found
        }
        _ => Vec::new(),
    };
    found.retain(|other| other != value);
    found
}

struct Court<'c> {
    case: &'c Case,
    explained: &'c Explained,
    inputs: &'c [Input],
    changes: &'c [Changes],
    wrong: Vec<String>,
}

impl Court<'_> {
    fn judge(&mut self, field: &Field) {
        let told: BTreeSet<&Origin> =
            [&field.origin].into_iter().chain(&field.same).chain(&field.also).collect();
        match &field.origin {
            Origin::Rule("R-136") => self.accuse(field, "no rule"),
            Origin::Default { setting, .. } if !self.stands_at_default(field, setting) => {
                self.accuse(field, "given, that setting changes nothing");
            }
            Origin::Rule(_) | Origin::Default { .. } => {}
            origin if self.inputs.iter().all(|input| input.origin != *origin) => {
                if !self.falls_with_holder(field) {
                    self.accuse(field, "the same without what holds it");
                }
            }
            _ if field.same.is_empty() => {
                for origin in [&field.origin].into_iter().chain(&field.also) {
                    if !self.changed(origin).any(|changes| changes.some.contains(&field.pointer)) {
                        self.accuse(field, &format!("the same without {origin}"));
                    }
                }
            }
            _ => self.judge_unanimous(field),
        }
        for (input, changes) in self.inputs.iter().zip(self.changes) {
            if changes.sure.contains(&field.pointer)
                && !told.contains(&input.origin)
                && !holds(&input.origin, &field.origin)
            {
                self.accuse(field, &format!("another without {}", input.origin));
            }
        }
    }

    /// Whether the origin is no input but holds some, and without all of those together the field is another.
    fn falls_with_holder(&self, field: &Field) -> bool {
        let holders = self.case.holders().into_iter().filter(|holder| holder.origin == field.origin);
        let mut jobs = holders.filter_map(|holder| self.case.put(&holder, None).build());
        jobs.any(|job| difference(&self.explained.job, &job).contains(&field.pointer))
    }

    /// Without all of them it is another; each single one changes nothing, which is seen for all inputs, and
    /// none of them is there for nothing.
    fn judge_unanimous(&mut self, field: &Field) {
        let all: Vec<&Origin> = [&field.origin].into_iter().chain(&field.same).collect();
        if !self.falls(field, &all) {
            self.accuse(field, "the same without all of them");
        }
        for origin in &all {
            let others: Vec<&Origin> = all.iter().copied().filter(|other| other != origin).collect();
            if self.falls(field, &others) {
                self.accuse(field, &format!("another without the others than {origin}"));
            }
        }
    }

    /// Whether a field is another without these inputs, or where that is refused with others for some.
    fn falls(&self, field: &Field, origins: &[&Origin]) -> bool {
        let inputs: Vec<&Input> =
            self.inputs.iter().filter(|input| origins.contains(&&input.origin)).collect();
        assert_eq!(inputs.len(), origins.len(), "{origins:?} of {}", self.case.0);
        let falls = |case: &Case| {
            case.build().map(|job| difference(&self.explained.job, &job).contains(&field.pointer))
        };
        let bare = inputs.iter().fold(self.case.clone(), |case, input| case.put(input, None));
        if let Some(falls) = falls(&bare) {
            return falls;
        }
        let replaced = |case: &Case, input: &Input| {
            let value = self.case.value(input);
            let others = of_its_shape(&value).into_iter().chain(of_any_shape(self.case, input, &value));
            others.map(|other| case.put(input, Some(&other))).find(|case| case.build().is_some())
        };
        let one_more = |case: Case, input: &&Input| {
            let without = case.put(input, None);
            if without.build().is_some() { Some(without) } else { replaced(&case, input) }
        };
        // What is refused to go may depend on what went before.
        let forwards = inputs.iter().try_fold(self.case.clone(), one_more);
        let backwards = inputs.iter().rev().try_fold(self.case.clone(), one_more);
        if forwards.is_none() && backwards.is_none() {
            let job = self.renamed(&inputs);
            return job.is_some_and(|job| difference(&self.explained.job, &job).contains(&field.pointer));
        }
        [forwards, backwards].iter().flatten().any(|case| falls(case) == Some(true))
    }

    /// The Job where several inputs that say the same say something else.
    fn renamed(&self, inputs: &[&Input]) -> Option<Value> {
        let value = self.case.value(inputs.first()?);
        let alike = inputs.iter().all(|input| self.case.value(input) == value);
        let others = if alike { of_its_shape(&value) } else { Vec::new() };
        let put =
            |other: &Value| inputs.iter().fold(self.case.clone(), |case, input| case.put(input, Some(other)));
        others.iter().find_map(|other| put(other).build())
    }

    fn changed(&self, origin: &Origin) -> impl Iterator<Item = &Changes> {
        let changes = self.inputs.iter().zip(self.changes);
        changes.filter(move |(input, _)| input.origin == *origin).map(|(_, changes)| changes)
    }

    /// Whether a field is another when the setting is given.
    fn stands_at_default(&self, field: &Field, setting: &str) -> bool {
        let words = ["Always", "Never", "IfNotPresent"].map(Value::from);
        let (key, values): (&str, Vec<Value>) = match setting {
            "job-ttl" => ("job-ttl-seconds", vec![json!(7)]),
            "job-prefix" | "agent-token-secret" => (setting, vec![json!("else")]),
            "image" => (setting, vec![json!("else:3")]),
            "default-image-pull-policy" | "default-image-check-pull-policy" => (setting, words.into()),
            "additional-redacted-vars" => (setting, vec![json!(["ELSE"])]),
            "image-check-container-cpu-limit" => (setting, vec![json!("7m")]),
            "image-check-container-memory-limit" => (setting, vec![json!("7Mi")]),
            "workspace-volume" => {
                (setting, vec![json!({ "name": "else", "emptyDir": { "sizeLimit": "7Gi" } })])
            }
            _ => (setting, vec![json!(77)]),
        };
        values.into_iter().any(|value| {
            let mut case = self.case.clone();
            case.0["config"][key] = value;
            case.build().is_some_and(|job| difference(&self.explained.job, &job).contains(&field.pointer))
        })
    }

    /// What is said to be unknown cannot be tried here either, and nothing else that cannot be tried is
    /// passed over.
    fn judge_unknown(&mut self) {
        let mut tried: BTreeMap<&Origin, bool> = BTreeMap::new();
        for (input, changes) in self.inputs.iter().zip(self.changes) {
            *tried.entry(&input.origin).or_default() |= changes.tried;
        }
        for origin in &self.explained.unknown {
            if tried.get(origin) != Some(&false) {
                self.wrong.push(format!("{origin} is not unknown"));
            }
        }
        let same: BTreeSet<&Origin> =
            self.explained.fields.iter().flat_map(|field| field.same.iter().chain([&field.origin])).collect();
        let untried = |input: &&Input| !tried[&input.origin];
        for input in self.inputs.iter().filter(untried) {
            let origin = &input.origin;
            let value = self.case.value(input);
            let alike = self.inputs.iter().filter(untried).filter(|other| self.case.value(other) == value);
            // What refuses only is no input of the Job.
            let known = origin.name().starts_with("pod-policy")
                || self.explained.unknown.contains(origin)
                || same.contains(origin)
                || self.renamed(&alike.collect::<Vec<_>>()).is_some();
            if !known {
                self.wrong.push(format!("nothing is known about {origin}"));
            }
        }
    }

    fn accuse(&mut self, field: &Field, why: &str) {
        let list = |word: &str, origins: &[Origin]| {
            origins.iter().map(|origin| format!(" {word} {origin}")).collect::<String>()
        };
        let origins = format!("{}{}{}", field.origin, list("same", &field.same), list("also", &field.also));
        self.wrong.push(format!("{} = {}: {origins}: {why}", field.path, field.value));
    }
}

/// Whether an input is the whole of which the other is a part: that is not said twice.
fn holds(whole: &Origin, part: &Origin) -> bool {
    let rest = part.name().strip_prefix(whole.name());
    whole.kind() == part.kind() && rest.is_some_and(|rest| rest.starts_with(['.', '[']))
}
