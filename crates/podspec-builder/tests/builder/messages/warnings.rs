//! Warnings (job-manifest 9.3).

use serde_json::{Value, json};

use super::{Case, case, check, check_complete, configured, container, patch, plugin, pod};

fn of_the_block() -> Vec<Case> {
    let list = |list: Value| json!({ "plugins": list });
    let twice = list(json!([{ "KUBERNETES": { "podTemplate": "a" } }, { "KUBERNETES": null }]));
    let short = "`kubernetes` is run as an ordinary plugin";
    let full = "`github.com/buildkite-plugins/kubernetes-buildkite-plugin`: write that";
    let mut other = list(
        json!([{ "KUBERNETES": { "podSpec": { "containers": [{ "image": "x" }] } } }, { "docker": {} }]),
    );
    other["command"] = "".into();
    vec![
        case(
            "W-1",
            plugin(json!({ "podTemplat": "a" })),
            "podTemplat",
            "not a known key",
            "did you mean `podTemplate`?",
        ),
        case("W-1", plugin(json!({ "xyzzy": 1 })), "xyzzy", "not a known key", "remove it"),
        case(
            "W-1",
            container(json!({ "image": "x", "imagePolicy": 1 })),
            "podSpec.containers[0].imagePolicy",
            "unknown key of a Container",
            "remove it",
        ),
        case("W-2", plugin(json!({ "$patch": "delete" })), "$patch", "only inside a patch", "`podSpecPatch`"),
        case(
            "W-2",
            pod(json!({ "$patch": "delete" })),
            "podSpec.$patch",
            "in patches only",
            "`podSpecPatch`",
        ),
        case(
            "W-3",
            twice,
            "BUILDKITE_PLUGINS[1]",
            "2 times, in BUILDKITE_PLUGINS[0], BUILDKITE_PLUGINS[1]",
            "write it once",
        ),
        case(
            "W-17",
            plugin(json!({ "PODTEMPLATE": "" })),
            "PODTEMPLATE",
            "`PODTEMPLATE`",
            "write it that way",
        ),
        case(
            "W-17",
            pod(json!({ "Volumes": [] })),
            "podSpec.Volumes",
            "`Volumes` is taken as `volumes`",
            "write it in this case",
        ),
        case(
            "W-18",
            patch(json!([])),
            "podSpecPatch",
            "this list was taken as its `containers`",
            "write it that way",
        ),
        case("W-19", list(json!([{ "kubernetes": {} }])), "BUILDKITE_PLUGINS[0]", short, full),
        case(
            "W-20",
            other,
            "podSpec.containers[0].command",
            "`container-0` has no command",
            "give the step or the container",
        ),
    ]
}

fn of_the_job() -> Vec<Case> {
    let rules = |rule: &str| json!({ "rules": ["queue=a", rule] });
    let url = json!({ "env": { "BUILDKITE_BUILD_URL": "http://[x" } });
    let label = |metadata: &str| json!({ metadata: { "labels": { "buildkite.com/job-uuid": "mine" } } });
    let queue = json!({ "metadata": { "annotations": { "buildkite.com/queue": "mine" } } });
    let sidecar = json!({ "metadata": { "annotations": { "buildkite.com/sidecar-7": "mine" } } });
    vec![
        case("W-4", rules("broken"), "agent_query_rules[1]", "`broken` has no `=`", "write `key=value`"),
        case("W-5", rules("os=a b"), "agent_query_rules[1]", "`os=a b` gets no label", "up to 63 letters"),
        case("W-6", url, "BUILDKITE_BUILD_URL", "`http://[x` cannot be parsed", "leave this variable"),
        case(
            "W-7",
            plugin(label("metadata")),
            "metadata.labels.buildkite.com/job-uuid",
            "`mine` was replaced by `uuid-1`",
            "leave it out",
        ),
        case(
            "W-7",
            configured(label("default-metadata")),
            "default-metadata.labels.buildkite.com/job-uuid",
            "`mine` was replaced",
            "leave it out",
        ),
        case(
            "W-7",
            plugin(queue),
            "metadata.annotations.buildkite.com/queue",
            "`mine` was removed",
            "leave it out",
        ),
        case(
            "W-7",
            plugin(sidecar),
            "metadata.annotations.buildkite.com/sidecar-7",
            "`mine` was removed",
            "leave it out",
        ),
    ]
}

fn of_the_pod() -> Vec<Case> {
    let env =
        json!({ "image": "x", "env": [{ "name": "A" }, { "name": "BUILDKITE_CONTAINER_ID", "value": "1" }] });
    let restart = |word: &str| json!({ "restartPolicy": word });
    let of_controller = configured(json!({ "pod-spec-patch": restart("Always") }));
    let variable = |container: &str, variable: Value| {
        patch(json!({ "containers": [{ "name": container, "env": [variable] }] }))
    };
    let id = variable("container-0", json!({ "name": "BUILDKITE_CONTAINER_ID", "value": "7" }));
    let source = json!({ "fieldRef": { "fieldPath": "x" } });
    let count = variable("agent", json!({ "name": "BUILDKITE_CONTAINER_COUNT", "valueFrom": source }));
    let place = "podSpecPatch.containers[0].env[0]";
    let checks = patch(json!({ "initContainers": [{ "name": "imagecheck-7", "image": "x" }] }));
    let volume = json!({ "name": "w", "hostPath": { "path": "/w" } });
    let host = configured(json!({ "workspace-volume": volume, "pod-policy": { "allow-host-path": [] } }));
    let key = "leave the key out";
    vec![
        case(
            "W-9",
            container(env),
            "podSpec.containers[0].env[1]",
            "`BUILDKITE_CONTAINER_ID`",
            "leave it out",
        ),
        case("W-15", pod(restart("OnFailure")), "podSpec.restartPolicy", "`OnFailure` was replaced", key),
        case("W-15", patch(restart("Always")), "podSpecPatch.restartPolicy", "`Always` was replaced", key),
        case("W-15", of_controller, "pod-spec-patch.restartPolicy", "`Always` was replaced", key),
        case("W-16", checks, "podSpecPatch.initContainers[0]", "`imagecheck-7`", "numbered from 0"),
        case("W-21", id, place, "`7` was replaced by `1`", "out of the patch"),
        case("W-21", count, place, "a source was replaced by `2`", "out of the patch"),
        case(
            "W-22",
            host,
            "workspace-volume.hostPath.path",
            "`/w` is at or below none",
            "change this setting",
        ),
    ]
}

fn of_its_mounts() -> Vec<Case> {
    let mount = |path: &str| json!([{ "name": "v", "mountPath": path }]);
    let volumes = json!([{ "name": "v", "emptyDir": {} }]);
    let hides = json!({ "name": "c", "image": "x", "volumeMounts": mount("/workspace/") });
    let hidden = pod(json!({ "volumes": volumes, "containers": [hides] }));
    let extra =
        plugin(json!({ "extraVolumeMounts": mount("/workspace"), "podSpec": { "volumes": volumes } }));
    let twice = json!([{ "name": "a", "mountPath": "/m" }, { "name": "b", "mountPath": "/m/" }]);
    let twice = container(json!({ "image": "x", "volumeMounts": twice }));
    let gone = patch(json!({ "volumes": [{ "name": "workspace", "$patch": "delete" }] }));
    let (own, workspace) =
        ("containers[container-0].volumeMounts[b]", "containers[container-0].volumeMounts[workspace]");
    let lost = "volume `v` at `/workspace` was dropped, because the workspace";
    let all = "containers[agent], containers[checkout], initContainers[copy-agent]";
    vec![
        case(
            "W-10",
            hidden,
            "containers[c].volumeMounts[v]",
            "volume `v` at /workspace hides",
            "at another path",
        ),
        case("W-23", extra, "extraVolumeMounts[0]", lost, "another path"),
        case("W-23", twice, own, "volume `a` is at that path", "another path"),
        case("W-24", gone, workspace, all, "add it to `volumes`"),
    ]
}

/// job-manifest W-1, W-2, W-3, W-17, W-18, W-19, W-20
#[test]
fn of_the_plugin_list_and_the_block() {
    check(&of_the_block());
}

/// job-manifest W-4, W-5, W-6, W-7
#[test]
fn of_what_buildkite_says_of_the_job() {
    check(&of_the_job());
}

/// job-manifest W-9, W-10, W-15, W-16, W-21, W-22, W-23, W-24, R-200
#[test]
fn of_what_the_pod_became() {
    check(&of_the_pod());
    check(&of_its_mounts());
}

/// job-manifest 9.3
#[test]
fn none_is_forgotten() {
    let cases: Vec<Case> =
        [of_the_block(), of_the_job(), of_the_pod(), of_its_mounts()].into_iter().flatten().collect();
    check_complete("9.3", &cases, &[]);
}
