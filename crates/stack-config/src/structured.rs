//! The builder's settings that only the file can give (controller-config 5).

use std::collections::BTreeMap;

use podspec_builder::{PodPolicy, ResourceClass};
use serde_json::Value;
use yaml_source::Node;

use crate::file::join;
use crate::problem::{Problem, Warning};
use crate::reader::Reader;

const CLASS: [&str; 3] = ["resource", "podResource", "nodeSelector"];
const POLICY: [&str; 11] = [
    "allowed-images",
    "denied-images",
    "allow-privileged",
    "allow-host-namespaces",
    "allow-host-path",
    "allowed-service-accounts",
    "max-resources",
    "required-labels",
    "allowed-secret-refs",
    "allowed-node-selectors",
    "allowed-tolerations",
];

const MAX_RESOURCES: [&str; 2] = ["container", "pod"];

/// `workspace-volume`, also under its older spelling `workspaceVolume` (section 9).
pub(crate) fn workspace_volume(reader: &mut Reader<'_>) -> Option<Value> {
    let (key, alias) = ("workspace-volume", "workspaceVolume");
    let volume = reader.file_only(key).and_then(|node| reader.kubernetes_object(node, key));
    let Some(node) = reader.file_only(alias) else {
        return volume;
    };
    let source = reader.source(alias);
    if reader.is_given(key) {
        let reason = "is the older spelling of workspace-volume, which is given too";
        reader.type_problems.push(Problem::new(alias, reason, source).hint("keep workspace-volume"));
        return volume;
    }
    reader.warnings.push(Warning::new(alias, "is now spelt workspace-volume", source));
    reader.kubernetes_object(node, alias)
}

/// `pod-spec-patch`, nulls and directives and all; the builder reads it and takes a list of containers too.
pub(crate) fn pod_spec_patch(reader: &mut Reader<'_>) -> Option<Value> {
    let key = "pod-spec-patch";
    let node = reader.file_only(key)?;
    if node.as_sequence().is_some() { Some(node.to_json()) } else { reader.kubernetes_object(node, key) }
}

/// `resource-classes`; an empty map and no map differ.
pub(crate) fn resource_classes(reader: &mut Reader<'_>) -> Option<BTreeMap<String, ResourceClass>> {
    let root = "resource-classes";
    let node = reader.file_only(root)?;
    let Some(mapping) = node.as_mapping() else {
        reader.kubernetes_object(node, root);
        return None;
    };
    let mut classes = BTreeMap::new();
    for entry in mapping.iter() {
        let path = join(root, &entry.key.text);
        classes.insert(entry.key.text.clone(), resource_class(reader, &entry.value, &path));
    }
    Some(classes)
}

fn resource_class<'a>(reader: &mut Reader<'a>, node: &'a Node, path: &str) -> ResourceClass {
    let mut class = ResourceClass::default();
    if node.is_null() {
        return class;
    }
    for (key, node) in reader.members(node, path, &CLASS) {
        let path = join(path, key);
        match key {
            "resource" => class.resource = reader.kubernetes_object(node, &path),
            "podResource" => class.pod_resource = reader.kubernetes_object(node, &path),
            "nodeSelector" => class.node_selector = reader.text_map(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    class
}

/// `pod-policy`; an absent key forbids nothing, an empty list allows nothing (5.10).
pub(crate) fn pod_policy(reader: &mut Reader<'_>) -> Option<PodPolicy> {
    let root = "pod-policy";
    let node = reader.file_only(root)?;
    let mut policy = PodPolicy::default();
    for (key, node) in reader.members(node, root, &POLICY) {
        let path = join(root, key);
        match key {
            "allowed-images" => policy.allowed_images = Some(reader.texts_field(node, &path)),
            "denied-images" => policy.denied_images = Some(reader.texts_field(node, &path)),
            "allow-privileged" => policy.allow_privileged = reader.bool_field(node, &path),
            "allow-host-namespaces" => policy.allow_host_namespaces = reader.bool_field(node, &path),
            "allow-host-path" => policy.allow_host_path = Some(reader.texts_field(node, &path)),
            "allowed-service-accounts" => {
                policy.allowed_service_accounts = Some(reader.texts_field(node, &path));
            }
            "max-resources" => max_resources(reader, node, &path, &mut policy),
            "required-labels" => policy.required_labels = reader.text_map(node, &path),
            "allowed-secret-refs" => policy.allowed_secret_refs = Some(reader.texts_field(node, &path)),
            "allowed-node-selectors" => policy.allowed_node_selectors = Some(reader.texts_field(node, &path)),
            "allowed-tolerations" => policy.allowed_tolerations = Some(reader.texts_field(node, &path)),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    Some(policy)
}

fn max_resources<'a>(reader: &mut Reader<'a>, node: &'a Node, path: &str, policy: &mut PodPolicy) {
    for (key, node) in reader.members(node, path, &MAX_RESOURCES) {
        let path = join(path, key);
        match key {
            "container" => policy.max_container_resources = reader.quantity_map(node, &path),
            "pod" => policy.max_pod_resources = reader.quantity_map(node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
}
