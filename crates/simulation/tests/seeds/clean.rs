//! Without a defect no seed breaks a rule.

use std::{thread, time::Instant};

use simulation::{fleet::run_all, plan::Size};

/// lifecycle 1.7, L1, L4, L6, L7, L8, L9, L10, L11, L12, L15, L16, L20, P1, P2, P7, P8, V1, V4, V6, V7, D1, D4, D5, D6,
/// D7, D8, D10, F1, F2, F3, F4, F5, F7, F8, F9
#[test]
fn three_hundred_seeds_of_two_hundred_jobs_break_no_rule() {
    none_is_broken(200);
}

/// The size at which planted defects are hunted: what shows one there shows nothing without it.
#[test]
fn three_hundred_seeds_of_sixty_jobs_break_no_rule() {
    none_is_broken(60);
}

#[expect(clippy::print_stdout, reason = "a test tells what it has found")]
fn none_is_broken(jobs: usize) {
    let _alone = super::alone();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let report = run_all(0..300, Size { jobs }, threads, |outcome| {
        if let Some(violation) = &outcome.violation {
            println!("seed {}: {violation}", outcome.seed);
        }
        true
    });
    println!("{}", report.summary(started.elapsed()));
    let failed: Vec<&u64> = report.failures.keys().collect();
    assert!(failed.is_empty(), "look at each with `cargo xtask simulate --jobs {jobs} --seed N`: {failed:?}");
}
