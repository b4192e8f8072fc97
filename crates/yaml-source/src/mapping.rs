//! From written pairs to a mapping: keys as text, equal keys, `<<` (pipeline-format 3.1).

use indexmap::map::Entry as Slot;

use crate::error::YamlError;
use crate::load::Loader;
use crate::node::{Duplicate, Entry, Key, Mapping, Node, Style};
use crate::number::float_key_text;
use crate::scalar::{Dialect, Scalar};

impl Loader<'_> {
    pub(crate) fn mapping(&self, pairs: Vec<(Node, Node)>) -> Result<Mapping, YamlError> {
        let mut mapping = Mapping::default();
        let mut merges = Vec::new();
        for (key, value) in pairs {
            if is_merge(&key) {
                merges.push(value);
                continue;
            }
            let key = self.key(&key)?;
            let entry = Entry { key, value, merged: false };
            match mapping.entries.entry(entry.key.text.clone()) {
                Slot::Vacant(slot) => {
                    slot.insert(entry);
                }
                Slot::Occupied(mut slot) => {
                    mapping.duplicates.push(Duplicate {
                        key: entry.key.text.clone(),
                        first: slot.get().key.span,
                        second: entry.key.span,
                    });
                    slot.insert(entry);
                }
            }
        }
        for value in merges {
            self.merge(&mut mapping, &value)?;
        }
        Ok(mapping)
    }

    /// Adds what `<<` brings in; whatever is there already stays, so own keys and earlier merges win.
    fn merge(&self, into: &mut Mapping, value: &Node) -> Result<(), YamlError> {
        let refused = |found: &Node| {
            let message =
                format!("`<<` needs an alias to a mapping (or a list of them), got {}", found.type_name());
            self.error(found.site(), message).with_hint("write `<<: *name`, with `&name` on a mapping above")
        };
        let sources = match value.as_sequence() {
            Some(items) => items,
            None => std::slice::from_ref(value),
        };
        for source in sources {
            let mapping = source.as_mapping().ok_or_else(|| refused(source))?;
            for entry in mapping.iter() {
                into.entries
                    .entry(entry.key.text.clone())
                    .or_insert_with(|| Entry { merged: true, ..entry.clone() });
            }
        }
        Ok(())
    }

    fn key(&self, node: &Node) -> Result<Key, YamlError> {
        let written = node.written().unwrap_or_default();
        let text = match node.scalar() {
            Some(Scalar::Text(text)) => text.to_owned(),
            Some(Scalar::Bool(_)) if self.dialect == Dialect::Config => written.to_owned(),
            Some(Scalar::Bool(value)) => value.to_string(),
            Some(Scalar::Int(value)) => value.to_string(),
            Some(Scalar::UInt(value)) => value.to_string(),
            Some(Scalar::Float(value)) => float_key_text(value),
            Some(Scalar::Timestamp(_)) => written.to_owned(),
            Some(Scalar::Null) | None => {
                let message =
                    format!("mapping keys must be plain scalars; this one is a {}", node.type_name());
                let hint = "write a name before the colon, in quotes if it is meant literally";
                return Err(self.error(node.site(), message).with_hint(hint));
            }
        };
        Ok(Key { converted: node.as_str().is_none(), text, written: written.to_owned(), span: node.site() })
    }
}

fn is_merge(key: &Node) -> bool {
    let tag_allows = match key.tag() {
        None => key.style() == Style::Plain,
        Some(tag) => tag == "!" || tag == "!!merge",
    };
    key.alias().is_none() && key.written() == Some("<<") && tag_allows
}
