//! Measures a controller on a real control plane: how soon a job has its Kubernetes Job, and how
//! much memory the controller takes.
//!
//! ```text
//! cargo build --release -p agent-stack-k8s
//! eval "$(cargo xtask cluster up --name figures --export)"
//! export TESTBED_CONTROLLER_BIN=$PWD/target/release/agent-stack-k8s
//! export TESTBED_XTASK_BIN=$PWD/target/debug/xtask TESTBED_DIR=$PWD/target/testbed/figures
//! cargo run -p e2e-tests --example figures
//! ```
//!
//! The time runs from the moment at which Buildkite could hand out the job to the moment at which a
//! watch of this program's own shows the Job; both are read from one clock. Poll interval and
//! concurrency are the controller's defaults; only the limit of jobs in flight is lifted, because no
//! pod ever ends here.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use buildkite_sim::Simulator;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use futures::StreamExt as _;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt as _};
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Jobs of one measurement.
const JOBS: usize = 200;
/// Time for what a start needs once to be given back.
const IDLE: Duration = Duration::from_secs(30);
/// Pause between two jobs that come one by one: no multiple of the poll interval.
const PAUSE: Duration = Duration::from_millis(170);
/// Patience with one Job.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> Result<()> {
    let testbed = Testbed::from_environment();
    let binary = std::fs::metadata(&testbed.controller).context("no controller")?.len();
    println!("binary                     {:8.1} MiB", mebibytes(binary));
    let scenario = Scenario::prepare(testbed, "figures", |options| options.with("max-in-flight", 0)).await;
    let mut created = watch(scenario.namespace.api::<Job>(), &scenario.buildkite.simulator);
    let mut scenario = scenario;
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    tokio::time::sleep(IDLE).await;
    memory(&scenario, "idle")?;
    let simulator = scenario.buildkite.simulator.clone();
    let step = json!({
        "command": "true",
        "plugins": [{ "kubernetes": { "checkout": { "skip": true } } }],
    });

    let jobs = simulator.enqueue_jobs(JOBS, &step).expect("the step is a plain command");
    report("all at once", latencies(&simulator, &jobs, &mut created).await?);
    memory(&scenario, "with 200 Jobs")?;

    let mut jobs = Vec::with_capacity(JOBS);
    for _ in 0..JOBS {
        jobs.extend(simulator.enqueue_jobs(1, &step).expect("the step is a plain command"));
        tokio::time::sleep(PAUSE).await;
    }
    report("one by one", latencies(&simulator, &jobs, &mut created).await?);
    memory(&scenario, "with 400 Jobs")?;
    scenario.end().await;
    Ok(())
}

/// Tells the UUID and the time of each Job as a watch shows it.
fn watch(jobs: Api<Job>, simulator: &Simulator) -> mpsc::UnboundedReceiver<(Uuid, Timestamp)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let simulator = simulator.clone();
    tokio::spawn(async move {
        let mut events = watcher::watcher(jobs, watcher::Config::default()).boxed();
        while let Some(event) = events.next().await {
            let Ok(Event::Apply(job) | Event::InitApply(job)) = event else { continue };
            let uuid = job.labels().get("buildkite.com/job-uuid").and_then(|label| label.parse().ok());
            // The first sight counts; later ones are overwritten by nobody, see `latencies`.
            if let Some(uuid) = uuid
                && sender.send((uuid, simulator.now())).is_err()
            {
                return;
            }
        }
    });
    receiver
}

/// Milliseconds from schedulable to visible, in ascending order.
async fn latencies(
    simulator: &Simulator,
    jobs: &[Uuid],
    created: &mut mpsc::UnboundedReceiver<(Uuid, Timestamp)>,
) -> Result<Vec<i64>> {
    let mut waiting: BTreeMap<Uuid, Timestamp> = BTreeMap::new();
    for job in jobs {
        let job = simulator.job(*job).context("the job exists")?;
        waiting.insert(job.id, job.scheduled_at.context("it was scheduled")?);
    }
    let mut latencies = Vec::with_capacity(jobs.len());
    while !waiting.is_empty() {
        let next = tokio::time::timeout(PATIENCE, created.recv()).await.context("a Job is missing")?;
        let (job, at) = next.context("the watch has ended")?;
        // Later sights of a Job find nothing here.
        if let Some(since) = waiting.remove(&job) {
            latencies.push(at.as_millisecond() - since.as_millisecond());
        }
    }
    latencies.sort_unstable();
    Ok(latencies)
}

/// Prints the percentiles of a measurement.
fn report(what: &str, latencies: Vec<i64>) {
    let at = |percent: usize| latencies[(latencies.len() * percent).div_ceil(100).max(1) - 1];
    println!(
        "available to Job created, {} jobs {what}: p50 {} ms, p99 {} ms, slowest {} ms",
        latencies.len(),
        at(50),
        at(99),
        at(100)
    );
}

/// Prints what the kernel says of the controller's memory.
fn memory(scenario: &Scenario, when: &str) -> Result<()> {
    let id = scenario.controller().process_id().context("the controller has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("no such process")?;
    let kibibytes = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let (now, peak) = kibibytes("VmRSS").zip(kibibytes("VmHWM")).context("the kernel says nothing")?;
    println!(
        "memory {when:<19} {:8.1} MiB, at most {:.1} MiB",
        mebibytes(now * 1024),
        mebibytes(peak * 1024)
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure to read")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
