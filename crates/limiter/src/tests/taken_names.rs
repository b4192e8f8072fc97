//! Jobs whose names a Job of somebody else has (D4 b), and whose reservations are left to lapse.

use super::{
    look_ahead::{LIFETIME, limits},
    *,
};

/// A limiter with one job, whose name was found taken: reserved for a minute, left alone for ten.
fn taken(start: Instant) -> Limiter {
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, start, start);
    let admission = limiter.admit(start).remove(0);
    let held = Reservation { since: start, until: start + Duration::from_secs(60) };
    limiter.set_apart(admission, Some(held), start + Duration::from_secs(600));
    limiter
}

/// lifecycle D4, P6
#[test]
fn a_job_with_a_taken_name_keeps_its_back_off_while_buildkite_has_it() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut limiter = taken(start);
    assert_eq!(limiter.free(), Some(1), "it holds no slot");
    assert_eq!(limiter.renewable_candidates(start).count(), 0, "nor is it renewed");
    for seconds in [5, 6, 7, 59] {
        let outcome = limiter.listed([], ListingEnd::Complete, later(seconds), later(seconds));
        assert!(outcome.vanished.is_empty(), "it is hidden because we reserved it");
        assert!(admitted(&mut limiter, later(seconds)).is_empty());
    }
    let outcome = limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, later(70), later(70));
    assert_eq!(outcome.added, 0, "it is known");
    assert!(admitted(&mut limiter, later(599)).is_empty());
    assert_eq!(admitted(&mut limiter, later(600)), [1]);
}

/// lifecycle P6
#[test]
fn a_job_with_a_taken_name_leaves_the_list_once_nothing_hides_it() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut limiter = taken(start);
    // The answer to a question from before the reservation lapsed may come after it, and Buildkite may count from a
    // later moment than we do.
    for (asked, answered, vanished) in [(59, 61, 0), (62, 62, 0), (179, 190, 0), (191, 191, 0), (192, 192, 1)]
    {
        let outcome = limiter.listed([], ListingEnd::Complete, later(asked), later(answered));
        assert_eq!(outcome.vanished.len(), vanished, "asked at {asked}");
    }
}

/// lifecycle D4, 2.6: its back-off ends while it is still reserved, and the queue is paused before it is reserved again
#[test]
fn an_attempt_that_comes_to_nothing_leaves_it_hidden() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, start, start);
    let admission = limiter.admit(start).remove(0);
    let held = Reservation { since: start, until: start + LIFETIME };
    limiter.set_apart(admission, Some(held), later(30));
    let again = limiter.admit(later(30)).remove(0);
    limiter.requeue(again, None, later(30));
    for seconds in [40, 41, 42] {
        let outcome = limiter.listed([], ListingEnd::Complete, later(seconds), later(seconds));
        assert!(outcome.vanished.is_empty());
    }
}

/// lifecycle V1, D4: they are not counted, but only so many
#[test]
fn taken_names_stand_in_nobodys_way_until_there_are_too_many() {
    let start = Instant::now();
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    let held = Reservation { since: start, until: start + LIFETIME };
    let most = SET_APART_AT_MOST as u128 + 2;
    limiter.listed((1..=most + 1).map(|n| listed(n, 0, n as i64)), ListingEnd::Complete, start, start);
    for n in 1..=most {
        let admission = limiter.admit(start).remove(0);
        assert_eq!(admission.job, job(n));
        limiter.set_apart(admission, Some(held), start + LIFETIME);
    }
    assert!(admitted(&mut limiter, start).is_empty(), "one slot, and a look-ahead of one");
    limiter.listed([listed(most, 0, most as i64)], ListingEnd::Partial, start + LIFETIME / 2, start);
    assert_eq!(admitted(&mut limiter, start), [most + 1], "listed again: one of those has lapsed");
}

/// lifecycle V5, D4: a renewal was on the wire when the name was found taken
#[test]
fn a_late_renewal_does_not_make_it_count() {
    let start = Instant::now();
    let mut limiter = taken(start);
    let until = start + LIFETIME;
    limiter.set_reservation(job(1), Some(Reservation { since: start, until }));
    assert_eq!(limiter.reserved_candidates().count(), 0);
    let at = start + Duration::from_secs(100);
    for _ in 0..3 {
        let outcome = limiter.listed([], ListingEnd::Complete, at, at);
        assert!(outcome.vanished.is_empty(), "it holds for longer");
    }
}
