//! The way of a job from its slot to its Job, and what an attempt that fails leads to.

use super::*;

/// lifecycle L4, L16, D7
#[test]
fn existing_jobs_are_charged_before_anything_is_admitted() {
    let mut script = Script::new(2);
    assert_eq!(script.list([10, 11]), []);
    let effects = script.relist([facts(1, None), facts(2, failed())]);
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])], "Pods are not listed yet");
    let _ = script.event(Event::Pod(Watched::ListStarted));
    assert_eq!(script.event(Event::Pod(Watched::ListDone)), [reserve([10])]);
    assert_eq!(script.in_flight(), [1, 10]);
}

/// lifecycle V2, L2, D1
#[test]
fn a_job_goes_from_slot_to_reservation_to_creation_to_its_end() {
    let mut script = Script::open(1, []);
    assert_eq!(script.list([1, 2]), [reserve([1])], "one slot, one reservation");
    let until = script.now + LIFETIME;
    assert_eq!(script.reserved(&[1], &[1]), [start(1, until)]);
    assert_eq!(script.started(1, exists(1)), []);
    assert_eq!(script.in_flight(), [1], "the watch has not shown it, the slot is taken all the same");
    let effects = script.event(Event::Job(Watched::Applied(facts(1, None))));
    assert_eq!(effects, [], "that it is reserved is known");
    let _ = script.state(1, "running");
    let _ = script.advance(1.0);
    let effects = script.event(Event::Job(Watched::Applied(facts(1, Some(JobEnd::Complete)))));
    assert_eq!(effects, [reserve([2])], "the slot is free");
    let _ = script.list([1]);
    assert!(!script.core.limiter.is_candidate(id(1)), "present until its Job is gone (D1)");
    let _ = script.event(Event::Job(Watched::Deleted(facts(1, Some(JobEnd::Complete)))));
    assert!(!script.core.entries.contains_key(&id(1)));
}

/// lifecycle V4
#[test]
fn a_job_that_somebody_else_took_frees_its_slot() {
    let mut script = Script::open(1, []);
    let _ = script.list([1, 2]);
    assert_eq!(script.reserved(&[1], &[]), []);
    assert_eq!(script.advance(0.2), [reserve([2])], "the next reserve call waits for its turn");
    assert_eq!(script.in_flight(), [2]);
}

/// lifecycle L9, F8
#[test]
fn a_refused_job_frees_its_slot_and_gets_one_verdict_that_is_sent_until_it_arrives() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let verdict = Verdict::invalid_job("E-39: no command");
    let finish = Effect::Finish { job: id(1), verdict: verdict.clone(), job_uid: None, job_lives: false };
    assert_eq!(script.started(1, StartOutcome::Refused { verdict }), [finish]);
    assert!(script.in_flight().is_empty());
    let _ = script.advance(1.0);
    let retry_at = script.now + Duration::from_secs(2);
    assert_eq!(script.event(Event::FinishFailed { job: id(1), retry_at }), []);
    assert_eq!(script.advance(2.0), [Effect::ReadStates(vec![id(1)])], "is it still ours to end?");
    assert!(!script.core.limiter.is_candidate(id(1)), "present while the verdict is under way");
    assert!(matches!(script.state(1, "reserved")[..], [Effect::Finish { .. }]));
    assert_eq!(script.told(1), []);
    assert!(!script.core.entries.contains_key(&id(1)));
}

/// lifecycle F8, F3
#[test]
fn a_verdict_that_could_not_be_delivered_is_dropped_when_the_job_is_not_ours_any_more() {
    for word in ["running", "canceled", "a word from the future"] {
        let mut script = Script::open(1, []);
        let _ = script.list([1]);
        let _ = script.reserved(&[1], &[1]);
        let verdict = Verdict::invalid_job("E-39: no command");
        let _ = script.started(1, StartOutcome::Refused { verdict });
        let retry_at = script.now + Duration::from_secs(2);
        let _ = script.event(Event::FinishFailed { job: id(1), retry_at });
        assert_eq!(script.state(1, word), [], "{word}");
        assert!(!script.core.entries.contains_key(&id(1)), "{word}");
    }
}

/// lifecycle 1.1, 5.1: nor is it repeated about a job that somebody else has reserved meanwhile
#[test]
fn a_verdict_is_repeated_only_about_a_job_that_is_ours() {
    for granted in [true, false] {
        let mut script = Script::open(1, []);
        let _ = script.list([1]);
        let _ = script.reserved(&[1], &[1]);
        let _ =
            script.started(1, StartOutcome::Refused { verdict: Verdict::invalid_job("E-39: no command") });
        let _ = script.advance(1.0);
        let retry_at = script.now + Duration::from_secs(5);
        let _ = script.event(Event::FinishFailed { job: id(1), retry_at });
        script.now += LIFETIME;
        let effects = script.state(1, "reserved");
        assert!(effects.contains(&reserve([1])), "whose it is the answer tells: {effects:?}");
        let ours: &[u128] = if granted { &[1] } else { &[] };
        let effects = script.reserved(&[1], ours);
        let told = effects.iter().any(|effect| matches!(effect, Effect::Finish { .. }));
        assert_eq!(told, granted, "{effects:?}");
        assert_eq!(script.core.entries.is_empty(), !granted);
    }
}

/// lifecycle V5
#[test]
fn a_reservation_is_kept_while_a_verdict_or_a_create_takes_its_time() {
    let mut script = Script::open(2, []);
    let _ = script.list([1, 2]);
    let _ = script.reserved(&[1, 2], &[1, 2]);
    let verdict = Verdict::invalid_job("E-39: no command");
    let _ = script.started(1, StartOutcome::Refused { verdict });
    assert!(!script.advance(599.0).iter().any(|effect| matches!(effect, Effect::Reserve(_))));
    assert!(script.advance(2.0).contains(&reserve([1, 2])));
}

/// lifecycle V6
#[test]
fn a_reservation_that_is_too_short_to_create_with_is_made_again_and_not_counted() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    for _ in 0..20 {
        let _ = script.reserved(&[1], &[1]);
        let _ = script.started(1, StartOutcome::ReservationTooShort);
        assert_eq!(script.advance(1.0), [reserve([1])]);
        assert_eq!(script.in_flight(), [1]);
    }
}

/// lifecycle D4, P8
#[test]
fn a_fault_that_is_not_the_jobs_is_never_counted() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    for _ in 0..30 {
        let until = script.now + LIFETIME;
        let wait = Duration::from_secs(30);
        let postponed = StartOutcome::Postponed { error: "forbidden".into(), wait, keep_reservation: true };
        assert_eq!(script.started(1, postponed), []);
        assert!(script.in_flight().is_empty());
        let effects = script.advance(30.0);
        if effects.contains(&reserve([1])) {
            let _ = script.reserved(&[1], &[1]);
        }
        assert!(script.in_flight() == [1], "{effects:?} until {until:?}");
    }
    let clash = StartOutcome::Postponed {
        error: "another controller's".into(),
        wait: Duration::from_secs(600),
        keep_reservation: false,
    };
    let _ = script.started(1, clash);
    assert_eq!(script.core.limiter.reserved_candidates().count(), 0, "left to others meanwhile");
}

/// lifecycle P5
#[test]
fn a_pause_takes_back_what_is_not_reserved_yet() {
    let mut script = Script::open(3, []);
    let _ = script.list([1]);
    let _ = script.list([1, 2]);
    assert_eq!(script.in_flight(), [1, 2]);
    let listing = Listing {
        asked_at: script.now,
        jobs: vec![ListedJob::new(id(2))],
        end: ListingEnd::Complete,
        paused: true,
    };
    assert_eq!(script.event(Event::Listed(listing)), []);
    assert_eq!(script.in_flight(), [1], "on the wire already; 2 waits for the end of the pause");
    let until = script.now + LIFETIME;
    assert_eq!(script.reserved(&[1], &[1]), [start(1, until)], "dispatched before the pause");
}

/// lifecycle P8, C2
#[test]
fn a_failed_attempt_comes_back_with_its_reservation_and_ends_in_a_verdict() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let until = script.now + LIFETIME;
    let _ = script.reserved(&[1], &[1]);
    for attempt in 1..10 {
        let effects = script.started(1, StartOutcome::Retry { error: "quota".into() });
        assert_eq!(effects, [], "attempt {attempt}");
        assert!(script.in_flight().is_empty(), "the slot came back");
        assert_eq!(script.advance(61.0), [start(1, until)], "no second reservation is needed");
    }
    let effects = script.started(1, StartOutcome::Retry { error: "quota".into() });
    assert!(matches!(&effects[..], [Effect::Finish { verdict, .. }] if verdict.code == "start-failed"));
}
