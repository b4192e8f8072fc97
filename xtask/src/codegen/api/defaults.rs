//! What the API server fills in for an absent field.
//!
//! The published description knows only defaults that are declared on the type. The others are set by
//! functions, read at the pinned version in `pkg/apis/core/v1/defaults.go` and `pkg/apis/batch/v1/defaults.go`.
//! Those that depend on other fields (pull policies, requests that follow limits, an empty volume) are no
//! constants and stand in neither.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

/// Type, field and value of the defaults that functions set.
fn set_by_functions() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("io.k8s.api.batch.v1.JobSpec", "completionMode", json!("NonIndexed")),
        ("io.k8s.api.core.v1.ConfigMapVolumeSource", "defaultMode", json!(0o644)),
        ("io.k8s.api.core.v1.Container", "terminationMessagePath", json!("/dev/termination-log")),
        ("io.k8s.api.core.v1.Container", "terminationMessagePolicy", json!("File")),
        ("io.k8s.api.core.v1.DownwardAPIVolumeSource", "defaultMode", json!(0o644)),
        ("io.k8s.api.core.v1.EphemeralContainer", "terminationMessagePath", json!("/dev/termination-log")),
        ("io.k8s.api.core.v1.EphemeralContainer", "terminationMessagePolicy", json!("File")),
        ("io.k8s.api.core.v1.HTTPGetAction", "path", json!("/")),
        ("io.k8s.api.core.v1.HTTPGetAction", "scheme", json!("HTTP")),
        ("io.k8s.api.core.v1.ObjectFieldSelector", "apiVersion", json!("v1")),
        ("io.k8s.api.core.v1.PersistentVolumeClaimSpec", "volumeMode", json!("Filesystem")),
        ("io.k8s.api.core.v1.PodSpec", "dnsPolicy", json!("ClusterFirst")),
        ("io.k8s.api.core.v1.PodSpec", "enableServiceLinks", json!(true)),
        ("io.k8s.api.core.v1.PodSpec", "restartPolicy", json!("Always")),
        ("io.k8s.api.core.v1.PodSpec", "schedulerName", json!("default-scheduler")),
        ("io.k8s.api.core.v1.PodSpec", "terminationGracePeriodSeconds", json!(30)),
        ("io.k8s.api.core.v1.Probe", "failureThreshold", json!(3)),
        ("io.k8s.api.core.v1.Probe", "periodSeconds", json!(10)),
        ("io.k8s.api.core.v1.Probe", "successThreshold", json!(1)),
        ("io.k8s.api.core.v1.Probe", "timeoutSeconds", json!(1)),
        ("io.k8s.api.core.v1.ProjectedVolumeSource", "defaultMode", json!(0o644)),
        ("io.k8s.api.core.v1.SecretVolumeSource", "defaultMode", json!(0o644)),
        ("io.k8s.api.core.v1.ServiceAccountTokenProjection", "expirationSeconds", json!(3600)),
    ]
}

/// The default of a field, unless it is what absence looks like anyway.
///
/// # Errors
/// When both sources name one and they differ.
pub(super) fn of(definition: &str, field: &str, published: &Value) -> Result<Option<Value>> {
    let declared = match &published[definition]["properties"][field]["default"] {
        Value::Null | Value::Object(_) | Value::Array(_) | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) if number.as_i64() == Some(0) => None,
        other => Some(other.clone()),
    };
    let set = set_by_functions()
        .into_iter()
        .find(|(of, name, _)| *of == definition && *name == field)
        .map(|(_, _, value)| value);
    if let (Some(declared), Some(set)) = (&declared, &set) {
        ensure!(declared == set, "{definition}.{field}: {declared} is declared, {set} is set");
    }
    Ok(declared.or(set))
}

/// Whether every field of the list above exists.
///
/// # Errors
/// When one is gone.
pub(super) fn check(reached: &BTreeMap<String, Map<String, Value>>) -> Result<()> {
    for (definition, field, _) in set_by_functions() {
        let known = reached.get(definition).is_some_and(|known| known["properties"].get(field).is_some());
        ensure!(known, "a default for {definition}.{field}, which does not exist");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_count_and_zero_does_not() {
        let pod = "io.k8s.api.core.v1.PodSpec";
        let published = json!({
            "Port": { "properties": { "protocol": { "default": "TCP" }, "port": { "default": 0 } } },
            (pod): { "properties": { "restartPolicy": { "default": "Never" } } },
        });
        assert_eq!(of("Port", "protocol", &published).unwrap(), Some(json!("TCP")));
        assert_eq!(of("Port", "port", &published).unwrap(), None);
        assert_eq!(of(pod, "dnsPolicy", &published).unwrap(), Some(json!("ClusterFirst")));
        assert!(of(pod, "restartPolicy", &published).is_err(), "they differ");
        assert!(check(&BTreeMap::new()).is_err(), "nothing exists");
    }
}
