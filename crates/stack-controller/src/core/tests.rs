//! The core driven by scripts of events, with time as a number of seconds.

mod failures;
mod replayed;
mod reserved;

use std::{num::NonZeroUsize, sync::Arc};

use job_lifecycle::{AgentSeen, JobEnd, JobSeen, PodSeen, Verdict};
use limiter::{ListedJob, ListingEnd};
use prometheus_client::registry::Registry;

use super::{
    event::{JobFacts, PodFacts, StartOutcome, Watched},
    *,
};

const LIFETIME: Duration = Duration::from_secs(900);

/// A core with its clock.
struct Script {
    core: Core,
    start: Instant,
    now: Instant,
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn facts(n: u128, end: Option<JobEnd>) -> JobFacts {
    JobFacts {
        job: id(n),
        uid: format!("uid-{n}"),
        seen: JobSeen {
            namespace: "ci".into(),
            name: format!("buildkite-{n}"),
            started: true,
            has_pods: true,
            pods_ended: end.is_some(),
            end,
            ..JobSeen::default()
        },
        verdict_marked: false,
    }
}

/// A pod whose containers have not started.
fn pod(n: u128) -> PodSeen {
    PodSeen {
        uid: format!("pod-uid-{n}"),
        owner: Some(format!("uid-{n}")),
        name: format!("buildkite-{n}-x"),
        ..PodSeen::default()
    }
}

fn failed() -> Option<JobEnd> {
    Some(JobEnd::Failed { reason: "BackoffLimitExceeded".into(), message: String::new() })
}

fn exists(n: u128) -> StartOutcome {
    StartOutcome::Exists { uid: format!("uid-{n}"), adopted: false }
}

impl Script {
    fn new(limit: usize) -> Self {
        Self::with_limits(Limits { max_in_flight: NonZeroUsize::new(limit), ..Limits::default() })
    }

    fn with_limits(limits: Limits) -> Self {
        let settings = CoreSettings {
            limits,
            reservation_lifetime: LIFETIME,
            state_check_interval: Duration::from_secs(5),
            patience: Patience::default(),
        };
        let start = Instant::now();
        let metrics = Metrics::register(&mut Registry::default());
        Self { core: Core::new(settings, metrics, 1, start), start, now: start }
    }

    /// A core whose watches have shown these Jobs.
    fn open(limit: usize, jobs: impl IntoIterator<Item = JobFacts>) -> Self {
        let mut script = Self::new(limit);
        script.show_lists(jobs);
        script
    }

    fn show_lists(&mut self, jobs: impl IntoIterator<Item = JobFacts>) {
        self.relist(jobs);
        self.event(Event::Pod(Watched::ListStarted));
        self.event(Event::Pod(Watched::ListDone));
    }

    fn relist(&mut self, jobs: impl IntoIterator<Item = JobFacts>) -> Vec<Effect> {
        let mut effects = self.event(Event::Job(Watched::ListStarted));
        for job in jobs {
            effects.extend(self.event(Event::Job(Watched::Listed(job))));
        }
        effects.extend(self.event(Event::Job(Watched::ListDone)));
        effects
    }

    fn event(&mut self, event: Event) -> Vec<Effect> {
        self.core.on_event(event, self.now)
    }

    fn advance(&mut self, seconds: f64) -> Vec<Effect> {
        self.now += Duration::from_secs_f64(seconds);
        self.core.on_timer(self.now)
    }

    fn list(&mut self, jobs: impl IntoIterator<Item = u128>) -> Vec<Effect> {
        let jobs = jobs.into_iter().map(|n| ListedJob::new(id(n))).collect();
        let listing = Listing { asked_at: self.now, jobs, end: ListingEnd::Complete, paused: false };
        self.event(Event::Listed(listing))
    }

    fn reserved(&mut self, asked: &[u128], reserved: &[u128]) -> Vec<Effect> {
        let ids = |numbers: &[u128]| numbers.iter().map(|n| id(*n)).collect();
        self.event(Event::Reserved { asked: ids(asked), reserved: ids(reserved), until: self.now + LIFETIME })
    }

    fn started(&mut self, n: u128, outcome: StartOutcome) -> Vec<Effect> {
        self.event(Event::Started { job: id(n), outcome })
    }

    fn state(&mut self, n: u128, word: &str) -> Vec<Effect> {
        let states = [(id(n), word.to_owned())].into();
        self.event(Event::States { asked: vec![id(n)], asked_at: self.now, states })
    }

    /// Buildkite takes the verdict.
    fn told(&mut self, n: u128) -> Vec<Effect> {
        let state = StateSeen::new(BuildkiteState::Ended, self.now);
        self.event(Event::Finished { job: id(n), recorded: true, state })
    }

    fn pod(&mut self, n: u128, seen: PodSeen) -> Vec<Effect> {
        self.event(Event::Pod(Watched::Applied(PodFacts { job: id(n), seen })))
    }

    fn in_flight(&self) -> Vec<u128> {
        self.core.limiter.in_flight().iter().map(Uuid::as_u128).collect()
    }

    /// A job on its way: listed, reserved, created, seen.
    fn run(&mut self, n: u128) {
        let _ = self.list([n]);
        let _ = self.reserved(&[n], &[n]);
        let _ = self.started(n, exists(n));
        let _ = self.event(Event::Job(Watched::Applied(facts(n, None))));
    }
}

fn reserve(jobs: impl IntoIterator<Item = u128>) -> Effect {
    Effect::Reserve(jobs.into_iter().map(id).collect())
}

fn start(n: u128, reserved_until: Instant) -> Effect {
    Effect::Start { job: id(n), priority: 0, agent_query_rules: Arc::new([]), reserved_until }
}

/// lifecycle L4, L16, D7
#[test]
fn existing_jobs_are_charged_before_anything_is_admitted() {
    let mut script = Script::new(2);
    assert_eq!(script.list([10, 11]), []);
    let effects = script.relist([facts(1, None), facts(2, failed())]);
    assert_eq!(effects, [Effect::ReadStates(vec![id(1)])], "Pods are not listed yet");
    let _ = script.event(Event::Pod(Watched::ListStarted));
    assert_eq!(script.event(Event::Pod(Watched::ListDone)), [reserve([10])]);
    assert_eq!(script.in_flight(), [1, 10]);
}

/// lifecycle V2, L2, D1
#[test]
fn a_job_goes_from_slot_to_reservation_to_creation_to_its_end() {
    let mut script = Script::open(1, []);
    assert_eq!(script.list([1, 2]), [reserve([1])], "one slot, one reservation");
    let until = script.now + LIFETIME;
    assert_eq!(script.reserved(&[1], &[1]), [start(1, until)]);
    assert_eq!(script.started(1, exists(1)), []);
    assert_eq!(script.in_flight(), [1], "the watch has not shown it, the slot is taken all the same");
    let effects = script.event(Event::Job(Watched::Applied(facts(1, None))));
    assert_eq!(effects, [], "that it is reserved is known");
    let _ = script.state(1, "running");
    let _ = script.advance(1.0);
    let effects = script.event(Event::Job(Watched::Applied(facts(1, Some(JobEnd::Complete)))));
    assert_eq!(effects, [reserve([2])], "the slot is free");
    let _ = script.list([1]);
    assert!(!script.core.limiter.is_candidate(id(1)), "present until its Job is gone (D1)");
    let _ = script.event(Event::Job(Watched::Deleted(facts(1, Some(JobEnd::Complete)))));
    assert!(!script.core.entries.contains_key(&id(1)));
}

/// lifecycle V4
#[test]
fn a_job_that_somebody_else_took_frees_its_slot() {
    let mut script = Script::open(1, []);
    let _ = script.list([1, 2]);
    assert_eq!(script.reserved(&[1], &[]), []);
    assert_eq!(script.advance(0.2), [reserve([2])], "the next reserve call waits for its turn");
    assert_eq!(script.in_flight(), [2]);
}

/// lifecycle L9, F8
#[test]
fn a_refused_job_frees_its_slot_and_gets_one_verdict_that_is_sent_until_it_arrives() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    let verdict = Verdict::invalid_job("E-39: no command");
    let finish = Effect::Finish { job: id(1), verdict: verdict.clone(), job_uid: None };
    assert_eq!(script.started(1, StartOutcome::Refused { verdict }), [finish]);
    assert!(script.in_flight().is_empty());
    let _ = script.advance(1.0);
    let retry_at = script.now + Duration::from_secs(2);
    assert_eq!(script.event(Event::FinishFailed { job: id(1), retry_at }), []);
    assert_eq!(script.advance(2.0), [Effect::ReadStates(vec![id(1)])], "is it still ours to end?");
    assert!(!script.core.limiter.is_candidate(id(1)), "present while the verdict is under way");
    assert!(matches!(script.state(1, "reserved")[..], [Effect::Finish { .. }]));
    assert_eq!(script.told(1), []);
    assert!(!script.core.entries.contains_key(&id(1)));
}

/// lifecycle F8, F3
#[test]
fn a_verdict_that_could_not_be_delivered_is_dropped_when_the_job_is_not_ours_any_more() {
    for word in ["running", "canceled", "a word from the future"] {
        let mut script = Script::open(1, []);
        let _ = script.list([1]);
        let _ = script.reserved(&[1], &[1]);
        let verdict = Verdict::invalid_job("E-39: no command");
        let _ = script.started(1, StartOutcome::Refused { verdict });
        let retry_at = script.now + Duration::from_secs(2);
        let _ = script.event(Event::FinishFailed { job: id(1), retry_at });
        assert_eq!(script.state(1, word), [], "{word}");
        assert!(!script.core.entries.contains_key(&id(1)), "{word}");
    }
}

/// lifecycle V5
#[test]
fn a_reservation_is_kept_while_a_verdict_or_a_create_takes_its_time() {
    let mut script = Script::open(2, []);
    let _ = script.list([1, 2]);
    let _ = script.reserved(&[1, 2], &[1, 2]);
    let verdict = Verdict::invalid_job("E-39: no command");
    let _ = script.started(1, StartOutcome::Refused { verdict });
    assert!(!script.advance(599.0).iter().any(|effect| matches!(effect, Effect::Reserve(_))));
    assert!(script.advance(2.0).contains(&reserve([1, 2])));
}

/// lifecycle V6
#[test]
fn a_reservation_that_is_too_short_to_create_with_is_made_again_and_not_counted() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    for _ in 0..20 {
        let _ = script.reserved(&[1], &[1]);
        let _ = script.started(1, StartOutcome::ReservationTooShort);
        assert_eq!(script.advance(1.0), [reserve([1])]);
        assert_eq!(script.in_flight(), [1]);
    }
}

/// lifecycle D4, P8
#[test]
fn a_fault_that_is_not_the_jobs_is_never_counted() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let _ = script.reserved(&[1], &[1]);
    for _ in 0..30 {
        let until = script.now + LIFETIME;
        let wait = Duration::from_secs(30);
        let postponed = StartOutcome::Postponed { error: "forbidden".into(), wait, keep_reservation: true };
        assert_eq!(script.started(1, postponed), []);
        assert!(script.in_flight().is_empty());
        let effects = script.advance(30.0);
        if effects.contains(&reserve([1])) {
            let _ = script.reserved(&[1], &[1]);
        }
        assert!(script.in_flight() == [1], "{effects:?} until {until:?}");
    }
    let clash = StartOutcome::Postponed {
        error: "another controller's".into(),
        wait: Duration::from_secs(600),
        keep_reservation: false,
    };
    let _ = script.started(1, clash);
    assert_eq!(script.core.limiter.reserved_candidates().count(), 0, "left to others meanwhile");
}

/// lifecycle P5
#[test]
fn a_pause_takes_back_what_is_not_reserved_yet() {
    let mut script = Script::open(3, []);
    let _ = script.list([1]);
    let _ = script.list([1, 2]);
    assert_eq!(script.in_flight(), [1, 2]);
    let listing = Listing {
        asked_at: script.now,
        jobs: vec![ListedJob::new(id(2))],
        end: ListingEnd::Complete,
        paused: true,
    };
    assert_eq!(script.event(Event::Listed(listing)), []);
    assert_eq!(script.in_flight(), [1], "on the wire already; 2 waits for the end of the pause");
    let until = script.now + LIFETIME;
    assert_eq!(script.reserved(&[1], &[1]), [start(1, until)], "dispatched before the pause");
}

/// lifecycle P8, C2
#[test]
fn a_failed_attempt_comes_back_with_its_reservation_and_ends_in_a_verdict() {
    let mut script = Script::open(1, []);
    let _ = script.list([1]);
    let until = script.now + LIFETIME;
    let _ = script.reserved(&[1], &[1]);
    for attempt in 1..10 {
        let effects = script.started(1, StartOutcome::Retry { error: "quota".into() });
        assert_eq!(effects, [], "attempt {attempt}");
        assert!(script.in_flight().is_empty(), "the slot came back");
        assert_eq!(script.advance(61.0), [start(1, until)], "no second reservation is needed");
    }
    let effects = script.started(1, StartOutcome::Retry { error: "quota".into() });
    assert!(matches!(&effects[..], [Effect::Finish { verdict, .. }] if verdict.code == "start-failed"));
}

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
    let _ = script.event(Event::Located { job: id(1), uid: None });
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
