//! All sources in, settings out (controller-config 1, 4, 10).

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::args::Args;
use crate::file::ConfigFile;
use crate::keys::LEFTOVERS;
use crate::problem::{ConfigError, Problem, Source, Warning};
use crate::reader::Reader;
use crate::settings::{
    Buildkite, Grace, Http, Kubernetes, LeaderLease, Limits, LogFormat, LogLevel, Logging, RateLimit,
    Settings,
};
use crate::{agent_config, checks, params, queues, structured, tags, unbuilt, value};

const DEFAULT_ENDPOINT: &str = "https://agent.buildkite.com/v3";
const DEFAULT_STACK_KEY: &str = "agent-stack-k8s";

/// Everything that settings are made from.
pub struct Inputs<'a> {
    /// The command line.
    pub args: &'a Args,
    /// The environment.
    pub variables: &'a BTreeMap<String, String>,
    /// Reads the configuration file of that path.
    pub read_file: &'a dyn Fn(&str) -> std::io::Result<String>,
    /// Version text of the program, which becomes a part of the agents' tags.
    pub version: &'a str,
}

/// Settings, and what to log about them at start.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What holds.
    pub settings: Settings,
    /// In the order of discovery.
    pub warnings: Vec<Warning>,
    /// The file that was read.
    pub file: Option<String>,
    /// For each setting that was given, by key: the source that won.
    pub origins: BTreeMap<String, Source>,
}

/// Resolves all settings: defaults, below the file, below variables, below flags.
///
/// # Errors
///
/// All problems of the first stage that has any: reading the file and its keys and types, then ranges,
/// then values against each other and features that are not built yet.
pub fn load(inputs: &Inputs<'_>) -> Result<Loaded, ConfigError> {
    load_for(Use::Controller, inputs)
}

/// The same for a program that only builds Jobs and runs none: no feature is refused for not being built yet, as the
/// pod's half of each is.
///
/// # Errors
///
/// As [`load`].
pub fn load_for_render(inputs: &Inputs<'_>) -> Result<Loaded, ConfigError> {
    load_for(Use::Render, inputs)
}

/// What settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Controller,
    Render,
}

fn load_for(purpose: Use, inputs: &Inputs<'_>) -> Result<Loaded, ConfigError> {
    let name = inputs.args.config.clone().filter(|path| !path.is_empty());
    let name = name.or_else(|| inputs.variables.get("CONFIG").filter(|path| !path.is_empty()).cloned());
    let (file, warnings) = match &name {
        Some(name) => read_file(name, inputs.read_file)?,
        None => (ConfigFile::default(), Vec::new()),
    };
    let mut reader = Reader::new(&file, inputs.args, inputs.variables);
    reader.warnings = warnings;
    reader.type_problems = file.unknown_keys();
    let claimed_cluster_uuid = leftovers(&mut reader, inputs);
    let mut settings = read_settings(&mut reader, inputs.version);
    settings.buildkite.claimed_cluster_uuid = claimed_cluster_uuid;
    let mut refusals = unbuilt::refusals(&mut reader, &settings, purpose);
    if !reader.type_problems.is_empty() {
        return Err(ConfigError::new(reader.type_problems));
    }
    checks::ranges(&mut reader, &settings);
    if !reader.range_problems.is_empty() {
        return Err(ConfigError::new(reader.range_problems));
    }
    refusals.extend(checks::cross(&mut reader, &settings));
    if !refusals.is_empty() {
        return Err(ConfigError::new(refusals));
    }
    Ok(Loaded { settings, warnings: reader.warnings, file: name, origins: reader.origins })
}

fn read_file(
    name: &str,
    read: &dyn Fn(&str) -> std::io::Result<String>,
) -> Result<(ConfigFile, Vec<Warning>), ConfigError> {
    let text = read(name).map_err(|error| {
        let problem = Problem::new("config", format!("cannot read `{name}`: {error}"), Source::Default);
        ConfigError::new(vec![problem.hint("name a readable file with --config or CONFIG")])
    })?;
    ConfigFile::read(name, &text).map_err(ConfigError::new)
}

fn read_settings(reader: &mut Reader<'_>, version: &str) -> Settings {
    let id = reader.text("id").unwrap_or_default();
    let builder = builder(reader, &id, version);
    let served = tags::read(reader);
    let queues = queues::read(reader, &served.tags, served.is_told);
    let agent_config = builder.agent_config.as_ref();
    let endpoint = agent_config.and_then(|config| config.endpoint.clone());
    let expiry = reader.int("reservation-expiry-seconds", 0..=3600).filter(|seconds| *seconds > 0);
    let buildkite = Buildkite {
        endpoint: endpoint.filter(|url| !url.is_empty()).unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
        http2: !agent_config.and_then(|config| config.no_http2).unwrap_or(false),
        http_timeout: positive(reader.duration("http-timeout"), Duration::from_secs(60)),
        agent_token_secret: builder.agent_token_secret.clone(),
        queue: served.queue,
        tags: served.tags,
        queues,
        stack_key: if id.is_empty() { DEFAULT_STACK_KEY.to_owned() } else { id.clone() },
        poll_interval: poll_interval(reader),
        page_size: small(reader.int("pagination-page-size", 1..=1000), 1000),
        pages_per_poll: small(reader.int("pagination-depth-limit", 1..=20), 2),
        reservation_expiry: Duration::from_secs(expiry.unwrap_or(900).unsigned_abs()),
        job_acquisition_tokens: reader.bool("enable-job-acquisition-tokens").unwrap_or(false),
        claimed_cluster_uuid: None,
    };
    dead_settings(reader);
    Settings {
        id,
        buildkite,
        kubernetes: kubernetes(reader),
        limits: limits(reader),
        grace: grace(reader),
        http: http(reader),
        logging: logging(reader),
        builder,
    }
}

fn builder(reader: &mut Reader<'_>, id: &str, version: &str) -> podspec_builder::Settings {
    let default = podspec_builder::Settings::default();
    let patience = "default-termination-grace-period-seconds";
    podspec_builder::Settings {
        controller_id: id.to_owned(),
        controller_version: version.to_owned(),
        image: reader.text("image").filter(|image| !image.is_empty()).unwrap_or(default.image),
        job_prefix: reader.text("job-prefix").unwrap_or(default.job_prefix),
        agent_token_secret: reader.text("agent-token-secret").unwrap_or(default.agent_token_secret),
        job_ttl: reader.duration("job-ttl").unwrap_or(default.job_ttl),
        job_active_deadline_seconds: reader
            .int("job-active-deadline-seconds", 1..=i64::MAX)
            .unwrap_or(default.job_active_deadline_seconds),
        default_termination_grace_period_seconds: reader
            .int(patience, 1..=i64::MAX)
            .unwrap_or(default.default_termination_grace_period_seconds),
        additional_redacted_vars: file_list(reader, "additional-redacted-vars"),
        workspace_volume: structured::workspace_volume(reader),
        workspace_mount_sub_path_expr: file_text(reader, "workspace-mount-sub-path-expr"),
        agent_config: agent_config::read(reader),
        default_checkout_params: params::checkout(reader),
        default_command_params: params::command(reader),
        default_sidecar_params: params::sidecar(reader),
        default_metadata: params::metadata(reader),
        default_image_pull_policy: reader.word("default-image-pull-policy", POLICIES),
        default_image_check_pull_policy: reader.word("default-image-check-pull-policy", POLICIES),
        pod_spec_patch: structured::pod_spec_patch(reader),
        prohibit_kubernetes_plugin: reader.bool("prohibit-kubernetes-plugin").unwrap_or(false),
        allow_pod_spec_patch_unsafe_command_modification: reader
            .bool("allow-pod-spec-patch-unsafe-command-modification")
            .unwrap_or(false),
        skip_image_check_containers: reader.bool("skip-image-check-containers").unwrap_or(false),
        image_check_container_cpu_limit: reader
            .text("image-check-container-cpu-limit")
            .unwrap_or(default.image_check_container_cpu_limit),
        image_check_container_memory_limit: reader
            .text("image-check-container-memory-limit")
            .unwrap_or(default.image_check_container_memory_limit),
        resource_classes: structured::resource_classes(reader),
        default_resource_class_name: file_text(reader, "default-resource-class-name"),
        pod_policy: structured::pod_policy(reader),
    }
}

const POLICIES: &str = "`Always`, `IfNotPresent`, `Never`";

fn file_text(reader: &mut Reader<'_>, key: &'static str) -> String {
    let node = reader.file_only(key);
    node.and_then(|node| reader.text_field(node, key)).unwrap_or_default()
}

fn file_list(reader: &mut Reader<'_>, key: &'static str) -> Vec<String> {
    let Some(node) = reader.file_only(key) else {
        return Vec::new();
    };
    let source = reader.source(key);
    reader.list_node(node, key, source).unwrap_or_default()
}

fn positive(given: Option<Duration>, default: Duration) -> Duration {
    given.filter(|duration| !duration.is_zero()).unwrap_or(default)
}

fn small(given: Option<i64>, default: u32) -> NonZeroU32 {
    let number = given.and_then(|number| u32::try_from(number).ok()).unwrap_or(default);
    NonZeroU32::new(number).expect("ranges and defaults start at 1")
}

fn poll_interval(reader: &mut Reader<'_>) -> Duration {
    let floor = Duration::from_secs(1);
    match reader.duration("poll-interval") {
        Some(interval) if interval < floor => {
            reader.warn("poll-interval", "is below 1s, which is the least; 1s holds");
            floor
        }
        given => given.unwrap_or(floor),
    }
}

/// Settings that older files hold and that change nothing (controller-config 4.2).
fn dead_settings(reader: &mut Reader<'_>) {
    if reader.duration("query-reset-interval").is_some() {
        reader.warn("query-reset-interval", "has no effect: each poll starts at the first page");
    }
    if reader.bool("enable-queue-pause") == Some(false) {
        reader.warn("enable-queue-pause", "has no effect: a paused queue is always honoured");
    }
    if reader.bool("enable-completion-watcher") == Some(true) {
        let effect = "has no effect yet: this version leaves Jobs whose agent has ended to their deadline";
        reader.warn("enable-completion-watcher", effect);
    }
}

fn kubernetes(reader: &mut Reader<'_>) -> Kubernetes {
    let most = i64::from(u32::MAX);
    let rate = reader.int("k8s-client-rate-limiter-qps", 1..=most);
    let burst = reader.int("k8s-client-rate-limiter-burst", 1..=most);
    let rate_limit = rate.map(|rate| RateLimit {
        per_second: small(Some(rate), 1),
        burst: small(Some(burst.unwrap_or_else(|| rate.saturating_mul(2).min(most))), 1),
    });
    let namespace = reader.text("namespace").unwrap_or_else(|| "default".to_owned());
    let leader_lease = match reader.bool("leader-lease") {
        None => LeaderLease::WhenAllowed,
        Some(true) => LeaderLease::Required,
        Some(false) => LeaderLease::Off,
    };
    Kubernetes { namespace, rate_limit, leader_lease }
}

fn limits(reader: &mut Reader<'_>) -> Limits {
    let in_flight = reader.int("max-in-flight", 0..=i64::MAX).unwrap_or(25);
    Limits {
        max_in_flight: usize::try_from(in_flight).ok().and_then(NonZeroUsize::new),
        work_queue_limit: at_least_one(reader, "work-queue-limit", 1_000_000),
        job_creation_concurrency: at_least_one(reader, "job-creation-concurrency", 25),
    }
}

/// Zero and less mean the default, as in older releases, but not silently.
fn at_least_one(reader: &mut Reader<'_>, key: &'static str, default: usize) -> NonZeroUsize {
    let given = reader.int(key, i64::MIN..=i64::MAX);
    if given.is_some_and(|number| number < 1) {
        reader.warn(key, format!("is below 1; the default {default} holds"));
    }
    let number = given.and_then(|number| usize::try_from(number).ok()).and_then(NonZeroUsize::new);
    number.unwrap_or_else(|| NonZeroUsize::new(default).expect("defaults are positive"))
}

fn grace(reader: &mut Reader<'_>) -> Grace {
    Grace {
        image_pull_backoff: or_default(reader, "image-pull-backoff-grace-period", 30),
        cancel_check_interval: or_default(reader, "job-cancel-checker-poll-interval", 5),
        empty_job: reader.duration("empty-job-grace-period").unwrap_or(Duration::from_secs(30)),
        pod_pending: Some(reader.duration("pod-pending-timeout").unwrap_or(Duration::from_secs(900)))
            .filter(|timeout| !timeout.is_zero()),
        completion_watcher: reader.bool("enable-completion-watcher").unwrap_or(true),
    }
}

/// Zero means the default, as in older releases, but not silently.
fn or_default(reader: &mut Reader<'_>, key: &'static str, seconds: u64) -> Duration {
    let given = reader.duration(key);
    if given.is_some_and(|duration| duration.is_zero()) {
        reader.warn(key, format!("is zero; the default {seconds}s holds"));
    }
    positive(given, Duration::from_secs(seconds))
}

fn http(reader: &mut Reader<'_>) -> Http {
    let mut port = |key, default| {
        let number = reader.int(key, 0..=i64::from(u16::MAX)).unwrap_or(default);
        u16::try_from(number).expect("the range is that of ports")
    };
    Http { health_port: port("health-port", 8081), prometheus_port: port("prometheus-port", 0) }
}

fn logging(reader: &mut Reader<'_>) -> Logging {
    let level = log_level(reader);
    let debug = reader.bool("debug").unwrap_or(false);
    let format = reader.text("log-format").unwrap_or_default();
    Logging {
        level: if debug { LogLevel::Debug } else { level },
        format: match format.as_str() {
            "" | "logfmt" => LogFormat::Logfmt,
            "json" => LogFormat::Json,
            _ => {
                let reason = format!("`{format}` is not one of `logfmt`, `json`, in exactly that spelling");
                reader.out_of_range("log-format", reason);
                LogFormat::Logfmt
            }
        },
        color: !reader.bool("no-color").unwrap_or(false),
    }
}

fn log_level(reader: &mut Reader<'_>) -> LogLevel {
    let word = reader.text("log-level").unwrap_or_default();
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    match levels.into_iter().find(|level| level.as_str() == word) {
        Some(level) => level,
        None if word.is_empty() => LogLevel::Info,
        None => {
            let words = "`debug`, `info`, `warn`, `error`";
            reader.out_of_range(
                "log-level",
                format!("`{word}` is not one of {words}, in exactly that spelling"),
            );
            LogLevel::Info
        }
    }
}

/// Warns once for each old setting that some source still gives, and returns the cluster UUID among
/// them. Values are never printed.
fn leftovers(reader: &mut Reader<'_>, inputs: &Inputs<'_>) -> Option<String> {
    let mut cluster = None;
    for leftover in &LEFTOVERS {
        let flag = leftover.flags.iter().find_map(|flag| Some((*flag, inputs.args.leftovers.get(flag)?)));
        let variable = leftover
            .variables
            .iter()
            .find_map(|name| Some((*name, inputs.variables.get(*name).filter(|word| !word.is_empty())?)));
        let source = flag.map(|(name, _)| Source::Flag(name.to_owned()));
        let source = source.or_else(|| variable.map(|(name, _)| Source::Variable(name.to_owned())));
        let Some(source) = source.or_else(|| reader.file.key_place(leftover.key)) else {
            continue;
        };
        let node = reader.file.get(leftover.key);
        let word = flag.and_then(|(_, words)| words.last()).or(variable.map(|(_, word)| word));
        let word = word.map(String::as_str).or_else(|| node.and_then(yaml_source::Node::written));
        if leftover.name == "cluster-uuid" {
            cluster = word.filter(|word| !word.is_empty()).map(str::to_owned);
        }
        if leftover.advice.is_empty() {
            continue;
        }
        let refused =
            leftover.boolean && word.is_some_and(|word| value::boolean_word(word).is_ok_and(|on| !on));
        let effect = if refused { "cannot be switched off, " } else { "has no effect, " };
        reader.warnings.push(Warning::new(leftover.name, format!("{effect}{}", leftover.advice), source));
    }
    cluster
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SCALARS;

    /// A setting is either wired or does not exist (controller-config G-1).
    #[test]
    fn every_setting_is_read() {
        let (file, args, variables) = (ConfigFile::default(), Args::default(), BTreeMap::new());
        let mut reader = Reader::new(&file, &args, &variables);
        let settings = read_settings(&mut reader, "devel");
        unbuilt::refusals(&mut reader, &settings, Use::Controller);
        let unread: Vec<_> =
            SCALARS.iter().map(|scalar| scalar.key).filter(|key| !reader.asked.contains(key)).collect();
        assert_eq!(unread, Vec::<&str>::new());
    }
}
