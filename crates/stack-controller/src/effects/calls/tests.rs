//! Reserve calls that hang, under paused time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::any};
use bk_agent_api::ReservationExpiry;
use serde_json::json;
use tokio::time::{sleep, sleep_until};

use super::*;
use crate::effects::start::tests::executor_over;

/// An executor whose Buildkite lets the first reserve calls hang, and the number of calls.
fn hanging(expiry: u32, first: u32) -> (Executor, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let answer = move || {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if call < first {
                sleep(Duration::from_secs(7200)).await;
            }
            let body = json!({ "reserved": [Uuid::from_u128(1)], "not_reserved": [] }).to_string();
            (StatusCode::OK, [("content-type", "application/json")], body).into_response()
        }
    };
    let buildkite = Router::new().fallback(any(answer));
    let executor = executor_over(Router::new(), buildkite);
    (Executor { reservation_expiry: ReservationExpiry::from_seconds(expiry).unwrap(), ..executor }, calls)
}

/// lifecycle 1.8, V5, V6: as the reconcile loop does it, with the default `http-timeout` of a minute, and with the pauses
/// that an outage has made long
#[tokio::test(start_paused = true)]
async fn two_reserve_calls_that_hang_cost_no_reservation() {
    for expiry in [60, 90, 120, 180, 300, 900, 3600] {
        let (executor, calls) = hanging(expiry, 2);
        // After a long outage, whose last pause has just begun.
        for _ in 0..20 {
            lock(&executor.reserve_backoff).next(None);
        }
        let due = Instant::now();
        sleep(longest_pause(executor.lifetime())).await;
        let mut asked = vec![Uuid::from_u128(1)];
        loop {
            match executor.reserve(asked).await {
                Event::Reserved { .. } => break,
                Event::ReserveFailed { asked: again, retry_at } => {
                    asked = again;
                    sleep_until(Instant::from_std(retry_at)).await;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        let left = Duration::from_secs(u64::from(expiry) / 3) - due.elapsed();
        assert!(left >= LEFT_TO_CREATE, "{left:?} left of {expiry} s");
    }
}

/// lifecycle 1.8
#[test]
fn a_reserve_call_gets_a_share_of_what_a_renewal_has() {
    for (expiry, milliseconds) in
        [(1, 2_000), (30, 2_000), (60, 2_000), (72, 2_666), (120, 6_666), (300, 21_666), (900, 71_666)]
    {
        let limit = reserve_limit(Duration::from_secs(expiry));
        assert_eq!(limit.as_millis(), milliseconds, "{expiry} s");
    }
}

/// lifecycle 2.5, 1.8: a proxy's 404 is over in a moment, and after a true one the list loop registers again; a minute
/// would cost reservations
#[tokio::test(start_paused = true)]
async fn a_call_that_finds_nothing_is_repeated_soon() {
    for body in ["<html>not here</html>", r#"{"message": "stack not found"}"#] {
        let buildkite = Router::new().fallback(any(move || async move { (StatusCode::NOT_FOUND, body) }));
        let executor = executor_over(Router::new(), buildkite);
        let job = vec![Uuid::from_u128(1)];
        for event in [executor.reserve(job.clone()).await, executor.read_states(job).await] {
            let (Event::ReserveFailed { retry_at, .. } | Event::StatesFailed { retry_at, .. }) = event else {
                panic!("{body}: {event:?}")
            };
            let wait = retry_at.saturating_duration_since(Instant::now().into_std());
            assert!(wait <= Duration::from_secs(2), "{body}: {wait:?}");
        }
    }
}
