//! Verdicts whose help does not come, under paused time.

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
    let event = executor.finish(job, &Verdict::invalid_job("no"), Some("uid-1".to_owned())).await;
    assert!(matches!(event, Event::Finished { recorded: true, .. }), "{event:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "told after {:?}", begun.elapsed());
}
