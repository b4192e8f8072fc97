//! Where a value stands in its document.

use std::fmt;

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
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.segment {
            Segment::Root(name) => f.write_str(name),
            Segment::Key(key) => {
                let first = self.parent.is_some_and(|parent| matches!(parent.segment, Segment::Root("")));
                if !first {
                    f.write_str(".")?;
                }
                f.write_str(key)
            }
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}
