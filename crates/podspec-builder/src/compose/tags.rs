//! Agent tags: from the job's query rules to the agent's text and to labels (job-manifest 5.7, 8.1).

use shared_json::Text;

use crate::error::Warning;
use crate::text::label;

/// The tags of one job.
pub(crate) struct AgentTags<'a> {
    /// In the order in which their keys first appear in the rules.
    as_written: Vec<Tag<'a>>,
    /// In byte order of their keys.
    sorted: Vec<Tag<'a>>,
}

/// Key and value.
type Tag<'a> = (&'a str, &'a str);

/// Prefix of labels made from tags.
pub(crate) const TAG_LABEL_PREFIX: &str = "tag.buildkite.com/";

/// The tag that the controller adds.
const VERSION_TAG: &str = "k8s:agent-stack-version";

impl<'a> AgentTags<'a> {
    /// Splits each rule at its first `=`.
    pub(crate) fn parse(rules: &'a [String], warnings: &mut Vec<Warning>) -> Self {
        let mut as_written: Vec<Tag<'a>> = Vec::with_capacity(rules.len());
        for rule in rules {
            let Some((key, value)) = rule.split_once('=') else {
                warnings.push(Warning::new(
                    "W-4",
                    format!("agent query rule `{rule}` has no `=` and is ignored"),
                ));
                continue;
            };
            match as_written.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known_value)) => *known_value = value,
                None => as_written.push((key, value)),
            }
        }
        let mut sorted = as_written.clone();
        sorted.sort_unstable();
        Self { as_written, sorted }
    }

    /// Value of a tag; a tag without value has the empty text.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.as_written.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// What the agent shows: `key=value` entries in byte order of their keys.
    pub(crate) fn agent_text(&self, controller_version: &str) -> Text {
        let version = self.get(VERSION_TAG).is_none().then_some((VERSION_TAG, controller_version));
        let before = self.sorted.partition_point(|(key, _)| *key < VERSION_TAG);
        let (before, after) = self.sorted.split_at(before);
        let entries = || before.iter().chain(&version).chain(after);
        let length = entries().map(|(key, value)| key.len() + value.len() + 2).sum();
        Text::written(length, |text| {
            for (index, (key, value)) in entries().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                write!(text, "{comma}{key}={value}")?;
            }
            Ok(())
        })
    }

    /// Labels of the tags that can be labels, in byte order.
    pub(crate) fn labels<'s>(
        &'s self,
        warnings: &mut Vec<Warning>,
    ) -> impl Iterator<Item = (Text, Text)> + use<'s, 'a> {
        for (key, value) in &self.as_written {
            let part = match (label::is_valid_key(key), label::is_valid_value(value)) {
                (true, true) => continue,
                (false, _) => "key",
                (true, false) => "value",
            };
            let message = format!("agent tag `{key}={value}` gets no label: its {part} cannot stand in one");
            warnings.push(Warning::new("W-5", message));
        }
        let fitting = self
            .sorted
            .iter()
            .filter(|(key, value)| label::is_valid_key(key) && label::is_valid_value(value));
        fitting.map(|(key, value)| (Text::concat(&[TAG_LABEL_PREFIX, key]), Text::copied(value)))
    }
}
