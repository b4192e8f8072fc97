//! Buildkite refuses everything for a while. Afterwards every job has ended once, and there were
//! never more Jobs than the limit.

use std::time::Duration;

use buildkite_sim::{Effect, Fault, FaultBody};
use e2e_tests::scenario::Scenario;
use e2e_tests::testbed::Testbed;

use crate::drain::{assert_drained, at_work};

const JOBS: usize = 40;
const LIMIT: usize = 10;
const OUTAGE: Duration = Duration::from_secs(30);
/// What the 429 asks for; with it goes `RateLimit-Reset: 1`, and the longer wait holds (2.4).
const RETRY_AFTER: u64 = 5;

/// Lets every endpoint answer so for a while; returns how often each was asked meanwhile.
async fn outage(scenario: &Scenario, status: u16, retry_after: Option<u64>) -> Vec<(&'static str, u64)> {
    let simulator = &scenario.buildkite.simulator;
    let retry_after = retry_after.map(|seconds| seconds.to_string());
    let effect = Effect::Answer { status, body: FaultBody::Json, retry_after };
    simulator.inject_fault(Fault::always("*", effect));
    tokio::time::sleep(OUTAGE).await;
    simulator.clear_faults();
    let statistics = simulator.statistics();
    ["list-scheduled-jobs", "batch-reserve", "batch-load-job-states"]
        .map(|endpoint| (endpoint, statistics.count(endpoint, status)))
        .into()
}

/// lifecycle L15: as many Jobs as before, and no more questions than `Retry-After` allows.
#[tokio::test(flavor = "multi_thread")]
async fn a_drain_survives_500_and_then_429_for_half_a_minute_each() {
    let (testbed, _order) = Testbed::shared().await;
    let (mut scenario, _player) = at_work(testbed, "refusing", JOBS, LIMIT).await;
    let asked = outage(&scenario, 500, None).await;
    assert!(asked.iter().any(|(_, count)| *count > 0), "nobody asked: {asked:?}");
    let asked = outage(&scenario, 429, Some(RETRY_AFTER)).await;
    assert!(asked.iter().any(|(_, count)| *count > 0), "nobody asked: {asked:?}");
    let most = OUTAGE.as_secs() / RETRY_AFTER + 1;
    for (endpoint, count) in asked {
        assert!(count <= most, "{endpoint} was asked {count} times in spite of `Retry-After: {RETRY_AFTER}`");
    }
    assert_drained(&mut scenario, JOBS, LIMIT).await;
    scenario.end().await;
}
