//! Filling placeholders of variables and scripts (job-manifest R-186).

use serde_json::Value;

use crate::env_list::{is_open, named, variable};
use crate::error::Warning;
use crate::object::{Object, list_mut, text};

/// Gives the derived value to the variable if it still waits for one. A value that a patch gave stays;
/// a variable that a patch removed is appended.
pub(crate) fn fill(container: &mut Object, name: &str, value: impl Into<String>) {
    let variables = list_mut(container, "env");
    match variables.iter_mut().find(|entry| named(entry, name)) {
        Some(entry) if is_open(entry) => *entry = variable(name, value),
        Some(_) => {}
        None => variables.push(variable(name, value)),
    }
}

/// Gives the derived value to a variable that nobody else may set: the agent would wait for clients that
/// never come. W-21 if a patch had set another one.
pub(crate) fn fill_always(container: &mut Object, name: &str, value: String, warnings: &mut Vec<Warning>) {
    let derived = variable(name, value.as_str());
    let variables = list_mut(container, "env");
    let first = variables.iter().position(|entry| named(entry, name));
    let other = variables.iter().any(|entry| named(entry, name) && !is_open(entry) && *entry != derived);
    variables.retain(|entry| !named(entry, name));
    variables.insert(first.unwrap_or(variables.len()), derived);
    if other {
        let container = text(container, "name");
        let message = format!(
            "variable `{name}` of container `{container}` is always derived; what a patch set was replaced by `{value}`"
        );
        warnings.push(Warning::new("W-21", message));
    }
}

/// Puts the script where `args` still hold its placeholder.
pub(crate) fn fill_script(container: &mut Object, script: &str) {
    for argument in container.get_mut("args").and_then(Value::as_array_mut).into_iter().flatten() {
        if !argument.is_string() {
            *argument = Value::String(script.to_owned());
        }
    }
}
