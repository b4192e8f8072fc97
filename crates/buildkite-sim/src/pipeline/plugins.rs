//! `plugins`, normalised to what `BUILDKITE_PLUGINS` carries (pipeline-format 16).

use serde_json::{Map, Value};

use super::error::PipelineError;
use super::read::Place;

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
