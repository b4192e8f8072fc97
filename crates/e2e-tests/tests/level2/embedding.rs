//! A tool of somebody else that embeds `podspec-builder`: its own workspace, another Kubernetes version, another
//! map behind JSON objects.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use podspec_builder::{Builder, JobRequest, JobUuid, Settings};
use serde_json::{Value, json};

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds the tool as its author would, in a target folder beside ours.
fn tool() -> PathBuf {
    let target = root().join("target/embedding");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(root().join("fixtures/embedding/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status()
        .unwrap();
    assert!(built.success());
    target.join("debug/embedding")
}

/// Plain, and with everything that could come out in another order: maps, unknown keys, a merge.
fn jobs() -> Vec<Value> {
    let block = json!({
        "metadata": { "labels": { "zone": "b", "area": "a" }, "annotations": { "y": "1", "x": "2" } },
        "sidecars": [{ "image": "redis:8", "env": [{ "value": "1", "name": "Z" }, { "name": "A", "value": "2" }] }],
        "podSpec": {
            "nodeSelector": { "z": "1", "a": "2" },
            "containers": [{ "workingDir": "/w", "image": "golang:1.26", "command": ["go", "test"], "unknown": 1 }],
        },
        "podSpecPatch": {
            "tolerations": [{ "operator": "Exists", "key": "ci" }],
            "containers": [{ "resources": { "limits": { "memory": "1Gi", "cpu": 2 } }, "name": "container-0" }],
        },
    });
    let plugins = json!([{ KUBERNETES: block }]).to_string();
    vec![
        json!({ "id": "0195e5a7-0000-4000-8000-000000000001", "command": "make", "env": {}, "agent_query_rules": ["queue=a"] }),
        json!({ "id": "0195e5a7-0000-4000-8000-000000000002", "command": "", "env": { "BUILDKITE_PLUGINS": plugins } }),
    ]
}

/// job-manifest R-2: equal arguments give equal bytes, whoever asks
#[test]
fn a_foreign_tool_gets_our_bytes() {
    let mut child = Command::new(tool()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let lines: String = jobs().iter().map(|job| format!("{job}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());

    let builder = Builder::new(Settings::default()).unwrap();
    let ours: String = jobs().iter().map(|job| format!("{}\n", build(&builder, job))).collect();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), ours);
}

fn build(builder: &Builder, job: &Value) -> Value {
    let uuid = JobUuid::new(job["id"].as_str().unwrap()).unwrap();
    let mut request = JobRequest::new(uuid, job["command"].as_str().unwrap());
    for (name, value) in job["env"].as_object().unwrap() {
        request.env.insert(name.clone(), value.as_str().unwrap().to_owned());
    }
    for rule in job["agent_query_rules"].as_array().into_iter().flatten() {
        request.agent_query_rules.push(rule.as_str().unwrap().to_owned());
    }
    let plugins = builder.parse_plugin(&request).unwrap();
    builder.build(&request, &plugins, None).unwrap().to_json()
}
