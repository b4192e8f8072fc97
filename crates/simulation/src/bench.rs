//! The judge's bench: hears everything that happened, in order, and writes it down.
//!
//! Whoever does something to a simulator calls [`Bench::observe`] right after it. What the simulators' records
//! hold then goes to the checker, to the trace, and, as far as they must react, to the played agents.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use buildkite_sim::{Happening, JobState, Simulator};
use cluster_sim::{Change, Cluster, ContainerChange, ContainerEvent, Kind, Signal, Value};
use jiff::Timestamp;
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use crate::{
    checker::{Checker, Seen, Violation},
    facts::{Facts, NAMESPACE, Note},
    plan::JobPlan,
    scripts::Fates,
    trace::{Detail, Trace},
};

/// What a played agent must react to.
#[derive(Debug)]
pub(crate) enum Cue {
    /// A container began to run, or ended.
    Container(ContainerChange),
    /// A container was asked to end.
    Signal(Signal),
    /// A job was cancelled while its agent has it.
    Canceling(Uuid),
}

/// Shared by everything that acts in a run.
#[derive(Clone)]
pub(crate) struct Bench(Arc<Shared>);

struct Shared {
    cluster: Cluster,
    simulator: Simulator,
    fates: Arc<Mutex<Fates>>,
    start: Instant,
    began: Timestamp,
    is_tracing: bool,
    state: Mutex<State>,
    /// What the cluster has written and nobody has looked at.
    writes: Arc<Mutex<Vec<Write>>>,
    cues: Mutex<VecDeque<Cue>>,
    cued: Notify,
    ruled: Notify,
}

struct State {
    checker: Checker,
    trace: Trace,
    violation: Option<Violation>,
    steps: u64,
    /// Jobs that have not ended.
    open: BTreeSet<Uuid>,
    numbers: BTreeMap<Uuid, usize>,
    /// Who holds the Lease, and how often it went from one to another.
    holder: String,
    takeovers: u64,
}

/// What is needed of a write to the cluster. The object itself is not kept: the next write would have to copy it.
struct Write {
    seen: Option<Seen>,
    /// Who holds the Lease by it.
    holder: Option<String>,
    /// For the trace, if there is one.
    shown: Option<String>,
}

impl Write {
    fn of(change: &Change, is_tracing: bool) -> Self {
        let lease = (change.kind == Kind::Lease).then_some(&change.object["spec"]["holderIdentity"]);
        Self {
            seen: Seen::of_change(change),
            holder: lease.and_then(Value::as_str).map(str::to_owned),
            shown: is_tracing.then(|| shown(change)),
        }
    }
}

/// What is left of a run on the bench.
pub(crate) struct Record {
    pub(crate) violation: Option<Violation>,
    pub(crate) steps: u64,
    pub(crate) takeovers: u64,
    pub(crate) trace: String,
}

impl State {
    fn note(&mut self, now: Timestamp, at: Duration, note: &Note<'_>) {
        match note {
            Note::JobCreated { job, number, plan, .. } => {
                self.open.insert(*job);
                self.numbers.insert(*job, *number);
                self.trace.add(at, "plan", format_args!("job {number} is {job}: {plan:?}"));
            }
            // Requests are traced where they are sent.
            Note::Fault { .. } | Note::VerdictSent { .. } | Note::ReserveSent { .. } => {}
            note => self.trace.add(at, "plan", format_args!("{note:?}")),
        }
        self.checker.observe_note(now, note);
    }

    fn held_by(&mut self, holder: &str) {
        if holder.is_empty() || holder == self.holder {
            return;
        }
        self.takeovers += u64::from(!self.holder.is_empty());
        holder.clone_into(&mut self.holder);
    }
}

impl Bench {
    pub(crate) fn new(
        cluster: Cluster,
        simulator: Simulator,
        fates: Arc<Mutex<Fates>>,
        facts: Facts,
        detail: Detail,
    ) -> Self {
        let began = facts.start;
        let state = State {
            checker: Checker::new(&facts),
            trace: Trace::new(detail),
            violation: None,
            steps: 0,
            open: BTreeSet::new(),
            numbers: BTreeMap::new(),
            holder: String::new(),
            takeovers: 0,
        };
        let is_tracing = detail != Detail::Nothing;
        let writes = Arc::<Mutex<Vec<Write>>>::default();
        let heard = Arc::clone(&writes);
        cluster.listen(move |change| {
            let write = Write::of(change, is_tracing);
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(write);
        });
        Self(Arc::new(Shared {
            cluster,
            simulator,
            fates,
            start: Instant::now(),
            began,
            is_tracing,
            state: Mutex::new(state),
            writes,
            cues: Mutex::default(),
            cued: Notify::new(),
            ruled: Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since the start of the run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.start.elapsed()
    }

    /// The wall clock of the simulators.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.began + self.elapsed()
    }

    pub(crate) fn is_tracing(&self) -> bool {
        self.0.is_tracing
    }

    pub(crate) fn trace(&self, who: impl fmt::Display, what: impl fmt::Display) {
        if self.is_tracing() {
            let at = self.elapsed();
            self.state().trace.add(at, who, what);
        }
    }

    /// Tells the judge what the harness does.
    pub(crate) fn note(&self, note: &Note<'_>) {
        let (now, at) = (self.now(), self.elapsed());
        self.state().note(now, at, note);
    }

    /// Buildkite has made a job of one that failed: it gets a fate, and the judge and the agents hear of it.
    fn born(&self, state: &mut State, job: Uuid, now: Timestamp) {
        let Shared { simulator, fates, .. } = &*self.0;
        let build = simulator.job(job).and_then(|job| simulator.build(job.build));
        let failed = build.as_ref().and_then(|build| build.jobs().find(|old| old.retried_by == Some(job)));
        let Some(failed) = failed else { return };
        let mut fates = fates.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(plan) = fates.of(failed.id).map(JobPlan::retried) else { return };
        let number = state.numbers.get(&failed.id).copied().unwrap_or_default();
        state.note(now, self.elapsed(), &Note::JobCreated { job, number, plan: &plan, probe: false });
        fates.add(job, plan);
    }

    /// Takes in what happened since the last time, and judges it.
    pub(crate) fn observe(&self) {
        let Shared { cluster, simulator, writes, cues, cued, ruled, .. } = &*self.0;
        let containers = cluster.drain_container_history();
        let happenings = simulator.drain_record();
        let signals = cluster.drain_signals();
        let writes = std::mem::take(&mut *writes.lock().unwrap_or_else(PoisonError::into_inner));
        if writes.is_empty() && containers.is_empty() && happenings.is_empty() && signals.is_empty() {
            return;
        }
        let (now, at) = (self.now(), self.elapsed());
        let mut state = self.state();
        if state.trace.is_on() {
            write_down(&mut state, at, &writes, &containers, &happenings);
        }
        for happening in &happenings {
            if let buildkite_sim::What::State { job, .. } = &happening.what
                && !state.numbers.contains_key(job)
            {
                self.born(&mut state, *job, happening.at);
            }
        }
        for holder in writes.iter().filter_map(|write| write.holder.as_deref()) {
            state.held_by(holder);
        }
        if state.violation.is_none() {
            state.steps += 1;
            state.checker.observe_cluster(writes.into_iter().filter_map(|write| write.seen));
            state.checker.observe_containers(&containers);
            state.checker.observe_buildkite(&happenings);
            let mut judged = state.checker.step(now);
            if judged.is_ok() && state.checker.wants_recount() {
                judged = self.recount(&state.checker, now);
            }
            if let Err(violation) = judged {
                state.violation = Some(violation);
                ruled.notify_one();
            }
        }
        let mut waiting = cues.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.len();
        waiting.extend(containers.into_iter().map(Cue::Container));
        waiting.extend(signals.into_iter().map(Cue::Signal));
        for happening in happenings {
            let buildkite_sim::What::State { job, to, .. } = happening.what else { continue };
            if to.is_terminal() {
                state.open.remove(&job);
            } else if matches!(to, JobState::Canceling | JobState::TimingOut) {
                waiting.push_back(Cue::Canceling(job));
            }
        }
        if waiting.len() > before {
            cued.notify_one();
        }
    }

    /// Compares the judge's books with what the simulators hold.
    fn recount(&self, checker: &Checker, now: Timestamp) -> Result<(), Violation> {
        let Shared { cluster, simulator, .. } = &*self.0;
        let (jobs, pods) = (cluster.objects(Kind::Job, NAMESPACE), cluster.objects(Kind::Pod, NAMESPACE));
        checker.recount(&jobs, &pods, &simulator.held(), now)
    }

    /// What the agents have not heard yet, once there is something.
    pub(crate) async fn cues(&self) -> VecDeque<Cue> {
        loop {
            let taken = std::mem::take(&mut *self.0.cues.lock().unwrap_or_else(PoisonError::into_inner));
            if !taken.is_empty() {
                return taken;
            }
            self.0.cued.notified().await;
        }
    }

    /// Returns once a rule was broken.
    pub(crate) async fn ruled(&self) {
        while self.state().violation.is_none() {
            self.0.ruled.notified().await;
        }
    }

    /// Observes whatever the simulators' timers do, for ever.
    pub(crate) async fn watch_timers(&self) {
        let mut cluster = self.0.cluster.changes();
        let mut buildkite = self.0.simulator.changes();
        loop {
            self.observe();
            tokio::select! {
                biased;
                _ = cluster.changed() => {}
                _ = buildkite.changed() => {}
            }
        }
    }

    /// Jobs that have not ended.
    pub(crate) fn open_jobs(&self) -> usize {
        self.state().open.len()
    }

    /// A few of them, for people.
    pub(crate) fn some_open_jobs(&self) -> Vec<(usize, Uuid)> {
        let state = self.state();
        state
            .open
            .iter()
            .take(5)
            .map(|job| (state.numbers.get(job).copied().unwrap_or_default(), *job))
            .collect()
    }

    /// The harness itself has found that a rule is broken.
    pub(crate) fn convict(&self, violation: Violation) {
        self.state().violation.get_or_insert(violation);
        self.0.ruled.notify_one();
    }

    /// The last judgement.
    pub(crate) fn end(&self) {
        self.observe();
        let now = self.now();
        let mut state = self.state();
        if state.violation.is_none() {
            let judged = state.checker.end(now);
            state.violation = judged.and_then(|()| self.recount(&state.checker, now)).err();
        }
    }

    pub(crate) fn record(&self) -> Record {
        let state = self.state();
        let (violation, trace) = (state.violation.clone(), state.trace.table());
        Record { violation, steps: state.steps, takeovers: state.takeovers, trace }
    }
}

/// Adds what happened to the trace.
fn write_down(
    state: &mut State,
    at: Duration,
    writes: &[Write],
    containers: &[ContainerChange],
    happenings: &[Happening],
) {
    for shown in writes.iter().filter_map(|write| write.shown.as_ref()) {
        state.trace.add(at, "cluster", shown);
    }
    for change in containers {
        let ContainerChange { pod_name, container, event, .. } = change;
        let shown = match event {
            ContainerEvent::Started => format!("{pod_name}/{container} started"),
            ContainerEvent::Stopped { code, cause } => {
                format!("{pod_name}/{container} stopped with {code} ({cause:?})")
            }
        };
        state.trace.add(at, "node", shown);
    }
    for happening in happenings {
        state.trace.add(at, "buildkite", format_args!("{:?}", happening.what));
    }
}

/// A write in words.
fn shown(change: &Change) -> String {
    let name = change.object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let (verb, kind, revision) = (change.verb.word(), change.kind.name(), change.revision);
    format!("{verb} {kind} {name} by {} @{revision}{}", change.actor, status_of(change))
}

/// What of a status explains what follows.
fn status_of(change: &Change) -> String {
    let status = &change.object["status"];
    let phase = status["phase"].as_str().map(|phase| format!(" {phase}")).unwrap_or_default();
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let held = conditions
        .filter(|condition| condition["status"] == "True")
        .filter_map(|condition| condition["type"].as_str())
        .filter(|kind| {
            matches!(
                *kind,
                "Complete"
                    | "Failed"
                    | "FailureTarget"
                    | "SuccessCriteriaMet"
                    | "Suspended"
                    | "DisruptionTarget"
            )
        });
    held.fold(phase, |text, kind| text + " " + kind)
}
