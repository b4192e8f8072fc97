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

fn patch(patch: Value) -> Value {
    block(json!({ "podSpecPatch": patch }))
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
