//! Nodes with other content at the same place: what a reader leaves behind that changes text before it looks at it.

use std::sync::Arc;

use crate::load::measure;
use crate::node::{Content, Entry, Inner, Mapping, Node};
use crate::scalar::Resolved;

impl Node {
    /// This node as a text.
    #[must_use]
    pub fn with_text(&self, text: impl Into<String>) -> Self {
        self.with(Content::Scalar { resolved: Resolved::Text, written: text.into() })
    }

    /// This node as a list.
    #[must_use]
    pub fn with_items(&self, items: Vec<Self>) -> Self {
        self.with(Content::Sequence(items))
    }

    /// This node as a mapping. Of entries with equal keys the last one counts, in the place of the first.
    #[must_use]
    pub fn with_entries(&self, entries: impl IntoIterator<Item = Entry>) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.key.text.clone(), entry));
        self.with(Content::Mapping(Mapping { entries: entries.collect(), duplicates: Vec::new() }))
    }

    fn with(&self, content: Content) -> Self {
        let (weight, depth) = match &content {
            Content::Scalar { .. } => (1, 0),
            Content::Sequence(items) => measure(items.iter()),
            Content::Mapping(mapping) => measure(mapping.iter().map(|entry| &entry.value)),
        };
        let Inner { span, style, ref tag, .. } = *self.inner;
        let inner = Inner { content, span, style, tag: tag.clone(), weight, depth };
        Self { inner: Arc::new(inner), alias: self.alias }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, Entry, Key, parse};

    #[test]
    fn places_stay() {
        let documents = parse("a.yml", "a: &b [c, d]\ne: *b\n", Dialect::Pipeline).unwrap();
        let root = documents[0].root();
        let list = root.get("e").unwrap();
        let items: Vec<_> = list.as_sequence().unwrap().iter().map(|item| item.with_text("3")).collect();
        let list = list.with_items(items);
        assert_eq!((list.site().to_string(), list.span().to_string()), ("2:4".into(), "1:7".into()));
        assert_eq!(list.as_sequence().unwrap()[1].site().to_string(), "1:11");
        let entry = |name: &str| {
            let entry = root.as_mapping().unwrap().entry(name).unwrap();
            let key = Key { text: "k".to_owned(), ..entry.key.clone() };
            Entry { key, value: list.clone(), merged: false }
        };
        let mapping = root.with_entries(["a", "e"].map(entry));
        assert_eq!(mapping.to_json().to_string(), r#"{"k":["3","3"]}"#);
        assert_eq!(mapping.as_mapping().unwrap().entry("k").unwrap().key.span.line, 2);
    }
}
