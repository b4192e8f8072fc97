//! The words of a patch that are instructions and no data.

use std::collections::BTreeSet;

use shared_json::{Map, Value};

use crate::error::{MergeError, MergeProblem};
use crate::path::Path;

/// What a key of a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directive<'a> {
    /// Data.
    None,
    /// `$patch`.
    Patch,
    /// `$retainKeys`.
    RetainKeys,
    /// `$setElementOrder/<list>`; without a list if the slash is missing.
    SetElementOrder(Option<&'a str>),
    /// `$deleteFromPrimitiveList/<list>`; without a list if the slash is missing.
    DeleteFromPrimitiveList(Option<&'a str>),
}

impl<'a> Directive<'a> {
    /// What `key` is.
    pub(crate) fn of(key: &'a str) -> Self {
        let (word, list) = match key.split_once('/') {
            Some((word, list)) => (word, Some(list)),
            None => (key, None),
        };
        match (word, list) {
            ("$patch", None) => Self::Patch,
            ("$retainKeys", None) => Self::RetainKeys,
            ("$setElementOrder", list) => Self::SetElementOrder(list),
            ("$deleteFromPrimitiveList", list) => Self::DeleteFromPrimitiveList(list),
            _ => Self::None,
        }
    }

    /// Whether a key is an instruction.
    pub(crate) fn is(key: &str) -> bool {
        !matches!(Directive::of(key), Directive::None)
    }
}

/// A value of `$patch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchWord {
    Replace,
    Delete,
    Merge,
}

impl PatchWord {
    /// The word of an object that stands at `path`.
    ///
    /// # Errors
    /// E-17 for anything but the three words.
    pub(super) fn of(object: &Map, path: Path<'_>) -> Result<Option<Self>, MergeError> {
        let Some(word) = object.get("$patch") else {
            return Ok(None);
        };
        match word.as_str() {
            Some("replace") => Ok(Some(Self::Replace)),
            Some("delete") => Ok(Some(Self::Delete)),
            Some("merge") => Ok(Some(Self::Merge)),
            _ => Err(bad_patch(word, path, "is none of replace, delete and merge")),
        }
    }
}

/// E-17.
pub(super) fn bad_patch(word: &Value, path: Path<'_>, reason: &'static str) -> MergeError {
    let value = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
    MergeError::of_patch(path, MergeProblem::PatchWord { value, reason })
}

/// The keys that `$retainKeys` names.
///
/// # Errors
/// E-18.
pub(super) fn retained_keys<'a>(
    patch: &'a Map,
    path: Path<'_>,
) -> Result<Option<BTreeSet<&'a str>>, MergeError> {
    let Some(retained) = patch.get("$retainKeys") else {
        return Ok(None);
    };
    let bad = |reason: String| MergeError::of_patch(path, MergeProblem::RetainKeys { reason });
    let retained = retained.as_array().ok_or_else(|| bad("is not a list".to_owned()))?;
    let retained: Option<BTreeSet<&str>> = retained.iter().map(Value::as_str).collect();
    let retained = retained.ok_or_else(|| bad("holds something else than text".to_owned()))?;
    let forgotten = super::sorted(patch)
        .find(|(key, value)| !value.is_null() && !Directive::is(key) && !retained.contains(key.as_str()));
    match forgotten {
        Some((key, _)) => Err(bad(format!("does not name `{key}`, which the patch gives"))),
        None => Ok(Some(retained)),
    }
}

/// List and value of a list directive that stands at `path`.
///
/// # Errors
/// E-20 without a list's name, and for a value that is no list.
pub(super) fn list_of<'a>(
    list: Option<&'a str>,
    value: &'a Value,
    path: Path<'_>,
) -> Result<(&'a str, &'a [Value]), MergeError> {
    let bad = |reason| MergeError::of_patch(path, MergeProblem::ListDirective { reason });
    let list = list.ok_or_else(|| bad("does not say which list: write a slash and its name behind it"))?;
    let value = value.as_array().ok_or_else(|| bad("is not a list"))?;
    Ok((list, value))
}

/// Whether the directives of an object that is taken over whole are well-formed: what is wrong with them
/// does not depend on the original.
///
/// # Errors
/// E-18 and E-20.
pub(super) fn check(patch: &Map, path: Path<'_>) -> Result<(), MergeError> {
    retained_keys(patch, path)?;
    for (key, value) in super::sorted(patch) {
        if let Directive::SetElementOrder(list) | Directive::DeleteFromPrimitiveList(list) =
            Directive::of(key)
        {
            list_of(list, value, path.key(key))?;
        }
    }
    Ok(())
}
