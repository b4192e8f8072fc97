//! What the probes say (`docs/spec/metrics.md` 6.1): each check by name, since when, and its last error.
//!
//! Liveness follows the controller's own loops and never whether Buildkite or Kubernetes can be reached:
//! a restart during an outage strands reservations and cures nothing.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A loop that has not ticked for so long is stuck, unless it announced a longer wait.
const STUCK_AFTER: Duration = Duration::from_secs(300);
/// A list that is older says nothing about now.
const LIST_FRESH_FOR: Duration = Duration::from_secs(300);

/// A condition of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The Lease can be read, and while we lead written. Absent without a Lease.
    Lease,
    /// The agent token was read and Buildkite accepts it.
    Token,
    /// The stack is registered and its queue exists.
    Registered,
    /// The first list of Jobs was applied and its watch works.
    Jobs,
    /// The first list of Pods was applied and its watch works.
    Pods,
    /// Listing scheduled jobs succeeds.
    List,
    /// Jobs may be created: our rights suffice and the namespace is there. Unknown until one was tried.
    Create,
}

/// A loop whose progress is liveness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loop {
    /// Whoever holds the Lease or waits for it.
    Lease,
    /// The owner of the ledger.
    Reconcile,
    /// The poll loop, start-up included.
    Poll,
}

#[derive(Debug, Clone)]
struct Condition {
    ok: bool,
    since: Instant,
    error: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    checks: BTreeMap<Check, Condition>,
    /// The moment until which each loop may be silent.
    alive_until: BTreeMap<Loop, Instant>,
    listed_at: Option<Instant>,
    /// Another instance leads, or may: what is so, in words.
    standing_by: Option<String>,
    given_up: bool,
    stopping: bool,
}

/// What a leader is ready by.
const LEADERS_CHECKS: [Check; 7] =
    [Check::Lease, Check::Token, Check::Registered, Check::Jobs, Check::Pods, Check::List, Check::Create];

/// Shared by the loops, which write, and the probes, which read. The lock is never held across an await.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<State>>);

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether the probe succeeds.
    pub ok: bool,
    /// One line per check, for people.
    pub text: String,
}

impl Health {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic while the lock was held cannot leave this plain data half written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The check holds.
    pub fn pass(&self, check: Check, now: Instant) {
        let mut state = self.state();
        if check == Check::List {
            state.listed_at = Some(now);
        }
        let since = match state.checks.get(&check) {
            Some(known) if known.ok => known.since,
            _ => now,
        };
        state.checks.insert(check, Condition { ok: true, since, error: None });
    }

    /// The check does not hold, and why. The text must name no secret.
    pub fn fail(&self, check: Check, error: impl Into<String>, now: Instant) {
        let mut state = self.state();
        let since = match state.checks.get(&check) {
            Some(known) if !known.ok => known.since,
            _ => now,
        };
        state.checks.insert(check, Condition { ok: false, since, error: Some(error.into()) });
    }

    /// The loop is alive, and may be silent for `wait` (a `Retry-After`, say) on top of the usual time.
    pub fn tick(&self, which: Loop, now: Instant, wait: Duration) {
        self.state().alive_until.insert(which, now + wait + STUCK_AFTER);
    }

    /// We do not lead (`lifecycle.md` D10): nothing but the Lease counts, and the loops of a leader do not run.
    pub fn stand_by(&self, text: &str) {
        let mut state = self.state();
        if state.standing_by.is_none() {
            state.checks.retain(|check, _| *check == Check::Lease);
            state.alive_until.retain(|which, _| *which == Loop::Lease);
            state.listed_at = None;
        }
        state.standing_by = Some(text.to_owned());
    }

    /// We lead: everything counts.
    pub fn lead(&self) {
        self.state().standing_by = None;
    }

    /// There is no Lease to wait for.
    pub fn without_lease(&self) {
        let mut state = self.state();
        state.checks.remove(&Check::Lease);
        state.alive_until.remove(&Loop::Lease);
        state.standing_by = None;
    }

    /// Start-up failed for good.
    pub fn give_up(&self) {
        self.state().given_up = true;
    }

    /// We were asked to stop: not ready from now on, whatever the checks say (`lifecycle.md` 1.6).
    pub fn stop(&self) {
        self.state().stopping = true;
    }

    /// `/livez`.
    pub fn live(&self, now: Instant) -> Report {
        let state = self.state();
        let mut report = Report { ok: true, text: String::new() };
        for (which, until) in &state.alive_until {
            report.line(*until > now, &format!("{which:?}").to_lowercase(), None, None);
        }
        report
    }

    /// `/readyz`.
    pub fn ready(&self, now: Instant) -> Report {
        let state = self.state();
        let mut report = Report { ok: true, text: String::new() };
        let checks: &[Check] = if state.standing_by.is_some() { &[Check::Lease] } else { &LEADERS_CHECKS };
        for check in checks.iter().copied() {
            let condition = state.checks.get(&check);
            let may_be_absent = matches!(check, Check::Lease | Check::Create);
            if may_be_absent && condition.is_none() {
                continue;
            }
            let fresh = check != Check::List
                || state.listed_at.is_some_and(|at| now.saturating_duration_since(at) < LIST_FRESH_FOR);
            // A failed list lowers readiness only once the last good one is too old: one 500 is no outage.
            let ok = fresh && condition.is_some_and(|known| known.ok || check == Check::List);
            let age = condition.map(|known| now.saturating_duration_since(known.since));
            let error = condition.and_then(|known| known.error.as_deref());
            let error = if condition.is_none() { Some("not yet") } else { error };
            report.line(ok, &format!("{check:?}").to_lowercase(), age, error);
        }
        if let Some(text) = &state.standing_by {
            report.line(true, text, None, None);
        }
        if state.stopping {
            report.line(false, "running", None, Some("asked to stop"));
        }
        report
    }

    /// `/startupz`.
    pub fn started(&self) -> Report {
        let mut report = Report { ok: true, text: String::new() };
        report.line(!self.state().given_up, "startup", None, None);
        report
    }
}

impl Report {
    fn line(&mut self, ok: bool, name: &str, age: Option<Duration>, error: Option<&str>) {
        self.ok &= ok;
        let sign = if ok { "[+]" } else { "[-]" };
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{sign}{name}");
        if let Some(age) = age {
            let _ = write!(self.text, " for {}s", age.as_secs());
        }
        if let Some(error) = error {
            let _ = write!(self.text, ": {error}");
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_needs_every_check_and_a_fresh_list() {
        let start = Instant::now();
        let health = Health::default();
        assert!(!health.ready(start).ok);
        for check in [Check::Token, Check::Registered, Check::Jobs, Check::Pods, Check::List] {
            health.pass(check, start);
        }
        assert!(health.ready(start).ok);
        health.fail(Check::List, "500", start);
        assert!(health.ready(start).ok, "one failed list is no outage");
        assert!(!health.ready(start + LIST_FRESH_FOR).ok);
        health.fail(Check::Token, "rejected", start + Duration::from_secs(60));
        let report = health.ready(start + Duration::from_secs(90));
        assert!(!report.ok);
        assert!(report.text.contains("[-]token for 30s: rejected\n"), "{}", report.text);
        health.pass(Check::Token, start);
        assert!(health.ready(start).ok);
        health.stop();
        assert!(!health.ready(start).ok, "nothing is started after a stop");
        assert!(health.live(start).ok);
    }

    /// lifecycle D10: an instance that stands by is ready as long as it can see who leads.
    #[test]
    fn whoever_stands_by_is_ready_by_the_lease_alone() {
        let start = Instant::now();
        let health = Health::default();
        health.tick(Loop::Reconcile, start, Duration::ZERO);
        health.tick(Loop::Lease, start, Duration::from_secs(600));
        health.pass(Check::Token, start);
        health.pass(Check::Lease, start);
        assert!(!health.ready(start).ok);
        health.stand_by("standing by: other leads");
        assert_eq!(health.ready(start).text, "[+]lease for 0s\n[+]standing by: other leads\n");
        assert!(health.ready(start).ok);
        assert!(health.live(start + Duration::from_secs(600)).ok, "the loops of a leader do not run");
        health.fail(Check::Lease, "403", start);
        assert!(!health.ready(start).ok);
        health.pass(Check::Lease, start);
        health.lead();
        let report = health.ready(start);
        assert!(!report.ok, "what was known before standing by says nothing now");
        assert!(report.text.contains("[-]token: not yet\n"), "{}", report.text);
        health.without_lease();
        assert!(!health.ready(start).text.contains("lease"));
    }

    #[test]
    fn liveness_follows_the_loops_and_grants_announced_waits() {
        let start = Instant::now();
        let health = Health::default();
        assert!(health.live(start).ok, "before the loops run the process is just starting");
        health.tick(Loop::Poll, start, Duration::from_secs(120));
        assert!(health.live(start + Duration::from_secs(419)).ok);
        assert!(!health.live(start + Duration::from_secs(421)).ok);
        health.fail(Check::List, "unreachable", start);
        assert!(health.live(start).ok, "an outage of Buildkite is no reason to restart");
        assert!(health.started().ok);
        health.give_up();
        assert!(!health.started().ok);
    }
}
