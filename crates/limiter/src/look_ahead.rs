//! How far ahead of its free slots a controller may reserve (V1).

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

/// What a start is given: get, build and create. A reservation with less left than that creates nothing (V6).
const START_TAKES: Duration = Duration::from_secs(10);

/// The look-ahead of a controller that makes so many Jobs at once: as many, but no more than it can start within half
/// of a reservation's lifetime after all that may be on their way already, and never less than one (V1).
///
/// `requests_per_second` is the client's own limit towards Kubernetes, if it has one: a start costs at least one of
/// them. Up to twice as many jobs as there are `creators` are on their way at once.
#[must_use]
pub fn look_ahead(
    creators: NonZeroUsize,
    lifetime: Duration,
    requests_per_second: Option<NonZeroU32>,
) -> NonZeroUsize {
    let half = lifetime / 2;
    let by_creators = creators.get() as u128 * half.as_millis() / START_TAKES.as_millis();
    let by_rate = requests_per_second.map(|rate| u128::from(rate.get()) * half.as_millis() / 1000);
    let startable = usize::try_from(by_creators.min(by_rate.unwrap_or(u128::MAX))).unwrap_or(usize::MAX);
    let on_their_way = creators.get().saturating_mul(2);
    NonZeroUsize::new(startable.saturating_sub(on_their_way)).unwrap_or(NonZeroUsize::MIN).min(creators)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lifecycle V1: the wait before a create stays below half the expiry
    #[test]
    fn the_look_ahead_is_what_can_start_within_half_a_reservation() {
        for (creators, lifetime, rate, expected) in [
            // The defaults, and the shortest reservation that the number of creators alone allows.
            (25, 900, None, 25),
            (25, 60, None, 25),
            (1, 60, None, 1),
            // Shorter: half of 48 s are two starts and a bit for each creator, and two are under way.
            (25, 48, None, 10),
            (25, 40, None, 1),
            (25, 1, None, 1),
            // Ten requests a second, as the Go controller: 4500 starts in half of a quarter of an hour.
            (25, 900, Some(10), 25),
            (2000, 900, Some(10), 500),
            (2000, 60, Some(10), 1),
            (3600, 3600, None, 3600),
            (25, 900, Some(1), 25),
            (25, 120, Some(1), 10),
        ] {
            let (creators, rate) = (NonZeroUsize::new(creators).unwrap(), rate.and_then(NonZeroU32::new));
            let found = look_ahead(creators, Duration::from_secs(lifetime), rate);
            assert_eq!(found.get(), expected, "{creators} creators, {lifetime} s, {rate:?} a second");
        }
    }
}
