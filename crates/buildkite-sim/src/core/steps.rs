//! Steps by key or id: unblock, export, update, cancel (agent-protocol 8.6).

use indexmap::IndexMap;
use jiff::Timestamp;
use regex::Regex;
use uuid::Uuid;

use super::World;
use super::build::{Step, StepKind, StepState};
use super::refusal::Refusal;
use crate::pipeline::model::{InputField, InputStep};

/// A change of one attribute.
#[derive(Clone, Debug)]
pub(crate) struct StepUpdate {
    /// The agent's id for it, the same for every retry.
    pub(crate) id: Option<Uuid>,
    pub(crate) attribute: String,
    pub(crate) value: String,
    /// Put the value behind what is there instead of in its place.
    pub(crate) append: bool,
}

impl World {
    /// The step of a build with this id or key.
    pub(crate) fn find_step(&self, build: Uuid, name: &str) -> Result<&Step, Refusal> {
        let by_id = Uuid::parse_str(name).ok();
        self.build(build)?
            .steps
            .iter()
            .map(|id| &self.steps[id])
            .find(|step| Some(step.id) == by_id || step.key.as_deref() == Some(name))
            .ok_or_else(|| Refusal::not_found("step"))
    }

    /// Unblocks a step, or without a name the first that is blocked; answers become metadata.
    pub(crate) fn unblock(
        &mut self,
        build: Uuid,
        name: Option<&str>,
        answers: &IndexMap<String, String>,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        let step = match name {
            Some(name) => self.find_step(build, name)?.id,
            None => {
                let blocked = |id: &&Uuid| self.steps[*id].state == StepState::Blocked;
                let first = self.build(build)?.steps.iter().find(blocked).copied();
                first.ok_or_else(|| Refusal::invalid("no step of the build is blocked"))?
            }
        };
        if self.steps[&step].state != StepState::Blocked {
            let state = self.steps[&step].state.as_str();
            return Err(Refusal::invalid(format!("the step is {state}, not blocked")));
        }
        self.answer_step(step, answers)?;
        self.advance(build, now);
        Ok(step)
    }

    /// Checks the answers for a blocked step, keeps them and marks it as passed.
    pub(super) fn answer_step(
        &mut self,
        id: Uuid,
        answers: &IndexMap<String, String>,
    ) -> Result<(), Refusal> {
        let step = &self.steps[&id];
        let input = match &step.kind {
            StepKind::Block(input) | StepKind::Input(input) => std::sync::Arc::clone(input),
            StepKind::Command(_) | StepKind::Wait { .. } => {
                return Err(Refusal::invalid("only block and input steps can be unblocked"));
            }
        };
        let build = step.build;
        let checked = check_answers(&input, answers)?;
        self.known_build(build).meta_data.extend(checked);
        self.set_step_state(id, StepState::Passed, "unblocked");
        Ok(())
    }

    /// One attribute of a step, or all of them as JSON.
    pub(crate) fn export_step(&self, build: Uuid, name: &str, attribute: &str) -> Result<String, Refusal> {
        let step = self.find_step(build, name)?;
        let outcome = match step.state {
            StepState::Passed => "passed",
            StepState::SoftFailed => "soft_failed",
            StepState::Failed => "hard_failed",
            StepState::WaitingFailed | StepState::Canceled => "errored",
            _ => "neutral",
        };
        let mut all = serde_json::Map::new();
        let mut put = |name: &str, text: &str| {
            all.insert(name.to_owned(), serde_json::Value::from(text));
        };
        put("id", &step.id.to_string());
        put("key", step.key.as_deref().unwrap_or_default());
        put("label", step.label.as_deref().unwrap_or_default());
        put("type", step.kind.name());
        put("state", step.state.as_str());
        put("outcome", outcome);
        for (name, value) in &step.attributes {
            put(name, value);
        }
        if attribute.is_empty() {
            return Ok(serde_json::Value::Object(all).to_string());
        }
        match all.get(attribute).and_then(serde_json::Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(Refusal::invalid(format!("unknown step attribute \"{attribute}\""))),
        }
    }

    /// Changes an attribute of a step; an update that was carried out already changes nothing.
    pub(crate) fn update_step(&mut self, build: Uuid, name: &str, update: StepUpdate) -> Result<(), Refusal> {
        let id = self.find_step(build, name)?.id;
        let step = self.known_step(id);
        if update.id.is_some_and(|update| step.updates.contains(&update)) {
            return Ok(());
        }
        let StepUpdate { id: update, attribute, value, append } = update;
        match attribute.as_str() {
            "label" => {
                let label = step.label.take().filter(|_| append).unwrap_or_default();
                step.label = Some(label + &value);
            }
            "priority" | "notify" => {
                return Err(Refusal::invalid(format!(
                    "this simulator does not change the step attribute \"{attribute}\""
                )));
            }
            _ => return Err(Refusal::invalid(format!("unknown step attribute \"{attribute}\""))),
        }
        step.updates.extend(update);
        self.touch();
        Ok(())
    }

    /// Stops the unfinished jobs of a step.
    pub(crate) fn cancel_step_by_name(
        &mut self,
        build: Uuid,
        name: &str,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        let id = self.find_step(build, name)?.id;
        self.cancel_step(id, "the step was canceled", now);
        self.advance(build, now);
        Ok(id)
    }
}

fn check_answers(
    input: &InputStep,
    answers: &IndexMap<String, String>,
) -> Result<Vec<(String, String)>, Refusal> {
    if let Some(unknown) = answers.keys().find(|key| !input.fields.iter().any(|it| it.key == **key)) {
        return Err(Refusal::invalid(format!("the step has no field \"{unknown}\"")));
    }
    let mut checked = Vec::new();
    for field in &input.fields {
        let answer = answers.get(&field.key).or(field.default.as_ref());
        match answer.filter(|answer| !answer.is_empty()) {
            Some(answer) => {
                check_answer(field, answer)?;
                checked.push((field.key.clone(), answer.clone()));
            }
            None if field.required => {
                return Err(Refusal::invalid(format!("the field \"{}\" needs an answer", field.key)));
            }
            None => {}
        }
    }
    Ok(checked)
}

fn check_answer(field: &InputField, answer: &str) -> Result<(), Refusal> {
    let key = &field.key;
    if let Some(format) = &field.format {
        let whole = Regex::new(&format!("^(?:{format})$"));
        if !whole.is_ok_and(|format| format.is_match(answer)) {
            return Err(Refusal::invalid(format!("the answer to \"{key}\" must match {format}")));
        }
    }
    let known = |value: &str| field.options.iter().any(|option| option.value == value);
    let fits = match (field.options.is_empty(), field.multiple) {
        (true, _) => true,
        (false, true) => answer.split('\n').all(known),
        (false, false) => known(answer),
    };
    if fits { Ok(()) } else { Err(Refusal::invalid(format!("\"{answer}\" is not an option of \"{key}\""))) }
}
