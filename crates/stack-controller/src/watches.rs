//! The watches of Jobs and Pods, fed into the core (`docs/spec/lifecycle.md` 1.4, step 4).

use futures::{Stream, StreamExt as _, pin_mut};
use k8s_runtime::{WatchEvent, WatchStage};
use tokio::{sync::mpsc, time::Instant};
use tracing::warn;

use crate::{
    core::event::{Event, Watched},
    health::{Check, Health},
    observe,
    session::error_chain,
};

/// Forwards a watch until `events` is closed. The stream itself never ends: it repairs itself and reports
/// each failure, which lowers readiness until it is connected again.
pub(crate) async fn forward<T, F>(
    stream: impl Stream<Item = WatchEvent<T>>,
    translate: impl Fn(&T) -> Option<F>,
    into_event: impl Fn(Watched<F>) -> Event,
    check: Check,
    health: Health,
    events: mpsc::Sender<Event>,
) {
    pin_mut!(stream);
    let mut listed = false;
    let mut failing = false;
    while let Some(event) = stream.next().await {
        let now = Instant::now().into_std();
        match &event {
            // Losing our place in the history is normal after an outage, and heals by listing again.
            WatchEvent::Failed(failure) if failure.stage != WatchStage::Expired => {
                let error = error_chain(&failure.error);
                if !std::mem::replace(&mut failing, true) {
                    warn!(?check, stage = ?failure.stage, error, "the watch failed; trying again");
                }
                health.fail(check, error, now);
            }
            WatchEvent::ListDone => {
                listed = true;
                failing = false;
                health.pass(check, now);
            }
            WatchEvent::Connected if listed => {
                failing = false;
                health.pass(check, now);
            }
            _ => {}
        }
        if let Some(watched) = observe::watched(event, &translate)
            && events.send(into_event(watched)).await.is_err()
        {
            return;
        }
    }
}
