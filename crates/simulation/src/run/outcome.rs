//! What came of a run.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    checker::Violation,
    plan::{FaultKind, Side},
};

/// How often each kind of fault struck.
pub type Counts = BTreeMap<(Side, FaultKind), u64>;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The plan's seed.
    pub seed: u64,
    /// Jobs, the burst at the end included.
    pub jobs: usize,
    /// Steps that were judged.
    pub steps: u64,
    /// Simulated time.
    pub simulated: Duration,
    /// Faults by kind.
    pub faults: Counts,
    /// What was lived through.
    pub recoveries: Recoveries,
    /// The rule that was broken.
    pub violation: Option<Violation>,
    /// What happened, as far as it was written down.
    pub trace: String,
}

/// What a stack lived through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recoveries {
    /// Controllers that died and were followed by another.
    pub crashes: u64,
    /// Times that the Lease went from one controller to another.
    pub takeovers: u64,
    /// Controllers that were asked to stop and were followed by another.
    pub stops: u64,
    /// Times that a server was away.
    pub outages: u64,
    /// Times that the history of the API server was lost.
    pub compactions: u64,
    /// Times that the queue was paused.
    pub pauses: u64,
    /// Times that the agent token changed.
    pub rotations: u64,
    /// Nodes that were lost and came back.
    pub nodes: u64,
}

impl Recoveries {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.takeovers += other.takeovers;
        self.stops += other.stops;
        self.outages += other.outages;
        self.compactions += other.compactions;
        self.pauses += other.pauses;
        self.rotations += other.rotations;
        self.nodes += other.nodes;
    }
}

impl Outcome {
    /// Of a run that broke down.
    pub(crate) fn of_nothing(seed: u64) -> Self {
        Self {
            seed,
            jobs: 0,
            steps: 0,
            simulated: Duration::ZERO,
            faults: Counts::new(),
            recoveries: Recoveries::default(),
            violation: None,
            trace: String::new(),
        }
    }
}
