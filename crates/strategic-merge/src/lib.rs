//! Kubernetes' strategic merge patch, and the reading of user-written Kubernetes objects, on JSON.
//!
//! Three functions over one table of types ([`schema`]): [`read()`] takes an object or a patch as a user
//! wrote it and refuses what does not fit; [`merge()`] applies a patch with nulls and directives (`$patch`,
//! `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`); [`normal_form()`] makes two
//! objects comparable. The rules are sections 3 and 7 of `docs/spec/job-manifest.md`, to which the ids R-,
//! E- and W- in this crate refer. What a function does not change it shares with its argument.
//!
//! The crate is pure, never panics, and knows only the types that a Job's pod reaches, in the Kubernetes
//! version that the table names. It makes no patches and resolves no conflicts between two of them.
//!
//! ```
//! use shared_json::{Value, list, object};
//! use strategic_merge::{merge, schema};
//!
//! let mut pod: Value = serde_json::from_str(
//!     r#"{
//!         "containers": [
//!             { "name": "app", "image": "app:1", "env": [{ "name": "MODE", "value": "slow" }] },
//!             { "name": "log", "image": "log:1" }
//!         ]
//!     }"#,
//! )?;
//! let patch: Value = serde_json::from_str(
//!     r#"{
//!         "containers": [
//!             { "name": "app", "env": [{ "name": "MODE", "value": "fast" }] },
//!             { "name": "log", "$patch": "delete" }
//!         ]
//!     }"#,
//! )?;
//! merge(&mut pod, &patch, &schema::table::POD_SPEC)?;
//! assert_eq!(pod, object! {
//!     "containers": list![object! {
//!         "name": "app",
//!         "image": "app:1",
//!         "env": list![object! { "name": "MODE", "value": "fast" }],
//!     }],
//! });
//!
//! // Every error names the place and the rule.
//! let patch = object! { "containers": list![object! { "image": "app:2" }] };
//! let error = merge(&mut pod, &patch, &schema::table::POD_SPEC).expect_err("which container?");
//! assert_eq!(error.rule(), "E-15");
//! assert_eq!(error.to_string(), "patch, at `containers[0]`: the element lacks its merge key `name`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod depth;
mod error;
mod merge;
mod normal_form;
mod path;
pub mod quantity;
#[cfg(feature = "random-cases")]
pub mod random_cases;
mod read;
mod rebuilt;
pub mod schema;

pub use depth::MAX_DEPTH;
pub use error::{Document, MergeError, MergeProblem, ReadError, ReadProblem};
pub use merge::merge;
pub use normal_form::normal_form;
pub use read::{Finding, Form, read};
