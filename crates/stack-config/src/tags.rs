//! Tags and queue (controller-config 6).

use std::collections::BTreeMap;

use crate::problem::Problem;
use crate::reader::Reader;

/// Words that mean the cluster's default queue.
const DEFAULT_QUEUE: [&str; 5] = ["", "~", "-", "_default", "__default__"];

/// The queue to poll (empty for the default queue) and the tags by key.
pub(crate) fn read(reader: &mut Reader<'_>) -> (String, BTreeMap<String, String>) {
    let list = reader.list("tags").unwrap_or_default();
    let mut tags = by_key(reader, &list);
    let tagged = tags.remove("queue").unwrap_or_default();
    let queue = reader.text("queue").filter(|queue| !queue.is_empty());
    if let Some(queue) = &queue {
        if queue.contains([',', ' ', '\t', '\n']) {
            reader.out_of_range("queue", format!("`{queue}` holds a blank or a comma, which no queue has"));
        } else if !tagged.is_empty() && *queue != tagged {
            reader.warn("queue", format!("`{queue}` wins over the tag queue={tagged}; remove one of them"));
        }
    }
    let queue = queue.unwrap_or(tagged);
    if DEFAULT_QUEUE.contains(&queue.as_str()) {
        return (String::new(), tags);
    }
    tags.insert("queue".to_owned(), queue.clone());
    (queue, tags)
}

fn by_key(reader: &mut Reader<'_>, list: &[String]) -> BTreeMap<String, String> {
    let mut tags = BTreeMap::<String, String>::new();
    for (index, tag) in list.iter().enumerate() {
        let path = format!("tags[{index}]");
        let source = reader.source("tags");
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
            Some(_) => reader.warn("tags", format!("`{key}` is given twice; the last value counts")),
            None => {}
        }
    }
    tags
}
