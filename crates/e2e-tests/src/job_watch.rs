//! A watch of the test's own over the Jobs of one namespace: what really existed, whatever the
//! controller thinks or counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::ResourceExt as _;
use kube::runtime::watcher::{self, Event};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the watch has seen of all Jobs so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Uid and whether it is unfinished, of every Job that exists, by name.
    pub present: BTreeMap<String, (String, bool)>,
    /// Names of all Jobs that ever existed.
    pub ever: BTreeSet<String>,
    /// Uids that each name has had; two for one name means that a Job was made again.
    pub uids: BTreeMap<String, BTreeSet<String>>,
    /// Names of Jobs that were seen with condition Complete or Failed.
    pub finished: BTreeSet<String>,
    /// The highest number of unfinished Jobs at one time.
    pub most_unfinished: usize,
}

impl Seen {
    /// Number of Jobs that exist and have not finished.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.present.values().filter(|(_, unfinished)| *unfinished).count()
    }

    /// Takes in one Job as it is now.
    fn apply(&mut self, job: &Job) {
        let name = job.name_any();
        let uid = job.uid().unwrap_or_default();
        let unfinished = !is_finished(job);
        if !unfinished {
            self.finished.insert(name.clone());
        }
        self.ever.insert(name.clone());
        self.uids.entry(name.clone()).or_default().insert(uid.clone());
        self.present.insert(name, (uid, unfinished));
        self.most_unfinished = self.most_unfinished.max(self.unfinished());
    }

    /// Takes in one event.
    fn event(&mut self, event: &Event<Job>, listed: &mut BTreeSet<String>) {
        match event {
            Event::Apply(job) => self.apply(job),
            Event::Delete(job) => {
                self.present.remove(&job.name_any());
            }
            Event::Init => listed.clear(),
            Event::InitApply(job) => {
                listed.insert(job.name_any());
                self.apply(job);
            }
            // A deletion that happened while the watch was down shows only here.
            Event::InitDone => self.present.retain(|name, _| listed.contains(name)),
        }
    }
}

/// Whether the Job controller has declared the Job over.
fn is_finished(job: &Job) -> bool {
    job.status.iter().flat_map(|status| status.conditions.iter().flatten()).any(|condition| {
        ["Complete", "Failed"].contains(&condition.type_.as_str()) && condition.status == "True"
    })
}

/// A running watch; ends when dropped.
pub struct JobWatch {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl JobWatch {
    /// Watches all Jobs that `api` shows; survives an API server that goes away for a while.
    #[must_use]
    pub fn start(api: Api<Job>) -> Self {
        Self::start_with(api, watcher::Config::default())
    }

    /// Watches the Jobs of the controller with this id alone.
    #[must_use]
    pub fn of_controller(api: Api<Job>, id: &str) -> Self {
        Self::start_with(api, watcher::Config::default().labels(&format!("buildkite.com/controller-id={id}")))
    }

    fn start_with(api: Api<Job>, config: watcher::Config) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (notify, changed) = watch::channel(0);
        let shared = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut listed = BTreeSet::new();
            let mut events = watcher::watcher(api, config).boxed();
            while let Some(event) = events.next().await {
                // An error is followed by another attempt; the list after it mends what was missed.
                let Ok(event) = event else {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                };
                shared.lock().expect("no holder of the lock panics").event(&event, &mut listed);
                notify.send_modify(|count| *count += 1);
            }
        });
        Self { seen, changed, task }
    }

    /// What has been seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen.lock().expect("no holder of the lock panics").clone()
    }

    /// Waits until `wanted` holds.
    ///
    /// # Panics
    /// When that takes longer than `deadline`.
    pub async fn until(&mut self, what: &str, deadline: Duration, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let seen = Arc::clone(&self.seen);
        let look = move || seen.lock().expect("no holder of the lock panics").clone();
        let changed = &mut self.changed;
        let waiting = async {
            loop {
                let now = look();
                if wanted(&now) {
                    return now;
                }
                changed.changed().await.expect("the watch outlives this value");
            }
        };
        match tokio::time::timeout(deadline, waiting).await {
            Ok(seen) => seen,
            Err(_) => {
                let seen = self.seen();
                panic!(
                    "{what}: not within {} s; {} Jobs ever, {} present, {} unfinished, {} finished",
                    deadline.as_secs(),
                    seen.ever.len(),
                    seen.present.len(),
                    seen.unfinished(),
                    seen.finished.len(),
                )
            }
        }
    }
}

impl Drop for JobWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(name: &str, uid: &str, condition: Option<&str>) -> Job {
        let conditions: Vec<_> =
            condition.map(|kind| json!({ "type": kind, "status": "True" })).into_iter().collect();
        serde_json::from_value(json!({
            "metadata": { "name": name, "uid": uid },
            "status": { "conditions": conditions },
        }))
        .unwrap()
    }

    #[test]
    fn the_ledger_keeps_the_highest_number_and_every_end() {
        let mut seen = Seen::default();
        let mut listed = BTreeSet::new();
        let events = [
            Event::Init,
            Event::InitApply(job("a", "1", None)),
            Event::InitDone,
            Event::Apply(job("b", "2", None)),
            Event::Apply(job("a", "1", Some("SuccessCriteriaMet"))),
            Event::Apply(job("a", "1", Some("Complete"))),
            Event::Delete(job("a", "1", Some("Complete"))),
            Event::Apply(job("a", "3", None)),
            Event::Init,
            Event::InitApply(job("a", "3", None)),
            Event::InitDone,
        ];
        for event in &events {
            seen.event(event, &mut listed);
        }
        assert_eq!(seen.most_unfinished, 2);
        assert_eq!(seen.unfinished(), 1);
        assert_eq!(seen.finished, BTreeSet::from(["a".to_owned()]));
        assert_eq!(seen.ever.len(), 2);
        assert_eq!(seen.uids["a"].len(), 2, "made twice");
        assert!(!seen.present.contains_key("b"), "gone while the watch was down");
    }
}
