//! Errors of a job (job-manifest 9.1).

use serde_json::{Value, json};

use super::{Case, case, check, check_complete, container, patch, plugin, pod};

const BLOCK: &str = "BUILDKITE_PLUGINS[0]";

fn of_list() -> Vec<Case> {
    let list = |list: Value| json!({ "plugins": list });
    let mut prohibited = list(json!([{ "KUBERNETES": {} }]));
    prohibited["config"] = json!({ "prohibit-kubernetes-plugin": true });
    vec![
        case(
            "E-1",
            list(json!("nonsense")),
            "BUILDKITE_PLUGINS",
            "column 2, at `o`",
            "write `plugins` in the step",
        ),
        case("E-1", list(json!({})), "BUILDKITE_PLUGINS", "found mapping", "write `plugins` in the step"),
        case("E-1", list(json!(["docker"])), BLOCK, "found text `docker`", "{\"name\": {options}}"),
        case("E-2", list(json!([{ "a": 1, "b": 2 }])), BLOCK, "`a`, `b`", "indent"),
        case("E-2", list(json!([null])), BLOCK, "found none", "remove the empty entry"),
        case("E-3", prohibited, BLOCK, "prohibited", "remove the plugin"),
        case("E-40", list(json!([{ "KUBERNETES#v1": {} }])), BLOCK, "`v1`", "remove `#v1`"),
    ]
}

fn of_types() -> Vec<Case> {
    let env = json!({ "env": [{ "name": "A", "value": ["b"] }] });
    let value = "podSpec.containers[0].env[0].value";
    let context = pod(json!({ "securityContext": [] }));
    vec![
        case("E-4", plugin(json!([])), BLOCK, "expected mapping, found list", "without dashes"),
        case("E-4", plugin(json!({ "metadata": 5 })), "metadata", "found integer `5`", "`key: value` pairs"),
        case("E-4", plugin(json!({ "checkout": true })), "checkout", "found boolean `true`", "`key: value`"),
        case("E-4", plugin(json!({ "podSpec": 5 })), "podSpec", "found integer `5`", "`key: value` pairs"),
        case("E-4", patch(json!("x")), "podSpecPatch", "found text `x`", "`key: value` pairs"),
        case("E-4", plugin(json!({ "sidecars": [null] })), "sidecars[0]", "found null", "remove the empty"),
        case("E-4", container(env), value, "expected text, found list", "write one text"),
        case(
            "E-4",
            pod(json!({ "hostIPC": "true" })),
            "podSpec.hostIPC",
            "found text `true`",
            "without quotes",
        ),
        case("E-4", pod(json!({ "volumes": {} })), "podSpec.volumes", "found mapping", "a list with dashes"),
        case("E-4", context, "podSpec.securityContext", "found list", "without dashes"),
    ]
}

fn of_values() -> Vec<Case> {
    let huge: Value = serde_json::from_str("99999999999999999999").unwrap();
    let port = |port: Value| container(json!({ "image": "x", "ports": [{ "containerPort": port }] }));
    let place = "podSpec.containers[0].ports[0].containerPort";
    let deadline = plugin(json!({ "jobActiveDeadlineSeconds": huge }));
    let ten = "`100000000000000000000` is beyond the range";
    let range = "from -9223372036854775808 to 9223372036854775807";
    let cpu = container(json!({ "resources": { "limits": { "cpu": "much" } } }));
    let limit = "podSpec.containers[0].resources.limits.cpu";
    let interposer = plugin(json!({ "commandParams": { "interposer": "Vector" } }));
    vec![
        case("E-4", deadline, "jobActiveDeadlineSeconds", ten, range),
        case("E-4", pod(json!({ "priority": huge })), "podSpec.priority", ten, range),
        case("E-4", port(huge.clone()), place, ten, "from 1 to 65535"),
        case("E-4", port(json!(80.5)), place, "fraction `80.5`", "whole"),
        case("E-5", cpu, limit, "`much` is not", "500m"),
        case(
            "E-6",
            interposer,
            "commandParams.interposer",
            "`Vector` is not one of `buildkite`",
            "lower case",
        ),
    ]
}

fn composed() -> Vec<Case> {
    let class = |config: Value| json!({ "config": config, "rules": ["queue=a", "resource_class=big"] });
    let one = json!({ "name": "a", "image": "x" });
    let volumes = json!([{ "name": "v", "emptyDir": {} }, { "name": "v", "secret": {} }]);
    let tag = "agent_query_rules[1]";
    let unknown = json!({ "resource-classes": { "small": null } });
    let mut silent = container(json!({ "image": "x" }));
    silent["command"] = "".into();
    let mut args =
        plugin(json!({ "podSpecPatch": { "containers": [{ "name": "container-0", "args": ["x"] }] } }));
    args["command"] = "".into();
    let mut refused = container(json!({ "image": "x" }));
    refused["config"] = json!({ "pod-policy": { "allowed-images": [] } });
    vec![
        case("E-7", plugin(json!({ "podTemplate": "t" })), "podTemplate", "`t`", "create it"),
        case(
            "E-8",
            container(json!({ "name": "agent" })),
            "podSpec.containers[0].name",
            "`agent`",
            "another name",
        ),
        case("E-9", class(json!({})), tag, "`big`", "remove the tag"),
        case("E-11", class(unknown), tag, "`big`", "defined are: small"),
        case(
            "E-13",
            container(json!({ "image": "B d" })),
            "containers[container-0].image",
            "`B d`: bad format",
            "[registry/]",
        ),
        case(
            "E-13",
            pod(json!({ "initContainers": [{ "name": "i" }], "containers": [{ "image": "B d" }] })),
            "",
            "image ``: no name (initContainers[i].image)",
            "[registry/]",
        ),
        case(
            "E-23",
            pod(json!({ "containers": [one, one] })),
            "podSpec.containers[1].name",
            "`a`",
            "of its own",
        ),
        case("E-24", pod(json!({ "volumes": volumes })), "volumes[v]", "`emptyDir`, `secret`", "rename"),
        case("E-39", silent, "podSpec.containers[0].command", "`container-0`", "give the step"),
        case("E-39", args, "containers[container-0].command", "`container-0`", "give the step"),
        case("E-41", refused, "", "(containers[container-0].image, ", "change the step"),
    ]
}

fn patched() -> Vec<Case> {
    let entry = |entry: Value| patch(json!({ "containers": [entry] }));
    let delete = |name: &str| entry(json!({ "name": name, "$patch": "delete" }));
    let first = "podSpecPatch.containers[0]";
    let order = json!({ "$setElementOrder/containers": [{ "name": "agent" }], "containers": [{ "name": "container-0" }] });
    let init = json!({ "initContainers": [{ "name": "copy-agent", "$patch": "delete" }] });
    let of_controller = json!({ "config": { "pod-spec-patch": { "containers": [{ "name": "container-0", "$patch": "delete" }] } } });
    let taken = json!({ "initContainers": [{ "name": "container-0", "image": "x" }] });
    vec![
        case(
            "E-14",
            entry(json!({ "name": "agent", "args": [] })),
            "podSpecPatch.containers[0].args",
            "`agent`",
            "takes this",
        ),
        case(
            "E-14",
            entry(json!({ "name": "checkout", "command": ["x"] })),
            "podSpecPatch.containers[0].command",
            "`checkout`",
            "a checkout hook",
        ),
        case("E-15", entry(json!({ "image": "x" })), first, "`name`", "give it to each"),
        case(
            "E-17",
            patch(json!({ "$patch": "remove" })),
            "podSpecPatch",
            "`$patch: remove`",
            "takes replace, delete or merge",
        ),
        case(
            "E-18",
            patch(json!({ "$retainKeys": "x" })),
            "podSpecPatch",
            "`$retainKeys` is not a list",
            "every key",
        ),
        case("E-19", patch(order), "podSpecPatch.containers", "`$setElementOrder`", "same order"),
        case(
            "E-20",
            patch(json!({ "$setElementOrder/containers": "x" })),
            "podSpecPatch.$setElementOrder/containers",
            "is not a list",
            "give it a list",
        ),
        case("E-37", delete("agent"), "podSpecPatch", "`agent`", "leave it in the pod"),
        case("E-37", delete("checkout"), "podSpecPatch", "`checkout`", "`checkout.skip`"),
        case("E-37", patch(init), "podSpecPatch", "`copy-agent`", "leave it in the pod"),
        case("E-38", delete("container-0"), "podSpecPatch.containers", "`container-0`", "leave one"),
        case("E-38", of_controller, "pod-spec-patch.containers", "`container-0`", "the controller's own"),
        case(
            "E-23",
            patch(taken),
            "initContainers[container-0].name",
            "`containers[container-0]`",
            "of its own",
        ),
    ]
}

/// kubernetes-plugin B2; job-manifest E-1, E-2, E-3, E-4, E-5, E-6, E-40, R-18
#[test]
fn of_the_plugin_list_and_the_block() {
    check(&of_list());
    check(&of_types());
    check(&of_values());
}

/// kubernetes-plugin B2; job-manifest E-7, E-8, E-9, E-11, E-13, E-23, E-24, E-39, E-41
#[test]
fn of_the_pod() {
    check(&composed());
}

/// kubernetes-plugin B2; job-manifest E-14, E-15, E-17, E-18, E-19, E-20, E-37, E-38
#[test]
fn of_the_patch() {
    check(&patched());
}

/// A rule of the spec that nobody has tried to read is missing here: job-manifest 9.1.
#[test]
fn none_is_forgotten() {
    let cases: Vec<Case> =
        [of_list(), of_types(), of_values(), composed(), patched()].into_iter().flatten().collect();
    // A configuration whose class does not exist is refused before any job (E-34, E-35); reading refuses elements of
    // another type before they are merged (E-4), and knows the type of every field (E-21).
    check_complete("9.1", &cases, &["E-10", "E-12", "E-16", "E-21"]);
}
