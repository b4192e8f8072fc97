//! Filling placeholders of variables and scripts (job-manifest R-186).

use shared_json::{Text, Value};

use crate::env_list::{is_open, named};
use crate::error::Warning;
use crate::object::{Object, list_mut, text};

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
pub(crate) fn fill_always(container: &mut Object, derived: Value, warnings: &mut Vec<Warning>) {
    let name = derived.get("name").and_then(Value::as_text).cloned().unwrap_or_default();
    let value = derived.get("value").and_then(Value::as_text).cloned().unwrap_or_default();
    let variables = list_mut(container, "env");
    let first = variables.iter().position(|entry| named(entry, &name)).unwrap_or(variables.len());
    let mut count = 0;
    let mut other = false;
    for entry in variables.iter().filter(|entry| named(entry, &name)) {
        count += 1;
        other |= !is_open(entry) && *entry != derived;
    }
    if count == 1 {
        variables.make_mut()[first] = derived;
    } else {
        variables.retain(|entry| !named(entry, &name));
        variables.insert(first, derived);
    }
    if other {
        let container = text(container, "name");
        let message = format!(
            "variable `{name}` of container `{container}` is always derived; what a patch set was replaced by `{value}`"
        );
        warnings.push(Warning::new("W-21", message));
    }
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
