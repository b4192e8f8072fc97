//! Which texts of a pipeline are replaced, and in what order (pipeline-format 4, 4.2).

use yaml_source::{Entry, Key, Node};

use super::{Interpolated, Variables, interpolate};
use crate::pipeline::PipelineError;

/// The variables of one upload, as far as it got, and what it could not replace.
pub(crate) struct Interpolation {
    variables: Variables,
    /// Names that stayed as they were written, since this was last taken; each once.
    unknown: Vec<String>,
}

impl Interpolation {
    pub(crate) fn new(variables: Variables) -> Self {
        Self { variables, unknown: Vec::new() }
    }

    /// The names that stayed as they were written since the last call.
    pub(crate) fn take_unknown(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unknown)
    }

    /// The pipeline's own `env`: top to bottom, each with those before it, which replace variables of the upload.
    pub(crate) fn env(&mut self, node: &Node) -> Result<Node, PipelineError> {
        let Some(mapping) = node.as_mapping() else { return self.value(node) };
        let mut entries = Vec::with_capacity(mapping.len());
        for entry in mapping.iter() {
            let entry = self.entry(entry)?;
            if let Some(text) = entry.value.to_text() {
                self.variables.set(entry.key.text.clone(), text);
            }
            entries.push(entry);
        }
        Ok(node.with_entries(entries))
    }

    /// An attribute of a step. The agent passes over some of what belongs to it.
    pub(crate) fn attribute(&mut self, entry: &Entry) -> Result<Entry, PipelineError> {
        match entry.key.text.as_str() {
            "signature" => Ok(entry.clone()),
            "matrix" => Ok(Entry { value: self.matrix(&entry.value)?, ..entry.clone() }),
            _ => self.entry(entry),
        }
    }

    fn matrix(&mut self, matrix: &Node) -> Result<Node, PipelineError> {
        self.except(matrix, |this, name, value| match name {
            "adjustments" if value.as_sequence().is_some() => {
                let adjustments = value.as_sequence().unwrap_or_default();
                let adjustments = adjustments.iter().map(|adjustment| {
                    this.except(adjustment, |this, name, value| match name {
                        "skip" => Ok(value.clone()),
                        _ => this.value(value),
                    })
                });
                Ok(value.with_items(adjustments.collect::<Result<_, _>>()?))
            }
            _ => this.value(value),
        })
    }

    /// A mapping whose values are each given to `value`; anything else as [`Self::value`].
    fn except(
        &mut self,
        node: &Node,
        mut value: impl FnMut(&mut Self, &str, &Node) -> Result<Node, PipelineError>,
    ) -> Result<Node, PipelineError> {
        let Some(mapping) = node.as_mapping() else { return self.value(node) };
        let mut entries = Vec::with_capacity(mapping.len());
        for entry in mapping.iter() {
            let key = self.key(&entry.key)?;
            entries.push(Entry {
                key,
                value: value(self, &entry.key.text, &entry.value)?,
                merged: entry.merged,
            });
        }
        Ok(node.with_entries(entries))
    }

    /// Key and value.
    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<Entry, PipelineError> {
        Ok(Entry { key: self.key(&entry.key)?, value: self.value(&entry.value)?, merged: entry.merged })
    }

    fn key(&mut self, key: &Key) -> Result<Key, PipelineError> {
        let text = self.text(&key.text).map_err(|message| PipelineError::new(key.span, message))?;
        Ok(Key { text: text.unwrap_or_else(|| key.text.clone()), ..key.clone() })
    }

    /// Every text in a value, keys included.
    pub(crate) fn value(&mut self, node: &Node) -> Result<Node, PipelineError> {
        if let Some(text) = node.as_str() {
            let text = self.text(text).map_err(|message| PipelineError::new(node.site(), message))?;
            return Ok(text.map_or_else(|| node.clone(), |text| node.with_text(text)));
        }
        if let Some(items) = node.as_sequence() {
            let items = items.iter().map(|item| self.value(item));
            return Ok(node.with_items(items.collect::<Result<_, _>>()?));
        }
        if let Some(mapping) = node.as_mapping() {
            let entries = mapping.iter().map(|entry| self.entry(entry));
            return Ok(node.with_entries(entries.collect::<Result<Vec<_>, _>>()?));
        }
        Ok(node.clone())
    }

    /// The text, if there was something to replace.
    fn text(&mut self, text: &str) -> Result<Option<String>, String> {
        if !text.contains('$') {
            return Ok(None);
        }
        let Interpolated { text, unknown } =
            interpolate(text, &self.variables).map_err(|error| error.to_string())?;
        for name in unknown {
            if !self.unknown.contains(&name) {
                self.unknown.push(name);
            }
        }
        Ok(Some(text))
    }
}
