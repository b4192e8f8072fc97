//! Objects and lists as literals.

/// An object: keys that stand in the program, and anything that a [`Value`](crate::Value) is made from.
/// Keys are literals or names of constants.
#[macro_export]
macro_rules! object {
    ($($key:tt : $value:expr),* $(,)?) => {
        $crate::Value::Object($crate::Map::from([
            $(($crate::Text::from_static($key), $crate::Value::from($value))),*
        ]))
    };
}

/// A list of anything that a [`Value`](crate::Value) is made from.
#[macro_export]
macro_rules! list {
    () => { $crate::Value::Array($crate::Array::new()) };
    ($($element:expr),+ $(,)?) => {
        $crate::Value::Array($crate::Array::from([$($crate::Value::from($element)),+]))
    };
}
