//! Tabs as indentation. The parser takes some that the agent's reader refuses: outside brackets and
//! scalars no line may begin with one (pipeline-format 3.1).

use std::ops::Range;

/// Tabs in the leading blanks of lines, as far as nothing excuses them.
#[derive(Debug, Clone)]
pub(crate) struct Tabs {
    /// Byte offsets, ascending.
    suspects: Vec<usize>,
    /// Start of a block scalar: it reaches as far as the next token.
    open_block: Option<usize>,
}

impl Tabs {
    pub(crate) fn new(text: &str) -> Self {
        let mut suspects = Vec::new();
        let mut line_start = 0;
        for line in text.split_inclusive('\n') {
            let blanks = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            if let Some(at) = line[..blanks].find('\t') {
                suspects.push(line_start + at);
            }
            line_start += line.len();
        }
        Self { suspects, open_block: None }
    }

    /// A token starts here: a block scalar before it has ended.
    pub(crate) fn token(&mut self, start: usize) {
        if let Some(from) = self.open_block.take() {
            self.excuse(from..start);
        }
    }

    /// A block scalar starts here.
    pub(crate) fn block_scalar(&mut self, start: usize) {
        self.open_block = Some(start);
    }

    /// Tabs in a flow collection or in a scalar of several lines are blanks like others.
    pub(crate) fn excuse(&mut self, range: Range<usize>) {
        if !self.suspects.is_empty() {
            self.suspects.retain(|at| !range.contains(at));
        }
    }

    /// The first tab from `start` on that nothing excuses so far.
    pub(crate) fn next(&self, start: usize) -> Option<usize> {
        self.suspects.iter().copied().find(|at| *at >= start)
    }

    /// The first tab that nothing excuses.
    pub(crate) fn first(&self) -> Option<usize> {
        self.suspects.first().copied()
    }
}
