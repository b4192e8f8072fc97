//! F9, jobs of another owner, D5.

use super::*;

/// Buildkite says `state` for the second time, ten seconds after the first.
fn seen_twice(state: BuildkiteState) -> Scene {
    Scene::with_pod(state, pod()).at(10)
}

/// lifecycle F9
#[test]
fn a_job_that_is_over_loses_its_pod_first_and_its_job_then() {
    let over = seen_twice(BuildkiteState::Ended);
    over.check("look");
    let over = over.looked();
    over.check("delete pod-1: Ended");
    let mut removed = over.clone();
    removed.removed_pod = Some("pod-1".into());
    removed.facts_since = Some(over.instant() + Duration::from_millis(1));
    removed.check("look");
    let removed = removed.at(11).looked();
    removed.check("delete Job: Ended");
    let mut handled = removed;
    handled.job_handled = true;
    handled.check("nothing");
}

/// lifecycle F9, C29, C30, C31, X32
#[test]
fn a_job_without_a_pod_or_suspended_is_deleted_itself() {
    for suspended in [false, true] {
        let mut scene = Scene::new(BuildkiteState::Ended);
        scene.job.suspended = suspended;
        scene.looked().check("delete Job: Ended");
    }
    let mut late = Scene::new(BuildkiteState::Ended).looked();
    late.live.as_mut().unwrap().pods.push(pod());
    late.check("delete pod-1: Ended");
    let mut ended = Scene::new(BuildkiteState::Ended).looked();
    ended.job.end = Some(JobEnd::Complete);
    ended.ended_at = Some(ended.start);
    ended.check("nothing");
}

/// lifecycle F9, X5
#[test]
fn an_agent_that_has_started_is_never_killed() {
    for state in BuildkiteState::ALL {
        for agent in [AgentSeen::Running, AgentSeen::Terminated { exit_code: 0 }] {
            let known = Scene::with_pod(state, PodSeen { agent, ..pod() }).at(10).looked();
            let action = known.decide().action;
            assert!(matches!(action, None | Some(Action::Reserve)), "{state:?}: {action:?}");
            let mut stale = seen_twice(state);
            let mut live = stale.live();
            live.pods[0].agent = agent;
            stale.live = Some(live);
            let action = stale.decide().action;
            assert!(matches!(action, None | Some(Action::Reserve)), "{state:?}: {action:?}");
        }
    }
}

/// lifecycle F9
#[test]
fn winding_down_is_waited_for() {
    let scene = seen_twice(BuildkiteState::WindingDown).looked();
    scene.check("nothing");
    assert!(scene.decide().poll_state, "its end has to be noticed");
}

/// lifecycle F9, C20
#[test]
fn an_absence_counts_when_a_second_answer_confirms_it() {
    seen_twice(BuildkiteState::Absent).looked().check("delete pod-1: Unknown");
    for gap in [Duration::ZERO, Duration::from_millis(999)] {
        let mut once = seen_twice(BuildkiteState::Absent).looked();
        let since = once.instant().checked_sub(gap).expect("the clock is past its first second");
        once.state = Some(StateSeen { since, ..once.state.unwrap() });
        once.check("nothing");
    }
    let start = Instant::now();
    let first = StateSeen::new(BuildkiteState::Absent, start);
    let between = StateSeen::after(Some(first), BuildkiteState::Reserved, start + Duration::from_secs(5));
    let third = StateSeen::after(Some(between), BuildkiteState::Absent, start + Duration::from_secs(10));
    assert!(!third.is_confirmed(), "not two in a row");
}

/// lifecycle X6, X7
#[test]
fn a_replacement_and_another_controllers_pods_are_left_alone() {
    for state in [BuildkiteState::Ended, BuildkiteState::Absent] {
        let mut replaced = seen_twice(state).looked();
        replaced.live.as_mut().unwrap().job.as_mut().unwrap().0 = "uid-2".into();
        replaced.live.as_mut().unwrap().pods[0].owner = Some("uid-2".into());
        assert_eq!(replaced.decide().unconfirmed, Some(Unconfirmed::JobReplaced));
        replaced.check("nothing");
    }
    let mut foreign = seen_twice(BuildkiteState::Ended).looked();
    foreign.live.as_mut().unwrap().pods[0].owner = Some("another Job".into());
    foreign.check("delete Job: Ended");
}

/// lifecycle F9, X4
#[test]
fn a_live_read_from_before_the_trigger_is_made_again() {
    let mut scene = seen_twice(BuildkiteState::Ended).looked();
    scene.state = Some(StateSeen::new(BuildkiteState::Ended, scene.instant() + Duration::from_secs(1)));
    scene.check("look");
}

/// lifecycle D4: somebody else's agent has the job
#[test]
fn a_job_of_another_owner_is_deleted_only_while_it_has_no_pod() {
    for state in [BuildkiteState::AgentOwned, BuildkiteState::WindingDown] {
        let taken = Scene::new(state).at(10);
        assert!(taken.decide().poll_state);
        taken.check("look");
        let taken = taken.looked();
        taken.check("delete Job: OtherOwner");
        let mut once = taken.clone();
        once.state = Some(StateSeen::new(state, once.instant()));
        once.check("nothing");
        let mut with_pod = taken.clone();
        with_pod.live.as_mut().unwrap().pods.push(pod());
        with_pod.check("nothing");
        let mut counted = taken.clone();
        counted.live.as_mut().unwrap().job.as_mut().unwrap().1.has_pods = true;
        counted.check("nothing");
    }
}

fn ended_without_agent(state: BuildkiteState) -> Scene {
    let mut scene = seen_twice(state);
    scene.job.end = failed();
    scene.ended_at = Some(scene.start);
    scene.pod = Some(PodSeen { over: true, ..pod() });
    scene
}

/// lifecycle D5, X20
#[test]
fn an_ended_job_makes_room_three_times_and_is_told_about_then() {
    let scene = ended_without_agent(BuildkiteState::Scheduled);
    scene.check("look");
    let scene = scene.looked();
    for rooms_made in 0..3 {
        Scene { rooms_made, ..scene.clone() }.check("delete Job: Room");
    }
    let mut tired = Scene { rooms_made: 3, ..scene.clone() };
    tired.check("reserve");
    tired.state = Some(StateSeen::new(BuildkiteState::Reserved, tired.instant()));
    tired.check("tell pod-failed");
    let mut handled = scene.clone();
    handled.job_handled = true;
    handled.check("nothing");
    let mut started = scene.clone();
    started.live.as_mut().unwrap().pods[0].agent = AgentSeen::Terminated { exit_code: 1 };
    started.check("nothing");
    let mut alive = scene;
    alive.live.as_mut().unwrap().job.as_mut().unwrap().1.end = None;
    alive.check("nothing");
}

/// lifecycle X20
#[test]
fn a_job_whose_agent_had_started_is_not_made_again() {
    let mut scene = ended_without_agent(BuildkiteState::Scheduled);
    scene.pod = Some(PodSeen { agent: AgentSeen::Terminated { exit_code: 1 }, ..pod() });
    let decision = scene.looked().decide();
    assert_eq!((decision.action, decision.unexpected), (None, true));
}
