//! The command steps of pipeline files.

#![expect(clippy::unwrap_used, reason = "test code")]

use pipeline_model::{CommandStep, Pipeline};
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
        ("steps: ~\n", &[]),
        ("steps: [waiter, block, manual, input, {command: a}]\n", &[(4, "a")]),
        // What comes first decides, whatever else stands there.
        ("steps:\n- wait: ~\n  script: {command: x}\n- trigger: t\n  group: g\n", &[]),
        ("steps:\n- command: a\n  group: g\n  steps: [{command: b}]\n", &[(0, "a")]),
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

/// pipeline-format 15: which jobs there are, in which order
#[test]
fn a_matrix_becomes_jobs() {
    for (matrix, want) in [
        ("[a, 2, true]", "a|2|true"),
        ("{setup: [b, c]}", "b|c"),
        ("{setup: {os: [l, m], arch: [x, y]}}", "os=l, arch=x|os=l, arch=y|os=m, arch=x|os=m, arch=y"),
        // Adjustments: one that only says what may fail, one that adds, one that takes away.
        ("{setup: [a, b], adjustments: [{with: a, soft_fail: true}]}", "a|b"),
        ("{setup: [a, b], adjustments: [{with: c}, {with: [d]}]}", "a|b|c|d"),
        ("{setup: [a, b], adjustments: [{with: a, skip: true}]}", "b"),
        ("{setup: [1, 2], adjustments: [{with: 1, skip: broken}]}", "2"),
        (
            "{setup: [a, b], adjustments: [{with: a, skip: false}, {with: b, skip: ''}, {with: c, skip: ~}]}",
            "a|b|c",
        ),
        ("{setup: [a], adjustments: [{with: b, skip: true}]}", "a"),
        ("{setup: [a, b], adjustments: [{with: a}, {with: a, skip: true}, {with: a}]}", "b"),
        (
            "{setup: {os: [l], arch: [x, y]}, adjustments: [{with: {arch: z, os: l}}, {with: {os: l, arch: x}, skip: true}]}",
            "os=l, arch=y|os=l, arch=z",
        ),
        ("{setup: {os: []}, adjustments: [{with: {os: l}}]}", "os=l"),
        ("{setup: [1.25, 1.10]}", "1.25|1.1"),
        ("{setup: {os: []}}", ""),
        ("[]", ""),
    ] {
        let step = step(&format!("steps:\n- command: a\n  matrix: {matrix}\n"));
        let names: Vec<String> =
            step.matrix.unwrap().combinations().iter().map(ToString::to_string).collect();
        assert_eq!(names.join("|"), want, "{matrix}");
    }
}

/// pipeline-format 15: what tokens stand for
#[test]
fn a_matrix_fills_its_tokens() {
    for (matrix, text, want) in [
        ("[a, 2]", "x {{matrix}}-{{ matrix }}", "x a-a"),
        ("{setup: {os: [l, m], arch: [x, y, z]}}", "{{matrix.os}}/{{ matrix.arch }}", "l/x"),
        ("[a]", "{{matrix.os}} {{other}} {{ {{matrix", "{{matrix.os}} {{other}} {{ {{matrix"),
        ("[a]", "{{{matrix}}} {{matrix.}} {{matrixx}}", "{a} {{matrix.}} {{matrixx}}"),
        ("['{{matrix}}']", "{{matrix}}", "{{matrix}}"),
    ] {
        let step = step(&format!("steps:\n- command: a\n  matrix: {matrix}\n"));
        assert_eq!(step.matrix.unwrap().combinations()[0].fill(text), want, "{text}");
    }
}

/// pipeline-format 15: the parts of a step in which tokens are replaced
#[test]
fn a_job_of_a_matrix_has_its_values() {
    let step = step(
        "steps:\n- command: c {{matrix}}\n  matrix: [a]\n  key: k {{matrix}}\n  label: l {{matrix}}\n  image: i:{{matrix}}\n  \
         env: {\"{{matrix}}\": \"{{matrix}}\"}\n  agents: {\"{{matrix}}\": \"{{matrix}}\"}\n  \
         plugins: [{\"docker#{{matrix}}\": {\"{{matrix}}\": [\"{{matrix}}\", 1]}}]\n",
    );
    let job = step.combined(&step.matrix.clone().unwrap().combinations()[0]);
    assert_eq!((job.command.as_str(), job.key.as_deref()), ("c a", Some("k {{matrix}}")));
    assert_eq!((job.label.as_deref(), job.image.as_deref()), (Some("l a"), Some("i:a")));
    assert_eq!(job.env.into_iter().collect::<Vec<_>>(), [("{{matrix}}".to_owned(), "a".to_owned())]);
    assert_eq!(job.agents, ["a=a"]);
    let plugin = json!({ "github.com/buildkite-plugins/docker-buildkite-plugin#a": { "a": ["a", 1] } });
    assert_eq!(job.plugins, [plugin]);
}

/// pipeline-format 7, 8.1, 8.2: spellings of one attribute
#[test]
fn attributes_are_read_in_each_of_their_forms() {
    for (given, want) in [
        ("command: a", "a"),
        ("command: 7", "7"),
        ("command: ~", ""),
        ("command: [a, 1, true, ~, 'b c']", "a\n1\ntrue\n\nb c"),
        ("command: |\n    a\n    b\n", "a\nb\n"),
        ("commands: [a, b]", "a\nb"),
        ("command: a\n  commands: ~", "a"),
        ("type: script\n  command: a", "a"),
        ("script: {command: a}", "a"),
        ("commands: {commands: [a, b]}", "a\nb"),
        ("plugins: ~\n  wait: ~", ""),
    ] {
        assert_eq!(step(&format!("steps:\n- {given}\n")).command, want, "{given}");
    }
    for (given, want) in [
        ("{queue: linux, os: 'mac'}", &["queue=linux", "os=mac"][..]),
        ("[queue=linux, os=mac]", &["queue=linux", "os=mac"]),
        ("{gpu: '*', n: 2, on: true, v: 1.10, any: ~}", &["gpu=*", "n=2", "on=true", "v=1.1", "any=*"]),
        ("['gpu=*', any=, ' spaced = out ', a=b=c]", &["gpu=*", "any=*", "spaced=out", "a=b=c"]),
        ("{}", &[]),
        ("[]", &[]),
        ("~", &["queue=top"]),
    ] {
        let text = format!("agents: [queue=top]\nsteps:\n- command: a\n  agents: {given}\n");
        assert_eq!(step(&text).agents, want, "{given}");
        let older = text.replace("  agents:", "  agent_query_rules:");
        assert_eq!(step(&older).agents, want, "{given}");
    }
}

#[test]
fn what_is_no_pipeline_is_pointed_at() {
    for (text, want) in [
        ("3\n", "1:1: a pipeline is a mapping with `steps`, or a list of steps"),
        ("env: {}\n", "1:1: the pipeline has no `steps`"),
        ("steps: {command: a}\n", "1:8: `steps` is a list; begin each step with `- `"),
        ("steps:\n- 3\n", "2:3: a step is a mapping, or a word"),
        ("steps:\n- make\n", "2:3: `make` is no step; a command is written `- command: make`"),
        ("steps:\n- script: make\n", "2:3: nothing says what kind of step this is; give it a `command`"),
        ("steps:\n- type: comand\n", "2:9: `comand` is no type of step; did you mean `command`?"),
        (
            "steps:\n- type: 7x\n",
            "2:9: `7x` is no type of step; there are command, group, trigger, wait, block and input",
        ),
        ("steps:\n- type: 3\n", "2:9: `type` is a word, such as `command`"),
        ("steps:\n- group: g\n", "2:3: a group has `steps`, a list with at least one"),
        ("steps:\n- group: g\n  steps: []\n", "3:10: a group has `steps`, a list with at least one"),
        (
            "steps:\n- group: g\n  steps:\n  - group: h\n    steps: [{command: a}]\n",
            "4:5: a group cannot stand inside of a group",
        ),
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
        ("steps:\n- command: a\n  matrix: {setup: {os: l}}\n", "3:24: a matrix dimension is a list"),
        (
            "steps:\n- command: a\n  matrix: {setup: [a], adjustments: {with: a}}\n",
            "3:37: `adjustments` is a list; begin each with `- with: `",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: [a], adjustments: [{skip: true}]}\n",
            "3:38: an adjustment has `with`: the combination that it is about",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: [a], adjustments: [{with: {os: a}}]}\n",
            "3:45: this matrix has no names; write `with: value`",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: {os: [a]}, adjustments: [{with: a}]}\n",
            "3:51: `with` is a mapping that names every dimension of the matrix",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: {os: [a], v: [b]}, adjustments: [{with: {os: a}}]}\n",
            "3:59: an adjustment must name every dimension; missing: v",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: {os: [a]}, adjustments: [{with: {os: a, v: b}}]}\n",
            "3:59: the matrix has no dimension `v`",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: [a], adjustments: [{with: 1.5}]}\n",
            "3:45: `with` takes no fractions; write \"1.5\"",
        ),
        (
            "steps:\n- command: a\n  matrix: {setup: [a], adjustments: [{with: a, skip: [b]}]}\n",
            "3:54: `skip` is true, false or the reason for it",
        ),
        ("steps:\n- command: [[a]]\n", "2:13: `command` is text, found list"),
    ] {
        assert_eq!(read(text).unwrap_err(), want, "{text}");
    }
}

/// pipeline-format 7, S014: of all steps, those without jobs among them.
#[test]
fn keys_are_given_once() {
    for (text, want) in [
        (
            "- {command: a, key: k}\n- {command: b, id: k}\n",
            "2:3: the step in line 1 has the key `k` as well; give each step a key of its own",
        ),
        (
            "- {group: g, key: k, steps: [{wait: ~, key: l}]}\n- {block: b, identifier: l}\n",
            "2:3: the step in line 1 has the key `l` as well; give each step a key of its own",
        ),
        (
            "- {group: g, key: k, steps: [{command: a, key: k}]}\n",
            "1:30: the step in line 1 has the key `k` as well; give each step a key of its own",
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), want, "{text}");
    }
}

/// A file of a few hundred bytes does not become a million jobs.
#[test]
fn a_matrix_that_nobody_could_run_is_refused() {
    let dimensions: Vec<String> =
        ('a'..='z').map(|name| format!("{name}: [1, 2, 3, 4, 5, 6, 7, 8]")).collect();
    let text = format!("steps:\n- command: a\n  matrix: {{setup: {{{}}}}}\n", dimensions[..5].join(", "));
    let want = "3:11: this matrix has 32768 combinations; Buildkite takes 50 jobs of a step";
    assert_eq!(read(&text).unwrap_err(), want);
    let text = format!("steps:\n- command: a\n  matrix: {{setup: {{{}}}}}\n", dimensions.join(", "));
    assert!(read(&text).is_err());
}

/// controller-config 8.3: what a message quotes of a file is one line without credentials.
#[test]
fn messages_are_lines_without_credentials() {
    for text in [
        "steps: [{key: bkjat_s3cr3t, command: a}, {key: bkjat_s3cr3t, command: b}]\n",
        "steps: [{matrix: {setup: {a: [b]}, adjustments: [{with: {bkjat_s3cr3t: c}}]}, command: a}]\n",
        "steps: [{matrix: {setup: {a: [b]}, adjustments: [{with: {\"bkct_s3cr3t\\nerror: x\": c}}]}, command: a}]\n",
    ] {
        let error = read(text).unwrap_err();
        assert!(
            error.contains("[redacted]") && !error.contains("s3cr3t") && !error.contains('\n'),
            "{error}"
        );
    }
}
