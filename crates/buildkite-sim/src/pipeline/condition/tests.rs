use indexmap::IndexMap;

use super::Condition;
use crate::pipeline::variables::BuildVariables;

fn build() -> BuildVariables {
    BuildVariables {
        number: 7,
        branch: "feature/login".to_owned(),
        tag: None,
        commit: "HEAD".to_owned(),
        message: "Fix the login\n\nlonger text".to_owned(),
        source: "api".to_owned(),
        pipeline_slug: "storefront".to_owned(),
        organization_slug: "acme".to_owned(),
        env: IndexMap::from([("DEPLOY".to_owned(), "yes".to_owned()), ("EMPTY".to_owned(), String::new())]),
        ..BuildVariables::default()
    }
}

#[track_caller]
fn check(source: &str, want: bool) {
    let condition = Condition::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(condition.holds(&build()), Ok(want), "{source}");
}

#[track_caller]
fn refused(source: &str, want: &str) {
    let error = Condition::parse(source)
        .and_then(|condition| condition.holds(&build()))
        .expect_err(source)
        .to_string();
    assert!(error.contains(want), "{source}: {error}");
}

/// pipeline-format 14
#[test]
fn expressions() {
    for (source, want) in [
        ("true", true),
        ("false", false),
        ("null", false),
        ("!false", true),
        ("!!true", true),
        ("!null", true),
        ("true || false && false", true),
        ("(true || false) && false", false),
        ("!(true && false)", true),
        ("1 == 1", true),
        ("1 == \"1\"", false),
        ("-3 != 3", true),
        ("'a' == \"a\"", true),
        (r#""say \"hi\"" == 'say "hi"'"#, true),
        ("null == null", true),
        ("true // the rest is a comment", true),
        ("false // a comment\n || true", true),
    ] {
        check(source, want);
    }
}

/// pipeline-format 14
#[test]
fn variables_of_the_build() {
    for (source, want) in [
        (r#"build.branch == "feature/login""#, true),
        (r#"build.branch != "main""#, true),
        ("build.branch =~ /^feature\\//", true),
        ("build.branch =~ /LOGIN$/", false),
        ("build.branch =~ /LOGIN$/i", true),
        ("build.branch !~ /^main$/", true),
        ("build.message =~ /login/", true),
        ("build.message !~ /\\[skip tests\\]/", true),
        ("build.tag == null", true),
        ("build.tag =~ /^v/", false),
        ("build.tag !~ /^v/", true),
        ("build.number == 7", true),
        (r#"build.source == "api""#, true),
        (r#"pipeline.slug == "storefront""#, true),
        (r#"organization.slug == "acme""#, true),
        ("build.pull_request.id == null", true),
        ("build.pull_request.draft", false),
        ("!build.pull_request.draft", true),
        (r#"build.creator.teams includes "ops""#, false),
        (r#"build.env("DEPLOY") == "yes""#, true),
        ("build.env('MISSING') == null", true),
        (r#"build.env("EMPTY") == """#, true),
        (r#"build.env("BUILDKITE_BRANCH") == build.branch"#, true),
        (r#"build.branch == "main" || build.env("DEPLOY") == "yes" && build.tag == null"#, true),
    ] {
        check(source, want);
    }
}

/// pipeline-format 21.5: S221, S222, S223, S225, S226, S227, S228
#[test]
fn what_is_not_a_condition() {
    for (source, want) in [
        ("", "empty"),
        (r#"build.branch = "main""#, "use == to compare"),
        ("true and false", "`and` is not an operator"),
        ("build.brach == null", "did you mean `build.branch`?"),
        (r#"build.state == "failed""#, "only in notifications"),
        (r#"step.outcome == "passed""#, "only in notifications"),
        ("pipeline.started_failing", "not supported by this simulator"),
        (r#"build.branch =~ "main""#, "must be a regular expression"),
        ("/main/ =~ build.branch", "to the right of =~"),
        ("/main/", "to the right of =~"),
        (r#""$CI_X" == 1 && $CI_X"#, "use build.env"),
        ("build.env(DEPLOY)", "unknown variable `DEPLOY`"),
        ("build.env", "write build.env(\"NAME\")"),
        ("(true", "ends too early"),
        ("true)", "unexpected `)`"),
        (r#""open"#, "never closed"),
        ("build.branch =~ /(/", "not a regular expression"),
        ("build.branch && true", "neither true nor false"),
        ("build.number =~ /7/", "need text"),
        (r#"build.branch includes "x""#, "needs a list"),
        ("true true", "column 6"),
    ] {
        refused(source, want);
    }
    refused(&"(".repeat(10_000), "nested too deeply");
    check(&format!("{}true", "!".repeat(10_000)), true);
}
