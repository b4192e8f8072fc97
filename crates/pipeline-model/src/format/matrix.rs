//! `matrix` (pipeline-format 15).

use super::SKIP;
use super::retry::SOFT_FAIL;
use crate::shape::{Field, Named, ObjectType, Shape};

const VALUES: Shape = Shape::List(&Shape::Scalar);

/// One step, several jobs.
pub(super) static MATRIX: Named = Named {
    name: "matrix",
    title: "Matrix",
    doc: "One job for each combination of values. `{{matrix}}`, or `{{matrix.name}}` with named dimensions, stands \
          for the job's value in `command`, `label`, `env`, `plugins` and `agents`.",
    shape: Shape::Either(&[VALUES, Shape::Object(&DIMENSIONS)]),
    examples: &[
        r#"["linux", "darwin"]"#,
        r#"{"setup": {"os": ["linux", "darwin"], "arch": ["amd64", "arm64"]}}"#,
    ],
};

static DIMENSIONS: ObjectType = ObjectType::new(
    "matrixDimensions",
    "Dimensions",
    "Dimensions of a matrix and what differs for some combinations.",
    &[
        Field::new(
            "setup",
            Shape::Either(&[VALUES, Shape::Map(&VALUES)]),
            "The values: a list, or a mapping of dimensions to lists. A list may be empty if adjustments supply values.",
        )
        .required()
        .examples(&[r#"{"os": ["linux", "darwin"]}"#, r#"["a", "b"]"#]),
        Field::new(
            "adjustments",
            Shape::List(&Shape::Object(&ADJUSTMENT)),
            "Combinations that are added, left out or may fail.",
        )
        .examples(&[r#"[{"with": {"os": "darwin"}, "soft_fail": true}]"#]),
    ],
);

static ADJUSTMENT: ObjectType = ObjectType::new(
    "matrixAdjustment",
    "Adjustment",
    "What differs for one combination. One that is not in `setup` is added.",
    &[
        Field::new(
            "with",
            Shape::Either(&[Shape::Scalar, Shape::Map(&Shape::Scalar), VALUES]),
            "The combination: a value, or a mapping that names every dimension.",
        )
        .required()
        .examples(&[r#"{"os": "darwin"}"#, r#""a""#]),
        Field::new("skip", SKIP, "Whether to leave the combination out, or why.").examples(&["true"]),
        Field::new("soft_fail", SOFT_FAIL, "Whether the combination may fail.").examples(&["true"]),
    ],
);
