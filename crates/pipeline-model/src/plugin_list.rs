//! The job's plugin list, `BUILDKITE_PLUGINS` (job-manifest 4).

use shared_json::{Array, Map, Text, Value};

use crate::block::KubernetesPlugin;
use crate::finding::{Notice, PluginError};
use crate::reader::{type_error, type_name};
use crate::reference::{KUBERNETES_PLUGIN, Kind, kind};
use crate::told::told_value;

/// What a job's plugin list holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plugins {
    /// The kubernetes plugin block; `None` also when it is null.
    pub kubernetes: Option<KubernetesPlugin>,
    /// All other plugins in order; they matter only in that one may bring a command hook.
    pub others: Vec<OtherPlugin>,
    /// Notices in the order of the list.
    pub notices: Vec<Notice>,
}

/// A plugin that the agent runs.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherPlugin {
    /// Its reference, expanded as in the list.
    pub reference: String,
    /// Its configuration as written.
    pub configuration: Value,
}

/// Reads the value of `BUILDKITE_PLUGINS`; empty means that there are no plugins.
///
/// `prohibited` is the setting `prohibit-kubernetes-plugin`: with it any kubernetes plugin element is
/// refused before its value is read.
///
/// # Errors
///
/// E-1, E-2, E-3, E-40, E-4 and E-6 in the order of.
pub fn parse_plugins(text: &str, prohibited: bool) -> Result<Plugins, PluginError> {
    if text.is_empty() {
        return Ok(Plugins::default());
    }
    let elements = decode(text)?;
    let mut plugins = Plugins::default();
    let (mut block, mut places) = (None, Vec::new());
    for (index, element) in elements.into_iter().enumerate() {
        let (key, value) = only_member(element, index)?;
        let path = || format!("BUILDKITE_PLUGINS[{index}]");
        match kind(&key) {
            Kind::Kubernetes | Kind::Versioned(_) if prohibited => return Err(prohibition(path())),
            Kind::Versioned(version) => return Err(versioned(path(), version)),
            Kind::Kubernetes => {
                if !(value.is_object() || value.is_null()) {
                    return Err(type_error(&path(), "mapping", &value));
                }
                block = Some(match block {
                    Some(earlier) => overlay(earlier, value),
                    None => value,
                });
                places.push(path());
            }
            other => {
                if other == Kind::LookAlike {
                    plugins.notices.push(look_alike(path(), &key));
                }
                plugins.others.push(OtherPlugin { reference: key.to_string(), configuration: value });
            }
        }
    }
    if places.len() > 1 {
        plugins.notices.push(repeated(&places));
    }
    if let Some(value) = block.filter(|block| !block.is_null()) {
        let (block, notices) = KubernetesPlugin::from_json(&value)?;
        plugins.kubernetes = Some(block);
        plugins.notices.extend(notices);
    }
    Ok(plugins)
}

/// The whole list is decoded before any element is judged.
fn decode(text: &str) -> Result<Array, PluginError> {
    let path = "BUILDKITE_PLUGINS";
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let found = found_at(text, &error);
        PluginError::new("E-1", path, format!("not valid JSON: {error}, {found}")).with_hint(LEAVE_IT)
    })?;
    let elements = match value {
        Value::Null => Array::new(),
        Value::Array(elements) => elements,
        other => {
            let value = told_value(&other, path);
            let message = format!("expected a list of plugins, found {}{value}", type_name(&other));
            return Err(PluginError::new("E-1", path, message).with_hint(LEAVE_IT));
        }
    };
    let misfit = elements.iter().position(|element| !(element.is_object() || element.is_null()));
    match misfit {
        None => Ok(elements),
        Some(index) => {
            let path = format!("{path}[{index}]");
            let element = &elements[index];
            let found = format!("{}{}", type_name(element), told_value(element, &path));
            let message = format!("expected an object with the plugin's name as its key, found {found}");
            Err(PluginError::new("E-1", path, message)
                .with_hint("write `{\"name\": {options}}` for each plugin"))
        }
    }
}

/// Pipeline upload makes the list of a step's `plugins`, and never makes it wrong.
const LEAVE_IT: &str = "write `plugins` in the step and leave this variable to pipeline upload";

/// The character that ended the reading; its line and column are in the error.
fn found_at(text: &str, error: &serde_json::Error) -> String {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    // A column counts bytes from 1, and may stand behind the last one.
    let at = line.floor_char_boundary(error.column().saturating_sub(1));
    match line[at..].chars().next() {
        Some(found) if !error.is_eof() && error.column() > 0 && !found.is_control() => {
            format!("at `{found}`")
        }
        _ if error.is_eof() => "where the text ends".to_owned(),
        _ => "at the end of a line".to_owned(),
    }
}

fn only_member(element: Value, index: usize) -> Result<(Text, Value), PluginError> {
    let members = match element {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if members.len() == 1 {
        return Ok(members.into_iter().next().expect("there is one member"));
    }
    let keys = members.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let (found, hint) = if keys.is_empty() {
        ("none".to_owned(), "name the plugin or remove the empty entry")
    } else {
        (keys, "indent the options below the plugin's name")
    };
    let message = format!("a plugin has exactly one key, its name; found {found}");
    Err(PluginError::new("E-2", format!("BUILDKITE_PLUGINS[{index}]"), message).with_hint(hint))
}

fn prohibition(path: String) -> PluginError {
    let message = "the kubernetes plugin is prohibited by the controller's configuration \
                   (`prohibit-kubernetes-plugin`)";
    PluginError::new("E-3", path, message)
        .with_hint("remove the plugin from the step; `image`, `agents`, `env` and `command` still work")
}

fn versioned(path: String, version: &str) -> PluginError {
    let message = format!("the kubernetes plugin is built in and has no version `{version}`");
    PluginError::new("E-40", path, message).with_hint(format!("remove `#{version}` behind its name"))
}

fn look_alike(path: String, key: &str) -> Notice {
    let message = format!(
        "`{}` is run as an ordinary plugin; the built-in kubernetes plugin has no other name than \
         `{KUBERNETES_PLUGIN}`: write that if it is meant",
        redaction::without_userinfo(key)
    );
    Notice::new("W-19", path, message)
}

fn repeated(places: &[String]) -> Notice {
    let last = places.last().cloned().unwrap_or_default();
    let message = format!(
        "the kubernetes plugin is given {} times, in {}; later ones were laid over earlier ones: write it once",
        places.len(),
        places.join(", ")
    );
    Notice::new("W-3", last, message)
}

/// Objects merge key by key, all else is replaced; a null block erases what came before.
fn overlay(earlier: Value, later: Value) -> Value {
    match (earlier, later) {
        (Value::Object(mut base), Value::Object(top)) => {
            for (key, value) in top {
                // Replaced in place: removing would disturb the order of the others.
                match base.get_mut(&key) {
                    Some(slot) => *slot = overlay(slot.take(), value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
            Value::Object(base)
        }
        (_, later) => later,
    }
}
