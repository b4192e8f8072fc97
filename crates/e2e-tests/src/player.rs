//! Plays kubelet and agent for every pod of a namespace: the pod runs, its agent takes the job and
//! ends it with 0, the pod succeeds. Outages of either server are sat out, as the real ones do.

use std::collections::BTreeSet;
use std::time::Duration;

use buildkite_sim::Simulator;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt as _};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use crate::agent::Agent;
use crate::kubelet::{self, Phase};
use crate::wait;

/// Longer than any disturbance of a scenario.
const PATIENCE: Duration = Duration::from_secs(240);

/// A player at work; stops when dropped.
pub struct Player {
    gate: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Player {
    /// Plays every pod of `pods` that belongs to a job of `simulator`. With `open` false, jobs run
    /// until [`Self::release`].
    #[must_use]
    pub fn start(pods: Api<Pod>, simulator: &Simulator, open: bool) -> Self {
        let gate = watch::Sender::new(open);
        let simulator = simulator.clone();
        let opened = gate.subscribe();
        let task = tokio::spawn(async move {
            let mut known = BTreeSet::new();
            let mut playing = JoinSet::new();
            let config = watcher::Config::default().labels("buildkite.com/job-uuid");
            let mut events = watcher::watcher(pods.clone(), config).boxed();
            while let Some(event) = events.next().await {
                let pod = match event {
                    Ok(Event::Apply(pod) | Event::InitApply(pod)) => pod,
                    Ok(_) => continue,
                    Err(_) => {
                        // The watcher tries again by itself, at once if nobody slows it down.
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        continue;
                    }
                };
                if known.insert(pod.uid()) {
                    playing.spawn(play(pods.clone(), pod, simulator.clone(), opened.clone()));
                }
            }
        });
        Self { gate, task }
    }

    /// Lets all jobs end, now and from now on.
    pub fn release(&self) {
        self.gate.send_replace(true);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The life of one pod.
async fn play(pods: Api<Pod>, pod: Pod, simulator: Simulator, mut gate: watch::Receiver<bool>) {
    let label = &pod.labels()["buildkite.com/job-uuid"];
    let job: Uuid = label.parse().expect("the label holds a job's UUID");
    report(&pods, &pod, Phase::Running).await;
    let Some(agent) = acquire(&simulator, job).await else {
        // As the real agent: exit code 27 for a job that somebody else has or had.
        return report(&pods, &pod, Phase::Failed(27)).await;
    };
    persist("the job starts", || agent.start(&simulator)).await;
    if gate.wait_for(|open| *open).await.is_err() {
        return;
    }
    persist("the job ends", || agent.finish(&simulator, 0)).await;
    report(&pods, &pod, Phase::Succeeded).await;
}

/// Takes the job; `None` when the server says that it cannot be had.
async fn acquire(simulator: &Simulator, job: Uuid) -> Option<Agent> {
    wait::until("the agent gets an answer", PATIENCE, || async {
        match Agent::acquire(simulator, job).await {
            Ok(agent) => Ok(Some(agent)),
            Err(error) if error.to_string().contains("answered 422") => Ok(None),
            Err(error) => Err(format!("{error:#}")),
        }
    })
    .await
}

/// Writes a pod's status; a pod that is gone needs none.
async fn report(pods: &Api<Pod>, pod: &Pod, phase: Phase) {
    persist("the pod's status is written", || async {
        match pods.get_opt(&pod.name_any()).await {
            Ok(Some(_)) => kubelet::report(pods, pod, phase).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        }
    })
    .await;
}

/// Tries until it works.
async fn persist<F>(what: &str, mut attempt: impl FnMut() -> F)
where
    F: Future<Output = anyhow::Result<()>>,
{
    wait::until(what, PATIENCE, || {
        let attempt = attempt();
        async { attempt.await.map_err(|error| format!("{error:#}")) }
    })
    .await;
}
