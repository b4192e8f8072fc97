//! JSON whose parts are shared until they change.
//!
//! A [`Value`] is what `serde_json::Value` is, with the same names for the same things, but a copy of it
//! costs nothing: texts, lists and objects are counted references, and whoever changes one that others
//! still hold changes a copy of that one list or object, not of what is inside it. Texts that stand in the
//! program, such as the names of fields, are not copied at all ([`Text`]).
//!
//! What differs from `serde_json`:
//!
//! - `&'static str` becomes a text as it is; a text that is borrowed for less is copied by name
//!   ([`Text::copied`]), so that each copy can be seen in the code.
//! - To change a list, say so: [`Array::make_mut`]. Reading through `&` never copies.
//! - Writing to an index, `value["spec"]["suspend"] = true.into()`, makes the objects on the way, as there.
//! - Objects keep the order in which they were written. Up to [`Map::LINEAR`] members are looked up one by
//!   one; larger objects have an index, so that hostile input makes nothing slower than it makes itself.
//!
//! ```
//! use shared_json::{Value, list, object};
//!
//! let image = object! { "image": "app:1", "env": list![] };
//! let mut other = image.clone();
//! other["tty"] = true.into();
//! assert_eq!(image.to_string(), r#"{"image":"app:1","env":[]}"#);
//! assert_eq!(other["tty"], true);
//!
//! let read: Value = serde_json::from_str(r#"{"env":[],"image":"app:1"}"#)?;
//! assert_eq!(read, image, "the order of the keys makes no difference");
//! # Ok::<(), serde_json::Error>(())
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod array;
mod convert;
mod macros;
mod map;
mod read;
mod text;
mod value;
mod write;

pub use array::Array;
pub use map::Map;
pub use serde_json::Number;
pub use text::Text;
pub use value::{Place, Value};
