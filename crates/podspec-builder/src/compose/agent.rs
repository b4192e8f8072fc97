//! The agent container (job-manifest 5.8).

use shared_json::{Array, Text, Value, list, object};

use crate::compose::agent_env::{set_agent_config, set_checkout};
use crate::compose::agent_paths::AgentPaths;
use crate::compose::checkout_params::EffectiveCheckout;
use crate::compose::mounts::Mounts;
use crate::compose::tags::AgentTags;
use crate::draft::{AGENT, Inputs, WORKSPACE};
use crate::env_list::{field_variable, placeholder, put, set, variable};
use crate::object::{Object, list_mut};
use crate::settings::{AGENT_TOKEN_KEY, Settings};

/// The agent's own patterns of variables to redact, of the release that the default image carries.
const REDACTED_VARS: [&str; 9] = [
    "*_PASSWORD",
    "*_SECRET",
    "*_TOKEN",
    "*_PRIVATE_KEY",
    "*_SSH_KEY",
    "*_ACCESS_KEY",
    "*_SECRET_KEY",
    "*_CONNECTION_STRING",
    "*_API_KEY",
];

/// What all agent containers of a configuration have in common.
pub(crate) fn configured(settings: &Settings, image: &Text, paths: &AgentPaths) -> Object {
    let mut variables = variables(settings);
    if let Some(config) = &settings.agent_config {
        set_agent_config(&mut variables, config, paths);
    }
    let members = [
        ("name", AGENT.into()),
        ("image", image.into()),
        ("args", list!["start"]),
        ("workingDir", WORKSPACE.into()),
        ("env", variables.into()),
    ];
    members.into_iter().collect()
}

/// The container that talks to Buildkite and leads the others.
pub(crate) fn compose(
    inputs: Inputs<'_>,
    tags: &AgentTags<'_>,
    checkout: &EffectiveCheckout<'_>,
    mounts: &Mounts<'_>,
) -> Object {
    let mut container = inputs.prepared.agent.clone();
    // The mounts and the pull policy.
    container.reserve(2);
    let variables = list_mut(&mut container, "env");
    set(variables, "BUILDKITE_AGENT_TAGS", tags.agent_text(&inputs.settings.controller_version));
    set(variables, "BUILDKITE_AGENT_ACQUIRE_JOB", inputs.job.uuid.as_text().clone());
    if let Some(source) = &inputs.job.agent_token_source {
        put(variables, TOKEN, token_variable(&source.name, &source.key));
    }
    set_checkout(variables, checkout);
    container.insert("volumeMounts", mounts.for_agent().into());
    container
}

/// The table of R-91. What depends on the job or on the finished pod stands as a placeholder.
fn variables(settings: &Settings) -> Array {
    let redacted: Vec<&str> = REDACTED_VARS
        .into_iter()
        .chain(settings.additional_redacted_vars.iter().map(String::as_str))
        .collect();
    Array::from([
        variable("BUILDKITE_KUBERNETES_EXEC", "true"),
        placeholder("BUILDKITE_CONTAINER_COUNT"),
        placeholder("BUILDKITE_AGENT_TAGS"),
        field_variable("BUILDKITE_K8S_NODE", "spec.nodeName"),
        field_variable("BUILDKITE_K8S_NAMESPACE", "metadata.namespace"),
        field_variable("BUILDKITE_K8S_SERVICE_ACCOUNT", "spec.serviceAccountName"),
        variable("BUILDKITE_BUILD_PATH", "/workspace/build"),
        variable("BUILDKITE_HOOKS_PATH", "/workspace/hooks"),
        variable("BUILDKITE_PLUGINS_PATH", "/workspace/plugins"),
        variable("BUILDKITE_SOCKETS_PATH", "/workspace/sockets/agent"),
        variable("BUILDKITE_SHELL", "/bin/sh -ec"),
        token_variable(&settings.agent_token_secret, AGENT_TOKEN_KEY),
        placeholder("BUILDKITE_AGENT_ACQUIRE_JOB"),
        variable("BUILDKITE_REDACTED_VARS", redacted.join(",")),
        placeholder("BUILDKITE_CANCEL_GRACE_PERIOD"),
        placeholder("BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS"),
    ])
}

const TOKEN: &str = "BUILDKITE_AGENT_TOKEN";

/// The only reference to the Secret with the job's credential.
fn token_variable(secret: &str, key: &str) -> Value {
    let reference = object! { "key": Text::copied(key), "name": Text::copied(secret) };
    object! { "name": TOKEN, "valueFrom": object! { "secretKeyRef": reference } }
}
