//! One active controller per id: whoever holds a Lease leads, the others stand by (`docs/spec/lifecycle.md` D10).
//!
//! [`Leadership::acquire`] waits until we lead, [`Leadership::keep`] until we do not any more, and
//! [`Leadership::resign`] gives the Lease up for the next one. What they do with the API is here; when it is right to
//! do it is the [`election`]'s.
//!
//! A Lease cannot stop a process that was frozen and wakes up: so it is never the only guard. Names of Jobs, UIDs and
//! the agent's acquire hold without it.

mod election;

use std::{fmt, sync::Arc, time::Duration};

use election::{Election, Step, Timing};
use jiff::Timestamp;
use k8s_runtime::{AccessRule, ApiError, LeaseClaim, LeaseView, LeaseWrite, Runtime};
use prometheus_client::metrics::gauge::Gauge;
use sha2::{Digest as _, Sha256};
use stack_config::LeaderLease;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{info, warn};

use crate::{
    health::{Check, Health, Loop},
    planted::{self, Defect},
    session::error_chain,
};

/// Three renewals may fail before a leader's time is over; the last third is for others' clocks.
const TIMING: Timing = Timing { duration: Duration::from_secs(15), renew_within: Duration::from_secs(10) };
/// About how often a leader renews, and a candidate looks.
const PACE: Duration = Duration::from_secs(2);
/// The pause after a failure: shorter, because a leader has little time left.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The pause after an answer that only a person can change.
const AFTER_REFUSAL: Duration = Duration::from_secs(5);
/// The pause before reading a Lease that has changed under our hands.
const AFTER_CONFLICT: Duration = Duration::from_millis(50);
/// A call that takes longer is given up, so that another can be tried while there is time.
const CALL_MAY_TAKE: Duration = Duration::from_secs(4);
/// The longest pause that the server can ask for.
const LONGEST_ASKED_PAUSE: Duration = Duration::from_secs(5);
/// Giving the Lease up may hold up the exit so long; otherwise it lapses.
const RESIGNING_MAY_TAKE: Duration = Duration::from_secs(3);

const GROUP: &str = "coordination.k8s.io";
/// What a Lease needs (`controller-config.md` 12.4).
const VERBS: [&str; 3] = ["get", "create", "update"];
/// What to do about a missing right.
const HINT: &str = "give the service account get, create and update on leases (coordination.k8s.io), or set `leader-lease` to false";

/// A clock as people read it, for the times that are written into the Lease. No decision rests on it.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What leading takes.
#[derive(Clone)]
pub struct LeadershipSettings {
    /// `leader-lease`.
    pub lease: LeaderLease,
    /// `id`; empty for none. The Lease is named after it.
    pub controller_id: String,
    /// Who we are: differs from every other process, past ones included.
    pub identity: String,
    /// For the times in the Lease.
    pub wall_clock: WallClock,
    /// Kubernetes.
    pub runtime: Runtime,
    /// Seed of the jitter.
    pub seed: u64,
}

impl fmt::Debug for LeadershipSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeadershipSettings").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// Whether the Lease is used; asked once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Undecided,
    /// We lead as long as we run.
    WithoutLease,
    WithLease,
}

/// Our part in leading.
pub(crate) struct Leadership {
    runtime: Runtime,
    name: String,
    wall_clock: WallClock,
    mode: Mode,
    election: Election,
    /// The Lease may hold our name.
    wrote: bool,
    /// Since we led, the Lease has held no other name.
    unbroken: bool,
    random: fastrand::Rng,
    health: Health,
    leads: Gauge,
    /// What was logged last while waiting, so that it is said once.
    said: String,
}

impl Leadership {
    pub(crate) fn new(settings: &LeadershipSettings, health: Health, leads: Gauge) -> Self {
        let LeadershipSettings { lease, controller_id, identity, wall_clock, runtime, seed } = settings;
        Self {
            runtime: runtime.without_rate_limit(),
            name: lease_name(controller_id),
            wall_clock: Arc::clone(wall_clock),
            mode: match lease {
                LeaderLease::Off => Mode::WithoutLease,
                LeaderLease::Required => Mode::WithLease,
                LeaderLease::WhenAllowed => Mode::Undecided,
            },
            election: Election::new(identity.clone(), TIMING),
            wrote: false,
            unbroken: false,
            random: fastrand::Rng::with_seed(*seed),
            health,
            leads,
            said: String::new(),
        }
    }

    /// Returns when we lead, and whether it is certain that since we led before nobody else has. Cancelling it is
    /// harmless if [`Self::resign`] follows.
    pub(crate) async fn acquire(&mut self) -> bool {
        if self.mode == Mode::Undecided {
            self.decide().await;
        }
        if self.mode == Mode::WithoutLease {
            info!("no Lease is held: one instance per stack key is assumed, so run a single replica");
            self.leads.set(1);
            return false;
        }
        while !self.election.leads(now()) {
            let pause = self.step().await;
            if self.election.leads(now()) {
                break;
            }
            // A moment that has passed shortens nothing: the Lease has lapsed, and claiming it fails.
            let waits = self.election.waits_until().filter(|at| *at > now());
            let pause = waits.map_or(pause, |at| pause.min(at.saturating_duration_since(now())));
            sleep(pause).await;
        }
        info!(lease = self.name, identity = self.election.identity(), "leading: holds the Lease");
        self.health.lead();
        self.leads.set(1);
        std::mem::replace(&mut self.unbroken, true)
    }

    /// Returns as soon as we do not lead any more, and before anybody else may.
    pub(crate) async fn keep(&mut self) {
        if self.mode == Mode::WithoutLease {
            return std::future::pending().await;
        }
        let mut pause = self.jittered(PACE);
        while let Some(until) = self.election.leads_until().filter(|until| now() < *until) {
            let round = async {
                sleep(pause).await;
                self.step().await
            };
            match timeout_at(Instant::from_std(until), round).await {
                Ok(next) => pause = next,
                Err(_) => break,
            }
        }
        if planted::is(Defect::LostLeaseIgnored) {
            return std::future::pending().await;
        }
        let holder = self.election.holder();
        let reason = match holder {
            "" => "nobody holds it any more",
            holder if holder == self.election.identity() => "it could not be renewed in time",
            _ => "another instance holds it",
        };
        warn!(lease = self.name, holder, reason, "lost the Lease: nothing is started until it is ours again");
        self.election.step_down();
        self.leads.set(0);
        self.health.stand_by("not leading");
        self.health.fail(Check::Lease, reason, now());
    }

    /// Gives the Lease up, if it may be ours, so that the next instance need not wait until it lapses.
    pub(crate) async fn resign(&mut self) {
        self.leads.set(0);
        self.election.step_down();
        if !self.wrote {
            return;
        }
        match timeout(RESIGNING_MAY_TAKE, self.give_up()).await {
            Ok(()) => {}
            Err(_) => warn!(lease = self.name, "could not give the Lease up in time; it lapses by itself"),
        }
    }

    async fn give_up(&mut self) {
        loop {
            let sent_at = now();
            let pause = match self.election.next(sent_at) {
                Step::Replace(lease) if lease.holder == self.election.identity() => {
                    let outcome = self.write(Some(&lease), None).await;
                    let given_up = matches!(outcome, Ok(LeaseWrite::Written(_)));
                    let pause = self.take_in(outcome, sent_at);
                    if given_up {
                        info!(lease = self.name, "gave the Lease up");
                        return;
                    }
                    pause
                }
                Step::Read => {
                    let pause = self.read().await;
                    if self.election.holder() != self.election.identity() {
                        return;
                    }
                    pause
                }
                // A create of ours whose answer was lost, perhaps.
                Step::Create | Step::Replace(_) => {
                    self.election.conflicted();
                    Duration::ZERO
                }
            };
            sleep(pause.min(AFTER_FAILURE)).await;
        }
    }

    /// Asks once whether our rights suffice (`controller-config.md` 4.8, 12.4).
    async fn decide(&mut self) {
        let rules = VERBS.map(|verb| AccessRule::new(GROUP, "leases", verb));
        loop {
            self.health.tick(Loop::Lease, now(), Duration::ZERO);
            let error = match self.runtime.check_access(&rules).await {
                Ok(reviews) => {
                    let missing: Vec<&str> = reviews
                        .iter()
                        .filter(|review| !review.allowed)
                        .map(|review| review.rule.verb.as_str())
                        .collect();
                    if missing.is_empty() {
                        self.mode = Mode::WithLease;
                        return;
                    }
                    let missing = missing.join(", ");
                    warn!(
                        missing,
                        "the Lease is off because rights on leases are missing; run a single replica, or {HINT}"
                    );
                    break;
                }
                Err(error) => error,
            };
            let text = error_chain(&error);
            if !error.is_transient() && error.status() != Some(401) {
                warn!(
                    error = text,
                    "the Lease is off because our rights cannot be asked for; run a single replica"
                );
                break;
            }
            self.say(&text, "cannot ask for our rights on leases; trying again");
            self.health.fail(Check::Lease, text, now());
            sleep(self.after_failure(&error)).await;
        }
        self.mode = Mode::WithoutLease;
        self.health.without_lease();
    }

    /// One call, and what it shows; returns how long to wait before the next.
    async fn step(&mut self) -> Duration {
        let sent_at = now();
        self.health.tick(Loop::Lease, sent_at, Duration::ZERO);
        #[cfg(feature = "planted-defects")]
        if planted::is(Defect::LeaseByWallClock) {
            self.election.judge_by_wall_clock((self.wall_clock)(), sent_at);
        }
        let base = match self.election.next(sent_at) {
            Step::Read => return self.read().await,
            Step::Create => None,
            Step::Replace(lease) => Some(lease),
        };
        if base.as_ref().is_none_or(|lease| lease.holder != self.election.identity()) {
            self.unbroken = false;
        }
        if let Some(lease) = &base
            && !lease.holder.is_empty()
            && lease.holder != self.election.identity()
        {
            let seconds = lease.duration.unwrap_or(TIMING.duration).as_secs();
            info!(
                lease = self.name,
                holder = lease.holder,
                seconds,
                "the Lease was not renewed; taking it over"
            );
        }
        let identity = self.election.identity().to_owned();
        let outcome = self.write(base.as_ref(), Some(&identity)).await;
        self.take_in(outcome, sent_at)
    }

    async fn read(&mut self) -> Duration {
        match timeout(CALL_MAY_TAKE, self.runtime.get_lease(&self.name)).await {
            Ok(Ok(lease)) => {
                self.election.observed(lease, now());
                self.show();
                match self.election.waits_until() {
                    Some(_) => self.jittered(PACE),
                    None => Duration::ZERO,
                }
            }
            Ok(Err(error)) => self.failed(Some(&error)),
            Err(_) => self.failed(None),
        }
    }

    /// Writes a claim; `None` when there was no answer in time.
    async fn write(&mut self, base: Option<&LeaseView>, holder: Option<&str>) -> Result<LeaseWrite, TooLate> {
        let claim =
            LeaseClaim { holder, duration: self.election.timing().duration, now: (self.wall_clock)() };
        self.wrote = true;
        let call = async {
            match base {
                Some(lease) => self.runtime.replace_lease(&self.name, lease, &claim).await,
                None => self.runtime.create_lease(&self.name, &claim).await,
            }
        };
        timeout(CALL_MAY_TAKE, call).await.map_err(|_| TooLate)
    }

    fn take_in(&mut self, outcome: Result<LeaseWrite, TooLate>, sent_at: std::time::Instant) -> Duration {
        match outcome {
            Ok(LeaseWrite::Written(lease)) => {
                self.election.written(lease, sent_at, now());
                self.health.pass(Check::Lease, now());
                self.said.clear();
                self.jittered(PACE)
            }
            Ok(LeaseWrite::Conflict) => {
                self.election.conflicted();
                self.jittered(AFTER_CONFLICT)
            }
            Ok(LeaseWrite::Failed(error)) => self.failed(Some(&error)),
            Err(TooLate) => self.failed(None),
        }
    }

    /// Says who leads, when it is another.
    fn show(&mut self) {
        self.health.pass(Check::Lease, now());
        if self.election.waits_until().is_none() {
            return;
        }
        let holder = self.election.holder().to_owned();
        self.health.stand_by(&format!("standing by: {holder} leads"));
        if self.said != holder {
            info!(lease = self.name, holder, "standing by: another instance holds the Lease");
            self.said = holder;
        }
    }

    /// Notes a failed call. While we still lead it lowers nothing: the next one may succeed.
    fn failed(&mut self, error: Option<&ApiError>) -> Duration {
        let (mut text, denied) = match error {
            Some(error) => (error_chain(error), error.is_denied()),
            None => (format!("no answer about the Lease {} within {CALL_MAY_TAKE:?}", self.name), false),
        };
        if denied {
            text = format!("{text}; {HINT}");
        }
        if self.election.leads(now()) {
            self.say(&text, "could not renew the Lease; trying again");
        } else {
            self.say(&text, "cannot hold the Lease; trying again");
            self.health.stand_by("not leading");
            self.health.fail(Check::Lease, text, now());
        }
        match error {
            Some(error) => self.after_failure(error),
            None => self.jittered(AFTER_FAILURE),
        }
    }

    /// Warns, once for each text.
    fn say(&mut self, error: &str, message: &'static str) {
        if self.said != error {
            warn!(lease = self.name, error, "{message}");
            error.clone_into(&mut self.said);
        }
    }

    fn after_failure(&mut self, error: &ApiError) -> Duration {
        let pause = if error.is_denied() { AFTER_REFUSAL } else { AFTER_FAILURE };
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED_PAUSE);
        self.jittered(pause).max(asked)
    }

    /// Between four fifths and the whole of it, so that instances do not call in step.
    fn jittered(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(0.8 + self.random.f64() / 5.0)
    }
}

/// The answer to a write did not come in time: it may have been carried out.
#[derive(Debug)]
struct TooLate;

/// Tokio's clock, which tests can pause.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Name of the Lease of a controller: `agent-stack-k8s`, followed by its id.
///
/// Names of objects are narrower than ids. An id that does not fit is written in lower case with `-` for everything
/// else, and gets a part of its hash, so that different ids keep different Leases.
fn lease_name(id: &str) -> String {
    const BASE: &str = "agent-stack-k8s";
    if id.is_empty() {
        return BASE.to_owned();
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.chars().all(fits) {
        return format!("{BASE}-{id}");
    }
    let plain: String = id.to_ascii_lowercase().chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let hash: String =
        Sha256::digest(id.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{BASE}-{plain}-{hash}")
}

#[cfg(test)]
mod tests;
