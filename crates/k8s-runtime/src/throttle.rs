//! A cap on requests per second, over tokio's clock so that simulations can pause it.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Requests per second, and how many may go at once after a quiet time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    /// Requests per second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

/// The cap; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Throttle {
    interval: Duration,
    tolerance: Duration,
    /// When the bucket will be full again, if nothing more comes.
    full_at: Arc<Mutex<Option<Instant>>>,
}

impl Throttle {
    pub(crate) fn new(rate: RequestRate) -> Self {
        let interval = Duration::from_secs(1) / rate.per_second.get();
        Self { interval, tolerance: interval * (rate.burst.get() - 1), full_at: Arc::default() }
    }

    /// Waits for this request's turn. The turn is taken at once, the waiting holds no lock.
    pub(crate) async fn acquire(&self) {
        let turn = {
            let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let at = full_at.map_or(now, |at| at.max(now));
            *full_at = Some(at + self.interval);
            at.checked_sub(self.tolerance).unwrap_or(now)
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let number = |n| NonZeroU32::new(n).unwrap();
        let throttle = Throttle::new(RequestRate { per_second: number(10), burst: number(5) });
        let started = Instant::now();
        for _ in 0..5 {
            throttle.acquire().await;
        }
        assert_eq!(started.elapsed(), Duration::ZERO);
        for _ in 0..20 {
            throttle.acquire().await;
        }
        let elapsed = started.elapsed().as_millis();
        assert!((1990..=2020).contains(&elapsed), "{elapsed}");
    }
}
