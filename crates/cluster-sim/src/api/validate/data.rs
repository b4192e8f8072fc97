//! Secrets and ConfigMaps.

use shared_json::{Map, Value};

use super::words as judge;
use crate::kind::Kind;
use crate::object;
use crate::refusal::Cause;
use crate::selector::words;

/// Most that all values of an object may be together, in bytes.
const DATA_MAX: usize = 1024 * 1024;

pub(super) fn check(kind: Kind, object: &Value, wrong: &mut Vec<Cause>) {
    let mut size = 0;
    for bag in ["data", "binaryData"] {
        let is_encoded = kind == Kind::Secret || bag == "binaryData";
        for (key, value) in object.get(bag).and_then(Value::as_object).into_iter().flat_map(Map::iter) {
            judge(&format!("{bag}[{key}]"), key, words::config_key(key), wrong);
            if bag == "data" && object["binaryData"].get(key).is_some() {
                let why = "duplicate of key present in binaryData";
                wrong.push(Cause::invalid(&format!("data[{key}]"), &key.into(), why));
            }
            let length = value.as_str().unwrap_or_default().len();
            size += if is_encoded { length * 3 / 4 } else { length };
        }
    }
    if size > DATA_MAX {
        let path = if kind == Kind::Secret { "data" } else { "" };
        wrong.push(Cause::too_long(path, DATA_MAX));
    }
}

pub(super) fn check_change(kind: Kind, object: &Value, existing: &Value, wrong: &mut Vec<Cause>) {
    if kind == Kind::Secret && object["type"] != existing["type"] {
        wrong.push(Cause::invalid("type", &object["type"], "field is immutable"));
    }
    if existing["immutable"] != true {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if object["immutable"] != true {
        wrong.push(Cause::forbidden("immutable", why));
    }
    for bag in ["data", "binaryData"] {
        if object::at(object, &[bag]) != object::at(existing, &[bag]) {
            wrong.push(Cause::forbidden(bag, why));
        }
    }
}
