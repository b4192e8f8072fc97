//! Tables of one candidate, and every schedule of several.

use jiff::Timestamp;
use k8s_runtime::LeaseClaim;
use serde_json::{Value, json};

use super::*;

mod schedules;

const TIMING: Timing = Timing { duration: Duration::from_secs(15), renew_within: Duration::from_secs(10) };

/// A Lease as an API server shows it. `renewed` is the holder's wall clock.
fn lease(version: u32, holder: &str, renewed: &str) -> LeaseView {
    let object = json!({
        "metadata": { "name": "agent-stack-k8s", "resourceVersion": version.to_string() },
        "spec": { "holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed },
    });
    LeaseView::from_object(object).unwrap()
}

fn at(start: Instant, seconds: f64) -> Instant {
    start + Duration::from_secs_f64(seconds)
}

fn candidate() -> Election {
    Election::new("us".to_owned(), TIMING)
}

/// lifecycle D10: a Lease that nobody holds, or that we hold without knowing, is written at once.
#[test]
fn a_free_lease_is_taken_at_once() {
    let start = Instant::now();
    for (found, want) in [
        (None, Step::Create),
        (Some(lease(3, "", "")), Step::Replace(lease(3, "", ""))),
        // A write of ours whose answer was lost.
        (Some(lease(3, "us", "")), Step::Replace(lease(3, "us", ""))),
    ] {
        let mut us = candidate();
        assert_eq!(us.next(start), Step::Read, "nothing is written unread");
        us.observed(found, at(start, 1.0));
        assert_eq!(us.next(at(start, 1.0)), want);
        assert!(!us.leads(at(start, 1.0)), "a read makes no leader");
        us.written(lease(4, "us", ""), at(start, 1.0), at(start, 1.5));
        assert!(us.leads(at(start, 10.99)));
        assert!(!us.leads(at(start, 11.0)), "counted from the sending, not from the answer");
        assert_eq!(us.waits_until(), None);
    }
}

/// lifecycle D10: the wall clock of the holder proves nothing, be it behind, ahead or mad.
#[test]
fn the_lease_of_another_is_taken_when_we_saw_it_unchanged_for_its_duration() {
    let start = Instant::now();
    for clock in
        ["1970-01-01T00:00:00.000000Z", "2026-09-02T08:00:00.000000Z", "9999-12-31T00:00:00.000000Z", "?"]
    {
        let mut us = candidate();
        us.observed(Some(lease(1, "other", clock)), at(start, 5.0));
        assert_eq!(us.waits_until(), Some(at(start, 20.0)));
        assert_eq!(us.next(at(start, 19.9)), Step::Read, "{clock}");
        us.observed(Some(lease(1, "other", clock)), at(start, 19.9));
        assert_eq!(us.next(at(start, 19.9)), Step::Read, "{clock}");
        assert_eq!(us.next(at(start, 20.0)), Step::Replace(lease(1, "other", clock)), "{clock}");
        // It was renewed after all.
        us.conflicted();
        assert_eq!(us.next(at(start, 20.1)), Step::Read);
        us.observed(Some(lease(2, "other", clock)), at(start, 20.1));
        assert_eq!(us.next(at(start, 35.0)), Step::Read, "{clock}: any change starts the wait anew");
        assert_eq!(us.next(at(start, 35.2)), Step::Replace(lease(2, "other", clock)));
    }
}

/// lifecycle D10: the wait is the one that the holder announced, and ours if it announced none.
#[test]
fn the_holder_says_how_long_to_keep_away() {
    let start = Instant::now();
    for (written, seconds) in [(json!(60), 60.0), (json!(5), 5.0), (json!(0), 15.0), (Value::Null, 15.0)] {
        let mut us = candidate();
        let object = json!({
            "metadata": { "resourceVersion": "1" },
            "spec": { "holderIdentity": "other", "leaseDurationSeconds": written },
        });
        us.observed(LeaseView::from_object(object), start);
        assert_eq!(us.waits_until(), Some(at(start, seconds)), "{written}");
    }
}

fn leader(start: Instant) -> Election {
    let mut us = candidate();
    us.observed(None, start);
    us.written(lease(1, "us", "a"), start, start);
    assert!(us.leads(start));
    us
}

/// lifecycle D10: a leader whose Lease is not its own any more stops at once.
#[test]
fn a_lease_that_was_stolen_or_removed_is_lost_at_once() {
    let start = Instant::now();
    let now = at(start, 2.0);
    for found in [Some(lease(2, "thief", "")), Some(lease(2, "", "")), None] {
        let mut us = leader(start);
        us.conflicted();
        assert!(us.leads(now), "a conflict alone is no proof");
        assert_eq!(us.next(now), Step::Read);
        us.observed(found.clone(), now);
        assert!(!us.leads(now), "{found:?}");
    }
}

/// lifecycle D10: answers that are lost or late neither make nor break a leader.
#[test]
fn lost_answers_of_renewals() {
    let start = Instant::now();
    let mut us = leader(start);
    // The renewal at 2 s arrived, its answer did not: the same write again conflicts.
    assert_eq!(us.next(at(start, 2.0)), Step::Replace(lease(1, "us", "a")));
    us.conflicted();
    us.observed(Some(lease(2, "us", "b")), at(start, 4.0));
    assert_eq!(us.leads_until(), Some(at(start, 10.0)), "what was not confirmed does not count");
    assert_eq!(us.next(at(start, 4.0)), Step::Replace(lease(2, "us", "b")));
    us.written(lease(3, "us", "c"), at(start, 4.0), at(start, 4.2));
    assert_eq!(us.leads_until(), Some(at(start, 14.0)));
    // An answer to what was sent at 12 s comes when its time is over.
    us.written(lease(4, "us", "d"), at(start, 12.0), at(start, 22.0));
    assert!(!us.leads(at(start, 22.0)));
    assert_eq!(us.next(at(start, 22.0)), Step::Replace(lease(4, "us", "d")), "it is still ours to renew");
}

/// lifecycle D10
#[test]
fn whoever_steps_down_leads_no_more() {
    let start = Instant::now();
    let mut us = leader(start);
    us.step_down();
    assert!(!us.leads(start));
    assert_eq!(us.holder(), "us", "so it can be given up");
    us.written(lease(2, "", "b"), start, start);
    assert!(!us.leads(start));
    assert_eq!(us.holder(), "");
}

/// A claim as the driver makes it, by a wall clock that may be anything.
fn claim(holder: Option<&str>, wall: i64) -> LeaseClaim<'_> {
    let now = Timestamp::from_second(wall).unwrap();
    LeaseClaim { holder, duration: TIMING.duration, now }
}
