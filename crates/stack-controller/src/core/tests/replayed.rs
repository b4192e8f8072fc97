//! A watch that begins at an older version than was asked for: what it showed comes again, in order, up to now.

use super::*;

/// The Job of job 1 that was made first, if `age` is 1, or second.
fn made(age: u32, end: Option<JobEnd>) -> JobFacts {
    JobFacts { uid: format!("uid-1-{age}"), ..facts(1, end) }
}

fn applied(facts: JobFacts) -> Event {
    Event::Job(Watched::Applied(facts))
}

fn deleted(facts: JobFacts) -> Event {
    Event::Job(Watched::Deleted(facts))
}

/// What the watch has shown of both Jobs.
fn history() -> Vec<Event> {
    vec![
        applied(made(1, None)),
        applied(made(1, failed())),
        deleted(made(1, failed())),
        applied(made(2, None)),
    ]
}

/// Job 1 has a slot and a second Job; job 2 waits.
fn second_attempt() -> Script {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, StartOutcome::Exists { uid: "uid-1-2".into(), adopted: false });
    script
}

/// lifecycle L1, L8, L10
#[test]
fn the_end_of_an_older_job_of_the_same_name_frees_no_slot_when_it_is_shown_again() {
    let mut script = second_attempt();
    let _ = script.event(applied(made(2, None)));
    let _ = script.list([2]);
    for event in history() {
        let shown = format!("{event:?}");
        let effects = script.event(event);
        assert!(!effects.contains(&reserve([2])), "{shown}: {effects:?}");
        assert_eq!(script.in_flight(), [1], "{shown}");
    }
    let _ = script.advance(1.0);
    assert!(
        script.event(applied(made(2, Some(JobEnd::Complete)))).contains(&reserve([2])),
        "its own end does"
    );
}

/// lifecycle L1, L10
#[test]
fn nor_does_it_before_the_watch_has_shown_the_newer_one() {
    let mut script = second_attempt();
    let _ = script.list([2]);
    for event in history() {
        let shown = format!("{event:?}");
        let _ = script.event(event);
        assert_eq!(script.in_flight(), [1], "{shown}");
    }
}

/// lifecycle L12, D6
#[test]
fn what_replaces_a_job_is_believed_from_a_list_from_its_maker_and_after_the_deletion() {
    let known = |script: &Script| script.core.entries[&id(1)].job_uid();
    let newer = Some("uid-1-2".to_owned());

    let mut listed = Script::open(1, [made(1, None)]);
    let _ = listed.relist([made(2, None)]);
    assert_eq!(known(&listed), newer, "a list is as of now");

    let mut told = second_attempt();
    let _ = told.event(applied(made(1, None)));
    let _ = told.event(applied(made(2, None)));
    assert_eq!(known(&told), newer, "it is the one that we made");

    let mut followed = Script::open(1, [made(1, None)]);
    let _ = followed.event(deleted(made(1, None)));
    let _ = followed.event(applied(made(2, None)));
    assert_eq!(known(&followed), newer, "there is no other");
}

/// lifecycle L12: two Jobs of one job, such as a copy that somebody made, can exist side by side.
#[test]
fn a_job_of_another_name_is_nobodys_past() {
    let mut script = Script::open(1, [made(1, None)]);
    let mut copy = made(2, None);
    copy.seen.name = "copy".into();
    let _ = script.event(applied(copy));
    assert_eq!(script.core.entries[&id(1)].job_uid().as_deref(), Some("uid-1-2"));
}
