//! What was wrong with one of the servers, and when.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::plan::FaultKind;

/// What troubled one of the servers.
#[derive(Debug, Default)]
pub(in crate::checker) struct Trouble {
    /// Times of single faults, the oldest dropped.
    faults: VecDeque<(Timestamp, FaultKind)>,
    /// Windows of trouble that end with the calm.
    pub(super) windows: Vec<(Timestamp, Timestamp)>,
    /// Windows in which a watch told nothing: they outlast the calm.
    silences: Vec<(Timestamp, Timestamp)>,
}

/// A watch falls silent after some events, while the server would go on for 120 seconds; it is given up 135 seconds
/// after the last of them, or of its bookmarks.
const SILENCE: Duration = Duration::from_secs(260);
/// A watch whose events are late gets later with each, until the server ends it after 120 seconds; the last of them
/// takes 20.
const LAG: Duration = Duration::from_secs(150);

/// Single faults that are remembered per server.
const FAULTS_KEPT: usize = 4096;

impl Trouble {
    pub(super) fn fault(&mut self, at: Timestamp, kind: FaultKind) {
        if self.faults.len() >= FAULTS_KEPT {
            self.faults.pop_front();
        }
        self.faults.push_back((at, kind));
        match kind {
            FaultKind::WatchSilent => self.silences.push((at, at + SILENCE)),
            FaultKind::WatchLag => self.silences.push((at, at + LAG)),
            _ => {}
        }
    }

    /// Every window ends now.
    pub(super) fn calm(&mut self, at: Timestamp) {
        for (_, end) in &mut self.windows {
            *end = (*end).min(at);
        }
    }

    /// Single faults between two moments.
    pub(in crate::checker) fn faults_between(&self, from: Timestamp, to: Timestamp) -> usize {
        self.faults.iter().rev().skip_while(|(at, _)| *at > to).take_while(|(at, _)| *at >= from).count()
    }

    /// Whether a request of this window may have arrived long after it was given up.
    pub(in crate::checker) fn late_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.any_between(from, to, |kind| kind == FaultKind::LateRequest)
    }

    /// Whether a request of this window may have kept its caller waiting until he gave up: as long as a call may take,
    /// that is a minute, and nothing else of its kind is sent meanwhile.
    pub(in crate::checker) fn slow_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.any_between(from, to, |kind| {
            matches!(kind, FaultKind::LateRequest | FaultKind::Hang | FaultKind::Delay)
        })
    }

    /// Whether nothing may have got through for a while. Where a right is missing, all else does.
    pub(in crate::checker) fn cut_off_between(&self, from: Timestamp, to: Timestamp) -> bool {
        let recent = self.faults.iter().rev().take_while(|(at, _)| *at >= from);
        let lost = recent.filter(|(at, kind)| *at <= to && *kind != FaultKind::Forbidden);
        self.disturbed_between(from, to) || self.slow_between(from, to) || lost.count() >= 3
    }

    /// Whether a request of this window may have kept its caller waiting without an answer, a list or a watch as well.
    pub(in crate::checker) fn hung_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.any_between(from, to, |kind| matches!(kind, FaultKind::LateRequest | FaultKind::Hang))
    }

    /// Whether what became of a request of this window may be unknown to its caller.
    pub(in crate::checker) fn lost_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.any_between(from, to, |kind| kind != FaultKind::Delay)
    }

    fn any_between(&self, from: Timestamp, to: Timestamp, wanted: impl Fn(FaultKind) -> bool) -> bool {
        let recent = self.faults.iter().rev().take_while(|(at, _)| *at >= from);
        recent.filter(|(at, _)| *at <= to).any(|(_, kind)| wanted(*kind))
    }

    /// Whether a window of trouble touches this time.
    pub(in crate::checker) fn disturbed_between(&self, from: Timestamp, to: Timestamp) -> bool {
        self.windows.iter().chain(&self.silences).any(|(begin, end)| *begin <= to && *end >= from)
    }

    /// Whether one window of trouble lasts from the first moment to the second.
    pub(in crate::checker) fn disturbed_throughout(&self, from: Timestamp, to: Timestamp) -> bool {
        self.windows.iter().chain(&self.silences).any(|(begin, end)| *begin <= from && *end >= to)
    }

    /// The last moment at which anything was wrong, as far as it is known now.
    pub(in crate::checker) fn last_trouble(&self, now: Timestamp) -> Option<Timestamp> {
        let fault = self.faults.back().map(|(at, _)| *at);
        let window = self.windows.iter().chain(&self.silences).map(|(_, end)| (*end).min(now)).max();
        fault.max(window)
    }
}
