//! How many jobs are reserved while attempts to start them fail (V1), as Buildkite would count them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::*;

/// A core, and a Buildkite that lists and reserves jobs for it.
struct Site {
    script: Script,
    waiting: BTreeSet<u128>,
    reserved: BTreeMap<u128, Instant>,
    /// In the order of their Jobs.
    created: Vec<u128>,
    most_reserved: usize,
}

impl Site {
    fn new(limits: Limits, jobs: std::ops::Range<u128>) -> Self {
        let mut script = Script::with_limits(limits);
        script.show_lists([]);
        Self {
            script,
            waiting: jobs.collect(),
            reserved: BTreeMap::new(),
            created: Vec::new(),
            most_reserved: 0,
        }
    }

    /// Seconds in which attempts end as `outcome` says.
    fn seconds(&mut self, count: u32, outcome: impl Fn(u128) -> StartOutcome) -> &mut Self {
        for _ in 0..count {
            let mut effects = VecDeque::from(self.script.advance(1.0));
            let now = self.script.now;
            self.reserved.retain(|_, until| *until > now);
            let listed: Vec<u128> =
                self.waiting.iter().filter(|n| !self.reserved.contains_key(n)).copied().collect();
            effects.extend(self.script.list(listed));
            // In order: a verdict is told before another job is reserved.
            while let Some(effect) = effects.pop_front() {
                effects.extend(self.answer(effect, &outcome));
            }
        }
        self
    }

    fn answer(&mut self, effect: Effect, outcome: &impl Fn(u128) -> StartOutcome) -> Vec<Effect> {
        match effect {
            Effect::Reserve(jobs) => {
                let asked: Vec<u128> = jobs.iter().map(Uuid::as_u128).collect();
                self.reserved.extend(asked.iter().map(|n| (*n, self.script.now + LIFETIME)));
                self.most_reserved = self.most_reserved.max(self.reserved.len());
                self.script.reserved(&asked, &asked)
            }
            Effect::Start { job, .. } => {
                let n = job.as_u128();
                let outcome = outcome(n);
                let created = matches!(outcome, StartOutcome::Exists { .. });
                let mut effects = self.script.started(n, outcome);
                if created {
                    self.end(n);
                    self.created.push(n);
                    effects.extend(self.script.event(Event::Job(Watched::Applied(facts(n, None)))));
                    let over = facts(n, Some(JobEnd::Complete));
                    effects.extend(self.script.event(Event::Job(Watched::Applied(over.clone()))));
                    effects.extend(self.script.event(Event::Job(Watched::Deleted(over))));
                }
                effects
            }
            Effect::Finish { job, .. } => {
                self.end(job.as_u128());
                self.script.told(job.as_u128())
            }
            Effect::ReadStates(asked) => {
                let state = |n: u128| if self.waiting.contains(&n) { "reserved" } else { "finished" };
                let states = asked.iter().map(|job| (*job, state(job.as_u128()).to_owned())).collect();
                let asked_at = self.script.now;
                self.script.event(Event::States { asked, asked_at, states })
            }
            other => panic!("{other:?}"),
        }
    }

    fn end(&mut self, n: u128) {
        self.waiting.remove(&n);
        self.reserved.remove(&n);
    }
}

fn limits(slots: usize, creators: usize) -> Limits {
    let creators = NonZeroUsize::new(creators).unwrap();
    Limits {
        max_in_flight: NonZeroUsize::new(slots),
        max_starting: creators.saturating_mul(NonZeroUsize::new(2).unwrap()),
        look_ahead: creators,
        ..Limits::default()
    }
}

fn server_error(_: u128) -> StartOutcome {
    StartOutcome::Retry { error: "create answered 500".into() }
}

fn no_right(_: u128) -> StartOutcome {
    let wait = Duration::from_secs(30);
    StartOutcome::Postponed { error: "forbidden".into(), wait, keep_reservation: true }
}

fn works(n: u128) -> StartOutcome {
    exists(n)
}

/// lifecycle V1, P8: whatever fails, and however long
#[test]
fn failing_creates_reserve_no_more_than_free_slots_and_look_ahead() {
    for (slots, creators, most) in [(2, 2, 4), (1, 1, 2), (25, 25, 50), (0, 3, 9)] {
        for fails in [server_error, no_right] {
            let mut site = Site::new(limits(slots, creators), 0..120);
            site.seconds(2000, fails);
            assert_eq!(site.most_reserved, most, "{slots} slots, {creators} creators");
        }
    }
}

/// lifecycle V1, L15: the API server answers again
#[test]
fn everything_goes_on_once_creates_work_again() {
    for fails in [server_error, no_right] {
        let mut site = Site::new(limits(25, 25), 0..200);
        site.seconds(90, fails);
        let left = site.waiting.len();
        site.seconds(65, works);
        assert!(site.waiting.is_empty(), "{} of {left} jobs wait: {:?}", site.waiting.len(), site.waiting);
    }
}

/// lifecycle V1, P8: quota refuses the jobs in front, and nobody else's
#[test]
fn healthy_jobs_start_behind_broken_ones() {
    for (slots, creators, broken) in [(25, 25, 80), (2, 1, 9)] {
        let mut site = Site::new(limits(slots, creators), 0..broken + 30);
        let outcome = |n| if n < broken { server_error(n) } else { works(n) };
        site.seconds(600, outcome);
        assert!(!site.created.is_empty(), "{broken} broken jobs before {slots} slots");
        site.seconds(3000, outcome);
        assert_eq!(site.created.len(), 30);
        assert!(site.waiting.is_empty(), "the broken ones got their verdict");
    }
}

/// lifecycle V1: and when nothing is ever said about the broken ones
#[test]
fn healthy_jobs_start_behind_some_that_are_never_counted() {
    let mut site = Site::new(limits(1, 1), 0..12);
    let outcome = |n| if n < 5 { no_right(n) } else { works(n) };
    site.seconds(6000, outcome);
    assert_eq!(site.created.len(), 7);
    site.seconds(1200, works);
    assert!(site.waiting.is_empty(), "{:?}", site.waiting);
}

/// lifecycle V1, P1: rights are missing for a quarter of an hour, and somebody grants them
#[test]
fn who_was_reserved_in_vain_starts_first_once_anybody_can() {
    let mut site = Site::new(limits(2, 1), 0..40);
    site.seconds(1000, no_right);
    site.seconds(80, works);
    assert!(site.waiting.is_empty(), "{:?}", site.waiting);
    let place = |n| site.created.iter().position(|created| *created == n).unwrap();
    let latest = (0..3).map(place).max();
    assert!(latest < Some(7), "those that were tried instead, and then these: {:?}", site.created);
}

/// lifecycle V5, 1.8: states are asked for once an hour
#[test]
fn a_waiting_jobs_reservation_is_renewed_in_time_however_rarely_states_are_read() {
    let lifetime = Duration::from_secs(60);
    let mut script = Script::open(1, []);
    script.core.settings.reservation_lifetime = lifetime;
    script.core.settings.state_check_interval = Duration::from_secs(3600);
    let _ = script.advance(10.0);
    let _ = script.list([1]);
    let until = script.now + lifetime;
    let _ = script.event(Event::Reserved { asked: vec![id(1)], reserved: vec![id(1)], until });
    let wait = Duration::from_secs(100);
    let postponed = StartOutcome::Postponed { error: "forbidden".into(), wait, keep_reservation: true };
    assert_eq!(script.started(1, postponed), []);
    let due = script.now + lifetime * 2 / 3;
    let mut asked = Vec::new();
    while script.now < until {
        let next = script.core.next_deadline();
        assert!(next > script.now, "no deadline is left behind");
        script.now = next;
        if script.core.on_timer(next).contains(&reserve([1])) {
            asked.push(next);
        }
    }
    assert_eq!(asked, [due], "once, and at once");
}

/// Two jobs at a limit of one and a look-ahead of one, reserved and left alone for long; their renewal is on the wire.
fn two_renewals() -> (Script, Duration) {
    let lifetime = Duration::from_secs(60);
    let mut script = Script::with_limits(limits(1, 1));
    script.core.settings.reservation_lifetime = lifetime;
    script.show_lists([]);
    let _ = script.advance(1.0);
    for n in 1..=2 {
        assert_eq!(script.list([n]), [reserve([n])]);
        let until = script.now + lifetime;
        let _ = script.event(Event::Reserved { asked: vec![id(n)], reserved: vec![id(n)], until });
        let wait = Duration::from_secs(1000);
        let postponed = StartOutcome::Postponed { error: "forbidden".into(), wait, keep_reservation: true };
        assert_eq!(script.started(n, postponed), []);
        let _ = script.advance(0.2);
    }
    assert_eq!(script.list([3]), [], "as many are reserved as may be");
    assert_eq!(script.advance(45.0), [reserve([1, 2])]);
    (script, lifetime)
}

/// lifecycle V1, V2: the list shows that the reservations lapsed, so what is to be reserved needs a slot
#[test]
fn what_lapsed_while_its_renewal_failed_is_not_renewed() {
    let (mut script, lifetime) = two_renewals();
    let retry_at = script.now + lifetime;
    let _ = script.event(Event::ReserveFailed { asked: vec![id(1), id(2)], retry_at });
    let _ = script.advance(30.0);
    assert_eq!(script.list([1, 2, 3]), [], "a back-off runs");
    assert_eq!(script.advance(30.0), [reserve([3])]);
}

/// lifecycle V1: a list may be older than what a call on the wire reserves
#[test]
fn what_is_being_renewed_counts_whatever_a_list_shows() {
    let (mut script, lifetime) = two_renewals();
    let _ = script.advance(30.0);
    assert_eq!(script.list([1, 2, 3]), []);
    let until = script.now + lifetime;
    let both = vec![id(1), id(2)];
    assert_eq!(script.event(Event::Reserved { asked: both.clone(), reserved: both, until }), []);
    let _ = script.advance(1.0);
    assert_eq!(script.list([3]), [], "as many are reserved as may be");

    let (mut script, _) = two_renewals();
    let _ = script.advance(30.0);
    assert_eq!(script.list([1, 2, 3]), []);
    let retry_at = script.now + Duration::from_secs(30);
    let _ = script.event(Event::ReserveFailed { asked: vec![id(1), id(2)], retry_at });
    let _ = script.advance(1.0);
    assert_eq!(script.list([1, 2, 3]), [], "this list is newer than the call");
    assert_eq!(script.advance(30.0), [reserve([3])]);
}

/// lifecycle V1: a page that was asked for while the reserve call was on the wire shows its jobs as scheduled
#[test]
fn a_list_from_before_the_answer_does_not_say_that_a_reservation_lapsed() {
    let mut script = Script::with_limits(limits(1, 1));
    script.show_lists([]);
    assert_eq!(script.list([1, 2]), [reserve([1])]);
    let sent = script.now;
    let _ = script.advance(9.0);
    let listing = Listing { asked_at: script.now, jobs: vec![], end: ListingEnd::Complete, paused: false };
    let _ = script.advance(6.0);
    let _ =
        script.event(Event::Reserved { asked: vec![id(1)], reserved: vec![id(1)], until: sent + LIFETIME });
    assert_eq!(script.started(1, no_right(1)), [reserve([2])], "beside the first, as look-ahead");
    let _ = script.reserved(&[2], &[2]);
    assert_eq!(script.started(2, no_right(2)), []);
    let jobs = (1..=3).map(|n| ListedJob::new(id(n))).collect();
    assert_eq!(
        script.event(Event::Listed(Listing { jobs, ..listing })),
        [],
        "as many are reserved as may be"
    );
    assert_eq!(script.advance(1.0), []);
    assert_eq!(script.list([1, 3]), [reserve([3])], "this one is newer");
}

/// lifecycle V1, F8: too many verdicts wait to be told
#[test]
fn a_back_off_that_ends_while_nothing_may_start_wakes_nobody_in_vain() {
    let mut script = Script::open(200, []);
    let mut reserving = script.list(0..101);
    for _ in 0..20 {
        let asked: Vec<u128> = reserving
            .into_iter()
            .flat_map(|effect| if let Effect::Reserve(jobs) = effect { jobs } else { vec![] })
            .map(|job| job.as_u128())
            .collect();
        for effect in script.reserved(&asked, &asked) {
            let Effect::Start { job, .. } = effect else { continue };
            let verdict = Verdict::invalid_job("E-39: no command");
            let outcome = if job == id(0) { no_right(0) } else { StartOutcome::Refused { verdict } };
            let _ = script.started(job.as_u128(), outcome);
        }
        reserving = script.advance(1.0);
    }
    assert_eq!(script.core.untold.len(), 100);
    let _ = script.advance(61.0);
    assert!(script.core.limiter.is_candidate(id(0)));
    assert!(script.core.next_deadline() > script.now, "or the loop around the core would never rest");
}

/// lifecycle V1, stacks-api P21: whether the call was carried out nobody knows
#[test]
fn a_pause_after_a_reserve_call_that_was_lost_leaves_what_it_may_have_reserved() {
    let mut script = Script::with_limits(limits(1, 1));
    script.show_lists([]);
    for n in 1..=2 {
        let _ = script.advance(1.0);
        let one = ListedJob { priority: n as i64, ..ListedJob::new(id(n)) };
        let listing = |jobs, paused| Listing { asked_at: script.now, jobs, end: ListingEnd::Partial, paused };
        let (running, paused) = (listing(vec![one], false), listing(vec![], true));
        assert_eq!(script.event(Event::Listed(running)), [reserve([n])]);
        let retry_at = script.now;
        let _ = script.event(Event::ReserveFailed { asked: vec![id(n)], retry_at });
        let _ = script.event(Event::Listed(paused));
    }
    let _ = script.advance(1.0);
    assert_eq!(
        script.list([3]),
        [reserve([2])],
        "asking again for what may be reserved reserves nothing more"
    );
}

/// lifecycle V1, D4 b: jobs whose names are taken stand in nobody's way
#[test]
fn jobs_with_a_taken_name_do_not_stop_the_queue() {
    let clash = |n: u128| StartOutcome::Postponed {
        error: format!("another controller's Job has the name of {n}"),
        wait: Duration::from_secs(30),
        keep_reservation: false,
    };
    let mut site = Site::new(limits(1, 1), 0..30);
    site.seconds(60, |n| if n < 10 { clash(n) } else { works(n) });
    assert_eq!(site.created.len(), 20);
}
