//! What can be wrong with the stream of a watch.

use std::{collections::VecDeque, io, time::Duration};

use axum::body::{Body, BodyDataStream, Bytes};
use futures::{StreamExt as _, stream};
use tokio::{sync::watch, time::timeout};

use crate::plan::FaultKind;

/// A body whose events come as the fault has it.
pub(super) fn spoil(body: Body, kind: FaultKind, seed: u64, calm: watch::Receiver<bool>) -> Body {
    let mut random = fastrand::Rng::with_seed(seed);
    // Counted from the connection: some break at once, some in the middle of something.
    let turns_bad_after = random.usize(0..20);
    let watch = Spoilt {
        events: body.into_data_stream(),
        again: VecDeque::new(),
        seen: 0,
        turns_bad_after,
        kind,
        random,
        calm,
        over: false,
    };
    Body::from_stream(stream::unfold(watch, |mut watch| async move {
        let item = watch.next().await?;
        Some((item, watch))
    }))
}

struct Spoilt {
    events: BodyDataStream,
    /// Events that come a second time.
    again: VecDeque<Bytes>,
    seen: usize,
    turns_bad_after: usize,
    kind: FaultKind,
    random: fastrand::Rng,
    calm: watch::Receiver<bool>,
    over: bool,
}

impl Spoilt {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.over {
            return None;
        }
        if let Some(event) = self.again.pop_front() {
            return Some(Ok(event));
        }
        let calm = *self.calm.borrow();
        let bad = self.seen >= self.turns_bad_after && !calm;
        match self.kind {
            FaultKind::WatchCut if bad => {
                self.over = true;
                // The server may end the stream properly, or the connection breaks.
                return self.random.bool().then(|| Err(super::wire::reset()));
            }
            FaultKind::WatchSilent if bad => {
                let _ = self.calm.wait_for(|calm| *calm).await;
                return None;
            }
            _ => {}
        }
        let event = self.events.next().await?;
        self.seen += 1;
        match self.kind {
            FaultKind::WatchTwice if bad && self.random.u8(..4) == 0 => {
                self.again.extend(event.as_ref().ok().cloned());
            }
            FaultKind::WatchLag if bad && self.random.u8(..6) == 0 => {
                let late = Duration::from_millis(self.random.u64(100..20_000));
                let _ = timeout(late, self.calm.wait_for(|calm| *calm)).await;
            }
            _ => {}
        }
        Some(event.map_err(io::Error::other))
    }
}
