//! The agent container (job-manifest 5.8).

use serde_json::{Value, json};

use crate::compose::agent_env::{set_agent_config, set_checkout};
use crate::compose::agent_paths::AgentPaths;
use crate::compose::checkout_params::EffectiveCheckout;
use crate::compose::mounts::Mounts;
use crate::compose::tags::AgentTags;
use crate::draft::{AGENT, Inputs, WORKSPACE};
use crate::env_list::{field_variable, placeholder, variable};

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

/// The container that talks to Buildkite and leads the others.
pub(crate) fn compose(
    inputs: Inputs<'_>,
    tags: &AgentTags,
    paths: &AgentPaths,
    checkout: &EffectiveCheckout<'_>,
    mounts: &Mounts<'_>,
) -> Value {
    let mut variables = variables(inputs, tags);
    if let Some(config) = &inputs.settings.agent_config {
        set_agent_config(&mut variables, config, paths);
    }
    set_checkout(&mut variables, checkout);
    json!({
        "name": AGENT,
        "image": inputs.settings.image,
        "args": ["start"],
        "workingDir": WORKSPACE,
        "env": variables,
        "volumeMounts": mounts.for_agent(),
    })
}

/// The table of R-91.
fn variables(inputs: Inputs<'_>, tags: &AgentTags) -> Vec<Value> {
    let settings = inputs.settings;
    let redacted: Vec<&str> = REDACTED_VARS
        .into_iter()
        .chain(settings.additional_redacted_vars.iter().map(String::as_str))
        .collect();
    vec![
        variable("BUILDKITE_KUBERNETES_EXEC", "true"),
        placeholder("BUILDKITE_CONTAINER_COUNT"),
        variable("BUILDKITE_AGENT_TAGS", tags.agent_text(&settings.controller_version)),
        field_variable("BUILDKITE_K8S_NODE", "spec.nodeName"),
        field_variable("BUILDKITE_K8S_NAMESPACE", "metadata.namespace"),
        field_variable("BUILDKITE_K8S_SERVICE_ACCOUNT", "spec.serviceAccountName"),
        variable("BUILDKITE_BUILD_PATH", "/workspace/build"),
        variable("BUILDKITE_HOOKS_PATH", "/workspace/hooks"),
        variable("BUILDKITE_PLUGINS_PATH", "/workspace/plugins"),
        variable("BUILDKITE_SOCKETS_PATH", "/workspace/sockets/agent"),
        variable("BUILDKITE_SHELL", "/bin/sh -ec"),
        token_variable(inputs),
        variable("BUILDKITE_AGENT_ACQUIRE_JOB", inputs.job.uuid.as_str()),
        variable("BUILDKITE_REDACTED_VARS", redacted.join(",")),
        placeholder("BUILDKITE_CANCEL_GRACE_PERIOD"),
        placeholder("BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS"),
    ]
}

/// The only reference to the Secret with the job's credential.
fn token_variable(inputs: Inputs<'_>) -> Value {
    let (name, key) = inputs.job.token_source(inputs.settings);
    json!({ "name": "BUILDKITE_AGENT_TOKEN", "valueFrom": { "secretKeyRef": { "name": name, "key": key } } })
}
