//! Counters and latencies for load tests and assertions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

/// Milliseconds between two stations of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// How many jobs were measured.
    pub count: usize,
    /// Half of them took at most this long, in milliseconds.
    pub p50: i64,
    /// All but one in a hundred took at most this long, in milliseconds.
    pub p99: i64,
    /// The slowest, in milliseconds.
    pub max: i64,
}

impl Latency {
    fn of(mut samples: Vec<i64>) -> Self {
        samples.sort_unstable();
        let Some(max) = samples.last().copied() else { return Self::default() };
        let at = |percent: usize| samples[(samples.len() * percent).div_ceil(100).max(1) - 1];
        Self { count: samples.len(), p50: at(50), p99: at(99), max }
    }
}

/// What was counted so far.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Requests per endpoint name and status; 0 counts answers that a fault cut off.
    pub requests: BTreeMap<String, BTreeMap<u16, u64>>,
    /// Reservations that lapsed.
    pub lapsed_reservations: u64,
    list_to_reserve: Vec<i64>,
    reserve_to_acquire: Vec<i64>,
    acquire_to_finish: Vec<i64>,
}

impl Statistics {
    /// Number of requests to an endpoint that were answered with a status.
    #[must_use]
    pub fn count(&self, endpoint: &str, status: u16) -> u64 {
        self.requests.get(endpoint).and_then(|by| by.get(&status)).copied().unwrap_or_default()
    }

    /// Number of all requests to an endpoint.
    #[must_use]
    pub fn total(&self, endpoint: &str) -> u64 {
        self.requests.get(endpoint).map(|by| by.values().sum()).unwrap_or_default()
    }

    /// From a job's first listing to its reservation.
    #[must_use]
    pub fn list_to_reserve_latency(&self) -> Latency {
        Latency::of(self.list_to_reserve.clone())
    }

    /// From the reservation to the agent that took the job.
    #[must_use]
    pub fn reserve_to_acquire_latency(&self) -> Latency {
        Latency::of(self.reserve_to_acquire.clone())
    }

    /// From the agent that took the job to its end.
    #[must_use]
    pub fn acquire_to_finish_latency(&self) -> Latency {
        Latency::of(self.acquire_to_finish.clone())
    }

    pub(crate) fn request(&mut self, endpoint: &str, status: u16) {
        *self.requests.entry(endpoint.to_owned()).or_default().entry(status).or_default() += 1;
    }

    pub(super) fn job_scheduled(&mut self, lapsed: bool) {
        self.lapsed_reservations += u64::from(lapsed);
    }

    pub(super) fn list_to_reserve(&mut self, from: Timestamp, to: Timestamp) {
        self.list_to_reserve.push(milliseconds(from, to));
    }

    pub(super) fn reserve_to_acquire(&mut self, from: Timestamp, to: Timestamp) {
        self.reserve_to_acquire.push(milliseconds(from, to));
    }

    pub(super) fn acquire_to_finish(&mut self, from: Timestamp, to: Timestamp) {
        self.acquire_to_finish.push(milliseconds(from, to));
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_millisecond() - from.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let latency = Latency::of((1..=200).rev().collect());
        assert_eq!(latency, Latency { count: 200, p50: 100, p99: 198, max: 200 });
        assert_eq!(Latency::of(vec![7]), Latency { count: 1, p50: 7, p99: 7, max: 7 });
        assert_eq!(Latency::of(vec![]), Latency::default());
    }
}
