//! F7 and the conformance table 6.4; F4.

use super::*;
use crate::ContainerEnd;

fn pending(pod: PodSeen) -> Scene {
    let mut scene = Scene::with_pod(BuildkiteState::Reserved, pod);
    scene.patience.pod_pending = Some(Duration::from_secs(300));
    scene.patience.image_pull = Duration::from_secs(100_000);
    scene
}

/// lifecycle F7, C34, C35, C36, C37, C38, C39
#[test]
fn a_pod_times_out_unless_an_image_is_to_blame() {
    use ContainerRole as R;
    let with = |role, reason| PodSeen { waiting: vec![waits("c", role, reason)], ..pod() };
    pending(pod()).at(60).check("nothing");
    assert_eq!(pending(pod()).at(60).decide().look_again.map(|_| ()), Some(()), "a timer is armed");
    for (what, pod, want) in [
        ("pending for ten minutes", pod(), "tell pending-timeout"),
        ("init container in back-off", with(R::Init, "ImagePullBackOff"), "nothing"),
        ("never pull", with(R::Init, "ErrImageNeverPull"), "nothing"),
        ("hopeless", with(R::Foreign, "InvalidImageName"), "look"),
        ("being created", with(R::Ours, "ContainerCreating"), "tell pending-timeout"),
        ("an unknown word", with(R::Ours, "SomethingNew"), "tell pending-timeout"),
        ("an image that F5 ignores", with(R::Foreign, "ImagePullBackOff"), "tell pending-timeout"),
    ] {
        let scene = pending(pod).at(600);
        let scene = if want.starts_with("tell") { scene.looked() } else { scene };
        assert_eq!(word(scene.decide().action), want, "{what}");
    }
}

/// lifecycle F7, C32, C33
#[test]
fn a_pod_whose_agent_started_never_times_out() {
    for agent in [AgentSeen::Running, AgentSeen::Terminated { exit_code: 0 }] {
        pending(PodSeen { agent, ..pod() }).at(600).looked().check("nothing");
    }
    let mut late = pending(pod()).at(600);
    let mut live = late.live();
    live.pods[0].agent = AgentSeen::Running;
    late.live = Some(live);
    assert_eq!(late.decide().unconfirmed, Some(Unconfirmed::AgentActive), "the watch is behind");
    late.check("nothing");
}

/// lifecycle F7
#[test]
fn zero_disables_the_timeout_and_other_owners_jobs_are_left_alone() {
    let mut off = pending(pod()).at(100_000).looked();
    off.patience.pod_pending = None;
    off.check("nothing");
    for state in [BuildkiteState::AgentOwned, BuildkiteState::WindingDown, BuildkiteState::Unknown] {
        let mut scene = pending(pod()).at(600).looked();
        scene.state = Some(StateSeen::new(state, scene.instant()));
        scene.check("nothing");
    }
    let mut not_ours = pending(pod()).at(600).looked();
    not_ours.reserved = false;
    not_ours.check("reserve");
}

/// lifecycle F7, F5
#[test]
fn the_pod_is_deleted_after_the_verdict_and_once() {
    let mut told = pending(pod()).at(601);
    told.state = Some(StateSeen::new(BuildkiteState::Ended, told.instant()));
    told.verdict = VerdictProgress::Delivered;
    told.check("look");
    let told = told.looked();
    told.check("delete pod-1: Told");
    let mut done = told.clone();
    done.removed_pod = Some("pod-1".into());
    done.check("nothing");
    let mut started = told.clone();
    let mut live = started.live();
    live.pods[0].agent = AgentSeen::Running;
    started.live = Some(live);
    started.check("nothing");
    let mut over = told;
    over.pod = Some(PodSeen { over: true, ..pod() });
    over.looked().check("nothing");
}

fn init_end(role: ContainerRole, exit_code: i32) -> PodSeen {
    let end = ContainerEnd {
        name: "setup".into(),
        role,
        exit_code,
        signal: None,
        reason: "Error".into(),
        message: "no such file".into(),
    };
    PodSeen { ended: vec![end], ..pod() }
}

/// lifecycle F4, C40
#[test]
fn a_failed_init_container_is_told_at_once() {
    use ContainerRole as R;
    for (role, exit_code, want) in [
        (R::Init, 1, "tell init-container-failed"),
        (R::Init, 137, "tell init-container-failed"),
        (R::Init, 0, "nothing"),
        // They die so at every normal end.
        (R::Sidecar, 137, "nothing"),
        (R::Sidecar, 143, "nothing"),
    ] {
        pending(init_end(role, exit_code)).at(1).check(want);
    }
    let deleting = PodSeen { deleting: true, ..init_end(R::Init, 137) };
    pending(deleting).at(1).check("nothing");
    let mut early = pending(init_end(R::Init, 1)).at(1);
    early.state = Some(StateSeen::new(BuildkiteState::Reserved, early.start - Duration::from_secs(1)));
    early.check("read state");
    let mut told = pending(init_end(R::Init, 1)).at(1);
    told.verdict = VerdictProgress::Delivered;
    told.state = Some(StateSeen::new(BuildkiteState::Ended, told.instant()));
    told.looked().check("nothing");
}

/// lifecycle F3, F4
#[test]
fn whichever_watch_is_first_the_init_container_is_named() {
    let mut scene = pending(init_end(ContainerRole::Init, 3)).at(1);
    scene.job.end = failed();
    scene.ended_at = Some(scene.start);
    scene.check("tell init-container-failed");
}
