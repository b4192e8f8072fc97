//! Fields of block and input steps (pipeline-format 10).

use super::TEXT_OR_TEXTS;
use crate::shape::{Field, Form, ObjectType, Shape};

/// A field that is filled in, told apart by `select` and `text`.
pub(super) const FIELD: Shape = Shape::ByKey(&[("select", &SELECT_FIELD), ("text", &TEXT_FIELD)]);

const KEY: Shape = Shape::Form(&Form {
    what: "a meta-data key of letters, digits, `-`, `_` and `/`",
    pattern: Some("[A-Za-z0-9_/-]+"),
    not: None,
    longest: None,
});
const KEY_DOC: &str = "Meta-data key under which the answer is kept.";
const HINT_DOC: &str = "Explanation below the field.";
const REQUIRED_DOC: &str = "Whether the field must be filled in.";

static TEXT_FIELD: ObjectType = ObjectType::new(
    "textField",
    "Text field",
    "A field for text.",
    &[
        Field::new("text", Shape::Text, "The field's label.").required().examples(&[r#""Version""#]),
        Field::new("key", KEY, KEY_DOC).required().examples(&[r#""version""#]),
        Field::new("hint", Shape::Text, HINT_DOC).examples(&[r#""Such as 1.4.0""#]),
        Field::new("required", Shape::Boolish, REQUIRED_DOC).default("true").examples(&["false"]),
        Field::new("default", Shape::Text, "What the field holds at first.").examples(&[r#""1.0.0""#]),
        Field::new("format", Shape::Text, "A regular expression that the whole answer must match.")
            .examples(&[r#""[0-9]+[.][0-9]+[.][0-9]+""#]),
    ],
)
.examples(&[r#"{"text": "Version", "key": "version"}"#]);

static SELECT_FIELD: ObjectType = ObjectType::new(
    "selectField",
    "Select field",
    "A field with options to choose from.",
    &[
        Field::new("select", Shape::Text, "The field's label.").required().examples(&[r#""Target""#]),
        Field::new("key", KEY, KEY_DOC).required().examples(&[r#""target""#]),
        Field::new("options", Shape::Filled(&Shape::Object(&OPTION)), "What can be chosen.")
            .required()
            .examples(&[r#"[{"label": "Production", "value": "prod"}]"#]),
        Field::new("hint", Shape::Text, HINT_DOC).examples(&[r#""Staging is rebuilt every night""#]),
        Field::new("required", Shape::Boolish, REQUIRED_DOC).default("true").examples(&["false"]),
        Field::new(
            "default",
            TEXT_OR_TEXTS,
            "Value of the option chosen at first; a list where `multiple` is true.",
        )
        .examples(&[r#""staging""#]),
        Field::new("multiple", Shape::Boolish, "Whether several options can be chosen.")
            .default("false")
            .examples(&["true"]),
    ],
)
.examples(&[
    r#"{"select": "Target", "key": "target", "options": [{"label": "Production", "value": "prod"}]}"#,
]);

static OPTION: ObjectType = ObjectType::new(
    "selectOption",
    "Option",
    "An option of a select field.",
    &[
        Field::new("label", Shape::Text, "What is shown.").required().examples(&[r#""Production""#]),
        Field::new("value", Shape::Text, "What is kept as meta-data.").required().examples(&[r#""prod""#]),
        Field::new("hint", Shape::Text, "Explanation below the option.")
            .examples(&[r#""Needs an approval""#]),
        Field::new("required", Shape::Boolish, "Whether the option must be chosen.").examples(&["false"]),
    ],
);
