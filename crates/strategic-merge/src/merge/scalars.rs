//! The union of two lists of scalars (job-manifest 7.4).

use std::collections::BTreeSet;

use shared_json::{Array, Value};

use super::key::Key;
use super::order;
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;

///
pub(super) fn merge(original: Array, patch: &Array, path: Path<'_>) -> Result<Array, MergeError> {
    check(patch, Document::Patch, path)?;
    check(&original, Document::Original, path)?;
    if patch.is_empty() && original.is_empty() {
        return Ok(original);
    }
    let original_order = keys(&original);
    let patch_order = keys(patch);
    let mut seen = BTreeSet::new();
    let mut united = Array::with_capacity(original.len() + patch.len());
    let mut united_keys = Vec::with_capacity(original.len() + patch.len());
    for (element, key) in original.iter().zip(&original_order).chain(patch.iter().zip(&patch_order)) {
        if seen.insert(key) {
            united.push(element.clone());
            united_keys.push(key.clone());
        }
    }
    Ok(order::arrange(united, &order::ranks(&united_keys, &patch_order, &original_order)))
}

/// What tells the elements apart.
pub(super) fn keys(list: &[Value]) -> Vec<Key> {
    list.iter().map(Key::of).collect()
}

/// E-16 unless every element is text, a number or a truth value.
pub(super) fn check(list: &[Value], document: Document, path: Path<'_>) -> Result<(), MergeError> {
    if list.iter().all(|element| element.is_string() || element.is_number() || element.is_boolean()) {
        return Ok(());
    }
    Err(MergeError::new(document, path, MergeProblem::MixedElements { wanted: "scalars" }))
}
