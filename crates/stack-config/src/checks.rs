//! Ranges of single values, and values against each other (controller-config 4, 10).

use podspec_builder::Builder;

use crate::names::{is_dns_label, is_dns_subdomain, is_label_value, is_qualified_name};
use crate::problem::{Problem, Warning};
use crate::reader::Reader;
use crate::settings::{LogLevel, Settings};
use crate::volumes;

/// A Job's name is the prefix and a UUID of 36 characters, at most 63 in all.
const LONGEST_PREFIX: usize = 63 - 36;

/// Values that are wrong by themselves.
pub(crate) fn ranges(reader: &mut Reader<'_>, settings: &Settings) {
    names(reader, settings);
    builder_texts(reader, settings);
    metadata(reader, settings);
    required_labels(reader, settings);
    let endpoint = &settings.buildkite.endpoint;
    let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':', '?', '#'])) {
        let reason = format!("`{endpoint}` is no address of an API");
        problem(
            reader,
            "agent-config.endpoint",
            reason,
            "write a URL such as https://agent.buildkite.com/v3",
        );
    }
}

fn problem(reader: &mut Reader<'_>, path: &str, reason: String, hint: &str) {
    let source = reader.file.path_place(path).unwrap_or_else(|| reader.source(path));
    reader.range_problems.push(Problem::new(path, reason, source).hint(hint));
}

fn names(reader: &mut Reader<'_>, settings: &Settings) {
    let required = [
        ("agent-token-secret", &settings.buildkite.agent_token_secret),
        ("namespace", &settings.kubernetes.namespace),
        ("job-prefix", &settings.builder.job_prefix),
    ];
    for (key, value) in required {
        if value.is_empty() {
            let source = reader.source(key);
            let problem = Problem::new(key, "is empty and must not be", source).id("E-26");
            reader.range_problems.push(problem.hint("remove the key to get its default"));
        }
    }
    let secret = &settings.buildkite.agent_token_secret;
    if !secret.is_empty() && !is_dns_subdomain(secret) {
        reader.out_of_range("agent-token-secret", format!("`{secret}` is no name that a Secret can have"));
    }
    let namespace = &settings.kubernetes.namespace;
    if !namespace.is_empty() && !is_dns_label(namespace) {
        reader.out_of_range("namespace", format!("`{namespace}` is no name that a namespace can have"));
    }
    let prefix = &settings.builder.job_prefix;
    let sample = format!("{prefix}00000000-0000-0000-0000-000000000000");
    if !prefix.is_empty() && !is_dns_label(&sample) {
        let reason = format!(
            "`{prefix}` cannot begin a Job's name; use at most {LONGEST_PREFIX} lower-case letters, digits and \
             hyphens, the first no hyphen"
        );
        reader.out_of_range("job-prefix", reason);
    }
    let id = &settings.id;
    let key_like = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !(key_like && is_label_value(id)) {
        let reason = format!(
            "`{id}` cannot be a label and a stack key; use at most 63 letters, digits, inner hyphens and underscores"
        );
        reader.out_of_range("id", reason);
    }
}

fn builder_texts(reader: &mut Reader<'_>, settings: &Settings) {
    let builder = &settings.builder;
    if builder.job_ttl.as_secs() > i32::MAX.unsigned_abs().into() {
        reader.out_of_range("job-ttl", "is longer than Kubernetes takes, 2147483647 seconds");
    }
    let sub_path = &builder.workspace_mount_sub_path_expr;
    if sub_path.starts_with('/') || sub_path.split('/').any(|part| part == "..") {
        let reason = format!("`{sub_path}` must be a relative path without `..`");
        reader.out_of_range("workspace-mount-sub-path-expr", reason);
    }
    for (index, pattern) in builder.additional_redacted_vars.iter().enumerate() {
        if pattern.contains(',') {
            let path = format!("additional-redacted-vars[{index}]");
            let reason = format!("`{pattern}` holds a comma, which separates patterns");
            problem(reader, &path, reason, "make it two entries");
        }
    }
    let behaviour =
        builder.agent_config.as_ref().and_then(|config| config.verification_failure_behavior.as_ref());
    if let Some(word) = behaviour.filter(|word| !["warn", "block"].contains(&word.as_str())) {
        let reason = format!("`{word}` is not one of `warn`, `block`");
        problem(
            reader,
            "agent-config.verification-failure-behavior",
            reason,
            "with any other word no agent starts",
        );
    }
}

fn metadata(reader: &mut Reader<'_>, settings: &Settings) {
    let metadata = &settings.builder.default_metadata;
    for (kind, map) in [("labels", &metadata.labels), ("annotations", &metadata.annotations)] {
        for (key, value) in map {
            let path = format!("default-metadata.{kind}.{key}");
            let source = reader.file.path_place(&format!("default-metadata.{kind}"));
            let source = source.unwrap_or_else(|| reader.source("default-metadata"));
            if !is_qualified_name(key) {
                let reason = "is no key that Kubernetes takes here";
                reader.range_problems.push(Problem::new(&path, reason, source.clone()));
            }
            if kind == "labels" && !is_label_value(value) {
                let reason = format!("`{value}` is no value that a label can have");
                let hint = "use at most 63 letters, digits, `-`, `_` and `.`, or make it an annotation";
                reader.range_problems.push(Problem::new(&path, reason, source).hint(hint));
            }
        }
    }
}

/// A label that no Job can have would refuse every job.
fn required_labels(reader: &mut Reader<'_>, settings: &Settings) {
    let policy = settings.builder.pod_policy.iter();
    for key in policy.flat_map(|policy| policy.required_labels.keys()).filter(|key| !is_qualified_name(key)) {
        let path = format!("pod-policy.required-labels.{key}");
        let source = reader.file.path_place("pod-policy.required-labels");
        let source = source.unwrap_or_else(|| reader.source("pod-policy"));
        let reason = "is no key that a label can have, so no job could be run";
        reader.range_problems.push(Problem::new(path, reason, source));
    }
}

/// Values that are wrong together; warnings go to the reader.
pub(crate) fn cross(reader: &mut Reader<'_>, settings: &Settings) -> Vec<Problem> {
    let mut problems = volumes::names(reader, &settings.builder);
    problems.extend(volumes::mount_paths(reader, &settings.builder));
    match Builder::new(settings.builder.clone()) {
        Ok(builder) => {
            for found in builder.warnings() {
                let source =
                    reader.file.path_place(&found.path).unwrap_or_else(|| reader.source(&found.path));
                reader.warnings.push(Warning::new(&found.path, &found.message, source));
            }
        }
        Err(error) => {
            for found in error.problems {
                let source = reader.file.path_place(&found.key).unwrap_or_else(|| reader.source(&found.key));
                problems.push(Problem::new(found.key, found.message, source).id(found.id).hint(found.hint));
            }
        }
    }
    for (index, queue) in settings.buildkite.queues.iter().enumerate() {
        if let (Some(cap), Some(most)) = (queue.max_in_flight, settings.limits.max_in_flight)
            && cap > most
        {
            let path = format!("queues[{index}].max-in-flight");
            let source = reader.file.path_place(&path).unwrap_or_else(|| reader.source("queues"));
            let message = format!("is {cap}, but max-in-flight stops all queues at {most}");
            reader.warnings.push(Warning::new(path, message, source));
        }
    }
    let grace = &settings.grace;
    if grace.pod_pending.is_some_and(|pending| settings.buildkite.reservation_expiry < pending) {
        let message =
            "is shorter than pod-pending-timeout, so reservations are renewed while pods are pending";
        reader.warn("reservation-expiry-seconds", message);
    }
    let payloads = reader.is_given("log-http-payloads");
    if payloads && settings.logging.level != LogLevel::Debug {
        reader.warn("log-http-payloads", "has an effect only at level debug");
    }
    if reader.is_given("k8s-client-rate-limiter-burst") && settings.kubernetes.rate_limit.is_none() {
        reader.warn("k8s-client-rate-limiter-burst", "has no effect without k8s-client-rate-limiter-qps");
    }
    if settings.kubernetes.rate_limit.is_some_and(|limit| limit.burst < limit.per_second) {
        let source = reader.source("k8s-client-rate-limiter-burst");
        let reason = "is smaller than k8s-client-rate-limiter-qps";
        problems.push(Problem::new("k8s-client-rate-limiter-burst", reason, source));
    }
    problems
}
