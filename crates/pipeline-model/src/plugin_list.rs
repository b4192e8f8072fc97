//! The job's plugin list, `BUILDKITE_PLUGINS` (job-manifest 4).

use shared_json::{Array, Map, Text, Value};

use crate::block::KubernetesPlugin;
use crate::finding::{Notice, PluginError};
use crate::reader::type_name;
use crate::reference::{Kind, kind};

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
    let (mut block, mut count) = (None, 0);
    for (index, element) in elements.into_iter().enumerate() {
        let (key, value) = only_member(element, index)?;
        let path = || format!("BUILDKITE_PLUGINS[{index}]");
        match kind(&key) {
            Kind::Kubernetes | Kind::Versioned(_) if prohibited => return Err(prohibition(path())),
            Kind::Versioned(version) => return Err(versioned(path(), version)),
            Kind::Kubernetes => {
                if !(value.is_object() || value.is_null()) {
                    let message = format!("expected mapping, found {}", type_name(&value));
                    return Err(PluginError::new("E-4", "", message));
                }
                block = Some(match block {
                    Some(earlier) => overlay(earlier, value),
                    None => value,
                });
                count += 1;
            }
            other => {
                if other == Kind::LookAlike {
                    plugins.notices.push(look_alike(path(), &key));
                }
                plugins.others.push(OtherPlugin { reference: key.to_string(), configuration: value });
            }
        }
    }
    if count > 1 {
        plugins.notices.push(repeated(count));
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
    let value: Value = serde_json::from_str(text)
        .map_err(|error| PluginError::new("E-1", path, format!("not valid JSON: {error}")))?;
    let elements = match value {
        Value::Null => Array::new(),
        Value::Array(elements) => elements,
        other => {
            let message = format!("expected a list of plugins, found {}", type_name(&other));
            return Err(PluginError::new("E-1", path, message));
        }
    };
    let misfit = elements.iter().position(|element| !(element.is_object() || element.is_null()));
    match misfit {
        None => Ok(elements),
        Some(index) => {
            let found = type_name(&elements[index]);
            let message = format!("expected an object with the plugin's name as its key, found {found}");
            Err(PluginError::new("E-1", format!("{path}[{index}]"), message))
        }
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
    let found = if keys.is_empty() { "none".to_owned() } else { keys };
    let message = format!("a plugin has exactly one key, its name; found {found}");
    let error = PluginError::new("E-2", format!("BUILDKITE_PLUGINS[{index}]"), message);
    Err(error.with_hint("indent the options below the plugin's name"))
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
        "`{key}` is run as an ordinary plugin; if the built-in kubernetes plugin is meant, write `kubernetes`"
    );
    Notice::new("W-19", path, message)
}

fn repeated(count: usize) -> Notice {
    let message = format!(
        "the kubernetes plugin is given {count} times; later ones were laid over earlier ones: write it once"
    );
    Notice::new("W-3", "", message)
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
