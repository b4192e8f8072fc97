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
    let job = |block: Value| build(&builder, &json!({ "plugin": block })).unwrap().job;
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
        "kubernetes plugin: pod-spec-patch: the patch removes container `agent`, which the job needs; the patch is \
         the controller's own, and whoever runs that has to change it"
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
