//! Without a defect no seed breaks a rule.

use std::{thread, time::Instant};

use simulation::{fleet::run_all, plan::Size};

/// lifecycle 1.7, L1, L4, L6, L7, L8, L9, L10, L11, L12, L15, L16, P8, V1, V4, V6, D1, D4, D5, D6, D7, D8, D10, F1,
/// F2, F3, F4, F5, F7, F8, F9
#[test]
fn three_hundred_seeds_of_two_hundred_jobs_break_no_rule() {
    let _alone = super::alone();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let report = run_all(0..300, Size { jobs: 200 }, threads, |outcome| {
        if let Some(violation) = &outcome.violation {
            println!("seed {}: {violation}", outcome.seed);
        }
        true
    });
    println!("{}", report.summary(started.elapsed()));
    let failed: Vec<&u64> = report.failures.keys().collect();
    assert!(failed.is_empty(), "look at each with `cargo xtask simulate --seed N`: {failed:?}");
}
