//! Pods as processes of this machine, with a simulated Buildkite behind their agents.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use buildkite_sim::{Effect, Fault, FaultBody, JobState, Simulator};
use cluster_sim::processes::{self, Machine};
use cluster_sim::{Cluster, Interference, Kind, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

const NAMESPACE: &str = "default";
const POD: &str = "step";

/// Longest that anything here may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A cluster whose pods run as processes.
struct Stage {
    cluster: Cluster,
    simulator: Simulator,
    scratch: TempDir,
    stop: Option<oneshot::Sender<()>>,
    kubelet: JoinHandle<()>,
    timers: JoinHandle<()>,
}

impl Stage {
    fn new() -> Self {
        let cluster = Cluster::new(Options::default());
        let simulator = Simulator::new(buildkite_sim::Options::default());
        let scratch = TempDir::new().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let machine = Machine { scratch: scratch.path().to_owned(), ..Machine::of_this_process() };
        let shutdown = async { stopped.await.unwrap_or_default() };
        let kubelet = tokio::spawn(processes::run(cluster.clone(), simulator.router(), machine, shutdown));
        let ticking = cluster.clone();
        let timers = tokio::spawn(async move { ticking.run_timers().await });
        Self { cluster, simulator, scratch, stop: Some(stop), kubelet, timers }
    }

    /// A job that is scheduled.
    fn job(&self, command: &str) -> Uuid {
        self.simulator.enqueue_jobs(1, &json!({ "command": command })).unwrap()[0]
    }

    /// Makes the pod of a job.
    fn start(&self, job: Uuid) {
        let token = self.simulator.agent_token().unwrap().expose().to_owned();
        let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "token" },
            "stringData": { "key": token } });
        self.cluster.apply(secret).unwrap();
        self.start_without_token(job);
    }

    fn start_without_token(&self, job: Uuid) {
        let command = self.simulator.job(job).unwrap().command;
        self.cluster.apply(pod(job, &command)).unwrap();
    }

    async fn until_job(&self, job: Uuid, state: JobState) {
        let reached = self.simulator.until(|simulator| {
            let job = simulator.job(job)?;
            (job.state == state).then_some(())
        });
        timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("{:?}", self.simulator.job(job)));
    }

    /// Waits for a line of the job's log that begins like this; the answer is the rest of it.
    async fn until_log(&self, job: Uuid, begin: &str) -> String {
        let said = self.simulator.until(|simulator| {
            let log = simulator.log_text(job)?;
            log.lines().find_map(|line| Some(line.split('\x07').next_back()?.strip_prefix(begin)?.to_owned()))
        });
        timeout(DEADLINE, said).await.unwrap_or_else(|_| panic!("{:?}", self.simulator.log_text(job)))
    }

    fn pod(&self) -> Option<Arc<shared_json::Value>> {
        self.cluster.object(Kind::Pod, NAMESPACE, POD)
    }

    /// Waits for the pod's end; its containers' exit codes by name.
    async fn ended(&self) -> Vec<(String, i64)> {
        let ended = self.cluster.until(|cluster| {
            let pod = cluster.object(Kind::Pod, NAMESPACE, POD)?;
            matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")).then_some(pod)
        });
        let pod = timeout(DEADLINE, ended).await.unwrap_or_else(|_| panic!("{:?}", self.pod()));
        let mut codes: Vec<(String, i64)> = pod["status"]["containerStatuses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|status| {
                let code = status["state"]["terminated"]["exitCode"].as_i64().unwrap();
                (status["name"].as_str().unwrap().to_owned(), code)
            })
            .collect();
        codes.sort();
        codes
    }

    async fn removed(&self) {
        let removed =
            self.cluster.until(|cluster| cluster.object(Kind::Pod, NAMESPACE, POD).is_none().then_some(()));
        timeout(DEADLINE, removed).await.unwrap_or_else(|_| panic!("{:?}", self.pod()));
    }

    fn result(&self, job: Uuid) -> (Option<i32>, Option<String>) {
        let job = self.simulator.job(job).unwrap();
        (job.exit_status, job.signal_reason)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.timers.abort();
        self.kubelet.abort();
    }
}

/// As the stack makes it, as far as anybody looks.
fn pod(job: Uuid, command: &str) -> Value {
    let variable = |name: &str, value: &str| json!({ "name": name, "value": value });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": POD, "namespace": NAMESPACE },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [
                { "name": "step", "image": "a", "env": [
                    variable("BUILDKITE_BOOTSTRAP_PHASES", "plugin,command"),
                    variable("BUILDKITE_COMMAND", command),
                    variable("BUILDKITE_CONTAINER_ID", "0"),
                ] },
                { "name": "agent", "image": "b", "env": [
                    variable("BUILDKITE_AGENT_ACQUIRE_JOB", &job.to_string()),
                    variable("BUILDKITE_AGENT_ENDPOINT", "http://buildkite.example.test/v3"),
                    variable("BUILDKITE_AGENT_TAGS", "queue=kubernetes"),
                    variable("BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS", "3"),
                    { "name": "BUILDKITE_AGENT_TOKEN",
                      "valueFrom": { "secretKeyRef": { "name": "token", "key": "key" } } },
                ] },
            ],
        },
    })
}

/// Waits until there is no such process but for its status.
async fn gone(process: &str) {
    let runs = || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
        !matches!(state, None | Some('Z'))
    };
    let gone = async {
        while runs() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, gone).await.unwrap_or_else(|_| panic!("process {process} still runs"));
}

/// Says its process id and listens to nobody.
const DEAF: &str = "trap '' TERM; sh -c 'echo pid=$PPID'; while true; do sleep 1; done";

fn codes(codes: &[(String, i64)]) -> Vec<(&str, i64)> {
    codes.iter().map(|(name, code)| (name.as_str(), *code)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_to_its_end_although_buildkite_stumbles() {
    let stage = Stage::new();
    for (endpoint, status) in [
        ("register-agent", 503),
        ("connect", 500),
        ("acquire", 429),
        ("start", 502),
        ("chunks", 500),
        ("finish", 504),
    ] {
        let effect = Some(Effect::Answer { status, body: FaultBody::default(), retry_after: None });
        let endpoint = endpoint.to_owned();
        stage.simulator.inject_fault(Fault { endpoint, delay_ms: 0, effect, count: Some(1), rate: None });
    }
    let job = stage.job("echo here; exit 7");
    stage.start(job);
    assert_eq!(codes(&stage.ended().await), [("agent", 0), ("step", 7)]);
    assert_eq!(stage.result(job), (Some(7), None));
    stage.until_log(job, "here").await;
    assert_eq!(fs::read_dir(stage.scratch.path()).unwrap().count(), 0);
}

/// agent-protocol 10.6, 11
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_pod_lets_its_step_clean_up_and_reports() {
    let stage = Stage::new();
    let job = stage.job("trap 'echo cleaning up; exit 0' TERM; echo ready; while true; do sleep 0.1; done");
    stage.start(job);
    stage.until_log(job, "ready").await;
    assert!(stage.cluster.delete(Kind::Pod, NAMESPACE, POD));
    stage.until_job(job, JobState::Finished).await;
    assert_eq!(stage.result(job), (Some(-1), Some("agent_stop".to_owned())));
    stage.until_log(job, "cleaning up").await;
    stage.removed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_is_gone_takes_its_processes_along() {
    let stage = Stage::new();
    let job = stage.job(DEAF);
    stage.start(job);
    let process = stage.until_log(job, "pid=").await;
    let uid = stage.pod().unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
    stage.cluster.interfere(&uid, Interference::DeletedByThirdParty { force: true });
    gone(&process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evicted_pod_takes_its_processes_along() {
    let stage = Stage::new();
    let job = stage.job(DEAF);
    stage.start(job);
    let process = stage.until_log(job, "pid=").await;
    let uid = stage.pod().unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
    stage.cluster.interfere(&uid, Interference::Evict);
    gone(&process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_kubelet_is_the_end_of_its_processes() {
    let mut stage = Stage::new();
    let job = stage.job(DEAF);
    stage.start(job);
    let process = stage.until_log(job, "pid=").await;
    stage.stop.take().unwrap().send(()).unwrap();
    gone(&process).await;
    timeout(DEADLINE, &mut stage.kubelet).await.unwrap().unwrap();
    assert_eq!(fs::read_dir(stage.scratch.path()).unwrap().count(), 0);
}

/// agent-protocol 11
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_does_not_get_its_job_leaves_with_27() {
    let stage = Stage::new();
    let job = stage.job("echo never");
    stage.simulator.cancel_job(job).unwrap();
    stage.start(job);
    assert_eq!(codes(&stage.ended().await), [("agent", 27), ("step", 1)]);
    assert_eq!(stage.simulator.log_text(job).as_deref(), Some(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_its_token_fails() {
    let stage = Stage::new();
    let job = stage.job("echo never");
    stage.start_without_token(job);
    assert_eq!(codes(&stage.ended().await), [("agent", 1), ("step", 1)]);
}
