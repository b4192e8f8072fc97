//! JSON patches (RFC 6902).

use shared_json::Value;

use crate::refusal::Refusal;

/// More operations than this are refused.
const MOST_OPERATIONS: usize = 10_000;

/// The patch cannot be carried out on this object.
struct Failed;

/// Whether the patch makes sure of what stands at one of these places.
pub(crate) fn tests(patch: &Value, paths: &[&str]) -> bool {
    patch
        .as_array()
        .into_iter()
        .flatten()
        .any(|operation| operation["op"] == "test" && paths.iter().any(|path| operation["path"] == *path))
}

/// Applies all operations or none.
///
/// # Errors
///
/// 400 for what is no patch; 422 when an operation fails, a `test` above all.
pub(crate) fn apply(mut target: Value, patch: &Value) -> Result<Value, Refusal> {
    let Some(operations) = patch.as_array() else {
        return Err(Refusal::bad_request("error decoding patch: the patch is no list of operations"));
    };
    if operations.len() > MOST_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(Refusal::new(413, "RequestEntityTooLarge", message));
    }
    if operations.iter().any(|operation| !operation.is_object()) {
        return Err(Refusal::bad_request("error decoding patch: an operation is no object"));
    }
    for operation in operations {
        step(&mut target, operation).map_err(|Failed| super::generic(422))?;
    }
    Ok(target)
}

fn step(target: &mut Value, operation: &Value) -> Result<(), Failed> {
    let word = |key: &str| operation.get(key).and_then(Value::as_str).ok_or(Failed);
    let path = parse(word("path")?)?;
    let value = || operation.get("value").cloned().ok_or(Failed);
    match word("op")? {
        "add" => add(target, &path, value()?),
        "remove" => remove(target, &path).map(drop),
        "replace" => {
            let value = value()?;
            replace(target, &path, value)
        }
        "move" => {
            let from = parse(word("from")?)?;
            if path.len() > from.len() && path.starts_with(&from) {
                return Err(Failed);
            }
            let value = remove(target, &from)?;
            add(target, &path, value)
        }
        "copy" => {
            let value = find(target, &parse(word("from")?)?)?.clone();
            add(target, &path, value)
        }
        "test" => {
            let wanted = operation.get("value").unwrap_or(&Value::Null);
            let found = find(target, &path);
            let holds = match found {
                Ok(found) => *found == *wanted,
                Err(Failed) => wanted.is_null(),
            };
            if holds { Ok(()) } else { Err(Failed) }
        }
        _ => Err(Failed),
    }
}

/// The parts of a pointer; none for the whole document.
fn parse(pointer: &str) -> Result<Vec<String>, Failed> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or(Failed)?;
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

fn position(part: &str, length: usize) -> Result<usize, Failed> {
    let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
    let index: usize = if plain { part.parse().map_err(|_| Failed)? } else { return Err(Failed) };
    if index < length { Ok(index) } else { Err(Failed) }
}

fn find<'a>(target: &'a mut Value, path: &[String]) -> Result<&'a mut Value, Failed> {
    path.iter().try_fold(target, |value, part| match value {
        Value::Object(members) => members.get_mut(part).ok_or(Failed),
        Value::Array(items) => {
            let index = position(part, items.len())?;
            Ok(&mut items.make_mut()[index])
        }
        _ => Err(Failed),
    })
}

fn add(target: &mut Value, path: &[String], value: Value) -> Result<(), Failed> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find(target, parents)? {
        Value::Object(members) => {
            members.insert(last.clone(), value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let index = position(last, items.len() + 1)?;
            items.insert(index, value);
        }
        _ => return Err(Failed),
    }
    Ok(())
}

/// Unlike what the standard says, a member that is not there is added: so the real server's library has it.
fn replace(target: &mut Value, path: &[String], value: Value) -> Result<(), Failed> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find(target, parents)? {
        Value::Object(members) => {
            members.insert(last.clone(), value);
        }
        Value::Array(items) => {
            let index = position(last, items.len())?;
            items.make_mut()[index] = value;
        }
        _ => return Err(Failed),
    }
    Ok(())
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value, Failed> {
    let (last, parents) = path.split_last().ok_or(Failed)?;
    match find(target, parents)? {
        Value::Object(members) => members.remove(last).ok_or(Failed),
        Value::Array(items) => {
            let index = position(last, items.len())?;
            Ok(items.remove(index))
        }
        _ => Err(Failed),
    }
}

#[cfg(test)]
mod tests {
    use shared_json::{list, object};

    use super::*;

    #[test]
    fn operations_are_carried_out_in_order() {
        let check =
            |target: Value, patch: Value, want: Value| assert_eq!(apply(target, &patch).unwrap(), want);
        check(
            object! {"a": 1},
            list![object! {"op": "add", "path": "/b", "value": 2}],
            object! {"a": 1, "b": 2},
        );
        check(list![1, 3], list![object! {"op": "add", "path": "/1", "value": 2}], list![1, 2, 3]);
        check(list![1], list![object! {"op": "add", "path": "/-", "value": 2}], list![1, 2]);
        check(object! {"a": 1}, list![object! {"op": "remove", "path": "/a"}], object! {});
        check(
            object! {"a/b": 1},
            list![object! {"op": "replace", "path": "/a~1b", "value": 2}],
            object! {"a/b": 2},
        );
        check(object! {"a": 1}, list![object! {"op": "move", "from": "/a", "path": "/b"}], object! {"b": 1});
        check(
            object! {"a": 1},
            list![object! {"op": "copy", "from": "/a", "path": "/b"}],
            object! {"a": 1, "b": 1},
        );
        let guarded = list![
            object! {"op": "test", "path": "/a", "value": 1},
            object! {"op": "replace", "path": "/a", "value": 2}
        ];
        check(object! {"a": 1}, guarded, object! {"a": 2});
        check(
            object! {"a": 1},
            list![object! {"op": "replace", "path": "/b", "value": 2}],
            object! {"a": 1, "b": 2},
        );
    }

    #[test]
    fn what_cannot_be_done_changes_nothing() {
        let check =
            |patch: Value, want: u16| assert_eq!(apply(object! {"a": 1}, &patch).unwrap_err().code, want);
        check(list![object! {"op": "test", "path": "/a", "value": 2}], 422);
        check(list![object! {"op": "remove", "path": "/b"}], 422);
        check(list![object! {"op": "replace", "path": "/b/c", "value": 1}], 422);
        check(list![object! {"op": "add", "path": "/b/c", "value": 1}], 422);
        check(list![object! {"op": "dance", "path": "/a"}], 422);
        check(list![object! {"op": "add", "path": "a", "value": 1}], 422);
        check(object! {"a": 1}, 400);
        check(list![1], 400);
    }
}
