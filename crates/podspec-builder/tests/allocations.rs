//! How often a build asks for memory. One test, so that nothing else asks beside it.

#[path = "../benches/build/jobs.rs"]
mod jobs;

use std::hint::black_box;

use allocation_counter::measure;
use jobs::Case;

/// Allocations from the text of the plugin list to the Job.
fn allocations(case: &Case) -> u64 {
    measure(|| {
        black_box(case.build());
    })
    .count_total
}

/// job-manifest R-3
#[test]
fn builds_allocate_little_and_keep_nothing() {
    let cases = [(jobs::one_container(), 60), (jobs::two_patches_and_sidecars(), 400)];
    for (case, limit) in &cases {
        let count = allocations(case);
        assert!(count <= *limit, "{count} allocations, at most {limit} were promised");
    }
    let left = measure(|| {
        for _ in 0..5_000 {
            cases.iter().for_each(|(case, _)| drop(black_box(case.build())));
        }
    });
    assert_eq!((left.count_current, left.bytes_current), (0, 0), "10,000 builds leave nothing");
}
