//! Metadata of every kind.

use shared_json::{Map, Text, Value};

use super::{not_negative, words as judge};
use crate::deletion::{FOREGROUND, ORPHAN};
use crate::kind::Kind;
use crate::object;
use crate::refusal::Cause;
use crate::selector::words;

/// Most that all annotations of an object may be together, in bytes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

pub(super) fn check(kind: Kind, object: &Value, wrong: &mut Vec<Cause>) {
    let is_label = kind == Kind::Namespace;
    let judge_name = |text: &str| if is_label { words::label(text) } else { words::subdomain(text) };
    let prefix = object::text(object, &["metadata", "generateName"]);
    if !prefix.is_empty() {
        // What follows the prefix may make up for a dash at its end.
        let whole = prefix.strip_suffix('-').map_or_else(|| prefix.to_owned(), |start| format!("{start}a"));
        judge("metadata.generateName", prefix, judge_name(&whole), wrong);
    }
    let name = object::name(object);
    if name.is_empty() {
        wrong.push(Cause::required("metadata.name", "name or generateName is required"));
    } else {
        judge("metadata.name", name, judge_name(name), wrong);
    }
    not_negative(&object["metadata"], "generation", "metadata", wrong);
    check_labels(object::at(object, &["metadata", "labels"]), "metadata.labels", wrong);
    check_annotations(object::at(object, &["metadata", "annotations"]), "metadata.annotations", wrong);
    check_owners(object, wrong);
    check_finalizers(object, wrong);
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&Text, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

pub(super) fn check_labels(labels: Option<&Value>, path: &str, wrong: &mut Vec<Cause>) {
    for (key, value) in members(labels) {
        judge(path, key, words::label_key(key), wrong);
        let value = value.as_str().unwrap_or_default();
        judge(path, value, words::label_value(value), wrong);
    }
}

pub(super) fn check_annotations(annotations: Option<&Value>, path: &str, wrong: &mut Vec<Cause>) {
    let mut size = 0;
    for (key, value) in members(annotations) {
        judge(path, key, words::label_key(&key.to_lowercase()), wrong);
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > ANNOTATIONS_MAX {
        wrong.push(Cause::too_long(path, ANNOTATIONS_MAX));
    }
}

fn check_owners(object: &Value, wrong: &mut Vec<Cause>) {
    let path = "metadata.ownerReferences";
    let owners = object::at(object, &["metadata", "ownerReferences"]).and_then(Value::as_array);
    let mut controller: Option<String> = None;
    for owner in owners.into_iter().flatten() {
        for (key, why) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if object::text(owner, &[key]).is_empty() {
                wrong.push(Cause::invalid(&format!("{path}.{key}"), &"".into(), why));
            }
        }
        if owner["controller"] == true {
            let this = format!("{}/{}", object::text(owner, &["kind"]), object::text(owner, &["name"]));
            if let Some(first) = &controller {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                     and {this}"
                );
                wrong.push(Cause::invalid(path, &object["metadata"]["ownerReferences"], &why));
            } else {
                controller = Some(this);
            }
        }
    }
}

fn check_finalizers(object: &Value, wrong: &mut Vec<Cause>) {
    let path = "metadata.finalizers";
    for finalizer in object::finalizers(object) {
        judge(path, finalizer, words::label_key(finalizer), wrong);
    }
    let has = |wanted: &str| object::finalizers(object).any(|finalizer| finalizer == wanted);
    if has(ORPHAN) && has(FOREGROUND) {
        let why = format!("finalizer {ORPHAN} and {FOREGROUND} cannot be both set");
        wrong.push(Cause::invalid(path, &object["metadata"]["finalizers"], &why));
    }
}

/// A finalizer without a domain is one of a few; leases, which are checked by the common rules alone, take any.
pub(super) fn check_standard(kind: Kind, object: &Value, wrong: &mut Vec<Cause>) {
    if kind == Kind::Lease {
        return;
    }
    for (index, finalizer) in object::finalizers(object).enumerate() {
        if !finalizer.contains('/') && !["kubernetes", ORPHAN, FOREGROUND].contains(&finalizer) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            wrong.push(Cause::invalid(
                &format!("metadata.finalizers[{index}]"),
                &Text::copied(finalizer).into(),
                why,
            ));
        }
    }
}

/// What of the metadata may not change, and what is checked once more whenever something does.
pub(super) fn check_change(object: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    if object::is_deleting(existing) {
        let is_new = |finalizer: &&str| !object::finalizers(existing).any(|known| known == *finalizer);
        let mut new: Vec<&str> = object::finalizers(object).filter(is_new).collect();
        new.sort_unstable();
        if !new.is_empty() {
            let list: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            wrong.push(Cause::forbidden("metadata.finalizers", &why));
        }
    }
    for key in
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"]
    {
        let (new, old) = (&object["metadata"][key], &existing["metadata"][key]);
        if new != old {
            wrong.push(Cause::invalid(&format!("metadata.{key}"), new, "field is immutable"));
        }
    }
    check_labels(object::at(object, &["metadata", "labels"]), "metadata.labels", wrong);
    check_annotations(object::at(object, &["metadata", "annotations"]), "metadata.annotations", wrong);
    check_owners(object, wrong);
}
