//! The merge of two lists whose elements are objects with a key (job-manifest 7.3).

use std::collections::{BTreeMap, BTreeSet};

use shared_json::{Array, Map, Value};

use super::directive::{PatchWord, bad_patch};
use super::key::Key;
use super::{Members, clean, merge_objects, order};
use crate::error::{Document, MergeError, MergeProblem};
use crate::path::Path;
use crate::schema::{ListType, MergeKey};

/// What the list of a patch asks for.
pub(super) struct Request<'a> {
    /// Keys of elements with `$patch: delete`.
    deleted: BTreeSet<Key>,
    /// Whether an element says `$patch: replace`.
    replaces: bool,
    /// The elements that give something (`P'` of the specification).
    given: Vec<Given<'a>>,
}

/// An element of a patch that gives something.
struct Given<'a> {
    /// Its place in the patch.
    index: usize,
    key: Key,
    element: &'a Map,
}

impl Request<'_> {
    /// The keys of the elements that give something.
    pub(super) fn given_keys(&self) -> Vec<Key> {
        self.given.iter().map(|given| given.key.clone()).collect()
    }
}

///
pub(super) fn merge(
    original: Array,
    patch: &[Value],
    list: &ListType,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Array, MergeError> {
    let request = check_patch(patch, key, path)?;
    check_objects(&original, Document::Original, path)?;
    if request.replaces {
        return replaced(&request, list, path);
    }
    let mut working = Working::new(original, &request.deleted, key, path)?;
    for (order, given) in request.given.iter().enumerate() {
        let position = match working.counterpart(given, key) {
            Some(position) => {
                let path = path.element(working.entries[position].origin, given.index);
                let members = Members::of(Some(list.element)).ok_or_else(|| super::unknown_type(path))?;
                if let Some(Value::Object(old)) = working.elements.make_mut().get_mut(position) {
                    merge_objects(old, given.element, members, path)?;
                }
                position
            }
            None => {
                let element = cleaned(given.element, list, path.index(given.index))?;
                working.append(given, element)
            }
        };
        working.lead(position, order);
    }
    Ok(order::arrange(working.elements, &working.ranks))
}

/// The list that grows while a patch is merged into it.
struct Working {
    elements: Array,
    /// What is known of each element; merging never changes it.
    entries: Vec<Entry>,
    /// Where each element goes, see [`order::arrange`].
    ranks: Vec<order::Rank>,
    /// Where each key stands first.
    firsts: BTreeMap<Key, usize>,
}

struct Entry {
    /// Where it stands in the document that it comes from.
    origin: usize,
    /// The next element with the same key.
    next: Option<usize>,
}

impl Working {
    /// The original without what is deleted. Touching a list asks for the keys of all its elements.
    fn new(
        original: Array,
        deleted: &BTreeSet<Key>,
        key: MergeKey,
        path: Path<'_>,
    ) -> Result<Self, MergeError> {
        let size = original.len();
        let (mut entries, mut ranks) = (Vec::with_capacity(size), Vec::with_capacity(size));
        let (mut firsts, mut lasts) = (BTreeMap::new(), BTreeMap::new());
        for (origin, element) in original.iter().enumerate() {
            let key = key_of_value(element, origin, Document::Original, key, path)?;
            if deleted.contains(&key) {
                continue;
            }
            let at = entries.len();
            let mut first = at;
            if let Some(known) = firsts.get(&key).copied() {
                first = known;
                let last: usize = lasts.insert(known, at).unwrap_or(known);
                let last: &mut Entry = &mut entries[last];
                last.next = Some(at);
            } else {
                firsts.insert(key, at);
            }
            entries.push(Entry { origin, next: None });
            ranks.push(order::Rank { leading: None, original: Some(first) });
        }
        let mut elements = original;
        if entries.len() < elements.len() {
            let kept = &entries;
            elements = kept.iter().map(|entry| elements[entry.origin].clone()).collect();
        }
        Ok(Self { elements, entries, ranks, firsts })
    }

    /// Appends an element with a key that is new.
    fn append(&mut self, given: &Given<'_>, element: Map) -> usize {
        let at = self.entries.len();
        self.firsts.insert(given.key.clone(), at);
        self.entries.push(Entry { origin: given.index, next: None });
        self.ranks.push(order::Rank { leading: None, original: None });
        self.elements.push(element);
        at
    }

    /// All elements with the key of this one take their order from the patch, where the key stands first.
    fn lead(&mut self, position: usize, order: usize) {
        let first = self.ranks[position].original.unwrap_or(position);
        if self.ranks[first].leading.is_some() {
            return;
        }
        let mut next = Some(first);
        while let Some(at) = next {
            self.ranks[at].leading = Some(order);
            next = self.entries[at].next;
        }
    }

    /// Which element a patch's element merges into.
    fn counterpart(&self, given: &Given<'_>, key: MergeKey) -> Option<usize> {
        let first = *self.firsts.get(&given.key)?;
        let Some(tie_break) = key.tie_break.filter(|_| self.entries[first].next.is_some()) else {
            return Some(first);
        };
        let decisive = |value: Option<&Value>| match value {
            None | Some(Value::Null) => tie_break.default.map(Value::from),
            Some(value) => Some(value.clone()),
        };
        let wanted = decisive(given.element.get(tie_break.field));
        let mut candidates = std::iter::successors(Some(first), |at| self.entries[*at].next);
        let fits = |at: &usize| decisive(self.elements[*at].get(tie_break.field)) == wanted;
        match wanted {
            // The patch leaves it open.
            None => Some(first),
            Some(_) => Some(candidates.find(fits).unwrap_or(first)),
        }
    }
}

/// R-161, last sentence: the patch's elements alone, unmerged.
fn replaced(request: &Request<'_>, list: &ListType, path: Path<'_>) -> Result<Array, MergeError> {
    let mut elements = Array::with_capacity(request.given.len());
    for given in &request.given {
        elements.push(cleaned(given.element, list, path.index(given.index))?);
    }
    let own_order = request.given_keys();
    Ok(order::arrange(elements, &order::ranks(&own_order, &[], &own_order)))
}

fn cleaned(element: &Map, list: &ListType, path: Path<'_>) -> Result<Map, MergeError> {
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
    check_objects(patch, Document::Patch, path)?;
    let mut request =
        Request { deleted: BTreeSet::new(), replaces: false, given: Vec::with_capacity(patch.len()) };
    for (index, element) in patch.iter().filter_map(Value::as_object).enumerate() {
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
                request.deleted.insert(key_of(element, Document::Patch, key, path)?);
            }
            Some(PatchWord::Merge) | None => {
                let key = key_of(element, Document::Patch, key, path)?;
                request.given.push(Given { index, key, element });
            }
        }
    }
    Ok(request)
}

/// # Errors
/// E-16 unless all elements are objects.
fn check_objects(list: &[Value], document: Document, path: Path<'_>) -> Result<(), MergeError> {
    if list.iter().all(Value::is_object) {
        return Ok(());
    }
    Err(mixed(document, path))
}

fn mixed(document: Document, path: Path<'_>) -> MergeError {
    MergeError::new(document, path, MergeProblem::MixedElements { wanted: "objects" })
}

/// The key of every element.
///
/// # Errors
/// E-15, E-16, and E-20 for a key that is no scalar.
pub(super) fn keys(
    list: &[Value],
    document: Document,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Vec<Key>, MergeError> {
    check_objects(list, document, path)?;
    let keys = list.iter().enumerate();
    keys.map(|(index, element)| key_of_value(element, index, document, key, path)).collect()
}

/// The key of an element of the list at `path`.
fn key_of_value(
    element: &Value,
    index: usize,
    document: Document,
    key: MergeKey,
    path: Path<'_>,
) -> Result<Key, MergeError> {
    let Value::Object(element) = element else { return Err(mixed(document, path)) };
    key_of(element, document, key, path.index(index))
}

/// The key of one element. A null is none.
fn key_of(element: &Map, document: Document, key: MergeKey, path: Path<'_>) -> Result<Key, MergeError> {
    match element.get(key.field) {
        None | Some(Value::Null) => {
            Err(MergeError::new(document, path, MergeProblem::NoMergeKey { key: key.field }))
        }
        Some(Value::Object(_) | Value::Array(_)) => {
            Err(MergeError::new(document, path.key(key.field), MergeProblem::KeyIsNoScalar))
        }
        Some(scalar) => Ok(Key::of(scalar)),
    }
}
