//! Tags and queue (controller-config 6).

use std::collections::BTreeMap;

use crate::problem::{Problem, Source, Warning};
use crate::reader::Reader;

/// Words that mean the cluster's default queue.
const DEFAULT_QUEUE: [&str; 5] = ["", "~", "-", "_default", "__default__"];

/// What a controller serves.
pub(crate) struct Served {
    /// The queue to poll; empty for the default queue.
    pub(crate) queue: String,
    /// Tags by key; with a named queue `queue` is among them.
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether a setting or a tag says which queue it is.
    pub(crate) is_told: bool,
}

/// Whether a word means the cluster's default queue.
pub(crate) fn is_default_queue(word: &str) -> bool {
    DEFAULT_QUEUE.contains(&word)
}

/// Whether no queue can have this key.
pub(crate) fn is_no_queue(word: &str) -> bool {
    word.contains([',', ' ', '\t', '\n'])
}

/// Reads `queue` and `tags`.
pub(crate) fn read(reader: &mut Reader<'_>) -> Served {
    let list = reader.list("tags").unwrap_or_default();
    let source = reader.source("tags");
    let mut tags = by_key(reader, &list, "tags", &source);
    let tagged = tags.remove("queue");
    let queue = reader.text("queue").filter(|queue| !queue.is_empty());
    let is_told = queue.is_some() || tagged.is_some();
    let tagged = tagged.unwrap_or_default();
    if let Some(queue) = &queue {
        if is_no_queue(queue) {
            reader.out_of_range("queue", format!("`{queue}` holds a blank or a comma, which no queue has"));
        } else if !tagged.is_empty() && *queue != tagged {
            reader.warn("queue", format!("`{queue}` wins over the tag queue={tagged}; remove one of them"));
        }
    }
    let queue = queue.unwrap_or(tagged);
    if is_default_queue(&queue) {
        return Served { queue: String::new(), tags, is_told };
    }
    tags.insert("queue".to_owned(), queue.clone());
    Served { queue, tags, is_told }
}

/// Tags of the list at `root` by their keys.
pub(crate) fn by_key(
    reader: &mut Reader<'_>,
    list: &[String],
    root: &str,
    source: &Source,
) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::<String, String>::new();
    for (index, tag) in list.iter().enumerate() {
        let path = format!("{root}[{index}]");
        let source = source.clone();
        let (key, value) = match tag.split_once('=') {
            Some((key, value)) if !key.is_empty() => (key, value),
            _ => {
                let reason = format!("`{tag}` is not of the form key=value");
                reader.range_problems.push(Problem::new(path, reason, source));
                continue;
            }
        };
        let earlier = tags.insert(key.to_owned(), value.to_owned());
        match earlier {
            Some(earlier) if key == "queue" && earlier != value => {
                let reason = format!("names a second queue, `{value}` besides `{earlier}`");
                let problem = Problem::new(path, reason, source);
                reader.range_problems.push(problem.hint("to serve several queues use `queues`"));
            }
            Some(_) => {
                let message = format!("`{key}` is given twice; the last value counts");
                reader.warnings.push(Warning::new(root, message, source));
            }
            None => {}
        }
    }
    tags
}
