//! What may be written in a pipeline file, as tables: the top level, the attributes of each kind of step, and the
//! objects inside of them (pipeline-format 5 to 13, 15, 16).
//!
//! They are what editors get as a schema and what checks of a whole file can build on. [`crate::Pipeline`] reads
//! far less, on purpose: only what a job's pod depends on.

mod attributes;
mod checkout;
mod fields;
mod matrix;
mod notify;
mod retry;
mod steps;
mod top;

pub use self::attributes::ATTRIBUTES;
pub use self::steps::{KINDS, Kind};
pub use self::top::PIPELINE;
use crate::shape::{Field, Form, Shape, StepKind};

/// An attribute of steps.
#[derive(Debug)]
pub struct Attribute {
    /// The key with all that is known of it.
    pub field: Field,
    /// The kinds of steps that may have it. Where it means or holds another thing on another kind, that is
    /// another row.
    pub on: &'static [StepKind],
}

/// The attributes of one kind of step, in the order of the table.
pub fn attributes_of(kind: StepKind) -> impl Iterator<Item = &'static Field> {
    ATTRIBUTES.iter().filter(move |attribute| attribute.on.contains(&kind)).map(|attribute| &attribute.field)
}

const TEXTS: Shape = Shape::List(&Shape::Text);
/// One text, or a list of them.
const TEXT_OR_TEXTS: Shape = Shape::Either(&[Shape::Text, TEXTS]);
/// A mapping of anything that becomes text; null becomes the empty text.
const VARIABLES: Shape =
    Shape::Either(&[Shape::Map(&Shape::Either(&[Shape::Scalar, Shape::Null])), Shape::Null]);
/// An exit status of a process; -1 stands for an agent that was lost.
const EXIT_STATUS: Shape = Shape::Number(-1, 255);
const ANY_INTEGER: Shape = Shape::Number(i64::MIN, i64::MAX);
const FROM_ONE: Shape = Shape::Number(1, i64::MAX);

/// `skip` of steps and of matrix adjustments.
const SKIP: Shape = Shape::Either(&[
    Shape::Boolean,
    Shape::Form(&Form {
        what: "a reason of at most 70 characters",
        pattern: None,
        not: None,
        longest: Some(70),
    }),
]);
