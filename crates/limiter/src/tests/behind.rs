//! Who was reserved in vain for ten minutes, and what becomes of its place (V1).

use super::{
    look_ahead::{Attempt, LIFETIME, Site, limits},
    *,
};

/// lifecycle V1, P1: rights are missing for everybody, and somebody grants them
#[test]
fn a_fault_of_the_installation_costs_nobody_its_place() {
    for (slots, creators) in [(1, 1), (2, 2), (5, 3)] {
        let mut site = Site::new(limits(slots, creators), 0..40);
        let first = slots as u128 + creators as u128;
        site.seconds(1000, |_| Attempt::IsPostponed);
        let fails = |site: &mut Site| site.limiter.take_put_behind();
        let expected: Vec<_> = (0..first).map(|n| (job(n), WhyBehind::NobodyStarted)).collect();
        let mut behind = fails(&mut site);
        behind.sort_by_key(|(job, _)| *job);
        assert_eq!(behind, expected, "{slots} slots, {creators} creators: others were tried in their place");
        site.seconds(80, |_| Attempt::Succeeds);
        assert_eq!(site.created.len(), 40, "{:?}", site.created);
        // What had been reserved instead of them goes first, as its pause ends.
        let before_the_last = site.created.iter().position(|n| *n == first - 1).unwrap();
        assert!(
            before_the_last as u128 <= 2 * first,
            "{slots} slots, {creators} creators: {:?}",
            site.created
        );
        assert_eq!(fails(&mut site), []);
    }
}

/// lifecycle V1: the same for hours, until everybody has been tried in vain, and more than once
#[test]
fn a_long_fault_of_the_installation_costs_nobody_its_place_either() {
    let mut site = Site::new(limits(2, 2), 0..12);
    site.seconds(3 * 3600, |_| Attempt::IsPostponed);
    let told: Vec<Uuid> = site.limiter.take_put_behind().into_iter().map(|(job, _)| job).collect();
    assert_eq!(told.len(), told.iter().collect::<BTreeSet<_>>().len(), "each is said once");
    let reserved: BTreeSet<u128> = site.reserved.keys().copied().collect();
    site.seconds(80, |_| Attempt::Succeeds);
    assert_eq!(site.created.len(), 12);
    site.created.retain(|n| !reserved.contains(n));
    assert!(site.created.is_sorted(), "all but those that were reserved: {:?}", site.created);
}

/// A candidate that was reserved in vain until `lapsed`, behind one that nobody has tried.
fn in_vain(limiter: &mut Limiter, now: Instant, lapsed: Instant) {
    limiter.listed([listed(1, 7, 0)], ListingEnd::Partial, now, now);
    let admission = limiter.admit(now).remove(0);
    limiter.requeue(admission, Some(Reservation { since: now, until: lapsed }), lapsed);
    limiter.listed([listed(2, 0, 1)], ListingEnd::Partial, now, now);
}

fn next(limiter: &mut Limiter, now: Instant) -> u128 {
    let next = limiter.admit(now).remove(0).job;
    limiter.release(next);
    next.as_u128()
}

/// lifecycle V1: nobody knows yet whether it is the job or the installation
#[test]
fn a_job_yields_to_those_who_have_not_been_tried() {
    let now = Instant::now();
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    let lapsed = now + LIFETIME;
    in_vain(&mut limiter, now, lapsed);
    limiter.listed([listed(1, 7, 0), listed(2, 0, 1), listed(3, 0, 2)], ListingEnd::Complete, lapsed, lapsed);
    let order: Vec<u128> = (0..3).map(|_| next(&mut limiter, lapsed)).collect();
    assert_eq!(order, [2, 1, 3], "behind all that were known, not behind all that come");
    assert_eq!(limiter.take_put_behind(), [(job(1), WhyBehind::NobodyStarted)]);
    assert_eq!(limiter.take_put_behind(), []);
}

/// lifecycle V1, P2: another priority is a word of its owner's
#[test]
fn a_new_priority_brings_a_job_back_to_its_place() {
    let now = Instant::now();
    let lapsed = now + LIFETIME;
    for (noticed, priority, first) in [(true, 7, 2), (true, 8, 1), (false, 7, 2), (false, 8, 1)] {
        let mut limiter = Limiter::new(limits(1, 1));
        limiter.open();
        in_vain(&mut limiter, now, lapsed);
        if noticed {
            limiter.wake(lapsed);
        }
        let jobs = [listed(1, priority, 0), listed(2, 0, 1), listed(3, 0, 2)];
        limiter.listed(jobs, ListingEnd::Complete, lapsed, lapsed);
        assert_eq!(next(&mut limiter, lapsed), first, "priority {priority}, noticed before: {noticed}");
    }
}

/// lifecycle V1: a reserve call took its time, and Buildkite counts from its arrival
#[test]
fn what_was_let_go_counts_until_a_list_shows_that_it_has_lapsed() {
    let start = Instant::now();
    let later = |seconds| start + LIFETIME + Duration::from_secs(seconds);
    let reserved = || {
        let mut limiter = Limiter::new(limits(1, 1));
        limiter.open();
        limiter.listed((1..=9).map(|n| listed(n, 0, n as i64)), ListingEnd::Complete, start, start);
        for _ in 1..=2 {
            let admission = limiter.admit(start).remove(0);
            limiter.requeue(admission, Some(Reservation { since: start, until: later(0) }), later(300));
        }
        limiter
    };
    let mut limiter = reserved();
    assert!(admitted(&mut limiter, later(10)).is_empty());
    limiter.listed([listed(1, 0, 1)], ListingEnd::Partial, later(11), later(11));
    assert_eq!(admitted(&mut limiter, later(12)), [3]);
    let mut limiter = reserved();
    assert!(admitted(&mut limiter, later(119)).is_empty());
    assert_eq!(admitted(&mut limiter, later(120)), [3], "no list shows it: it is somebody else's, or over");
}

/// lifecycle V1: once others have started, it is the job that is at fault
#[test]
fn a_job_that_fails_on_while_others_start_stays_behind() {
    let mut site = Site::new(limits(1, 2), 0..60);
    let broken = |n| if n < 2 { Attempt::IsPostponed } else { Attempt::Succeeds };
    // The queue stays busy, so that there is always somebody to stand behind.
    for n in 0..2000_u128 {
        site.waiting.insert(100 + n);
        site.second(broken);
    }
    let told = site.limiter.take_put_behind();
    let of = |n| told.iter().filter(|(of, _)| *of == job(n)).map(|(_, why)| *why).collect::<Vec<_>>();
    for n in 0..2 {
        assert_eq!(of(n), [WhyBehind::NobodyStarted, WhyBehind::OthersStarted], "{n}");
    }
    assert!(site.created.len() > 1800, "it stood in nobody's way: {}", site.created.len());
}

/// lifecycle V1: the create is accepted while the one that yields is being tried
#[test]
fn a_create_that_is_accepted_during_an_attempt_counts_for_it() {
    let now = Instant::now();
    let lapsed = now + LIFETIME;
    let mut limiter = Limiter::new(limits(2, 2));
    limiter.open();
    in_vain(&mut limiter, now, lapsed);
    let both = limiter.admit(lapsed);
    assert_eq!(both.iter().map(|one| one.job).collect::<Vec<_>>(), [job(2), job(1)]);
    let [_, yields] = both.try_into().unwrap();
    limiter.create_accepted(lapsed);
    limiter.listed([listed(3, 5, 2)], ListingEnd::Partial, lapsed, lapsed);
    limiter.release(job(2));
    limiter.requeue(yields, None, lapsed);
    assert_eq!(next(&mut limiter, lapsed), 1);
}

/// lifecycle P6, V1: what was let go and has lapsed hides nothing any more
#[test]
fn a_job_that_left_the_list_after_its_reservation_lapsed_is_no_candidate() {
    let now = Instant::now();
    let later = |seconds| now + LIFETIME + Duration::from_secs(seconds);
    let mut limiter = Limiter::new(limits(1, 1));
    limiter.open();
    in_vain(&mut limiter, now, later(0));
    limiter.hold(job(9));
    limiter.wake(later(0));
    // Buildkite may count from a later moment than we do.
    for (seconds, vanished) in [(1, vec![]), (2, vec![]), (121, vec![]), (122, vec![job(1)])] {
        let at = later(seconds);
        let outcome = limiter.listed([listed(2, 0, 1)], ListingEnd::Complete, at, at);
        assert_eq!(outcome.vanished, vanished);
    }
}
