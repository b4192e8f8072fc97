//! YAML exactly as the Buildkite agent reads it, each node with its place in the file.
//!
//! Parsing is `granit-parser`'s; everything that gives the events a meaning is here: which scalar is
//! a number, what an anchor stands for, how `<<` merges, which of two equal keys counts, what a
//! number looks like once it is text. JSON is a part of YAML and goes through the same reader.
//!
//! The crate has no opinions about what a document should hold, reads no files and knows no schema.
//!
//! ```
//! use yaml_source::{parse, Dialect};
//!
//! let documents = parse("pipeline.yml", "steps:\n- command: make\n", Dialect::Pipeline)?;
//! let steps = documents[0].root().get("steps").expect("given above");
//! assert_eq!(steps.span().to_string(), "2:1");
//! assert_eq!(steps.to_json().to_string(), r#"[{"command":"make"}]"#);
//! # Ok::<(), yaml_source::YamlError>(())
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod error;
mod json;
mod load;
mod mapping;
mod nearest;
mod node;
mod number;
mod replace;
mod scalar;
mod span;
mod tabs;
mod timestamp;

pub use error::YamlError;
pub use load::parse;
pub use nearest::nearest;
pub use node::{Document, Duplicate, Entry, Key, Mapping, Node, Style};
pub use number::{float_key_text, float_text};
pub use scalar::{Dialect, Scalar};
pub use span::Span;
