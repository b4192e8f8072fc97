//! A job as the Stacks API answers it, from a file.

use std::collections::BTreeMap;

use podspec_builder::{JobRequest, JobUuid};
use yaml_source::{Dialect, Node};

use super::source::{Source, Unreadable};

/// Reads `id`, `command`, `env` (of the job) and `agent_query_rules`, `priority` (of its list entry).
///
/// Other members are left alone: the whole answer of the API may be given.
pub(super) fn read(source: &Source) -> Result<JobRequest, Unreadable> {
    let document = source.document(Dialect::Config)?;
    let root = document.root();
    if root.as_mapping().is_none() {
        return Err(source.refuse(root, "a job is a mapping with `id`, `command` and `env`"));
    }
    let id = root.get("id").ok_or_else(|| source.refuse(root, "the job has no `id`"))?;
    let uuid = text(source, "id", id)?;
    let uuid = JobUuid::new(uuid).map_err(|error| source.refuse(id, &error.to_string()))?;
    let command = given(root, "command").map(|node| text(source, "command", node)).transpose()?;
    let mut job = JobRequest::new(uuid, command.unwrap_or_default());
    if let Some(node) = given(root, "env") {
        job.env = env(source, node)?;
    }
    if let Some(node) = given(root, "agent_query_rules") {
        let items = node.as_sequence().ok_or_else(|| wrong(source, "agent_query_rules", "a list", node))?;
        job.agent_query_rules =
            items.iter().map(|item| text(source, "agent_query_rules", item)).collect::<Result<_, _>>()?;
    }
    if let Some(node) = given(root, "priority") {
        job.priority = node.as_i64().ok_or_else(|| wrong(source, "priority", "a whole number", node))?;
    }
    Ok(job)
}

/// A member that is there and not null.
fn given<'a>(root: &'a Node, key: &str) -> Option<&'a Node> {
    root.get(key).filter(|node| !node.is_null())
}

fn env(source: &Source, node: &Node) -> Result<BTreeMap<String, String>, Unreadable> {
    let mapping = node.as_mapping().ok_or_else(|| wrong(source, "env", "a mapping of texts", node))?;
    mapping.iter().map(|entry| Ok((entry.key.text.clone(), text(source, "env", &entry.value)?))).collect()
}

fn text(source: &Source, key: &str, node: &Node) -> Result<String, Unreadable> {
    node.as_str().map(str::to_owned).ok_or_else(|| wrong(source, key, "text; write it in quotes", node))
}

fn wrong(source: &Source, key: &str, expected: &str, node: &Node) -> Unreadable {
    source.refuse(node, &format!("{key}: found {}, expected {expected}", node.type_name()))
}
