//! What the author of a job reads about bad input: id, path and way out (kubernetes-plugin 10). What
//! leads to each error is in the rows of `fixtures/manifest/`.

use serde_json::{Value, json};

use super::config;
use super::row::build;

#[track_caller]
fn check(row: Value, id: &str, path: &str, said: &[&str]) {
    let error = build(&config::builder(&row["config"]).unwrap(), &row).unwrap_err();
    assert_eq!((error.id, error.path.as_str()), (id, path), "{row}: {error}");
    let text = error.to_string();
    let shape = if path.is_empty() {
        "kubernetes plugin: ".to_owned()
    } else {
        format!("kubernetes plugin: {path}: ")
    };
    assert!(text.starts_with(&shape), "{text}");
    for said in said {
        assert!(text.contains(said), "{text} does not say {said}");
    }
}

fn block(block: Value) -> Value {
    json!({ "plugin": block })
}

fn container(container: Value) -> Value {
    block(json!({ "podSpec": { "containers": [container] } }))
}

fn patch(patch: Value) -> Value {
    block(json!({ "podSpecPatch": patch }))
}

/// kubernetes-plugin B2; job-manifest E-1, E-2, E-3, E-4, E-5, E-6, E-40
#[test]
fn of_the_plugin_list_and_the_block() {
    check(json!({ "plugins": "nonsense" }), "E-1", "BUILDKITE_PLUGINS", &["column 2"]);
    check(json!({ "plugins": [{ "a": 1, "b": 2 }] }), "E-2", "BUILDKITE_PLUGINS[0]", &["`a`", "`b`"]);
    let prohibited = json!({ "config": { "prohibit-kubernetes-plugin": true }, "plugin": {} });
    check(prohibited, "E-3", "BUILDKITE_PLUGINS[0]", &["prohibit-kubernetes-plugin"]);
    check(block(json!([])), "E-4", "", &["expected mapping"]);
    check(json!({ "plugins": [{ "KUBERNETES#v1": {} }] }), "E-40", "BUILDKITE_PLUGINS[0]", &["v1", "remove"]);
    check(block(json!({ "podSpec": "text" })), "E-4", "podSpec", &["expected mapping"]);
    check(block(json!({ "checkout": true })), "E-4", "checkout", &["expected mapping"]);
    let path = "podSpec.containers[0].command";
    check(container(json!({ "command": "echo hi" })), "E-4", path, &["write a list with dashes"]);
    let variable = json!({ "env": [{ "name": "A", "value": 0 }] });
    check(container(variable), "E-4", "podSpec.containers[0].env[0].value", &["quote it"]);
    check(block(json!({ "metadata": { "labels": { "a": true } } })), "E-4", "metadata.labels.a", &["quotes"]);
    check(block(json!({ "checkout": { "skip": "true" } })), "E-4", "checkout.skip", &["quotes"]);
    let deadline = |value: Value| block(json!({ "jobActiveDeadlineSeconds": value }));
    check(deadline(json!("10")), "E-4", "jobActiveDeadlineSeconds", &["quotes"]);
    check(deadline(json!(10.5)), "E-4", "jobActiveDeadlineSeconds", &["whole number"]);
    let limits = json!({ "resources": { "limits": { "cpu": "much" } } });
    check(container(limits), "E-5", "podSpec.containers[0].resources.limits.cpu", &["`much`"]);
    let interposer = json!({ "commandParams": { "interposer": "Vector" } });
    check(
        block(interposer),
        "E-6",
        "commandParams.interposer",
        &["`Vector`", "buildkite", "vector", "legacy"],
    );
}

/// kubernetes-plugin B2; job-manifest E-7, E-8, E-9, E-11, E-13, E-23, E-24, E-39, E-41
#[test]
fn of_the_pod() {
    check(block(json!({ "podTemplate": "t" })), "E-7", "podTemplate", &["`t`", "namespace"]);
    check(
        container(json!({ "name": "agent" })),
        "E-8",
        "podSpec.containers[0].name",
        &["`agent`", "another name"],
    );
    let class = |config: Value| json!({ "config": config, "rules": ["resource_class=big"] });
    check(class(json!({})), "E-9", "", &["resource_class"]);
    check(class(json!({ "resource-classes": { "small": null } })), "E-11", "", &["`big`", "small"]);
    check(container(json!({ "image": "B d" })), "E-13", "", &["`container-0`", "`B d`", "bad format"]);
    let two = json!({ "podSpec": { "containers": [{ "name": "b", "image": "B d" }, { "name": "a" }] } });
    check(
        block(two),
        "E-13",
        "",
        &["container `a`, image ``: no name; container `b`, image `B d`: bad format"],
    );
    let one = json!({ "name": "a", "image": "x" });
    check(block(json!({ "podSpec": { "containers": [one, one] } })), "E-23", "", &["`a`", "name of its own"]);
    let volumes = json!([{ "name": "v", "emptyDir": {} }, { "name": "v", "secret": {} }]);
    check(block(json!({ "podSpec": { "volumes": volumes } })), "E-24", "", &["`v`", "rename"]);
    let mut nothing = container(json!({ "image": "x" }));
    nothing["command"] = "".into();
    check(nothing, "E-39", "", &["`container-0`", "give the step or the container a command"]);
    let mut policy = container(json!({ "image": "x" }));
    policy["config"] = json!({ "pod-policy": { "allowed-images": [], "allowed-service-accounts": [] } });
    check(policy, "E-41", "", &["allowed-images", "allowed-service-accounts"]);
}

/// kubernetes-plugin B2; job-manifest E-14, E-15, E-17, E-18, E-19, E-20, E-37, E-38
#[test]
fn of_the_patch() {
    let entry = |entry: Value| patch(json!({ "containers": [entry] }));
    let place = "podSpecPatch.containers[0]";
    let command = "podSpecPatch.containers[0].command";
    check(entry(json!({ "name": "agent", "command": ["x"] })), "E-14", command, &["`agent`"]);
    check(
        entry(json!({ "name": "checkout", "command": ["x"] })),
        "E-14",
        command,
        &["checkout hook", "checkout.skip"],
    );
    check(entry(json!({ "image": "x" })), "E-15", place, &["`name`", "give it to each"]);
    check(patch(json!({ "volumes": [{ "emptyDir": {} }] })), "E-15", "podSpecPatch.volumes[0]", &["`name`"]);
    check(
        patch(json!({ "$patch": "remove" })),
        "E-17",
        "podSpecPatch",
        &["`$patch: remove`", "replace, delete"],
    );
    check(patch(json!({ "$retainKeys": "x" })), "E-18", "podSpecPatch", &["`$retainKeys`"]);
    let order = json!([{ "name": "agent" }]);
    check(
        patch(json!({ "$setElementOrder/containers": order, "containers": [{ "name": "container-0" }] })),
        "E-19",
        "podSpecPatch.containers",
        &["`$setElementOrder`", "same order"],
    );
    check(
        patch(json!({ "$setElementOrder/containers": "x" })),
        "E-20",
        "podSpecPatch.$setElementOrder/containers",
        &["not a list"],
    );
    check(
        entry(json!({ "name": "checkout", "$patch": "delete" })),
        "E-37",
        "podSpecPatch",
        &["`checkout`", "checkout.skip"],
    );
    check(
        entry(json!({ "name": "container-0", "$patch": "delete" })),
        "E-38",
        "",
        &["`container-0`", "leave one"],
    );
}
