//! The failure rules as the core carries them out: what is read, in which order steps follow, what a failed one
//! leads to.

use std::collections::VecDeque;

use super::*;
use crate::core::event::{Step, StepOutcome};
use job_lifecycle::{ContainerEnd, ContainerRole, ContainerWait, LiveSeen, Why};

impl Script {
    /// Answers a live read with what there is.
    fn live(&mut self, n: u128, job: Option<JobFacts>, pods: Vec<PodSeen>) -> Vec<Effect> {
        let job_seen = job.map(|facts| (facts.uid, facts.seen));
        let live = LiveSeen { asked_at: self.now, answered_at: self.now, job: job_seen, pods, quota: false };
        self.event(Event::LookedLive { job: id(n), live })
    }

    fn step(&mut self, n: u128, step: Step, outcome: StepOutcome) -> Vec<Effect> {
        self.event(Event::Removed { job: id(n), step, outcome })
    }

    /// A job with a pod that waits, reserved by us.
    fn pending(&mut self, n: u128) {
        self.run(n);
        let _ = self.pod(n, pod(n));
        let _ = self.state(n, "reserved");
    }

    /// Passes time in steps of five seconds, with reservations renewed and states answered as `reserved`, until
    /// something else is to be done.
    fn until_something_happens(&mut self, n: u128) -> Vec<Effect> {
        for _ in 0..1000 {
            let mut effects = self.advance(5.0);
            while let Some(at) =
                effects.iter().position(|effect| matches!(effect, Effect::Reserve(_) | Effect::ReadStates(_)))
            {
                let more = match effects.remove(at) {
                    Effect::Reserve(_) => self.reserved(&[n], &[n]),
                    _ => self.state(n, "reserved"),
                };
                effects.extend(more);
            }
            if !effects.is_empty() {
                return effects;
            }
        }
        panic!("nothing happens");
    }
}

fn look(n: u128) -> Effect {
    Effect::LookLive { job: id(n), name: format!("buildkite-{n}"), events_of: None }
}

fn delete_pod(n: u128, why: Why) -> Step {
    Step::DeletePod { name: format!("buildkite-{n}-x"), uid: format!("pod-uid-{n}"), why }
}

fn delete_job(n: u128, why: Why) -> Step {
    Step::DeleteJob { name: format!("buildkite-{n}"), uid: format!("uid-{n}"), why }
}

fn remove(n: u128, step: Step) -> Effect {
    Effect::Remove { job: id(n), step }
}

fn failed_step() -> StepOutcome {
    StepOutcome::Failed { reason: "Unknown".into(), wait: None }
}

/// lifecycle F9
#[test]
fn a_cancelled_job_loses_its_pod_then_its_job_each_after_a_live_read() {
    let mut script = Script::open(1, []);
    script.pending(1);
    assert_eq!(script.state(1, "canceled"), [look(1)]);
    let step = delete_pod(1, Why::Ended);
    assert_eq!(script.live(1, Some(facts(1, None)), vec![pod(1)]), [remove(1, step.clone())]);
    let _ = script.advance(0.1);
    assert_eq!(script.step(1, step, StepOutcome::Done), [look(1)]);
    let step = delete_job(1, Why::Ended);
    assert_eq!(script.live(1, Some(facts(1, None)), vec![]), [remove(1, step.clone())]);
    assert_eq!(script.step(1, step, StepOutcome::Done), []);
    assert_eq!(script.in_flight(), [1], "until the Job is seen gone");
    for _ in 0..20 {
        assert_eq!(script.advance(60.0), [], "nothing is repeated");
    }
    let _ = script.event(Event::Job(Watched::Deleted(facts(1, None))));
    let _ = script.event(Event::Pod(Watched::Deleted(PodFacts { job: id(1), seen: pod(1) })));
    assert!(script.in_flight().is_empty() && !script.core.entries.contains_key(&id(1)));
}

/// lifecycle F9, X14
#[test]
fn reads_and_steps_that_fail_are_tried_again_until_they_stick() {
    let mut script = Script::open(1, []);
    script.pending(1);
    assert_eq!(script.state(1, "canceled"), [look(1)]);
    for _ in 0..8 {
        assert_eq!(script.event(Event::LookFailed { job: id(1), wait: None }), []);
        assert_eq!(script.advance(0.4), [], "not at once");
        assert_eq!(script.advance(60.0), [look(1)]);
    }
    let step = delete_pod(1, Why::Ended);
    let _ = script.live(1, Some(facts(1, None)), vec![pod(1)]);
    for _ in 0..8 {
        assert_eq!(script.step(1, step.clone(), failed_step()), []);
        assert_eq!(script.advance(60.0), [remove(1, step.clone())]);
    }
    let _ = script.step(1, step.clone(), StepOutcome::OtherObject);
    assert_eq!(script.advance(0.1), []);
}

/// lifecycle F9, X8
#[test]
fn one_step_at_a_time_whatever_else_happens_to_the_job() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.state(1, "canceled");
    assert_eq!(script.state(1, "canceled"), [], "a live read is on the wire");
    assert_eq!(script.pod(1, PodSeen { deleting: true, ..pod(1) }), []);
    let _ = script.live(1, Some(facts(1, None)), vec![pod(1)]);
    assert_eq!(script.event(Event::Job(Watched::Applied(facts(1, None)))), []);
    assert_eq!(script.state(1, "canceled"), [], "a step is on the wire");
}

/// lifecycle F9, C28
#[test]
fn an_answer_about_a_replaced_job_does_nothing_to_its_successor() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.state(1, "canceled");
    let successor = JobFacts { uid: "uid-2".into(), ..facts(1, None) };
    let _ = script.relist([successor]);
    assert_eq!(script.live(1, Some(facts(1, None)), vec![pod(1)]), []);
    assert_eq!(script.in_flight(), [1], "the successor is watched as before");
}

/// lifecycle F9: what a crashed predecessor left is found by the first look
#[test]
fn a_restart_goes_on_from_what_kubernetes_and_buildkite_show() {
    let mut script = Script::open(1, [facts(1, None)]);
    let _ = script.pod(1, pod(1));
    assert_eq!(script.state(1, "finished"), [look(1)]);
    let mut told = Script::open(1, [JobFacts { verdict_marked: true, ..facts(1, None) }]);
    let _ = told.pod(1, pod(1));
    assert_eq!(told.state(1, "finished"), [look(1)]);
    let step = remove(1, delete_pod(1, Why::Told));
    assert_eq!(told.live(1, Some(facts(1, None)), vec![pod(1)]), [step]);
}

/// lifecycle F9, P7
#[test]
fn a_controller_that_stops_removes_nothing() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.event(Event::Stop);
    assert_eq!(script.state(1, "canceled"), []);
}

/// lifecycle F7, F5: verdict first, clean-up second
#[test]
fn a_pod_that_stays_pending_is_told_about_and_then_deleted() {
    let mut script = Script::open(1, []);
    script.pending(1);
    assert_eq!(script.until_something_happens(1), [look(1)]);
    assert!(script.now - script.start >= Duration::from_secs(900));
    let effects = script.live(1, Some(facts(1, None)), vec![pod(1)]);
    let [Effect::Finish { verdict, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(verdict.code, "pending-timeout");
    let _ = script.advance(0.1);
    let mark =
        Effect::MarkVerdict { name: "buildkite-1".into(), uid: "uid-1".into(), code: "pending-timeout" };
    assert_eq!(script.told(1), [mark, look(1)]);
    let step = delete_pod(1, Why::Told);
    assert_eq!(script.live(1, Some(facts(1, None)), vec![pod(1)]), [remove(1, step.clone())]);
    let _ = script.step(1, step, StepOutcome::Done);
    let _ = script.event(Event::Pod(Watched::Deleted(PodFacts { job: id(1), seen: pod(1) })));
    assert!(script.event(Event::Job(Watched::Applied(facts(1, failed())))).is_empty(), "told already");
    assert!(script.in_flight().is_empty());
}

/// lifecycle F7: the agent took the job while the verdict was on its way
#[test]
fn a_verdict_that_comes_too_late_leads_to_nothing() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.until_something_happens(1);
    let _ = script.live(1, Some(facts(1, None)), vec![pod(1)]);
    let state = StateSeen::new(BuildkiteState::AgentOwned, script.now);
    let effects = script.event(Event::Finished { job: id(1), recorded: false, state });
    assert_eq!(effects, []);
    let _ = script.pod(1, PodSeen { agent: AgentSeen::Running, ..pod(1) });
    assert_eq!(script.advance(60.0), []);
}

/// lifecycle F5, F7: a verdict that did not arrive may have become untrue
#[test]
fn a_verdict_about_a_job_that_lives_is_decided_again_after_a_failure() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.until_something_happens(1);
    let _ = script.live(1, Some(facts(1, None)), vec![pod(1)]);
    let _ = script.advance(0.1);
    let retry_at = script.now + Duration::from_secs(10);
    let effects = script.event(Event::FinishFailed { job: id(1), retry_at });
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])]);
    let mut running = pod(1);
    running.agent = AgentSeen::Running;
    let _ = script.pod(1, running);
    assert_eq!(script.state(1, "reserved"), [], "the agent has started: nothing to tell any more");
}

/// lifecycle F7, 5.1: each try costs reads of state, Job and pods, so the pauses between them grow
#[test]
fn a_verdict_that_does_not_arrive_is_decided_again_ever_more_rarely() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let mut effects: VecDeque<Effect> = script.until_something_happens(1).into();
    let mut pauses = Vec::new();
    let mut begun = script.now;
    while pauses.len() < 7 {
        assert!(script.now < begun + Duration::from_secs(120), "{effects:?}");
        let answered = match effects.pop_front() {
            Some(Effect::ReadStates(_)) => script.state(1, "reserved"),
            Some(Effect::LookLive { .. }) => script.live(1, Some(facts(1, None)), vec![pod(1)]),
            Some(Effect::Reserve(_)) => script.reserved(&[1], &[1]),
            Some(Effect::Finish { job, .. }) => {
                pauses.push((script.now - begun).as_secs());
                begun = script.now;
                let retry_at = script.now + Duration::from_secs(1);
                script.event(Event::FinishFailed { job, retry_at })
            }
            other => {
                assert_eq!(other, None);
                script.advance(1.0)
            }
        };
        effects.extend(answered);
    }
    for (pause, most) in std::iter::zip(&pauses, [0, 5, 10, 20, 40, 60, 60]) {
        assert!((most / 2..=most).contains(pause), "{pauses:?}");
    }

    let retry_at = script.now + Duration::from_secs(2);
    let _ = script.event(Event::FinishHadNoTurn { job: id(1), retry_at });
    assert_eq!(script.core.entries[&id(1)].removal.not_before, Some(retry_at), "nobody was asked");
}

/// lifecycle F4, X13
#[test]
fn a_failed_init_container_is_told_once() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let _ = script.advance(1.0);
    let end = ContainerEnd {
        name: "setup".into(),
        role: ContainerRole::Init,
        exit_code: 2,
        signal: None,
        reason: "Error".into(),
        message: String::new(),
    };
    let broken = PodSeen { ended: vec![end], ..pod(1) };
    assert_eq!(script.pod(1, broken.clone()), [Effect::ReadStates(vec![id(1)])]);
    let effects = script.state(1, "reserved");
    assert!(
        matches!(&effects[..], [Effect::Finish { verdict, .. }] if verdict.code == "init-container-failed"),
        "{effects:?}"
    );
    let _ = script.advance(0.1);
    let retry_at = script.now + Duration::from_secs(5);
    assert_eq!(
        script.event(Event::FinishFailed { job: id(1), retry_at }),
        [Effect::ReadStates(vec![id(1)])],
        "its Job lives: once more from the start"
    );
    assert_eq!(script.state(1, "reserved"), [], "after a pause");
    assert!(matches!(&script.advance(5.0)[..], [Effect::Finish { .. }, ..]));
    assert_eq!(script.core.metrics.job_watcher.failed_before_acquire.get(), 1, "it is one verdict");
    assert_eq!(script.pod(1, PodSeen { over: true, ..broken }), []);
    assert_eq!(script.event(Event::Job(Watched::Applied(facts(1, failed())))), []);
    let _ = script.told(1);
    assert_eq!(script.advance(60.0), []);
}

/// lifecycle F5
#[test]
fn an_image_that_does_not_come_is_told_after_its_grace() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let wait = ContainerWait {
        name: "container-0".into(),
        role: ContainerRole::Ours,
        image: "app:1".into(),
        reason: "ImagePullBackOff".into(),
        message: String::new(),
    };
    let stuck = PodSeen { waiting: vec![wait], ..pod(1) };
    let since = script.now;
    assert_eq!(script.pod(1, stuck.clone()), []);
    assert_eq!(script.until_something_happens(1), [look(1)]);
    assert!(script.now - since >= Duration::from_secs(30) && script.now - since < Duration::from_secs(40));
    let effects = script.live(1, Some(facts(1, None)), vec![stuck]);
    assert!(matches!(&effects[..], [Effect::Finish { verdict, .. }] if verdict.code == "image-pull-failed"));
}

/// lifecycle F1
#[test]
fn a_job_without_a_pod_is_told_about_and_its_deadline_shortened() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let _ = script.started(1, exists(1));
    let mut podless = facts(1, None);
    podless.seen.has_pods = false;
    let _ = script.event(Event::Job(Watched::Applied(podless.clone())));
    let events = Effect::LookLive { job: id(1), name: "buildkite-1".into(), events_of: Some("uid-1".into()) };
    assert_eq!(script.until_something_happens(1), [events]);
    let effects = script.live(1, Some(podless.clone()), vec![]);
    assert!(matches!(&effects[..], [Effect::Finish { verdict, .. }] if verdict.code == "no-pod"));
    let _ = script.advance(0.1);
    assert!(script.told(1).contains(&look(1)));
    let shorten = Step::ShortenDeadline { name: "buildkite-1".into(), uid: "uid-1".into() };
    assert_eq!(script.live(1, Some(podless), vec![]), [remove(1, shorten.clone())]);
    assert_eq!(script.step(1, shorten, StepOutcome::Done), []);
    assert_eq!(script.in_flight(), [1], "until it has ended");
}

/// lifecycle D5
#[test]
fn a_finished_job_makes_room_for_another_attempt_three_times() {
    let mut script = Script::open(1, []);
    for room in 0..3 {
        script.run(1);
        let _ = script.pod(1, PodSeen { over: true, ..pod(1) });
        // The regular check may come first.
        let mut effects = script.advance(1.0);
        effects.extend(script.event(Event::Job(Watched::Applied(facts(1, failed())))));
        assert_eq!(effects, [Effect::ReadStates(vec![id(1)])], "room {room}");
        assert_eq!(script.state(1, "scheduled"), [look(1)]);
        let step = delete_job(1, Why::Room);
        assert_eq!(script.live(1, Some(facts(1, failed())), vec![]), [remove(1, step.clone())]);
        assert_eq!(script.step(1, step, StepOutcome::Done), []);
        let _ = script.event(Event::Job(Watched::Deleted(facts(1, failed()))));
        assert!(script.list([1]).is_empty(), "its old pod lives");
        let _ = script.event(Event::Pod(Watched::Deleted(PodFacts { job: id(1), seen: pod(1) })));
        let _ = script.advance(1.0);
    }
    script.run(1);
    let _ = script.advance(1.0);
    let _ = script.event(Event::Job(Watched::Applied(facts(1, failed()))));
    assert_eq!(script.state(1, "scheduled"), [reserve([1])], "the fourth is told about");
    let effects = script.reserved(&[1], &[1]);
    assert!(matches!(&effects[..], [Effect::Finish { .. }]), "{effects:?}");
}

/// lifecycle D5, X6
#[test]
fn the_pod_of_an_older_job_is_not_taken_for_the_new_ones() {
    let mut script = Script::open(1, []);
    script.run(1);
    let old = PodSeen { uid: "old".into(), owner: Some("uid-0".into()), agent: AgentSeen::Running, ..pod(1) };
    let _ = script.pod(1, old.clone());
    let _ = script.pod(1, pod(1));
    let _ = script.event(Event::Pod(Watched::Deleted(PodFacts { job: id(1), seen: old })));
    assert_eq!(script.state(1, "canceled"), [look(1)], "its own pod has not started");
}

/// lifecycle D4: another controller's Job has the name
#[test]
fn a_name_clash_is_not_counted_and_comes_back_after_its_pause() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    for _ in 0..12 {
        let _ = script.reserved(&[1], &[1]);
        let clash = StartOutcome::Postponed {
            error: "another controller's".into(),
            wait: Duration::from_secs(600),
            keep_reservation: false,
        };
        assert_eq!(script.started(1, clash), [], "no verdict");
        assert!(script.in_flight().is_empty() && !script.core.entries.contains_key(&id(1)));
        assert!(!script.advance(599.0).contains(&reserve([1])), "left alone, not renewed");
        assert_eq!(script.advance(1.0), [reserve([1])]);
    }
}

/// lifecycle D4, P6: it is hidden by a reservation that nobody wants any more
#[test]
fn a_job_whose_name_is_taken_has_not_left_the_list() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let clash = StartOutcome::Postponed {
        error: "another controller's".into(),
        wait: Duration::from_secs(1800),
        keep_reservation: false,
    };
    let _ = script.started(1, clash);
    for _ in 0..3 {
        let _ = script.advance(10.0);
        let _ = script.list([]);
        assert!(script.core.limiter.is_candidate(id(1)));
    }
    let _ = script.advance(900.0);
    assert_eq!(script.list([1]), [], "lapsed and listed again: its pause goes on");
    assert!(script.advance(870.0).contains(&reserve([1])));
}

/// lifecycle D1, D7: the list of scheduled jobs may come before that of Jobs
#[test]
fn a_job_that_was_listed_before_its_ended_job_was_seen_is_not_admitted() {
    let mut script = Script::new(1);
    let _ = script.list([1]);
    let _ = script.relist([facts(1, failed())]);
    let _ = script.event(Event::Pod(Watched::ListStarted));
    let effects = script.event(Event::Pod(Watched::ListDone));
    assert!(!effects.contains(&reserve([1])), "{effects:?}");
    assert!(script.in_flight().is_empty() && !script.core.limiter.is_candidate(id(1)));
    let _ = script.advance(1.0);
    assert_eq!(script.state(1, "scheduled"), [look(1)], "it makes room first (D5)");
}

/// lifecycle D5: what is left of the attempt before
#[test]
fn the_end_of_an_older_job_is_no_verdict_about_the_attempt_under_way() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let old = JobFacts { uid: "uid-0".into(), ..facts(1, failed()) };
    let _ = script.event(Event::Job(Watched::Applied(old.clone())));
    let until = script.now + LIFETIME;
    assert_eq!(script.reserved(&[1], &[1]), [start(1, until)]);
    assert_eq!(script.state(1, "reserved"), [], "the attempt decides");
    let _ = script.event(Event::Job(Watched::Deleted(old)));
    let _ = script.started(1, exists(1));
    let _ = script.event(Event::Job(Watched::Applied(facts(1, None))));
    assert_eq!(script.in_flight(), [1]);
}

/// lifecycle F9: an answer to an older question does not overrule a newer one
#[test]
fn answers_that_overtake_each_other_are_put_in_order() {
    let mut script = Script::open(1, []);
    script.pending(1);
    let asked_at = script.now;
    let _ = script.advance(0.1);
    assert_eq!(script.state(1, "canceled"), [look(1)]);
    let states = [(id(1), "reserved".to_owned())].into();
    let _ = script.event(Event::States { asked: vec![id(1)], asked_at, states });
    let step = remove(1, delete_pod(1, Why::Ended));
    assert_eq!(script.live(1, Some(facts(1, None)), vec![pod(1)]), [step]);
}

/// lifecycle L11, F9: a watch that is behind holds no slot once a live read has shown the end
#[test]
fn a_live_read_that_finds_the_job_gone_or_ended_is_as_good_as_the_watch() {
    let mut gone = Script::open(1, []);
    gone.pending(1);
    let _ = gone.event(Event::Pod(Watched::Deleted(PodFacts { job: id(1), seen: pod(1) })));
    let _ = gone.state(1, "canceled");
    let _ = gone.advance(0.1);
    let _ = gone.live(1, None, vec![]);
    assert!(gone.in_flight().is_empty() && !gone.core.entries.contains_key(&id(1)));

    let mut ended = Script::open(1, []);
    ended.pending(1);
    let _ = ended.state(1, "canceled");
    let _ = ended.advance(0.1);
    assert_eq!(ended.live(1, Some(facts(1, failed())), vec![]), []);
    assert!(ended.in_flight().is_empty(), "over, and left to TTL");
    let _ = ended.event(Event::Job(Watched::Applied(facts(1, None))));
    assert!(ended.in_flight().is_empty(), "an end is never undone, whatever a late event shows");

    let mut newer = Script::open(1, []);
    newer.pending(1);
    let _ = newer.state(1, "canceled");
    let asked_at = newer.now;
    let _ = newer.advance(1.0);
    let successor = JobFacts { uid: "uid-2".into(), ..facts(1, None) };
    let _ = newer.event(Event::Job(Watched::Deleted(facts(1, None))));
    let _ = newer.event(Event::Job(Watched::Applied(successor)));
    let live = LiveSeen { asked_at, answered_at: asked_at, job: None, pods: vec![], quota: false };
    let _ = newer.event(Event::LookedLive { job: id(1), live });
    assert_eq!(newer.in_flight(), [1], "made after the question was sent");
}
