//! `render` as its users meet it: no cluster, no network, no home; the Job on standard output, everything else on
//! standard error (controller-config 8.1, 8.3).

use std::{fs, path::Path};

use serde_json::Value;

use crate::process::{Ended, run};

const JOB: &str = "\
id: 0195e5a7-0000-4000-8000-000000000001
command: make test
env: {BUILDKITE_BRANCH: main}
agent_query_rules: [queue=linux]
priority: 3
";

/// Runs `render` in a folder that holds these files.
async fn render(files: &[(&str, &str)], words: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let words: Vec<&str> = ["render"].into_iter().chain(words.iter().copied()).collect();
    // No HOME, no KUBECONFIG, nothing.
    run(folder.path(), &words, &[("HOME", "/nonexistent")]).await
}

/// What comes of one job file and some flags: status and standard error.
struct Case {
    files: &'static [(&'static str, &'static str)],
    words: &'static [&'static str],
    status: i32,
    errors: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { files: &[("j.yaml", JOB)], words: &["--job", "j.yaml"], status: 0, errors: &[] },
    Case {
        files: &[("j.yaml", JOB)],
        words: &["--job", "none.yaml"],
        status: 2,
        errors: &["error: cannot read `none.yaml`: No such file or directory (os error 2)"],
    },
    Case {
        files: &[("j.json", "{\"id\": ")],
        words: &["--job", "j.json"],
        status: 2,
        errors: &["error: j.json:1:1: unclosed bracket '{'"],
    },
    Case {
        files: &[("j.json", r#"{"command": "make"}"#)],
        words: &["--job", "j.json"],
        status: 2,
        errors: &["error: j.json:1:1: the job has no `id`"],
    },
    Case {
        files: &[("j.yaml", "id: a\nenv:\n  N: 3\n")],
        words: &["--job", "j.yaml"],
        status: 2,
        errors: &["error: j.yaml:3:6: env: found integer, expected text; write it in quotes"],
    },
    Case {
        files: &[("j.yaml", JOB), ("v", "A=1\n\n# note\nB\n")],
        words: &["--job", "j.yaml", "--job-env", "v"],
        status: 2,
        errors: &["error: v:4: expected NAME=VALUE"],
    },
    Case {
        files: &[("j.yaml", JOB)],
        words: &["--job", "j.yaml", "--job-env", "BUILDKITE_IMAGE=Upper"],
        status: 1,
        errors: &[
            "error[E-13]: kubernetes plugin: containers[container-0].image: bad image: container `container-0`, image `Upper`: upper case in name; an image is [registry/]name[:tag][@digest], the name in lower case",
        ],
    },
    Case {
        files: &[("j.yaml", JOB), ("c.yaml", "imagee: x\n")],
        words: &["--job", "j.yaml", "--config", "c.yaml"],
        status: 1,
        errors: &["error[E-36]: imagee: is not a known key; did you mean `image`? (c.yaml:1:1)"],
    },
    Case {
        files: &[("j.yaml", JOB)],
        words: &["--job", "j.yaml", "--max-in-flight", "many"],
        status: 2,
        errors: &["error[E-36]: max-in-flight: `many` is not a whole number (flag --max-in-flight)"],
    },
    Case {
        files: &[("j.yaml", JOB)],
        words: &["--job", "j.yaml", "--tags", "queue=a,b"],
        status: 2,
        errors: &["error: tags[1]: `b` is not of the form key=value (flag --tags)"],
    },
    Case {
        files: &[("j.yaml", JOB), ("c.yaml", "tags: [b]\n")],
        words: &["--job", "j.yaml", "--config", "c.yaml", "--log-level", "loud"],
        status: 1,
        errors: &[
            "error: log-level: `loud` is not one of `debug`, `info`, `warn`, `error`, in exactly that spelling (flag \
             --log-level)",
            "error: tags[0]: `b` is not of the form key=value (c.yaml:1:7)",
        ],
    },
    Case {
        files: &[("j.yaml", JOB)],
        words: &["--job", "j.yaml", "--job-env", "1A=3"],
        status: 2,
        errors: &[
            "error: --job-env: `1A` is no name of a variable; begin it with a letter or `_` and go on with those and \
             digits",
        ],
    },
    Case {
        files: &[("j.yaml", JOB), ("v", "A=1\nB-C=2\n")],
        words: &["--job", "j.yaml", "--job-env", "v"],
        status: 2,
        errors: &[
            "error: v:2: `B-C` is no name of a variable; begin it with a letter or `_` and go on with those and digits",
        ],
    },
    Case {
        files: &[("p.yml", "steps:\n- {command: a, key: k}\n- wait\n- {command: b, key: k}\n")],
        words: &["p.yml", "--step", "k"],
        status: 2,
        errors: &[
            "error: p.yml:4:3: the step in line 2 has the key `k` as well; give each step a key of its own",
        ],
    },
    // What a controller of this version lacks is none of render's business.
    Case {
        files: &[("j.yaml", JOB), ("c.yaml", "max-in-flight-per-pipeline: 3\nprofiler-address: a:1\n")],
        words: &["--job", "j.yaml", "--config", "c.yaml"],
        status: 0,
        errors: &[],
    },
    Case {
        files: &[("j.yaml", "id: a\ncommand: make\nagent_query_rules: [broken]\n")],
        words: &["--job", "j.yaml"],
        status: 0,
        errors: &[
            "warning[W-4]: agent_query_rules[0]: `broken` has no `=` and is ignored; write `key=value`",
        ],
    },
    Case {
        files: &[
            (
                "j.yaml",
                "id: a\ncommand: make\nenv: {BUILDKITE_PLUGINS: '[{\"github.com/buildkite-plugins/kubernetes-buildkite-plugin\": {\"podTemplate\": \"go\"}}]'}\n",
            ),
            ("t.yaml", "kind: PodTemplate\nmetadata: {name: rust}\ntemplate: {spec: {}}\n"),
        ],
        words: &["--job", "j.yaml", "--pod-template", "t.yaml"],
        status: 1,
        errors: &[
            "error[E-7]: kubernetes plugin: podTemplate: there is no PodTemplate `go`; create it in the controller's namespace, or correct the name",
        ],
    },
    Case {
        files: &[("p.yml", "steps: [wait]\n")],
        words: &["p.yml"],
        status: 2,
        errors: &["error: p.yml: has no command step"],
    },
    Case {
        files: &[("p.yml", "steps: [{command: a, key: test}]\n")],
        words: &["p.yml", "--step", "tset"],
        status: 2,
        errors: &["error: p.yml: no command step has the key `tset`; did you mean `test`?"],
    },
    Case {
        files: &[("p.yml", "steps:\n- label: x\n")],
        words: &["p.yml"],
        status: 2,
        errors: &["error: p.yml:2:3: nothing says what kind of step this is; give it a `command`"],
    },
    Case {
        files: &[],
        words: &[],
        status: 2,
        errors: &[
            "agent-stack-k8s: a pipeline file or `--job <FILE>` is missing; --help lists what there is",
        ],
    },
];

#[tokio::test]
async fn what_is_refused_and_what_is_warned_of() {
    for case in CASES {
        let ended = render(case.files, case.words).await;
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert_eq!((ended.status.code(), &lines[..]), (Some(case.status), case.errors), "{:?}", case.words);
        assert_eq!(ended.stdout.is_empty(), case.status != 0, "{:?}", case.words);
    }
}

/// One JSON object and nothing else; the same Job as YAML.
#[tokio::test]
async fn both_formats_hold_the_same_job() {
    let json = render(&[("j.yaml", JOB)], &["--job", "j.yaml", "--format", "json"]).await;
    let yaml = render(&[("j.yaml", JOB)], &["--job", "j.yaml"]).await;
    let of_json: Value = serde_json::from_str(&json.stdout).unwrap();
    let of_yaml: Value = serde_yaml::from_str(&yaml.stdout).unwrap();
    assert_eq!(of_json, of_yaml);
    assert_eq!(of_json["metadata"]["name"], "buildkite-0195e5a7-0000-4000-8000-000000000001");
    assert_eq!(of_json["metadata"]["annotations"]["buildkite.com/job-priority"], "3", "{of_json:#}");
}

/// Tokens on: a Secret of the job alone; off: the one of all (controller-config 7.1).
#[tokio::test]
async fn the_agents_credential_follows_the_settings() {
    for (given, secret) in
        [("false", "buildkite-agent-token"), ("true", "buildkite-0195e5a7-0000-4000-8000-000000000001-token")]
    {
        let flag = format!("--enable-job-acquisition-tokens={given}");
        let ended = render(&[("j.yaml", JOB)], &["--job", "j.yaml", &flag]).await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains(&format!("name: {secret}\n")), "{}", ended.stdout);
    }
}

/// Flags, the configuration file and the job's own variables count as in the controller.
#[tokio::test]
async fn settings_and_variables_reach_the_pod() {
    let files = [
        ("j.yaml", JOB),
        ("c.yaml", "job-prefix: ci-\nimage: example.com/agent:1\n"),
        ("v", "# of the pipeline\nBUILDKITE_IMAGE=example.com/steps:2\nBUILDKITE_BRANCH=other\n"),
    ];
    let words = ["--job", "j.yaml", "-f", "c.yaml", "--id", "blue", "--job-env", "v", "--format", "json"];
    let ended = render(&files, &words).await;
    let job: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
    assert_eq!(job["metadata"]["name"], "ci-0195e5a7-0000-4000-8000-000000000001");
    assert_eq!(job["metadata"]["labels"]["buildkite.com/controller-id"], "blue");
    let containers = job["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let images: Vec<&str> = containers.iter().map(|container| container["image"].as_str().unwrap()).collect();
    assert!(images.contains(&"example.com/agent:1") && images.contains(&"example.com/steps:2"), "{images:?}");
    assert_eq!(job["metadata"]["annotations"]["buildkite.com/build-branch"], "other", "{job:#}");
}

/// Each command step becomes one Job; a refused one is named, and the others are printed all the same.
#[tokio::test]
async fn a_pipeline_file_becomes_the_jobs_of_its_steps() {
    let pipeline = "\
agents: {queue: linux}
steps:
- command: make $TARGET
  key: build
- wait
- command: make test
  key: test
  image: Upper
- group: more
  steps:
  - command: make {{matrix}}
    image: 'golang:{{matrix}}'
    matrix: ['1.25', '1.26']
  - plugins: [{kubernetes: {podTemplate: go}}]
    command: go test
";
    let template = "kind: PodTemplate\nmetadata: {name: go}\n\
                    template: {spec: {containers: [{name: go, image: 'golang:1.26'}]}}\n";
    let files = [("p.yml", pipeline), ("t.yaml", template)];
    let words = ["p.yml", "--pod-template", "t.yaml", "--format", "json"];
    let ended = render(&files, &words).await;
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let expected = [
        "warning: p.yml: not known here, so left as written: $TARGET; give them with --job-env",
        "warning: p.yml:11:5: step 4 (1.25): is the first of 2 combinations of its matrix; --matrix all shows each",
        "error[E-13]: p.yml:6:3: step 3 (\"test\"): kubernetes plugin: containers[container-0].image: bad image: container `container-0`, image \
         `Upper`: upper case in name; an image is [registry/]name[:tag][@digest], the name in lower case",
    ];
    assert_eq!((ended.status.code(), &lines[..]), (Some(1), &expected[..]));
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&list["kind"], list["items"].as_array().unwrap().len()), (&Value::from("List"), 3));
    let container = |job: usize| &list["items"][job]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container(1)["image"], "golang:1.25");
    assert_eq!((&container(2)["name"], &container(2)["image"]), (&"go".into(), &"golang:1.26".into()));
    assert_eq!(list["items"][0]["metadata"]["labels"]["tag.buildkite.com/queue"], "linux");
    assert_eq!(list["items"][0]["metadata"]["annotations"]["buildkite.com/step-key"], "build");

    let one = render(&files, &["p.yml", "--step", "build"]).await;
    let job: Value = serde_yaml::from_str(&one.stdout).unwrap();
    assert_eq!((one.status.code(), &job), (Some(0), &list["items"][0]), "the same job, alone");
    let several = render(&[("p.yml", "- command: a\n- command: b\n")], &["p.yml"]).await;
    assert_eq!(several.stdout.matches("\n---\napiVersion: batch/v1\n").count(), 1, "{}", several.stdout);
}

/// Lines of the command container, its image and the annotation of the branch, for each Job of a List.
fn seen(text: &str) -> Vec<String> {
    let root: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{text}"));
    let jobs = root["items"].as_array().cloned().unwrap_or_else(|| vec![root]);
    let of_job = |job: &Value| {
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let env = container["env"].as_array().unwrap();
        let command = env.iter().find(|variable| variable["name"] == "BUILDKITE_COMMAND");
        let command = command.map_or("", |variable| variable["value"].as_str().unwrap());
        let branch = &job["metadata"]["annotations"]["buildkite.com/build-branch"];
        format!("{command} in {} of {}", container["image"].as_str().unwrap(), branch.as_str().unwrap())
    };
    jobs.iter().map(of_job).collect()
}

/// Variables as an upload replaces them: those of the build, the pipeline's own and given ones
/// (controller-config 8.3, pipeline-format 4).
#[tokio::test]
async fn variables_are_replaced_as_an_upload_does_it() {
    let pipeline = "\
env: {IMAGE: 'img:$TAG', TAG: own}
steps:
- command: make $BUILDKITE_BRANCH $TARGET $$TARGET ${LEVEL:-1}
  label: $LABEL
  image: $IMAGE
  env: {BUILDKITE_BRANCH: of the step}
";
    let files = [("p.yml", pipeline)];
    for (words, want, warns) in [
        (&[][..], "make main $TARGET $TARGET 1 in img:1 of main", ": $TARGET; give them with --job-env"),
        (&["--job-env", "TARGET=all"], "make main all $TARGET 1 in img:1 of main", ""),
        (
            &["--job-env", "TARGET=all", "--job-env", "LEVEL=2", "--job-env", "BUILDKITE_BRANCH=dev"],
            "make dev all $TARGET 2 in img:1 of dev",
            "",
        ),
    ] {
        let words = [&["p.yml", "--format", "json", "--job-env", "TAG=1"], words].concat();
        let ended = render(&files, &words).await;
        assert_eq!(seen(&ended.stdout), [want], "{}", ended.stderr);
        let warning = if warns.is_empty() {
            String::new()
        } else {
            format!("warning: p.yml: not known here, so left as written{warns}\n")
        };
        assert_eq!(ended.stderr, warning, "{words:?}");
    }
    let as_written = [("p.yml", "- command: make $A ${C%x}\n  image: img\n")];
    let kept = render(&as_written, &["p.yml", "--no-interpolation", "--format", "json"]).await;
    let want = ["make $A ${C%x} in img of main"];
    assert_eq!((&seen(&kept.stdout)[..], &*kept.stderr), (&want.map(str::to_owned)[..], ""));
    let refused = render(&as_written, &["p.yml"]).await;
    let want =
        "error: p.yml:1:12: an upload cannot interpret ${C%…}; write $${C%…} to leave it to the shell\n";
    assert_eq!((refused.status.code(), &*refused.stderr), (Some(2), want));
}

/// `$$` in a patch becomes the one dollar of a directive (kubernetes-plugin B16).
#[tokio::test]
async fn directives_of_a_patch_are_written_with_two_dollars() {
    let pipeline = "\
- command: make
  plugins:
  - kubernetes:
      podSpec: {containers: [{name: c, image: img, env: [{name: A, value: a}]}]}
      podSpecPatch: {containers: [{name: c, env: [{name: A, $$patch: delete}]}]}
";
    let ended = render(&[("p.yml", pipeline)], &["p.yml", "--format", "json"]).await;
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    let job: Value = serde_json::from_str(&ended.stdout).unwrap();
    let env = job["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(env.iter().all(|variable| variable["name"] != "A"), "{env:#?}");
}

/// Adjustments add combinations and take them away; each has a place and an id of its own (pipeline-format 15).
#[tokio::test]
async fn the_combinations_of_a_matrix_are_jobs() {
    let pipeline = "\
- command: make {{matrix.os}}
  key: test
  image: img:{{matrix.go}}
  matrix:
    setup: {os: [linux], go: ['1.25', '1.26']}
    adjustments:
    - with: {os: linux, go: '1.25'}
      skip: true
    - with: {os: plan9, go: Upper}
- command: never
  matrix: {setup: [a], adjustments: [{with: a, skip: broken}]}
";
    let files = [("p.yml", pipeline), ("c.yaml", "job-prefix: x-\n")];
    let first = render(&files, &["p.yml", "--format", "json"]).await;
    assert_eq!(seen(&first.stdout), ["make linux in img:1.26 of main"]);
    let lines: Vec<&str> = first.stderr.lines().collect();
    let none =
        "warning: p.yml:10:3: step 2: its matrix has no combination that is not skipped, so it has no job";
    let expected = [
        "warning: p.yml:1:3: step 1 (\"test\", os=linux, go=1.26): is the first of 2 combinations of its matrix; \
         --matrix all shows each",
        none,
    ];
    assert_eq!((first.status.code(), &lines[..]), (Some(0), &expected[..]));

    let all = render(&files, &["p.yml", "--matrix", "all", "--format", "json"]).await;
    assert_eq!(seen(&all.stdout).len(), 2, "{}", all.stdout);
    assert_eq!(all.stderr.lines().collect::<Vec<_>>(), [none]);
    let list: Value = serde_json::from_str(&all.stdout).unwrap();
    let alone: Value = serde_json::from_str(&first.stdout).unwrap();
    assert_eq!(list["items"][0], alone, "the same job as without the others");
    assert_ne!(list["items"][1]["metadata"]["name"], alone["metadata"]["name"]);

    let differ = render(&files, &["p.yml", "--matrix", "all", "--diff", "c.yaml"]).await;
    assert!(differ.stdout.contains("p.yml:1:3: step 1 (\"test\", os=plan9, go=Upper)"), "{}", differ.stdout);
}

/// Every pipeline that the repository shows to its users can be rendered.
#[tokio::test]
async fn the_sample_pipelines_are_rendered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pipelines");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut pipelines: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    pipelines.sort();
    assert!(!pipelines.is_empty());
    for pipeline in pipelines {
        let ended = render(&[], &[pipeline.to_str().unwrap()]).await;
        assert_eq!(ended.status.code(), Some(0), "{}: {}", pipeline.display(), ended.stderr);
    }
}

/// The jobs of the repository come out as the builder's own snapshots have them, which name no version.
#[tokio::test]
async fn the_sample_jobs_are_what_their_snapshots_say() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/jobs");
    let file = fixtures.join("command.yaml");
    let ended = render(&[], &["--job", file.to_str().unwrap()]).await;
    let snapshot = fs::read_to_string(fixtures.join("command.snap")).unwrap();
    let (_, manifest) = snapshot.split_once("\n---\n").expect("a header goes before the manifest");
    let of_snapshot: Value = serde_yaml::from_str(manifest).unwrap();
    let printed = ended.stdout.replace(env!("CARGO_PKG_VERSION"), "devel");
    let rendered: Value = serde_yaml::from_str(&printed).unwrap_or_else(|_| panic!("{}", ended.stderr));
    assert_eq!(rendered, of_snapshot);
}

/// A file none of whose steps has a job is no mistake, but nobody is left to wonder: an empty List, and a line that
/// says so (controller-config 8.3).
#[tokio::test]
async fn no_job_is_an_empty_list() {
    let pipeline = "- command: never\n  matrix: {setup: [a], adjustments: [{with: a, skip: true}]}\n";
    let said = "warning: p.yml:1:3: step 1: its matrix has no combination that is not skipped, so it has no job\n\
                warning: nothing is rendered: no step has a job\n";
    let json = render(&[("p.yml", pipeline)], &["p.yml", "--format", "json"]).await;
    assert_eq!((json.status.code(), &*json.stderr), (Some(0), said));
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(list, serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": [] }));
    let yaml = render(&[("p.yml", pipeline)], &["p.yml"]).await;
    assert_eq!((yaml.status.code(), &*yaml.stdout, &*yaml.stderr), (Some(0), "", said));
    // A refused job is no empty result.
    let refused = "id: a\ncommand: make\nenv: {BUILDKITE_IMAGE: Upper}\n";
    let refused = render(&[("j.yaml", refused)], &["--job", "j.yaml", "--format", "json"]).await;
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""));
}

/// job-manifest R-195, controller-config 6.1, 8.3: with several queues each Job says which it is of.
#[tokio::test]
async fn several_queues() {
    let two = "queues: [{name: a}, {name: b, max-in-flight: 3}]\n";
    let rows: &[(&str, &str, Option<&str>)] = &[
        (two, "[queue=a]", Some("a")),
        (two, "[os=linux, queue=b]", Some("b")),
        (two, "[queue=a, queue=b]", Some("b")),
        (two, "[]", None),
        (two, "['queue=*']", None),
        ("queues: [{name: a}]\n", "[]", Some("a")),
        ("queues: [{name: '~'}, {name: a}]\n", "[queue=linux]", Some("linux")),
        ("queue: a\n", "[queue=a]", None),
    ];
    for (config, rules, queue) in rows {
        let job = format!("id: a\ncommand: make\nagent_query_rules: {rules}\n");
        let files = [("j.yaml", job.as_str()), ("c.yaml", config)];
        let words = ["--job", "j.yaml", "-f", "c.yaml", "--format", "json"];
        let ended = render(&files, &words).await;
        let job: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.stderr));
        let annotation = &job["metadata"]["annotations"]["buildkite.com/queue"];
        assert_eq!(annotation.as_str(), *queue, "{config}{rules}");
        let warns = config.starts_with("queues") && queue.is_none();
        let warning = "warning: no rule names its queue, and only Buildkite knows the key of the default queue, so \
                       the annotation `buildkite.com/queue` is left out; give the rule `queue=…`\n";
        assert_eq!(ended.stderr.contains(warning), warns, "{config}{rules}: {}", ended.stderr);
    }
    let pipeline = [("p.yml", "agents: {queue: b}\nsteps: [{command: make}]\n"), ("c.yaml", two)];
    let of_file = render(&pipeline, &["p.yml", "-f", "c.yaml"]).await;
    assert!(of_file.stdout.contains("    buildkite.com/queue: b\n"), "{}", of_file.stdout);
}

/// controller-config 8.3: the statuses are where users look for them.
#[tokio::test]
async fn the_help_says_how_it_ends() {
    let help = render(&[], &["--help"]).await;
    assert_eq!((help.status.code(), &*help.stderr), (Some(0), ""));
    for part in ["Exit status: 0 built, 1 refused", "\nExamples:\n", "standard error"] {
        assert!(help.stdout.contains(part), "{part}: {}", help.stdout);
    }
}
