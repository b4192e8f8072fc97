//! `explain`, and `render --diff`, as their users meet them (controller-config 8.1, 8.3). What origins are true is
//! tested where they are found, in `podspec-builder`.

use std::fs;

use serde_json::Value;

use crate::process::{Ended, run};

const PIPELINE: &str = "\
steps:
- command: make test
  key: test
  agents: {queue: linux}
  plugins:
  - kubernetes:
      podSpec: {containers: [{image: 'golang:1.26'}]}
      podSpecPatch: {nodeSelector: {pool: ci}}
- command: make lint
  key: lint
";
const CONFIG: &str = "job-ttl: 5m\npod-spec-patch:\n  priorityClassName: low\n";
const OTHER: &str = "job-ttl: 6m\npod-spec-patch:\n  priorityClassName: low\n";
const JOB: &str = "id: 0195e5a7-0000-4000-8000-000000000001\ncommand: make\n";

/// Runs a command in a folder that holds the files above.
async fn ask(words: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("p.yml", PIPELINE), ("c.yaml", CONFIG), ("d.yaml", OTHER), ("j.yaml", JOB)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run(folder.path(), words, &[("HOME", "/nonexistent")]).await
}

/// One field, or those in it, with where its setting was given.
#[tokio::test]
async fn a_field_that_was_asked_for() {
    for (words, lines) in [
        (
            &["explain", "p.yml", "--step", "test", "-f", "c.yaml", "spec.template.spec.priorityClassName"][..],
            &[
                "spec.template.spec.priorityClassName  low  setting pod-spec-patch.priorityClassName (c.yaml:3:3)",
            ][..],
        ),
        (
            &["explain", "p.yml", "--step", "test", "--job-ttl", "1m", "spec.ttlSecondsAfterFinished"],
            &["spec.ttlSecondsAfterFinished  60  setting job-ttl (flag --job-ttl)"],
        ),
        (
            &["explain", "p.yml", "--step", "test", "nodeSelector"],
            &["spec.template.spec.nodeSelector.pool  ci  plugin podSpecPatch.nodeSelector.pool"],
        ),
        (&["explain", "--job", "j.yaml", "spec.backoffLimit"], &["spec.backoffLimit  0  rule R-52"]),
        (
            &["explain", "p.yml", "-f", "c.yaml", "containers[container-0].image"],
            &[
                "# p.yml:2:3: step 1 (\"test\")",
                "spec.template.spec.containers[container-0].image  golang:1.26  plugin podSpec.containers[0].image",
                "",
                "# p.yml:9:3: step 2 (\"lint\")",
                "spec.template.spec.containers[container-0].image  ghcr.io/buildkite/agent:3.136.2  default of image \
                 (R-72)",
            ],
        ),
    ] {
        let ended = ask(words).await;
        let found: Vec<&str> = ended.stdout.lines().map(str::trim_end).collect();
        assert_eq!((ended.status.code(), &found[..]), (Some(0), lines), "{words:?}: {}", ended.stderr);
    }
}

/// Every field of the Job that `render` prints, and no other.
#[tokio::test]
async fn all_fields_for_programs() {
    let rendered = ask(&["render", "--job", "j.yaml", "--format", "json"]).await;
    let job: Value = serde_json::from_str(&rendered.stdout).unwrap();
    let explained = ask(&["explain", "--job", "j.yaml", "--format", "json"]).await;
    let explained: Value =
        serde_json::from_str(&explained.stdout).unwrap_or_else(|_| panic!("{}", explained.stderr));
    let entry = &explained["jobs"][0];
    assert_eq!(entry["name"], job["metadata"]["name"]);
    let fields = entry["fields"].as_array().unwrap();
    for field in fields {
        assert_eq!(job.pointer(field["pointer"].as_str().unwrap()), Some(&field["value"]), "{field}");
        assert!(field["origin"]["kind"].is_string() && field["origin"]["name"].is_string(), "{field}");
    }
    assert_eq!(fields.len(), leaves(&job));
}

/// Fields that hold no others; a list of texts is one.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) if !members.is_empty() => members.values().map(leaves).sum(),
        Value::Array(elements) if elements.iter().any(Value::is_object) => elements.iter().map(leaves).sum(),
        _ => 1,
    }
}

#[tokio::test]
async fn what_cannot_be_explained() {
    for (words, status, error) in [
        (
            &["explain", "p.yml", "nope"][..],
            2,
            "error: no Job has a field `nope`; without FIELD all are listed",
        ),
        (
            &["explain", "p.yml", "contianers[agent]"],
            2,
            "error: no Job has a field `contianers[agent]`; did you mean `spec.template.spec.containers[agent]`? \
             without FIELD all are listed",
        ),
        (
            &["explain", "--job", "j.yaml", "a", "b"],
            2,
            "error: unexpected argument `b`: with --job there is one FIELD at most",
        ),
        (
            &["explain"],
            2,
            "agent-stack-k8s: a pipeline file or `--job <FILE>` is missing; --help lists what there is",
        ),
        (
            &["explain", "--job", "j.yaml", "--job-env", "BUILDKITE_IMAGE=Upper"],
            1,
            "error[E-13]: kubernetes plugin: containers[container-0].image: bad image: container `container-0`, image `Upper`: upper case in name; \
             an image is [registry/]name[:tag][@digest], the name in lower case",
        ),
    ] {
        let ended = ask(words).await;
        assert_eq!((ended.status.code(), ended.stderr.trim_end()), (Some(status), error), "{words:?}");
        assert!(ended.stdout.is_empty(), "{words:?}");
    }
}

/// What no experiment tells is told: this permission can neither be missing nor be denied.
#[tokio::test]
async fn what_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = "steps:\n- command: make\n  plugins:\n  - kubernetes:\n      podSpecPatch: {containers: [{name: \
                    agent, args: [stop]}]}\n";
    fs::write(folder.path().join("p.yml"), pipeline).unwrap();
    let permission = "--allow-pod-spec-patch-unsafe-command-modification";
    let ended = run(folder.path(), &["explain", "p.yml", permission, "--format", "json"], &[]).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.trim_end(),
        "note: p.yml:2:3: step 1: what setting allow-pod-spec-patch-unsafe-command-modification changes is not known: \
         nothing can be built without it or with another"
    );
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        told["jobs"][0]["unknown"],
        serde_json::json!([{
            "kind": "setting",
            "name": "allow-pod-spec-patch-unsafe-command-modification",
            "given": "flag --allow-pod-spec-patch-unsafe-command-modification",
        }])
    );
}

/// The help says how the command ends, and shows it at work.
#[tokio::test]
async fn help_says_how_it_ends() {
    let help = ask(&["explain", "--help"]).await.stdout;
    for said in
        ["Exit status: 0 explained, 1 refused", "or a FIELD that no Job has", "Examples:", "`same as`"]
    {
        assert!(help.contains(said), "{said}\n{help}");
    }
}

/// What another configuration changes, as lines that go and come.
#[tokio::test]
async fn what_a_change_of_the_configuration_does() {
    let ended = ask(&["render", "p.yml", "--step", "test", "-f", "c.yaml", "--diff", "d.yaml"]).await;
    let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with(['-', '+'])).collect();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(
        lines,
        [
            "--- c.yaml\tp.yml:2:3: step 1 (\"test\")",
            "+++ d.yaml\tp.yml:2:3: step 1 (\"test\")",
            "-  ttlSecondsAfterFinished: 300",
            "+  ttlSecondsAfterFinished: 360",
        ]
    );
    let same = ask(&["render", "p.yml", "-f", "c.yaml", "--diff", "c.yaml"]).await;
    assert_eq!(
        (same.status.code(), same.stdout.as_str(), same.stderr.as_str()),
        (Some(0), "", "no difference\n")
    );
    // Refused under one of the two: said which, and shown as a Job that goes.
    let refused =
        ask(&["render", "--job", "j.yaml", "--job-env", "BUILDKITE_PLUGINS=[{}]", "--diff", "d.yaml"]).await;
    assert_eq!((refused.status.code(), refused.stdout.as_str()), (Some(1), ""));
    let lines: Vec<&str> = refused.stderr.lines().collect();
    assert!(
        lines[0].starts_with("error[E-2]: no configuration: ")
            && lines[1].starts_with("error[E-2]: d.yaml: "),
        "{lines:?}"
    );
}
