//! Verdicts whose help does not come, under paused time.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::any};
use job_lifecycle::Verdict;
use tokio::time::sleep;

use super::*;
use crate::effects::start::tests::executor_over;

/// lifecycle 1.3 rule 2, 5.1: what a verdict rests on gets old while its events are waited for
#[tokio::test(start_paused = true)]
async fn events_that_hang_do_not_hold_up_a_verdict() {
    let hanging = Router::new().fallback(any(|| async {
        sleep(Duration::from_secs(7200)).await;
        StatusCode::OK.into_response()
    }));
    let buildkite = Router::new().fallback(any(|| async {
        (StatusCode::OK, [("content-type", "application/json")], "{}").into_response()
    }));
    let executor = executor_over(hanging, buildkite);
    let begun = Instant::now();
    let job = Uuid::from_u128(1);
    let event = executor
        .finish(job, &Verdict::invalid_job("no"), Some("uid-1".to_owned()), FinishReason::MayPass)
        .await;
    assert!(matches!(event, Event::Finished { recorded: true, .. }), "{event:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "told after {:?}", begun.elapsed());
}

/// lifecycle 5.1: what is told of a Job that lives may pass, so it is looked at again before every try
#[tokio::test(start_paused = true)]
async fn only_what_lasts_is_told_again_without_another_look() {
    for (reason, tries) in [(FinishReason::Lasts, 5), (FinishReason::MayPass, 1)] {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let buildkite = Router::new().fallback(any(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(StatusCode::SERVICE_UNAVAILABLE)
        }));
        let executor = executor_over(Router::new(), buildkite);
        let event = executor.finish(Uuid::from_u128(1), &Verdict::invalid_job("no"), None, reason).await;
        assert!(matches!(event, Event::FinishFailed { .. }), "{event:?}");
        assert_eq!(calls.load(Ordering::Relaxed), tries, "{reason:?}");
    }
}

/// lifecycle 5.1: what may pass waits neither for what is repeated, nor long for its own kind
#[tokio::test(start_paused = true)]
async fn what_may_pass_is_told_soon_or_looked_at_again() {
    let buildkite = Router::new().fallback(any(|| async {
        (StatusCode::OK, [("content-type", "application/json")], "{}").into_response()
    }));
    let executor = executor_over(Router::new(), buildkite);
    let verdict = Verdict::invalid_job("no");
    let tell = || executor.finish(Uuid::from_u128(1), &verdict, None, FinishReason::MayPass);
    let _lasting = executor.finishing.acquire().await.unwrap();
    assert!(matches!(tell().await, Event::Finished { recorded: true, .. }));
    let _passing = executor.finishing_once.acquire().await.unwrap();
    let begun = Instant::now();
    assert!(matches!(tell().await, Event::FinishHadNoTurn { .. }));
    assert!(begun.elapsed() < Duration::from_secs(2), "after {:?}", begun.elapsed());
}
