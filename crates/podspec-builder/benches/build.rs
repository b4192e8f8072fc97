//! How long it takes from the text of a plugin list to the Job, beside reading the text of the same Job, and
//! how often memory is asked for: `cargo bench -p podspec-builder`.

#[path = "build/jobs.rs"]
mod jobs;

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for (name, case) in [
        ("one container", jobs::one_container()),
        ("two patches and sidecars", jobs::two_patches_and_sidecars()),
    ] {
        report_allocations(name, &case);
        let text = case.build().job.to_string();
        let mut group = criterion.benchmark_group(name);
        group.bench_function("build", |bencher| bencher.iter(|| case.build()));
        group.bench_function("read the Job's text", |bencher| {
            bencher.iter(|| serde_json::from_str::<serde_json::Value>(black_box(&text)));
        });
        group.finish();
    }
    criterion.final_summary();
}

#[expect(clippy::print_stdout, reason = "the report of a benchmark")]
fn report_allocations(name: &str, case: &jobs::Case) {
    let counted = allocation_counter::measure(|| {
        black_box(case.build());
    });
    println!("{name}: {} allocations, {} bytes", counted.count_total, counted.bytes_total);
}
