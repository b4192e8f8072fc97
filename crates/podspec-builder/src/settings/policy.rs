//! `pod-policy`: what the pods of a controller may contain (job-manifest ).

use std::collections::BTreeMap;

use super::SettingsProblem;
use super::validate::QUANTITY_HINT;
use crate::error::quoted;
use crate::text::quantity::parse_nanos;

/// `pod-policy`. Without a rule everything is allowed: `None` forbids nothing, and neither does an empty
/// map. An empty list allows nothing.
///
/// Patterns are those of R-196; `crate::Builder::new` refuses what E-42 names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodPolicy {
    /// `allowed-images`: patterns, one of which must match every image.
    pub allowed_images: Option<Vec<String>>,
    /// `denied-images`: patterns, none of which may match an image; stronger than `allowed-images`.
    pub denied_images: Option<Vec<String>>,
    /// `allow-privileged`: `Some(false)` forbids privileged containers and Windows host processes.
    pub allow_privileged: Option<bool>,
    /// `allow-host-namespaces`: `Some(false)` forbids the node's network, process and IPC namespaces.
    pub allow_host_namespaces: Option<bool>,
    /// `allow-host-path`: absolute paths, at or below one of which every `hostPath` volume must be.
    pub allow_host_path: Option<Vec<String>>,
    /// `allowed-service-accounts`: patterns.
    pub allowed_service_accounts: Option<Vec<String>>,
    /// `max-resources.container`: largest request and limit of a container, quantity by resource name.
    pub max_container_resources: BTreeMap<String, String>,
    /// `max-resources.pod`: the same for the pod as a whole.
    pub max_pod_resources: BTreeMap<String, String>,
    /// `required-labels`: pattern of the value by the key of a label that every Job must have.
    pub required_labels: BTreeMap<String, String>,
    /// `allowed-secret-refs`: patterns of the Secrets that a pod may name.
    pub allowed_secret_refs: Option<Vec<String>>,
    /// `allowed-node-selectors`: patterns of the keys by which a pod may choose its node.
    pub allowed_node_selectors: Option<Vec<String>>,
    /// `allowed-tolerations`: patterns of the keys of tolerations.
    pub allowed_tolerations: Option<Vec<String>>,
}

impl PodPolicy {
    /// Everything that makes this no policy (E-42), in the order of R-194.
    pub(crate) fn problems(&self) -> Vec<SettingsProblem> {
        let mut problems = Problems(Vec::new());
        problems.patterns("allowed-images", self.allowed_images.as_ref());
        problems.patterns("denied-images", self.denied_images.as_ref());
        problems.prefixes(self.allow_host_path.as_ref());
        problems.patterns("allowed-service-accounts", self.allowed_service_accounts.as_ref());
        problems.quantities("max-resources.container", &self.max_container_resources);
        problems.quantities("max-resources.pod", &self.max_pod_resources);
        for (key, pattern) in &self.required_labels {
            problems.pattern(&format!("required-labels.{key}"), pattern);
        }
        problems.patterns("allowed-secret-refs", self.allowed_secret_refs.as_ref());
        problems.patterns("allowed-node-selectors", self.allowed_node_selectors.as_ref());
        problems.patterns("allowed-tolerations", self.allowed_tolerations.as_ref());
        problems.0
    }
}

struct Problems(Vec<SettingsProblem>);

impl Problems {
    fn add(&mut self, key: &str, message: String, hint: &str) {
        self.0.push(SettingsProblem::new("E-42", format!("pod-policy.{key}"), message, hint));
    }

    fn patterns(&mut self, key: &str, patterns: Option<&Vec<String>>) {
        for (index, pattern) in patterns.into_iter().flatten().enumerate() {
            self.pattern(&format!("{key}[{index}]"), pattern);
        }
    }

    fn pattern(&mut self, key: &str, pattern: &str) {
        if pattern.is_empty() {
            let hint = "write `*` for anything without `/`, `**` for anything";
            self.add(key, "`` is an empty pattern".to_owned(), hint);
        }
    }

    fn prefixes(&mut self, prefixes: Option<&Vec<String>>) {
        for (index, prefix) in prefixes.into_iter().flatten().enumerate() {
            let key = format!("allow-host-path[{index}]");
            if !prefix.starts_with('/') {
                self.add(&key, format!("{} is not absolute", quoted(prefix)), "write the path from `/` on");
            } else if prefix.split('/').any(|component| component == "..") {
                self.add(&key, format!("{} holds `..`", quoted(prefix)), "write the path that it leads to");
            }
        }
    }

    fn quantities(&mut self, key: &str, maxima: &BTreeMap<String, String>) {
        for (name, text) in maxima {
            let key = format!("{key}.{name}");
            match parse_nanos(text) {
                Some(amount) if amount >= 0 => {}
                Some(_) => {
                    let message = format!("{} is negative and would allow nothing", quoted(text));
                    self.add(&key, message, "write 0");
                }
                None => {
                    let message = format!("{} is not a Kubernetes quantity", quoted(text));
                    self.add(&key, message, QUANTITY_HINT);
                }
            }
        }
    }
}
