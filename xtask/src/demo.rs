//! `cargo xtask demo`: a pipeline file goes green, with its log on the terminal.
//!
//! Without a cluster ([`embedded`]) `buildkite-sim run` does all of it. On real parts:
//!
//! ```text
//! binaries ─► cluster (its own, or the kubeconfig's) ─► simulator ─► namespace, Role, token ─► controller
//!          ─► `buildkite-sim run` shows the build ─► everything goes away again, however it ended
//! ```
//!
//! There Buildkite is the only part that is simulated. What has been started is kept in a [`Stage`], which
//! is cleared at the end, after an error and after Ctrl-C alike.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use crate::{cluster, workspace};

mod binaries;
mod buildkite;
mod controller;
mod current;
mod embedded;
mod follow;
mod kubectl;
mod objects;
mod question;
mod screen;
mod signals;
mod stage;

use binaries::Binaries;
use buildkite::{Advertised, Buildkite};
use controller::{Controller, Setup};
use kubectl::Kubectl;
use screen::Screen;
use signals::StopSignals;
use stage::{Namespace, Stage};

/// What to run, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask demo                               three steps, one with a sidecar, without any cluster\n  \
    cargo xtask demo --cluster local               the same on a real control plane and node of its own\n  \
    cargo xtask demo --cluster local --keep        the same, and look around until Ctrl-C\n  \
    cargo xtask demo --pipeline my-pipeline.yml\n  \
    cargo xtask demo --cluster current --advertise 192.168.1.10\n\n\
    Exit status: 0 the build went green, 1 it did not, or something was missing.\n\
    Ctrl-C ends it at any time and removes everything it started.")]
pub(crate) struct Args {
    /// Where pods run
    #[arg(long, value_name = "WHERE", value_enum, default_value = "embedded")]
    cluster: Place,
    /// Pipeline file to run [default: fixtures/pipelines/hello.yml]
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Unblock every block and input step with its defaults
    #[arg(long)]
    unblock: bool,
    /// Keep everything running after the build, until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Address or name of this machine that pods of the current cluster reach, with :PORT if it matters
    #[arg(long, value_name = "ADDR")]
    advertise: Option<Advertised>,
    /// Name of the namespace that is made in the current cluster, and deleted at the end
    /// [default: a new name]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Use the current cluster, or run a file with a `kubernetes` plugin without one, without asking
    #[arg(long)]
    yes: bool,
    /// Directory of the cluster's finished programs that are taken before any other
    #[arg(long, value_name = "DIR")]
    parts: Option<PathBuf>,
    /// Directory with finished `agent-stack-k8s` and `buildkite-sim`, instead of building them
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
}

/// A kind of cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Place {
    /// None: Kubernetes is simulated, and steps run as processes of this machine
    Embedded,
    /// A control plane and a node, started on this machine for the demo alone (Linux, root)
    Local,
    /// The current context of the kubeconfig, after a question
    Current,
}

/// Runs the demo; an error if the build did not go green.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the async runtime")?;
    let outcome = match args.cluster {
        Place::Embedded => runtime.block_on(embedded::play(args, Screen::of_this_process())),
        Place::Local | Place::Current => runtime.block_on(until_the_end(args)),
    };
    // A question that nobody answered, or a cluster that was still starting, must not hold up the
    // end: that cluster ends with this process.
    runtime.shutdown_background();
    outcome
}

/// Plays the demo and clears the stage.
async fn until_the_end(args: &Args) -> anyhow::Result<()> {
    let screen = Screen::of_this_process();
    let mut signals = StopSignals::listen()?;
    let mut stage = Stage::default();
    let played = tokio::select! {
        biased;
        () = signals.next() => {
            // Below the `^C` of the terminal.
            screen.line("");
            Ok(())
        }
        played = play(args, &mut stage, screen) => played,
    };
    let passed = stage.passed;
    let cleared = tokio::select! {
        biased;
        () = signals.next() => bail!("left at once, as asked twice: something may still be there"),
        cleared = stage.clear(screen) => cleared,
    };
    played.and(cleared)?;
    match passed {
        Some(true) if args.keep => Ok(()),
        Some(true) => {
            screen.line(&next_steps(args));
            Ok(())
        }
        Some(false) => bail!("the build did not go green; its log is above"),
        None => bail!("interrupted"),
    }
}

/// From nothing to the end of the build, and with `--keep` on from there.
async fn play(args: &Args, stage: &mut Stage, screen: Screen) -> anyhow::Result<()> {
    let started = Instant::now();
    let pipeline = pipeline(args)?.file;
    check(args)?;
    screen.line(
        "A pipeline on real parts: Kubernetes, the controller, the agent. Only Buildkite is simulated.",
    );
    // Before anything that takes time, so that the question comes at once.
    let current = match args.cluster {
        Place::Embedded | Place::Local => None,
        Place::Current => Some(current_cluster(args, screen).await?),
    };
    let binaries = binaries(args, screen).await?;
    let (namespace, advertised) = match current {
        Some(current) => current,
        None => local_cluster(args, stage, screen).await?,
    };
    let buildkite = stage.buildkite.insert(buildkite::start(&advertised).await?);
    screen.step("Starting", "the simulated Buildkite");
    screen.note(&format!("page  {}/", buildkite.local_url));
    let is_local = args.cluster == Place::Local;
    if !is_local {
        if let Some(warning) = buildkite.warning(&advertised.host, &namespace.name) {
            screen.note(&warning);
        }
        stage.namespace = Some(namespace.clone());
    }
    prepare(&namespace, buildkite).await?;
    if !is_local {
        screen.step("Probing", &format!("{} from a pod with the agent image", buildkite.url));
        current::probe(&namespace.kubectl, &namespace.name, buildkite, &advertised.host).await?;
    }
    let controller = start_controller(&binaries, &namespace, buildkite, is_local, screen).await?;
    let controller = stage.controller.insert(controller);
    screen.step("Running", &format!("{}; a step's log begins when its pod runs", pipeline.display()));
    let before = started.elapsed();
    let run = follow::Run {
        binary: &binaries.simulator,
        pipeline: &pipeline,
        url: &buildkite.local_url,
        unblock: args.unblock,
    };
    let passed = tokio::select! {
        biased;
        passed = run.show(screen) => passed?,
        error = controller.ended() => return Err(error),
    };
    stage.passed = Some(passed);
    screen.verdict(passed, &took(started.elapsed(), before));
    if !args.keep {
        return Ok(());
    }
    screen.step("Keeping", "everything as it is; Ctrl-C stops and removes it");
    screen.note(&kept(&namespace, buildkite, controller, &binaries));
    Err(controller.ended().await)
}

/// The pipeline file, read.
struct Pipeline {
    file: PathBuf,
    /// A step says in which containers it runs.
    means_containers: bool,
}

/// The pipeline file, after a look into it: a mistake is told before anything is started.
fn pipeline(args: &Args) -> anyhow::Result<Pipeline> {
    let file = match &args.pipeline {
        Some(file) => file.clone(),
        None => shown_path(workspace::root().join("fixtures/pipelines/hello.yml")),
    };
    let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    let request =
        buildkite_sim::BuildRequest::from_file(&text, &file.display().to_string(), Default::default())
            .context("read the pipeline")?;
    Ok(Pipeline { file, means_containers: request.pipeline.uses_plugin("kubernetes") })
}

/// A path as one would type it here.
fn shown_path(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok().map(PathBuf::from)).unwrap_or(path)
}

/// Flags that do not go together, and what this machine lacks.
fn check(args: &Args) -> anyhow::Result<()> {
    let (advertise, namespace) = (args.advertise.is_some(), args.namespace.is_some());
    let is_local = args.cluster == Place::Local;
    if args.cluster != Place::Current {
        let given = [("--advertise", advertise), ("--namespace", namespace), ("--yes", is_local && args.yes)];
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            bail!("{flag} is for a cluster that is there already: add --cluster current");
        }
    }
    match args.cluster {
        Place::Embedded => {
            ensure!(args.parts.is_none(), "--parts is for a cluster that is started: add --cluster local");
        }
        Place::Local => {
            ensure!(
                cfg!(target_os = "linux") && nix::unistd::Uid::effective().is_root(),
                "a node on this machine needs Linux and root: run this as root, or use a cluster of yours \
                 with --cluster current"
            );
        }
        Place::Current if args.advertise.is_none() => {
            let candidates: Vec<String> = current::candidates().iter().map(ToString::to_string).collect();
            bail!(
                "--cluster current needs --advertise ADDR, the address of this machine that pods of that \
                 cluster reach; this machine has {}",
                if candidates.is_empty() { "none but loopback".to_owned() } else { candidates.join(", ") }
            );
        }
        Place::Current => {}
    }
    Ok(())
}

async fn binaries(args: &Args, screen: Screen) -> anyhow::Result<Binaries> {
    if let Some(directory) = &args.binaries {
        return binaries::in_directory(directory);
    }
    screen.step("Building", "the controller and buildkite-sim");
    binaries::build().await
}

/// Names the current context, asks, and says how to reach it.
async fn current_cluster(args: &Args, screen: Screen) -> anyhow::Result<(Namespace, Advertised)> {
    let advertised = args.advertise.clone().context("--advertise was checked before")?;
    let program = tokio::task::spawn_blocking(cluster::kubectl).await.context("look for kubectl")??;
    let kubectl = Kubectl::of_environment(program);
    let context = current::context(&kubectl).await?;
    let run = uuid::Uuid::new_v4().simple().to_string();
    let name = args.namespace.clone().unwrap_or_else(|| format!("agent-stack-k8s-demo-{}", &run[..6]));
    current::confirm(&context, &name, args.yes, screen).await?;
    Ok((Namespace { kubectl: kubectl.in_context(&context.name), name, run }, advertised))
}

/// Starts a cluster of the demo's own.
async fn local_cluster(
    args: &Args,
    stage: &mut Stage,
    screen: Screen,
) -> anyhow::Result<(Namespace, Advertised)> {
    screen.step(
        "Starting",
        "Kubernetes with a node on this machine: some 10 s, and some 10 min to build it the first time",
    );
    let options = cluster::Options {
        dir: cluster::state_dir("demo"),
        node: true,
        parts: args.parts.clone(),
        tied: true,
    };
    let running = tokio::task::spawn_blocking(move || cluster::start(&options)).await;
    let running = stage.cluster.insert(running.context("start the cluster")??);
    let access = &running.access;
    let kubectl = Kubectl::with_kubeconfig(access.bin_dir.join("kubectl"), &access.kubeconfig);
    let namespace = Namespace { kubectl, name: "demo".to_owned(), run: "local".to_owned() };
    Ok((namespace, access.host_address.into()))
}

/// Makes the namespace with everything the controller needs in it.
async fn prepare(namespace: &Namespace, buildkite: &Buildkite) -> anyhow::Result<()> {
    namespace.create().await?;
    let objects = objects::controller(&namespace.name, buildkite.agent_token.expose());
    namespace.kubectl.create(&objects).await.context("make the controller's Role and Secret")
}

async fn start_controller(
    binaries: &Binaries,
    namespace: &Namespace,
    buildkite: &Buildkite,
    is_local: bool,
    screen: Screen,
) -> anyhow::Result<Controller> {
    let name = &namespace.name;
    let account = objects::CONTROLLER;
    screen.step("Starting", &format!("the controller, as ServiceAccount {name}/{account} with its own Role"));
    let kubeconfig = namespace.controller_kubeconfig().await?;
    let setup = Setup {
        binary: &binaries.controller,
        kubeconfig: &kubeconfig,
        namespace: name,
        url: &buildkite.url,
        is_local,
    };
    Controller::start(&setup).await
}

/// How long it was to the start of the build and to its end.
fn took(whole: Duration, before: Duration) -> String {
    format!(
        "after {:.1} s: {:.1} s until everything ran, {:.1} s for the build",
        whole.as_secs_f32(),
        before.as_secs_f32(),
        (whole - before).as_secs_f32()
    )
}

/// What a newcomer may want to try now.
fn next_steps(args: &Args) -> String {
    let mut next = "\nNext:\n".to_owned();
    let mut add = |command: &str, text: &str| next.push_str(&format!("  {command:<48} {text}\n"));
    let place = match args.cluster {
        Place::Embedded => "",
        Place::Local => " --cluster local",
        Place::Current => " ...",
    };
    if args.cluster == Place::Embedded {
        add("cargo xtask demo --cluster local", "the same on a real control plane and node (Linux, root)");
    }
    add(&format!("cargo xtask demo{place} --keep"), "the same, to look around until Ctrl-C");
    add(&format!("cargo xtask demo{place} --pipeline FILE"), "a pipeline of yours, or of fixtures/pipelines");
    add("cargo xtask test", "every check and every test");
    next.truncate(next.trim_end().len());
    next
}

/// Where everything is while it is kept.
fn kept(
    namespace: &Namespace,
    buildkite: &Buildkite,
    controller: &Controller,
    binaries: &Binaries,
) -> String {
    format!(
        "page        {url}/\n\
         pods        {kubectl} --namespace {namespace} get jobs,pods\n\
         run more    {simulator} run FILE --endpoint {url}\n\
         metrics     http://127.0.0.1:{port}/metrics\n\
         log         {log}",
        url = buildkite.local_url,
        kubectl = namespace.kubectl.shown(),
        namespace = namespace.name,
        simulator = shown_path(binaries.simulator.clone()).display(),
        port = controller.port,
        log = controller.log_file().display(),
    )
}
