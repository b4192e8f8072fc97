use std::time::Duration;

use indexmap::IndexMap;

use super::*;
use crate::clock::{Clock, ClockHand};
use crate::core::{AgentResult, Registration, StackRequest};
use crate::{Options, Simulator};

struct Scene {
    simulator: Simulator,
    hand: ClockHand,
    jobs: Vec<Uuid>,
}

impl Scene {
    /// A recording simulator with two scheduled jobs and a registered stack.
    fn new(record: bool) -> Self {
        let (clock, hand) = Clock::manual("2026-09-02T08:15:00Z".parse().unwrap());
        let simulator = Simulator::with_clock(Options { record, ..Options::default() }, clock);
        let jobs = simulator.enqueue_jobs(2, &serde_json::json!({ "command": "make" })).unwrap();
        let request = StackRequest {
            key: "ours".to_owned(),
            kind: "kubernetes".to_owned(),
            queue: "-".to_owned(),
            metadata: IndexMap::new(),
        };
        simulator.with(|world, now| world.register_stack(request, now)).unwrap();
        Self { simulator, hand, jobs }
    }

    fn what(&self) -> Vec<What> {
        self.simulator.drain_record().into_iter().map(|happening| happening.what).collect()
    }

    fn reserve(&self, job: Uuid) {
        let ids = [job.to_string()];
        self.simulator.with(|world, now| world.reserve("ours", &ids, Some(60), now)).unwrap();
    }
}

fn ours() -> Arc<str> {
    "ours".into()
}

#[test]
fn nothing_is_kept_unless_somebody_asked_for_it() {
    let scene = Scene::new(false);
    scene.reserve(scene.jobs[0]);
    assert_eq!(scene.what(), []);
}

#[test]
fn reservations_are_made_renewed_refused_and_lapse() {
    let scene = Scene::new(true);
    let job = scene.jobs[0];
    drop(scene.what());
    scene.reserve(job);
    let until = scene.simulator.now() + Duration::from_secs(60);
    let state = |from, to, by| What::State { job, from, to, by };
    let reserved = |until, renewed| What::Reserved { stack: ours(), job, until, renewed };
    let by_us = state(JobState::Scheduled, JobState::Reserved, Actor::Stack(ours()));
    assert_eq!(scene.what(), [by_us, reserved(until, false)]);
    scene.hand.advance(Duration::from_secs(10));
    scene.reserve(job);
    assert_eq!(scene.what(), [reserved(until + Duration::from_secs(10), true)]);
    assert_eq!(scene.simulator.held()[0].reservation, Some((ours(), until + Duration::from_secs(10))));
    scene.hand.advance(Duration::from_secs(61));
    let by_time = state(JobState::Reserved, JobState::Scheduled, Actor::Timer);
    assert_eq!(scene.what(), [What::Lapsed { stack: ours(), job }, by_time]);
    scene.simulator.cancel_job(job).unwrap();
    scene.reserve(job);
    let canceled = state(JobState::Scheduled, JobState::Canceled, Actor::Operator);
    assert_eq!(scene.what(), [canceled, What::NotReserved { stack: ours(), job }]);
}

#[test]
fn a_verdict_is_told_with_its_code_and_a_second_one_is_refused() {
    let scene = Scene::new(true);
    let job = scene.jobs[1];
    scene.reserve(job);
    drop(scene.what());
    let finish = || {
        let id = job.to_string();
        scene
            .simulator
            .with(|world, now| world.finish_by_stack("ours", &id, None, "pod-failed: it was evicted", now))
    };
    assert!(finish().is_ok() && finish().is_err());
    let asked = |state, accepted| What::FinishAsked {
        stack: ours(),
        job,
        state,
        accepted,
        exit_status: -1,
        code: "pod-failed".to_owned(),
    };
    let what = scene.what();
    assert_eq!(what[0], asked(JobState::Reserved, true));
    assert!(
        matches!(&what[1], What::State { to: JobState::Finished, by: Actor::Stack(key), .. } if **key == *"ours")
    );
    assert_eq!(what.last(), Some(&asked(JobState::Finished, false)));
}

#[test]
fn what_an_agent_does_is_told_with_its_id() {
    let scene = Scene::new(true);
    let job = scene.jobs[0];
    drop(scene.what());
    let token = scene.simulator.agent_token().unwrap();
    let agent = scene
        .simulator
        .with(|world, now| world.register_agent(Some(token.expose()), Registration::default(), now))
        .unwrap()
        .id;
    scene.simulator.with(|world, now| {
        world.acquire(agent, job, now).unwrap();
        world.start(job, now).unwrap();
        let result = AgentResult { exit_status: 3, signal: None, signal_reason: None, chunks_failed: 0 };
        world.finish_by_agent(job, result, now).unwrap();
    });
    let by = |to: JobState| move |what: &What| matches!(what, What::State { to: now, by: Actor::Agent(id), .. } if *now == to && *id == agent);
    let what = scene.what();
    for state in [JobState::Accepted, JobState::Running, JobState::Finished] {
        assert!(what.iter().any(by(state)), "{state:?} in {what:?}");
    }
    assert!(what.contains(&What::Acquired { agent, job, accepted: true }));
    assert!(what.contains(&What::AgentFinished { job, accepted: true, exit_status: 3 }));
}

#[test]
fn lists_states_and_pauses_are_told_as_they_were_answered() {
    let scene = Scene::new(true);
    drop(scene.what());
    let ids = [scene.jobs[0].to_string(), Uuid::nil().to_string()];
    scene.simulator.pause_queue("kubernetes", true).unwrap();
    scene.simulator.with(|world, now| {
        world.list_jobs("ours", "-", Some("1"), None, now).unwrap();
        world.job_states("ours", &ids, now).unwrap();
        world.deregister_stack("ours", now).unwrap();
    });
    let expected = [
        What::Paused { queue: "kubernetes".into(), paused: true },
        What::Listed { stack: ours(), count: 1, end: false, paused: true },
        What::StateTold { stack: ours(), job: scene.jobs[0], state: JobState::Scheduled },
        What::Deregistered { stack: ours() },
    ];
    assert_eq!(scene.what(), expected);
}
