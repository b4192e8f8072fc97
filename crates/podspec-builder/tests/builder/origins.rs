//! Where fields come from, held against experiments of this test's own, with the rows of `fixtures/manifest` and
//! with jobs that are drawn.

mod case;
mod difference;
mod drawn;
mod trial;

use std::sync::LazyLock;

use podspec_builder::Origin;
use serde_json::{Value, json};

use case::Case;
use trial::Trial;

/// All rows and many drawn jobs, instead of a few.
fn asked_for_all() -> bool {
    std::env::var_os("ORIGINS_ALL").is_some()
}

/// All rows of `fixtures/manifest`.
static ROWS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/manifest");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let rows = files.iter().flat_map(|file| {
        serde_yaml::from_str::<Vec<Value>>(&std::fs::read_to_string(file).unwrap()).unwrap()
    });
    rows.collect()
});

/// Removing what a field comes from changes or removes it, and where nothing is built without that, replacing it
/// does; doing so with anything else does not touch what comes from a rule or a default. Of inputs that say the
/// same all have to go, and there is no field without an origin.
/// controller-config 8.3
#[test]
fn origins_are_true() {
    let every = if asked_for_all() { 1 } else { 12 };
    let rows: Vec<&Value> = ROWS.iter().step_by(every).collect();
    let share = rows.len().div_ceil(2);
    let all: Vec<Trial> = std::thread::scope(|scope| {
        let try_all = |rows: &[&Value]| rows.iter().map(|row| Trial::of(&Case::of(row))).collect::<Vec<_>>();
        let threads: Vec<_> = rows.chunks(share).map(|rows| scope.spawn(move || try_all(rows))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |count: fn(&Trial) -> usize| all.iter().map(count).sum::<usize>();
    let (fields, built) = (sum(|one| one.fields), sum(|one| one.built));
    let (replaced, unanimous, unknown) =
        (sum(|one| one.replaced), sum(|one| one.unanimous), sum(|one| one.unknown));
    println!("{fields} fields, {built} Jobs, {replaced} replaced, {unanimous} unanimous, {unknown} unknown");
    assert!(fields > 3_000 && built > 200 && replaced > 20 && unanimous > 0);
    let wrong: Vec<&str> = all.iter().flat_map(|one| &one.wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} wrong origins:\n{}", wrong.len(), wrong.join("\n"));
}

#[track_caller]
fn check(row: &Value, path: &str, want: &str) {
    let explained = Case::of(row).explain().unwrap();
    let field = explained.fields.iter().find(|field| field.path == path);
    let field = field.unwrap_or_else(|| {
        let paths: Vec<&str> = explained.fields.iter().map(|field| field.path.as_str()).collect();
        panic!("no {path} in\n{}", paths.join("\n"))
    });
    let list = |word: &str, origins: &[Origin]| {
        origins.iter().map(|origin| format!(" {word} {origin}")).collect::<String>()
    };
    let found = format!("{}{}{}", field.origin, list("same", &field.same), list("also", &field.also));
    assert_eq!(found, want, "{path}");
}

#[test]
fn where_fields_come_from() {
    let row = json!({
        "config": {
            "job-ttl-seconds": 60,
            "default-metadata": { "labels": { "team": "a", "example.com/x": "y" } },
            "agent-config": { "hooksVolume": { "name": "hooks", "configMap": { "name": "h" } }, "no-pty": true },
            "pod-spec-patch": { "nodeSelector": { "pool": "ci" }, "priorityClassName": "low" },
            "default-image-pull-policy": "Always",
        },
        "plugin": {
            "metadata": { "labels": { "team": "b" } },
            "podSpec": {
                "containers": [{ "name": "app", "image": "app:1", "command": ["make"] }],
                "volumes": [{ "name": "cache", "emptyDir": {} }],
            },
            "podSpecPatch": { "priorityClassName": "high", "containers": [{ "name": "app", "tty": true }] },
        },
        "env": { "BUILDKITE_BRANCH": "main" },
        "rules": ["queue=linux"],
    });
    let pod = |path: &str| format!("spec.template.spec.{path}");
    check(&row, "spec.ttlSecondsAfterFinished", "setting job-ttl");
    check(&row, "spec.activeDeadlineSeconds", "default of job-active-deadline-seconds (R-54)");
    check(&row, "spec.backoffLimit", "rule R-52");
    check(&row, "metadata.labels.team", "plugin metadata.labels.team");
    check(&row, "metadata.labels[example.com/x]", "setting default-metadata.labels.example.com/x");
    check(&row, "metadata.labels[tag.buildkite.com/queue]", "job agent_query_rules[0]");
    check(&row, "metadata.annotations[buildkite.com/build-branch]", "variable BUILDKITE_BRANCH");
    check(&row, &pod("containers[app].image"), "plugin podSpec.containers[0].image");
    check(&row, &pod("containers[app].env[BUILDKITE_COMMAND].value"), "plugin podSpec.containers[0].command");
    // Under another name the patch would be of another container.
    check(
        &row,
        &pod("containers[app].tty"),
        "plugin podSpecPatch.containers[0].tty also plugin podSpecPatch.containers[0].name",
    );
    check(&row, &pod("containers[app].workingDir"), "rule R-67");
    check(&row, &pod("containers[app].env[BUILDKITE_COMMAND].name"), "rule R-64");
    check(&row, &pod("containers[agent].env[BUILDKITE_SHELL].name"), "rule R-91");
    // Given, but an image check pulls first: the policy would be the same without it.
    check(&row, &pod("containers[app].imagePullPolicy"), "rule R-108");
    check(&row, &pod("containers[agent].env[BUILDKITE_NO_PTY].value"), "setting agent-config.no-pty");
    check(&row, &pod("priorityClassName"), "plugin podSpecPatch.priorityClassName");
    check(&row, &pod("nodeSelector.pool"), "setting pod-spec-patch.nodeSelector.pool");
    check(&row, &pod("volumes[cache].emptyDir"), "plugin podSpec.volumes[0].emptyDir");
    check(&row, &pod("volumes[hooks].configMap.name"), "setting agent-config.hooksVolume.configMap.name");
    check(&row, &pod("volumes[workspace].emptyDir"), "default of workspace-volume (R-56)");
    check(
        &row,
        &pod("terminationGracePeriodSeconds"),
        "default of default-termination-grace-period-seconds (R-55)",
    );
}

/// Two inputs that say the same: the later one has the last word, and neither is hidden.
#[test]
fn inputs_that_say_the_same() {
    let row = json!({
        "config": { "pod-spec-patch": { "priorityClassName": "high" } },
        "plugin": {
            "podSpec": { "priorityClassName": "high", "containers": [{ "image": "app:1" }] },
            "podSpecPatch": { "priorityClassName": "high" },
        },
    });
    check(
        &row,
        "spec.template.spec.priorityClassName",
        "plugin podSpecPatch.priorityClassName same plugin podSpec.priorityClassName same setting \
         pod-spec-patch.priorityClassName",
    );
}

/// Nothing is built without a command, so it is replaced: the text comes from where it stands, and what only
/// makes that container another one is not taken for it.
/// job-manifest R-61, E-39
#[test]
fn where_commands_come_from() {
    let command =
        |container: &str| format!("spec.template.spec.containers[{container}].env[BUILDKITE_COMMAND].value");
    let containers = |containers: Value| json!({ "podSpec": { "containers": containers } });
    let one = containers(json!([{ "image": "x:1" }]));
    check(&json!({ "command": "make", "plugin": one }), &command("container-0"), "job command");
    check(&json!({ "command": "make" }), &command("container-0"), "job command");
    let own = containers(json!([{ "image": "x:1", "command": ["make"] }]));
    let from_container = "plugin podSpec.containers[0].command";
    check(&json!({ "command": "", "plugin": own }), &command("container-0"), from_container);
    check(&json!({ "command": "lint", "plugin": own }), &command("container-0"), from_container);
    let with_args = containers(json!([{ "image": "x:1", "args": ["a b"] }]));
    check(
        &json!({ "command": "make", "plugin": with_args }),
        &command("container-0"),
        "plugin podSpec.containers[0].args also job command",
    );
    let mut two = containers(json!([
        { "name": "first", "image": "b:1", "command": ["echo first"] },
        { "name": "second", "image": "b:1", "command": ["echo second"] },
    ]));
    two["checkout"] = json!({ "skip": true });
    let two = json!({ "command": "", "plugin": two });
    check(&two, &command("first"), from_container);
    check(&two, &command("second"), "plugin podSpec.containers[1].command");
    check(&two, "spec.template.spec.containers[first].workingDir", "rule R-67");
    // Nobody gave one.
    check(&json!({ "command": "" }), &command("container-0"), "rule R-61");
}

/// A name that a patch uses can only be another in both places; it is from the first.
/// job-manifest R-122
#[test]
fn where_names_come_from() {
    let row = json!({ "plugin": {
        "podSpec": { "containers": [{ "name": "app", "image": "x:1" }] },
        "podSpecPatch": { "containers": [{ "name": "app", "tty": true }] },
    } });
    check(
        &row,
        "spec.template.spec.containers[app].name",
        "plugin podSpec.containers[0].name same plugin podSpecPatch.containers[0].name",
    );
    check(&json!({ "priority": 0 }), "metadata.annotations[buildkite.com/job-priority]", "job priority");
}

/// A patch that takes away what is not there leaves an empty object, which is no leaf's doing.
/// job-manifest R-87
#[test]
fn where_empty_objects_come_from() {
    let patch = json!({ "nodeSelector": { "a": null } });
    let path = "spec.template.spec.nodeSelector";
    check(&json!({ "plugin": { "podSpecPatch": patch } }), path, "plugin podSpecPatch.nodeSelector");
    check(&json!({ "config": { "pod-spec-patch": patch } }), path, "setting pod-spec-patch.nodeSelector");
}

/// Nothing can be built without this permission or with its opposite.
/// job-manifest R-129
#[test]
fn what_no_experiment_tells() {
    let row = json!({
        "config": { "allow-pod-spec-patch-unsafe-command-modification": true },
        "plugin": { "podSpecPatch": { "containers": [{ "name": "agent", "args": ["stop"] }] } },
    });
    let setting = Origin::Setting("allow-pod-spec-patch-unsafe-command-modification".to_owned());
    assert_eq!(Case::of(&row).explain().unwrap().unknown, [setting]);
    assert_eq!(Case::of(&json!({})).explain().unwrap().unknown, []);
}
