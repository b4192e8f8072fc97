//! Many seeds on several threads.

use std::{
    ops::Range,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use crate::{
    plan::{Plan, Size},
    report::Report,
    run::Outcome,
    trace::Detail,
    watched::watched_run,
};

/// Runs every seed, `threads` at a time; `seen` is called with each outcome as it comes and says whether to go on.
#[must_use]
pub fn run_all(
    seeds: Range<u64>,
    size: Size,
    threads: usize,
    mut seen: impl FnMut(&Outcome) -> bool,
) -> Report {
    let next = AtomicU64::new(seeds.start);
    let (sender, outcomes) = mpsc::sync_channel(threads);
    let mut report = Report::default();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (sender, next, end) = (sender.clone(), &next, seeds.end);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = watched_run(&Plan::draw(seed, size), Detail::Nothing);
                    if sender.send(outcome).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for outcome in outcomes {
            let go_on = seen(&outcome);
            report.add(outcome);
            if !go_on {
                next.store(u64::MAX / 2, Ordering::Relaxed);
            }
        }
    });
    report
}
