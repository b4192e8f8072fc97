//! Failed attempts to start a job (P8) and the life of its reservation (1.8, V6).

use std::time::{Duration, Instant};

/// Attempts after which a job gets a verdict instead of another try (P8).
pub const MAX_ATTEMPTS: u32 = 10;
/// Time after the first failure after which a job gets a verdict (P8).
pub const MAX_TRYING: Duration = Duration::from_secs(600);
/// What must be left of a reservation when a Job is created (V6), but never more than half of its lifetime,
/// or the shortest lifetimes that are allowed could never be used.
pub const LEFT_TO_CREATE: Duration = Duration::from_secs(10);

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again then.
    RetryAt(Instant),
    /// Tell Buildkite the last error.
    GiveUp,
}

/// Decides on the attempt that just failed as number `failed` (1 is the first).
///
/// Delays double from 1 s to 60 s; `jitter` in 0..1 takes away up to half, so that jobs that failed
/// together do not return together.
pub fn after_failure(failed: u32, first_failure: Instant, now: Instant, jitter: f64) -> AfterFailure {
    if failed >= MAX_ATTEMPTS || now.saturating_duration_since(first_failure) >= MAX_TRYING {
        return AfterFailure::GiveUp;
    }
    let doubled = Duration::from_secs(1 << failed.saturating_sub(1).min(6)).min(Duration::from_secs(60));
    AfterFailure::RetryAt(now + doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0))
}

/// When a reservation of this lifetime that ends then should be renewed: a third before its end (1.8).
pub fn renew_at(until: Instant, lifetime: Duration) -> Instant {
    until.checked_sub(lifetime / 3).unwrap_or(until)
}

/// Whether a reservation is good enough to create a Job with (V6).
pub fn may_create(reserved_until: Instant, lifetime: Duration, now: Instant) -> bool {
    reserved_until.saturating_duration_since(now) >= LEFT_TO_CREATE.min(lifetime / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lifecycle P8
    #[test]
    fn delays_double_up_to_a_minute_and_end_in_a_verdict() {
        let now = Instant::now();
        let delays: Vec<u64> = (1..MAX_ATTEMPTS)
            .map(|failed| match after_failure(failed, now, now, 0.0) {
                AfterFailure::RetryAt(at) => (at - now).as_secs(),
                AfterFailure::GiveUp => unreachable!("attempt {failed} gave up"),
            })
            .collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(after_failure(MAX_ATTEMPTS, now, now, 0.0), AfterFailure::GiveUp);
        assert_eq!(after_failure(2, now, now + MAX_TRYING, 0.0), AfterFailure::GiveUp);
        let halved = AfterFailure::RetryAt(now + Duration::from_secs(4));
        assert_eq!(after_failure(4, now, now, 1.0), halved, "full jitter takes half away");
    }

    /// lifecycle V6
    #[test]
    fn a_reservation_needs_ten_seconds_to_create_with() {
        let now = Instant::now();
        let left = |milliseconds| now + Duration::from_millis(milliseconds);
        let lifetime = Duration::from_secs(900);
        assert!(may_create(left(10_000), lifetime, now));
        assert!(!may_create(left(9_999), lifetime, now));
        assert!(!may_create(now, lifetime, left(1_000)));
        let short = Duration::from_secs(4);
        assert!(may_create(left(2_000), short, now) && !may_create(left(1_999), short, now));
    }

    /// lifecycle V5
    #[test]
    fn renewal_is_due_with_a_third_of_the_lifetime_left() {
        let now = Instant::now();
        let lifetime = Duration::from_secs(900);
        assert_eq!(renew_at(now + lifetime, lifetime), now + Duration::from_secs(600));
    }
}
