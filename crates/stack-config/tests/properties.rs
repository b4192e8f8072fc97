//! Whatever a file, a variable or a flag holds, the answer is settings or a list of problems.

use std::collections::BTreeMap;

use clap::{Args as _, Command, FromArgMatches as _};
use proptest::prelude::*;
use stack_config::{Args, Inputs, load};

/// The keys of the full file, at any depth, so that objects land where they are read.
fn keys() -> Vec<String> {
    let text = include_str!("all-keys.yaml");
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.len() > 3).map(str::to_owned).collect()
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("~".to_owned()),
        Just("yes".to_owned()),
        "-?[0-9]{1,20}",
        "[0-9]{1,3}(ns|us|ms|s|m|h|x)",
        "\"[a-zA-Z0-9=/., -]{0,12}\"",
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((prop::sample::select(keys()), inner), 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

fn run(file: &str, variables: &BTreeMap<String, String>, words: &[String]) -> Result<(), TestCaseError> {
    let words = std::iter::once("controller").chain(words.iter().map(String::as_str));
    let Ok(matches) = Args::augment_args(Command::new("controller")).try_get_matches_from(words) else {
        return Ok(());
    };
    let args = Args::from_arg_matches(&matches).expect("flags are text");
    let read = |_: &str| Ok(file.to_owned());
    match load(&Inputs { args: &args, variables, read_file: &read, version: "v" }) {
        Ok(loaded) => drop(loaded),
        Err(error) => prop_assert!(!error.problems.is_empty() && !error.to_string().is_empty()),
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(members in prop::collection::btree_map(prop::sample::select(keys()), value(), 0..5)) {
        let lines: Vec<_> = members.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let variables = BTreeMap::from([("CONFIG".to_owned(), "c.yaml".to_owned())]);
        run(&lines.concat(), &variables, &[])?;
    }

    #[test]
    fn no_word_makes_it_panic(key in prop::sample::select(keys()), word in "[-+a-z0-9_.,=\\\\~ ]{0,12}") {
        let variables = BTreeMap::from([(key.to_ascii_uppercase().replace('-', "_"), word.clone())]);
        run("", &variables, &[])?;
        run("", &BTreeMap::new(), &[format!("--{key}={word}")])?;
    }
}
