//! The tree: documents, nodes, mappings.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::scalar::{Resolved, Scalar};
use crate::span::Span;

/// One document of a text.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) root: Node,
    pub(crate) empty: bool,
}

impl Document {
    /// The document's only top-level node.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Nothing stands between the document's markers (pipeline-format 2: a stray `---`).
    pub fn is_empty(&self) -> bool {
        self.empty
    }
}

/// How a node was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// An unquoted scalar.
    Plain,
    /// A scalar in single or double quotes.
    Quoted,
    /// A block scalar, mapping or list.
    Block,
    /// A mapping or list in brackets.
    Flow,
}

/// A value with its place in the source. Cheap to clone: aliases share what they stand for.
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) inner: Arc<Inner>,
    pub(crate) alias: Option<Span>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) content: Content,
    pub(crate) span: Span,
    pub(crate) style: Style,
    pub(crate) tag: Option<String>,
    /// Nodes in the tree below, aliases followed; bounds what an expansion costs.
    pub(crate) weight: u64,
    /// Levels of nesting, aliases followed; bounds recursion.
    pub(crate) depth: u32,
}

#[derive(Debug)]
pub(crate) enum Content {
    Scalar { resolved: Resolved, written: String },
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

impl Node {
    /// Where the value is written. For an alias this is the anchored value; see [`Self::alias`].
    pub fn span(&self) -> Span {
        self.inner.span
    }

    /// Where the alias stands through which this node is reached.
    pub fn alias(&self) -> Option<Span> {
        self.alias
    }

    /// Where the value stands in its parent: the alias if there is one, else the value itself.
    pub fn site(&self) -> Span {
        self.alias.unwrap_or(self.inner.span)
    }

    /// How the value was written.
    pub fn style(&self) -> Style {
        self.inner.style
    }

    /// The tag as written (`!something`), if any. Custom tags have no effect on the value.
    pub fn tag(&self) -> Option<&str> {
        self.inner.tag.as_deref()
    }

    /// The type in words, for messages: `mapping`, `list`, `text`, `integer`, `boolean`, `null` …
    pub fn type_name(&self) -> &'static str {
        match &self.inner.content {
            Content::Sequence(_) => "list",
            Content::Mapping(_) => "mapping",
            Content::Scalar { .. } => self.scalar().map_or("null", |scalar| scalar.type_name()),
        }
    }

    /// The scalar, if this is one.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.inner.content {
            Content::Scalar { resolved, written } => Some(resolved.scalar(written)),
            _ => None,
        }
    }

    /// The scalar's characters, escapes and folding undone but nothing resolved: `0755` stays `0755`.
    pub fn written(&self) -> Option<&str> {
        match &self.inner.content {
            Content::Scalar { written, .. } => Some(written),
            _ => None,
        }
    }

    /// `~`, `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null))
    }

    /// The value if it is text; numbers and booleans are not (see [`Self::to_text`]).
    pub fn as_str(&self) -> Option<&str> {
        match self.scalar() {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.scalar() {
            Some(Scalar::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// The value if it is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.scalar() {
            Some(Scalar::Int(value)) => Some(value),
            _ => None,
        }
    }

    /// The value if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "the caller asked for a float")]
        match self.scalar() {
            Some(Scalar::Float(value)) => Some(value),
            Some(Scalar::Int(value)) => Some(value as f64),
            Some(Scalar::UInt(value)) => Some(value as f64),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.inner.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a mapping.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.inner.content {
            Content::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// The text that a scalar becomes where text is wanted (pipeline-format 3.2).
    ///
    /// `None` for lists, mappings, timestamps and numbers beyond `i64`, which the agent refuses there.
    pub fn to_text(&self) -> Option<String> {
        self.scalar()?.to_text()
    }
}

/// A mapping after merging: keys are text, each once, own keys first, merged keys behind them.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    pub(crate) entries: IndexMap<String, Entry>,
    pub(crate) duplicates: Vec<Duplicate>,
}

/// One entry of a mapping.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
    /// The entry came in through `<<`.
    pub merged: bool,
}

/// A mapping key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as text; numbers and booleans are converted as the agent does (pipeline-format 3.1).
    pub text: String,
    /// What was written before the conversion.
    pub written: String,
    /// Where it stands.
    pub span: Span,
    /// It was written as a number or boolean.
    pub converted: bool,
}

/// A key that was given again in the same mapping; the later value counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// The place whose value is dropped.
    pub first: Span,
    /// The place that counts.
    pub second: Span,
}

impl Mapping {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, with the key's own place.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// All keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys that were written more than once in this mapping.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }
}
