//! Many runs added up, and what is printed about them.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    time::Duration,
};

use crate::{
    checker::Violation,
    not_answered::{NOT_ANSWERED_YET, NOT_SIMULATED},
    plan::{FaultKind, Side},
    run::{Counts, Outcome, Recoveries},
    shrink::Shrunk,
};

/// The sum of many runs.
#[derive(Debug, Default)]
pub struct Report {
    /// Runs.
    pub runs: u64,
    /// Jobs of all runs.
    pub jobs: u64,
    /// Steps that were judged.
    pub steps: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Faults by kind.
    pub faults: Counts,
    /// What was lived through.
    pub recoveries: Recoveries,
    /// Seeds that failed.
    pub failures: BTreeMap<u64, Violation>,
}

impl Report {
    /// Adds a run.
    pub fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.jobs += u64::try_from(outcome.jobs).unwrap_or_default();
        self.steps += outcome.steps;
        self.simulated += outcome.simulated;
        for (kind, count) in outcome.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.recoveries.add(&outcome.recoveries);
        if let Some(violation) = outcome.violation {
            self.failures.insert(outcome.seed, violation);
        }
    }

    /// The sum, after so much real time.
    #[must_use]
    pub fn summary(&self, took: Duration) -> String {
        let mut text = String::new();
        let seconds = took.as_secs_f64().max(0.001);
        let rate = self.jobs as f64 / seconds;
        let hours = self.simulated.as_secs_f64() / 3600.0;
        let Self { runs, jobs, steps, .. } = self;
        let _ = writeln!(
            text,
            "{runs} runs, {jobs} jobs, {steps} steps, {hours:.1} simulated hours in {seconds:.1} s: {rate:.0} jobs/s"
        );
        let faults: u64 = self.faults.values().sum();
        let _ = writeln!(text, "{faults} faults, {:.2} per job", faults as f64 / (*jobs).max(1) as f64);
        for kind in FaultKind::ALL {
            let of = |side| self.faults.get(&(side, kind)).copied().unwrap_or_default();
            let (kubernetes, buildkite, agents) =
                (of(Side::Kubernetes), of(Side::Buildkite), of(Side::Agents));
            if kubernetes + buildkite + agents > 0 {
                let kind = kind.as_str();
                let _ = writeln!(
                    text,
                    "  {kind:<18} {kubernetes:>8} kubernetes {buildkite:>8} buildkite {agents:>8} agents"
                );
            }
        }
        let _ = writeln!(text, "lived through {}", self.recoveries);
        text + &left_out()
    }
}

/// What no plan has in it: it belongs to every result, good or bad.
#[must_use]
pub fn left_out() -> String {
    let mut text = String::new();
    let _ = writeln!(text, "left out of every plan, because the stack does not answer it yet:");
    for missing in NOT_ANSWERED_YET {
        let _ = writeln!(text, "  {:<8} {}", missing.rule, missing.left_out);
    }
    let _ = writeln!(text, "in no plan either, although it is answered:");
    for missing in NOT_SIMULATED {
        let _ = writeln!(text, "  {:<8} {}", missing.rule, missing.what);
    }
    text
}

impl fmt::Display for Recoveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crashes, takeovers, stops, outages, compactions, pauses, rotations, nodes } = self;
        write!(
            f,
            "{crashes} crashes, {stops} restarts, {takeovers} takeovers of the Lease, {outages} outages, {compactions} \
             lost histories, {pauses} pauses of the queue, {rotations} new tokens, {nodes} lost nodes"
        )
    }
}

/// All about one failure. `jobs` is what the run was asked for.
#[must_use]
pub fn failure(
    seed: u64,
    jobs: usize,
    items: usize,
    violation: &Violation,
    shrunk: Option<&Shrunk>,
) -> String {
    let mut text = format!("\nseed {seed}: {violation}\n");
    if let Some(Shrunk { plan, outcome, prefix, cut_short, runs }) = shrunk {
        let left = plan.items.len();
        let sure =
            if *cut_short { "time ran out before every shorter plan was tried" } else { "none is shorter" };
        let _ = writeln!(
            text,
            "the first {prefix} of {items} items fail, {left} of them are needed ({runs} runs; {sure}):"
        );
        for item in &plan.items {
            let _ = writeln!(text, "  {item}");
        }
        let _ = writeln!(text, "its run:\n{}", outcome.trace);
        if let Some(violation) = &outcome.violation {
            let _ = writeln!(text, "{violation}");
        }
    }
    let _ = writeln!(text, "again: cargo xtask simulate --seed {seed} --jobs {jobs}");
    text
}
