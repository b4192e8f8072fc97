//! The merge of two objects (job-manifest 7.2).

mod clean;
mod directive;
mod element_order;
mod key;
mod keyed;
mod order;
mod scalars;

use std::collections::BTreeSet;

use shared_json::{Array, Map, Text, Value};

use crate::depth;
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;
use crate::schema::{Kind, ListStrategy, ListType, Schema};
pub(crate) use directive::Directive;
use directive::PatchWord;
use key::Key;

/// Applies a strategic merge patch to an object of the given type.
///
/// `patch` may hold nulls and directives; none of either gets into the result. Members of `original` keep
/// their order, new ones follow in byte order. After an error `original` is as it was. What the patch does not
/// touch stays shared with whoever shares it already.
///
/// # Errors
/// One of E-15 to E-21, always the first in the fixed order in which walk a patch, whatever
/// the order of its keys.
pub fn merge(original: &mut Value, patch: &Value, schema: &'static Schema) -> Result<(), MergeError> {
    let root = Path::root("");
    for (value, document) in [(&*original, Document::Original), (patch, Document::Patch)] {
        if !value.is_object() {
            return Err(MergeError::new(document, root, MergeProblem::NotAnObject));
        }
        if depth::is_too_deep(value) {
            return Err(MergeError::new(document, root, MergeProblem::TooDeep));
        }
    }
    if let (Value::Object(members), Value::Object(patch)) = (&*original, patch) {
        let mut merged = members.clone();
        merge_objects(&mut merged, patch, Members::Of(schema), root)?;
        *original = Value::Object(merged);
    }
    Ok(())
}

/// What is known of an object's members.
#[derive(Clone, Copy)]
enum Members {
    /// Fields of a type.
    Of(&'static Schema),
    /// Entries of a map.
    Entries(Kind),
}

impl Members {
    /// The members of a value of this kind, if it is an object at all.
    fn of(kind: Option<Kind>) -> Option<Self> {
        match kind? {
            Kind::Object(schema) => Some(Self::Of(schema)),
            Kind::Map(entry) => Some(Self::Entries(*entry)),
            _ => None,
        }
    }

    fn kind(self, key: &str) -> Option<Kind> {
        match self {
            Self::Of(schema) => schema.field(key),
            Self::Entries(kind) => Some(kind),
        }
    }

    fn list(self, key: &str) -> Option<&'static ListType> {
        match self.kind(key)? {
            Kind::List(list) => Some(list),
            _ => None,
        }
    }
}

///
fn merge_objects(
    original: &mut Map,
    patch: &Map,
    members: Members,
    path: Path<'_>,
) -> Result<(), MergeError> {
    match PatchWord::of(patch, path)? {
        Some(PatchWord::Replace) => {
            *original = clean::members(patch, Some(members), path)?;
            return Ok(());
        }
        Some(PatchWord::Delete) => {
            original.clear();
            return Ok(());
        }
        Some(PatchWord::Merge) | None => {}
    }
    if let Some(retained) = directive::retained_keys(patch, path)? {
        original.retain(|key, _| retained.contains(key));
    } else {
        leave_one_of(original, patch, members);
    }
    let ordered = element_order::apply(original, patch, members, path)?;
    for (key, value) in sorted(patch) {
        if let Directive::DeleteFromPrimitiveList(list) = Directive::of(key) {
            delete_from_list(original, list, value, path.key(key))?;
        }
    }
    // In byte order, and taken out together: one by one each would move all others.
    let mut removed: Vec<&str> = Vec::new();
    for (key, value) in sorted(patch) {
        if matches!(Directive::of(key), Directive::None) && !ordered.contains(key.as_str()) {
            match merge_member(original, key, value, members, path)? {
                Merged::Stays => {}
                Merged::Goes => removed.push(key),
            }
        }
    }
    if !removed.is_empty() {
        original.retain(|key, _| removed.binary_search(&key).is_err());
    }
    Ok(())
}

/// The members in byte order of their keys, so that nothing depends on how a patch was written.
fn sorted(object: &Map) -> impl Iterator<Item = (&Text, &Value)> {
    let as_written = object.is_sorted().then(|| object.iter());
    let in_order = as_written.is_none().then(|| {
        let mut members: Vec<_> = object.iter().collect();
        members.sort_unstable_by_key(|(key, _)| key.as_str());
        members
    });
    as_written.into_iter().flatten().chain(in_order.into_iter().flatten())
}

/// a member of a one-of group displaces those that the patch does not mention.
fn leave_one_of(original: &mut Map, patch: &Map, members: Members) {
    let Members::Of(schema) = members else { return };
    let chooses = |key: &&&str| patch.get(key).is_some_and(|value| !clean::is_nothing(value));
    if schema.one_of.iter().find(chooses).is_some() {
        original.retain(|key, _| !schema.one_of.contains(&key) || patch.contains_key(key));
    }
}

///
fn delete_from_list(
    original: &mut Map,
    list: Option<&str>,
    deleted: &Value,
    path: Path<'_>,
) -> Result<(), MergeError> {
    let (list, deleted) = directive::list_of(list, deleted, path)?;
    if let Some(Value::Array(elements)) = original.get_mut(list) {
        let scalars: BTreeSet<Key> = deleted.iter().map(Key::of).collect();
        elements.retain(|element| match element {
            // Equal whatever the order of members, so that texts do not tell.
            Value::Object(_) | Value::Array(_) => !deleted.contains(element),
            scalar => !scalars.contains(&Key::of(scalar)),
        });
    }
    Ok(())
}

/// What becomes of a member of the original.
enum Merged {
    Stays,
    Goes,
}

/// for one member.
fn merge_member(
    original: &mut Map,
    key: &Text,
    patch: &Value,
    members: Members,
    path: Path<'_>,
) -> Result<Merged, MergeError> {
    let kind = members.kind(key);
    let path = path.key(key);
    match (original.get(key), patch) {
        (Some(Value::Object(_)), Value::Object(new)) => {
            let inner = Members::of(kind).ok_or_else(|| unknown_type(path))?;
            if let Some(old) = original.get_mut(key).and_then(Value::as_object_mut) {
                merge_objects(old, new, inner, path)?;
            }
        }
        (Some(Value::Array(_)), Value::Array(new)) => {
            let Some(Kind::List(list)) = kind else {
                return Err(unknown_type(path));
            };
            if let Some(old) = original.get_mut(key).and_then(Value::as_array_mut) {
                *old = merge_lists(std::mem::take(old), new, list, path)?;
            }
        }
        (_, new) => match clean::value(new, kind, path)? {
            Some(cleaned) => {
                original.insert(key.clone(), cleaned);
            }
            None => return Ok(Merged::Goes),
        },
    }
    Ok(Merged::Stays)
}

/// Two lists by their strategy.
fn merge_lists(original: Array, patch: &Array, list: &ListType, path: Path<'_>) -> Result<Array, MergeError> {
    match list.strategy {
        ListStrategy::Replace => clean::list(patch, Some(list), path),
        ListStrategy::MergeObjects(key) => keyed::merge(original, patch, list, key, path),
        ListStrategy::MergeScalars => scalars::merge(original, patch, path),
    }
}

fn unknown_type(path: Path<'_>) -> MergeError {
    MergeError::of_patch(path, MergeProblem::UnknownType)
}
