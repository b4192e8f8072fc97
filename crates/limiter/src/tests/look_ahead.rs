//! How many jobs are reserved while attempts to start them fail (V1), against a Buildkite that counts.

use super::*;

pub(super) const LIFETIME: Duration = Duration::from_secs(900);

/// A limiter, and what Buildkite holds reserved for it.
pub(super) struct Site {
    pub(super) limiter: Limiter,
    now: Instant,
    pub(super) waiting: BTreeSet<u128>,
    pub(super) reserved: BTreeMap<u128, Instant>,
    /// Jobs that came to a Job, in that order.
    pub(super) created: Vec<u128>,
    most_reserved: usize,
}

/// What becomes of an attempt.
#[derive(Clone, Copy)]
pub(super) enum Attempt {
    Succeeds,
    /// Counted; after ten of them the job gets a verdict (P8).
    Fails,
    /// Not the job's fault as far as we know, and never counted.
    IsPostponed,
}

pub(super) fn limits(slots: usize, creators: usize) -> Limits {
    let creators = NonZeroUsize::new(creators).unwrap();
    Limits {
        max_in_flight: NonZeroUsize::new(slots),
        max_starting: creators.saturating_mul(NonZeroUsize::new(2).unwrap()),
        look_ahead: creators,
        ..Limits::default()
    }
}

impl Site {
    pub(super) fn new(limits: Limits, jobs: std::ops::Range<u128>) -> Self {
        let now = Instant::now();
        let mut limiter = Limiter::new(limits);
        limiter.open();
        Self {
            limiter,
            now,
            waiting: jobs.collect(),
            reserved: BTreeMap::new(),
            created: Vec::new(),
            most_reserved: 0,
        }
    }

    /// One second: reservations lapse or are renewed, the rest is listed, and what is admitted ends as `attempt` says.
    pub(super) fn second(&mut self, attempt: impl Fn(u128) -> Attempt) {
        self.now += Duration::from_secs(1);
        let now = self.now;
        self.reserved.retain(|_, until| *until > now);
        let listed: Vec<ListedJob> = self
            .waiting
            .iter()
            .filter(|n| !self.reserved.contains_key(n))
            .map(|n| listed(*n, 0, *n as i64))
            .collect();
        self.limiter.listed(listed, ListingEnd::Complete, now, now);
        let due: Vec<Uuid> = self
            .limiter
            .renewable_candidates(now)
            .filter(|(_, held)| held.until - LIFETIME / 3 <= now)
            .map(|(job, _)| job)
            .collect();
        for job in due {
            self.reserved.insert(job.as_u128(), now + LIFETIME);
            self.limiter.set_reservation(job, Some(Reservation { since: now, until: now + LIFETIME }));
        }
        for admission in self.limiter.admit(now) {
            self.start(admission, &attempt);
        }
    }

    fn start(&mut self, mut admission: Admission, attempt: &impl Fn(u128) -> Attempt) {
        let (n, now) = (admission.job.as_u128(), self.now);
        let held = admission.reservation.filter(|held| held.until > now);
        let held = held.unwrap_or(Reservation { since: now, until: now + LIFETIME });
        self.reserved.insert(n, held.until);
        self.most_reserved = self.most_reserved.max(self.reserved.len());
        match attempt(n) {
            Attempt::Succeeds => {
                self.created.push(n);
                self.end(n);
                self.limiter.release(admission.job);
                self.limiter.create_accepted(now);
            }
            Attempt::Fails if admission.attempts.failed == 9 => {
                self.end(n);
                self.limiter.release(admission.job);
            }
            Attempt::Fails => {
                admission.attempts.failed += 1;
                let pause =
                    Duration::from_secs(1 << (admission.attempts.failed - 1)).min(Duration::from_secs(60));
                self.limiter.requeue(admission, Some(held), now + pause);
            }
            Attempt::IsPostponed => {
                self.limiter.requeue(admission, Some(held), now + Duration::from_secs(30));
            }
        }
    }

    fn end(&mut self, n: u128) {
        self.waiting.remove(&n);
        self.reserved.remove(&n);
    }

    pub(super) fn seconds(&mut self, count: u32, attempt: impl Fn(u128) -> Attempt) -> &mut Self {
        for _ in 0..count {
            self.second(&attempt);
        }
        self
    }
}

/// lifecycle V1: whatever fails, and however long
#[test]
fn no_more_is_reserved_than_free_slots_and_look_ahead() {
    for (slots, creators, most) in [(2, 2, 4), (1, 1, 2), (25, 25, 50), (25, 1, 3), (3, 25, 28), (0, 3, 9)] {
        for attempt in [Attempt::Fails, Attempt::IsPostponed] {
            let mut site = Site::new(limits(slots, creators), 0..100);
            site.seconds(1900, |_| attempt);
            assert_eq!(site.most_reserved, most, "{slots} slots, {creators} creators");
        }
    }
}

/// lifecycle V1, L15: an outage of what creates is over
#[test]
fn what_waited_for_an_outage_to_end_goes_on_at_once_and_in_order() {
    let mut site = Site::new(limits(2, 2), 0..50);
    site.seconds(40, |_| Attempt::Fails);
    assert!(site.created.is_empty());
    // The longest pause that forty seconds of failures can have led to.
    site.seconds(32 + 25, |_| Attempt::Succeeds);
    assert_eq!(site.created.len(), 50, "{:?}", site.created);
    site.created.retain(|n| *n >= 4);
    assert_eq!(site.created, (4..50).collect::<Vec<_>>(), "the others follow in their order");
}

/// lifecycle V1, P8: each create of the jobs in front is refused for quota
#[test]
fn jobs_behind_broken_ones_start() {
    for (slots, creators, broken, within) in
        [(25, 25, 40, 4), (25, 25, 60, 250), (1, 1, 2, 250), (1, 1, 7, 1200)]
    {
        let mut site = Site::new(limits(slots, creators), 0..broken + 20);
        let attempt = |n| if n < broken { Attempt::Fails } else { Attempt::Succeeds };
        site.seconds(within, attempt);
        assert!(!site.created.is_empty(), "{broken} broken jobs before {slots} slots, after {within} s");
        site.seconds(3600, attempt);
        assert_eq!(site.created.len(), 20);
        assert!(site.waiting.is_empty(), "the others got their verdict");
    }
}

/// lifecycle V1, L15: nothing is ever said about the jobs in front, and they never start
#[test]
fn jobs_behind_those_that_fail_for_ever_start_when_reservations_have_lapsed() {
    for (slots, creators, broken) in [(1, 1, 2), (2, 2, 9), (25, 25, 60)] {
        let mut site = Site::new(limits(slots, creators), 0..broken + 100);
        let attempt = |n| if n < broken { Attempt::IsPostponed } else { Attempt::Succeeds };
        site.seconds(899, attempt);
        site.seconds(4000, attempt);
        assert_eq!(site.created.len(), 100, "{broken} broken jobs before {slots} slots");
        assert!(site.most_reserved <= slots + creators);
        // The fault is mended after all.
        site.seconds(1200, |_| Attempt::Succeeds);
        assert!(site.waiting.is_empty(), "{:?}", site.waiting);
    }
}

/// lifecycle V1: a reservation that nobody may use counts until it lapses or its job is listed again
#[test]
fn what_is_left_to_lapse_counts() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let held = |since| Reservation { since: later(since), until: later(since) + LIFETIME };
    let full = |limiter: &mut Limiter| {
        limiter.listed((1..=9).map(|n| listed(n, 0, 0)), ListingEnd::Complete, start, start);
        limiter.leave(job(21), held(10));
        limiter.leave(job(22), held(20));
    };
    let mut site = Limiter::new(limits(1, 1));
    site.open();
    full(&mut site);
    assert!(admitted(&mut site, later(30)).is_empty());
    assert_eq!(admitted(&mut site, later(910)), [1], "the first has lapsed");

    let mut site = Limiter::new(limits(1, 1));
    site.open();
    full(&mut site);
    site.listed([listed(21, 9, 0)], ListingEnd::Partial, later(40), later(40));
    assert_eq!(admitted(&mut site, later(41)), [21], "listed again: it has lapsed");

    let mut site = Limiter::new(limits(1, 1));
    site.open();
    full(&mut site);
    site.listed([listed(21, 0, 0)], ListingEnd::Partial, later(9), later(30));
    assert_eq!(
        admitted(&mut site, later(31)),
        [21],
        "that question is older: asking again reserves nothing more"
    );
    assert!(admitted(&mut site, later(31)).is_empty());
}

/// lifecycle P3, V1
#[test]
fn a_job_that_is_evicted_while_reserved_counts_until_its_reservation_lapses() {
    let now = Instant::now();
    let bound = NonZeroUsize::new(2).unwrap();
    let mut limiter = Limiter::new(Limits { work_queue_limit: bound, ..limits(1, 1) });
    limiter.open();
    limiter.listed([listed(1, 0, 0)], ListingEnd::Partial, now, now);
    let admission = limiter.admit(now).remove(0);
    limiter.requeue(admission, Some(Reservation { since: now, until: now + LIFETIME }), now);
    limiter.wake(now);
    limiter.leave(job(9), Reservation { since: now, until: now + LIFETIME });
    let outcome = limiter.listed([listed(2, 5, 0), listed(3, 5, 0)], ListingEnd::Partial, now, now);
    assert_eq!(outcome.evicted, [job(1)]);
    assert!(admitted(&mut limiter, now).is_empty());
    assert_eq!(admitted(&mut limiter, now + LIFETIME), [2]);
}

/// lifecycle V1, P1: a Buildkite that is away cannot be asked to renew
#[test]
fn a_reservation_that_lapsed_by_itself_costs_nobody_his_place() {
    let now = Instant::now();
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, now, now);
    let admission = limiter.admit(now).remove(0);
    let until = now + Duration::from_secs(60);
    limiter.requeue(admission, Some(Reservation { since: now, until }), until);
    assert_eq!(admitted(&mut limiter, until), [1]);
}

/// lifecycle V1, P1: a job that could have started long ago, had there been a slot
#[test]
fn a_job_that_waited_for_a_slot_until_its_reservation_lapsed_keeps_its_place() {
    let now = Instant::now();
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, now, now);
    let admission = limiter.admit(now).remove(0);
    limiter.hold(job(9));
    let until = now + LIFETIME;
    limiter.requeue(admission, Some(Reservation { since: now, until }), now + Duration::from_secs(1));
    assert!(limiter.admit(now + Duration::from_secs(1)).is_empty());
    assert_eq!(limiter.renewable_candidates(now + KEPT_FOR).count(), 0, "others may have it meanwhile");
    assert!(limiter.admit(until).is_empty());
    limiter.listed([listed(1, 0, 0), listed(2, 0, 1)], ListingEnd::Complete, until, until);
    limiter.release(job(9));
    assert_eq!(admitted(&mut limiter, until), [1]);
}

/// lifecycle V1, V5: Buildkite is away until reservations have lapsed, and a renewal that was asked for may still come
#[test]
fn a_reservation_that_lapsed_unasked_counts_until_its_job_is_listed() {
    let start = Instant::now();
    let later = |seconds| start + Duration::from_secs(seconds);
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    limiter.listed((1..=9).map(|n| listed(n, 0, n as i64)), ListingEnd::Complete, start, start);
    for _ in 1..=2 {
        let admission = limiter.admit(start).remove(0);
        let held = Reservation { since: start, until: later(60) };
        limiter.requeue(admission, Some(held), later(100));
    }
    assert!(admitted(&mut limiter, later(61)).is_empty());
    limiter.listed([listed(1, 0, 1), listed(2, 0, 2)], ListingEnd::Partial, later(70), later(70));
    assert_eq!(admitted(&mut limiter, later(71)), [3]);
}

proptest! {
    /// lifecycle V1, L1
    #[test]
    fn the_bound_holds_in_whatever_order_jobs_fail_and_go_on(
        steps in prop::collection::vec((0..4_u8, any::<u8>()), 1..40),
        slots in 1..6_usize,
        creators in 1..4_usize,
    ) {
        let mut site = Site::new(limits(slots, creators), 0..60);
        let bound = slots.min(2 * creators) + creators;
        for (kind, which) in steps {
            let attempt = match kind {
                0 => Attempt::Succeeds,
                1 => Attempt::IsPostponed,
                _ => Attempt::Fails,
            };
            site.seconds(1 + u32::from(which) % 40, |n| {
                if (n as u8) & 3 == which & 3 { Attempt::Succeeds } else { attempt }
            });
            prop_assert!(site.most_reserved <= bound, "{} of {bound}", site.most_reserved);
            prop_assert!(site.limiter.in_flight().is_empty());
        }
    }
}
