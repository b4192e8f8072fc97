//! What looks like a secret is in no message, whichever rule quotes it (controller-config 8.3).

use serde_json::{Value, json};

use super::{container, patch, plugin, pod};
use crate::manifest::config;
use crate::manifest::row::build;

/// A part of every secret below.
const SECRET: &str = "s3cr3tA1";

/// Where the shapes of secrets are put: each input quotes the text in another message.
fn quoting(text: &str) -> Vec<(&'static str, Value)> {
    let env = |name: &str| json!({ "env": { name: text } });
    let volume = json!({ "name": text, "emptyDir": {} });
    let other = json!({ "name": text, "secret": {} });
    let mut step_image = env("BUILDKITE_IMAGE");
    step_image["plugin"] = json!({});
    let config = |config: Value| json!({ "config": config });
    let class = |config: Value| json!({ "rules": [format!("resource_class={text}")], "config": config });
    let variable = json!([{ "name": "BUILDKITE_CONTAINER_ID", "value": text }]);
    vec![
        ("E-2", json!({ "plugins": [{ text: 1, "b": 2 }] })),
        ("E-4", pod(json!({ "hostNetwork": text }))),
        ("E-4", pod(json!({ "nodeSelector": { text: 1 } }))),
        ("E-5", container(json!({ "resources": { "limits": { "cpu": text } } }))),
        ("E-6", plugin(json!({ "commandParams": { "interposer": text } }))),
        ("E-7", plugin(json!({ "podTemplate": text }))),
        ("E-9", class(json!({}))),
        ("E-11", class(json!({ "resource-classes": { format!("{text}2"): null } }))),
        ("E-13", container(json!({ "image": format!("{text} x") }))),
        ("E-13", container(json!({ "name": text, "image": "B d" }))),
        ("E-15", patch(json!({ "volumes": [{ text: 1 }] }))),
        ("E-17", patch(json!({ "$patch": text }))),
        ("E-18", patch(json!({ "$retainKeys": [], "nodeSelector": {}, "hostname": text }))),
        (
            "E-23",
            pod(json!({ "containers": [{ "name": text, "image": "x" }, { "name": text, "image": "x" }] })),
        ),
        ("E-24", pod(json!({ "volumes": [volume, other] }))),
        ("E-25", config(json!({ "image": format!("{text} x") }))),
        (
            "E-30",
            config(
                json!({ "pod-spec-patch": { "containers": [{ "name": "a", "image": format!("{text} x") }] } }),
            ),
        ),
        ("E-32", config(json!({ "image-check-container-cpu-limit": text }))),
        ("E-34", config(json!({ "default-resource-class-name": text }))),
        ("E-36", config(json!({ "workspace-volume": { text: 1 } }))),
        (
            "E-41",
            json!({ "plugin": { "podSpec": { "serviceAccountName": text } }, "config": { "pod-policy": { "allowed-service-accounts": [] } } }),
        ),
        ("E-42", config(json!({ "pod-policy": { "allow-host-path": [text] } }))),
        ("W-1", plugin(json!({ text: 1 }))),
        ("W-1", pod(json!({ text: 1 }))),
        ("W-4", json!({ "rules": [text.replace('=', "-")] })),
        ("W-5", json!({ "rules": [format!("a={text} b")] })),
        ("W-6", json!({ "env": { "BUILDKITE_BUILD_URL": format!("{text}%zz") } })),
        ("W-7", plugin(json!({ "metadata": { "labels": { "buildkite.com/job-uuid": text } } }))),
        (
            "W-10",
            pod(
                json!({ "containers": [{ "image": "x", "volumeMounts": [{ "name": text, "mountPath": "/workspace" }] }] }),
            ),
        ),
        ("W-15", pod(json!({ "restartPolicy": text }))),
        ("W-21", patch(json!({ "containers": [{ "name": "container-0", "env": variable }] }))),
        ("W-23", plugin(json!({ "extraVolumeMounts": [{ "name": text, "mountPath": "/workspace" }] }))),
        ("W-24", plugin(json!({ "extraVolumeMounts": [{ "name": text, "mountPath": "/m" }] }))),
    ]
}

/// Texts and everything else that somebody could print.
fn printed(input: &Value) -> Vec<(&'static str, String)> {
    let builder = match config::builder(&input["config"]) {
        Ok(builder) => builder,
        Err(error) => {
            let id = error.problems[0].id;
            return vec![(id, format!("{error} {error:?}"))];
        }
    };
    match build(&builder, input) {
        Ok(built) => built.warnings.iter().map(|one| (one.id, format!("{one} {one:?}"))).collect(),
        Err(error) => vec![(error.id, format!("{error} {error:?}"))],
    }
}

/// controller-config 8.3; lifecycle T9; job-manifest E-2, E-4, E-5, E-6, E-7, E-9, E-11, E-13, E-15, E-17, E-18, E-23,
/// E-24, E-25, E-30, E-32, E-34, E-36, E-41, E-42, W-1, W-4, W-5, W-6, W-7, W-10, W-15, W-21, W-23, W-24
#[test]
fn no_message_repeats_a_token() {
    let shapes = [
        format!("bkjat_{SECRET}.e30.x-y"),
        format!("bkct_{SECRET}"),
        format!("bkua_{SECRET}"),
        format!("https://me:{SECRET}@host.example/x"),
    ];
    for shape in shapes {
        for (id, input) in quoting(&shape) {
            let printed = printed(&input);
            assert!(printed.iter().any(|(found, _)| *found == id), "{id}: {input} gives {printed:?}");
            for (found, text) in printed {
                assert!(!text.contains(SECRET), "{found}: {text}");
                let quotes = !matches!(found, "E-15" | "E-18") && (found != "E-4" || shape.len() < 25);
                assert!(found != id || !quotes || text.contains("[redacted]"), "{found} hides all: {text}");
            }
        }
    }
}

/// An image that cannot be told may begin with the password of its registry.
/// controller-config 8.3; job-manifest E-13, E-25, E-30, W-6
#[test]
fn no_message_repeats_what_stands_before_an_at_sign() {
    let entry =
        |image: &str| json!({ "pod-spec-patch": { "initContainers": [{ "name": "i", "image": image }] } });
    for image in [
        "me:s3cr3tA1@X y",
        "s3cr3tA1@ghcr.io/x",
        "me:s3cr/s3cr3tA1@host/x@sha256:abc",
        "docker://a:s3cr3tA1@h/x y",
    ] {
        for input in [
            container(json!({ "image": image })),
            json!({ "env": { "BUILDKITE_IMAGE": image } }),
            pod(json!({ "initContainers": [{ "name": "i", "image": image }, { "name": "j" }] })),
            json!({ "config": { "image": image } }),
            json!({ "config": entry(image) }),
            json!({ "env": { "BUILDKITE_BUILD_URL": format!("http://{image}/%zz") } }),
        ] {
            let printed = printed(&input);
            assert!(!printed.is_empty(), "{input}");
            for (id, text) in printed {
                assert!(!text.contains(SECRET), "{id}: {text}");
                assert!(text.contains("[redacted]@"), "{id}: {text}");
            }
        }
    }
}

/// Values of variables and of drivers' options are never told, whatever is wrong with them.
/// controller-config 8.3; job-manifest E-4
#[test]
fn no_message_repeats_the_value_of_a_variable() {
    let csi = json!({ "driver": "d", "volumeAttributes": { "pin": 90_210 } });
    for input in [
        container(json!({ "env": [{ "name": "PIN", "value": 90_210 }] })),
        container(json!({ "env": 90_210 })),
        container(json!({ "command": 90_210 })),
        pod(json!({ "volumes": [{ "name": "v", "csi": csi }] })),
        patch(json!({ "containers": [{ "name": "agent", "env": [{ "name": "PIN", "value": 90_210 }] }] })),
        plugin(json!({ "metadata": { "annotations": { "db-password": 90_210 } } })),
    ] {
        let printed = printed(&input);
        assert_eq!(printed.len(), 1, "{input}");
        for (id, text) in printed {
            assert!(id == "E-4" && !text.contains("90210"), "{id}: {text}");
        }
    }
}
