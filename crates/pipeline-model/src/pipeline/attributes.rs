//! Attributes of command steps, and of the pipeline for all of its steps (pipeline-format 5, 7, 8).

use std::collections::BTreeMap;

use yaml_source::{Mapping, Node};

use super::{PipelineError, refused};

/// A member under the first of these names that has a value.
fn given<'a>(mapping: &'a Mapping, names: &[&str]) -> Option<&'a Node> {
    names.iter().find_map(|name| mapping.get(name).filter(|node| !node.is_null()))
}

pub(super) fn text(mapping: &Mapping, names: &[&str]) -> Result<Option<String>, PipelineError> {
    given(mapping, names).map(|node| scalar(node, names[0])).transpose()
}

pub(super) fn integer(mapping: &Mapping, name: &str) -> Result<Option<i64>, PipelineError> {
    let Some(node) = given(mapping, &[name]) else { return Ok(None) };
    // A variable that was left as it is written stands for some number (pipeline-format 4.3).
    if node.as_str().is_some_and(|text| text.contains('$')) {
        return Ok(None);
    }
    let number = node.as_i64().or_else(|| node.as_str()?.parse().ok());
    number.map(Some).ok_or_else(|| refused(node, format!("`{name}` is a whole number")))
}

/// Any scalar as the text that the agent makes of it.
pub(super) fn scalar(node: &Node, name: &str) -> Result<String, PipelineError> {
    let found = || refused(node, format!("`{name}` is text, found {}", node.type_name()));
    node.to_text().ok_or_else(found)
}

/// `commands`, which counts where both stand (pipeline-format 7), or `command`: text, or lines; a null line is an
/// empty one (pipeline-format 8.1).
pub(super) fn command(mapping: &Mapping) -> Result<String, PipelineError> {
    let Some(node) = given(mapping, &["commands", "command", "script"]) else { return Ok(String::new()) };
    let Some(lines) = node.as_sequence() else { return scalar(node, "command") };
    let line = |node: &Node| if node.is_null() { Ok(String::new()) } else { scalar(node, "command") };
    Ok(lines.iter().map(line).collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// `env`: a mapping of scalars, null being the empty text (pipeline-format 8.7).
pub(super) fn env(mapping: &Mapping) -> Result<BTreeMap<String, String>, PipelineError> {
    let Some(node) = given(mapping, &["env"]) else { return Ok(BTreeMap::new()) };
    let variables =
        node.as_mapping().ok_or_else(|| refused(node, "`env` is a mapping, such as {A: \"1\"}"))?;
    let value = |node: &Node| if node.is_null() { Ok(String::new()) } else { scalar(node, "env") };
    variables.iter().map(|entry| Ok((entry.key.text.clone(), value(&entry.value)?))).collect()
}

/// `agents` as rules `key=value`; an empty value means any (pipeline-format 8.2).
pub(super) fn agents(mapping: &Mapping) -> Result<Option<Vec<String>>, PipelineError> {
    let Some(node) = given(mapping, &["agents", "agent_query_rules"]) else { return Ok(None) };
    let rule = |tag: &str, value: &str| {
        let value = if value.trim().is_empty() { "*" } else { value.trim() };
        format!("{}={value}", tag.trim())
    };
    if let Some(tags) = node.as_mapping() {
        let rules = tags.iter().map(|entry| Ok(rule(&entry.key.text, &scalar(&entry.value, "agents")?)));
        return rules.collect::<Result<_, _>>().map(Some);
    }
    let wrong = || refused(node, "`agents` is a mapping (queue: linux) or a list (\"queue=linux\")");
    let rules = node.as_sequence().ok_or_else(wrong)?.iter().map(|item| {
        let text = scalar(item, "agents")?;
        let (tag, value) = text
            .split_once('=')
            .ok_or_else(|| refused(item, format!("agent rule `{text}` has no `=`; write queue={text}")))?;
        Ok(rule(tag, value))
    });
    rules.collect::<Result<_, _>>().map(Some)
}
