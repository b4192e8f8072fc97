//! Values of a patch that are taken over whole lose their nulls and directives.

use shared_json::{Array, Map, Value};

use super::directive::{self, Directive, PatchWord, bad_patch};
use super::{Members, keyed, scalars};
use crate::error::{Document, MergeError};
use crate::path::Path;
use crate::rebuilt::{RebuiltList, RebuiltMap};
use crate::schema::{Kind, ListStrategy, ListType};

/// What becomes of a value.
enum Cleaned {
    /// Nothing is left of it.
    Nothing,
    /// It has neither nulls nor directives, and its keys stand in byte order.
    AsItIs,
    Changed(Value),
}

/// The cleaned value; `None` if nothing is left of it.
///
/// # Errors
/// E-15 to E-18 and E-20, as if there had been something to merge with.
pub(super) fn value(patch: &Value, kind: Option<Kind>, path: Path<'_>) -> Result<Option<Value>, MergeError> {
    Ok(match cleaned(patch, kind, path)? {
        Cleaned::Nothing => None,
        Cleaned::AsItIs => Some(patch.clone()),
        Cleaned::Changed(value) => Some(value),
    })
}

fn cleaned(patch: &Value, kind: Option<Kind>, path: Path<'_>) -> Result<Cleaned, MergeError> {
    let changed = match patch {
        Value::Null => return Ok(Cleaned::Nothing),
        Value::Object(object) => {
            if PatchWord::of(object, path)? == Some(PatchWord::Delete) {
                return Ok(Cleaned::Nothing);
            }
            cleaned_members(object, Members::of(kind), path)?.map(Value::Object)
        }
        Value::Array(elements) => {
            let list_type = match kind {
                Some(Kind::List(list_type)) => Some(list_type),
                _ => None,
            };
            cleaned_list(elements, list_type, path)?.map(Value::Array)
        }
        _ => None,
    };
    Ok(changed.map_or(Cleaned::AsItIs, Cleaned::Changed))
}

/// The members of an object whose own `$patch` has been looked at.
pub(super) fn members(patch: &Map, kinds: Option<Members>, path: Path<'_>) -> Result<Map, MergeError> {
    Ok(cleaned_members(patch, kinds, path)?.unwrap_or_else(|| patch.clone()))
}

/// `None` if they stay as they are.
fn cleaned_members(patch: &Map, kinds: Option<Members>, path: Path<'_>) -> Result<Option<Map>, MergeError> {
    directive::check(patch, path)?;
    let mut members = RebuiltMap::of(patch);
    if !patch.is_sorted() {
        members.copy();
    }
    for (key, value) in super::sorted(patch) {
        if Directive::is(key) {
            members.leave_out();
            continue;
        }
        let kind = kinds.and_then(|members| members.kind(key));
        match cleaned(value, kind, path.key(key))? {
            Cleaned::Nothing => members.leave_out(),
            Cleaned::AsItIs => members.keep(key, value),
            Cleaned::Changed(value) => members.put(key.clone(), value),
        }
    }
    Ok(members.finish())
}

/// The elements of a list.
pub(super) fn list(patch: &Array, list_type: Option<&ListType>, path: Path<'_>) -> Result<Array, MergeError> {
    Ok(cleaned_list(patch, list_type, path)?.unwrap_or_else(|| patch.clone()))
}

/// `None` if they stay as they are.
fn cleaned_list(
    patch: &[Value],
    list_type: Option<&ListType>,
    path: Path<'_>,
) -> Result<Option<Array>, MergeError> {
    match list_type.map(|list_type| list_type.strategy) {
        Some(ListStrategy::MergeObjects(key)) => {
            keyed::check_patch(patch, key, path)?;
        }
        Some(ListStrategy::MergeScalars) => scalars::check(patch, Document::Patch, path)?,
        Some(ListStrategy::Replace) => check_replacing(patch, path)?,
        None => {}
    }
    let mut elements = RebuiltList::of(patch);
    for (index, element) in patch.iter().enumerate() {
        if is_only_directives(element) {
            elements.leave_out();
            continue;
        }
        let kind = list_type.map(|list_type| list_type.element);
        match cleaned(element, kind, path.index(index))? {
            Cleaned::Nothing => elements.leave_out(),
            Cleaned::AsItIs => elements.keep(element),
            Cleaned::Changed(element) => elements.put(element),
        }
    }
    Ok(elements.finish())
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
