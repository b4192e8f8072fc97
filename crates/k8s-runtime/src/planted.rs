//! A deliberate defect for the simulation to find: deletes that do not say which object they mean (`lifecycle` X7).

use std::cell::Cell;

use serde_json::Value;

thread_local! {
    static BY_NAME: Cell<bool> = const { Cell::new(false) };
}

/// From now on, deletes of this thread go by name alone, or again by UID.
pub fn delete_by_name(planted: bool) {
    BY_NAME.set(planted);
}

/// What is sent instead of these options.
pub(crate) fn spoilt(mut options: Value) -> Value {
    if BY_NAME.get() {
        options["preconditions"] = Value::Null;
    }
    options
}
