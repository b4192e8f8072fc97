//! `notify` (pipeline-format 13).

use super::TEXTS;
use crate::shape::{Field, ObjectType, Shape};

const BARE: Shape = Shape::Words(&["github_check", "github_commit_status"]);
/// An entry of the pipeline's list, or of a group's.
pub(super) const BUILD_NOTIFICATIONS: Shape = Shape::Either(&[BARE, Shape::Object(&BUILD)]);
/// An entry of a command step's list.
pub(super) const STEP_NOTIFICATIONS: Shape = Shape::Either(&[BARE, Shape::Object(&STEP)]);

const SLACK_TARGET: Shape = Shape::Either(&[Shape::Text, Shape::Object(&SLACK_MESSAGE)]);
const SLACK: Field = Field::new(
    "slack",
    SLACK_TARGET,
    "A Slack channel or person: `#channel`, `@user`, `workspace#channel` or a Slack id. Quote it.",
)
.examples(&[r##""#builds""##, r##"{"channels": ["#builds"], "message": "deployed"}"##]);
const BASECAMP: Field = Field::new("basecamp_campfire", Shape::Text, "URL of a Basecamp chatbot.")
    .examples(&[r#""https://3.basecamp.com/1/integrations/2/buckets/3/chats/4/lines""#]);
const CHECK: Field =
    Field::new("github_check", Shape::Object(&GITHUB_CHECK), "A check on the commit at GitHub.")
        .examples(&[r#"{"name": "tests"}"#]);
const BUILD_IF: Field =
    Field::new("if", Shape::Text, "Only if this condition holds; at this level `build.state` is known.")
        .examples(&[r#""build.state == \"failed\"""#]);
const STEP_IF: Field =
    Field::new("if", Shape::Text, "Only if this condition holds; at this level `step.outcome` is known.")
        .examples(&[r#""step.outcome == \"hard_failed\"""#]);

static BUILD: ObjectType = ObjectType::new(
    "buildNotification",
    "Notification",
    "Exactly one service, and the condition under which it is told.",
    &[
        Field::new("email", Shape::Text, "One mail address.").examples(&[r#""dev@example.com""#]),
        BASECAMP,
        SLACK,
        Field::new("webhook", Shape::Text, "URL that gets the build as JSON.")
            .examples(&[r#""https://hooks.example.com/build""#]),
        Field::new("pagerduty_change_event", Shape::Text, "Integration key of a PagerDuty service.")
            .examples(&[r#""integration-key""#]),
        Field::new("github_commit_status", Shape::Object(&BUILD_STATUS), "A commit status at GitHub.")
            .examples(&[r#"{"context": "ci/build"}"#]),
        CHECK,
        BUILD_IF,
    ],
)
.one_of(&[
    "email",
    "basecamp_campfire",
    "slack",
    "webhook",
    "pagerduty_change_event",
    "github_commit_status",
    "github_check",
]);

static STEP: ObjectType = ObjectType::new(
    "stepNotification",
    "Notification",
    "Exactly one service, and the condition under which it is told.",
    &[
        BASECAMP,
        SLACK,
        Field::new("github_commit_status", Shape::Object(&STEP_STATUS), "A commit status at GitHub.")
            .examples(&[r#"{"context": "ci/lint"}"#]),
        CHECK,
        STEP_IF,
    ],
)
.one_of(&["basecamp_campfire", "slack", "github_commit_status", "github_check"]);

static SLACK_MESSAGE: ObjectType = ObjectType::new(
    "slackMessage",
    "Slack message",
    "Channels, and what they are told.",
    &[
        Field::new("channels", TEXTS, "Channels or people.").examples(&[r##"["#builds", "@oncall"]"##]),
        Field::new("message", Shape::Text, "A text of your own.").examples(&[r#""deployed""#]),
    ],
);

const CONTEXT: Field =
    Field::new("context", Shape::Text, "The name of the status.").examples(&[r#""ci/build""#]);

static BUILD_STATUS: ObjectType = ObjectType::new(
    "buildCommitStatus",
    "Commit status",
    "A commit status for the whole build.",
    &[
        CONTEXT,
        Field::new(
            "blocked_builds_as_pending",
            Shape::Boolish,
            "Whether a blocked build counts as not finished.",
        )
        .examples(&["true"]),
    ],
);

static STEP_STATUS: ObjectType =
    ObjectType::new("stepCommitStatus", "Commit status", "A commit status for this step.", &[CONTEXT]);

static GITHUB_CHECK: ObjectType = ObjectType::new(
    "githubCheck",
    "GitHub check",
    "What the check shows; all of it can be left out.",
    &[
        Field::new("name", Shape::Text, "The name of the check.").examples(&[r#""tests""#]),
        Field::new(
            "output",
            Shape::Any,
            "`title`, `summary`, `text` and `annotations` as GitHub wants them.",
        )
        .examples(&[r#"{"title": "Tests", "summary": "all passed"}"#]),
    ],
)
.open();
