//! The merge of two lists whose elements are objects with a key (job-manifest 7.3).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::directive::{PatchWord, bad_patch};
use super::{Members, clean, merge_objects, order};
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;
use crate::schema::{ListType, MergeKey};

/// What the list of a patch asks for.
pub(super) struct Request<'a> {
    /// Keys of elements with `$patch: delete`.
    deleted: BTreeSet<String>,
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
    original: Vec<Value>,
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
    let mut working = Working::new(original, &request.deleted, key, path)?;
    let original_order = working.keys.clone();
    for (index, element) in &request.given {
        let element_key = element[key.field].to_string();
        match working.counterpart(&element_key, element, key) {
            Some(position) => {
                let path = path.element(working.origins[position], *index);
                let members = Members::of(Some(list.element)).ok_or_else(|| super::unknown_type(path))?;
                if let Some(Value::Object(old)) = working.elements.get_mut(position) {
                    merge_objects(old, element, members, path)?;
                }
            }
            None => {
                let element = cleaned(element, list, path.index(*index))?;
                working.push(element_key, *index, Value::Object(element));
            }
        }
    }
    let elements = working.keys.into_iter().zip(working.elements).collect();
    Ok(order::arrange(elements, &request.given_keys(key), &original_order))
}

/// The list that grows while a patch is merged into it.
struct Working {
    elements: Vec<Value>,
    /// Where each element stands in the document that it comes from.
    origins: Vec<usize>,
    /// The key of each element; merging never changes it.
    keys: Vec<String>,
    /// Where each key stands.
    positions: BTreeMap<String, Vec<usize>>,
}

impl Working {
    /// The original without what is deleted. Touching a list asks for the keys of all its elements.
    fn new(
        original: Vec<Value>,
        deleted: &BTreeSet<String>,
        key: MergeKey,
        path: Path<'_>,
    ) -> Result<Self, MergeError> {
        let keys = keys(&original, Document::Original, key, path)?;
        let mut working =
            Self { elements: Vec::new(), origins: Vec::new(), keys: Vec::new(), positions: BTreeMap::new() };
        for (index, (key, element)) in keys.into_iter().zip(original).enumerate() {
            if !deleted.contains(&key) {
                working.push(key, index, element);
            }
        }
        Ok(working)
    }

    fn push(&mut self, key: String, origin: usize, element: Value) {
        self.positions.entry(key.clone()).or_default().push(self.elements.len());
        self.origins.push(origin);
        self.keys.push(key);
        self.elements.push(element);
    }

    /// Which element a patch's element merges into.
    fn counterpart(&self, element_key: &str, patch: &Map<String, Value>, key: MergeKey) -> Option<usize> {
        let candidates = self.positions.get(element_key)?;
        let first = *candidates.first()?;
        let Some(tie_break) = key.tie_break.filter(|_| candidates.len() > 1) else {
            return Some(first);
        };
        let decisive = |value: Option<&Value>| match value {
            None | Some(Value::Null) => tie_break.default.map(Value::from),
            Some(value) => Some(value.clone()),
        };
        let wanted = decisive(patch.get(tie_break.field));
        let fits = |position: &&usize| decisive(self.elements[**position].get(tie_break.field)) == wanted;
        match wanted {
            // The patch leaves it open.
            None => Some(first),
            Some(_) => Some(candidates.iter().find(fits).copied().unwrap_or(first)),
        }
    }
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
    let mut request = Request { deleted: BTreeSet::new(), replaces: false, given: Vec::new() };
    for (index, element) in objects(patch, Document::Patch, path)?.into_iter().enumerate() {
        let path = path.index(index);
        match PatchWord::of(element, path)? {
            Some(PatchWord::Replace) if element.len() == 1 => request.replaces = true,
            Some(PatchWord::Replace) => {
                return Err(bad_patch(
                    &element["$patch"],
                    path,
                    "stands beside other members; an element that drops the original list has no others",
                ));
            }
            Some(PatchWord::Delete) => {
                request.deleted.insert(key_of(element, Document::Patch, key, path)?.to_string());
            }
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
    objects.ok_or_else(|| MergeError::new(document, path, MergeProblem::MixedElements { wanted: "objects" }))
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
            Err(MergeError::new(document, path, MergeProblem::NoMergeKey { key: key.field }))
        }
        Some(Value::Object(_) | Value::Array(_)) => {
            Err(MergeError::new(document, path.key(key.field), MergeProblem::KeyIsNoScalar))
        }
        Some(scalar) => Ok(scalar),
    }
}
