//! What kind of step a mapping is (pipeline-format 6.2).

use yaml_source::{Mapping, Node, nearest};

use super::{PipelineError, refused};

/// As far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    Group,
    /// Waits, asks, or starts another pipeline's build.
    RunsNothing,
}

/// Words that are steps by themselves.
pub(super) const WORDS: [&str; 5] = ["wait", "waiter", "block", "manual", "input"];
const COMMANDS: [&str; 3] = ["command", "commands", "plugins"];
/// Words of `type`.
const TYPES: [(&str, Kind); 10] = [
    ("command", Kind::Command),
    ("commands", Kind::Command),
    ("script", Kind::Command),
    ("group", Kind::Group),
    ("trigger", Kind::RunsNothing),
    ("wait", Kind::RunsNothing),
    ("waiter", Kind::RunsNothing),
    ("block", Kind::RunsNothing),
    ("manual", Kind::RunsNothing),
    ("input", Kind::RunsNothing),
];

/// The kind of a step: `type`, else the first key that says so.
pub(super) fn of(step: &Node, mapping: &Mapping) -> Result<Kind, PipelineError> {
    if let Some(kind) = mapping.get("type") {
        let word = kind.as_str().ok_or_else(|| refused(kind, "`type` is a word, such as `command`"))?;
        return of_type(kind, word);
    }
    let has = |keys: &[&str]| keys.iter().any(|key| mapping.get(key).is_some());
    if has(&COMMANDS) {
        Ok(Kind::Command)
    } else if has(&WORDS) || has(&["trigger"]) {
        Ok(Kind::RunsNothing)
    } else if has(&["group"]) {
        Ok(Kind::Group)
    } else if mapping.get("script").is_some_and(|script| script.as_mapping().is_some()) {
        Ok(Kind::Command)
    } else {
        Err(refused(step, "nothing says what kind of step this is; give it a `command`"))
    }
}

fn of_type(node: &Node, word: &str) -> Result<Kind, PipelineError> {
    if let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == word) {
        return Ok(*kind);
    }
    let hint = match nearest(word, TYPES.iter().map(|(known, _)| *known)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "there are command, group, trigger, wait, block and input".to_owned(),
    };
    Err(refused(node, format!("`{word}` is no type of step; {hint}")))
}

/// The attributes of a command step, which may be one level further down (pipeline-format 6.3).
pub(super) fn attributes(mapping: &Mapping) -> &Mapping {
    let nested = ["command", "commands", "script"].iter().find_map(|key| mapping.get(key)?.as_mapping());
    nested.filter(|_| mapping.get("plugins").is_none()).unwrap_or(mapping)
}
