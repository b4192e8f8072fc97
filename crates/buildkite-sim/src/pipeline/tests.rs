//! Tables over whole pipelines; conditions and matrices have their own.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::interpolate::{expand_text, interpolate};
use super::model::Step;
use super::plan::{Fate, Plan, PlannedKind, PlannedStep};
use super::retry::{Failure, SoftFail, retry_limit};
use super::variables::BuildVariables;
use super::{expand, parse_json, parse_yaml};

fn plan(yaml: &str) -> Plan {
    plan_for(yaml, &BuildVariables { branch: "main".to_owned(), ..BuildVariables::default() })
}

#[track_caller]
fn plan_for(yaml: &str, build: &BuildVariables) -> Plan {
    let pipeline = parse_yaml(yaml, "p.yml").unwrap_or_else(|error| panic!("{yaml}: {error}"));
    expand(&pipeline, build).unwrap_or_else(|error| panic!("{yaml}: {error}"))
}

fn refusal(yaml: &str) -> String {
    parse_yaml(yaml, "p.yml")
        .and_then(|pipeline| expand(&pipeline, &BuildVariables::default()))
        .expect_err(yaml)
        .to_string()
}

fn kind(step: &Step) -> &'static str {
    match step {
        Step::Command(_) => "command",
        Step::Wait(_) => "wait",
        Step::Block(_) => "block",
        Step::Input(_) => "input",
        Step::Group(_) => "group",
    }
}

/// pipeline-format 6
#[test]
fn kinds_of_steps() {
    for (step, want) in [
        ("wait", "wait"),
        ("waiter", "wait"),
        ("block", "block"),
        ("manual", "block"),
        ("input", "input"),
        ("{wait: ~}", "wait"),
        ("{wait: ~, continue_on_failure: true}", "wait"),
        ("{wait: {continue_on_failure: true}}", "wait"),
        ("{type: wait}", "wait"),
        ("{command: make}", "command"),
        ("{commands: [make, make test]}", "command"),
        ("{command: {command: make}}", "command"),
        ("{script: {command: make}}", "command"),
        ("{plugins: [docker#v1]}", "command"),
        ("{type: script, command: make}", "command"),
        ("{block: Go}", "block"),
        ("{manual: Go}", "block"),
        ("{type: block, prompt: ok}", "block"),
        ("{input: Name, fields: [{text: N, key: 1st_name}]}", "input"),
        ("{group: Tests, steps: [wait]}", "group"),
        ("{group: ~, label: Tests, steps: [{command: a}, wait]}", "group"),
    ] {
        let pipeline = parse_yaml(&format!("steps: [{step}]"), "p.yml");
        let pipeline = pipeline.unwrap_or_else(|error| panic!("{step}: {error}"));
        assert_eq!(kind(&pipeline.steps[0]), want, "{step}");
    }
    assert_eq!(parse_yaml("- command: make\n- wait\n", "p.yml").unwrap().steps.len(), 2);
    assert!(parse_yaml("steps: ~", "p.yml").unwrap().steps.is_empty());
}

/// Never ignored: pipeline-format 7, 8, 10–13 name them, the simulator refuses them.
#[test]
fn features_that_are_refused_by_name() {
    for (yaml, want) in [
        (
            "[{command: a}, wait, {trigger: deploy}]",
            "step 3 (\"deploy\"): \"trigger\" steps are not supported by this simulator",
        ),
        (
            "[{label: unit, command: a, cache: node_modules}]",
            "step 1 (\"unit\"): `cache` is not supported by this simulator",
        ),
        ("[{command: a, secrets: [KEY]}]", "`secrets` is not supported"),
        ("[{command: a, signature: {}}]", "`signature` is not supported"),
        ("[{command: a, notify: [{slack: '#ci'}]}]", "`notify` is not supported"),
        ("[{command: a, if_changed: src/**}]", "`if_changed` is not supported"),
        ("[{command: a, retry: {manual: false}}]", "`retry.manual` is not supported"),
        ("[{command: a, checkout: {depth: 1}}]", "`checkout.depth` is not supported"),
        ("[{block: Go, allowed_teams: ops}]", "`allowed_teams` is not supported"),
        ("{notify: [], steps: []}", "pipeline: `notify` is not supported"),
        ("{cache: a, steps: []}", "pipeline: `cache` is not supported"),
        ("{secrets: [A], steps: []}", "pipeline: `secrets` is not supported"),
    ] {
        let got = refusal(yaml);
        assert!(got.contains(want), "{yaml}: {got}");
    }
}

/// pipeline-format 21.2–21.6
#[test]
fn mistakes_name_the_step() {
    for (yaml, want) in [
        ("make all", "a mapping with `steps`"),
        ("{env: {A: x}}", "the pipeline has no `steps`"),
        ("{step: [wait]}", "did you mean `steps`?"),
        ("{agent: {queue: k}, steps: [wait]}", "unknown key `agent`; did you mean `agents`?"),
        ("{steps: {command: make}}", "`steps` must be a list"),
        ("{env: [A=1], steps: []}", "`env` must be a mapping"),
        ("[build]", "step 1: \"build\" is not a step"),
        ("[{command: a}, ~]", "step 2: this step is empty"),
        ("[{label: Build}]", "step 1 (\"Build\"): this step has no type"),
        (
            "[{command: a, comand: b}]",
            "`comand` is not an attribute of a command step; did you mean `command`?",
        ),
        ("[{wait: ~, env: {A: x}}]", "`env` is not an attribute of a wait step"),
        ("[{command: a, commands: b}]", "are the same attribute"),
        ("[{command: a, key: x}, {command: b, key: x}]", "key \"x\" is used by two steps"),
        ("[{command: a, key: 'a b'}]", "a key holds letters"),
        ("[{command: a, key: 0f8fad5b-d9cb-469f-a165-70867728950e}]", "look like a UUID"),
        (
            "[{command: a, key: a, depends_on: b}, {command: b, key: b, depends_on: a}]",
            "dependency cycle: a → b → a",
        ),
        ("[{command: a, depends_on: {step: x}}]", "put the mapping in a list"),
        ("[{command: a, if: 'true', branches: main}]", "cannot be used together"),
        ("[{command: a, if: 'build.brnch'}]", "`if`: unknown variable"),
        (
            "[{command: a, skip: this reason is much longer than the seventy characters that the service accepts}]",
            "limited to 70",
        ),
        ("[{command: a, concurrency: 1}]", "needs `concurrency_group`"),
        ("[{command: a, concurrency_group: g}]", "needs `concurrency`"),
        ("[{command: a, concurrency: 0, concurrency_group: g}]", "at least 1"),
        (
            "[{command: a, concurrency: 1, concurrency_group: g, concurrency_method: fifo}]",
            "ordered or eager",
        ),
        ("[{command: a, parallelism: 0}]", "at least 1"),
        ("[{command: a, parallelism: 2, matrix: [a]}]", "cannot be combined"),
        ("[{command: a, timeout_in_minutes: 10m}]", "must be a whole number"),
        ("[{command: a, retry: true}]", "write retry: {automatic: true}"),
        ("[{command: a, retry: {limit: 2}}]", "`limit` is not an attribute of a `retry`"),
        ("[{command: a, retry: {automatic: {limit: 20}}}]", "between 0 and 10"),
        ("[{command: a, retry: {automatic: {exit_status: 256}}}]", "-1 to 255"),
        ("[{command: a, retry: {automatic: {signal_reason: oom}}}]", "unknown signal_reason"),
        ("[{command: a, soft_fail: [1]}]", "{exit_status: 1}"),
        ("[{command: a, soft_fail: {exit_status: 1}}]", "a list"),
        ("[{command: a, soft_fail: [{exit_status: '*', limit: 1}]}]", "`limit` is not an attribute"),
        ("[{command: a, soft_fail: [{exit_status: '*'}, 1]}]", "{exit_status: 1}"),
        ("[{command: a, soft_fail: [{exit_status: '*'}, {}]}]", "needs `exit_status`"),
        ("[{command: a, soft_fail: [{exit_status: '*'}, {exit_status: 256}]}]", "-1 to 255"),
        ("[{command: a, agents: kubernetes}]", "`agents` is a mapping"),
        ("[{command: a, agents: [kubernetes]}]", "has no \"=\""),
        ("[{command: a, agents: {queue: [a, b]}}]", "takes one value"),
        ("[{command: a, env: {A: [x]}}]", "must be a string"),
        ("[{command: [{echo a: b}]}]", "a command is text"),
        ("[{command: a, plugins: docker}]", "`plugins` must be a list"),
        ("[{command: a, plugins: [{docker: [a]}]}]", "must be a mapping"),
        ("[{group: A, steps: [{group: B, steps: [wait]}]}]", "groups cannot be nested"),
        ("[{group: A, steps: []}]", "at least one step"),
        ("[{group: A, steps: [{command: a, foo: b}]}]", "step 1 (\"A\"), step 1: `foo`"),
        ("[{block: Go, fields: [{text: Name}]}]", "needs a `key`"),
        ("[{block: Go, fields: [{key: name}]}]", "either `text` or `select`"),
        ("[{block: Go, fields: [{select: E, key: e}]}]", "at least one option"),
        ("[{block: Go, blocked_state: pending}]", "`blocked_state` is"),
        ("[{command: a, matrix: {os: [linux]}}]", "matrix.setup"),
        ("[{command: 'a {{matrix.os}}', matrix: [a]}]", "{{matrix.os}} names no dimension"),
        ("{env: {RELEASED: 2026-03-01}, steps: [wait]}", "a YAML timestamp"),
        ("[{command: a, parallelism: 600}]", "creates 600 jobs"),
        ("steps: [wait]\n---\nsteps: [block]\n", "2 documents"),
        ("# nothing\n", "holds no pipeline"),
        ("steps:\n\t- wait\n", "p.yml"),
    ] {
        let got = refusal(yaml);
        assert!(got.contains(want), "{yaml}: {got}");
    }
}

fn only(plan: &Plan) -> &PlannedStep {
    assert_eq!(plan.steps.len(), 1);
    &plan.steps[0]
}

/// pipeline-format 5, 8.2, 8.7: the step's own agents replace, variables merge.
#[test]
fn defaults_of_the_pipeline() {
    let build = BuildVariables {
        env: IndexMap::from([("A".to_owned(), "build".to_owned()), ("B".to_owned(), "build".to_owned())]),
        ..BuildVariables::default()
    };
    let yaml = "
env: {A: pipeline, B: pipeline, C: 1.10, D: 0755}
agents: {queue: k}
image: alpine
priority: 3
checkout: {skip: true, lfs: true}
steps:
- {command: a, env: {B: step}, checkout: {skip: false}}
- {command: b, agents: [os=linux, gpu=], image: busybox, priority: -1}
";
    let plan = plan_for(yaml, &build);
    let first = &plan.steps[0].jobs()[0];
    let env: Vec<String> = first.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let want = [
        "A=build",
        "B=step",
        "C=1.1",
        "D=493",
        "BUILDKITE_SKIP_CHECKOUT=false",
        "BUILDKITE_GIT_LFS_ENABLED=true",
    ];
    assert_eq!(env, want);
    assert_eq!(first.agents, ["queue=k"]);
    assert_eq!(first.image.as_deref(), Some("alpine"));
    let PlannedKind::Command(command) = &plan.steps[0].kind else { panic!("a command") };
    assert_eq!(command.priority, 3);
    let second = &plan.steps[1].jobs()[0];
    assert_eq!(second.agents, ["os=linux", "gpu=*"]);
    assert_eq!(second.image.as_deref(), Some("busybox"));
}

/// pipeline-format 8.9
#[test]
fn parallelism_numbers_its_copies() {
    let plan = plan("[{command: a, label: 'test %n of %t', parallelism: 3}]");
    let jobs = only(&plan).jobs();
    let labels: Vec<_> = jobs.iter().map(|job| job.label.as_deref().unwrap()).collect();
    assert_eq!(labels, ["test 1 of 3", "test 2 of 3", "test 3 of 3"]);
    assert_eq!(jobs[2].env["BUILDKITE_PARALLEL_JOB"], "2");
    assert_eq!(jobs[2].env["BUILDKITE_PARALLEL_JOB_COUNT"], "3");
}

/// pipeline-format 15
#[test]
fn matrices() {
    for (matrix, want) in [
        ("[a, b]", "a|b"),
        ("{setup: [a, 1, true]}", "a|1|true"),
        ("{setup: [a, b], adjustments: [{with: b, skip: true}]}", "a"),
        ("{setup: [a, b], adjustments: [{with: b, skip: true}, {with: b, soft_fail: true}]}", "a"),
        ("{setup: [a], adjustments: [{with: [c]}]}", "a|c"),
        ("{setup: {os: [a, b], arch: [1, 2]}}", "a 1|a 2|b 1|b 2"),
        ("{setup: {os: [a], arch: [1]}, adjustments: [{with: {os: c, arch: 1}}]}", "a 1|c 1"),
        ("{setup: {os: [a, b], arch: [1]}, adjustments: [{with: {os: b, arch: 1}, skip: no arm}]}", "a 1"),
        ("{setup: {os: [], arch: []}, adjustments: [{with: {os: c, arch: 1}}]}", "c 1"),
    ] {
        let text = if matrix.contains("os:") { "{{matrix.os}} {{ matrix.arch }}" } else { "{{matrix}}" };
        let plan = plan(&format!("[{{command: '{text}', matrix: {matrix}}}]"));
        let commands: Vec<_> = only(&plan).jobs().iter().map(|job| job.command.as_str()).collect();
        assert_eq!(commands.join("|"), want, "{matrix}");
    }
}

/// pipeline-format 15: where tokens are filled in.
#[test]
fn matrix_tokens_reach_every_part_of_a_job() {
    let plan = plan(
        "
- command: make {{matrix}}
  label: on {{matrix}}
  env: {OS: '{{matrix}}'}
  agents: {os: '{{matrix}}'}
  image: '{{matrix}}:1'
  artifact_paths: 'out/{{matrix}}/*'
  plugins: [{'docker#{{matrix}}': {image: '{{matrix}}'}}]
  soft_fail: true
  matrix: {setup: [linux], adjustments: [{with: linux, soft_fail: [{exit_status: 3}]}]}
",
    );
    let job = &only(&plan).jobs()[0];
    assert_eq!(job.command, "make linux");
    assert_eq!(job.label.as_deref(), Some("on linux"));
    assert_eq!(job.env["OS"], "linux");
    assert_eq!(job.agents, ["os=linux"]);
    assert_eq!(job.image.as_deref(), Some("linux:1"));
    assert_eq!(job.artifact_paths, ["out/linux/*"]);
    let plugin = "github.com/buildkite-plugins/docker-buildkite-plugin#linux";
    assert_eq!(Value::from(job.plugins[0].clone()), json!({ plugin: {"image": "linux"} }));
    assert_eq!(job.soft_fail, SoftFail::On(vec![3]));
    assert_eq!(job.matrix[""], "linux");
}

/// pipeline-format 16
#[test]
fn plugin_forms_and_sources() {
    let config = json!({"a": 1});
    for (plugins, want) in [
        (json!(["docker#v1"]), json!([{"github.com/buildkite-plugins/docker-buildkite-plugin#v1": null}])),
        (json!([{"docker": {}}]), json!([{"github.com/buildkite-plugins/docker-buildkite-plugin": null}])),
        (
            json!({"kubernetes": config, "acme/tool#v2": config}),
            json!([
                {"github.com/buildkite-plugins/kubernetes-buildkite-plugin": config},
                {"github.com/acme/tool-buildkite-plugin#v2": config},
            ]),
        ),
        (
            json!([{"github.com/buildkite-plugins/kubernetes-buildkite-plugin": config}]),
            json!([{"github.com/buildkite-plugins/kubernetes-buildkite-plugin": config}]),
        ),
        (
            json!(["./local", "ssh://git@example.test/a/b.git#v1"]),
            json!([{"./local": null}, {"ssh://git@example.test/a/b.git#v1": null}]),
        ),
        (json!(null), json!([])),
    ] {
        let pipeline = parse_json(&json!([{"command": "a", "plugins": plugins}])).unwrap();
        let Step::Command(step) = &pipeline.steps[0] else { panic!("a command") };
        assert_eq!(json!(step.plugins), want);
    }
}

/// pipeline-format 7, 12, 14: what leaves a step out, and groups pushing it down.
#[test]
fn fates() {
    for (step, want) in [
        ("{command: a}", "run"),
        ("{command: a, skip: true}", "skipped "),
        ("{command: a, skip: too slow}", "skipped too slow"),
        ("{command: a, skip: ''}", "run"),
        ("{command: a, skip: false}", "run"),
        ("{command: a, if: build.branch == 'main'}", "run"),
        ("{command: a, if: build.branch != 'main'}", "excluded if: build.branch != 'main'"),
        ("{command: a, if: 'false', skip: true}", "excluded if: false"),
        ("{command: a, branches: main}", "run"),
        ("{command: a, branches: 'dev ma*n'}", "run"),
        ("{command: a, branches: '!main'}", "excluded branches: !main"),
        ("{command: a, branches: ['m*', '!*n']}", "excluded branches: m* !*n"),
        ("{command: a, branches: 'feature/*'}", "excluded branches: feature/*"),
        ("{group: g, if: 'false', steps: [{command: a}]}", "excluded if: false"),
        ("{group: g, skip: later, steps: [{command: a}]}", "skipped later"),
        ("{group: g, steps: [{command: a, if: 'false'}]}", "excluded if: false"),
        ("{wait: ~, if: 'false'}", "excluded if: false"),
    ] {
        let plan = plan(&format!("[{step}]"));
        let got = match &only(&plan).fate {
            Fate::Run => "run".to_owned(),
            Fate::Skipped { reason } => format!("skipped {reason}"),
            Fate::Excluded { reason } => format!("excluded {reason}"),
        };
        assert_eq!(got, want, "{step}");
    }
}

/// pipeline-format 12
#[test]
fn groups_are_flattened_and_keep_their_dependencies() {
    let plan = plan(
        "
- {command: a, key: a}
- group: Tests
  key: tests
  depends_on: a
  steps:
  - {command: b}
  - wait
  - {command: c, depends_on: []}
- {command: d, depends_on: [{step: tests, allow_failure: true}]}
",
    );
    let groups: Vec<_> =
        plan.steps.iter().map(|step| step.group.as_ref().and_then(|group| group.key.as_deref())).collect();
    assert_eq!(groups, [None, Some("tests"), Some("tests"), Some("tests"), None]);
    let group = plan.steps[1].group.as_ref().unwrap();
    assert_eq!(group.depends_on.as_ref().unwrap()[0].step, "a");
    assert_eq!(plan.steps[1].depends_on, None);
    assert_eq!(plan.steps[3].depends_on, Some(Vec::new()));
    assert!(plan.steps[4].depends_on.as_ref().unwrap()[0].allow_failure);
}

/// pipeline-format 8.11
#[test]
fn retry_rules() {
    let lost = Failure { exit_status: -1, signal: None, signal_reason: None };
    let plain = |exit_status| Failure { exit_status, signal: None, signal_reason: None };
    let stack = Failure { exit_status: 1, signal: None, signal_reason: Some("stack_error") };
    let killed = Failure { exit_status: 137, signal: Some("SIGKILL"), signal_reason: None };
    for (automatic, failure, want) in [
        ("true", plain(1), 2),
        ("false", plain(1), 0),
        ("{exit_status: 3, limit: 5}", plain(3), 5),
        ("{exit_status: 3, limit: 5}", plain(4), 0),
        ("{exit_status: [-1, 255]}", lost, 2),
        ("{exit_status: '*', limit: 1}", plain(7), 1),
        ("[{exit_status: 1, limit: 0}, {exit_status: '*'}]", plain(1), 0),
        ("[{exit_status: 1, limit: 0}, {exit_status: '*'}]", plain(2), 2),
        ("{signal_reason: stack_error, limit: 4}", stack, 4),
        ("{signal_reason: [cancel, stack_error], limit: 4}", stack, 4),
        ("{signal_reason: none, limit: 4}", stack, 0),
        ("{signal_reason: none, limit: 4}", plain(1), 4),
        ("{signal: kill}", killed, 2),
        ("{signal: [SIGTERM, SIGKILL]}", killed, 2),
        ("{signal: none}", killed, 0),
        ("{signal: none}", plain(1), 2),
    ] {
        let plan = plan(&format!("[{{command: a, retry: {{automatic: {automatic}}}}}]"));
        let PlannedKind::Command(command) = &only(&plan).kind else { panic!("a command") };
        assert_eq!(retry_limit(&command.retry, failure), want, "{automatic} {failure:?}");
    }
}

#[test]
fn soft_fail_forms() {
    for (soft_fail, status, want) in [
        ("true", 1, true),
        ("false", 1, false),
        ("'true'", 1, true),
        ("[{exit_status: '*'}]", 9, true),
        ("[{exit_status: '*'}, {exit_status: 1}]", 9, true),
        ("[{exit_status: 1}, {exit_status: '*'}]", 0, false),
        ("[{exit_status: 1}, {exit_status: 3}]", 3, true),
        ("[{exit_status: 1}]", 3, false),
    ] {
        let plan = plan(&format!("[{{command: a, soft_fail: {soft_fail}}}]"));
        let covers = only(&plan).jobs()[0].soft_fail.covers(status);
        assert_eq!(covers, want, "{soft_fail} {status}");
    }
}

/// pipeline-format 4.1
#[test]
fn interpolation() {
    let known = IndexMap::from(
        [("A", "apple"), ("EMPTY", "")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    for (text, want) in [
        ("$A ${A}", "apple apple"),
        ("$B|${B}", "|"),
        ("${B:-x} ${EMPTY:-x} ${EMPTY-x} ${B-x}", "x x  x"),
        ("${B:-${A}}", "apple"),
        ("${B:-${C:-deep}}", "deep"),
        ("${A:2}", "ple"),
        ("${A:1:2}", "pp"),
        ("${A: -3}", "ple"),
        ("${A:9}", ""),
        ("${A: -9}", "apple"),
        ("${A:1: -1}", "ppl"),
        ("${A:4: -4}", ""),
        ("${A?missing}", "apple"),
        ("$$A \\$A $${A} \\${A}", "$A $A ${A} ${A}"),
        ("$${A%suffix}", "${A%suffix}"),
        ("$(cmd $A) $((1+1))", "$(cmd apple) $((1+1))"),
        ("$1 $? $@ $_x $", "$1 $? $@ $_x $"),
        ("a$$$A", "a$apple"),
        ("\\\\A", "\\\\A"),
    ] {
        assert_eq!(expand_text(text, &known), Ok(want.to_owned()), "{text}");
    }
    for text in ["${A:?x}", "${A:+x}", "${A=x}", "${A%x}", "${#A}", "${1}", "${{ m }}", "${A", "${B?no B}"] {
        assert!(expand_text(text, &known).is_err(), "{text}");
    }
}

/// pipeline-format 4.2
#[test]
fn the_documents_own_variables_come_first() {
    let outside = IndexMap::from([("NAME".to_owned(), "outer".to_owned())]);
    let pipeline = json!({
        "steps": [{"command": "echo $NAME $PATHS $MISSING", "parallelism": 2}],
        "env": {"NAME": "inner", "PATHS": "/$NAME"},
    });
    let want = json!({
        "steps": [{"command": "echo inner /inner ", "parallelism": 2}],
        "env": {"NAME": "inner", "PATHS": "/inner"},
    });
    assert_eq!(interpolate(&pipeline, &outside), Ok(want));
}

/// What an agent uploads is read back as what was written.
#[test]
fn keys_that_carry_anchors_are_reported_not_refused() {
    let pipeline = parse_yaml(
        "common: &c {agents: {queue: k}}\nretry: &r {automatic: true}\n\
         steps: [{command: make, <<: *c, retry: *r}]\n",
        "p.yml",
    )
    .unwrap();
    assert_eq!(pipeline.inert_keys, ["common", "retry"]);
    let Step::Command(step) = &pipeline.steps[0] else { panic!("a command") };
    assert_eq!(step.agents, Some(vec!["queue=k".to_owned()]));
    assert_eq!(step.retry[0].limit, 2);
}

/// What the project shows to its users runs on its own simulator.
#[test]
fn the_projects_own_pipelines_are_understood() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pipelines");
    let mut seen = 0;
    let mut paths = vec![std::path::PathBuf::from(directory)];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        // Beside them lie configurations and snapshots.
        if path.extension().is_none_or(|end| end != "yml") {
            continue;
        }
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let known = IndexMap::new();
        let plan = super::read_yaml(&text, &name)
            .and_then(|value| interpolate(&value, &known))
            .and_then(|value| parse_json(&value))
            .and_then(|pipeline| expand(&pipeline, &BuildVariables::default()));
        assert!(plan.is_ok_and(|plan| plan.job_count() > 0), "{name}");
        seen += 1;
    }
    assert!(seen > 0, "there are pipelines in {directory}");
}
