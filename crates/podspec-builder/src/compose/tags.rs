//! Agent tags: from the job's query rules to the agent's text and to labels (job-manifest 5.7, 8.1).

use shared_json::Text;

use crate::error::{Warning, quoted};
use crate::text::label;

/// The tags of one job, in byte order of their keys.
pub(crate) struct AgentTags<'a>(Vec<Tag<'a>>);

#[derive(Clone, Copy)]
struct Tag<'a> {
    key: &'a str,
    value: &'a str,
    /// Which rule names the key first.
    rule: usize,
    /// Which rule gives it its value.
    says: usize,
}

/// Prefix of labels made from tags.
pub(crate) const TAG_LABEL_PREFIX: &str = "tag.buildkite.com/";

/// The tag that the controller adds.
const VERSION_TAG: &str = "k8s:agent-stack-version";

impl<'a> AgentTags<'a> {
    /// Splits each rule at its first `=`.
    pub(crate) fn parse(rules: &'a [String], warnings: &mut Vec<Warning>) -> Self {
        let mut tags: Vec<Tag<'a>> = Vec::with_capacity(rules.len());
        for (rule, text) in rules.iter().enumerate() {
            let Some((key, value)) = text.split_once('=') else {
                let message = format!("{} has no `=` and is ignored; write `key=value`", quoted(text));
                warnings.push(Warning::new("W-4", message).at(place_of(rule)));
                continue;
            };
            match tags.binary_search_by(|tag| tag.key.cmp(key)) {
                Ok(known) => tags[known] = Tag { value, says: rule, ..tags[known] },
                Err(place) => tags.insert(place, Tag { key, value, rule, says: rule }),
            }
        }
        Self(tags)
    }

    /// Value of a tag; a tag without value has the empty text.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|tag| tag.key == key).map(|tag| tag.value)
    }

    /// Where the job gives a tag its value.
    pub(crate) fn place(&self, key: &str) -> String {
        self.0.iter().find(|tag| tag.key == key).map(|tag| place_of(tag.says)).unwrap_or_default()
    }

    /// What the agent shows: `key=value` entries in byte order of their keys.
    pub(crate) fn agent_text(&self, controller_version: &str) -> Text {
        let version = (VERSION_TAG, controller_version);
        let version = self.get(VERSION_TAG).is_none().then_some(version);
        let (before, after) = self.0.split_at(self.0.partition_point(|tag| tag.key < VERSION_TAG));
        let pair = |tag: &Tag<'a>| (tag.key, tag.value);
        let entries = || before.iter().map(pair).chain(version).chain(after.iter().map(pair));
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
        let mut misfits: Vec<_> =
            self.0.iter().filter_map(|tag| Some((tag.rule, tag.misfit()?, tag))).collect();
        misfits.sort_unstable_by_key(|(rule, ..)| *rule);
        for (_, part, Tag { key, value, says, .. }) in misfits {
            let tag = quoted(&format!("{key}={value}"));
            let message =
                format!("agent tag {tag} gets no label: its {part} cannot stand in one; {LABEL_HINT}");
            warnings.push(Warning::new("W-5", message).at(place_of(*says)));
        }
        let fitting = self.0.iter().filter(|tag| tag.misfit().is_none());
        fitting.map(|tag| (Text::concat(&[TAG_LABEL_PREFIX, tag.key]), Text::copied(tag.value)))
    }
}

const LABEL_HINT: &str = "labels take up to 63 letters, digits, `-`, `_` and `.`";

/// Where a rule stands in the job.
fn place_of(rule: usize) -> String {
    format!("agent_query_rules[{rule}]")
}

impl Tag<'_> {
    /// The part that cannot stand in a label.
    fn misfit(&self) -> Option<&'static str> {
        match (label::is_valid_key(self.key), label::is_valid_value(self.value)) {
            (true, true) => None,
            (false, _) => Some("key"),
            (true, false) => Some("value"),
        }
    }
}
