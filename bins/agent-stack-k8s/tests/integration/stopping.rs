//! Signals: the first one leaves in order, the second one at once.

use std::time::{Duration, Instant};

use buildkite_sim::Fault;
use nix::sys::signal::Signal;

use crate::bench::Bench;

#[tokio::test]
async fn a_signal_ends_the_program_in_order() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let bench = Bench::new().await;
        let program = bench.start("");
        bench.ready(&program).await;
        assert_eq!(bench.simulator.stacks().len(), 1);
        program.signal(signal);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(0), "{}", ended.output());
        assert_eq!(ended.stderr, "");
        assert!(ended.stdout.contains(signal.as_str()), "{}", ended.stdout);
        assert_eq!(bench.simulator.stacks().len(), 0, "the stack was deregistered");
    }
}

/// A deregistration that hangs gives time for a look, and a reason for a second signal.
#[tokio::test]
async fn a_stopping_program_is_not_ready_and_a_second_signal_ends_it_at_once() {
    let bench = Bench::new().await;
    let fault = Fault {
        endpoint: "deregister-stack".to_owned(),
        delay_ms: 60_000,
        effect: None,
        count: None,
        rate: None,
    };
    bench.simulator.inject_fault(fault);
    let program = bench.start("");
    bench.ready(&program).await;
    program.signal(Signal::SIGTERM);
    let answer = bench.not_ready(&program, "[-]running", "asked to stop").await;
    assert_eq!(answer.status, 503);
    let asked_again = Instant::now();
    program.signal(Signal::SIGTERM);
    let ended = program.ended().await;
    assert!(asked_again.elapsed() < Duration::from_secs(4), "it must not wait for Buildkite");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.output());
    assert!(ended.stdout.contains("stopped at once"), "{}", ended.stdout);
}

/// Nothing was registered yet, so nothing is waited for.
#[tokio::test]
async fn a_program_that_waits_for_its_token_stops_at_once() {
    let bench = Bench::new().await;
    let program = bench.start("agent-token-secret: never\n");
    bench.not_ready(&program, "[-]token", "there is no Secret `never`").await;
    let ended = program.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output());
    assert_eq!(bench.simulator.statistics().total("deregister-stack"), 0);
}
