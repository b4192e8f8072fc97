//! Looks at jobs in each circumstance that the built rules know.

use super::*;
use crate::{AgentSeen, JobEnd, matrix::Unbuilt};

const LIFETIME: Duration = Duration::from_secs(900);
const UID: &str = "uid-1";

struct Case {
    job: JobSeen,
    pod: Option<PodSeen>,
    agent_started: bool,
    ended_at: Option<Instant>,
    state: Option<StateSeen>,
    reserved_until: Option<Instant>,
    verdict: VerdictProgress,
}

impl Case {
    fn new(state: Option<StateSeen>) -> Self {
        Self {
            job: JobSeen::default(),
            pod: None,
            agent_started: false,
            ended_at: None,
            state,
            reserved_until: None,
            verdict: VerdictProgress::None,
        }
    }

    fn failed(mut self, ended_at: Instant) -> Self {
        self.job.end = Some(JobEnd::Failed { reason: "BackoffLimitExceeded".into(), message: String::new() });
        self.ended_at = Some(ended_at);
        self
    }

    fn decide(&self, now: Instant) -> Decision {
        decide(
            &Observed {
                job: &self.job,
                uid: UID,
                ended_at: self.ended_at,
                podless_since: None,
                pod: self.pod.as_ref(),
                pod_clocks: None,
                agent_started: self.agent_started,
                state: self.state,
                live: None,
                facts_since: None,
                removed_pod: None,
                job_handled: false,
                rooms_made: 0,
                reserved_until: self.reserved_until,
                reservation_lifetime: LIFETIME,
                verdict: self.verdict,
                patience: &Patience::default(),
            },
            now,
        )
    }
}

fn seen(state: BuildkiteState, asked_at: Instant) -> Option<StateSeen> {
    Some(StateSeen::new(state, asked_at))
}

/// lifecycle L3, L7
#[test]
fn a_job_holds_its_slot_until_a_terminal_condition() {
    let now = Instant::now();
    let active = Case::new(seen(BuildkiteState::AgentOwned, now));
    assert!(active.decide(now).holds_slot);
    assert!(!active.failed(now).decide(now).holds_slot);
}

/// lifecycle F2, F3, F3b
#[test]
fn a_job_that_failed_before_its_agent_acquired_gets_a_verdict_after_a_fresh_read() {
    let ended_at = Instant::now();
    let later = ended_at + Duration::from_secs(1);
    let earlier = ended_at.checked_sub(Duration::from_secs(1)).expect("the clock is past its first second");

    let stale = Case::new(seen(BuildkiteState::Reserved, earlier)).failed(ended_at);
    assert_eq!(stale.decide(later).action, Some(Action::ReadState));

    let mut fresh = Case::new(seen(BuildkiteState::Reserved, later)).failed(ended_at);
    assert_eq!(fresh.decide(later).action, Some(Action::Reserve), "`reserved` by whom?");
    fresh.reserved_until = Some(later);
    assert_eq!(fresh.decide(later).action, Some(Action::Reserve), "lapsed: it may be somebody else's by now");
    fresh.reserved_until = Some(later + LIFETIME);
    let Some(Action::Finish(verdict)) = fresh.decide(later).action else { panic!("no verdict") };
    assert_eq!(verdict.code, "ended-without-pod");
    fresh.job.pods_ended = true;
    let Some(Action::Finish(verdict)) = fresh.decide(later).action else { panic!("no verdict") };
    assert_eq!(verdict.code, "pod-failed");

    let mut exited = Case::new(seen(BuildkiteState::Reserved, later)).failed(ended_at);
    exited.agent_started = true;
    exited.reserved_until = Some(later + LIFETIME);
    exited.pod = Some(PodSeen { agent: AgentSeen::Terminated { exit_code: 1 }, ..PodSeen::default() });
    let Some(Action::Finish(verdict)) = exited.decide(later).action else { panic!("no verdict") };
    assert_eq!(verdict.code, "agent-exited");
}

/// lifecycle F3
#[test]
fn whatever_could_still_change_is_asked_again_after_the_end() {
    let asked_at = Instant::now();
    let ended_at = asked_at + Duration::from_secs(1);
    for state in BuildkiteState::ALL {
        let decision = Case::new(seen(state, asked_at)).failed(ended_at).decide(ended_at);
        let wanted = (!state.is_past_us()).then_some(Action::ReadState);
        assert_eq!(decision.action, wanted, "{state:?}");
    }
}

/// lifecycle F3
#[test]
fn no_other_state_and_no_second_time_leads_to_a_verdict() {
    let now = Instant::now();
    for state in BuildkiteState::ALL.into_iter().filter(|state| *state != BuildkiteState::Reserved) {
        let decision = Case::new(seen(state, now)).failed(now).decide(now);
        assert!(!matches!(decision.action, Some(Action::Finish(_))), "{state:?}");
    }
    for verdict in [VerdictProgress::Pending, VerdictProgress::Delivered] {
        let mut case = Case::new(seen(BuildkiteState::Reserved, now)).failed(now);
        case.verdict = verdict;
        assert_eq!(case.decide(now).action, None);
    }
}

/// lifecycle V5
#[test]
fn a_reservation_is_renewed_at_a_third_and_made_again_when_it_lapsed() {
    let now = Instant::now();
    let mut reserved = Case::new(seen(BuildkiteState::Reserved, now));
    reserved.reserved_until = Some(now + LIFETIME);
    let decision = reserved.decide(now);
    assert_eq!((decision.action, decision.look_again), (None, Some(now + Duration::from_secs(600))));
    assert_eq!(reserved.decide(now + Duration::from_secs(600)).action, Some(Action::Reserve));

    let unknown = Case::new(seen(BuildkiteState::Reserved, now));
    assert_eq!(unknown.decide(now).action, Some(Action::Reserve), "the end is not known after a restart");
    let lapsed = Case::new(seen(BuildkiteState::Scheduled, now));
    assert_eq!(lapsed.decide(now).action, Some(Action::Reserve));
    let owned = Case::new(seen(BuildkiteState::AgentOwned, now));
    assert_eq!(owned.decide(now).action, None, "an agent has it: no reservation is needed");
}

/// lifecycle F9: whatever ends a job before our agent has it must be noticed
#[test]
fn the_state_is_polled_until_our_agent_has_the_job_or_the_job_is_over() {
    use BuildkiteState as S;
    let now = Instant::now();
    let polled = |pod: Option<PodSeen>| -> Vec<S> {
        let case = |state| Case { pod: pod.clone(), ..Case::new(seen(state, now)) };
        S::ALL.into_iter().filter(|state| case(*state).decide(now).poll_state).collect()
    };
    let until_ended =
        [S::Scheduled, S::Reserved, S::AgentOwned, S::WindingDown, S::Absent, S::NotRunnable, S::Unknown];
    assert_eq!(polled(None), until_ended);
    assert_eq!(polled(Some(PodSeen::default())), until_ended);
    let running = PodSeen { agent: AgentSeen::Running, ..PodSeen::default() };
    assert_eq!(polled(Some(running)), [S::Scheduled, S::Reserved, S::Absent, S::NotRunnable]);
    let unknown_yet = Case::new(None).decide(now);
    assert!(unknown_yet.poll_state);
    assert_eq!(unknown_yet.action, Some(Action::ReadState));
    assert!(!Case::new(seen(S::Reserved, now)).failed(now).decide(now).poll_state);
}

/// lifecycle 1.8, V5, F10: an agent that ended without the job, and containers that run on
#[test]
fn a_job_that_waits_for_an_unbuilt_rule_stays_reserved() {
    let now = Instant::now();
    let mut case = Case::new(Some(StateSeen::new(BuildkiteState::Reserved, now)));
    case.job.started = true;
    case.job.has_pods = true;
    case.agent_started = true;
    case.pod = Some(PodSeen { agent: AgentSeen::Terminated { exit_code: 0 }, ..PodSeen::default() });
    case.reserved_until = Some(now + LIFETIME);
    let decision = case.decide(now);
    assert_eq!((decision.action, decision.waiting_for), (None, Some(Unbuilt::F10)));
    assert_eq!(decision.look_again, Some(now + LIFETIME * 2 / 3));
    let due = case.decide(now + LIFETIME * 2 / 3);
    assert_eq!((due.action, due.waiting_for), (Some(Action::Reserve), Some(Unbuilt::F10)));
}
