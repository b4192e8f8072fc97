//! Whatever comes in, a build ends with a Job, or with messages that can be read by people: blocks, patches,
//! environments, rules, templates and settings are drawn.
//!
//! `PROPTEST_CASES` says how many; CONTRIBUTING.md has the long run.

mod drawn;

use std::collections::BTreeSet;

use podspec_builder::{BuildError, Builder, JobRequest, Settings, SettingsError, Warning};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::properties::check_pod;
use drawn::SECRET;

/// A message is one line, hides what it can tell to be a secret, and has a place and a way out.
fn check_text(id: &str, path: &str, shown: &str) {
    assert!(!shown.contains(SECRET), "{id}: {shown}");
    assert!(id == "E-41" || !shown.contains(|c: char| c.is_control()), "{id}: {shown:?}");
    assert!(!path.is_empty() || matches!(id, "E-13" | "E-41"), "{id}: {shown}");
}

fn check_error(error: &BuildError) {
    check_text(error.id, &error.path, &error.to_string());
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
    assert!(error.hint.is_some() && !error.message.is_empty(), "{error:?}");
}

fn check_warnings(warnings: &[Warning]) {
    for warning in warnings {
        check_text(warning.id, &warning.path, &warning.to_string());
    }
}

fn check_settings(error: &SettingsError) {
    assert!(!error.problems.is_empty());
    for problem in &error.problems {
        check_text(problem.id, &problem.key, &problem.to_string());
        assert!(!problem.message.is_empty() && !problem.hint.is_empty(), "{problem:?}");
    }
}

/// What was built, if it was.
fn build(builder: &Builder, job: &JobRequest, template: Option<&Value>) -> Option<Value> {
    let plugins = builder.parse_plugin(job).inspect_err(check_error).ok()?;
    let built = builder.build(job, &plugins, template).inspect_err(check_error).ok()?;
    check_warnings(&built.warnings);
    assert_eq!(builder.build(job, &plugins, template).as_ref(), Ok(&built), "equal arguments");
    Some(built.to_json())
}

proptest! {
    /// job-manifest; job-manifest 9.1, 9.2, 9.3; controller-config 8.3
    #[test]
    fn anything_ends_with_a_job_or_a_message(drawn in drawn::any_input()) {
        let template = drawn.template.clone();
        let (settings, job) = drawn.into_parts();
        let plain = Builder::new(Settings::default()).unwrap();
        if let Some(job) = build(&plain, &job, template.as_ref()) {
            check_pod(&job["spec"]["template"]["spec"]);
        }
        match Builder::new(settings) {
            Err(error) => check_settings(&error),
            Ok(builder) => {
                check_warnings(builder.warnings());
                build(&builder, &job, template.as_ref());
            }
        }
    }
}

/// What is drawn reaches most rules, and Jobs.
#[test]
fn what_is_drawn_means_something() {
    let mut runner = TestRunner::deterministic();
    let strategy = drawn::any_input();
    let (mut seen, mut built) = (BTreeSet::new(), 0);
    for _ in 0..1000 {
        let drawn = strategy.new_tree(&mut runner).unwrap().current();
        let template = drawn.template.clone();
        let (settings, job) = drawn.into_parts();
        let builder = match Builder::new(settings) {
            Ok(builder) => builder,
            Err(error) => {
                seen.extend(error.problems.iter().map(|problem| problem.id));
                Builder::new(Settings::default()).unwrap()
            }
        };
        let plugins = builder.parse_plugin(&job);
        match plugins.and_then(|plugins| builder.build(&job, &plugins, template.as_ref())) {
            Ok(job) => {
                built += 1;
                seen.extend(job.warnings.iter().map(|warning| warning.id));
            }
            Err(error) => {
                seen.insert(error.id);
            }
        }
    }
    assert!(built > 100, "{built} Jobs, {seen:?}");
    assert!(seen.len() > 35, "{built} Jobs, {} rules: {seen:?}", seen.len());
}
