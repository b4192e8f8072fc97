//! Since when something about a pod has been so, by this controller's own clock.
//!
//! Grace periods are measured from the first sighting and never by comparing our clock with a server's, so
//! that no skew between them shortens a grace (X26). After a restart they begin anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    PodSeen,
    rules::{images, init_failed},
};

/// How long the rules wait before they act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// `empty-job-grace-period`: a Job without a pod (F1).
    pub empty_job: Duration,
    /// `image-pull-backoff-grace-period`: a container that cannot start (F5).
    pub image_pull: Duration,
    /// `pod-pending-timeout`: a pod whose agent does not start (F7); `None` waits for ever.
    pub pod_pending: Option<Duration>,
}

impl Default for Patience {
    /// The controller's defaults (`lifecycle.md` 0).
    fn default() -> Self {
        Self {
            empty_job: Duration::from_secs(30),
            image_pull: Duration::from_secs(30),
            pod_pending: Some(Duration::from_secs(900)),
        }
    }
}

/// First sightings of one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodClocks {
    /// When the pod was first seen.
    pub first_seen: Instant,
    /// Since when each container has had a failing reason; one clock whatever the reason (5.2).
    pub failing: BTreeMap<String, Instant>,
    /// When an init container was first seen failed (F4).
    pub init_failed: Option<Instant>,
}

impl PodClocks {
    /// The clocks of a pod that is seen for the first time.
    pub fn new(pod: &PodSeen, now: Instant) -> Self {
        let mut clocks = Self { first_seen: now, failing: BTreeMap::new(), init_failed: None };
        clocks.update(pod, now);
        clocks
    }

    /// Takes in what the pod looks like now.
    pub fn update(&mut self, pod: &PodSeen, now: Instant) {
        let failing: BTreeSet<&str> = images::failing(pod).map(|(wait, _)| wait.name.as_str()).collect();
        self.failing.retain(|name, _| failing.contains(name.as_str()));
        for name in failing {
            self.failing.entry(name.to_owned()).or_insert(now);
        }
        if init_failed::failed(pod).next().is_some() {
            self.init_failed.get_or_insert(now);
        }
    }
}
