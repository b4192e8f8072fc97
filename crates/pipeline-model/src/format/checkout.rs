//! `checkout` of the pipeline and of steps (pipeline-format 8.5); the kubernetes plugin has another.

use super::{FROM_ONE, TEXT_OR_TEXTS};
use crate::shape::{Field, Form, ObjectType, Shape};

/// Git settings that Buildkite itself defines.
pub(super) static CHECKOUT: ObjectType = ObjectType::new(
    "checkout",
    "Checkout settings",
    "How the agent fetches the repository. The kubernetes plugin's own `checkout` has other keys, such as \
     `cloneFlags` and `gitMirrors`.",
    &[
        Field::new("skip", Shape::Boolish, "Whether to fetch nothing; `BUILDKITE_SKIP_CHECKOUT`. Write it without quotes.")
            .default("false")
            .examples(&["true"]),
        Field::new("submodules", Shape::Boolish, "Whether to fetch submodules; `BUILDKITE_GIT_SUBMODULES`.")
            .examples(&["false"]),
        Field::new("lfs", Shape::Boolish, "Whether to fetch large files; `BUILDKITE_GIT_LFS_ENABLED`.")
            .examples(&["true"]),
        Field::new("depth", FROM_ONE, "How much history to fetch. The agent must allow it, which it does not by default.")
            .unit("commits")
            .default_from("all of it")
            .examples(&["50"]),
        Field::new(
            "flags",
            Shape::Object(&FLAGS),
            "Flags for git, by command. The agent must allow them, which it does not by default.",
        )
        .examples(&[r#"{"clone": "--filter=blob:none"}"#]),
        Field::new("sparse", Shape::Object(&SPARSE), "Which directories to check out.")
            .examples(&[r#"{"paths": ["services/api", "libs"]}"#]),
        Field::new(
            "ssh_secret",
            Shape::Form(&Form {
                what: "a secret's name",
                pattern: Some("[A-Za-z][A-Za-z0-9_]*"),
                not: Some("^(?:[Bb][Uu][Ii][Ll][Dd][Kk][Ii][Tt][Ee]|[Bb][Kk])"),
                longest: Some(255),
            }),
            "Buildkite secret with the SSH key for fetching. Only steps have it.",
        )
        .examples(&[r#""DEPLOY_KEY""#]),
        Field::new(
            "commit_verification",
            Shape::Words(&["strict", "off", "warn", ""]),
            "What to do about a commit that is not on the branch. Agent 4 knows `strict` and `off`, agent 3 `warn` \
             and nothing.",
        )
        .examples(&[r#""strict""#]),
    ],
);

static FLAGS: ObjectType = ObjectType::new(
    "checkoutFlags",
    "Flags for git",
    "Flags by git command; those of a step and of the pipeline are joined by command.",
    &[
        Field::new("clone", Shape::Text, "For `git clone`.").examples(&[r#""--filter=blob:none""#]),
        Field::new("fetch", Shape::Text, "For `git fetch`.").examples(&[r#""-v --prune""#]),
        Field::new("checkout", Shape::Text, "For `git checkout`.").examples(&[r#""-f""#]),
        Field::new("clean", Shape::Text, "For `git clean`.").examples(&[r#""-ffxdq""#]),
    ],
);

static SPARSE: ObjectType = ObjectType::new(
    "sparseCheckout",
    "Sparse checkout",
    "Which directories to check out; a step's replace the pipeline's.",
    &[Field::new("paths", TEXT_OR_TEXTS, "Directories.").required().examples(&[r#"["services/api"]"#])],
);
