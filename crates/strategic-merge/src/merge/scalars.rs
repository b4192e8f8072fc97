//! The union of two lists of scalars (job-manifest 7.4).

use std::collections::BTreeSet;

use serde_json::Value;

use super::order;
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;

///
pub(super) fn merge(original: Vec<Value>, patch: &[Value], path: Path<'_>) -> Result<Vec<Value>, MergeError> {
    check(patch, Document::Patch, path)?;
    check(&original, Document::Original, path)?;
    if patch.is_empty() && original.is_empty() {
        return Ok(original);
    }
    let original_order = keys(&original);
    let patch_order = keys(patch);
    let mut seen = BTreeSet::new();
    let united = original
        .into_iter()
        .chain(patch.iter().cloned())
        .map(|element| (element.to_string(), element))
        .filter(|(key, _)| seen.insert(key.clone()))
        .collect();
    Ok(order::arrange(united, &patch_order, &original_order))
}

/// Elements as text that differs where they differ.
pub(super) fn keys(list: &[Value]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// E-16 unless every element is text, a number or a truth value.
pub(super) fn check(list: &[Value], document: Document, path: Path<'_>) -> Result<(), MergeError> {
    if list.iter().all(|element| element.is_string() || element.is_number() || element.is_boolean()) {
        return Ok(());
    }
    Err(MergeError::new(document, path, MergeProblem::MixedElements { wanted: "scalars" }))
}
