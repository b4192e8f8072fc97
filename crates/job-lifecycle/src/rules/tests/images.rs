//! F5: waiting reasons, graces, which containers count.

use super::*;

fn failing(waiting: Vec<ContainerWait>) -> Scene {
    Scene::with_pod(BuildkiteState::Reserved, PodSeen { waiting, ..pod() })
}

/// lifecycle F5, C44, C45
#[test]
fn each_reason_has_its_grace() {
    use ContainerRole as R;
    for (reason, role, grace, code) in [
        ("InvalidImageName", R::Ours, Some(0), "image-pull-failed"),
        ("InvalidImageName", R::Foreign, Some(0), "image-pull-failed"),
        ("ErrImagePull", R::Ours, Some(30), "image-pull-failed"),
        ("ImagePullBackOff", R::Init, Some(30), "image-pull-failed"),
        ("ImagePullBackOff", R::Sidecar, Some(30), "image-pull-failed"),
        ("ImagePullBackOff", R::Foreign, None, ""),
        ("ImageInspectError", R::Ours, Some(30), "image-pull-failed"),
        ("ErrImageNeverPull", R::Ours, Some(30), "image-pull-failed"),
        ("SignatureValidationFailed", R::Ours, Some(30), "image-pull-failed"),
        ("RegistryUnavailable", R::Ours, Some(60), "image-pull-failed"),
        ("CreateContainerConfigError", R::Ours, Some(30), "container-create-failed"),
        ("CreateContainerError", R::Init, Some(30), "container-create-failed"),
        ("PreCreateHookError", R::Ours, Some(30), "container-create-failed"),
        ("PreStartHookError", R::Ours, Some(30), "container-create-failed"),
        ("PostStartHookError", R::Ours, Some(30), "container-create-failed"),
        ("RunContainerError", R::Ours, Some(30), "container-create-failed"),
        ("CreateContainerError", R::Foreign, None, ""),
        ("ContainerCreating", R::Ours, None, ""),
        ("PodInitializing", R::Ours, None, ""),
        ("CrashLoopBackOff", R::Sidecar, None, ""),
    ] {
        let scene = failing(vec![waits("app", role, reason)]);
        let told = format!("tell {code}");
        match grace {
            None => scene.at(500).looked().check("nothing"),
            Some(grace) => {
                scene.clone().at(grace).looked().check(&told);
                if grace > 0 {
                    let early = scene.at(grace - 1).looked();
                    assert_eq!(word(early.decide().action), "nothing", "{reason}");
                    assert_eq!(early.decide().look_again, Some(early.start + Duration::from_secs(grace)));
                }
            }
        }
    }
}

/// lifecycle F5
#[test]
fn the_two_pull_reasons_alternate_on_one_clock_and_recovery_stops_it() {
    let start = Instant::now();
    let second = |n| start + Duration::from_secs(n);
    let with = |reason| PodSeen { waiting: vec![waits("app", ContainerRole::Ours, reason)], ..pod() };
    let mut clocks = PodClocks::new(&with("ErrImagePull"), start);
    clocks.update(&with("ImagePullBackOff"), second(10));
    clocks.update(&with("ErrImagePull"), second(20));
    assert_eq!(clocks.failing.get("app"), Some(&start));
    clocks.update(&pod(), second(25));
    assert!(clocks.failing.is_empty());
    clocks.update(&with("ErrImagePull"), second(28));
    assert_eq!(clocks.failing.get("app"), Some(&second(28)));
}

/// lifecycle F5, C43
#[test]
fn the_verdict_names_each_container_with_its_image_sorted() {
    let mut scene = failing(vec![
        waits("web", ContainerRole::Ours, "ImagePullBackOff"),
        ContainerWait {
            message: "pull access denied".into(),
            ..waits("app", ContainerRole::Ours, "ErrImagePull")
        },
        waits("config", ContainerRole::Ours, "CreateContainerConfigError"),
        waits("log", ContainerRole::Foreign, "ImagePullBackOff"),
    ]);
    scene = scene.at(30).looked();
    let Some(Action::Finish(verdict)) = scene.decide().action else { panic!("{:?}", scene.decide()) };
    assert_eq!(verdict.code, "image-pull-failed");
    assert_eq!(verdict.summary, "the container app cannot get its image (ErrImagePull)");
    assert_eq!(
        verdict.facts[..3],
        [
            "  app  \"registry.example/app:1\"  ErrImagePull: pull access denied",
            "  config  \"registry.example/app:1\"  CreateContainerConfigError",
            "  web  \"registry.example/app:1\"  ImagePullBackOff",
        ]
    );
}

/// lifecycle F5
#[test]
fn a_pod_that_recovered_or_whose_agent_started_is_left_alone() {
    let scene = failing(vec![waits("app", ContainerRole::Ours, "ImagePullBackOff")]).at(30);
    scene.check("look");
    let with = |change: fn(&mut PodSeen)| {
        let mut scene = scene.clone();
        let mut live = scene.live();
        change(&mut live.pods[0]);
        scene.live = Some(live);
        scene.decide()
    };
    type Case = (fn(&mut PodSeen), Unconfirmed);
    let cases: [Case; 4] = [
        (|pod| pod.waiting.clear(), Unconfirmed::PodExists),
        (|pod| pod.deleting = true, Unconfirmed::PodExists),
        (|pod| pod.uid = "another".into(), Unconfirmed::PodExists),
        (|pod| pod.agent = AgentSeen::Running, Unconfirmed::AgentActive),
    ];
    for (change, want) in cases {
        let decision = with(change);
        assert_eq!((decision.action, decision.unconfirmed), (None, Some(want)));
    }
    let mut deleting = scene.clone();
    deleting.pod = Some(PodSeen { deleting: true, ..deleting.pod.clone().unwrap() });
    deleting.looked().check("nothing");
    for state in [BuildkiteState::AgentOwned, BuildkiteState::WindingDown] {
        let mut owned = scene.clone().looked();
        owned.state = Some(StateSeen::new(state, owned.instant()));
        owned.check("nothing");
    }
}
