//! Our strategic merge against Kubernetes' own, on drawn objects and patches. Needs no cluster, only the
//! built judge.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};
use strategic_merge::merge;
use strategic_merge::random_cases::{Case, Style, case};

/// How many cases are compared: a few seconds' worth, or what `STRATEGIC_MERGE_CASES` says.
fn case_count() -> u64 {
    let asked = std::env::var("STRATEGIC_MERGE_CASES").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(20_000)
}

/// Kubernetes' outcome for each case, in order.
fn judged(cases: &[Case]) -> Vec<Value> {
    let bin = std::env::var("TESTBED_BIN").expect("TESTBED_BIN is set by `cargo xtask test`");
    let mut judge = Command::new(format!("{bin}/strategic-merge"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the judge starts");
    let questions: String = cases
        .iter()
        .map(|case| {
            format!("{}\n", json!({ "type": case.type_name, "original": case.original, "patch": case.patch }))
        })
        .collect();
    let mut input = judge.stdin.take().expect("it is piped");
    // Both pipes are bounded: who writes everything first and reads then, waits forever.
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let answers = read_answers(&mut judge);
    writer.join().expect("the writer does not panic").expect("the judge reads");
    assert!(judge.wait().expect("the judge ends").success());
    answers
}

fn read_answers(judge: &mut Child) -> Vec<Value> {
    let output = BufReader::new(judge.stdout.take().expect("it is piped"));
    output
        .lines()
        .map(|line| {
            serde_json::from_str(&line.expect("the judge writes text")).expect("the judge writes JSON")
        })
        .collect()
}

/// Kubernetes leaves nulls and directives in values that it takes over whole (job-manifest D-55).
fn cleaned(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(cleaned).collect(),
        Value::Object(members) => {
            let kept: Map<String, Value> = members
                .iter()
                .filter(|(key, member)| !key.starts_with('$') && !member.is_null())
                .map(|(key, member)| (key.clone(), cleaned(member)))
                .collect();
            Value::Object(kept)
        }
        scalar => scalar.clone(),
    }
}

/// job-manifest
#[test]
fn kubernetes_merges_alike() {
    let cases: Vec<Case> = (0..case_count()).map(|seed| case(seed, Style::Comparable)).collect();
    let answers = judged(&cases);
    assert_eq!(answers.len(), cases.len());
    for (seed, (case, answer)) in cases.iter().zip(&answers).enumerate() {
        let Case { original, patch, .. } = case;
        let mut ours = original.into();
        merge(&mut ours, &patch.into(), case.schema())
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{original}\n{patch}\n{answer}"));
        let theirs =
            answer.get("merged").unwrap_or_else(|| panic!("seed {seed}: {answer}\n{original}\n{patch}"));
        assert_eq!(Value::from(ours), cleaned(theirs), "seed {seed}:\n{original}\n{patch}");
    }
}
