//! When a call is tried again: exponential delays with full jitter, or longer if the server asks.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where jitter comes from; injected, so that a run can be repeated.
pub trait Jitter: Send + Sync {
    /// A number from 0 up to, not including, 1.
    fn fraction(&self) -> f64;
}

/// Jitter from a small random generator.
#[derive(Debug)]
pub struct RandomJitter(Mutex<fastrand::Rng>);

impl RandomJitter {
    /// Jitter that differs from process to process.
    #[must_use]
    pub fn from_entropy() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }

    /// Jitter that is the same for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }
}

impl Jitter for RandomJitter {
    fn fraction(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }
}

/// How often and how patiently a call is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included; never 0.
    pub attempts: u32,
    /// Upper bound of the first delay; each further bound is twice the one before.
    pub first_delay: Duration,
    /// No bound grows beyond this.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// One attempt only.
    pub const NONE: Self = Self { attempts: 1, first_delay: Duration::ZERO, max_delay: Duration::ZERO };

    /// The default of `stacks-api` section 2: five attempts, from one second, capped at thirty.
    pub const DEFAULT: Self =
        Self { attempts: 5, first_delay: Duration::from_secs(1), max_delay: Duration::from_secs(30) };

    /// How long to wait after attempt number `attempt` (from 1) failed, or nothing if that was the
    /// last one. What the server asks for wins when it is longer than the jittered delay.
    pub(crate) fn delay_after(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        jitter: &dyn Jitter,
    ) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubling = 2u32.saturating_pow(attempt - 1);
        let bound = self.first_delay.saturating_mul(doubling).min(self.max_delay);
        let delay = bound.mul_f64(jitter.fraction().clamp(0.0, 1.0));
        Some(delay.max(asked.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(f64);
    impl Jitter for Fixed {
        fn fraction(&self) -> f64 {
            self.0
        }
    }

    /// lifecycle X28
    #[test]
    fn delays_grow_within_their_bounds() {
        let policy = RetryPolicy { attempts: 9, ..RetryPolicy::DEFAULT };
        let bounds: Vec<_> = (1..=9)
            .map(|attempt| policy.delay_after(attempt, None, &Fixed(1.0)).map(|d| d.as_secs()))
            .collect();
        let want = [1, 2, 4, 8, 16, 30, 30, 30].map(Some);
        assert_eq!(bounds[..8], want);
        assert_eq!(bounds[8], None, "no delay after the last attempt");
        assert_eq!(policy.delay_after(3, None, &Fixed(0.0)), Some(Duration::ZERO));
        assert_eq!(RetryPolicy::NONE.delay_after(1, None, &Fixed(1.0)), None);
    }

    /// stacks-api P20
    #[test]
    fn the_server_wins_when_it_asks_for_more() {
        let after =
            |asked| RetryPolicy::DEFAULT.delay_after(2, Some(Duration::from_secs(asked)), &Fixed(1.0));
        assert_eq!(after(8), Some(Duration::from_secs(8)));
        assert_eq!(after(1), Some(Duration::from_secs(2)));
    }

    #[test]
    fn seeded_jitter_repeats() {
        let draw = || {
            let jitter = RandomJitter::seeded(7);
            [jitter.fraction(), jitter.fraction()]
        };
        assert_eq!(draw(), draw());
        assert!(draw().iter().all(|fraction| (0.0..1.0).contains(fraction)));
    }
}
