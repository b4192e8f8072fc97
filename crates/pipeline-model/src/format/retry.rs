//! `retry` and `soft_fail` (pipeline-format 7, 8.11).

use super::EXIT_STATUS;
use crate::shape::{Field, ObjectType, Shape};

const SIGNAL_REASON: Shape = Shape::Words(&[
    "*",
    "none",
    "cancel",
    "agent_stop",
    "agent_refused",
    "agent_incompatible",
    "process_run_error",
    "signature_rejected",
    "stack_error",
]);

/// `soft_fail` of command and trigger steps.
pub(super) const SOFT_FAIL: Shape =
    Shape::Either(&[Shape::Boolish, Shape::List(&Shape::Object(&SOFT_FAIL_STATUS))]);

static SOFT_FAIL_STATUS: ObjectType = ObjectType::new(
    "softFailStatus",
    "Exit status",
    "An exit status that does not fail the build.",
    &[Field::new(
        "exit_status",
        Shape::Either(&[EXIT_STATUS, Shape::Words(&["*"])]),
        "The exit status; `*` is any but 0.",
    )
    .required()
    .examples(&["42", r#""*""#])],
);

/// `retry` of command steps.
pub(super) static RETRY: ObjectType = ObjectType::new(
    "retry",
    "Retries",
    "Who may run a failed job again.",
    &[
        Field::new(
            "automatic",
            Shape::Either(&[
                Shape::Boolish,
                Shape::Object(&RULE),
                Shape::List(&Shape::Object(&RULE)),
            ]),
            "Retries without anybody's doing: the first rule that matches the failure counts. `true` means any \
             failure, twice.",
        )
        .examples(&["true", r#"[{"exit_status": -1, "limit": 2}, {"signal_reason": "stack_error", "limit": 1}]"#]),
        Field::new("manual", Shape::Either(&[Shape::Boolish, Shape::Object(&MANUAL)]), "Retries by hand.")
            .default("true")
            .examples(&["false", r#"{"allowed": false, "reason": "deploys only once"}"#]),
    ],
)
.examples(&[r#"{"automatic": [{"exit_status": -1, "limit": 2}]}"#]);

static RULE: ObjectType = ObjectType::new(
    "retryRule",
    "Retry rule",
    "All conditions of a rule must hold.",
    &[
        Field::new(
            "exit_status",
            Shape::Either(&[EXIT_STATUS, Shape::List(&EXIT_STATUS), Shape::Words(&["*"])]),
            "Exit statuses; -1 is an agent that was lost, `*` any but 0.",
        )
        .default(r#""*""#)
        .examples(&["-1", "[1, 255]"]),
        Field::new(
            "signal",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Signals that ended the command, with or without `SIG`; `none` is no signal.",
        )
        .default(r#""*""#)
        .examples(&[r#""SIGKILL""#]),
        Field::new(
            "signal_reason",
            Shape::Either(&[SIGNAL_REASON, Shape::List(&SIGNAL_REASON)]),
            "Why the command was ended. `stack_error` is what the controller reports when it could not run the pod.",
        )
        .default(r#""*""#)
        .examples(&[r#""stack_error""#]),
        Field::new("limit", Shape::Number(0, 10), "How often at most; 0 is never.")
            .unit("retries")
            .default("2")
            .examples(&["2"]),
    ],
);

static MANUAL: ObjectType = ObjectType::new(
    "manualRetry",
    "Retries by hand",
    "Whether somebody may run the job again.",
    &[
        Field::new("allowed", Shape::Boolish, "Whether it may be run again.")
            .default("true")
            .examples(&["false"]),
        Field::new("permit_on_passed", Shape::Boolish, "Whether also after it has passed.")
            .examples(&["true"]),
        Field::new("reason", Shape::Text, "Shown where it is not allowed.")
            .examples(&[r#""deploys only once""#]),
    ],
);
