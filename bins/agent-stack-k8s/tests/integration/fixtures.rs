//! Every sample pipeline of `fixtures/pipelines` as the Jobs that `render` makes of it, each in a snapshot beside its
//! file. What the author reads stands above them, as comments.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::process::run;

/// What may lie beside `NAME.yml`, after its name.
const BESIDE: [&str; 3] = [".snap", ".config.yaml", ".pod-template.yaml"];

/// What belongs to all samples of a folder.
const OF_ALL: [&str; 2] = ["README.md", "objects.yaml"];

/// The samples that pin one feature each, and cite its rules.
const FEATURES: &str = "fixtures/pipelines/features";
/// Those that level 4 runs on a node, which has controllers and objects for all of them.
const RUN: &str = "fixtures/pipelines/run";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of the samples: the few that the demo runs, those of features, those of the node.
fn folders() -> [PathBuf; 3] {
    [root().join("fixtures").join("pipelines"), root().join(FEATURES), root().join(RUN)]
}

/// Names of a folder's files, in order.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = entries
        .filter(|path| path.is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        // What a snapshot that differs leaves until it is looked at.
        .filter(|name| !name.ends_with(".snap.new"))
        .collect();
    names.sort();
    names
}

/// What `render` is told about a sample.
fn words(folder: &Path, name: &str) -> Vec<String> {
    let mut words = vec!["render".to_owned(), format!("{name}.yml")];
    if folder == root().join(RUN) {
        let text = fs::read_to_string(folder.join(format!("{name}.yml"))).unwrap();
        let pipeline: Value = serde_yaml::from_str(&text).unwrap();
        let queue = pipeline["agents"]["queue"].as_str().unwrap_or("kubernetes");
        words.extend(["--config".to_owned(), format!("controllers/{queue}.yaml")]);
        words.extend(["--job-env", "GIT_SERVER=git.example"].map(str::to_owned));
        return words;
    }
    for (flag, file) in
        [("--config", format!("{name}.config.yaml")), ("--pod-template", format!("{name}.pod-template.yaml"))]
    {
        if folder.join(&file).exists() {
            words.extend([flag.to_owned(), file]);
        }
    }
    words
}

/// The PodTemplate among the objects of the node, in a file of its own.
fn template_of_the_node(place: &Path) -> String {
    let objects = fs::read_to_string(root().join(RUN).join("objects.yaml")).unwrap();
    let template = objects.split("\n---\n").find(|object| object.contains("\nkind: PodTemplate\n")).unwrap();
    let path = place.join("pod-template.yaml");
    fs::write(&path, template).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What `render` says of a sample.
async fn rendered(folder: &Path, name: &str, template: &str) -> String {
    let mut words = words(folder, name);
    if folder == root().join(RUN) {
        words.extend(["--pod-template".to_owned(), template.to_owned()]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = run(folder, &words, &[]).await;
    let mut text = format!("# exit status {}\n", ended.status.code().unwrap());
    for line in ended.stderr.lines() {
        text.push_str(&format!("# {line}\n"));
    }
    // Each release would change every snapshot.
    let version = concat!("k8s:agent-stack-version=", env!("CARGO_PKG_VERSION"));
    text.push_str(&ended.stdout.replace(version, "k8s:agent-stack-version=devel"));
    text
}

#[tokio::test]
async fn the_samples_become_the_jobs_beside_them() {
    let place = tempfile::tempdir().unwrap();
    let template = template_of_the_node(place.path());
    for folder in folders() {
        for file in files(&folder) {
            let Some(name) = file.strip_suffix(".yml") else { continue };
            let text = rendered(&folder, name, &template).await;
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path(&folder);
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(name, text));
        }
    }
}

/// A reader of the folder knows what each file is for.
#[test]
fn each_sample_opens_with_what_it_pins_and_nothing_lies_about() {
    for folder in folders() {
        let names: Vec<String> =
            files(&folder).into_iter().filter(|name| !OF_ALL.contains(&name.as_str())).collect();
        for file in &names {
            if !file.ends_with(".snap") {
                let text = fs::read_to_string(folder.join(file)).unwrap();
                assert!(text.starts_with("# "), "{file} does not open with a comment");
            }
            let owner =
                BESIDE.iter().find_map(|end| file.strip_suffix(end)).map(|name| format!("{name}.yml"));
            let owner = owner.unwrap_or_else(|| file.clone());
            assert!(owner.ends_with(".yml") && names.contains(&owner), "{file} belongs to no sample");
        }
    }
}
