//! Where a value stands in its document.

use std::fmt;

use crate::error::Document;

/// A path that borrows its parent, so that walking a document allocates nothing until an error is shown.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root(&'a str),
    Key(&'a str),
    Index(usize),
    /// An element that two documents hold at different places.
    Element {
        original: usize,
        patch: usize,
    },
}

impl<'a> Path<'a> {
    /// A path that starts at `name`; an empty name starts at the document itself.
    pub(crate) fn root(name: &'a str) -> Self {
        Self { parent: None, segment: Segment::Root(name) }
    }

    /// A member of the object at this path.
    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Key(key) }
    }

    /// An element of the list at this path.
    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    /// An element that stands at these indices of the list at this path.
    pub(crate) fn element(&'a self, original: usize, patch: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Element { original, patch } }
    }

    /// The path in one of the two documents of a merge.
    pub(crate) fn text_in(&self, document: Document) -> String {
        let mut text = String::new();
        self.write_in(document, &mut text).expect("writing to a string does not fail");
        text
    }

    fn write_in(&self, document: Document, f: &mut impl fmt::Write) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.write_in(document, f)?;
        }
        match self.segment {
            Segment::Root(name) => f.write_str(name),
            Segment::Key(key) => {
                let is_first = self.parent.is_some_and(|parent| matches!(parent.segment, Segment::Root("")));
                if !is_first {
                    f.write_str(".")?;
                }
                f.write_str(key)
            }
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Element { original, patch } => match document {
                Document::Original => write!(f, "[{original}]"),
                Document::Patch => write!(f, "[{patch}]"),
            },
        }
    }
}

impl fmt::Display for Path<'_> {
    /// A path of a single document.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_in(Document::Patch, f)
    }
}
