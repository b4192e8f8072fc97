//! What pods write to while they run: timers, signals, the record.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::pod::PodRun;
use super::record::{ContainerChange, ContainerEvent};
use super::script::{PodFacts, Signal};
use crate::controllers::timers::{Timers, later};

/// Entries of the container history and signals that wait for somebody to drain them; the oldest go first, so that
/// a cluster that nobody judges does not grow for ever.
const KEPT: usize = 100_000;

/// What is due for a pod. What concerns a container names its position and the state for which it was planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The scheduler decides.
    Bind,
    /// The kubelet hears of it.
    Admit,
    /// A container's process begins.
    Start { position: usize, epoch: u32 },
    /// A container's process ends as its script says.
    Exit { position: usize, epoch: u32 },
    /// A container obeys SIGTERM.
    Stop { position: usize, epoch: u32, code: i32 },
    /// A failed pull is shown as back-off from now on.
    BackOff { position: usize, epoch: u32 },
    /// The next attempt to start.
    Retry { position: usize, epoch: u32 },
    /// The pod's own deadline is over.
    Deadline,
    /// The grace is over.
    Kill,
    /// The status has to be written.
    Status,
    /// The kubelet is done with a deleted pod.
    Remove,
    /// The script's interference of this number.
    Interfere(usize),
    /// The node has been silent for so long that its pods are not ready.
    NodeSilent(u32),
    /// Its pods are deleted by taint.
    NodeTainted(u32),
    /// Its pods are garbage.
    NodeForgotten(u32),
}

/// Where pods leave what is not theirs.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) now: Timestamp,
    pub(super) out: &'a mut Outbox,
}

/// What has been left.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) timers: Timers<(Arc<str>, Due)>,
    pub(super) history: VecDeque<ContainerChange>,
    pub(super) signals: VecDeque<Signal>,
    pub(super) rng: fastrand::Rng,
    /// Events to be written about pods: UID, whether it is a warning, reason and text.
    pub(super) events: Vec<(Arc<str>, bool, &'static str, String)>,
    /// Ordinary events are wanted as well as warnings.
    pub(super) all_events: bool,
    /// Grows with each entry of the history and each signal.
    pub(super) noted: u64,
}

impl Desk<'_> {
    pub(super) fn after(&mut self, delay: Duration, pod: &Arc<str>, due: Due) {
        self.out.timers.add(later(self.now, delay), (Arc::clone(pod), due));
    }

    pub(super) fn event(&mut self, pod: &Arc<str>, reason: &'static str, text: impl FnOnce() -> String) {
        if self.out.all_events {
            self.out.events.push((Arc::clone(pod), false, reason, text()));
        }
    }

    pub(super) fn warn(&mut self, pod: &Arc<str>, reason: &'static str, text: String) {
        self.out.events.push((Arc::clone(pod), true, reason, text));
    }

    pub(super) fn signal(&mut self, pod: &PodFacts, container: &str, grace: Duration) {
        let signals = &mut self.out.signals;
        signals.push_back(Signal {
            at: self.now,
            pod_uid: pod.uid.clone(),
            pod_name: pod.name.clone(),
            namespace: pod.namespace.clone(),
            container: container.to_owned(),
            grace,
        });
        if signals.len() > KEPT {
            signals.pop_front();
        }
        self.out.noted += 1;
    }

    pub(super) fn note(&mut self, pod: &PodRun, container: &str, event: ContainerEvent) {
        let history = &mut self.out.history;
        history.push_back(ContainerChange {
            at: self.now,
            pod_uid: pod.facts.uid.clone(),
            pod_name: pod.facts.name.clone(),
            namespace: pod.facts.namespace.clone(),
            job_uuid: pod.job_uuid.clone(),
            container: container.to_owned(),
            event,
            object_gone: pod.object_gone,
        });
        if history.len() > KEPT {
            history.pop_front();
        }
        self.out.noted += 1;
    }

    /// Sixty-four hexadecimal digits.
    pub(super) fn container_id(&mut self) -> String {
        let mut half = || self.out.rng.u128(..);
        format!("{:032x}{:032x}", half(), half())
    }
}
