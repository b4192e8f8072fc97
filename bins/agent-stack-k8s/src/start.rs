//! From the command line to the end of the process.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser as _;
use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use stack_config::{Args, ConfigError, ErrorKind, Inputs, Loaded, Settings, load, load_for_render};
use stack_controller::{compose, health::Health, run};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    cli::{Cli, Command, VERSION, usage},
    explain::explain,
    listeners::Listeners,
    logging,
    process::ProcessCollector,
    render::render,
    signals::StopSignals,
};

/// Exit status of an invalid configuration, a refused job, a final failure.
pub(crate) const FAILED: u8 = 1;
/// Exit status of a command line that cannot be read.
pub(crate) const USAGE: u8 = 2;
/// How long answers under way may hold up the exit.
const LISTENERS_MAY_TAKE: Duration = Duration::from_secs(1);

/// The whole program.
pub fn main() -> ExitCode {
    // First of all: two crates in this process speak TLS, and both use whichever provider is installed.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return complain("another TLS provider was installed before ours; this is a bug", FAILED);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // `--help` and `--version` arrive as errors too.
        Err(error) if error.use_stderr() => return complain(&usage(&error), USAGE),
        Err(answer) => {
            // Whoever closes the pipe early has read enough; the same below.
            let _ = answer.print();
            return ExitCode::SUCCESS;
        }
    };
    match &cli.command {
        Some(Command::Version) => {
            let _ = writeln!(io::stdout(), "{VERSION}");
            return ExitCode::SUCCESS;
        }
        Some(Command::Render(asked)) => {
            let settings = &asked.jobs.settings;
            let others = asked.diff.as_ref().map(|file| settings.with_config(file));
            let others = others.map(|settings| read_settings(&settings, load_for_render));
            return render(asked, read_settings(settings, load_for_render), others);
        }
        Some(Command::Explain(asked)) => {
            return explain(asked, read_settings(&asked.jobs.settings, load_for_render));
        }
        None => {}
    }
    match read_settings(&cli.settings, load) {
        Ok(loaded) => serve(&loaded),
        Err(error) => {
            let status = if error.kind == ErrorKind::Usage { USAGE } else { FAILED };
            complain(&error.to_string(), status)
        }
    }
}

fn read_settings(
    args: &Args,
    load: impl Fn(&Inputs<'_>) -> Result<Loaded, ConfigError>,
) -> Result<Loaded, ConfigError> {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let read_file = |path: &str| -> io::Result<String> { fs::read_to_string(path) };
    load(&Inputs { args, variables: &variables, read_file: &read_file, version: VERSION })
}

fn serve(loaded: &Loaded) -> ExitCode {
    logging::install(&loaded.settings.logging);
    introduce(loaded);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start the async runtime: {error}"), FAILED),
    };
    let status = match runtime.block_on(until_stopped(&loaded.settings)) {
        Ok(status) => status,
        Err(error) => complain(&format!("{error:#}"), FAILED),
    };
    // Whatever still waits for an answer must not hold up the exit.
    runtime.shutdown_background();
    status
}

/// One line with what was given, one for each warning.
fn introduce(loaded: &Loaded) {
    let given: Vec<String> = loaded.origins.iter().map(|(key, source)| format!("{key} ({source})")).collect();
    info!(
        version = VERSION,
        config = loaded.file.as_deref().unwrap_or("none"),
        settings = given.join(", "),
        "starting"
    );
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
}

async fn until_stopped(settings: &Settings) -> anyhow::Result<ExitCode> {
    let mut signals = StopSignals::listen().context("cannot listen for signals")?;
    let health = Health::default();
    let mut registry = Registry::default();
    register_build(&mut registry);
    registry.register_collector(Box::new(ProcessCollector));
    let stack = compose(settings, VERSION, health.clone(), &mut registry).await?;
    let listeners = Listeners::bind(&settings.http, health.clone(), Arc::new(registry)).await?;
    let stop = CancellationToken::new();
    let stop_listeners = CancellationToken::new();
    let controller = run(stack, stop.clone());
    let serving = listeners.serve(stop_listeners.clone());
    tokio::pin!(controller, serving);
    let mut serves = true;
    loop {
        tokio::select! {
            biased;
            signal = signals.next() => {
                if stop.is_cancelled() {
                    warn!(signal, "stopped at once, as asked twice");
                    return Ok(ExitCode::from(FAILED));
                }
                info!(signal, "asked to stop");
                health.stop();
                stop.cancel();
            }
            ended = &mut controller => {
                if ended.is_err() {
                    health.give_up();
                }
                ended?;
                stop_listeners.cancel();
                // Whoever still asks gets an answer; nobody may hold up the exit.
                if serves && let Ok(ended) = timeout(LISTENERS_MAY_TAKE, &mut serving).await {
                    ended?;
                }
                info!("stopped");
                return Ok(ExitCode::SUCCESS);
            }
            ended = &mut serving, if serves => {
                ended?;
                serves = false;
            }
        }
    }
}

/// `buildkite_build_info`: always 1; its labels say what runs.
fn register_build(registry: &mut Registry) {
    let build = Family::<[(&'static str, &'static str); 2], Gauge>::default();
    // Release builds set the variable.
    let commit = option_env!("BUILD_COMMIT").unwrap_or("unknown");
    build.get_or_create(&[("version", VERSION), ("commit", commit)]).set(1);
    registry.sub_registry_with_prefix("buildkite").register("build_info", "What runs", build);
}

/// The one readable sentence of a failure, on standard error.
#[expect(clippy::print_stderr, reason = "a program that cannot start says so where people look")]
fn complain(message: &str, status: u8) -> ExitCode {
    for line in message.lines() {
        eprintln!("agent-stack-k8s: {line}");
    }
    ExitCode::from(status)
}
