//! Block and input steps with their fields (pipeline-format 10).

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::PipelineError;
use super::model::{BlockedState, InputField, InputOption, InputStep, StepBase};
use super::read::{self, Fields, Place};

/// The step that the bare word stands for.
pub(super) fn plain() -> InputStep {
    InputStep::default()
}

/// Reads the attributes after the shared ones; `names` holds the label under the step's own key.
pub(super) fn read<'a>(
    place: &Place,
    base: StepBase,
    names: &[&'a str],
    fields: &mut Fields<'a>,
) -> Result<InputStep, PipelineError> {
    let label = fields.text_alias(names)?.filter(|text| !text.is_empty());
    fields.refuse("allowed_teams")?;
    let inputs = match fields.take("fields") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => {
            list.iter().map(|field| read_field(place, field)).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(place.invalid("`fields` must be a list")),
    };
    check_unique(place, &inputs)?;
    let blocked_state = match fields.text("blocked_state")?.as_deref() {
        None | Some("passed") => BlockedState::Passed,
        Some("failed") => BlockedState::Failed,
        Some("running") => BlockedState::Running,
        Some(_) => return Err(place.invalid("`blocked_state` is passed, failed or running")),
    };
    Ok(InputStep {
        base: StepBase { label: label.or(base.label), ..base },
        prompt: fields.text("prompt")?,
        submit: fields.text("submit")?,
        fields: inputs,
        blocked_state,
    })
}

fn check_unique(place: &Place, fields: &[InputField]) -> Result<(), PipelineError> {
    let mut seen = BTreeSet::new();
    match fields.iter().find(|field| !seen.insert(&field.key)) {
        None => Ok(()),
        Some(twice) => Err(place.invalid(format!("key \"{}\" is used by two fields", twice.key))),
    }
}

fn read_field(place: &Place, value: &Value) -> Result<InputField, PipelineError> {
    let Value::Object(map) = value else {
        return Err(place.invalid("a field is a mapping with `text` or `select`"));
    };
    let mut fields = Fields::new(place, "field", map);
    let text = fields.text("text")?;
    let select = fields.text("select")?;
    let is_select = select.is_some();
    let Some(label) = text.clone().xor(select) else {
        return Err(place.invalid("a field is either `text` or `select`"));
    };
    let Some(key) = fields.text("key")? else {
        return Err(place.invalid("every field needs a `key` to store its value under"));
    };
    if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c)) {
        return Err(
            place.invalid(format!("field key \"{key}\": letters, digits, \"-\", \"_\" and \"/\" only"))
        );
    }
    let hint = fields.text("hint")?;
    let required = fields.optional_flag("required")?.unwrap_or(true);
    let defaults = fields.str_or_list("default")?;
    let mut field = InputField {
        key,
        label,
        hint,
        required,
        default: (!defaults.is_empty()).then(|| defaults.join("\n")),
        format: None,
        multiple: false,
        options: Vec::new(),
    };
    if is_select {
        field.multiple = fields.flag("multiple")?;
        field.options = read_options(place, fields.take("options"))?;
        check_defaults(place, &field.options, &defaults)?;
    } else {
        field.format = fields.text("format")?;
        check_format(place, field.format.as_deref())?;
    }
    fields.finish()?;
    Ok(field)
}

fn check_format(place: &Place, format: Option<&str>) -> Result<(), PipelineError> {
    match format.map(regex::Regex::new) {
        Some(Err(error)) => {
            Err(place.invalid(format!("`format` is not a valid regular expression: {error}")))
        }
        _ => Ok(()),
    }
}

fn check_defaults(place: &Place, options: &[InputOption], defaults: &[String]) -> Result<(), PipelineError> {
    let is_option = |value: &String| options.iter().any(|option| option.value == *value);
    match defaults.iter().find(|value| !is_option(value)) {
        None => Ok(()),
        Some(other) => Err(place.invalid(format!("default \"{other}\" is not one of the option values"))),
    }
}

fn read_options(place: &Place, value: Option<&Value>) -> Result<Vec<InputOption>, PipelineError> {
    let list = match value {
        Some(Value::Array(list)) if !list.is_empty() => list,
        _ => return Err(place.invalid("a select field needs at least one option")),
    };
    list.iter().map(|option| read_option(place, option)).collect()
}

fn read_option(place: &Place, value: &Value) -> Result<InputOption, PipelineError> {
    let wrong = || place.invalid("an option is {label: …, value: …}");
    let map = value.as_object().ok_or_else(wrong)?;
    let mut fields = read::Fields::new(place, "option", map);
    let option = InputOption {
        label: fields.text("label")?.ok_or_else(wrong)?,
        value: fields.text("value")?.ok_or_else(wrong)?,
        hint: fields.text("hint")?,
    };
    fields.refuse("required")?;
    fields.finish()?;
    Ok(option)
}
