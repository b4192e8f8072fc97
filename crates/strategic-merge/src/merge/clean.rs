//! Values of a patch that are taken over whole lose their nulls and directives.

use serde_json::{Map, Value};

use super::directive::{self, Directive, PatchWord, bad_patch};
use super::{Members, keyed, scalars};
use crate::error::{Document, MergeError};
use crate::path::Path;
use crate::schema::{Kind, ListStrategy, ListType};

/// The cleaned value; `None` if nothing is left of it.
///
/// # Errors
/// E-15 to E-18 and E-20, as if there had been something to merge with.
pub(super) fn value(patch: &Value, kind: Option<Kind>, path: Path<'_>) -> Result<Option<Value>, MergeError> {
    match patch {
        Value::Null => Ok(None),
        Value::Object(object) => {
            if PatchWord::of(object, path)? == Some(PatchWord::Delete) {
                return Ok(None);
            }
            Ok(Some(Value::Object(members(object, Members::of(kind), path)?)))
        }
        Value::Array(elements) => {
            let list_type = match kind {
                Some(Kind::List(list_type)) => Some(list_type),
                _ => None,
            };
            Ok(Some(Value::Array(list(elements, list_type, path)?)))
        }
        scalar => Ok(Some(scalar.clone())),
    }
}

/// The members of an object whose own `$patch` has been looked at.
pub(super) fn members(
    patch: &Map<String, Value>,
    kinds: Option<Members>,
    path: Path<'_>,
) -> Result<Map<String, Value>, MergeError> {
    directive::check(patch, path)?;
    let mut cleaned = Map::new();
    for key in super::sorted_keys(patch) {
        if Directive::is(key) {
            continue;
        }
        let kind = kinds.and_then(|members| members.kind(key));
        if let Some(value) = value(&patch[key], kind, path.key(key))? {
            cleaned.insert(key.to_owned(), value);
        }
    }
    Ok(cleaned)
}

/// The elements of a list.
pub(super) fn list(
    patch: &[Value],
    list_type: Option<&ListType>,
    path: Path<'_>,
) -> Result<Vec<Value>, MergeError> {
    match list_type.map(|list_type| list_type.strategy) {
        Some(ListStrategy::MergeObjects(key)) => {
            keyed::check_patch(patch, key, path)?;
        }
        Some(ListStrategy::MergeScalars) => scalars::check(patch, Document::Patch, path)?,
        Some(ListStrategy::Replace) => check_replacing(patch, path)?,
        None => {}
    }
    let mut cleaned = Vec::with_capacity(patch.len());
    for (index, element) in patch.iter().enumerate() {
        if is_only_directives(element) {
            continue;
        }
        let kind = list_type.map(|list_type| list_type.element);
        cleaned.extend(value(element, kind, path.index(index))?);
    }
    Ok(cleaned)
}

/// In a list that replaces, `$patch` would do the opposite of what it says.
fn check_replacing(patch: &[Value], path: Path<'_>) -> Result<(), MergeError> {
    let directive =
        patch.iter().enumerate().find_map(|(index, element)| Some((index, element.get("$patch")?)));
    match directive {
        Some((index, word)) => Err(bad_patch(
            word,
            path.index(index),
            "stands in a list that is replaced as a whole, not merged",
        )),
        None => Ok(()),
    }
}

/// Whether an element of a patch consists of instructions alone. An empty object does not.
fn is_only_directives(element: &Value) -> bool {
    element
        .as_object()
        .is_some_and(|object| !object.is_empty() && object.keys().all(|key| Directive::is(key)))
}

/// Whether a member of a patch says that there shall be nothing.
pub(super) fn is_nothing(patch: &Value) -> bool {
    patch.is_null() || patch.get("$patch").and_then(Value::as_str) == Some("delete")
}
