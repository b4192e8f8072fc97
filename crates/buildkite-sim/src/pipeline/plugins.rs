//! `plugins`, normalised to what `BUILDKITE_PLUGINS` carries (pipeline-format 16).

use serde_json::{Map, Value};

use super::error::PipelineError;
use super::model::{Pipeline, Step};
use super::read::Place;

impl Pipeline {
    /// Whether a step names this plugin, in any version; `reference` is short or whole.
    #[must_use]
    pub fn uses_plugin(&self, reference: &str) -> bool {
        any_uses(&self.steps, &resolve(reference))
    }
}

fn any_uses(steps: &[Step], source: &str) -> bool {
    steps.iter().any(|step| match step {
        Step::Command(command) => {
            command.plugins.iter().flat_map(Map::keys).any(|named| named.split('#').next() == Some(source))
        }
        Step::Group(group) => any_uses(&group.steps, source),
        Step::Wait(_) | Step::Block(_) | Step::Input(_) => false,
    })
}

/// Reads `plugins` in any of its forms into one-key objects with resolved sources.
pub(super) fn read_plugins(place: &Place, value: &Value) -> Result<Vec<Map<String, Value>>, PipelineError> {
    let mut plugins = Vec::new();
    match value {
        Value::Null => {}
        Value::Array(list) => {
            for item in list {
                match item {
                    Value::String(source) => plugins.push(plugin(source, Value::Null)),
                    Value::Object(map) => add_all(place, map, &mut plugins)?,
                    _ => return Err(place.invalid("a plugin is a name or a mapping {name: configuration}")),
                }
            }
        }
        Value::Object(map) => add_all(place, map, &mut plugins)?,
        _ => return Err(place.invalid("`plugins` must be a list of plugins")),
    }
    Ok(plugins)
}

fn add_all(
    place: &Place,
    map: &Map<String, Value>,
    plugins: &mut Vec<Map<String, Value>>,
) -> Result<(), PipelineError> {
    for (source, configuration) in map {
        let configuration = match configuration {
            Value::Object(inner) if inner.is_empty() => Value::Null,
            Value::Object(_) | Value::Null => configuration.clone(),
            _ => {
                return Err(
                    place.invalid(format!("the configuration of plugin \"{source}\" must be a mapping"))
                );
            }
        };
        plugins.push(plugin(source, configuration));
    }
    Ok(())
}

fn plugin(source: &str, configuration: Value) -> Map<String, Value> {
    Map::from_iter([(resolve(source), configuration)])
}

/// The full source of a plugin reference (pipeline-format 16.2); the version is kept.
fn resolve(reference: &str) -> String {
    let (source, version) = match reference.split_once('#') {
        Some((source, version)) => (source, Some(version)),
        None => (reference, None),
    };
    let is_path = source.starts_with(['/', '.', '\\']);
    let has_scheme = source.contains("://") || source.contains(":\\") || source.contains('@');
    let resolved = if is_path || has_scheme {
        source.to_owned()
    } else {
        match source.split('/').collect::<Vec<_>>()[..] {
            [name] => format!("github.com/buildkite-plugins/{name}-buildkite-plugin"),
            [owner, name] => format!("github.com/{owner}/{name}-buildkite-plugin"),
            _ => source.to_owned(),
        }
    };
    match version {
        Some(version) => format!("{resolved}#{version}"),
        None => resolved,
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::parse_yaml;

    #[test]
    fn a_plugin_is_found_in_any_form_and_in_groups() {
        for (pipeline, want) in [
            ("[{command: make}]", false),
            ("[{command: make, plugins: [docker#v5]}]", false),
            ("[{command: make, plugins: [kubernetes: {}]}]", true),
            ("[{command: make, plugins: {kubernetes#v1: ~}}]", true),
            ("[wait, {group: g, steps: [{command: make, plugins: [kubernetes]}]}]", true),
        ] {
            assert_eq!(parse_yaml(pipeline, "p.yml").unwrap().uses_plugin("kubernetes"), want, "{pipeline}");
        }
    }
}
