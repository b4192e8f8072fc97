//! Agent tags: from the job's query rules to the agent's text and to labels (job-manifest 5.7, 8.1).

use std::collections::BTreeMap;

use crate::error::Warning;
use crate::text::label;

/// The tags of one job, in the order in which their keys first appear in the rules.
pub(crate) struct AgentTags(Vec<(String, String)>);

/// Prefix of labels made from tags.
pub(crate) const TAG_LABEL_PREFIX: &str = "tag.buildkite.com/";

impl AgentTags {
    /// Splits each rule at its first `=`.
    pub(crate) fn parse(rules: &[String], warnings: &mut Vec<Warning>) -> Self {
        let mut tags: Vec<(String, String)> = Vec::new();
        for rule in rules {
            let Some((key, value)) = rule.split_once('=') else {
                warnings.push(Warning::new(
                    "W-4",
                    format!("agent query rule `{rule}` has no `=` and is ignored"),
                ));
                continue;
            };
            match tags.iter_mut().find(|(known, _)| known == key) {
                Some((_, known_value)) => value.clone_into(known_value),
                None => tags.push((key.to_owned(), value.to_owned())),
            }
        }
        Self(tags)
    }

    /// Value of a tag; a tag without value has the empty text.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// What the agent shows: `key=value` entries in byte order of their keys.
    pub(crate) fn agent_text(&self, controller_version: &str) -> String {
        let mut map = BTreeMap::from([("k8s:agent-stack-version", controller_version)]);
        map.extend(self.0.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let entries: Vec<String> = map.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        entries.join(",")
    }

    /// Labels of the tags that can be labels.
    pub(crate) fn labels(&self, warnings: &mut Vec<Warning>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        for (key, value) in &self.0 {
            let part = match (label::is_valid_key(key), label::is_valid_value(value)) {
                (true, true) => {
                    labels.insert(format!("{TAG_LABEL_PREFIX}{key}"), value.clone());
                    continue;
                }
                (false, _) => "key",
                (true, false) => "value",
            };
            let message = format!("agent tag `{key}={value}` gets no label: its {part} cannot stand in one");
            warnings.push(Warning::new("W-5", message));
        }
        labels
    }
}
