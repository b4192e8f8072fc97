//! Which places of a pod violate the policy (job-manifest R-194).

use std::collections::BTreeMap;

use shared_json::{Text, Value};

use super::resources::{Part, Use, exceeds, used_by};
use super::walk::Place;
use crate::object::{Object, as_object, text};
use crate::settings::PodPolicy;
use crate::text::image::{ImageReference, completed};
use crate::text::pattern;
use crate::text::quantity::{format_nanos, parse_nanos};

/// Keys of the policy, in the order of R-194.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    AllowedImages,
    DeniedImages,
    AllowPrivileged,
    AllowHostNamespaces,
    AllowHostPath,
    AllowedServiceAccounts,
    MaxContainerResources,
    MaxPodResources,
    RequiredLabels,
    AllowedSecretRefs,
    AllowedNodeSelectors,
    AllowedTolerations,
}

impl Rule {
    /// The key as it is written inside `pod-policy`.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::AllowedImages => "allowed-images",
            Self::DeniedImages => "denied-images",
            Self::AllowPrivileged => "allow-privileged",
            Self::AllowHostNamespaces => "allow-host-namespaces",
            Self::AllowHostPath => "allow-host-path",
            Self::AllowedServiceAccounts => "allowed-service-accounts",
            Self::MaxContainerResources => "max-resources.container",
            Self::MaxPodResources => "max-resources.pod",
            Self::RequiredLabels => "required-labels",
            Self::AllowedSecretRefs => "allowed-secret-refs",
            Self::AllowedNodeSelectors => "allowed-node-selectors",
            Self::AllowedTolerations => "allowed-tolerations",
        }
    }
}

/// One place that the policy forbids.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) rule: Rule,
    /// The value and what is wrong with it.
    pub(super) what: String,
    /// Where it stands.
    pub(super) path: String,
}

/// Holds places against a policy and keeps what violates it, in the order in which it was shown.
pub(super) struct Judge<'a> {
    policy: &'a PodPolicy,
    /// `config.image`, which is exempt.
    own_image: &'a str,
    /// The reference to the job's credential, which is exempt.
    own_token: Option<&'a Value>,
    violations: Vec<Violation>,
}

/// Whether this text field of this type is the name of a Secret.
pub(super) fn names_a_secret(schema: &str, field: &str) -> bool {
    matches!(
        (schema, field),
        // Within a pod spec this reference leads to Secrets only: `imagePullSecrets`, `secretRef` of volumes.
        ("LocalObjectReference" | "SecretEnvSource" | "SecretKeySelector" | "SecretProjection", "name")
            | ("SecretVolumeSource" | "AzureFileVolumeSource", "secretName")
    )
}

impl<'a> Judge<'a> {
    pub(super) fn new(policy: &'a PodPolicy, own_image: &'a str, own_token: Option<&'a Value>) -> Self {
        Self { policy, own_image, own_token, violations: Vec::new() }
    }

    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }

    /// Judges a field of a pod spec, or of an object inside one.
    pub(super) fn place(&mut self, place: Place<'_, '_>) {
        let Place { schema, field, value, path } = place;
        let word = value.as_str().unwrap_or_default();
        match (schema, field) {
            ("Container" | "EphemeralContainer", "image") | ("ImageVolumeSource", "reference") => {
                self.image(word, path);
            }
            ("SecurityContext", "privileged") | ("WindowsSecurityContextOptions", "hostProcess") => {
                self.switch(Rule::AllowPrivileged, self.policy.allow_privileged, value, path);
            }
            ("PodSpec", "hostIPC" | "hostNetwork" | "hostPID") => {
                self.switch(Rule::AllowHostNamespaces, self.policy.allow_host_namespaces, value, path);
            }
            ("Volume", "hostPath") => self.host_path(value["path"].as_str().unwrap_or_default(), path),
            ("Container" | "EphemeralContainer", "resources") => self.container_resources(value, path),
            ("CSIVolumeSource", "volumeAttributes") => self.secrets_of_driver(as_object(value), path),
            ("PodSpec", "nodeName") if !word.is_empty() && self.policy.allowed_node_selectors.is_some() => {
                self.add(Rule::AllowedNodeSelectors, format!("{} names a node itself", shown(word)), path);
            }
            ("PodSpec", "nodeSelector") => {
                self.node_selector(as_object(value).keys().map(Text::as_str), path)
            }
            ("NodeSelectorRequirement", "key") => self.node_key(word, path),
            ("PodSpec", "tolerations") => self.tolerations(value, path),
            _ if names_a_secret(schema, field) => {
                let own = self.own_token.is_some_and(|token| std::ptr::eq(token, value));
                if !own {
                    self.secret(word, path);
                }
            }
            _ => {}
        }
    }

    /// Judges what concerns a pod as a whole.
    pub(super) fn pod(&mut self, pod: &Object) {
        let (key, account) = account(pod).unwrap_or(("serviceAccountName", "default"));
        self.account(account, key);
        let policy = self.policy;
        for part in [Part::Limits, Part::Requests] {
            for (name, most) in &policy.max_pod_resources {
                let Use { amount, path } = used_by(pod, part, name);
                if exceeds(Some(amount), most) {
                    let what = format!(
                        "{} of {name} are {} together, more than `{most}`",
                        part.key(),
                        shown(&format_nanos(amount))
                    );
                    self.add(Rule::MaxPodResources, what, &path);
                }
            }
        }
    }

    /// Judges what a part of a pod spec says of the pod as a whole, and leaves out what it does not say.
    pub(super) fn given_pod(&mut self, part: &Object, path: &str) {
        if let Some((key, account)) = account(part) {
            self.account(account, &format!("{path}.{key}"));
        }
        if let Some(resources) = part.get("resources") {
            self.pod_resources(resources, &format!("{path}.resources"));
        }
    }

    fn account(&mut self, account: &str, path: &str) {
        let allowed = self.policy.allowed_service_accounts.as_ref();
        self.listed(Rule::AllowedServiceAccounts, allowed, account, path);
    }

    /// Judges the labels of a Job.
    pub(super) fn labels(&mut self, labels: &Object) {
        for (key, pattern) in &self.policy.required_labels {
            match labels.get(key).and_then(Value::as_str) {
                Some(value) => self.label(key, value, pattern, "metadata.labels"),
                None => {
                    let what = format!("the label is missing, and its value must match `{pattern}`");
                    self.add(Rule::RequiredLabels, what, &format!("metadata.labels.{key}"));
                }
            }
        }
    }

    /// Judges the labels that are there and leaves out those that are not.
    pub(super) fn given_labels(&mut self, labels: &BTreeMap<String, String>, path: &str) {
        for (key, pattern) in &self.policy.required_labels {
            if let Some(value) = labels.get(key) {
                self.label(key, value, pattern, path);
            }
        }
    }

    fn label(&mut self, key: &str, value: &str, pattern: &str, path: &str) {
        if !pattern::matches(pattern, value) {
            let what = format!("{} does not match `{pattern}`", shown(value));
            self.add(Rule::RequiredLabels, what, &format!("{path}.{key}"));
        }
    }

    fn image(&mut self, image: &str, path: &str) {
        if image == self.own_image {
            return;
        }
        let policy = self.policy;
        if let Err(reason) = ImageReference::parse(image) {
            // Only of an image volume, and nothing that could be pulled. It may hold a password: it is not told.
            if policy.allowed_images.is_some() {
                let what = format!("an image that cannot be told ({reason}) {NO_PATTERN}");
                self.add(Rule::AllowedImages, what, path);
            }
            return;
        }
        let full = completed(image);
        let name = if full == image { shown(image) } else { format!("{} ({full})", shown(image)) };
        let matches = |pattern: &&String| pattern::matches(pattern, &full);
        if policy.allowed_images.as_ref().is_some_and(|allowed| !allowed.iter().any(|one| matches(&one))) {
            self.add(Rule::AllowedImages, format!("{name} {NO_PATTERN}"), path);
        }
        if let Some(pattern) = policy.denied_images.iter().flatten().find(matches) {
            self.add(Rule::DeniedImages, format!("{name} matches `{pattern}`"), path);
        }
    }

    fn switch(&mut self, rule: Rule, allowed: Option<bool>, value: &Value, path: &str) {
        if allowed == Some(false) && value == &Value::Bool(true) {
            self.add(rule, "`true` is not allowed".to_owned(), path);
        }
    }

    fn host_path(&mut self, host_path: &str, path: &str) {
        let Some(prefixes) = &self.policy.allow_host_path else { return };
        // Nodes with Windows separate by `\` too.
        let steps_back = host_path.split(['/', '\\']).any(|component| component == "..");
        let is_below = |prefix: &String| {
            let mut components = components(host_path);
            host_path.starts_with('/') && self::components(prefix).all(|one| components.next() == Some(one))
        };
        if steps_back {
            let what = format!("{} holds `..`", shown(host_path));
            self.add(Rule::AllowHostPath, what, &format!("{path}.path"));
        } else if !prefixes.iter().any(is_below) {
            let what = format!("{} is at or below none of the paths listed there", shown(host_path));
            self.add(Rule::AllowHostPath, what, &format!("{path}.path"));
        }
    }

    /// Judges requests and limits of a container.
    pub(super) fn container_resources(&mut self, resources: &Value, path: &str) {
        let most = &self.policy.max_container_resources;
        self.resources(Rule::MaxContainerResources, most, resources, path);
    }

    /// Judges requests and limits that a pod has as a whole.
    pub(super) fn pod_resources(&mut self, resources: &Value, path: &str) {
        self.resources(Rule::MaxPodResources, &self.policy.max_pod_resources, resources, path);
    }

    fn resources(&mut self, rule: Rule, most: &BTreeMap<String, String>, resources: &Value, path: &str) {
        for part in [Part::Limits, Part::Requests] {
            for name in most.keys() {
                if let Some(amount) = part.amount(resources, name) {
                    let path = format!("{path}.{}.{name}", part.key());
                    self.amount(rule, most, name, amount, &path);
                }
            }
        }
    }

    /// Judges one request or limit of a container.
    pub(super) fn container_amount(&mut self, name: &str, amount: &str, path: &str) {
        let most = &self.policy.max_container_resources;
        self.amount(Rule::MaxContainerResources, most, name, amount, path);
    }

    fn amount(&mut self, rule: Rule, most: &BTreeMap<String, String>, name: &str, amount: &str, path: &str) {
        if let Some(most) = most.get(name).filter(|most| exceeds(parse_nanos(amount), most)) {
            self.add(rule, format!("{} of {name} is more than `{most}`", shown(amount)), path);
        }
    }

    fn secret(&mut self, name: &str, path: &str) {
        // Without a name no Secret is named.
        if !name.is_empty() {
            let allowed = self.policy.allowed_secret_refs.as_ref();
            self.listed(Rule::AllowedSecretRefs, allowed, name, path);
        }
    }

    /// Drivers that read Secrets of the pod's namespace take the name as an attribute of the volume.
    fn secrets_of_driver(&mut self, attributes: &Object, path: &str) {
        for key in sorted(attributes.keys().map(Text::as_str))
            .filter(|key| key.to_ascii_lowercase().ends_with("secretname"))
        {
            self.secret(text(attributes, key), &format!("{path}.{key}"));
        }
    }

    /// Judges the keys of a node selector.
    pub(super) fn node_selector<'k>(&mut self, keys: impl Iterator<Item = &'k str>, path: &str) {
        for key in sorted(keys) {
            self.node_key(key, path);
        }
    }

    fn node_key(&mut self, key: &str, path: &str) {
        let allowed = self.policy.allowed_node_selectors.as_ref();
        self.listed(Rule::AllowedNodeSelectors, allowed, key, path);
    }

    fn tolerations(&mut self, tolerations: &Value, path: &str) {
        for (index, toleration) in tolerations.as_array().into_iter().flatten().enumerate() {
            let key = toleration["key"].as_str().unwrap_or_default();
            let allowed = self.policy.allowed_tolerations.as_ref();
            self.listed(Rule::AllowedTolerations, allowed, key, &format!("{path}[{index}].key"));
        }
    }

    /// A list that is given must have a pattern for the value.
    fn listed(&mut self, rule: Rule, allowed: Option<&Vec<String>>, value: &str, path: &str) {
        if allowed.is_some_and(|allowed| !allowed.iter().any(|one| pattern::matches(one, value))) {
            self.add(rule, format!("{} {NO_PATTERN}", shown(value)), path);
        }
    }

    fn add(&mut self, rule: Rule, what: String, path: &str) {
        self.violations.push(Violation { rule, what, path: one_line(path) });
    }
}

/// The service account that a pod spec names, and the key that names it.
fn account(pod: &Object) -> Option<(&'static str, &str)> {
    let named = ["serviceAccountName", "serviceAccount"].map(|key| (key, text(pod, key)));
    named.into_iter().find(|(_, account)| !account.is_empty())
}

const NO_PATTERN: &str = "matches no pattern";

/// A path's components; `//` and `/./` lead nowhere else than `/`.
fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|component| !matches!(*component, "" | "."))
}

/// Keys in the order of the manifest.
fn sorted<'k>(keys: impl Iterator<Item = &'k str>) -> impl Iterator<Item = &'k str> {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys.into_iter()
}

/// A value as it is told.
fn shown(value: &str) -> String {
    format!("`{}`", one_line(&redaction::redact(value)))
}

/// Whatever a value or a name in a path holds, it cannot look like another line of the report.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
