//! The merge of two lists whose elements are objects with a key (job-manifest 7.3).

use serde_json::{Map, Value};

use super::directive::{PatchWord, bad_patch};
use super::{Members, clean, merge_objects, order};
use crate::error::{Document, MergeError};
use crate::path::Path;
use crate::schema::{ListType, MergeKey};

/// What the list of a patch asks for.
pub(super) struct Request<'a> {
    /// Key values of elements with `$patch: delete`.
    deleted: Vec<&'a Value>,
    /// Whether an element says `$patch: replace`.
    replaces: bool,
    /// The elements that give something, with their places in the patch (`P'` of the specification).
    given: Vec<(usize, &'a Map<String, Value>)>,
}

impl Request<'_> {
    /// The keys of the elements that give something.
    pub(super) fn given_keys(&self, key: MergeKey) -> Vec<String> {
        self.given.iter().map(|(_, element)| element[key.field].to_string()).collect()
    }
}

///
pub(super) fn merge(
    mut original: Vec<Value>,
    patch: &[Value],
    list: &ListType,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Vec<Value>, MergeError> {
    let request = check_patch(patch, key, path)?;
    objects(&original, Document::Original, path)?;
    if request.replaces {
        return replaced(&request, list, key, path);
    }
    // Touching a list asks for the keys of all its elements.
    keys(&original, Document::Original, key, path)?;
    original.retain(|element| !request.deleted.contains(&&element[key.field]));
    let original_order = keys(&original, Document::Original, key, path)?;
    let mut working = original;
    for (index, element) in &request.given {
        let path = path.index(*index);
        match counterpart(&working, element, key) {
            Some(position) => {
                let members = Members::of(Some(list.element)).ok_or_else(|| super::unknown_field(path))?;
                if let Some(Value::Object(old)) = working.get_mut(position) {
                    merge_objects(old, element, members, path)?;
                }
            }
            None => working.push(Value::Object(cleaned(element, list, path)?)),
        }
    }
    let working_keys = keys(&working, Document::Original, key, path)?;
    let working = working_keys.into_iter().zip(working).collect();
    Ok(order::arrange(working, &request.given_keys(key), &original_order))
}

/// R-161, last sentence: the patch's elements alone, unmerged.
fn replaced(
    request: &Request<'_>,
    list: &ListType,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Vec<Value>, MergeError> {
    let mut elements = Vec::with_capacity(request.given.len());
    for (index, element) in &request.given {
        elements.push(Value::Object(cleaned(element, list, path.index(*index))?));
    }
    let own_order = keys(&elements, Document::Patch, key, path)?;
    Ok(order::arrange(own_order.iter().cloned().zip(elements).collect(), &[], &own_order))
}

fn cleaned(
    element: &Map<String, Value>,
    list: &ListType,
    path: Path<'_>,
) -> Result<Map<String, Value>, MergeError> {
    clean::members(element, Members::of(Some(list.element)), path)
}

/// Reads the directives of a patch's list; all that can be wrong with it whatever the original.
///
/// # Errors
/// E-15, E-16, E-17, and E-20 for a key that is no scalar.
pub(super) fn check_patch<'a>(
    patch: &'a [Value],
    key: MergeKey,
    path: Path<'_>,
) -> Result<Request<'a>, MergeError> {
    let mut request = Request { deleted: Vec::new(), replaces: false, given: Vec::new() };
    for (index, element) in objects(patch, Document::Patch, path)?.into_iter().enumerate() {
        let path = path.index(index);
        match PatchWord::of(element, path)? {
            Some(PatchWord::Replace) if element.len() == 1 => request.replaces = true,
            Some(PatchWord::Replace) => {
                return Err(bad_patch(
                    &element["$patch"],
                    path,
                    "beside other members: an element that drops the original list stands alone",
                ));
            }
            Some(PatchWord::Delete) => request.deleted.push(key_of(element, Document::Patch, key, path)?),
            Some(PatchWord::Merge) | None => {
                key_of(element, Document::Patch, key, path)?;
                request.given.push((index, element));
            }
        }
    }
    Ok(request)
}

/// All elements as objects.
///
/// # Errors
/// E-16.
pub(super) fn objects<'a>(
    list: &'a [Value],
    document: Document,
    path: Path<'_>,
) -> Result<Vec<&'a Map<String, Value>>, MergeError> {
    let objects: Option<Vec<_>> = list.iter().map(Value::as_object).collect();
    objects.ok_or_else(|| MergeError::MixedElements { document, path: path.to_string(), wanted: "objects" })
}

/// The key of every element as text that differs where the keys differ.
///
/// # Errors
/// E-15, E-16, and E-20 for a key that is no scalar.
pub(super) fn keys(
    list: &[Value],
    document: Document,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Vec<String>, MergeError> {
    let objects = objects(list, document, path)?;
    let keys = objects
        .into_iter()
        .enumerate()
        .map(|(index, element)| key_of(element, document, key, path.index(index)).map(ToString::to_string));
    keys.collect()
}

/// The key of one element. A null is none.
fn key_of<'a>(
    element: &'a Map<String, Value>,
    document: Document,
    key: MergeKey,
    path: Path<'_>,
) -> Result<&'a Value, MergeError> {
    match element.get(key.field) {
        None | Some(Value::Null) => {
            Err(MergeError::NoMergeKey { document, path: path.to_string(), key: key.field })
        }
        Some(Value::Object(_) | Value::Array(_)) => Err(MergeError::BadListDirective {
            path: path.key(key.field).to_string(),
            problem: "is a merge key and has to be text, a number or a truth value",
        }),
        Some(scalar) => Ok(scalar),
    }
}

/// Which element of the list a patch's element merges into.
fn counterpart(list: &[Value], patch: &Map<String, Value>, key: MergeKey) -> Option<usize> {
    let mut candidates =
        list.iter().enumerate().filter(|(_, element)| element[key.field] == patch[key.field]);
    let (first, _) = candidates.next()?;
    let Some(tie_break) = key.tie_break else {
        return Some(first);
    };
    let default = tie_break.default.map(Value::from);
    let decisive = |value: Option<&Value>| match value {
        None | Some(Value::Null) => default.clone(),
        Some(value) => Some(value.clone()),
    };
    let Some(wanted) = decisive(patch.get(tie_break.field)) else {
        return Some(first);
    };
    let fits = |element: &Value| decisive(element.get(tie_break.field)).as_ref() == Some(&wanted);
    if fits(&list[first]) {
        return Some(first);
    }
    Some(candidates.find(|(_, element)| fits(element)).map_or(first, |(position, _)| position))
}
