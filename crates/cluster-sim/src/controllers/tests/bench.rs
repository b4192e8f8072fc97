//! A cluster whose time a test moves by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use shared_json::{Value, list, object};

use crate::api;
use crate::controllers::timers::later;
use crate::deletion::{self, DeleteOptions};
use crate::history::{Actor, Change};
use crate::kind::Kind;
use crate::kubelet::{ContainerEvent, ContainerScript, Interference, Run, Script, Signal, Start, StopCause};
use crate::object;
use crate::options::Options;
use crate::world::World;

pub(crate) const NAMESPACE: &str = "default";

pub(crate) struct Bench {
    pub(crate) world: World,
    now: Timestamp,
}

/// A script of named containers.
pub(crate) fn script<const N: usize>(containers: [(&str, ContainerScript); N]) -> Script {
    let containers: BTreeMap<String, ContainerScript> =
        containers.into_iter().map(|(name, script)| (name.to_owned(), script)).collect();
    Script { containers, ..Script::default() }
}

pub(crate) fn until_told() -> ContainerScript {
    ContainerScript::new(Run::UntilTold)
}

pub(crate) fn exits(seconds: u64, code: i32) -> ContainerScript {
    ContainerScript::exits(Duration::from_secs(seconds), code)
}

pub(crate) fn fails_to_start(reason: &str, recovers_after: Option<u64>) -> ContainerScript {
    let start = Start::Fails {
        reason: reason.to_owned(),
        message: "no".to_owned(),
        recovers_after: recovers_after.map(Duration::from_secs),
    };
    ContainerScript { start, run: Run::AsUsual }
}

/// A Job like those of the stack: one init container, an agent, a command; nothing is tried twice.
pub(crate) fn job() -> Value {
    object! {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": object! { "name": "job", "namespace": NAMESPACE },
        "spec": object! {
            "backoffLimit": 0,
            "template": object! {
                "metadata": object! { "labels": object! { "buildkite.com/job-uuid": "0195e5a7-0000-4000-8000-000000000001" } },
                "spec": object! {
                    "restartPolicy": "Never",
                    "initContainers": list![object! { "name": "init", "image": "agent:1" }],
                    "containers": list![
                        object! { "name": "container-0", "image": "alpine:3" },
                        object! { "name": "agent", "image": "agent:1" },
                    ],
                },
            },
        },
    }
}

impl Bench {
    pub(crate) fn new(script: Script) -> Self {
        Self::with_options(Options { record: true, events: false, ..Options::default() }, script)
    }

    pub(crate) fn with_options(options: Options, script: Script) -> Self {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut world = World::new(options, now);
        world.kubelet.set_scripts(Box::new(move |_| script.clone()));
        let mut bench = Self { world, now };
        bench.writes();
        bench
    }

    pub(crate) fn create(&mut self, object: Value) -> Arc<Value> {
        let created = api::apply(&mut self.world, object, self.now).unwrap();
        self.settle();
        created
    }

    fn settle(&mut self) {
        self.world.settle(self.now);
    }

    pub(crate) fn millis(&mut self, millis: u64) {
        self.now = later(self.now, Duration::from_millis(millis));
        self.settle();
    }

    pub(crate) fn seconds(&mut self, seconds: u64) {
        self.millis(seconds * 1_000);
    }

    pub(crate) fn job(&self) -> Option<Arc<Value>> {
        self.world.store.get(Kind::Job, NAMESPACE, "job").cloned()
    }

    pub(crate) fn pods(&self) -> Vec<Arc<Value>> {
        self.world.store.list(Kind::Pod, Some(NAMESPACE)).cloned().collect()
    }

    /// The one pod there is.
    #[track_caller]
    pub(crate) fn pod(&self) -> Arc<Value> {
        let pods = self.pods();
        assert_eq!(pods.len(), 1, "one pod");
        Arc::clone(&pods[0])
    }

    pub(crate) fn pod_uid(&self) -> String {
        object::uid(&self.pod()).to_owned()
    }

    pub(crate) fn interfere(&mut self, what: Interference) {
        let uid = self.pod_uid();
        self.interfere_with(&uid, what);
    }

    pub(crate) fn interfere_with(&mut self, uid: &str, what: Interference) {
        self.world.kubelet.interfere(&mut self.world.store, uid, what, self.now);
        self.settle();
    }

    pub(crate) fn lose_node(&mut self, node: u32) {
        let now = self.now;
        self.world.kubelet.lose_node(&mut self.world.store, node, now);
        self.settle();
    }

    pub(crate) fn return_node(&mut self, node: u32) {
        let now = self.now;
        self.world.kubelet.return_node(&mut self.world.store, node, now);
        self.settle();
    }

    pub(crate) fn exit(&mut self, container: &str, code: i32) {
        let uid = self.pod_uid();
        self.world.kubelet.exit_container(&uid, container, code, "", self.now);
        self.settle();
    }

    pub(crate) fn delete(&mut self, kind: Kind, name: &str, options: &DeleteOptions) {
        let actor = Actor::Operator;
        deletion::delete(&mut self.world.store, kind, NAMESPACE, name, options, &actor, self.now).unwrap();
        self.settle();
    }

    /// Changes the Job as a client would.
    pub(crate) fn edit_job(&mut self, edit: impl FnOnce(&mut Value)) {
        let mut job = (*self.job().unwrap()).clone();
        edit(&mut job);
        self.world.store.replace(Kind::Job, job, &Actor::Operator, self.now);
        self.settle();
    }

    pub(crate) fn writes(&mut self) -> Vec<Change> {
        self.world.drain_recorded()
    }

    pub(crate) fn signals(&mut self) -> Vec<Signal> {
        self.world.kubelet.drain_signals()
    }

    /// What ran, one line each: seconds since the start, container, what happened.
    pub(crate) fn ran(&mut self) -> Vec<String> {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let history = self.world.kubelet.drain_container_history();
        let line = |change: &crate::kubelet::ContainerChange| {
            let at = change.at.duration_since(start).as_secs();
            let gone = if change.object_gone { " without its object" } else { "" };
            match change.event {
                ContainerEvent::Started => format!("{at} {} started{gone}", change.container),
                ContainerEvent::Stopped { code, cause: StopCause::Itself } => {
                    format!("{at} {} ended {code}{gone}", change.container)
                }
                ContainerEvent::Stopped { code, cause } => {
                    format!("{at} {} ended {code} by {cause:?}{gone}", change.container)
                }
            }
        };
        history.iter().map(line).collect()
    }

    /// Reasons of the events so far, in order of their names' objects.
    pub(crate) fn events(&self) -> Vec<String> {
        let list = self.world.store.list(Kind::Event, Some(NAMESPACE));
        let mut lines: Vec<String> =
            list.map(|event| format!("{} {}", object::text(event, &["reason"]), event["count"])).collect();
        lines.sort();
        lines
    }
}

/// Conditions that hold, with their reasons.
pub(crate) fn conditions(object: &Value) -> Vec<String> {
    let list = object["status"]["conditions"].as_array();
    let holding = list.into_iter().flatten().filter(|it| it["status"] == "True");
    holding
        .map(|it| {
            let (kind, reason) = (object::text(it, &["type"]), object::text(it, &["reason"]));
            if reason.is_empty() { kind.to_owned() } else { format!("{kind}={reason}") }
        })
        .collect()
}

/// A Job's status in one line.
pub(crate) fn summary(job: &Value) -> String {
    let status = &job["status"];
    let count = |key: &str| status[key].as_u64().unwrap_or_default();
    let uncounted = &status["uncountedTerminatedPods"];
    let uncounted = ["succeeded", "failed"].map(|key| uncounted[key].as_array().map_or(0, |list| list.len()));
    format!(
        "active {} ready {} terminating {} succeeded {}+{} failed {}+{} [{}]",
        count("active"),
        count("ready"),
        count("terminating"),
        count("succeeded"),
        uncounted[0],
        count("failed"),
        uncounted[1],
        conditions(job).join(", "),
    )
}

/// A pod's phase, reason, and the state of each of its containers.
pub(crate) fn pod_summary(pod: &Value) -> String {
    let status = &pod["status"];
    let mut text = object::text(status, &["phase"]).to_owned();
    if let Some(reason) = status["reason"].as_str() {
        text.push_str(&format!("/{reason}"));
    }
    for list in ["initContainerStatuses", "containerStatuses"] {
        for container in status[list].as_array().into_iter().flatten() {
            let state = &container["state"];
            let told = if let Some(waiting) = state.get("waiting") {
                object::text(waiting, &["reason"]).to_owned()
            } else if let Some(ended) = state.get("terminated") {
                format!("{}:{}", object::text(ended, &["reason"]), ended["exitCode"])
            } else {
                "running".to_owned()
            };
            text.push_str(&format!(" {}={told}", object::text(container, &["name"])));
        }
    }
    text
}
