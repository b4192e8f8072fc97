//! Every sample pipeline of `fixtures/pipelines` as the Jobs that `render` makes of it, each in a snapshot beside its
//! file. What the author reads stands above them, as comments.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::process::run;

/// What may lie beside `NAME.yml`, after its name.
const BESIDE: [&str; 3] = [".snap", ".config.yaml", ".pod-template.yaml"];

/// The samples that pin one feature each, and cite its rules.
const FEATURES: &str = "fixtures/pipelines/features";

/// The folders of the samples: the few that level 4 and the demo run, and those of features.
fn folders() -> [PathBuf; 2] {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [root.join("fixtures").join("pipelines"), root.join(FEATURES)]
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

/// What `render` says of a sample under the configuration that lies beside it.
async fn rendered(folder: &Path, name: &str) -> String {
    let (pipeline, config, template) =
        (format!("{name}.yml"), format!("{name}.config.yaml"), format!("{name}.pod-template.yaml"));
    let mut words = vec!["render", &pipeline];
    for (flag, file) in [("--config", &config), ("--pod-template", &template)] {
        if folder.join(file).exists() {
            words.extend([flag, file]);
        }
    }
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
    for folder in folders() {
        for file in files(&folder) {
            let Some(name) = file.strip_suffix(".yml") else { continue };
            let text = rendered(&folder, name).await;
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
        let names = files(&folder);
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
