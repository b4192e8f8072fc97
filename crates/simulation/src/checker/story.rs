//! Small histories for the tests of the rules, told in the words of the simulators' records.

use std::time::Duration;

use buildkite_sim::{Actor, Held, JobState, What};
use cluster_sim::Verb;
use jiff::Timestamp;
use uuid::Uuid;

use super::expected::Expected;
use super::seen::{ContainerSeen, Event, JobSeen, Life, PodSeen, Seen, World, Writer, Written};
use super::{Checker, Violation};
use crate::facts::{CONTROLLER_ID, Facts};
use crate::plan::{Fate, FaultKind, JobPlan, Side, Site, Weather};

/// A history under way. Every sentence takes a tenth of a second, so that nothing is a race unless it says so.
pub(super) struct Story {
    checker: Checker,
    now: Timestamp,
    life: Life,
    late: bool,
    at_once: bool,
    outcome: Result<(), Violation>,
}

const LIFETIME: Duration = Duration::from_secs(900);
/// What a sentence takes.
const SENTENCE: Duration = Duration::from_millis(100);

impl Story {
    /// One controller with 25 slots, in a calm.
    pub(super) fn new() -> Self {
        Self::with_limit(25)
    }

    /// The same, where a request takes up to this long to arrive.
    pub(super) fn with_latency(latency: Duration) -> Self {
        let mut story = Self::new();
        story.checker.books.facts.site.latency = latency;
        story
    }

    pub(super) fn with_limit(limit: usize) -> Self {
        let now: Timestamp = "2026-09-02T08:15:00Z".parse().unwrap();
        let site = Site {
            limit,
            instances: 1,
            lease: false,
            reservation_expiry: LIFETIME,
            job_ttl: Duration::from_secs(30),
            creation_concurrency: 25,
            pod_pending: Duration::from_secs(90),
            image_pull_backoff: Duration::from_secs(30),
            empty_job: Duration::from_secs(30),
            page_size: 1000,
            state_check_interval: Duration::from_secs(5),
            history_limit: 250,
            job_controller_delay: Duration::from_millis(20),
            agent_lost_after: Duration::from_secs(180),
            latency: Duration::ZERO,
            weather: Weather::default(),
        };
        let facts = Facts { start: now, site, calm_at: now, poll_interval: Duration::from_secs(1) };
        let checker = Checker::new(&facts);
        let mut story = Self { checker, now, life: Life(0, 0), late: false, at_once: false, outcome: Ok(()) };
        story.world(World::Started { life: Life(0, 0), limit: Some(limit) });
        story
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The books are what a Buildkite of these jobs and an empty cluster would say.
    #[track_caller]
    pub(super) fn agrees_with(&self, held: &[Held]) {
        assert_eq!(self.checker.recount(&[], &[], held, self.now), Ok(()));
    }

    #[track_caller]
    pub(super) fn differs_from(&self, held: &[Held], in_what: &str) {
        let told = self.checker.recount(&[], &[], held, self.now).unwrap_err().message;
        assert!(told.contains(in_what), "{told}");
    }

    #[track_caller]
    pub(super) fn clean(&self) {
        assert_eq!(self.outcome, Ok(()));
    }

    #[track_caller]
    pub(super) fn broken(&self, rule: &str) {
        assert_eq!(self.outcome.as_ref().map_err(|violation| violation.rule), Err(rule));
    }

    #[track_caller]
    pub(super) fn clean_at_the_end(mut self) {
        self.clean();
        assert_eq!(self.checker.end(self.now), Ok(()));
    }

    #[track_caller]
    pub(super) fn broken_at_the_end(mut self, rule: &str) {
        self.clean();
        assert_eq!(self.checker.end(self.now).map_err(|violation| violation.rule), Err(rule));
    }

    fn tell(&mut self, event: Event) -> &mut Self {
        if self.outcome.is_ok() {
            if !self.at_once {
                self.now += SENTENCE;
            }
            self.checker.pending.push(Seen { at: self.now, event });
            self.outcome = self.checker.step(self.now);
        }
        self
    }

    fn world(&mut self, world: World) -> &mut Self {
        self.tell(Event::World(world))
    }

    fn state(&mut self, job: u128, to: JobState, by: Actor) -> &mut Self {
        let job = id(job);
        let from = self.checker.books.job(job).map_or(JobState::Waiting, |entry| entry.state);
        self.tell(Event::Buildkite(What::State { job, from, to, by }))
    }

    fn writer(&mut self) -> Writer {
        if std::mem::take(&mut self.late) { Writer::Late(self.life) } else { Writer::Controller(self.life) }
    }

    fn job(&mut self, verb: Verb, by: Writer, change: impl FnOnce(&mut JobSeen), job: u128) -> &mut Self {
        let mut object = JobSeen {
            uid: job_uid(job),
            job: id(job),
            ours: true,
            finished: false,
            deleting: false,
            deadline: Some(3600),
        };
        change(&mut object);
        self.tell(Event::Job(Written { verb, by, precondition: true, object }))
    }

    /// Time passes in silence.
    pub(super) fn wait(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    /// Time passes, and the judge looks every second.
    pub(super) fn passing(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            if self.outcome.is_ok() {
                self.now += Duration::from_secs(1);
                self.outcome = self.checker.step(self.now);
            }
        }
        self
    }

    /// The controller starts anew with another limit.
    pub(super) fn restart(&mut self, limit: usize) -> &mut Self {
        let life = self.life;
        self.world(World::Ended { life });
        self.life = Life(life.0, life.1 + 1);
        let life = self.life;
        self.world(World::Started { life, limit: Some(limit) })
    }

    /// Whatever is told in here happens at one moment.
    pub(super) fn at_once(&mut self, tell: impl FnOnce(&mut Self)) -> &mut Self {
        self.now += SENTENCE;
        self.at_once = true;
        tell(self);
        self.at_once = false;
        self
    }

    /// The controller is asked to stop.
    pub(super) fn asked_to_stop(&mut self) -> &mut Self {
        let instance = self.life.0;
        self.world(World::StopAsked { instance })
    }

    /// The next write comes long after it was given up.
    pub(super) fn late(&mut self) -> &mut Self {
        self.late = true;
        self
    }

    pub(super) fn lease(&mut self, instance: usize, life: u32) -> &mut Self {
        self.tell(Event::Lease(Some(Life(instance, life))))
    }

    pub(super) fn fault_on_buildkite(&mut self) -> &mut Self {
        self.world(World::Fault { side: Side::Buildkite, kind: FaultKind::LostAnswer })
    }

    pub(super) fn fault_on_kubernetes(&mut self) -> &mut Self {
        self.world(World::Fault { side: Side::Kubernetes, kind: FaultKind::LostAnswer })
    }

    pub(super) fn hang_on_buildkite(&mut self) -> &mut Self {
        self.world(World::Fault { side: Side::Buildkite, kind: FaultKind::Hang })
    }

    /// A request of the controller is under way for longer than it waits.
    pub(super) fn late_request_to_buildkite(&mut self) -> &mut Self {
        self.world(World::Fault { side: Side::Buildkite, kind: FaultKind::LateRequest })
    }

    /// A watch of the controller tells nothing any more, until it is given up.
    pub(super) fn silent_watch(&mut self) -> &mut Self {
        self.world(World::Fault { side: Side::Kubernetes, kind: FaultKind::WatchSilent })
    }

    /// The Job controller does nothing for so long.
    pub(super) fn stalled(&mut self, seconds: u64) -> &mut Self {
        self.world(World::JobControllerStalls { lasts: Duration::from_secs(seconds) })
    }

    pub(super) fn outage(&mut self, seconds: u64) -> &mut Self {
        self.world(World::Disturbed { side: Side::Buildkite, lasts: Duration::from_secs(seconds) })
    }

    pub(super) fn paused(&mut self) -> &mut Self {
        self.tell(Event::Buildkite(What::Paused { queue: "kubernetes".into(), paused: true }))
    }

    pub(super) fn polled(&mut self, paused: bool) -> &mut Self {
        self.shown(true, paused)
    }

    /// One page of the list is read.
    pub(super) fn page(&mut self, end: bool) -> &mut Self {
        self.shown(end, false)
    }

    fn shown(&mut self, end: bool, paused: bool) -> &mut Self {
        let stack = CONTROLLER_ID.into();
        self.tell(Event::Buildkite(What::Listed { stack, count: 1, end, paused }))
    }

    /// The job can be had, and runs well unless its fate was told before.
    pub(super) fn listed(&mut self, job: u128) -> &mut Self {
        self.fate(job, Fate::Runs { lasts: Duration::from_secs(1), code: 0 }, false);
        self.state(job, JobState::Scheduled, Actor::Operator)
    }

    fn fate(&mut self, job: u128, fate: Fate, probe: bool) -> &mut Self {
        self.created(job, 0, fate, probe)
    }

    fn created(&mut self, job: u128, priority: i64, fate: Fate, probe: bool) -> &mut Self {
        let expected = Expected::of(&JobPlan::new(fate, Duration::ZERO), Duration::from_secs(90));
        self.world(World::Created { job: id(job), priority, expected, probe })
    }

    /// It goes before all others.
    pub(super) fn urgent(&mut self, job: u128) -> &mut Self {
        self.of_priority(job, 5)
    }

    pub(super) fn of_priority(&mut self, job: u128, priority: i64) -> &mut Self {
        self.created(job, priority, Fate::Runs { lasts: Duration::from_secs(1), code: 0 }, false)
    }

    /// Somebody gives it another priority.
    pub(super) fn reprioritized(&mut self, job: u128, priority: i64) -> &mut Self {
        self.world(World::Reprioritized { job: id(job), priority })
    }

    pub(super) fn probe(&mut self, jobs: impl IntoIterator<Item = u128>) -> &mut Self {
        for job in jobs {
            self.fate(job, Fate::Runs { lasts: Duration::from_secs(60), code: 0 }, true);
        }
        self
    }

    /// Its agent ends before it has acquired the job.
    pub(super) fn fails_to_start(&mut self, job: u128) -> &mut Self {
        self.fate(job, Fate::AgentDies { code: 27 }, false)
    }

    /// Its image cannot be pulled.
    pub(super) fn stuck(&mut self, job: u128) -> &mut Self {
        self.fate(job, Fate::ImagePull { reason: "ErrImagePull", recovers_after: None }, false)
    }

    /// We hold it.
    pub(super) fn reserved(&mut self, job: u128) -> &mut Self {
        if self.checker.books.job(id(job)).is_none_or(|entry| entry.state != JobState::Scheduled) {
            self.listed(job);
        }
        self.state(job, JobState::Reserved, Actor::Stack(CONTROLLER_ID.into()));
        self.hold(job, false)
    }

    pub(super) fn renewed(&mut self, job: u128) -> &mut Self {
        self.hold(job, true)
    }

    fn hold(&mut self, job: u128, renewed: bool) -> &mut Self {
        let until = self.now + LIFETIME + if self.at_once { Duration::ZERO } else { SENTENCE };
        self.tell(Event::Buildkite(What::Reserved {
            stack: CONTROLLER_ID.into(),
            job: id(job),
            until,
            renewed,
        }))
    }

    /// It is reserved for as long as a server thinks fit.
    pub(super) fn reserved_for(&mut self, job: u128, lifetime: Duration) -> &mut Self {
        self.listed(job).state(job, JobState::Reserved, Actor::Stack(CONTROLLER_ID.into()));
        let (stack, until) = (CONTROLLER_ID.into(), self.now + SENTENCE + lifetime);
        self.tell(Event::Buildkite(What::Reserved { stack, job: id(job), until, renewed: false }))
    }

    pub(super) fn lapsed(&mut self, job: u128) -> &mut Self {
        self.tell(Event::Buildkite(What::Lapsed { stack: CONTROLLER_ID.into(), job: id(job) }));
        self.state(job, JobState::Scheduled, Actor::Timer)
    }

    pub(super) fn canceled(&mut self, job: u128) -> &mut Self {
        self.state(job, JobState::Canceled, Actor::Operator)
    }

    /// Our controller makes its Job.
    pub(super) fn made(&mut self, job: u128) -> &mut Self {
        let by = self.writer();
        self.job(Verb::Added, by, |_| (), job)
    }

    pub(super) fn pod(&mut self, job: u128) -> &mut Self {
        let object = PodSeen { uid: pod_uid(job), job: id(job), deleting: false, node: None };
        let written = Written { verb: Verb::Added, by: Writer::Kubernetes, precondition: false, object };
        self.tell(Event::Pod(written))
    }

    /// From the reservation to the start of the agent's container.
    pub(super) fn runs_until_agent(&mut self, job: u128) -> &mut Self {
        self.reserved(job).made(job).pod(job);
        let container = ContainerSeen { pod: pod_uid(job), job: id(job), running: true };
        self.tell(Event::Container(container))
    }

    pub(super) fn agent_starts_in_pod(&mut self, job: u128, pod: u128) -> &mut Self {
        self.tell(Event::Container(ContainerSeen { pod: pod_uid(pod), job: id(job), running: true }))
    }

    /// From the reservation to the work.
    pub(super) fn runs(&mut self, job: u128) -> &mut Self {
        self.runs_until_agent(job);
        let agent = Uuid::from_u128(9);
        self.state(job, JobState::Accepted, Actor::Agent(agent));
        self.state(job, JobState::Running, Actor::Agent(agent))
    }

    /// Its agent ends well, and the Job completes.
    pub(super) fn passes(&mut self, job: u128) -> &mut Self {
        self.state(job, JobState::Finished, Actor::Agent(Uuid::from_u128(9)));
        self.tell(Event::Buildkite(What::AgentFinished { job: id(job), accepted: true, exit_status: 0 }));
        self.fails(job)
    }

    /// Its agent is gone, and the Job has its condition.
    pub(super) fn fails(&mut self, job: u128) -> &mut Self {
        self.tell(Event::Container(ContainerSeen { pod: pod_uid(job), job: id(job), running: false }));
        self.job(Verb::Modified, Writer::Kubernetes, |job| job.finished = true, job)
    }

    /// Its pod ceases to exist.
    pub(super) fn pod_is_gone(&mut self, job: u128) -> &mut Self {
        let object = PodSeen { uid: pod_uid(job), job: id(job), deleting: true, node: None };
        let written = Written { verb: Verb::Deleted, by: Writer::Kubernetes, precondition: false, object };
        self.tell(Event::Pod(written))
    }

    /// The Job's time is over.
    pub(super) fn gone(&mut self, job: u128) -> &mut Self {
        self.pod_is_gone(job);
        self.job(Verb::Deleted, Writer::Kubernetes, |_| (), job)
    }

    pub(super) fn deletes_pod(&mut self, job: u128, precondition: bool) -> &mut Self {
        let object = PodSeen { uid: pod_uid(job), job: id(job), deleting: true, node: None };
        let by = self.writer();
        self.tell(Event::Pod(Written { verb: Verb::Deleted, by, precondition, object }))
    }

    /// Our controller deletes a Job of the job's name that is not ours.
    pub(super) fn deletes_somebody_elses(&mut self, job: u128) -> &mut Self {
        let by = self.writer();
        self.job(Verb::Deleted, by, |job| job.ours = false, job)
    }

    pub(super) fn deletes_job(&mut self, job: u128) -> &mut Self {
        let by = self.writer();
        self.job(Verb::Deleted, by, |_| (), job)
    }

    /// Our controller ends it, and Buildkite agrees.
    pub(super) fn verdict(&mut self, job: u128, code: &str) -> &mut Self {
        self.asked(job, code, true);
        self.state(job, JobState::Finished, Actor::Stack(CONTROLLER_ID.into()))
    }

    /// Our controller sends a verdict, which does not arrive.
    pub(super) fn tells(&mut self, job: u128) -> &mut Self {
        self.world(World::VerdictSent { job: id(job) })
    }

    /// The controller asks to reserve it, and may not get it.
    pub(super) fn reserve_sent(&mut self, job: u128) -> &mut Self {
        let life = self.life;
        self.world(World::ReserveSent { life, jobs: vec![id(job)] })
    }

    pub(super) fn verdict_again(&mut self, job: u128) -> &mut Self {
        self.asked(job, "agent-exited", false)
    }

    pub(super) fn verdict_refused(&mut self, job: u128) -> &mut Self {
        self.asked(job, "pod-failed", false)
    }

    fn asked(&mut self, job: u128, code: &str, accepted: bool) -> &mut Self {
        let state = self.checker.books.job(id(job)).map_or(JobState::Waiting, |entry| entry.state);
        self.tell(Event::Buildkite(What::FinishAsked {
            stack: CONTROLLER_ID.into(),
            job: id(job),
            state,
            accepted,
            exit_status: -1,
            code: code.to_owned(),
        }))
    }
}

fn id(job: u128) -> Uuid {
    Uuid::from_u128(job)
}

fn job_uid(job: u128) -> Uuid {
    Uuid::from_u128(1_000 + job)
}

fn pod_uid(job: u128) -> Uuid {
    Uuid::from_u128(2_000 + job)
}
