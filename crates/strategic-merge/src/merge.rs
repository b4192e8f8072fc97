//! The merge of two objects (job-manifest 7.2).

mod clean;
mod directive;
mod element_order;
mod keyed;
mod order;
mod scalars;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::depth;
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;
use crate::schema::{Kind, ListStrategy, ListType, Schema};
pub(crate) use directive::Directive;
use directive::PatchWord;

/// Applies a strategic merge patch to an object of the given type.
///
/// `patch` may hold nulls and directives; none of either gets into the result. Members of `original` keep
/// their order, new ones follow in byte order. After an error `original` is as it was.
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
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
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
        original.retain(|key, _| retained.contains(key.as_str()));
    } else {
        leave_one_of(original, patch, members);
    }
    let ordered = element_order::apply(original, patch, members, path)?;
    let keys = sorted_keys(patch);
    for key in &keys {
        if let Directive::DeleteFromPrimitiveList(list) = Directive::of(key) {
            delete_from_list(original, list, &patch[*key], path.key(key))?;
        }
    }
    for key in keys {
        if matches!(Directive::of(key), Directive::None) && !ordered.contains(key) {
            merge_member(original, key, &patch[key], members, path)?;
        }
    }
    Ok(())
}

/// Keys in byte order, so that nothing depends on how a patch was written.
fn sorted_keys(object: &Map<String, Value>) -> Vec<&str> {
    let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// a member of a one-of group displaces those that the patch does not mention.
fn leave_one_of(original: &mut Map<String, Value>, patch: &Map<String, Value>, members: Members) {
    let Members::Of(schema) = members else { return };
    let chooses = |key: &&&str| patch.get(**key).is_some_and(|value| !clean::is_nothing(value));
    if schema.one_of.iter().find(chooses).is_some() {
        original.retain(|key, _| !schema.one_of.contains(&key.as_str()) || patch.contains_key(key));
    }
}

///
fn delete_from_list(
    original: &mut Map<String, Value>,
    list: Option<&str>,
    deleted: &Value,
    path: Path<'_>,
) -> Result<(), MergeError> {
    let (list, deleted) = directive::list_of(list, deleted, path)?;
    if let Some(Value::Array(elements)) = original.get_mut(list) {
        let scalars: BTreeSet<String> = deleted.iter().map(Value::to_string).collect();
        elements.retain(|element| match element {
            // Equal whatever the order of members, so that texts do not tell.
            Value::Object(_) | Value::Array(_) => !deleted.contains(element),
            scalar => !scalars.contains(&scalar.to_string()),
        });
    }
    Ok(())
}

/// for one member.
fn merge_member(
    original: &mut Map<String, Value>,
    key: &str,
    patch: &Value,
    members: Members,
    path: Path<'_>,
) -> Result<(), MergeError> {
    let kind = members.kind(key);
    let path = path.key(key);
    match (original.get_mut(key), patch) {
        (Some(Value::Object(old)), Value::Object(new)) => {
            let inner = Members::of(kind).ok_or_else(|| unknown_type(path))?;
            merge_objects(old, new, inner, path)
        }
        (Some(Value::Array(old)), Value::Array(new)) => {
            let Some(Kind::List(list)) = kind else {
                return Err(unknown_type(path));
            };
            *old = merge_lists(std::mem::take(old), new, list, path)?;
            Ok(())
        }
        (_, new) => {
            match clean::value(new, kind, path)? {
                Some(cleaned) => original.insert(key.to_owned(), cleaned),
                // Not `remove`, which would move the last member into the gap.
                None => original.shift_remove(key),
            };
            Ok(())
        }
    }
}

/// Two lists by their strategy.
fn merge_lists(
    original: Vec<Value>,
    patch: &[Value],
    list: &ListType,
    path: Path<'_>,
) -> Result<Vec<Value>, MergeError> {
    match list.strategy {
        ListStrategy::Replace => clean::list(patch, Some(list), path),
        ListStrategy::MergeObjects(key) => keyed::merge(original, patch, list, key, path),
        ListStrategy::MergeScalars => scalars::merge(original, patch, path),
    }
}

fn unknown_type(path: Path<'_>) -> MergeError {
    MergeError::of_patch(path, MergeProblem::UnknownType)
}
