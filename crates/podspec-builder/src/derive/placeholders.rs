//! Filling placeholders of variables (job-manifest R-186).

use serde_json::Value;

use crate::env_list::{is_placeholder, named, variable};
use crate::object::{Object, list_mut};

/// Gives the derived value to the variable if it still waits for one. A value that a patch gave stays;
/// a variable that a patch removed is appended.
pub(crate) fn fill(container: &mut Object, name: &str, value: impl Into<String>) {
    let variables = list_mut(container, "env");
    match variables.iter_mut().find(|entry| named(entry, name)) {
        Some(entry) if is_placeholder(entry) => *entry = variable(name, value),
        Some(_) => {}
        None => variables.push(variable(name, value)),
    }
}

/// Puts the script where `args` still hold its placeholder.
pub(crate) fn fill_script(container: &mut Object, script: &str) {
    for argument in list_mut(container, "args") {
        if !argument.is_string() {
            *argument = Value::String(script.to_owned());
        }
    }
}
