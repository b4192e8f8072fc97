//! The limiter's rules as short scripts, and one property over random ones.

mod behind;
mod look_ahead;
mod taken_names;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

fn job(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn listed(n: u128, priority: i64, scheduled_at: i64) -> ListedJob {
    ListedJob { priority, scheduled_at: Some(scheduled_at), ..ListedJob::new(job(n)) }
}

fn limiter(limit: usize) -> Limiter {
    let mut limiter = Limiter::new(Limits { max_in_flight: NonZeroUsize::new(limit), ..Limits::default() });
    limiter.open();
    limiter
}

fn admitted(limiter: &mut Limiter, now: Instant) -> Vec<u128> {
    limiter.admit(now).into_iter().map(|admission| admission.job.as_u128()).collect()
}

/// lifecycle L4
#[test]
fn nothing_is_admitted_before_the_first_complete_list_of_jobs() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Limits::default());
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, now, now);
    assert!(admitted(&mut limiter, now).is_empty());
    limiter.open();
    assert_eq!(admitted(&mut limiter, now), [1]);
}

/// lifecycle L4, D10: a ledger that begins anew with the candidates of the one before.
#[test]
fn a_closed_limiter_keeps_its_candidates_and_no_slot() {
    let now = Instant::now();
    let mut limiter = limiter(2);
    limiter.listed((1..=3).map(|n| listed(n, 0, 0)), ListingEnd::Complete, now, now);
    let first = limiter.admit(now).swap_remove(0);
    assert_eq!(first.job, job(1));
    let held = Reservation { since: now, until: now + Duration::from_secs(900) };
    limiter.requeue(first, Some(held), now);
    limiter.close();
    assert_eq!(limiter.free(), Some(2), "the job whose attempt was not put back holds nothing any more");
    assert!(limiter.admit(now).is_empty());
    limiter.hold(job(9));
    limiter.open();
    let next = limiter.admit(now);
    assert_eq!(next.iter().map(|one| (one.job, one.reservation)).collect::<Vec<_>>(), [(job(1), Some(held))]);
}

/// lifecycle L1, L2, L3, L5
#[test]
fn a_slot_is_taken_at_admission_and_only_jobs_hold_slots() {
    let now = Instant::now();
    let mut limiter = limiter(2);
    assert_eq!(limiter.free(), Some(2), "an idle limiter has all its slots (B11)");
    limiter.listed((1..=3).map(|n| listed(n, 0, 0)), ListingEnd::Complete, now, now);
    assert_eq!(admitted(&mut limiter, now), [1, 2]);
    assert_eq!(limiter.free(), Some(0), "no event was needed to charge them");
    assert!(admitted(&mut limiter, now).is_empty());
}

/// lifecycle L6, L16
#[test]
fn more_in_flight_than_the_limit_admits_nothing_until_it_has_shrunk_below() {
    let now = Instant::now();
    let mut limiter = Limiter::new(Limits { max_in_flight: NonZeroUsize::new(2), ..Limits::default() });
    for n in 1..=6 {
        limiter.hold(job(n));
    }
    limiter.open();
    limiter.listed([listed(10, 0, 0), listed(11, 0, 0)], ListingEnd::Complete, now, now);
    for n in 1..=4 {
        limiter.release(job(n));
        assert!(admitted(&mut limiter, now).is_empty(), "{} of 2 in flight", limiter.in_flight().len());
    }
    limiter.release(job(5));
    assert_eq!(admitted(&mut limiter, now), [10]);
}

/// lifecycle L8, L11, L12
#[test]
fn holding_and_releasing_are_idempotent() {
    let now = Instant::now();
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, now, now);
    assert_eq!(admitted(&mut limiter, now), [1]);
    assert!(!limiter.hold(job(1)), "the watch shows what was admitted");
    assert!(limiter.hold(job(7)), "a Job made by somebody else is charged");
    assert!(limiter.release(job(1)));
    assert!(!limiter.release(job(1)), "a late event releases nothing more");
    assert!(admitted(&mut limiter, now).is_empty());
    limiter.release(job(7));
    assert_eq!(admitted(&mut limiter, now), [2]);
}

/// lifecycle L14, V1
#[test]
fn without_a_limit_only_the_number_of_creators_bounds_admission() {
    let now = Instant::now();
    let three = NonZeroUsize::new(3).expect("3 is not zero");
    let mut limiter = Limiter::new(Limits { max_in_flight: None, max_starting: three, ..Limits::default() });
    limiter.open();
    limiter.listed((1..=7).map(|n| listed(n, 0, n as i64)), ListingEnd::Complete, now, now);
    assert_eq!(limiter.free(), None);
    assert_eq!(admitted(&mut limiter, now), [1, 2, 3]);
    limiter.started(job(2));
    assert_eq!(admitted(&mut limiter, now), [4]);
    assert_eq!(limiter.in_flight().len(), 4);
}

/// lifecycle P1, L20, C3, C4
#[test]
fn order_is_priority_then_age_then_first_seen() {
    let now = Instant::now();
    let mut limiter = limiter(25);
    limiter.listed(
        [
            listed(1, 0, 20),
            listed(2, -5, 0),
            listed(3, 0, 10),
            listed(4, 99, 50),
            ListedJob::new(job(5)),
            listed(6, 0, 10),
        ],
        ListingEnd::Complete,
        now,
        now,
    );
    assert_eq!(admitted(&mut limiter, now), [4, 3, 6, 1, 5, 2]);
}

/// lifecycle P2, P4
#[test]
fn seeing_a_job_again_updates_its_priority_and_keeps_its_place() {
    let now = Instant::now();
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, now, now);
    limiter.listed([listed(2, 7, 1), listed(1, 0, 0), listed(2, 7, 1)], ListingEnd::Complete, now, now);
    assert_eq!(limiter.queue_length(), 2);
    assert_eq!(admitted(&mut limiter, now), [2]);
}

/// lifecycle P3, C5
#[test]
fn a_full_queue_evicts_the_last_in_order() {
    let now = Instant::now();
    let bound = NonZeroUsize::new(100).expect("100 is not zero");
    let mut limiter = Limiter::new(Limits {
        max_in_flight: None,
        work_queue_limit: bound,
        max_starting: bound,
        look_ahead: bound,
    });
    limiter.open();
    limiter.set_paused(true);
    limiter.listed((0..100).map(|n| listed(n, 0, n as i64)), ListingEnd::Partial, now, now);
    let outcome = limiter.listed((200..250).map(|n| listed(n, 9, n as i64)), ListingEnd::Partial, now, now);
    assert_eq!(outcome.left_out, 0);
    assert_eq!(outcome.evicted, (50..100).rev().map(job).collect::<Vec<_>>());
    let low = limiter.listed((300..400).map(|n| listed(n, -1, 0)), ListingEnd::Partial, now, now);
    assert_eq!(
        (low.added, low.left_out, low.evicted.len()),
        (0, 100, 0),
        "no churn for jobs without a chance"
    );
    limiter.set_paused(false);
    let first: Vec<u128> = admitted(&mut limiter, now).into_iter().take(50).collect();
    assert_eq!(first, (200..250).collect::<Vec<_>>());
}

/// lifecycle P5, P7
#[test]
fn pause_and_drain_stop_admissions_and_not_the_queue() {
    let now = Instant::now();
    let mut limiter = limiter(5);
    limiter.set_paused(true);
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, now, now);
    assert!(admitted(&mut limiter, now).is_empty());
    assert_eq!(limiter.queue_length(), 1);
    limiter.set_paused(false);
    limiter.drain();
    assert!(admitted(&mut limiter, now).is_empty());
}

/// lifecycle P6
#[test]
fn two_complete_listings_without_a_job_remove_it() {
    let now = Instant::now();
    let mut limiter = limiter(5);
    limiter.set_paused(true);
    limiter.listed([listed(1, 0, 0), listed(2, 0, 0)], ListingEnd::Complete, now, now);
    let listing = |limiter: &mut Limiter, end| limiter.listed([listed(2, 0, 0)], end, now, now).vanished;
    assert!(listing(&mut limiter, ListingEnd::Complete).is_empty());
    assert!(listing(&mut limiter, ListingEnd::Partial).is_empty(), "a partial listing proves nothing");
    assert_eq!(listing(&mut limiter, ListingEnd::Complete), [job(1)]);
    assert_eq!(limiter.queue_length(), 1);
}

/// lifecycle P8, V5, C2
#[test]
fn a_failed_attempt_returns_its_slot_and_waits_with_its_reservation() {
    let now = Instant::now();
    let later = now + Duration::from_secs(1);
    let held = Reservation { since: now, until: now + Duration::from_secs(900) };
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, now, now);
    let mut admission = limiter.admit(now).remove(0);
    admission.attempts.failed += 1;
    limiter.requeue(admission, Some(held), later);
    assert_eq!(limiter.free(), Some(1), "the slot came back");
    assert_eq!(limiter.next_wake(), Some(later));
    assert_eq!(limiter.reserved_candidates().collect::<Vec<_>>(), [(job(1), held)]);
    for _ in 0..2 {
        assert!(
            limiter.listed([listed(2, 0, 1)], ListingEnd::Complete, now, now).vanished.is_empty(),
            "reserved jobs are hidden"
        );
    }
    assert_eq!(admitted(&mut limiter, now), [2]);
    limiter.release(job(2));
    let again = limiter.admit(later).remove(0);
    assert_eq!((again.job, again.attempts.failed, again.reservation), (job(1), 1, Some(held)));
}

/// lifecycle P6, V5
#[test]
fn a_listing_older_than_the_reservation_does_not_cost_it() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut limiter = limiter(1);
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, start, start);
    let admission = limiter.admit(start).remove(0);
    limiter.hold(job(9));
    limiter.requeue(admission, Some(Reservation { since: later(2), until: later(900) }), later(3));
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, later(1), later(4));
    for seconds in [5, 6, 7] {
        let outcome = limiter.listed([], ListingEnd::Complete, later(seconds), later(seconds));
        assert!(outcome.vanished.is_empty(), "the job is hidden because we hold it");
    }
    limiter.listed([listed(1, 0, 0)], ListingEnd::Complete, later(8), later(8));
    assert_eq!(limiter.reserved_candidates().count(), 0, "listed after the reservation: it lapsed");
}

/// lifecycle P5
#[test]
fn what_was_reserved_before_a_pause_is_admitted_during_it() {
    let now = Instant::now();
    let mut limiter = limiter(3);
    limiter.listed([listed(1, 0, 0), listed(2, 9, 0)], ListingEnd::Complete, now, now);
    let mut admissions = limiter.admit(now);
    let (first, second) = (admissions.remove(0), admissions.remove(0));
    limiter.requeue(first, None, now);
    limiter.requeue(second, Some(Reservation { since: now, until: now + Duration::from_secs(900) }), now);
    limiter.set_paused(true);
    assert_eq!(admitted(&mut limiter, now), [1]);
}

/// One step of a random script.
#[derive(Debug, Clone)]
enum Step {
    Listed(Vec<(u8, i8)>, bool),
    Hold(u8),
    Release(u8),
    Fail(u8),
    Advance(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (prop::collection::vec((0..40_u8, any::<i8>()), 0..12), any::<bool>())
            .prop_map(|(jobs, end)| Step::Listed(jobs, end)),
        (0..40_u8).prop_map(Step::Hold),
        (0..40_u8).prop_map(Step::Release),
        (0..8_u8).prop_map(Step::Fail),
        (0..5_u8).prop_map(Step::Advance),
    ]
}

proptest! {
    /// lifecycle L1, L2, L6, L8, L15
    #[test]
    fn admissions_never_pass_the_limit_and_never_stall(steps in prop::collection::vec(step(), 1..120), limit in 1..6_usize) {
        let mut now = Instant::now();
        let mut limiter = limiter(limit);
        let mut running: Vec<Admission> = Vec::new();
        let mut held: BTreeSet<Uuid> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Listed(jobs, complete) => {
                    let end = if complete { ListingEnd::Complete } else { ListingEnd::Partial };
                    let jobs = jobs.iter().map(|(n, priority)| listed(u128::from(*n), i64::from(*priority), 0));
                    limiter.listed(jobs, end, now, now);
                }
                Step::Hold(n) => {
                    limiter.hold(job(u128::from(n)));
                    held.insert(job(u128::from(n)));
                }
                Step::Release(n) => {
                    let id = job(u128::from(n));
                    limiter.release(id);
                    held.remove(&id);
                    running.retain(|admission| admission.job != id);
                }
                Step::Fail(n) if !running.is_empty() => {
                    let mut admission = running.remove(usize::from(n) % running.len());
                    held.remove(&admission.job);
                    admission.attempts.failed += 1;
                    limiter.requeue(admission, None, now + Duration::from_secs(1));
                }
                Step::Fail(_) => {}
                Step::Advance(seconds) => now += Duration::from_secs(u64::from(seconds)),
            }
            let before = limiter.in_flight().len();
            let admissions = limiter.admit(now);
            prop_assert!(admissions.is_empty() || before + admissions.len() <= limit);
            for admission in admissions {
                limiter.started(admission.job);
                prop_assert!(held.insert(admission.job), "{} was admitted twice", admission.job);
                running.push(admission);
            }
            prop_assert_eq!(limiter.in_flight(), &held);
            let ready = limiter.queue_length() > 0 && limiter.next_wake().is_none();
            prop_assert!(!(ready && limiter.free() > Some(0)), "a free slot and a ready candidate, and nothing started");
        }
    }
}
