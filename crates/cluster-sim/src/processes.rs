//! A kubelet without images: it runs the commands of a pod's containers as processes of this machine, and plays
//! the agent's part against the Agent API.
//!
//! For demonstrations on a machine that has no cluster. Each job has a temporary directory of its own; its
//! processes know nothing of this environment but `PATH` and `HOME`. Images, volumes, users, limits and probes are
//! ignored, hooks and plugins do not run, and the log of each step says so. It is no sandbox: a step may do here
//! whatever this process may do.
//!
//! ```text
//! processes ─► agent ─┬─► agent_api    register, acquire, start, log, finish
//!                     ├─► steps        checkout and commands, one after the other ─► group
//!                     └─► sidecars     beside them ─► group
//! plan, variables: what a pod asks for      eye: what becomes of the pod      log: what was printed
//! ```
//!
//! No process is left behind: each program leads a process group, which is killed when its job ends, when its pod
//! goes, and when [`run`] is dropped. A descendant that makes a session of its own escapes that, and so does
//! everything when this process is itself killed with SIGKILL.

mod agent;
mod agent_api;
mod eye;
mod group;
mod interrupt;
mod log;
mod plan;
mod sidecars;
mod steps;
mod variables;

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::body::Body;
use http::{Request, Response};
use indexmap::IndexMap;
use shared_json::Value;
use tokio::{process::Command, sync::mpsc, task::JoinSet};
use tower::{BoxError, Service};
use tracing::error;

use self::{
    agent_api::{AgentService, ApiError},
    eye::PodEye,
    plan::is_sidecar,
    variables::items,
};
use crate::{Cluster, ContainerScript, PodFacts, Run, Script, Start};

/// What of this machine the processes get to see.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `PATH` of every process.
    pub path: OsString,
    /// `HOME` of every process; `None` leaves it out.
    pub home: Option<OsString>,
    /// Existing directory in which each job gets one of its own.
    pub scratch: PathBuf,
    /// Repository URL that stands for none: a simulated Buildkite has to name one in any case.
    pub no_repository: Option<String>,
}

/// `PATH` as images have it. Without any, every command of every step would end with 127.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Machine {
    /// This process's own `PATH` (where it has none, the one that images have) and `HOME`, and the system's
    /// directory for temporary files.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            path: env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| USUAL_PATH.into()),
            home: env::var_os("HOME"),
            scratch: env::temp_dir(),
            no_repository: None,
        }
    }

    /// Whether a program of that name would be found.
    fn has_program(&self, name: &str) -> bool {
        env::split_paths(&self.path).any(|directory| directory.join(name).is_file())
    }

    /// A program with these variables, and of this environment only what it may see.
    fn command(&self, program: &str, variables: &IndexMap<String, String>, directory: &Path) -> Command {
        let mut command = Command::new(program);
        // A name or value that the system cannot pass on would make every start fail.
        let passable = |(name, value): &(&String, &String)| {
            !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
        };
        command
            .env_clear()
            .envs(variables.iter().filter(passable))
            .env("PATH", &self.path)
            .env_remove("HOME");
        if let Some(home) = &self.home {
            command.env("HOME", home);
        }
        command.current_dir(directory);
        command
    }
}

/// Why a pod cannot be run, or its agent gave up.
#[derive(Debug, thiserror::Error)]
enum PodError {
    #[error("the pod has no agent container")]
    NoAgent,
    #[error("the variable `{name}` is missing, or comes from where nothing is known here")]
    Variable { name: String },
    #[error("there is no `{name}` with a key `{key}` for a variable")]
    Missing { name: String, key: String },
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl PodError {
    /// Exit code of the agent's container (agent-protocol 11).
    fn exit_code(&self) -> i32 {
        match self {
            // The real agent gives up without a word, too, when it cannot acquire or start.
            Self::Api(error) if matches!(error.status(), Some(404 | 423 | 429 | 500..)) => 0,
            Self::NoAgent | Self::Variable { .. } | Self::Missing { .. } | Self::Api(_) => 1,
        }
    }
}

/// Takes the part of `cluster`'s kubelet until `shutdown`: every pod that is scheduled after this call runs as
/// processes of `machine`, and its agent calls `agent_api`, for example a simulator's router.
///
/// Somebody has to poll [`Cluster::run_timers`] meanwhile. When this ends or is dropped, all processes are killed.
pub fn run<S>(
    cluster: Cluster,
    agent_api: S,
    machine: Machine,
    shutdown: impl Future<Output = ()>,
) -> impl Future<Output = ()>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    let service = agent_api::boxed(agent_api);
    // Bounded by the pods that whoever makes them lets exist at a time.
    let (sender, bound) = mpsc::unbounded_channel();
    cluster.set_scripts(move |pod: &PodFacts| {
        // The receiver is gone only when all of this has ended.
        let _ = sender.send(pod.clone());
        script(&pod.object)
    });
    run_pods(cluster, service, machine, bound, shutdown)
}

async fn run_pods(
    cluster: Cluster,
    service: AgentService,
    machine: Machine,
    mut bound: mpsc::UnboundedReceiver<PodFacts>,
    shutdown: impl Future<Output = ()>,
) {
    let mut pods = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = pods.join_next() => {
                if let Err(error) = ended {
                    error!(%error, "a pod's task ended by a panic; this is a bug");
                }
            }
            Some(pod) = bound.recv() => {
                let eye = PodEye::new(cluster.clone(), pod);
                pods.spawn(agent::play(eye, service.clone(), machine.clone()));
            }
        }
    }
    pods.shutdown().await;
}

/// Everything starts at once; what ends, and when, is told by whoever runs the processes.
fn script(pod: &Value) -> Script {
    let at_once = Start::After(Duration::ZERO);
    let run = |container: &Value| {
        if is_sidecar(container) {
            return Run::UntilPodEnds;
        }
        Run::Exits { after: Duration::ZERO, code: 0, reason: None, message: String::new() }
    };
    let init = items(&pod["spec"]["initContainers"]).filter_map(|container| {
        let name = container["name"].as_str()?.to_owned();
        Some((name, ContainerScript { start: at_once.clone(), run: run(container) }))
    });
    Script {
        bind_after: Some(Duration::ZERO),
        containers: init.collect::<BTreeMap<_, _>>(),
        otherwise: ContainerScript { start: at_once.clone(), run: Run::UntilTold },
        later: Vec::new(),
    }
}
