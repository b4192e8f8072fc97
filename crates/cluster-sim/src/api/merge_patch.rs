//! JSON merge patches (RFC 7386).

use shared_json::{Map, Value};

/// Applies a patch: objects are merged, nulls remove, anything else replaces.
pub(crate) fn apply(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let mut target = match target {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            let before = target.get_mut(&key).map_or(Value::Null, Value::take);
            target.insert(key, apply(before, value));
        }
    }
    Value::Object(target)
}

#[cfg(test)]
mod tests {
    use shared_json::{list, object};

    use super::*;

    /// The cases of the RFC's appendix, by what they show.
    #[test]
    fn patches_are_merged() {
        let check = |target: Value, patch: Value, want: Value| assert_eq!(apply(target, patch), want);
        check(object! {"a": "b"}, object! {"a": "c"}, object! {"a": "c"});
        check(object! {"a": "b"}, object! {"b": "c"}, object! {"a": "b", "b": "c"});
        check(object! {"a": "b"}, object! {"a": Value::Null}, object! {});
        check(object! {"a": "b", "b": "c"}, object! {"a": Value::Null}, object! {"b": "c"});
        check(object! {"a": list!["b"]}, object! {"a": "c"}, object! {"a": "c"});
        check(object! {"a": "c"}, object! {"a": list!["b"]}, object! {"a": list!["b"]});
        check(
            object! {"a": object! {"b": "c"}},
            object! {"a": object! {"b": "d", "c": Value::Null}},
            object! {"a": object! {"b": "d"}},
        );
        check(object! {"a": list![object! {"b": "c"}]}, object! {"a": list![1]}, object! {"a": list![1]});
        check(list!["a", "b"], list!["c", "d"], list!["c", "d"]);
        check(object! {"a": "b"}, list!["c"], list!["c"]);
        check(object! {"a": "foo"}, Value::from("bar"), Value::from("bar"));
        check(object! {"e": Value::Null}, object! {"a": 1}, object! {"e": Value::Null, "a": 1});
        check(list![1, 2], object! {"a": "b", "c": Value::Null}, object! {"a": "b"});
        check(
            object! {},
            object! {"a": object! {"bb": object! {"ccc": Value::Null}}},
            object! {"a": object! {"bb": object! {}}},
        );
    }
}
