//! Section headers: lines that begin with `---`, `+++` or `~~~`, and `^^^ +++`.

use super::Line;

/// What a line means for the sections of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// An ordinary line.
    Text,
    /// Begins a section.
    Header {
        /// How it is shown.
        kind: Kind,
        /// The header without its mark.
        title: String,
    },
    /// `^^^ +++`: opens the section it stands in; not shown itself.
    Open,
}

/// How a section is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `---`: folded.
    Folded,
    /// `+++`: unfolded.
    Open,
    /// `~~~`: folded and pale; the agent's own steps.
    Muted,
}

impl Kind {
    /// The name used for CSS classes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Folded => "folded",
            Self::Open => "open",
            Self::Muted => "muted",
        }
    }
}

/// Classifies a line.
pub fn mark(line: &Line) -> Mark {
    let text = line.text();
    if text.trim_end() == "^^^ +++" {
        return Mark::Open;
    }
    let kinds = [("---", Kind::Folded), ("+++", Kind::Open), ("~~~", Kind::Muted)];
    for (prefix, kind) in kinds {
        if let Some(rest) = text.strip_prefix(prefix)
            && (rest.is_empty() || rest.starts_with(' '))
        {
            return Mark::Header { kind, title: rest.trim().to_owned() };
        }
    }
    Mark::Text
}
