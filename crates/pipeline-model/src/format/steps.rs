//! The kinds of steps, and how a step is known to be of one (pipeline-format 6).

use crate::shape::StepKind;

/// One kind of step.
#[derive(Debug)]
pub struct Kind {
    /// Which.
    pub kind: StepKind,
    /// Name of the schema's definition.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// A step that has one of these keys is of this kind, if it is of none before.
    pub keys: &'static [&'static str],
    /// Values of `type` that say so; the first is the one to write.
    pub words: &'static [&'static str],
    /// Steps that are only a word.
    pub bare: &'static [&'static str],
    /// Attributes without which it is refused.
    pub required: &'static [&'static str],
    /// Whole steps as JSON.
    pub examples: &'static [&'static str],
}

/// All kinds, in the order in which a mapping is tried against them.
pub static KINDS: &[Kind] = &[
    Kind {
        kind: StepKind::Command,
        name: "commandStep",
        title: "Command step",
        doc: "Runs commands, plugins or both as one job, or as several with `parallelism` or `matrix`.",
        keys: &["command", "commands", "plugins"],
        words: &["command", "script", "commands"],
        bare: &[],
        required: &[],
        examples: &[
            r#"{"label": "test", "command": "make test", "agents": {"queue": "kubernetes"}}"#,
            r#"{"command": "go test ./...", "plugins": [{"kubernetes": {"podSpec": {"containers": [{"image": "golang:1.25"}]}}}]}"#,
        ],
    },
    Kind {
        kind: StepKind::Wait,
        name: "waitStep",
        title: "Wait step",
        doc: "Lets the steps behind it begin when all before it have passed.",
        keys: &["wait", "waiter"],
        words: &["wait", "waiter"],
        bare: &["wait", "waiter"],
        required: &[],
        examples: &[r#"{"wait": null, "continue_on_failure": true}"#],
    },
    Kind {
        kind: StepKind::Block,
        name: "blockStep",
        title: "Block step",
        doc: "Lets the steps behind it begin when somebody has let the build go on.",
        keys: &["block", "manual"],
        words: &["block", "manual"],
        bare: &["block", "manual"],
        required: &[],
        examples: &[r#"{"block": "Deploy?", "prompt": "All checks are green.", "blocked_state": "running"}"#],
    },
    Kind {
        kind: StepKind::Input,
        name: "inputStep",
        title: "Input step",
        doc: "Asks for values. Steps wait for them only if they depend on it.",
        keys: &["input"],
        words: &["input"],
        bare: &["input"],
        required: &[],
        examples: &[
            r#"{"input": "Release", "key": "release", "fields": [{"text": "Version", "key": "version"}]}"#,
        ],
    },
    Kind {
        kind: StepKind::Trigger,
        name: "triggerStep",
        title: "Trigger step",
        doc: "Starts a build of another pipeline, and waits for it unless `async` says otherwise.",
        keys: &["trigger"],
        words: &["trigger"],
        bare: &[],
        required: &["trigger"],
        examples: &[
            r#"{"trigger": "deploy-app", "build": {"branch": "main", "env": {"TARGET": "staging"}}}"#,
        ],
    },
    Kind {
        kind: StepKind::Group,
        name: "groupStep",
        title: "Group step",
        doc: "Shows its steps together. Its key stands for all of them where something depends on it.",
        keys: &["group"],
        words: &["group"],
        bare: &[],
        required: &["steps"],
        examples: &[
            r#"{"group": "Tests", "key": "tests", "steps": [{"command": "make unit"}, {"command": "make e2e"}]}"#,
        ],
    },
];
