//! The same seed is the same run: in one process, and in another.

use std::{collections::BTreeMap, process::Command};

use simulation::{
    plan::{Plan, Size},
    run::run,
    trace::Detail,
};

const SEEDS: std::ops::Range<u64> = 0..20;
const JOBS: usize = 30;

fn trace(seed: u64) -> String {
    run(&Plan::draw(seed, Size { jobs: JOBS }), Detail::Everything).trace
}

/// The first line in which two traces differ: whole traces are too long to read.
#[track_caller]
fn assert_same(seed: u64, left: &str, right: &str) {
    if left == right {
        return;
    }
    let differ = left.lines().zip(right.lines()).enumerate().find(|(_, (left, right))| left != right);
    match differ {
        Some((line, (left, right))) => panic!("seed {seed}, line {line}:\n{left}\n{right}"),
        None => panic!("seed {seed}: {} and {} lines", left.lines().count(), right.lines().count()),
    }
}

#[test]
fn a_seed_is_the_same_run_again_in_this_process_and_in_another() {
    let _alone = super::alone();
    let first: BTreeMap<u64, String> = SEEDS.map(|seed| (seed, trace(seed))).collect();
    for (seed, first) in &first {
        assert!(first.lines().count() > JOBS, "seed {seed}: hardly anything happened:\n{first}");
        assert_same(*seed, first, &trace(*seed));
        let other = Command::new(env!("CARGO_BIN_EXE_simulation"))
            .args(["--seed", &seed.to_string(), "--jobs", &JOBS.to_string(), "--trace"])
            .output()
            .unwrap();
        let other = String::from_utf8(other.stdout).unwrap();
        // A broken rule is named behind the trace.
        assert_same(*seed, first, other.get(..first.len()).unwrap_or(&other));
    }
}

#[test]
fn another_seed_is_another_run() {
    let _alone = super::alone();
    assert_ne!(trace(0), trace(1));
}
