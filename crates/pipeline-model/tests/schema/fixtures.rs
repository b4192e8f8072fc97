//! What the stack accepts elsewhere, the schemas accept.

use std::path::Path;

use pipeline_model::KUBERNETES_PLUGIN;
use serde_json::Value;

use crate::{PIPELINE, PLUGIN, root, yaml};

/// What a schema refuses as well: wrong types, quantities and words, a version of the plugin, and what the reader only
/// warns about: unknown keys, a directive outside of a patch, another letter case.
const REFUSED: [&str; 7] = ["E-4", "E-5", "E-6", "E-40", "W-1", "W-2", "W-17"];

/// Rows of job-manifest 10 that are built although Kubernetes would refuse their pods: they show one rule with as
/// little else as possible.
const INCOMPLETE: &[&str] = &[
    // A mount without a path.
    "job-manifest C-109, C-110, C-111, C-112: the same in the plugin",
    // A pull policy that does not exist.
    "job-manifest C-178, R-109: an unknown policy and Never",
];

fn files(folder: &Path, ending: &str, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

/// The rules that a pipeline cites in the comment at its top.
fn cited(text: &str) -> Vec<&str> {
    let comment = text.lines().take_while(|line| line.starts_with('#'));
    comment.flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '-')).collect()
}

/// A pipeline that shows how the reader refuses something, and says so, is refused; every other one is accepted.
#[test]
fn pipelines_are_accepted_unless_they_are_wrong_on_purpose() {
    let mut found = Vec::new();
    files(&root().join("fixtures/pipelines"), "yml", &mut found);
    assert!(found.len() >= 10, "only {} pipelines", found.len());
    let mut failures = String::new();
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let wrong = cited(&text).iter().any(|word| REFUSED.contains(word));
        let documents = yaml(&text).unwrap();
        let complaints: String = documents.iter().map(|document| PIPELINE.complaints(document)).collect();
        if complaints.is_empty() == wrong {
            failures.push_str(&format!("{}: wrong: {wrong}\n{complaints}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The blocks of a row, from both of its forms.
fn blocks(row: &Value) -> Vec<&Value> {
    let list = row["plugins"].as_array().into_iter().flatten();
    let listed = list.filter_map(|plugin| plugin.get("KUBERNETES").or_else(|| plugin.get(KUBERNETES_PLUGIN)));
    row.get("plugin").into_iter().chain(listed).filter(|block| !block.is_null()).collect()
}

/// The jobs whose Jobs are kept as snapshots.
#[test]
fn every_block_of_a_job_is_accepted() {
    let mut found = Vec::new();
    files(&root().join("fixtures/jobs"), "yaml", &mut found);
    let jobs: Vec<Value> =
        found.iter().map(|path| yaml(&std::fs::read_to_string(path).unwrap()).unwrap().remove(0)).collect();
    let blocks: Vec<&Value> = jobs.iter().flat_map(blocks).collect();
    assert!(blocks.len() >= 2, "only {} blocks", blocks.len());
    for block in blocks {
        assert_eq!(PLUGIN.complaints(block), "", "{block}");
    }
}

/// job-manifest 10: the rows with a block that is read without a word about its keys.
#[test]
fn every_block_that_is_built_is_accepted() {
    let mut found = Vec::new();
    files(&root().join("fixtures/manifest"), "yaml", &mut found);
    let (mut count, mut failures, mut excused) = (0, String::new(), Vec::new());
    for path in found {
        let rows = yaml(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for row in rows[0].as_array().unwrap().iter().filter(|row| row["expect"]["error"].is_null()) {
            let name = format!("{}: {}", row["cite"].as_str().unwrap(), row["given"].as_str().unwrap());
            let warnings = row["expect"]["warnings"].as_array().into_iter().flatten();
            if warnings.filter_map(Value::as_str).any(|id| REFUSED.contains(&id)) {
                continue;
            }
            for block in blocks(row) {
                count += 1;
                let complaints = PLUGIN.complaints(block);
                if !complaints.is_empty() {
                    match INCOMPLETE.iter().find(|incomplete| **incomplete == name) {
                        Some(incomplete) => excused.push(*incomplete),
                        None => failures.push_str(&format!("{name}\n{complaints}")),
                    }
                }
            }
        }
    }
    assert!(count > 100, "only {count} blocks");
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(excused, INCOMPLETE, "rows that need no excuse any more, or are in another order");
}
