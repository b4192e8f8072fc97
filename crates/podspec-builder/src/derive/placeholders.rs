//! Filling placeholders of variables and scripts (job-manifest R-186).

use shared_json::{Text, Value};

use crate::draft::Inputs;
use crate::env_list::{is_open, named};
use crate::error::{Warning, quoted};
use crate::object::{CONTAINERS, Object, list_mut, text};
use crate::patch;

/// Gives the derived value to the variable if it still waits for one. A value that a patch gave stays;
/// a variable that a patch removed is appended.
pub(crate) fn fill(container: &mut Object, name: &str, derived: impl FnOnce() -> Value) {
    let variables = list_mut(container, "env");
    match variables.iter().position(|entry| named(entry, name)) {
        Some(at) if is_open(&variables[at]) => variables.make_mut()[at] = derived(),
        Some(_) => {}
        None => variables.push(derived()),
    }
}

/// Gives the derived value to a variable that nobody else may set: the agent would wait for clients that
/// never come. W-21 if a patch had set another one.
pub(crate) fn fill_always(
    container: &mut Object,
    derived: Value,
    inputs: Inputs<'_>,
    warnings: &mut Vec<Warning>,
) {
    let name = derived.get("name").and_then(Value::as_text).cloned().unwrap_or_default();
    let value = derived.get("value").and_then(Value::as_text).cloned().unwrap_or_default();
    let variables = list_mut(container, "env");
    let first = variables.iter().position(|entry| named(entry, &name)).unwrap_or(variables.len());
    let mut count = 0;
    let mut other = None;
    for entry in variables.iter().filter(|entry| named(entry, &name)) {
        count += 1;
        if !is_open(entry) && *entry != derived {
            other = Some(entry.get("value").and_then(Value::as_str).map(told));
        }
    }
    if count == 1 {
        variables.make_mut()[first] = derived;
    } else {
        variables.retain(|entry| !named(entry, &name));
        variables.insert(first, derived);
    }
    if let Some(other) = other {
        let container = text(container, "name");
        let set = other.unwrap_or_else(|| "a source".to_owned());
        let message = format!(
            "{set} was replaced by `{value}`: variable `{name}` of container `{container}` is always derived; take it out of the patch"
        );
        let place = patch::origin(inputs, |patch| place_of_variable(patch, container, &name));
        let place = place.unwrap_or_else(|| format!("{CONTAINERS}[{container}].env[{name}]"));
        warnings.push(Warning::new("W-21", message).at(place));
    }
}

/// A value of a variable in words: a number is what belongs there, and anything else may be a secret.
fn told(value: &str) -> String {
    quoted(if value.parse::<u32>().is_ok() { value } else { redaction::PLACEHOLDER })
}

/// Where a patch speaks of a variable of a regular container.
fn place_of_variable(patch: &Value, container: &str, variable: &str) -> Option<String> {
    let entries = patch.get(CONTAINERS)?.as_array()?.iter().enumerate();
    let mut places = entries.filter(|(_, entry)| named(entry, container)).filter_map(|(at, entry)| {
        let variables = entry.get("env")?.as_array()?;
        let index = variables.iter().position(|entry| named(entry, variable))?;
        Some(format!("{CONTAINERS}[{at}].env[{index}]"))
    });
    places.next()
}

/// Puts the script where `args` still hold its placeholder.
pub(crate) fn fill_script(container: &mut Object, script: &Text) {
    let Some(Value::Array(arguments)) = container.get_mut("args") else { return };
    if arguments.iter().all(Value::is_string) {
        return;
    }
    for argument in arguments.make_mut().iter_mut().filter(|argument| !argument.is_string()) {
        *argument = script.into();
    }
}
