//! The top level (pipeline-format 5).

use super::attributes::{AGENTS, CACHE, SECRETS};
use super::checkout::CHECKOUT;
use super::notify::BUILD_NOTIFICATIONS;
use super::{ANY_INTEGER, VARIABLES};
use crate::shape::{Field, ObjectType, Shape, Within};

/// A pipeline that is a mapping; a bare list counts as its `steps`.
pub static PIPELINE: ObjectType = ObjectType::new(
    "pipeline",
    "A pipeline",
    "The steps of a build and what they have in common. Other keys have no meaning here and are good for anchors.",
    FIELDS,
)
.open()
.examples(&[r#"{"agents": {"queue": "kubernetes"}, "steps": [{"command": "make"}, "wait", {"command": "make deploy"}]}"#]);

const FIELDS: &[Field] = &[
    Field::new(
        "steps",
        Shape::Either(&[Shape::Steps(Within::Pipeline), Shape::Null]),
        "What the build does. Steps run side by side unless a wait, a block or a dependency stands between them.",
    )
    .required()
    .examples(&[r#"[{"command": "make"}, "wait", {"command": "make deploy"}]"#]),
    Field::new(
        "env",
        VARIABLES,
        "Environment variables of all command steps. They are known to the variables in this file, from top to \
         bottom. Values become text; quote what should keep its spelling, such as \"1.20\".",
    )
    .examples(&[r#"{"GO_VERSION": "1.25", "DEBUG": true}"#]),
    Field::new("agents", AGENTS, "Which agents run the steps that say nothing about it themselves.")
        .examples(&[r#"{"queue": "kubernetes"}"#]),
    Field::new("notify", Shape::List(&BUILD_NOTIFICATIONS), "Whom to tell about the build.")
        .examples(&[r##"[{"slack": "#builds", "if": "build.state == \"failed\""}]"##]),
    Field::new("secrets", SECRETS, "Buildkite secrets for all command steps; a step's own are added.")
        .examples(&[r#"["API_KEY"]"#]),
    Field::new("image", Shape::Text, "Container image of the command steps that say nothing about it themselves.")
        .since("agent-stack-k8s 0.30.1")
        .examples(&[r#""alpine:3.20""#]),
    Field::new("priority", ANY_INTEGER, "Priority of the jobs of all steps; higher runs first. A step's own wins.")
        .default("0")
        .examples(&["5"]),
    Field::new("cache", CACHE, "Cache volume of all command steps. Only hosted agents have one.")
        .examples(&[r#""node_modules""#]),
    Field::new(
        "checkout",
        Shape::Object(&CHECKOUT),
        "How the repository is fetched; a step's own settings win, key by key. `ssh_secret` has no effect here.",
    )
    .since("buildkite-agent 3.136")
    .examples(&[r#"{"depth": 50}"#]),
];
