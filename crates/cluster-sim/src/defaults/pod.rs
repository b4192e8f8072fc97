//! What the API server adds to a pod, and to the specification of one inside a template.

use shared_json::{Array, Map, Text, Value, list, object};

use super::set_default;
use crate::object;

/// Mode of files in mounted volumes: 0644.
const FILE_MODE: i32 = 420;

/// Fields of a pod itself, with what admission adds to each pod.
pub(crate) fn pod(pod: &mut Value) {
    set_default(pod, "spec", || object! {});
    let spec = &mut pod["spec"];
    pod_spec(spec);
    for list in ["containers", "initContainers"] {
        for container in members(spec, list) {
            requests_from_limits(container);
        }
    }
    set_default(spec, "enableServiceLinks", || true.into());
    set_default(spec, "priority", || 0.into());
    set_default(spec, "preemptionPolicy", || "PreemptLowerPriority".into());
    let account = object::text(spec, &["serviceAccountName"]).to_owned();
    let account = if account.is_empty() { "default".to_owned() } else { account };
    if spec.is_object() {
        let account = Text::from(account);
        spec["serviceAccountName"] = (&account).into();
        spec["serviceAccount"] = account.into();
        tolerate(spec, "node.kubernetes.io/not-ready");
        tolerate(spec, "node.kubernetes.io/unreachable");
    }
}

/// How the kubelet ranks a pod when memory is short.
pub(crate) fn qos_class(pod: &Value) -> &'static str {
    let spec = &pod["spec"];
    let lists = ["initContainers", "containers"];
    let containers = || lists.iter().filter_map(|list| spec[*list].as_array()).flatten();
    let amounts = |container: &Value, side: &str| object::at(container, &["resources", side]).cloned();
    let is_empty =
        |value: Option<Value>| value.and_then(|value| Some(value.as_object()?.is_empty())).unwrap_or(true);
    if containers()
        .all(|container| is_empty(amounts(container, "limits")) && is_empty(amounts(container, "requests")))
    {
        return "BestEffort";
    }
    let guaranteed = |container: &Value| {
        ["cpu", "memory"].iter().all(|resource| {
            let limit = object::at(container, &["resources", "limits", resource]);
            limit.is_some() && limit == object::at(container, &["resources", "requests", resource])
        })
    };
    if containers().all(guaranteed) { "Guaranteed" } else { "Burstable" }
}

/// Pods stay on a node in trouble for five minutes, unless they say how long themselves.
fn tolerate(spec: &mut Value, taint: &'static str) {
    let list = spec.as_object_mut().expect("checked").get_or_insert_with("tolerations", || list![]);
    let Some(list) = list.as_array_mut() else { return };
    let concerns = |toleration: &Value| {
        let key = object::text(toleration, &["key"]);
        let effect = object::text(toleration, &["effect"]);
        (key == taint || key.is_empty()) && (effect == "NoExecute" || effect.is_empty())
    };
    if !list.iter().any(concerns) {
        list.push(object! {
            "key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
        });
    }
}

fn requests_from_limits(container: &mut Value) {
    let Some(limits) = object::at(container, &["resources", "limits"]).and_then(Value::as_object) else {
        return;
    };
    let limits = limits.clone();
    let requests = object::map_mut(&mut container["resources"], "requests");
    for (resource, amount) in limits {
        requests.get_or_insert_with(resource, || amount);
    }
}

/// Fields of `spec.template` of a PodTemplate, which keeps its template beside no specification.
pub(crate) fn pod_template_object(object: &mut Value) {
    if let Some(template) = object.get_mut("template").filter(|template| template.is_object()) {
        set_default(template, "spec", || object! {});
        pod_spec(&mut template["spec"]);
    }
}

/// Fields of a pod's specification, wherever it stands.
pub(crate) fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    set_default(spec, "restartPolicy", || "Always".into());
    set_default(spec, "terminationGracePeriodSeconds", || 30.into());
    set_default(spec, "dnsPolicy", || "ClusterFirst".into());
    set_default(spec, "securityContext", || object! {});
    set_default(spec, "schedulerName", || "default-scheduler".into());
    let account = object::text(spec, &["serviceAccountName"]).to_owned();
    if !account.is_empty() {
        set_default(spec, "serviceAccount", || account.into());
    }
    for list in ["initContainers", "containers"] {
        for member in members(spec, list) {
            container(member);
        }
    }
    for member in members(spec, "volumes") {
        volume(member);
    }
}

fn members<'a>(object: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = object.get_mut(list).and_then(Value::as_array_mut);
    list.into_iter().flat_map(Array::make_mut).filter(|member| member.is_object())
}

fn container(container: &mut Value) {
    let latest = is_latest(object::text(container, &["image"]));
    set_default(
        container,
        "imagePullPolicy",
        || if latest { "Always".into() } else { "IfNotPresent".into() },
    );
    set_default(container, "terminationMessagePath", || "/dev/termination-log".into());
    set_default(container, "terminationMessagePolicy", || "File".into());
    set_default(container, "resources", || object! {});
    for port in members(container, "ports") {
        set_default(port, "protocol", || "TCP".into());
    }
    for variable in members(container, "env") {
        if let Some(reference) = variable.get_mut("valueFrom").and_then(|from| from.get_mut("fieldRef")) {
            set_default(reference, "apiVersion", || "v1".into());
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get_mut(name).filter(|probe| probe.is_object()) {
            set_default(probe, "timeoutSeconds", || 1.into());
            set_default(probe, "periodSeconds", || 10.into());
            set_default(probe, "successThreshold", || 1.into());
            set_default(probe, "failureThreshold", || 3.into());
        }
    }
}

/// No tag means the tag `latest`, a digest does not.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn volume(volume: &mut Value) {
    let Some(members) = volume.as_object_mut() else { return };
    if members.keys().all(|key| key == "name") {
        members.insert("emptyDir", object! {});
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = members.get_mut(source) {
            set_default(source, "defaultMode", || FILE_MODE.into());
        }
    }
    if let Some(source) = members.get_mut("hostPath") {
        set_default(source, "type", || "".into());
    }
    token_expiry(members);
}

fn token_expiry(volume: &mut Map) {
    let Some(projected) = volume.get_mut("projected") else { return };
    for source in self::members(projected, "sources") {
        if let Some(token) = source.get_mut("serviceAccountToken") {
            set_default(token, "expirationSeconds", || 3600.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_a_tag_are_always_pulled() {
        let check = |image, want| assert_eq!(is_latest(image), want, "{image}");
        check("alpine", true);
        check("alpine:latest", true);
        check("alpine:3.20", false);
        check("registry:5000/alpine", true);
        check("registry:5000/alpine:3", false);
        check("alpine@sha256:abc", false);
    }
}
