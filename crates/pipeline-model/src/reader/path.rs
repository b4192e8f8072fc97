//! Where a value stands in the block.

use std::fmt;

/// A path that borrows its parent: reading a block forms no text until there is something to tell.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Self>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Block,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The block itself.
    pub(crate) const BLOCK: Path<'static> = Path { parent: None, segment: Segment::Block };

    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Key(key) }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    fn is_block(&self) -> bool {
        matches!(self.segment, Segment::Block)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.segment {
            Segment::Block => Ok(()),
            Segment::Key(key) if self.parent.is_none_or(Path::is_block) => f.write_str(key),
            Segment::Key(key) => write!(f, ".{key}"),
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}
