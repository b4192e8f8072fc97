//! Entries of a patch for containers that do not exist while it is applied (job-manifest ).

use shared_json::{Text, Value, list, object};
use strategic_merge::schema::table;
use strategic_merge::{Document, MergeError};

use super::problem::patch_problem;
use super::{Author, guard};
use crate::draft::{CHECKOUT, is_image_check};
use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list_mut, text};

/// An entry for an image check, kept until the checks exist.
pub(crate) struct ImageCheckEntry {
    author: Author,
    /// Where it stands in the patch's list.
    index: usize,
    entry: Value,
}

impl ImageCheckEntry {
    /// The check that it is for.
    pub(crate) fn name(&self) -> &str {
        text(as_object(&self.entry), "name")
    }

    /// Where it stands, such as `podSpecPatch.initContainers[0]`.
    pub(crate) fn path(&self) -> String {
        format!("{}.{INIT_CONTAINERS}[{}]", self.author.key(), self.index)
    }

    /// Merges it onto its check, by the rules of the list that it was written in; `None` if that deletes
    /// the check.
    ///
    /// # Errors
    /// E-15 to E-20.
    pub(crate) fn merge_onto(&self, check: &Value) -> Result<Option<Value>, BuildError> {
        let mut pod = alone(check);
        self.merge_into(&mut pod).map_err(|error| patch_problem(&error, self.author))?;
        Ok(pod[INIT_CONTAINERS].get(0).cloned())
    }

    /// Whatever an entry meets, and be it nothing: it has to be well-formed.
    fn check(&self) -> Result<(), BuildError> {
        self.merge_into(&mut Object::new().into()).map_err(|error| patch_problem(&error, self.author))
    }

    /// Errors tell the place in the patch as it was written.
    fn merge_into(&self, pod: &mut Value) -> Result<(), MergeError> {
        strategic_merge::merge(pod, &alone(&self.entry), &table::POD_SPEC).map_err(|mut error| {
            let place = error.path.strip_prefix(INIT_CONTAINERS).and_then(|rest| rest.strip_prefix("[0]"));
            if let (Document::Patch, Some(rest)) = (error.document, place) {
                error.path = format!("{INIT_CONTAINERS}[{}]{rest}", self.index);
            }
            error
        })
    }
}

/// A pod with one init container.
fn alone(container: &Value) -> Value {
    object! { INIT_CONTAINERS: list![container] }
}

/// Takes out entries for image checks, which come later, and for a checkout that is skipped, which never
/// comes. They leave an entry that does nothing in their place, so that all others keep theirs.
///
/// # Errors
/// E-14 if `guarded`, and E-15 to E-20 for an entry that is kept.
pub(super) fn set_aside(
    patch: &mut Object,
    author: Author,
    skip_checkout: bool,
    guarded: bool,
) -> Result<Vec<ImageCheckEntry>, BuildError> {
    let discarded = if skip_checkout { take(patch, CONTAINERS, |name| name == CHECKOUT) } else { Vec::new() };
    let kept = take(patch, INIT_CONTAINERS, is_image_check);
    if guarded {
        for (list, entries) in [(CONTAINERS, &discarded), (INIT_CONTAINERS, &kept)] {
            for (index, entry) in entries {
                if let Some(member) = command_member(entry) {
                    let place = format!("{list}[{index}].{member}");
                    return Err(guard::refusal(text(as_object(entry), "name"), author, &place));
                }
            }
        }
    }
    let kept: Vec<_> =
        kept.into_iter().map(|(index, entry)| ImageCheckEntry { author, index, entry }).collect();
    for entry in &kept {
        entry.check()?;
    }
    Ok(kept)
}

/// The entries of a list whose names are asked for, with their places. The names leave the list's order too.
fn take(patch: &mut Object, list: &'static str, asked_for: impl Fn(&str) -> bool) -> Vec<(usize, Value)> {
    let is_asked_for =
        |entry: &Value| asked_for(entry.get("name").and_then(Value::as_str).unwrap_or_default());
    let order = format!("$setElementOrder/{list}");
    if patch.get(&order).and_then(Value::as_array).is_some_and(|order| order.iter().any(is_asked_for))
        && let Some(Value::Array(order)) = patch.get_mut(&order)
    {
        order.retain(|entry| !is_asked_for(entry));
    }
    let entries = patch.get(list).and_then(Value::as_array).map_or(&[][..], |entries| entries);
    let taken: Vec<(usize, Value)> =
        entries.iter().cloned().enumerate().filter(|(_, entry)| is_asked_for(entry)).collect();
    if !taken.is_empty() {
        let entries = list_mut(patch, list).make_mut();
        for (index, entry) in &taken {
            entries[*index] = nothing(entry);
        }
    }
    taken
}

/// An entry that does nothing: there is no container of such a name to delete.
fn nothing(entry: &Value) -> Value {
    object! { "name": &entry["name"], "$patch": "delete" }
}

/// The first member of an entry that says something about `command` or `args`: the field itself, whatever
/// its value, a directive for it, or a list of the fields to keep that leaves one of them out.
pub(crate) fn command_member(entry: &Value) -> Option<&str> {
    let says = |(key, value): &(&Text, &Value)| match key.rsplit('/').next() {
        Some("command" | "args") => true,
        Some("$retainKeys") => ["command", "args"].iter().any(|field| !keeps(value, field)),
        _ => false,
    };
    entry.as_object()?.iter().find(says).map(|(key, _)| key.as_str())
}

/// Whether a `$retainKeys` names a field; one that is no list is refused elsewhere.
fn keeps(retained: &Value, field: &str) -> bool {
    retained.as_array().is_none_or(|fields| fields.iter().any(|kept| *kept == *field))
}
