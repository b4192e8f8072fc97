//! Values that are derived for most pods alike, made once.

use shared_json::{Array, Text, Value, list};

use crate::derive::commands::{BOOTSTRAP_ARGS, BOOTSTRAP_COMMAND};
use crate::derive::image_checks;
use crate::derive::pod_level::Grace;
use crate::draft::CHECKOUT;
use crate::env_list::variable;
use crate::scripts;
use crate::settings::Settings;

/// Pods have hardly ever more containers that count.
const USUAL: usize = 4;

/// What finished pods have in common.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    /// `command` and `args` of command containers.
    pub(crate) bootstrap_command: Value,
    pub(crate) bootstrap_args: Value,
    /// `BUILDKITE_BOOTSTRAP_PHASES` of command containers.
    pub(crate) command_phases: Value,
    /// `BUILDKITE_SOCKETS_PATH` of the checkout container.
    pub(crate) checkout_sockets: Value,
    /// The script of a checkout without credentials.
    pub(crate) checkout_script: Text,
    /// An image check without its name, image and pull policy.
    pub(crate) image_check: [(&'static str, Value); 4],
    ids: [Value; USUAL],
    counts: [Value; USUAL],
    grace: (Grace, [Value; 2]),
}

impl Derived {
    pub(crate) fn of(settings: &Settings, workspace: &Array) -> Self {
        let grace = Grace::of(settings.default_termination_grace_period_seconds);
        Self {
            bootstrap_command: BOOTSTRAP_COMMAND.into_iter().map(Value::from).collect(),
            bootstrap_args: BOOTSTRAP_ARGS.into_iter().map(Value::from).collect(),
            command_phases: variable("BUILDKITE_BOOTSTRAP_PHASES", "plugin,command"),
            checkout_sockets: sockets(CHECKOUT),
            checkout_script: scripts::checkout(false),
            image_check: [
                ("args", list!["--version"]),
                ("command", list!["/workspace/tini-static"]),
                ("resources", image_checks::resources(settings)),
                ("volumeMounts", workspace.clone().into()),
            ],
            ids: std::array::from_fn(new_id),
            counts: std::array::from_fn(new_count),
            grace: (grace, new_grace(grace)),
        }
    }

    /// `BUILDKITE_CONTAINER_ID`.
    pub(crate) fn id(&self, number: usize) -> Value {
        self.ids.get(number).cloned().unwrap_or_else(|| new_id(number))
    }

    /// `BUILDKITE_CONTAINER_COUNT`.
    pub(crate) fn count(&self, number: usize) -> Value {
        self.counts.get(number).cloned().unwrap_or_else(|| new_count(number))
    }

    /// `BUILDKITE_CANCEL_GRACE_PERIOD` and `BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS`.
    pub(crate) fn grace(&self, grace: Grace) -> [Value; 2] {
        if grace == self.grace.0 { self.grace.1.clone() } else { new_grace(grace) }
    }
}

/// `BUILDKITE_SOCKETS_PATH`: each container has a directory of its own.
pub(crate) fn sockets(container: &str) -> Value {
    variable("BUILDKITE_SOCKETS_PATH", Text::concat(&["/workspace/sockets/", container]))
}

fn new_id(number: usize) -> Value {
    variable("BUILDKITE_CONTAINER_ID", Text::display(number))
}

fn new_count(number: usize) -> Value {
    variable("BUILDKITE_CONTAINER_COUNT", Text::display(number))
}

fn new_grace(grace: Grace) -> [Value; 2] {
    [
        variable("BUILDKITE_CANCEL_GRACE_PERIOD", Text::display(grace.cancel)),
        variable("BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS", Text::display(grace.signal)),
    ]
}
