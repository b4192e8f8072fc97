//! The command steps of pipeline files.

#![expect(clippy::unwrap_used, reason = "test code")]

use pipeline_model::{CommandStep, Matrix, Pipeline};
use serde_json::json;
use yaml_source::{Dialect, parse};

fn read(text: &str) -> Result<Vec<CommandStep>, String> {
    let documents = parse("p.yml", text, Dialect::Pipeline).unwrap();
    Pipeline::read(documents[0].root()).map(|pipeline| pipeline.steps).map_err(|error| error.to_string())
}

/// The only command step of a file.
fn step(text: &str) -> CommandStep {
    let mut steps = read(text).unwrap();
    assert_eq!(steps.len(), 1, "{text}");
    steps.remove(0)
}

/// pipeline-format 6: which steps run something, with their numbers
#[test]
fn command_steps_are_found_among_others() {
    for (text, want) in [
        ("- command: a\n", &[(0, "a")][..]),
        (
            "steps:\n- wait\n- commands: [a, ~, b]\n- block: Go?\n- trigger: t\n- command: c\n",
            &[(1, "a\n\nb"), (4, "c")],
        ),
        ("steps:\n- group: g\n  steps:\n  - command: a\n  - wait\n- command: b\n", &[(0, "a"), (2, "b")]),
        ("steps:\n- plugins: [docker#v1]\n  trigger: x\n", &[(0, "")]),
        (
            "steps:\n- type: script\n  command: a\n- type: wait\n- type: group\n  steps: [{command: b}]\n",
            &[(0, "a"), (2, "b")],
        ),
        ("steps:\n- command: {command: a, label: l}\n- wait: ~\n- waiter: ~\n", &[(0, "a")]),
        ("steps:\n- command: a\n  commands: b\n", &[(0, "b")]),
        ("steps: []\n", &[]),
    ] {
        let steps = read(text).unwrap();
        let got: Vec<(usize, &str)> = steps.iter().map(|step| (step.index, &*step.command)).collect();
        assert_eq!(got, want, "{text}");
    }
}

/// pipeline-format 5, 8: a step's own value replaces the pipeline's; variables are joined
#[test]
fn steps_inherit_from_the_pipeline() {
    let top = "env: {A: 1, B: x}\nagents: {queue: linux}\nimage: top:1\npriority: 2\nsteps:\n";
    let inherits = step(&format!("{top}- command: a\n"));
    assert_eq!(inherits.agents, ["queue=linux"]);
    assert_eq!((inherits.image.as_deref(), inherits.priority), (Some("top:1"), 2));
    let own = step(&format!(
        "{top}- command: a\n  key: k\n  name: n\n  env: {{B: true, C: ~}}\n  agents: [os=mac, any=]\n  image: own:2\n  priority: -1\n"
    ));
    let env: Vec<(&str, &str)> = own.env.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(env, [("A", "1"), ("B", "true"), ("C", "")]);
    assert_eq!(own.agents, ["os=mac", "any=*"]);
    assert_eq!((own.image.as_deref(), own.priority), (Some("own:2"), -1));
    assert_eq!((own.key.as_deref(), own.label.as_deref()), (Some("k"), Some("n")));
}

/// pipeline-format 16: the plugins arrive as the job gets them
#[test]
fn plugins_are_resolved() {
    let step = step("steps:\n- plugins:\n  - kubernetes: {podTemplate: go}\n  - docker#v5\n");
    assert_eq!(
        step.plugins,
        [
            json!({ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": { "podTemplate": "go" } }),
            json!({ "github.com/buildkite-plugins/docker-buildkite-plugin#v5": null }),
        ]
    );
}

/// pipeline-format 15: forms, and what tokens stand for
#[test]
fn a_matrix_fills_its_tokens() {
    for (matrix, count, text, want) in [
        ("[a, 2]", 2, "x {{matrix}}-{{ matrix }}", "x a-a"),
        ("{setup: [b, c], adjustments: [{with: d}]}", 2, "{{matrix}}", "b"),
        ("{setup: {os: [l, m], arch: [x, y, z]}}", 6, "{{matrix.os}}/{{matrix.arch}}", "l/x"),
        ("[a]", 1, "{{matrix.os}} {{other}} {{ {{matrix", "{{matrix.os}} {{other}} {{ {{matrix"),
    ] {
        let step = step(&format!("steps:\n- command: a\n  matrix: {matrix}\n"));
        let matrix = step.matrix.unwrap();
        assert_eq!(matrix.len(), count);
        assert_eq!(Matrix::fill(text, &matrix.first().unwrap()), want);
    }
    let empty = step("steps:\n- command: a\n  matrix: {setup: {os: []}}\n").matrix.unwrap();
    assert!(empty.is_empty() && empty.first().is_none());
    let filled =
        Matrix::fill_json(&json!([{ "{{matrix}}": ["{{matrix}}", 1] }]), &vec![(String::new(), "v".into())]);
    assert_eq!(filled, json!([{ "v": ["v", 1] }]));
}

#[test]
fn what_is_no_pipeline_is_pointed_at() {
    for (text, want) in [
        ("3\n", "1:1: a pipeline is a mapping with `steps`, or a list of steps"),
        ("env: {}\n", "1:1: the pipeline has no `steps`"),
        ("steps: {command: a}\n", "1:8: `steps` is a list; begin each step with `- `"),
        ("steps:\n- 3\n", "2:3: a step is a mapping, or a word"),
        ("steps:\n- label: x\n", "2:3: nothing says what kind of step this is; give it a `command`"),
        ("steps:\n- command: a\n  env: [A=1]\n", "3:8: `env` is a mapping, such as {A: \"1\"}"),
        (
            "steps:\n- command: a\n  agents: [linux]\n",
            "3:12: agent rule `linux` has no `=`; write queue=linux",
        ),
        (
            "steps:\n- command: a\n  agents: linux\n",
            "3:11: `agents` is a mapping (queue: linux) or a list (\"queue=linux\")",
        ),
        ("steps:\n- command: a\n  priority: high\n", "3:13: `priority` is a whole number"),
        ("steps:\n- command: a\n  plugins: 3\n", "3:12: plugins: expected a list of plugins, found integer"),
        ("steps:\n- command: a\n  matrix: {os: [a]}\n", "3:11: put the dimensions under matrix.setup"),
        ("steps:\n- command: [[a]]\n", "2:13: `command` is text, found list"),
    ] {
        assert_eq!(read(text).unwrap_err(), want, "{text}");
    }
}
