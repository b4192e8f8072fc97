//! How long a slot and a reservation are held, and what ends them.

use super::*;

/// lifecycle L10, L11
#[test]
fn a_created_job_that_never_shows_up_is_read_live_before_its_slot_is_given_away() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, exists(1));
    assert_eq!(script.relist([]), [Effect::Locate(id(1))], "the list may be older than the create");
    assert_eq!(script.in_flight(), [1]);
    assert_eq!(script.event(Event::LocateFailed { job: id(1) }), []);
    assert_eq!(script.in_flight(), [1], "not knowing keeps the slot");
    assert_eq!(script.advance(10.0), [Effect::Locate(id(1))]);
    let _ = script.event(Event::Located { job: id(1), found: None });
    assert!(script.in_flight().is_empty());
}

/// lifecycle L11, D6
#[test]
fn a_deletion_that_the_watch_missed_is_found_by_the_next_list() {
    let mut script = Script::open(1, [facts(1, None)]);
    assert_eq!(script.in_flight(), [1]);
    let _ = script.relist([]);
    assert!(script.in_flight().is_empty());
    assert!(!script.core.entries.contains_key(&id(1)));
}

/// lifecycle L8, D6
#[test]
fn the_deletion_of_an_older_job_of_the_same_name_changes_nothing() {
    let mut script = Script::open(1, [facts(1, None)]);
    let older = JobFacts { uid: "older".into(), ..facts(1, failed()) };
    let _ = script.event(Event::Job(Watched::Deleted(older)));
    assert_eq!(script.in_flight(), [1]);
}

/// lifecycle L12, L6
#[test]
fn a_job_made_by_somebody_else_is_charged() {
    let mut script = Script::open(1, []);
    let _ = script.event(Event::Job(Watched::Applied(facts(7, None))));
    assert_eq!(script.list([1]), []);
    assert_eq!(script.in_flight(), [7]);
}

/// lifecycle D4, C2
#[test]
fn a_name_that_is_taken_by_our_own_job_is_adopted() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let outcome = StartOutcome::Exists { uid: "uid-1".into(), adopted: true };
    let _ = script.started(1, outcome);
    let _ = script.event(Event::Job(Watched::Applied(facts(1, None))));
    assert_eq!(script.in_flight(), [1]);
    let _ = script.event(Event::Job(Watched::Applied(facts(1, Some(JobEnd::Complete)))));
    assert!(script.in_flight().is_empty());
}

/// lifecycle F3
#[test]
fn a_pod_that_failed_before_the_agent_acquired_gets_a_verdict_after_a_fresh_read() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.state(1, "reserved");
    let _ = script.advance(1.0);
    let effects = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])], "the state we have is older than the end");
    assert!(script.in_flight().is_empty());
    let effects = script.state(1, "reserved");
    let [Effect::Finish { verdict, job_uid, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((verdict.code, job_uid.as_deref()), ("pod-failed", Some("uid-1")));
    let mark = Effect::MarkVerdict { name: "buildkite-1".into(), uid: "uid-1".into(), code: "pod-failed" };
    assert_eq!(script.told(1), [mark]);
    assert_eq!(script.state(1, "reserved"), [], "one verdict per job");
}

/// lifecycle F3, F3b
#[test]
fn a_job_whose_agent_acquired_it_gets_none() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.pod(1, PodSeen { agent: AgentSeen::Running, ..pod(1) });
    let _ = script.state(1, "running");
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    for word in ["running", "finished", "a word from the future"] {
        assert_eq!(script.state(1, word), [], "{word}");
    }
}

/// lifecycle V5
#[test]
fn a_slow_pods_reservation_is_renewed_with_a_third_left() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.state(1, "reserved");
    assert!(!script.advance(599.0).contains(&reserve([1])));
    assert!(script.advance(2.0).contains(&reserve([1])));
    let _ = script.reserved(&[1], &[1]);
    let _ = script.state(1, "reserved");
    assert!(!script.advance(300.0).contains(&reserve([1])));
}

/// lifecycle V5, D2
#[test]
fn a_listed_job_that_is_present_lost_its_reservation_and_is_reserved_again_once() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.state(1, "reserved");
    let _ = script.advance(1.0);
    assert_eq!(script.list([1]), [reserve([1])]);
    assert_eq!(script.in_flight(), [1]);
    assert_eq!(script.reserved(&[1], &[1]), []);
    assert_eq!(script.advance(1.0), [], "it is held again");
}

/// lifecycle V5, B2
#[test]
fn a_renewal_that_was_refused_is_not_asked_for_again_at_once() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.state(1, "reserved");
    assert!(script.advance(601.0).contains(&reserve([1])));
    let _ = script.reserved(&[1], &[]);
    for _ in 0..50 {
        let effects = script.state(1, "reserved");
        assert!(!effects.contains(&reserve([1])), "somebody else holds it");
        assert!(!script.advance(5.0).contains(&reserve([1])));
    }
    assert_eq!(script.state(1, "scheduled"), [reserve([1])], "free again");
}

/// lifecycle V3
#[test]
fn a_failed_reserve_call_is_asked_again_and_keeps_the_slots() {
    let mut script = Script::open(2, []);
    assert_eq!(script.list([1, 2, 3]), [reserve([1, 2])]);
    let retry_at = script.now + Duration::from_secs(4);
    let asked = vec![id(1), id(2)];
    assert_eq!(script.event(Event::ReserveFailed { asked, retry_at }), []);
    assert_eq!(script.in_flight(), [1, 2]);
    assert_eq!(script.core.next_deadline(), retry_at);
    assert_eq!(script.advance(4.0), [reserve([1, 2])]);
}

/// lifecycle P7
#[test]
fn a_stop_admits_nothing_more_and_waits_for_what_is_on_the_wire() {
    let mut script = Script::open(2, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.advance(0.2);
    let _ = script.list([2, 3]);
    let _ = script.event(Event::Stop);
    assert_eq!(script.core.unfinished_work().creating, 2);
    assert_eq!(script.reserved(&[2], &[2]), [], "a reservation that arrives now is left to lapse");
    let _ = script.started(1, exists(1));
    assert_eq!(script.core.unfinished_work(), UnfinishedWork::default());
    assert_eq!(script.list([4]), []);
    assert_eq!(script.in_flight(), [1]);
}

/// lifecycle P7, 1.6: what is left reserved without a Job lapses as soon as was logged
#[test]
fn a_stop_renews_no_candidate() {
    // Job 1 waits for another try, job 2 has its Job.
    let waiting = || {
        let mut script = Script::open(2, []);
        let _ = script.list([1, 2]);
        let _ = script.reserved(&[1, 2], &[1, 2]);
        let _ = script.started(2, exists(2));
        let _ = script.started(1, StartOutcome::Retry { error: "no quota".into() });
        let _ = script.advance(0.5);
        script.core.reserve_call.want(id(1));
        script.core.reserve_call.want(id(2));
        script
    };
    let mut script = waiting();
    script.core.reserve_call.failed(vec![], script.now + Duration::from_secs(5));
    let _ = script.event(Event::Stop);
    assert_eq!(script.advance(6.0), [reserve([2])]);

    let mut script = waiting();
    assert_eq!(script.advance(0.1), [reserve([1, 2])]);
    let _ = script.event(Event::Stop);
    let retry_at = script.now + Duration::from_secs(5);
    let _ = script.event(Event::ReserveFailed { asked: vec![id(1), id(2)], retry_at });
    assert_eq!(script.advance(6.0), [reserve([2])]);
}

/// lifecycle P7, V6
#[test]
fn a_stop_reserves_nothing_again() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.event(Event::Stop);
    assert_eq!(script.started(1, StartOutcome::ReservationTooShort), []);
    assert_eq!(script.advance(1.0), []);
    assert_eq!(script.core.unfinished_work(), UnfinishedWork::default());
}

/// lifecycle L19
#[test]
fn the_in_flight_set_is_compared_with_the_ledger_and_repaired() {
    let mut script = Script::open(3, [facts(1, None)]);
    script.core.limiter.hold(id(99));
    script.core.limiter.release(id(1));
    let _ = script.advance(61.0);
    assert_eq!(script.in_flight(), [1]);
    assert!(script.now > script.start);
}
