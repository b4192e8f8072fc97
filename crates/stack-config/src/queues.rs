//! `queues`: several queues for one process (controller-config 6.1).

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use yaml_source::Node;

use crate::file::join;
use crate::problem::{Problem, Source};
use crate::reader::Reader;
use crate::settings::Queue;
use crate::tags;
use crate::value::Misfit;

const ROOT: &str = "queues";
const KEYS: [&str; 3] = ["name", "max-in-flight", "tags"];

/// The queues, in the order of the file; `shared` are the tags of those that have none of their own. `alone` says
/// that `queue` or a `queue` tag names the one queue to serve.
pub(crate) fn read(reader: &mut Reader<'_>, shared: &BTreeMap<String, String>, alone: bool) -> Vec<Queue> {
    let Some(node) = reader.file_only(ROOT) else {
        return Vec::new();
    };
    let Some(items) = node.as_sequence() else {
        let misfit = Misfit::new(format!("expected a list, found {}", node.type_name()));
        let place = reader.file.place(node.site());
        reader.misfit(ROOT, misfit.hint("write each queue as `- name: …`"), place);
        return Vec::new();
    };
    if items.is_empty() {
        let hint = "name the queues, or remove it to serve the one that `queue` names";
        refuse(reader, ROOT, node, "is an empty list", hint);
    }
    if alone {
        let reason = "is given beside `queue` or a `queue` tag";
        refuse(reader, ROOT, node, reason, "keep one of them");
    }
    let mut queues: Vec<Queue> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{ROOT}[{index}]");
        let Some(queue) = entry(reader, item, &path, shared) else { continue };
        if queues.iter().any(|earlier| earlier.name == queue.name) {
            let reason = match queue.name.as_str() {
                "" => "is the cluster's default queue once more".to_owned(),
                name => format!("is the queue `{name}` once more"),
            };
            refuse(reader, &path, item, reason, "name each queue once");
        }
        queues.push(queue);
    }
    queues
}

/// One queue; none without a name that a queue can have, which is a problem then.
fn entry<'a>(
    reader: &mut Reader<'a>,
    node: &'a Node,
    path: &str,
    shared: &BTreeMap<String, String>,
) -> Option<Queue> {
    if node.as_mapping().is_none() {
        let misfit = Misfit::new(format!("expected a mapping, found {}", node.type_name()));
        let place = reader.file.place(node.site());
        reader.misfit(path, misfit.hint("write the queue as `- name: …`"), place);
        return None;
    }
    let (mut called, mut max_in_flight, mut tags) = (None, None, shared.clone());
    for (key, node) in reader.members(node, path, &KEYS) {
        let path = join(path, key);
        match key {
            "name" => called = Some(name(reader, node, &path)),
            "max-in-flight" => max_in_flight = cap(reader, node, &path),
            "tags" => tags = own_tags(reader, node, &path),
            other => unreachable!("`{other}` is listed as known but not read"),
        }
    }
    if called.is_none() {
        refuse(reader, path, node, "has no `name`", "write the key of the queue");
    }
    Some(Queue { name: called??, max_in_flight, tags })
}

fn name(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<String> {
    let name = reader.text_field(node, path)?;
    if tags::is_no_queue(&name) {
        let reason = format!("`{name}` holds a blank or a comma, which no queue has");
        refuse(reader, path, node, reason, "write the key of the queue");
        return None;
    }
    Some(if tags::is_default_queue(&name) { String::new() } else { name })
}

fn cap(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<NonZeroUsize> {
    let number = reader.int_field(node, path)?;
    if number < 0 {
        refuse(reader, path, node, format!("is {number}, but must be at least 0"), "0 is no limit");
    }
    usize::try_from(number).ok().and_then(NonZeroUsize::new)
}

fn own_tags(reader: &mut Reader<'_>, node: &Node, path: &str) -> BTreeMap<String, String> {
    let source = reader.file.place(node.site());
    let list = reader.list_node(node, path, source.clone()).unwrap_or_default();
    let mut tags = tags::by_key(reader, &list, path, &source);
    if tags.remove("queue").is_some() {
        refuse(reader, path, node, "holds a `queue` tag", "the queue is what `name` says");
    }
    tags
}

fn refuse(reader: &mut Reader<'_>, path: &str, node: &Node, reason: impl Into<String>, hint: &str) {
    let source: Source = reader.file.place(node.site());
    reader.range_problems.push(Problem::new(path, reason, source).hint(hint));
}
