//! What a patch of the controller means for one job after another, and to whom a patch's faults are told
//! (job-manifest 5.12). The rows of single jobs are in `fixtures/manifest/`.

use serde_json::{Value, json};

use super::config;
use super::row::build;

fn command(job: &Value, container: &str) -> Value {
    let containers = job["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let container = containers.iter().find(|one| one["name"] == container).unwrap();
    let mut variables = container["env"].as_array().into_iter().flatten();
    variables.find(|one| one["name"] == "BUILDKITE_COMMAND").map_or(Value::Null, |one| one["value"].clone())
}

/// No job leaves anything behind in the patch that all jobs share.
/// job-manifest C-261, C-262, R-3, R-123, D-9; controller-config 5.1
#[test]
fn jobs_share_a_patch_and_nothing_else() {
    let patch = json!({ "containers": [{ "name": "container-0", "image": "i:1", "command": ["a", "b c"] }] });
    let settings = json!({
        "allow-pod-spec-patch-unsafe-command-modification": true, "pod-spec-patch": patch,
    });
    let builder = config::builder(&settings).unwrap();
    let job = |block: Value| build(&builder, &json!({ "plugin": block })).unwrap().to_json();
    let vector = || job(json!({ "commandParams": { "interposer": "vector" } }));
    let other = || job(json!({ "podSpec": { "containers": [{ "name": "mine", "image": "x:1" }] } }));
    let first = (vector(), job(json!({})), other());
    for _ in 0..3 {
        assert_eq!(command(&vector(), "container-0"), "a 'b c'");
        assert_eq!(command(&job(json!({})), "container-0"), "a\nb c");
        let pod = &other()["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["name"], "container-0");
        assert_eq!(pod["containers"][0]["command"], json!(["a", "b c"]));
        assert_eq!(pod["containers"][0]["env"], Value::Null);
    }
    assert_eq!((vector(), job(json!({})), other()), first);
    assert_eq!(builder.settings().pod_spec_patch.as_ref(), Some(&patch));
}

/// kubernetes-plugin 10: path, what, way out; the author of a job learns whose patch it is.
/// job-manifest E-14, E-15, E-31
#[test]
fn the_texts_of_errors() {
    let shown = |config: Value, block: Value| {
        build(&config::builder(&config).unwrap(), &json!({ "plugin": block })).unwrap_err().to_string()
    };
    let patch = |entry: Value| json!({ "podSpecPatch": { "containers": [entry] } });
    assert_eq!(
        shown(json!({}), patch(json!({ "name": "checkout", "command": ["git"] }))),
        "kubernetes plugin: podSpecPatch.containers[0].command: a patch may not change what container `checkout` \
         runs, its `command` and `args`; use a checkout hook instead, or leave checkout out with `checkout.skip`"
    );
    assert_eq!(
        shown(json!({}), patch(json!({ "image": "x" }))),
        "kubernetes plugin: podSpecPatch.containers[0]: the element lacks its merge key `name`; elements of this \
         list are told apart by `name`: give it to each of them"
    );
    let removes = json!({ "pod-spec-patch": { "containers": [{ "name": "agent", "$patch": "delete" }] } });
    assert_eq!(
        shown(removes, json!({})),
        "kubernetes plugin: pod-spec-patch: the patch removes container `agent`, which the job needs; leave it in \
         the pod and patch what it is made of; the patch is the controller's own, and whoever runs that has to \
         change it"
    );
}

/// job-manifest R-197, W-17, W-18; kubernetes-plugin 12
#[test]
fn what_is_worth_knowing_of_the_controllers_patch() {
    let warnings = |patch: Value| {
        let builder = config::builder(&json!({ "pod-spec-patch": patch })).unwrap();
        let shown = builder.warnings().iter().map(|warning| format!("{} {}", warning.id, warning.path));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(warnings(json!([{ "name": "a", "image": "x" }])), ["W-18 pod-spec-patch"]);
    assert_eq!(
        warnings(json!({ "containers": [{ "name": "a", "Image": "x" }] })),
        ["W-17 pod-spec-patch.containers[0].Image"]
    );
    assert_eq!(warnings(json!({ "containers": [{ "name": "a", "$patch": "delete" }] })), [""; 0]);
    assert_eq!(warnings(Value::Null), [""; 0]);
}

/// The id of the error, or the Job.
fn outcome(config: &Value, block: &Value) -> Result<Value, &'static str> {
    let builder = config::builder(config).map_err(|error| error.problems[0].id)?;
    build(&builder, &json!({ "plugin": block })).map(|built| built.to_json()).map_err(|error| error.id)
}

/// Who may change what a container runs, row by row of the table of command changes.
/// kubernetes-plugin B13; job-manifest, E-31
#[test]
fn changes_of_commands() {
    const UNSAFE: &str = "allow-pod-spec-patch-unsafe-command-modification";
    let spec = json!({
        "containers": [{ "name": "c", "image": "x:1", "command": ["a"], "args": ["b"] }],
        "initContainers": [{ "name": "mine", "image": "x:1", "command": ["a"] }],
    });
    let new = json!({ "command": ["new"], "image": "y:1" });
    let same = json!({ "args": ["start"] });
    let all = [
        ("containers", "agent", &new, Err("E-14"), Ok(()), Err("E-31")),
        ("containers", "checkout", &new, Err("E-14"), Ok(()), Err("E-31")),
        ("initContainers", "copy-agent", &new, Err("E-14"), Ok(()), Err("E-31")),
        ("initContainers", "imagecheck-0", &new, Err("E-14"), Ok(()), Err("E-31")),
        ("initContainers", "imagecheck-7", &new, Err("E-14"), Ok(()), Err("E-31")),
        ("containers", "agent", &same, Ok(()), Ok(()), Err("E-31")),
        ("containers", "c", &new, Ok(()), Ok(()), Err("E-31")),
        ("containers", "added", &new, Ok(()), Ok(()), Err("E-31")),
        ("initContainers", "sidecar-0", &new, Ok(()), Ok(()), Ok(())),
        ("initContainers", "mine", &new, Ok(()), Ok(()), Ok(())),
        ("initContainers", "added", &new, Ok(()), Ok(()), Ok(())),
    ];
    for (list, name, change, safe, without_guard, configured) in all {
        let mut entry = change.clone();
        entry["name"] = name.into();
        let patch = json!({ list: [entry] });
        let plain = json!({ "podSpec": spec, "sidecars": [{ "image": "s:1" }] });
        let mut block = plain.clone();
        block["podSpecPatch"] = patch.clone();
        let ended = |config: Value, block: &Value| outcome(&config, block).map(|_| ());
        assert_eq!(ended(json!({}), &block), safe, "{patch}");
        assert_eq!(ended(json!({ UNSAFE: true }), &block), without_guard, "{patch}");
        assert_eq!(ended(json!({ "pod-spec-patch": patch }), &plain), configured, "{patch} configured");
        assert_eq!(ended(json!({ "pod-spec-patch": patch, UNSAFE: true }), &plain), without_guard, "{patch}");
    }
    for (change, want) in [
        (json!({ "command": ["z"] }), "z"),
        (json!({ "args": ["z"] }), "a z"),
        (json!({ "command": ["y"], "args": ["z"] }), "y z"),
    ] {
        let mut entry = change;
        entry["name"] = "c".into();
        let block = json!({ "podSpec": spec, "podSpecPatch": { "containers": [entry] } });
        for config in [json!({}), json!({ UNSAFE: true })] {
            assert_eq!(command(&outcome(&config, &block).unwrap(), "c"), want);
        }
    }
}

/// A patch means the same in the configuration as in the block.
/// kubernetes-plugin B16; controller-config K27; job-manifest
#[test]
fn both_patches_are_read_alike() {
    let spec = json!({
        "hostNetwork": true,
        "hostname": "h",
        "tolerations": [{ "key": "a" }],
        "nodeSelector": { "a": "1", "b": "1" },
        "securityContext": { "runAsUser": 1, "runAsGroup": 2 },
        "terminationGracePeriodSeconds": 5,
        "volumes": [{ "name": "v", "emptyDir": {} }],
        "hostAliases": [{ "ip": "1.1.1.1", "hostnames": ["a", "b"] }],
        "containers": [{ "name": "c", "image": "x:1", "env": [{ "name": "A", "value": "1" }] }],
    });
    let container = |entry: Value| json!({ "containers": [entry] });
    for (patch, want) in [
        (json!({ "hostname": null, "terminationGracePeriodSeconds": null }), None),
        (json!({ "hostNetwork": false, "terminationGracePeriodSeconds": 0, "hostname": "" }), None),
        (container(json!({ "name": "c", "env": [{ "name": "A", "value": "" }] })), None),
        (json!({ "tolerations": [], "volumes": [] }), None),
        (json!({ "volumes": [{ "name": "v", "$patch": "delete" }] }), None),
        (json!({ "volumes": [{ "$patch": "replace" }, { "name": "workspace", "emptyDir": {} }] }), None),
        (json!({ "volumes": [{ "name": "v", "$patch": "merge", "hostPath": { "path": "/x" } }] }), None),
        (
            json!({ "nodeSelector": { "$patch": "delete" }, "securityContext": { "$patch": "replace", "runAsUser": 3 } }),
            None,
        ),
        (json!({ "tolerations": [{ "key": "b", "$patch": "delete" }] }), Some("E-17")),
        (json!({ "securityContext": { "$retainKeys": ["runAsUser"] } }), None),
        (json!({ "securityContext": { "$retainKeys": "runAsUser" } }), Some("E-18")),
        (json!({ "$setElementOrder/containers": [{ "name": "agent" }, { "name": "c" }] }), None),
        (json!({ "hostAliases": [{ "ip": "1.1.1.1", "$deleteFromPrimitiveList/hostnames": ["a"] }] }), None),
        (json!({ "$deleteFromPrimitiveList": ["a"] }), Some("E-20")),
        (
            container(
                json!({ "name": "c", "env": [{ "name": "A", "valueFrom": { "fieldRef": { "fieldPath": "x" } } }] }),
            ),
            None,
        ),
        (
            container(
                json!({ "name": "agent", "env": [{ "name": "BUILDKITE_CANCEL_GRACE_PERIOD", "value": "7" }] }),
            ),
            None,
        ),
        (json!({ "initContainers": [{ "name": "imagecheck-0", "resources": null }] }), None),
        (container(json!({ "name": "new", "image": "n:1" })), None),
        (container(json!({ "image": "n:1" })), Some("E-15")),
        (container(json!({ "name": "agent", "$patch": "delete" })), Some("E-37")),
        (container(json!({ "name": "c", "$patch": "delete" })), Some("E-38")),
    ] {
        let plain = outcome(&json!({}), &json!({ "podSpec": spec })).unwrap();
        let of_block = outcome(&json!({}), &json!({ "podSpec": spec, "podSpecPatch": patch }));
        let of_controller = outcome(&json!({ "pod-spec-patch": patch }), &json!({ "podSpec": spec }));
        assert_eq!(of_block, of_controller, "{patch}");
        assert_eq!(of_block.as_ref().err().copied(), want, "{patch}");
        assert_ne!(of_block.as_ref().ok(), Some(&plain), "{patch} has an effect");
    }
}
