//! F1 and what the conformance table 6.3 says of stalled Jobs.

use super::*;

/// 60 s without a pod, at a grace of 30 s, with a live read that agrees.
fn stalled(state: BuildkiteState) -> Scene {
    Scene::new(state).at(60).looked()
}

/// lifecycle F1, C15, C16, C17, C18, C19, C20
#[test]
fn buildkites_state_decides_about_a_job_without_a_pod() {
    use BuildkiteState as S;
    for (state, want) in [
        (S::AgentOwned, "delete Job: OtherOwner"),
        (S::Reserved, "tell no-pod"),
        (S::Scheduled, "reserve"),
        (S::Ended, "delete Job: Ended"),
        (S::Absent, "delete Job: Unknown"),
    ] {
        stalled(state).check(want);
    }
    let once = |state| {
        let mut scene = stalled(state);
        scene.state = Some(StateSeen::new(state, scene.instant()));
        scene
    };
    once(S::Absent).check("nothing");
    once(S::AgentOwned).check("nothing");
    assert!(once(S::Absent).decide().poll_state, "the second absence has to be noticed");
}

/// lifecycle F1, C21
#[test]
fn an_older_state_is_asked_for_again_and_nothing_is_done_without_an_answer() {
    let mut scene = stalled(BuildkiteState::Reserved);
    scene.state = Some(StateSeen::new(BuildkiteState::Reserved, scene.start + Duration::from_secs(29)));
    scene.check("read state");
    scene.state = None;
    scene.check("read state");
}

/// lifecycle F1, C22, C23, C24, C25, C26
#[test]
fn a_live_read_that_does_not_agree_stops_everything() {
    let scene = stalled(BuildkiteState::Reserved);
    let with = |change: fn(&mut LiveSeen)| {
        let mut scene = scene.clone();
        let mut live = scene.live();
        change(&mut live);
        scene.live = Some(live);
        scene.decide()
    };
    type Case = (&'static str, fn(&mut LiveSeen), Unconfirmed);
    let cases: [Case; 6] = [
        (
            "an active or a terminating pod is counted",
            |live| live.job.as_mut().unwrap().1.has_pods = true,
            Unconfirmed::PodExists,
        ),
        ("a pod is listed", |live| live.pods.push(pod()), Unconfirmed::PodExists),
        (
            "a pod in deletion is a pod",
            |live| live.pods.push(PodSeen { deleting: true, ..pod() }),
            Unconfirmed::PodExists,
        ),
        ("the Job is gone", |live| live.job = None, Unconfirmed::JobGone),
        (
            "the Job was replaced",
            |live| live.job.as_mut().unwrap().0 = "other".into(),
            Unconfirmed::JobReplaced,
        ),
        ("the Job ended", |live| live.job.as_mut().unwrap().1.end = failed(), Unconfirmed::JobGone),
    ];
    for (what, change, want) in cases {
        let decision = with(change);
        assert_eq!((decision.action, decision.unconfirmed), (None, Some(want)), "{what}");
        assert!(decision.look_again.is_some(), "{what}: the watch may be behind");
    }
    let mut unread = scene.clone();
    unread.live = None;
    unread.check("look, with events");
    unread.live = Some(LiveSeen { asked_at: unread.start, ..scene.live() });
    unread.check("look, with events");
}

/// lifecycle F1
#[test]
fn nothing_is_done_before_the_grace_is_over_or_for_a_job_that_needs_no_pod() {
    let early = Scene::new(BuildkiteState::Reserved).at(29);
    assert_eq!(early.decide().action, None);
    assert_eq!(early.decide().look_again, Some(early.start + Duration::from_secs(30)));
    for change in [
        |job: &mut JobSeen| job.started = false,
        |job: &mut JobSeen| job.has_pods = true,
        |job: &mut JobSeen| job.suspended = true,
        |job: &mut JobSeen| job.deleting = true,
    ] {
        let mut scene = stalled(BuildkiteState::Reserved);
        change(&mut scene.job);
        scene.check("nothing");
    }
    let mut at_once = Scene::new(BuildkiteState::Reserved);
    at_once.patience.empty_job = Duration::ZERO;
    at_once.check("look, with events");
}

/// lifecycle F1, X31
#[test]
fn a_quota_gives_the_pod_as_long_as_a_pending_one_has() {
    let mut scene = stalled(BuildkiteState::Reserved);
    scene.live = Some(LiveSeen { quota: true, ..scene.live() });
    scene.check("nothing");
    assert_eq!(
        scene.decide().look_again,
        Some(scene.start + Duration::from_secs(660)),
        "the renewal comes before"
    );
    let mut over = scene.clone().at(900);
    over.check("look, with events");
    over.live = Some(LiveSeen { quota: true, ..over.live() });
    over.check("tell no-pod");
    scene.patience.pod_pending = None;
    scene.at(100_000).check("nothing");
}

/// lifecycle F1, F14, C27
#[test]
fn after_the_verdict_the_deadline_is_shortened_once() {
    let mut told = stalled(BuildkiteState::Ended);
    told.verdict = VerdictProgress::Delivered;
    told.check("shorten");
    let mut unread = told.clone();
    unread.live = None;
    unread.check("look");
    let mut done = told.clone();
    done.job_handled = true;
    done.check("nothing");
    let mut marked = told.clone();
    marked.job.deadline_shortened = true;
    marked.looked().check("nothing");
    let mut suspended = told.clone();
    suspended.job.suspended = true;
    suspended.looked().check("delete Job: Told");
    let mut restarted = told;
    restarted.state = None;
    restarted.check("read state");
    restarted.state = Some(StateSeen::new(BuildkiteState::AgentOwned, restarted.instant()));
    restarted.check("nothing");
}

/// lifecycle F1
#[test]
fn a_verdict_that_failed_is_decided_again_on_newer_facts() {
    let mut scene = stalled(BuildkiteState::Reserved);
    scene.facts_since = Some(scene.instant() + Duration::from_secs(1));
    scene.check("read state");
    let mut scene = scene.at(62);
    scene.check("look, with events");
    scene.live = Some(scene.live());
    scene.check("tell no-pod");
}
