//! A Buildkite, a cluster, and any number of controllers with one id, each behind a wire that can be cut.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use bk_agent_api::{Client, Endpoint, RandomJitter, ServiceTransport};
use buildkite_sim::Simulator;
use cluster_sim::{Cluster, Kind, Verb};
use jiff::Timestamp;
use k8s_runtime::Runtime;
use prometheus_client::registry::Registry;
use serde_json::json;
use stack_config::{Args, Inputs, Settings, load};
use stack_controller::{Parts, RunError, assemble, health::Health, run};
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// The simulators and what drives them.
pub(crate) struct Site {
    pub(crate) buildkite: Simulator,
    pub(crate) cluster: Cluster,
    settings: Settings,
    _timers: JoinSet<()>,
}

/// One call that came through.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) at: Instant,
    /// Method and path.
    pub(crate) what: String,
}

/// The way of one controller to one API.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Way>>);

#[derive(Debug, Default)]
struct Way {
    cut: bool,
    calls: Vec<Call>,
}

impl Wire {
    /// Cuts or mends the wire: what is asked over a cut one arrives nowhere, and answers do not come back.
    pub(crate) fn cut(&self, cut: bool) {
        self.0.lock().unwrap().cut = cut;
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.lock().unwrap().calls.clone()
    }

    fn is_cut(&self) -> bool {
        self.0.lock().unwrap().cut
    }

    fn before(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), carry))
    }
}

async fn carry(State(wire): State<Wire>, request: Request, next: Next) -> Response {
    if wire.is_cut() {
        return pending().await;
    }
    let what = format!("{} {}", request.method(), request.uri().path());
    wire.0.lock().unwrap().calls.push(Call { at: Instant::now(), what });
    let response = next.run(request).await;
    if wire.is_cut() {
        return pending().await;
    }
    response
}

/// A controller that runs.
pub(crate) struct Instance {
    pub(crate) buildkite: Wire,
    pub(crate) kubernetes: Wire,
    pub(crate) health: Health,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), RunError>>,
}

impl Site {
    /// A site whose controllers have `settings` behind what all of them have.
    pub(crate) fn new(settings: &str) -> Self {
        let start: Timestamp = "2026-09-02T08:00:00Z".parse().unwrap();
        let buildkite = Simulator::with_clock(
            buildkite_sim::Options { default_queue: "kubernetes".to_owned(), ..Default::default() },
            buildkite_sim::Clock::tokio(start),
        );
        let cluster = Cluster::with_clock(
            cluster_sim::Options { namespaces: vec!["ci".to_owned()], record: true, ..Default::default() },
            cluster_sim::Clock::tokio(start),
        );
        let token = buildkite.agent_token().unwrap();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "buildkite-agent-token", "namespace": "ci" },
            "stringData": { "BUILDKITE_AGENT_TOKEN": token.expose() },
        });
        cluster.apply(secret).unwrap();
        let mut timers = JoinSet::new();
        let (servers, nodes) = (buildkite.clone(), cluster.clone());
        timers.spawn(async move { servers.run_timers().await });
        timers.spawn(async move { nodes.run_timers().await });
        let file = format!("id: ci\nnamespace: ci\nqueue: kubernetes\n{settings}");
        let inputs = Inputs {
            args: &Args::default(),
            variables: &BTreeMap::from([("CONFIG".to_owned(), "config.yaml".to_owned())]),
            read_file: &|_| Ok(file.clone()),
            version: "test",
        };
        let settings = load(&inputs).unwrap().settings;
        Self { buildkite, cluster, settings, _timers: timers }
    }

    /// Starts a controller.
    pub(crate) fn start(&self, identity: &str, seed: u64) -> Instance {
        let (buildkite, kubernetes) = (Wire::default(), Wire::default());
        let transport = ServiceTransport::new(buildkite.before(self.buildkite.router()));
        let connect = move |tokens| {
            let endpoint = Endpoint::parse("http://buildkite.test/v3").unwrap();
            Client::builder(transport.clone(), endpoint, tokens).jitter(RandomJitter::seeded(seed)).build()
        };
        let parts = Parts {
            runtime: Runtime::from_service(kubernetes.before(self.cluster.router()), "ci"),
            connect: Arc::new(connect),
            seed,
            identity: identity.to_owned(),
            wall_clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        };
        let health = Health::default();
        let stack = assemble(&self.settings, parts, health.clone(), &mut Registry::default()).unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stack, stop.clone()));
        Instance { buildkite, kubernetes, health, stop, task }
    }

    /// Queues jobs whose agents end without having acquired: each costs one Job and one verdict.
    pub(crate) fn enqueue(&self, count: usize) {
        self.buildkite.enqueue_jobs(count, &json!({ "command": "true" })).unwrap();
    }

    /// Waits until every job is over, and checks that each got one Job and ended once.
    pub(crate) async fn drained(&self, count: usize) {
        until("every job is over", Duration::from_secs(1800), || {
            self.buildkite.jobs().iter().all(|job| job.finished_at.is_some())
        })
        .await;
        let mut made: BTreeMap<String, u32> = BTreeMap::new();
        for change in self.cluster.drain_history() {
            if change.kind == Kind::Job && change.verb == Verb::Added {
                let name = change.object["metadata"]["name"].as_str().unwrap_or_default();
                *made.entry(name.to_owned()).or_default() += 1;
            }
        }
        assert_eq!(made.len(), count, "{made:?}");
        assert!(made.values().all(|times| *times == 1), "made twice: {made:?}");
        for job in self.buildkite.jobs() {
            let ends = job.history.iter().filter(|change| change.state == buildkite_sim::JobState::Finished);
            assert_eq!(ends.count(), 1, "{job:#?}");
        }
    }
}

impl Instance {
    /// Waits until it has polled.
    pub(crate) async fn polls(&self, within: Duration) {
        let list = "/scheduled-jobs";
        until("it polls", within, || self.buildkite.calls().iter().any(|call| call.what.contains(list)))
            .await;
    }

    /// What `/readyz` says.
    pub(crate) fn ready(&self) -> (bool, String) {
        let report = self.health.ready(Instant::now().into_std());
        (report.ok, report.text)
    }
}

/// Looks every 50 ms of simulated time.
pub(crate) async fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let looks = async {
        while !holds() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(within, looks).await.is_ok(), "{what}: not within {within:?}");
}
