//! Attributes of steps (pipeline-format 7 to 12).

use super::checkout::CHECKOUT;
use super::fields::FIELD;
use super::matrix::MATRIX;
use super::notify::{BUILD_NOTIFICATIONS, STEP_NOTIFICATIONS};
use super::retry::{RETRY, SOFT_FAIL};
use super::{ANY_INTEGER, Attribute, FROM_ONE, SKIP, TEXT_OR_TEXTS, TEXTS, VARIABLES};
use crate::shape::Older::{Alias, Deprecated};
use crate::shape::StepKind::{self, Block, Command, Group, Input, Trigger, Wait};
use crate::shape::{Field, Form, Named, ObjectType, Shape, Within};

const ALL: &[StepKind] = &StepKind::ALL;
const ASKING: &[StepKind] = &[Block, Input];

/// Every attribute, in the order of pipeline-format: first those that kinds share.
pub static ATTRIBUTES: &[Attribute] = &[
    // Section 7.
    on(ALL, Field::new("key", KEY, "Name of the step within the build, for dependencies and the API.")
        .older(&[Deprecated("id"), Alias("identifier")])
        .examples(&[r#""unit-tests""#])),
    on(ALL, Field::new("label", Shape::Text, "What the build page shows; may hold emoji such as `:docker:`.")
        .older(&[Alias("name")])
        .examples(&[r#"":cargo: test""#])),
    on(ALL, Field::new("depends_on", Shape::Named(&DEPENDENCIES), "Keys of the steps or groups that must be done first. \
         Null or an empty list means none at all, not even the waits before it.")
        .examples(&[r#""build""#, r#"["build", {"step": "lint", "allow_failure": true}]"#])),
    on(ALL, Field::new("allow_dependency_failure", Shape::Boolish, "Whether to run although a dependency has failed.")
        .default("false")
        .examples(&["true"])),
    on(ALL, Field::new("if", Shape::Text, "Condition under which the step is part of the build. Quote it. It cannot be \
         combined with `branches`.")
        .examples(&[r#""build.branch == \"main\"""#, r#""build.pull_request.id != null""#])),
    on(&[Command, Wait, Block, Input, Trigger], Field::new("branches", TEXT_OR_TEXTS, "Patterns of the branches \
         whose builds have the step, `*` standing for anything and a leading `!` for all others. Quote it.")
        .examples(&[r#""main release/*""#, r#""!dev""#])),
    on(&[Command, Trigger, Group], Field::new("if_changed", Shape::Named(&IF_CHANGED), "Globs: the step is left out of \
         the build unless a file that matches has changed. The agent decides that during an upload.")
        .examples(&[r#""src/**""#, r#"{"include": ["src/**"], "exclude": "src/docs/**"}"#])),
    on(&[Command, Trigger, Group], Field::new("skip", SKIP, "Whether to leave the step out, or the reason for that.")
        .default("false")
        .examples(&["true", r#""not ready yet""#])),
    on(&[Command, Trigger], Field::new("soft_fail", SOFT_FAIL, "Whether the step may fail without failing the build, or \
         with which exit statuses.")
        .default("false")
        .examples(&["true", r#"[{"exit_status": 42}]"#])),
    on(&[Command], Field::new("notify", Shape::List(&STEP_NOTIFICATIONS), "Whom to tell about this step.")
        .examples(&[r##"[{"slack": "#deploys", "if": "step.outcome == \"hard_failed\""}]"##])),
    on(&[Group], Field::new("notify", Shape::List(&BUILD_NOTIFICATIONS), "Whom to tell about this group.")
        .examples(&[r##"[{"slack": "#deploys"}]"##])),
    // Section 8.
    on(&[Command], Field::new("command", COMMAND, "What the job runs: a text, which may have several lines, or a list \
         of them. Variables such as `$NAME` are replaced when the file is uploaded; write `$$NAME` for the shell.")
        .older(&[Alias("commands")])
        .examples(&[r#""make test""#, r#"["make", "make test"]"#])),
    on(&[Command], Field::new("plugins", Shape::Named(&PLUGINS), "Plugins in the order in which they run, each with its \
         configuration. `kubernetes` is the one that the controller itself reads.")
        .examples(&[r#"[{"kubernetes": {"podSpec": {"containers": [{"image": "alpine:3.20"}]}}}]"#, r#"["docker-login#v3.0.0"]"#])),
    on(&[Command], Field::new("agents", AGENTS, "Which agents run the jobs; replaces the pipeline's. `queue` names the \
         queue, `resource_class` picks a class of the Kubernetes controller.")
        .older(&[Alias("agent_query_rules")])
        .examples(&[r#"{"queue": "kubernetes", "resource_class": "large"}"#, r#"["queue=kubernetes"]"#])),
    on(&[Command], Field::new("env", VARIABLES, "Environment variables of the jobs. Values become text; quote what \
         should keep its spelling, such as \"1.20\".")
        .examples(&[r#"{"CI_LEVEL": 2, "DEBUG": true}"#])),
    on(&[Command], Field::new("image", Shape::Text, "Container image. On Kubernetes it replaces the image of every \
         command container, but for what `podSpecPatch` says.")
        .since("agent-stack-k8s 0.30.1")
        .examples(&[r#""golang:1.25""#])),
    on(&[Command], Field::new("artifact_paths", TEXT_OR_TEXTS, "Globs of the files that are uploaded when the job ends; in \
         one text they are separated by `;`.")
        .older(&[Alias("artifacts")])
        .examples(&[r#""target/*.tar.gz""#, r#"["logs/**/*", "report.html"]"#])),
    on(&[Command], Field::new("timeout_in_minutes", FROM_ONE, "How long a job may run.")
        .older(&[Alias("timeout")])
        .unit("minutes")
        .default_from("the pipeline's setting at Buildkite")
        .examples(&["30"])),
    on(&[Command], Field::new("retry", Shape::Object(&RETRY), "Who may run a failed job again.")
        .examples(&[r#"{"automatic": [{"exit_status": -1, "limit": 2}]}"#])),
    on(&[Command], Field::new("matrix", Shape::Named(&MATRIX), "One job for each combination of values. It cannot be \
         combined with `parallelism`.")
        .examples(&[r#"{"setup": {"os": ["linux", "darwin"]}}"#])),
    on(&[Command], Field::new("parallelism", FROM_ONE, "How many equal jobs to make; each knows its number from \
         `BUILDKITE_PARALLEL_JOB`. It cannot be combined with `matrix`.")
        .unit("jobs")
        .default("1")
        .examples(&["4"])),
    on(&[Command], Field::new("priority", ANY_INTEGER, "Priority of the jobs; higher runs first.")
        .default_from("the pipeline's, 0 unless it is set")
        .examples(&["-1", "10"])),
    on(&[Command], Field::new("concurrency", FROM_ONE, "How many jobs of the `concurrency_group` may run at a time.")
        .unit("jobs")
        .examples(&["1"])),
    on(&[Command], Field::new("concurrency_group", CONCURRENCY_GROUP, "Name of the group that `concurrency` counts in, \
         across all pipelines of the organization.")
        .examples(&[r#""app/deploy""#])),
    on(&[Command], Field::new("concurrency_method", Shape::Words(&["ordered", "eager"]), "Whether jobs of the group run in \
         the order in which they were made, or as each becomes ready.")
        .default(r#""ordered""#)
        .examples(&[r#""eager""#])),
    on(&[Command], Field::new("cancel_on_build_failing", Shape::Boolish, "Whether to cancel the jobs as soon as the build \
         is known to fail.")
        .default("false")
        .examples(&["true"])),
    on(&[Command], Field::new("secrets", SECRETS, "Buildkite secrets as environment variables.")
        .examples(&[r#"["API_KEY"]"#, r#"{"DEPLOY_KEY": "API_KEY"}"#])),
    on(&[Command], Field::new("cache", CACHE, "Cache volume. Only hosted agents have one; on Kubernetes mount a volume.")
        .examples(&[r#""node_modules""#])),
    on(&[Command], Field::new("checkout", Shape::Object(&CHECKOUT), "How the repository is fetched. The kubernetes \
         plugin's own `checkout` has other keys.")
        .since("buildkite-agent 3.136")
        .examples(&[r#"{"skip": true}"#])),
    on(&[Command], Field::new("signature", Shape::Object(&SIGNATURE), "Written by the agent when it signs the step; a copied \
         one fails verification.")
        .examples(&[r#"{"algorithm": "HS512", "value": "eyJhbGciOiJIUzUxMiJ9..x", "signed_fields": ["command", "env", "plugins"]}"#])),
    on(
        &[Command],
        Field::new("script", Shape::Nested(Command), "The attributes of a command step, one level down.")
            .deprecated("write them on the step itself")
            .examples(&[r#"{"command": "make test"}"#]),
    ),
    // Section 9.
    on(&[Wait], Field::new("wait", MARK_WAIT, "Makes this a wait step. A text becomes its label.")
        .older(&[Deprecated("waiter")])
        .examples(&["null", r#""Deploy gate""#])),
    on(&[Wait], Field::new("continue_on_failure", Shape::Boolish, "Whether to go on although steps before it have failed.")
        .default("false")
        .examples(&["true"])),
    // Section 10.
    on(&[Block], Field::new("block", MARK_BLOCK, "Makes this a block step. The text is its label.")
        .older(&[Deprecated("manual")])
        .examples(&[r#""Deploy?""#])),
    on(&[Input], Field::new("input", MARK_INPUT, "Makes this an input step. The text is its label.")
        .examples(&[r#""Release""#])),
    on(ASKING, Field::new("prompt", Shape::Text, "Text above the fields.").examples(&[r#""All checks are green.""#])),
    on(ASKING, Field::new("submit", Shape::Text, "Text of the button.").examples(&[r#""Deploy""#])),
    on(ASKING, Field::new("fields", Shape::List(&FIELD), "What is asked for.")
        .examples(&[r#"[{"text": "Version", "key": "version"}]"#])),
    on(ASKING, Field::new("blocked_state", Shape::Words(&["passed", "failed", "running"]), "What the build counts as while \
         it waits here.")
        .default(r#""passed""#)
        .examples(&[r#""running""#])),
    on(ASKING, Field::new("allowed_teams", TEXT_OR_TEXTS, "Slugs or UUIDs of the teams whose members may answer.")
        .examples(&[r#"["release-managers"]"#])),
    // Section 11.
    on(&[Trigger], Field::new("trigger", MARK_TRIGGER, "Slug of the pipeline to build, without its organization.")
        .examples(&[r#""deploy-app""#])),
    on(&[Trigger], Field::new("build", Shape::Object(&BUILD), "What the other build is made of.")
        .examples(&[r#"{"branch": "main", "env": {"TARGET": "staging"}}"#])),
    on(&[Trigger], Field::new("async", Shape::Boolish, "Whether to go on without waiting for the other build.")
        .default("false")
        .examples(&["true"])),
    on(&[Trigger], Field::new("parallelism", FROM_ONE, "How many builds to start.").unit("builds").default("1").examples(&["2"])),
    // Section 12.
    on(&[Group], Field::new("group", Shape::Either(&[Shape::Text, Shape::Null]), "Makes this a group. The text is its name; \
         with null, `label` is.")
        .examples(&[r#""Tests""#, "null"])),
    on(&[Group], Field::new("steps", Shape::Steps(Within::Group), "The steps of the group, at least one and no groups.")
        .examples(&[r#"[{"command": "make unit"}, "wait", {"command": "make e2e"}]"#])),
    on(&[Command], Field::new("type", Shape::Words(&["command", "script", "commands"]), KIND_DOC).examples(&[r#""command""#])),
    on(&[Wait], Field::new("type", Shape::Words(&["wait", "waiter"]), KIND_DOC).examples(&[r#""wait""#])),
    on(&[Block], Field::new("type", Shape::Words(&["block", "manual"]), KIND_DOC).examples(&[r#""block""#])),
    on(&[Input], Field::new("type", Shape::Words(&["input"]), KIND_DOC).examples(&[r#""input""#])),
    on(&[Trigger], Field::new("type", Shape::Words(&["trigger"]), KIND_DOC).examples(&[r#""trigger""#])),
    on(&[Group], Field::new("type", Shape::Words(&["group"]), KIND_DOC).examples(&[r#""group""#])),
];

const KIND_DOC: &str = "The kind of step, for steps whose other keys do not say it.";

const fn on(on: &'static [StepKind], field: Field) -> Attribute {
    Attribute { field, on }
}

const KEY: Shape = Shape::Form(&Form {
    what: "a key of letters, digits and `_-:.,`, that does not look like a UUID",
    pattern: Some("[A-Za-z0-9_:.,${}-]+"),
    not: Some("^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"),
    longest: Some(100),
});

const CONCURRENCY_GROUP: Shape = Shape::Form(&Form {
    what: "a name of at most 200 characters",
    pattern: None,
    not: None,
    longest: Some(200),
});

/// A null line is an empty one.
const COMMAND: Shape = Shape::Either(&[
    Shape::Scalar,
    Shape::List(&Shape::Either(&[Shape::Scalar, Shape::Null])),
    Shape::Null,
    Shape::Nested(Command),
]);

const MARK_WAIT: Shape = Shape::Either(&[Shape::Null, Shape::Text, Shape::Nested(Wait)]);
const MARK_BLOCK: Shape = Shape::Either(&[Shape::Text, Shape::Null, Shape::Nested(Block)]);
const MARK_INPUT: Shape = Shape::Either(&[Shape::Text, Shape::Null, Shape::Nested(Input)]);
const MARK_TRIGGER: Shape = Shape::Either(&[Shape::Text, Shape::Nested(Trigger)]);

/// `agents` of the pipeline and of command steps (8.2).
pub(super) const AGENTS: Shape = Shape::Named(&AGENT_RULES);

static AGENT_RULES: Named = Named {
    name: "agents",
    title: "Agent rules",
    doc: "Tags that an agent must have, as a mapping or as a list of `tag=value`. `*` is any value; `queue` names \
          the queue.",
    shape: Shape::Either(&[
        Shape::Map(&Shape::Scalar),
        Shape::List(&Shape::Form(&Form {
            what: "a rule such as `queue=kubernetes`",
            pattern: Some("[^=]+=.*"),
            not: None,
            longest: None,
        })),
    ]),
    examples: &[r#"{"queue": "kubernetes"}"#, r#"["queue=kubernetes", "os=linux"]"#],
};

static DEPENDENCIES: Named = Named {
    name: "dependencies",
    title: "Dependencies",
    doc: "Keys of steps or groups.",
    shape: Shape::Either(&[
        Shape::Null,
        Shape::Text,
        Shape::List(&Shape::Either(&[Shape::Text, Shape::Object(&DEPENDENCY)])),
    ]),
    examples: &[r#"["build", {"step": "lint", "allow_failure": true}]"#],
};

static DEPENDENCY: ObjectType = ObjectType::new(
    "dependency",
    "Dependency",
    "A step that must be done first.",
    &[
        Field::new("step", Shape::Text, "Its key.").required().examples(&[r#""lint""#]),
        Field::new("allow_failure", Shape::Boolish, "Whether it may have failed.")
            .default("false")
            .examples(&["true"]),
    ],
);

static IF_CHANGED: Named = Named {
    name: "ifChanged",
    title: "Changed files",
    doc: "Globs of files; `**`, `{a,b}` and `[abc]` are known.",
    shape: Shape::Either(&[Shape::Text, TEXTS, Shape::Object(&CHANGED)]),
    examples: &[r#"["src/**", "go.{mod,sum}"]"#],
};

static CHANGED: ObjectType = ObjectType::new(
    "changedFiles",
    "Changed files",
    "Which files count, and which do not.",
    &[
        Field::new("include", TEXT_OR_TEXTS, "Globs of files that count.")
            .required()
            .examples(&[r#""src/**""#]),
        Field::new("exclude", TEXT_OR_TEXTS, "Globs of files among them that do not.")
            .examples(&[r#""src/docs/**""#]),
    ],
);

static PLUGINS: Named = Named {
    name: "plugins",
    title: "Plugins",
    doc: "Plugins, each as a mapping of its reference to its configuration, or as the bare reference. A plugin from \
          elsewhere has a version behind `#`; `kubernetes` has none.",
    shape: Shape::Either(&[
        Shape::List(&Shape::Either(&[Shape::Text, Shape::Plugin])),
        Shape::Plugin,
        Shape::Null,
    ]),
    examples: &[r#"[{"kubernetes": {"checkout": {"skip": true}}}, "docker-login#v3.0.0"]"#],
};

/// `secrets` of the pipeline and of command steps (8.12).
pub(super) const SECRETS: Shape = Shape::Either(&[
    Shape::List(&Shape::Either(&[Shape::Text, Shape::Object(&SECRET)])),
    Shape::Map(&Shape::Text),
]);

static SECRET: ObjectType = ObjectType::new(
    "secret",
    "Secret",
    "A secret and the variable that it is put into.",
    &[
        Field::new("key", Shape::Text, "The secret's name.").required().examples(&[r#""API_KEY""#]),
        Field::new("environment_variable", Shape::Text, "The variable's name.")
            .examples(&[r#""DEPLOY_KEY""#]),
    ],
);

/// `cache` of the pipeline and of command steps (8.4).
pub(super) const CACHE: Shape =
    Shape::Either(&[Shape::Text, TEXTS, Shape::Object(&CACHE_VOLUME), Shape::False]);

static CACHE_VOLUME: ObjectType = ObjectType::new(
    "cacheVolume",
    "Cache volume",
    "Directories that hosted agents keep from one job to the next.",
    &[
        Field::new("paths", TEXTS, "Directories.").required().examples(&[r#"["node_modules"]"#]),
        Field::new(
            "name",
            Shape::Form(&Form {
                what: "a name of letters, digits and inner hyphens",
                pattern: Some("[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"),
                not: None,
                longest: Some(100),
            }),
            "Steps with the same name share the volume.",
        )
        .examples(&[r#""deps""#]),
        Field::new(
            "size",
            Shape::Form(&Form {
                what: "a size such as `20g`, which is the least",
                pattern: Some("(?:[2-9][0-9]|[1-9][0-9]{2,})g"),
                not: None,
                longest: None,
            }),
            "How big it is.",
        )
        .examples(&[r#""20g""#]),
    ],
);

static SIGNATURE: ObjectType = ObjectType::new(
    "signature",
    "Signature",
    "The agent's signature of the step.",
    &[
        Field::new("algorithm", Shape::Text, "The algorithm.").examples(&[r#""HS512""#]),
        Field::new("value", Shape::Text, "The signature.").examples(&[r#""eyJhbGciOiJIUzUxMiJ9..x""#]),
        Field::new("signed_fields", TEXTS, "What it covers.").examples(&[r#"["command", "env", "plugins"]"#]),
    ],
)
.open();

static BUILD: ObjectType = ObjectType::new(
    "triggeredBuild",
    "Triggered build",
    "What the other build is made of.",
    &[
        Field::new("branch", Shape::Text, "Its branch.")
            .default_from("the other pipeline's default branch")
            .examples(&[r#""main""#]),
        Field::new("commit", Shape::Text, "Its commit.")
            .default(r#""HEAD""#)
            .examples(&[r#""$BUILDKITE_COMMIT""#]),
        Field::new("message", Shape::Text, "Its message.").examples(&[r#""$BUILDKITE_MESSAGE""#]),
        Field::new("env", VARIABLES, "Environment variables of the build.")
            .examples(&[r#"{"TARGET": "staging"}"#]),
        Field::new("meta_data", Shape::Map(&Shape::Scalar), "Meta-data of the build.")
            .examples(&[r#"{"release": "1.4.0"}"#]),
    ],
);
