//! What of a pod can run without images: the agent, its clients in turn, and the sidecars.

use std::{
    collections::BTreeSet,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use indexmap::IndexMap;
use shared_json::Value;

use super::{
    PodError,
    variables::{Lookup, items, variables},
};

/// Where the workspace volume is mounted (job-manifest R-58).
const WORKSPACE: &str = "/workspace";
/// Name of the container that speaks to Buildkite (job-manifest R-88).
pub(super) const AGENT: &str = "agent";
/// Init containers that only prepare the images' side of things (job-manifest ).
const PREPARATIONS: [&str; 2] = ["copy-agent", "imagecheck-"];
/// The agent's own default for the time between SIGTERM and SIGKILL.
const SIGNAL_GRACE: Duration = Duration::from_secs(9);

/// A pod, read.
#[derive(Debug)]
pub(super) struct Plan {
    /// The agent's variables.
    pub(super) agent: IndexMap<String, String>,
    /// Whoever works for the agent, in the order of their ids.
    pub(super) clients: Vec<Client>,
    /// Programs beside them.
    pub(super) sidecars: Vec<Sidecar>,
    /// Containers that are not run, and why.
    pub(super) left_out: Vec<(String, &'static str)>,
    /// Images that somebody chose: all but those of the agent and of what only prepares.
    pub(super) images: BTreeSet<String>,
}

/// A container that works for the agent, when its turn comes.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: String,
    id: u32,
    pub(super) work: Work,
    /// Its own variables.
    pub(super) variables: IndexMap<String, String>,
}

/// What a client is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Fetching the repository.
    Checkout,
    /// Running its `BUILDKITE_COMMAND`.
    Command,
}

/// A program that runs beside the clients.
#[derive(Debug)]
pub(super) struct Sidecar {
    pub(super) name: String,
    /// The program, then its arguments.
    pub(super) command: Vec<String>,
    pub(super) variables: IndexMap<String, String>,
    working_dir: Option<String>,
}

impl Plan {
    /// Reads a pod that the stack made.
    ///
    /// # Errors
    /// When it has no agent, or a variable cannot be worked out.
    pub(super) fn read(pod: &Value, lookup: Lookup<'_>) -> Result<Self, PodError> {
        let mut plan = Self {
            agent: IndexMap::new(),
            clients: Vec::new(),
            sidecars: Vec::new(),
            left_out: Vec::new(),
            images: BTreeSet::new(),
        };
        let spec = &pod["spec"];
        for container in items(&spec["initContainers"]) {
            plan.add_init(pod, container, lookup)?;
        }
        let mut has_agent = false;
        for container in items(&spec["containers"]) {
            let name = text(&container["name"]);
            if name == AGENT {
                has_agent = true;
                plan.agent = variables(pod, container, lookup)?;
            } else {
                plan.note_image(container);
                plan.add(name, variables(pod, container, lookup)?);
            }
        }
        plan.clients.sort_by_key(|client| client.id);
        if has_agent { Ok(plan) } else { Err(PodError::NoAgent) }
    }

    fn add_init(&mut self, pod: &Value, container: &Value, lookup: Lookup<'_>) -> Result<(), PodError> {
        let name = text(&container["name"]);
        if PREPARATIONS.iter().any(|known| name.starts_with(known)) {
            return Ok(());
        }
        self.note_image(container);
        if !is_sidecar(container) {
            self.left_out.push((name, "init containers are not run here"));
            return Ok(());
        }
        let variables = variables(pod, container, lookup)?;
        let words = |list: &Value| items(list).map(text).collect::<Vec<String>>();
        let mut command = words(&container["command"]);
        if command.is_empty() {
            self.left_out.push((name, "it has no `command`, and what its image would run is not known here"));
            return Ok(());
        }
        command.extend(words(&container["args"]));
        let working_dir = container["workingDir"].as_str().map(str::to_owned);
        self.sidecars.push(Sidecar { name, command, variables, working_dir });
        Ok(())
    }

    fn add(&mut self, name: String, variables: IndexMap<String, String>) {
        let phases = variables.get("BUILDKITE_BOOTSTRAP_PHASES").map(String::as_str).unwrap_or_default();
        let has = |phase: &str| phases.split(',').any(|found| found == phase);
        let id = variables.get("BUILDKITE_CONTAINER_ID").and_then(|id| id.parse().ok());
        let work =
            if has("checkout") { Some(Work::Checkout) } else { has("command").then_some(Work::Command) };
        match (id, work) {
            (Some(id), Some(work)) => {
                self.clients.push(Client { name, id, work, variables });
            }
            _ => self.left_out.push((name, "it does not work for the agent")),
        }
    }

    fn note_image(&mut self, container: &Value) {
        self.images.extend(container["image"].as_str().map(str::to_owned));
    }

    /// A variable of the agent.
    pub(super) fn agent_variable(&self, name: &str) -> Option<&str> {
        self.agent.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// How long a step may take from SIGTERM to its end (agent-protocol 10.6).
    pub(super) fn signal_grace(&self) -> Duration {
        let seconds = self.agent_variable("BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS");
        seconds.and_then(|seconds| seconds.parse().ok()).map_or(SIGNAL_GRACE, Duration::from_secs)
    }

    /// The shell with its flags, to which the text of a command is added.
    pub(super) fn shell(&self) -> Vec<String> {
        let shell = self.agent_variable("BUILDKITE_SHELL").unwrap_or("/bin/sh -ec");
        shell.split_whitespace().map(str::to_owned).collect()
    }
}

impl Sidecar {
    /// Where it runs: a place below the workspace is one below `root`, any other is `root` itself.
    pub(super) fn directory(&self, root: &Path) -> PathBuf {
        let Some(below) =
            self.working_dir.as_deref().and_then(|path| Path::new(path).strip_prefix(WORKSPACE).ok())
        else {
            return root.to_owned();
        };
        let normal = below.components().filter(|component| matches!(component, Component::Normal(_)));
        root.join(normal.collect::<PathBuf>())
    }
}

/// A native sidecar: an init container that stays (job-manifest R-74).
pub(super) fn is_sidecar(init_container: &Value) -> bool {
    init_container["restartPolicy"] == "Always"
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use shared_json::{list, object};

    use super::*;

    fn client(name: &'static str, id: &'static str, phases: &'static str) -> Value {
        object! { "name": name, "image": "busybox", "env": list![
            object! { "name": "BUILDKITE_BOOTSTRAP_PHASES", "value": phases },
            object! { "name": "BUILDKITE_CONTAINER_ID", "value": id },
        ] }
    }

    fn read(pod: &Value) -> Result<Plan, PodError> {
        Plan::read(pod, &|_, _| None)
    }

    #[test]
    fn containers_are_told_by_what_the_builder_gave_them() {
        let pod = object! { "spec": object! {
            "initContainers": list![
                object! { "name": "copy-agent", "image": "agent" },
                object! { "name": "imagecheck-0" },
                object! { "name": "migrate", "command": list!["true"] },
                object! { "name": "web", "restartPolicy": "Always", "command": list!["sh", "-c"], "args": list!["x"],
                  "workingDir": "/workspace/build" },
                object! { "name": "db", "image": "postgres", "restartPolicy": "Always" },
            ],
            "containers": list![
                client("second", "2", "plugin,command"),
                client("first", "1", "plugin,command"),
                object! { "name": "agent", "env": list![
                    object! { "name": "BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS", "value": "50" },
                ] },
                client("checkout", "0", "plugin,checkout"),
                object! { "name": "stranger" },
            ],
        } };
        let plan = read(&pod).unwrap();
        let clients: Vec<(&str, Work)> =
            plan.clients.iter().map(|client| (client.name.as_str(), client.work)).collect();
        let command = Work::Command;
        assert_eq!(clients, [("checkout", Work::Checkout), ("first", command), ("second", command)]);
        assert_eq!(plan.sidecars.len(), 1);
        assert_eq!(plan.sidecars[0].command, ["sh", "-c", "x"]);
        assert_eq!(plan.sidecars[0].directory(Path::new("/tmp/x")), Path::new("/tmp/x/build"));
        let left_out: Vec<&str> = plan.left_out.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left_out, ["migrate", "db", "stranger"]);
        assert!(plan.images.iter().eq(["busybox", "postgres"]), "{:?}", plan.images);
        assert_eq!(plan.signal_grace(), Duration::from_secs(50));
        assert_eq!(plan.shell(), ["/bin/sh", "-ec"]);
        assert!(matches!(read(&object! {}), Err(PodError::NoAgent)));
    }

    #[test]
    fn no_working_directory_leads_out_of_the_job() {
        for (working_dir, want) in [
            (None, "/tmp/x"),
            (Some("/"), "/tmp/x"),
            (Some("/etc"), "/tmp/x"),
            (Some("/workspace"), "/tmp/x"),
            (Some("/workspace/../../etc"), "/tmp/x/etc"),
        ] {
            let working_dir = working_dir.map(str::to_owned);
            let sidecar =
                Sidecar { name: String::new(), command: Vec::new(), variables: IndexMap::new(), working_dir };
            assert_eq!(sidecar.directory(Path::new("/tmp/x")), Path::new(want));
        }
    }
}
