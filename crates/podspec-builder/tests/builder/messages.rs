//! What people read about bad input: every rule of job-manifest 9 names place, value, reason and way out, in one
//! line, and hides what looks like a secret. What leads to each rule in detail is in `fixtures/manifest/`.

mod errors;
mod secrets;
mod settings;
mod warnings;

use std::collections::BTreeSet;
use std::path::Path;

use podspec_builder::Warning;
use serde_json::{Value, json};

use crate::manifest::config;
use crate::manifest::row::build;

/// A message that was provoked, in parts.
#[derive(Debug)]
struct Told {
    id: &'static str,
    path: String,
    /// Reason and value, for a warning also the way out.
    message: String,
    way_out: Option<String>,
    /// What a person reads.
    shown: String,
}

/// What a message has to say.
struct Case {
    id: &'static str,
    input: Value,
    /// Where; empty only where the message tells several places.
    path: &'static str,
    /// The value that is wrong, and the reason.
    says: &'static str,
    /// A piece of the way out.
    way_out: &'static str,
}

fn case(
    id: &'static str,
    input: Value,
    path: &'static str,
    says: &'static str,
    way_out: &'static str,
) -> Case {
    Case { id, input, path, says, way_out }
}

/// Everything that the input provokes: an error of the configuration or of the job, or warnings.
fn told(input: &Value) -> Vec<Told> {
    let builder = match config::builder(&input["config"]) {
        Ok(builder) => builder,
        Err(error) => {
            let problems = error.problems.into_iter().map(|problem| Told {
                shown: problem.to_string(),
                id: problem.id,
                path: problem.key,
                message: problem.message,
                way_out: Some(problem.hint),
            });
            return problems.collect();
        }
    };
    let mut told: Vec<Told> = builder.warnings().iter().map(of_warning).collect();
    match build(&builder, input) {
        Ok(built) => told.extend(built.warnings.iter().map(of_warning)),
        Err(error) => told.push(Told {
            shown: error.to_string(),
            id: error.id,
            path: error.path,
            message: error.message,
            way_out: error.hint,
        }),
    }
    told
}

fn of_warning(warning: &Warning) -> Told {
    Told {
        shown: warning.to_string(),
        id: warning.id,
        path: warning.path.clone(),
        message: warning.message.clone(),
        way_out: None,
    }
}

/// Holds every case against what it provokes.
#[track_caller]
fn check(cases: &[Case]) {
    for case in cases {
        let found = told(&case.input);
        let Some(told) = found.iter().find(|told| told.id == case.id) else {
            panic!("{}: {} provokes {found:?}", case.id, case.input)
        };
        let way_out = told.way_out.as_ref().unwrap_or(&told.message);
        assert_eq!(told.path, case.path, "{}: {told:?}", case.id);
        assert!(told.message.contains(case.says), "{}: {told:?} does not say {}", case.id, case.says);
        assert!(way_out.contains(case.way_out), "{}: {told:?} has no way out {}", case.id, case.way_out);
        assert!(!case.way_out.is_empty() && !case.says.is_empty(), "{}", case.id);
        for part in [&told.message, way_out] {
            assert!(!part.ends_with('.') && !part.is_empty(), "{}: {part}", case.id);
            assert!(!part.starts_with(|c: char| c.is_uppercase()), "{}: {part}", case.id);
        }
        assert!(told.shown.contains(&told.path) && told.shown.contains(way_out.as_str()), "{told:?}");
        // The policy alone has a list to tell.
        assert!(case.id == "E-41" || !told.shown.contains('\n'), "{}", told.shown);
    }
}

/// The rules that the spec numbers in this section of job-manifest, by the first cell of its table.
fn rules(section: &str) -> BTreeSet<String> {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/job-manifest.md");
    let spec = std::fs::read_to_string(spec).unwrap();
    let (_, text) = spec.split_once(&format!("\n### {section} ")).unwrap();
    let text = text.split("\n### ").next().unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    cells.filter(|cell| cell.starts_with("E-") || cell.starts_with("W-")).map(str::to_owned).collect()
}

/// Every rule of a section is in the table, but for those that no job can provoke.
#[track_caller]
fn check_complete(section: &str, cases: &[Case], without: &[&str]) {
    let told: BTreeSet<String> =
        cases.iter().map(|case| case.id).chain(without.iter().copied()).map(str::to_owned).collect();
    assert_eq!(told, rules(section));
}

fn plugin(block: Value) -> Value {
    json!({ "plugin": block })
}

fn pod(spec: Value) -> Value {
    plugin(json!({ "podSpec": spec }))
}

fn container(container: Value) -> Value {
    pod(json!({ "containers": [container] }))
}

fn patch(patch: Value) -> Value {
    plugin(json!({ "podSpecPatch": patch }))
}

fn configured(config: Value) -> Value {
    json!({ "config": config })
}
