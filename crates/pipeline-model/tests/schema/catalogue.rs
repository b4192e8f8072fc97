//! The catalogue of mistakes (pipeline-format 21): what a schema can find, the schema finds; what is only doubtful,
//! and what must stay silent, it lets pass.

use serde_json::{Map, Value, json};

use crate::{PIPELINE, root, yaml};

/// A row of the catalogue with an example.
struct Row {
    code: String,
    severity: String,
    class: String,
    example: String,
}

/// Rows whose example is no file of ours to judge: other classes, other files.
fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("docs/spec/pipeline-format.md")).unwrap();
    let catalogue = text.split("## 21. Mistake catalogue").nth(1).unwrap();
    let catalogue = catalogue.split("\n## 22.").next().unwrap();
    let mut rows = Vec::new();
    for line in catalogue.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let code = cells[0];
        let is_code = code.len() == 4 && code[1..].bytes().all(|byte| byte.is_ascii_digit());
        let (severity, class, example) = match cells[..] {
            [_, example, _] if code.starts_with('N') => ("", "silent", example),
            [_, severity, class, _, example, ..] => (severity, class, example),
            _ => continue,
        };
        if !is_code || !example.starts_with('`') {
            continue;
        }
        let example = example.trim_matches('`').replace('⏎', "\n").replace('⇥', "\t");
        let owned = str::to_owned;
        rows.push(Row { code: owned(code), severity: owned(severity), class: owned(class), example });
    }
    rows
}

/// An example with its shorthand written out (20.1).
fn expand(example: &str) -> Option<Value> {
    let document = yaml(example).ok()?.into_iter().next()?;
    let Some((word, given)) = document.as_object().and_then(|members| members.iter().next()) else {
        return Some(document);
    };
    let given = given.clone();
    Some(match word.as_str() {
        "STEP" => step(given),
        "K8S" => block(given),
        "POD" => pod(given),
        "CTR" => pod(json!({ "containers": [over(json!({ "image": "alpine:3.20" }), given)] })),
        _ => document,
    })
}

fn step(given: Value) -> Value {
    json!({ "steps": [over(json!({ "command": "make", "agents": { "queue": "kubernetes" } }), given)] })
}

fn block(given: Value) -> Value {
    step(json!({ "plugins": [{ "kubernetes": given }] }))
}

fn pod(given: Value) -> Value {
    let default = json!({ "containers": [{ "image": "alpine:3.20" }] });
    block(json!({ "podSpec": over(default, given) }))
}

/// `given` laid over the defaults, key by key.
fn over(defaults: Value, given: Value) -> Value {
    let members = |value| if let Value::Object(members) = value { members } else { Map::new() };
    let mut all = members(defaults);
    all.extend(members(given));
    Value::Object(all)
}

/// pipeline-format 20: class a is what the schema alone finds, K048 included although it is a warning.
#[test]
fn mistakes_of_the_schemas_class_are_refused() {
    let mut missed = Vec::new();
    let mut count = 0;
    for row in rows().iter().filter(|row| row.class == "a") {
        let Some(document) = expand(&row.example) else { continue };
        count += 1;
        if PIPELINE.accepts(&document) {
            missed.push(format!("{} {}", row.code, row.example));
        }
    }
    assert!(count >= 80, "only {count} rows");
    assert!(missed.is_empty(), "accepted:\n{}", missed.join("\n"));
}

/// pipeline-format 20: a warning is for something that works.
#[test]
fn what_is_only_doubtful_is_accepted() {
    let mut failures = String::new();
    let mut count = 0;
    for row in rows().iter().filter(|row| matches!(&*row.severity, "W" | "I") && row.class == "b") {
        let document = expand(&row.example).unwrap_or_else(|| panic!("{} {}", row.code, row.example));
        count += 1;
        let complaints = PIPELINE.complaints(&document);
        if !complaints.is_empty() {
            failures.push_str(&format!("{} {}\n{complaints}", row.code, row.example));
        }
    }
    assert!(count >= 60, "only {count} rows");
    assert!(failures.is_empty(), "{failures}");
}

/// pipeline-format 21.11
#[test]
fn what_must_stay_silent_is_accepted() {
    let mut failures = String::new();
    let mut count = 0;
    for row in rows().iter().filter(|row| row.class == "silent") {
        let document = expand(&row.example).unwrap_or_else(|| panic!("{} {}", row.code, row.example));
        count += 1;
        let complaints = PIPELINE.complaints(&document);
        if !complaints.is_empty() {
            failures.push_str(&format!("{} {}\n{complaints}", row.code, row.example));
        }
    }
    assert_eq!(count, 30);
    assert!(failures.is_empty(), "{failures}");
}
