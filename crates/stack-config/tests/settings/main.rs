//! The conformance cases of controller-config 14, and the tables of its sections 1 to 4, 6 and 9.
#![expect(clippy::unwrap_used, reason = "tables of what must hold")]

mod landing;
mod queues;
mod sources;
mod spellings;
mod tables;
mod values;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use stack_config::{
    Args, ConfigError, ErrorKind, Inputs, LeaderLease, Loaded, LogFormat, LogLevel, Source, load,
    load_for_render,
};

fn args(words: &[&str]) -> Args {
    let words = std::iter::once("controller").chain(words.iter().copied());
    let matches = Args::augment_args(Command::new("controller")).try_get_matches_from(words).unwrap();
    Args::from_arg_matches(&matches).unwrap()
}

fn with(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Result<Loaded, ConfigError> {
    let mut variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if !file.is_empty() {
        variables.insert("CONFIG".to_owned(), "config.yaml".to_owned());
    }
    let read = |_: &str| Ok(file.to_owned());
    load(&Inputs { args: &args(words), variables: &variables, read_file: &read, version: "1.2.3" })
}

#[track_caller]
fn loaded(file: &str) -> Loaded {
    with(file, &[], &[]).unwrap_or_else(|error| panic!("{file}\n{error}"))
}

#[track_caller]
fn refused(file: &str) -> String {
    with(file, &[], &[]).expect_err(file).to_string()
}

#[track_caller]
fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}
