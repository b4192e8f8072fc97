//! Jobs that are gone before Buildkite knows how they ended (D6): TTL, or somebody, was faster than a call.

use std::collections::VecDeque;

use job_lifecycle::{LiveSeen, Why};

use super::{
    super::event::{Step, StepOutcome},
    *,
};

fn deleted(n: u128) -> Event {
    Event::Job(Watched::Deleted(facts(n, failed())))
}

/// A Job that failed without its agent and is gone, at a state that is older than its end.
fn gone_before_it_was_told() -> Script {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.advance(1.0);
    let effects = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])]);
    let _ = script.event(deleted(1));
    assert_eq!(script.in_flight(), Vec::<u128>::new(), "it holds no slot");
    script
}

/// lifecycle D6, F3: the call that asks takes longer than the Job lives
#[test]
fn how_a_job_ended_is_told_although_it_is_gone() {
    let mut script = gone_before_it_was_told();
    let retry_at = script.now + Duration::from_secs(30);
    assert_eq!(script.event(Event::StatesFailed { asked: vec![id(1)], retry_at }), []);
    assert_eq!(script.advance(31.0), [Effect::ReadStates(vec![id(1)])]);
    let effects = script.state(1, "reserved");
    let [Effect::Finish { verdict, job_lives: false, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(verdict.code, "pod-failed");
    assert_eq!(script.told(1), [], "there is no Job to mark");
    assert!(script.core.entries.is_empty());
}

/// lifecycle D6, L10: the answer to the create takes longer than the Job lives
#[test]
fn an_end_that_comes_before_the_answer_to_the_create_is_told() {
    let ended_meanwhile = |uid: &str| {
        let mut script = Script::open(1, []);
        let _ = script.list([1]);
        let _ = script.reserved(&[1], &[1]);
        for end in [None, failed()] {
            let _ = script.advance(1.0);
            let _ = script.event(Event::Job(Watched::Applied(JobFacts { uid: uid.into(), ..facts(1, end) })));
        }
        let gone = JobFacts { uid: uid.into(), ..facts(1, failed()) };
        let _ = script.event(Event::Job(Watched::Deleted(gone)));
        assert_eq!(script.in_flight(), [1], "the create is on its way");
        script
    };
    let tells = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Finish { .. }));

    let mut script = ended_meanwhile("uid-1");
    assert_eq!(script.started(1, exists(1)), [Effect::ReadStates(vec![id(1)])]);
    assert_eq!(script.in_flight(), Vec::<u128>::new());
    let effects = script.state(1, "reserved");
    assert!(tells(&effects), "{effects:?}");
    let _ = script.told(1);
    assert!(script.core.entries.is_empty());

    // An older Job, shown again: what was made since says how the attempt goes.
    let mut script = ended_meanwhile("an older one");
    assert_eq!(script.started(1, exists(1)), []);
    assert_eq!(script.advance(10.0), [Effect::Locate(id(1))]);
    let _ = script.event(Event::Located { job: id(1), found: None });
    let effects = script.state(1, "reserved");
    assert!(!tells(&effects) && script.core.entries.is_empty(), "{effects:?}");

    // Nothing is known to be made: another try, in which nobody tells of what was seen.
    for outcome in [StartOutcome::Retry { error: "no quota".into() }, StartOutcome::Stale] {
        let mut script = ended_meanwhile("uid-1");
        let _ = script.started(1, outcome);
        let effects = script.state(1, "reserved");
        assert!(!tells(&effects) && script.core.entries.is_empty(), "{effects:?}");
    }
}

/// lifecycle D6, L10: a create that tells nothing does not begin anew what is told already
#[test]
fn a_verdict_that_is_on_its_way_ends_the_attempt() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let verdict = Verdict::gave_up(1, "it cannot start");
    script.core.finish(id(1), verdict, script.now, &mut Vec::new());
    let _ = script.started(1, StartOutcome::Retry { error: "no answer".into() });
    assert_eq!((script.in_flight(), script.core.limiter.is_candidate(id(1))), (vec![], false));
    let _ = script.told(1);
    assert!(script.core.entries.is_empty());
}

/// lifecycle L10, D6: the watch is slow, and a live read shows the end before it
#[test]
fn an_end_that_a_live_read_shows_is_told() {
    let located = || {
        let mut script = Script::open(1, []);
        let _ = script.list([1]);
        let _ = script.reserved(&[1], &[1]);
        let _ = script.started(1, exists(1));
        let _ = script.event(Event::Job(Watched::ListStarted));
        assert_eq!(script.advance(10.0), [Effect::Locate(id(1))]);
        let effects = script.event(Event::Located { job: id(1), found: Some(facts(1, failed())) });
        assert_eq!(effects, [Effect::ReadStates(vec![id(1)])]);
        assert_eq!(script.in_flight(), Vec::<u128>::new());
        script
    };
    // The list is newer than the end of its object, or it is not.
    for (gone, entries) in [(true, 0), (false, 1)] {
        let mut script = located();
        if !gone {
            let _ = script.event(Event::Job(Watched::Listed(facts(1, failed()))));
        }
        let _ = script.event(Event::Job(Watched::ListDone));
        let effects = script.state(1, "reserved");
        assert!(matches!(&effects[..], [Effect::Finish { .. }]), "{gone}: {effects:?}");
        let _ = script.told(1);
        assert_eq!(script.core.entries.len(), entries, "{gone}");
    }
    // A list that was completed since the question may be newer than the answer.
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, exists(1));
    assert_eq!(script.advance(10.0), [Effect::Locate(id(1))]);
    let _ = script.relist([]);
    let effects = script.event(Event::Located { job: id(1), found: Some(facts(1, failed())) });
    assert_eq!(effects, [Effect::Locate(id(1))]);
    // An answer that this attempt did not ask for says nothing.
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, exists(1));
    for found in [None, Some(JobFacts { uid: "older".into(), ..facts(1, failed()) })] {
        assert_eq!(script.event(Event::Located { job: id(1), found }), []);
        assert_eq!(script.in_flight(), [1]);
    }
    let _ = script.event(Event::Job(Watched::Applied(facts(1, None))));
    assert_eq!(script.in_flight(), [1]);
    assert!(script.core.entries[&id(1)].job.is_some());
    // One that lives is the watch's to show.
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, exists(1));
    assert_eq!(script.advance(10.0), [Effect::Locate(id(1))]);
    let _ = script.event(Event::Located { job: id(1), found: Some(facts(1, None)) });
    assert!(script.core.entries[&id(1)].job.is_none());
}

/// lifecycle D6: nothing is to be told of a job that is somebody else's, or over
#[test]
fn nothing_is_kept_of_what_is_over() {
    for word in ["finished", "canceled", "running", "accepted"] {
        let mut script = gone_before_it_was_told();
        assert_eq!(script.state(1, word), [], "{word}");
        assert!(script.core.entries.is_empty(), "{word}");
    }
}

/// lifecycle D6: a list from before the Job missed it, and the watch shows it after all
#[test]
fn a_job_that_is_there_after_all_is_marked() {
    let mut script = gone_before_it_was_told();
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    let effects = script.state(1, "reserved");
    assert!(matches!(&effects[..], [Effect::Finish { .. }]), "{effects:?}");
    let effects = script.told(1);
    assert!(matches!(&effects[..], [Effect::MarkVerdict { .. }]), "{effects:?}");
}

/// lifecycle D5, D6: its going made room, and counts
#[test]
fn a_job_that_is_scheduled_again_has_another_attempt() {
    let mut script = gone_before_it_was_told();
    assert_eq!(script.state(1, "scheduled"), []);
    assert!(script.core.entries.is_empty());
    assert_eq!(script.core.rooms[&id(1)].made, 1);
    let _ = script.advance(1.0);
    assert_eq!(script.list([1]), [reserve([1])]);
}

/// lifecycle 1.8, D6: `reserved` names no stack, and what is not known to be ours is nobody's to tell of
#[test]
fn what_somebody_else_may_have_reserved_is_forgotten() {
    let mut script = gone_before_it_was_told();
    script.now += LIFETIME;
    assert_eq!(script.state(1, "reserved"), []);
    assert!(script.core.entries.is_empty());

    // After a restart nobody knows whose it is.
    let mut script = Script::open(1, [facts(1, failed())]);
    let _ = script.event(deleted(1));
    assert!(script.core.entries.is_empty());
}

/// lifecycle 1.8, V1, D6: it stays reserved until its end is told, and once that has lapsed it needs a slot
#[test]
fn a_job_that_is_gone_stays_reserved_and_is_not_reserved_anew() {
    let mut script = Script::open(1, []);
    script.run(1);
    let _ = script.state(1, "reserved");
    assert_eq!(script.advance(601.0), [reserve([1]), Effect::ReadStates(vec![id(1)])]);
    let both_fail = |script: &mut Script, seconds| {
        let retry_at = script.now + Duration::from_secs(seconds);
        let _ = script.event(Event::ReserveFailed { asked: vec![id(1)], retry_at });
        let _ = script.event(Event::StatesFailed { asked: vec![id(1)], retry_at });
    };
    both_fail(&mut script, 30);
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    let _ = script.event(deleted(1));
    assert_eq!(script.advance(31.0), [reserve([1]), Effect::ReadStates(vec![id(1)])]);
    both_fail(&mut script, 400);
    assert_eq!(script.advance(300.0), [], "it lapses");
    assert_eq!(script.advance(101.0), [Effect::ReadStates(vec![id(1)])]);
}

/// lifecycle D5, D6: the last of its attempts is told about, whatever else has to be done for that
#[test]
fn the_fourth_end_is_told_although_its_job_is_gone() {
    let mut script = gone_before_it_was_told();
    for _ in 0..3 {
        script.core.count_room(id(1), script.now);
    }
    assert_eq!(script.state(1, "scheduled"), [reserve([1])]);
    let effects = script.reserved(&[1], &[1]);
    assert!(matches!(&effects[..], [Effect::Finish { .. }]), "{effects:?}");
}

/// lifecycle D6, L8: a watch that repeats itself tells of an end that is settled, while another attempt waits
#[test]
fn the_end_of_an_older_attempt_is_not_told_about_the_next() {
    let mut script = gone_before_it_was_told();
    let _ = script.state(1, "scheduled");
    let _ = script.advance(1.0);
    assert_eq!(script.list([1]), [reserve([1])]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, StartOutcome::Retry { error: "no quota".into() });
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    let effects = script.state(1, "reserved");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Finish { .. })), "{effects:?}");
    let _ = script.event(deleted(1));
    assert!(script.core.entries.is_empty());
    assert!(script.core.limiter.is_reserved(id(1)), "its next try is still to come");
    assert_eq!(script.core.rooms[&id(1)].made, 1, "nor does it count twice");
}

/// lifecycle D5, D6: the watch may be faster than the answer to our deletion, which counts once all the same
#[test]
fn one_deletion_makes_one_room() {
    for answer_first in [true, false] {
        let mut script = Script::open(1, []);
        script.run(1);
        let _ = script.advance(1.0);
        let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
        let _ = script.state(1, "scheduled");
        let step = Step::DeleteJob { name: "buildkite-1".into(), uid: "uid-1".into(), why: Why::Room };
        let done = Event::Removed { job: id(1), step, outcome: StepOutcome::Done };
        let asked_at = script.now;
        let job = Some(("uid-1".to_owned(), facts(1, failed()).seen));
        let live = LiveSeen { asked_at, answered_at: asked_at, job, pods: vec![], quota: false };
        let effects = script.event(Event::LookedLive { job: id(1), live });
        assert!(matches!(&effects[..], [Effect::Remove { .. }]), "{effects:?}");
        let mut events = [done, deleted(1)];
        if !answer_first {
            events.reverse();
        }
        for event in events {
            let _ = script.event(event);
        }
        assert_eq!(script.core.rooms[&id(1)].made, 1, "{answer_first}");
    }
}

/// lifecycle V1: ended Jobs that nobody can be asked about stay reserved without a slot, so there is a bound
#[test]
fn ended_jobs_that_are_not_told_about_stop_admissions() {
    let mut script = Script::open(1, []);
    let mut started = 0;
    for n in 0..150 {
        let _ = script.advance(1.0);
        if script.list([n]).is_empty() {
            break;
        }
        let _ = script.reserved(&[n], &[n]);
        let _ = script.started(n, exists(n));
        let _ = script.event(Event::Job(Watched::Applied(facts(n, None))));
        let _ = script.advance(0.5);
        let _ = script.event(Event::Job(Watched::Applied(facts(n, failed()))));
        let _ = script.event(deleted(n));
        started += 1;
    }
    assert_eq!((started, script.core.unsettled.len()), (100, 100));
    let states = (0..100).map(|n| (id(n), "finished".to_owned())).collect();
    let asked = (0..100).map(id).collect();
    let effects = script.event(Event::States { asked, asked_at: script.now, states });
    assert_eq!(effects, [reserve([100])], "the next in the queue");
}

/// lifecycle V4, 1.8: a job that we are refused although it is scheduled is not asked for at full speed
#[test]
fn a_refused_reservation_is_asked_for_again_after_a_pause() {
    let mut script = Script::open(1, []);
    script.run(1);
    script.now += LIFETIME;
    let mut calls = 0;
    let mut effects: VecDeque<Effect> = script.list([1]).into();
    let end = script.now + Duration::from_secs(60);
    while script.now < end {
        let answered = match effects.pop_front() {
            Some(Effect::Reserve(_)) => {
                calls += 1;
                script.reserved(&[1], &[])
            }
            Some(Effect::ReadStates(_)) => script.state(1, "scheduled"),
            other => {
                assert_eq!(other, None);
                script.advance(0.2)
            }
        };
        effects.extend(answered);
    }
    assert!((10..=14).contains(&calls), "{calls} calls in a minute");
}

/// lifecycle V1, 2.5: while a reserve call hangs the state is not asked for again and again, and once it failed it is
#[test]
fn an_answer_that_is_ignored_is_asked_for_again_in_time() {
    let mut script = Script::open(1, []);
    script.run(1);
    assert_eq!(script.advance(601.0), [reserve([1]), Effect::ReadStates(vec![id(1)])]);
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    assert_eq!(script.state(1, "scheduled"), []);
    assert_eq!(script.advance(1.0), [Effect::ReadStates(vec![id(1)])], "the first was older than the end");
    assert_eq!(script.state(1, "scheduled"), []);
    assert_eq!(script.advance(20.0), []);
    let retry_at = script.now + Duration::from_secs(5);
    let effects = script.event(Event::ReserveFailed { asked: vec![id(1)], retry_at });
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])]);
}

/// lifecycle V1: a reserve call that takes long may have come after the question that says `scheduled`
#[test]
fn an_answer_that_crossed_a_reserve_call_does_not_say_that_it_lapsed() {
    for listed in [true, false] {
        let mut script = Script::open(1, []);
        script.run(1);
        assert_eq!(script.advance(601.0), [reserve([1]), Effect::ReadStates(vec![id(1)])]);
        let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
        let _ = script.advance(1.0);
        let effects = if listed { script.list([1]) } else { script.state(1, "scheduled") };
        let looks = effects.iter().any(|effect| matches!(effect, Effect::LookLive { .. }));
        assert!(!looks, "it would make room for another attempt: {effects:?}");
    }
}

/// lifecycle D5, L8: the next Job of the name is not of the past, whoever made it
#[test]
fn another_job_of_the_name_takes_its_place() {
    let mut script = gone_before_it_was_told();
    let mut next = facts(1, None);
    next.uid = "uid-2".into();
    let _ = script.event(Event::Job(Watched::Applied(next)));
    assert_eq!(script.in_flight(), [1]);
    let _ = script.event(deleted(1));
    assert_eq!(script.in_flight(), [1], "the one that is gone is told about again");
}
