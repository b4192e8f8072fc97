//! The manifest in a verdict: as YAML, without the values of variables (F8).

use serde_json::Value;

/// The Job as YAML, with the value of every variable taken out: a build page is read by more people than
/// may see a job's environment.
pub(super) fn redacted_yaml(manifest: &Value) -> String {
    let mut manifest = manifest.clone();
    redact(&mut manifest);
    serde_yaml::to_string(&manifest).unwrap_or_default()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map.iter_mut() {
                match inner {
                    Value::Array(variables) if key == "env" => variables.iter_mut().for_each(redact_variable),
                    _ => redact(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn redact_variable(variable: &mut Value) {
    if let Some(value) = variable.get_mut("value") {
        *value = Value::from("[removed]");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// lifecycle F8
    #[test]
    fn values_of_variables_do_not_reach_the_build_page() {
        let job = json!({"spec": {"template": {"spec": {"containers": [{
            "name": "container-0",
            "env": [{"name": "TOKEN", "value": "hunter2"}, {"name": "REF", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
        }]}}}});
        let yaml = redacted_yaml(&job);
        assert!(!yaml.contains("hunter2"), "{yaml}");
        assert!(yaml.contains("name: TOKEN") && yaml.contains("name: s"), "{yaml}");
    }
}
