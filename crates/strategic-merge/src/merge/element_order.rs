//! `$setElementOrder/<list>` (job-manifest 7.5).

use std::collections::BTreeSet;

use shared_json::{Array, Map, Text, Value};

use super::directive::{self, Directive};
use super::key::Key;
use super::{Members, clean, keyed, merge_lists, order, scalars};
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;
use crate::schema::{ListStrategy, ListType};

/// Merges and orders every list that a directive names; the answer is the lists that are done with.
///
/// # Errors
/// E-15 to E-20.
pub(super) fn apply<'a>(
    original: &mut Map,
    patch: &'a Map,
    members: Members,
    path: Path<'_>,
) -> Result<BTreeSet<&'a str>, MergeError> {
    let mut done = BTreeSet::new();
    for (key, value) in super::sorted(patch) {
        let Directive::SetElementOrder(list) = Directive::of(key) else { continue };
        let (name, wanted) = directive::list_of(list, value, path.key(key))?;
        let old = original.get(name).and_then(Value::as_array);
        let new = patch.get(name).and_then(Value::as_array);
        if old.is_none() && new.is_none() {
            continue;
        }
        let list_path = path.key(name);
        let list = members.list(name).ok_or_else(|| super::unknown_type(list_path))?;
        let directive_path = path.key(key);
        let order = Order { list, wanted, list_path, directive_path };
        let merged = order.merged(old, new)?;
        original.insert(Text::copied(name), merged.into());
        if new.is_some() {
            done.insert(name);
        }
    }
    Ok(done)
}

/// One directive and the list that it is about.
struct Order<'a> {
    list: &'static ListType,
    wanted: &'a [Value],
    list_path: Path<'a>,
    directive_path: Path<'a>,
}

impl Order<'_> {
    ///
    fn merged(&self, old: Option<&Array>, new: Option<&Array>) -> Result<Array, MergeError> {
        let wanted = self.keys(self.wanted, Document::Patch, self.directive_path)?;
        if let Some(new) = new {
            self.check_contradiction(new, &wanted)?;
        }
        let working = match (old, new) {
            (Some(old), Some(new)) => merge_lists(old.clone(), new, self.list, self.list_path)?,
            (Some(old), None) => old.clone(),
            (None, Some(new)) => clean::list(new, Some(self.list), self.list_path)?,
            (None, None) => Array::new(),
        };
        let original = match old {
            Some(old) if !working.is_empty() => self.keys(old, Document::Original, self.list_path)?,
            _ => Vec::new(),
        };
        let keys = self.keys(&working, Document::Original, self.list_path)?;
        Ok(order::arrange(working, &order::ranks(&keys, &wanted, &original)))
    }

    /// E-19 unless the elements that the patch gives follow the wanted order.
    fn check_contradiction(&self, new: &[Value], wanted: &[Key]) -> Result<(), MergeError> {
        let given = match self.list.strategy {
            ListStrategy::MergeObjects(key) => keyed::check_patch(new, key, self.list_path)?.given_keys(),
            _ => self.keys(new, Document::Patch, self.list_path)?,
        };
        let mut rest = wanted.iter();
        if wanted.is_empty() || given.iter().all(|key| rest.any(|other| other == key)) {
            return Ok(());
        }
        Err(MergeError::of_patch(self.list_path, MergeProblem::OrderContradicted))
    }

    /// What identifies the elements of a list: their key, or, among scalars, themselves.
    fn keys(&self, list: &[Value], document: Document, path: Path<'_>) -> Result<Vec<Key>, MergeError> {
        match self.list.strategy {
            ListStrategy::MergeObjects(key) => keyed::keys(list, document, key, path),
            ListStrategy::MergeScalars => {
                scalars::check(list, document, path)?;
                Ok(scalars::keys(list))
            }
            ListStrategy::Replace => {
                if scalars::check(list, document, path).is_err() {
                    return Err(MergeError::of_patch(
                        self.directive_path,
                        MergeProblem::ListDirective {
                            reason: "is about a list that is replaced as a whole and holds more than scalars",
                        },
                    ));
                }
                Ok(scalars::keys(list))
            }
        }
    }
}
