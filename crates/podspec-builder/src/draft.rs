//! What the stages hand on to each other: the pod under construction and all that is known about it.

use pipeline_model::KubernetesPlugin;
use shared_json::{Text, Value};

use crate::error::Warning;
use crate::job::JobRequest;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};
use crate::patch::{Author, ImageCheckEntry};
use crate::prepared::Prepared;
use crate::settings::Settings;

/// What one build reads.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) job: &'a JobRequest,
    pub(crate) settings: &'a Settings,
    /// What follows from the settings alone.
    pub(crate) prepared: &'a Prepared,
    /// The block, or one without any field.
    pub(crate) plugin: &'a KubernetesPlugin,
    /// Whether the plugin list names another plugin.
    pub(crate) names_other_plugins: bool,
}

/// The pod under construction.
pub(crate) struct Draft {
    /// The pod spec.
    pub(crate) pod: Object,
    /// Roles by kind and name, given at the end of COMPOSE.
    pub(crate) roles: Roles,
    /// Labels of Job and pod.
    pub(crate) labels: Object,
    /// Annotations of Job and pod.
    pub(crate) annotations: Object,
    /// Whether there is no checkout container.
    pub(crate) skip_checkout: bool,
    /// What patches say of image checks, in the order in which it is to be merged.
    pub(crate) image_check_entries: Vec<ImageCheckEntry>,
    /// Containers of the stack that are not in the pod any more, and by which patch.
    pub(crate) removed: Vec<(&'static str, Author)>,
    /// The patch that left no command container.
    pub(crate) commands_removed: Option<Author>,
    /// In the order of the rules.
    pub(crate) warnings: Vec<Warning>,
}

impl Draft {
    /// Notes which of the stack's own containers are missing since this patch.
    pub(crate) fn note_removed(&mut self, author: Author) {
        let expected = [(CONTAINERS, AGENT), (INIT_CONTAINERS, SETUP), (CONTAINERS, CHECKOUT)];
        let missing = expected.into_iter().filter(|(key, name)| {
            let skipped = self.skip_checkout && *name == CHECKOUT;
            !skipped && !list(&self.pod, key).iter().any(|entry| text(as_object(entry), "name") == *name)
        });
        let known = |name: &str| self.removed.iter().find(|(removed, _)| *removed == name);
        self.removed = missing.map(|(_, name)| known(name).copied().unwrap_or((name, author))).collect();
        let role = |entry: &Value| self.roles.of_regular(text(as_object(entry), "name"));
        let none_left = list(&self.pod, CONTAINERS).iter().all(|entry| role(entry) != Some(Role::Command));
        self.commands_removed = none_left.then(|| self.commands_removed.unwrap_or(author));
    }
}

/// What a container of the composed pod is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Agent,
    Checkout,
    /// `copy-agent`.
    Setup,
    Command,
    Sidecar,
}

/// The role table. Containers that are not in it are the user's init containers or were added by a patch.
#[derive(Default)]
pub(crate) struct Roles {
    /// Names of command containers in the order in which they run.
    pub(crate) commands: Vec<Text>,
    /// Where the command containers were written: the path of the starting pod spec.
    pub(crate) written_in: &'static str,
    /// The command container made by R-72, if there is one.
    pub(crate) default_command: Option<&'static str>,
    /// Whether the pod has a checkout container.
    pub(crate) checkout: bool,
    /// Names of sidecars.
    pub(crate) sidecars: Vec<Text>,
}

impl Roles {
    /// Role of a regular container.
    pub(crate) fn of_regular(&self, name: &str) -> Option<Role> {
        match name {
            AGENT => Some(Role::Agent),
            CHECKOUT => self.checkout.then_some(Role::Checkout),
            _ => self.commands.iter().any(|command| *command == *name).then_some(Role::Command),
        }
    }

    /// Where a command container was written; one that R-72 made is in the final pod only.
    pub(crate) fn place_of_command(&self, name: &str) -> String {
        match self.commands.iter().position(|command| *command == *name) {
            Some(index) if self.default_command.is_none() => {
                format!("{}.{CONTAINERS}[{index}]", self.written_in)
            }
            _ => format!("{CONTAINERS}[{name}]"),
        }
    }

    /// Role of an init container.
    pub(crate) fn of_init(&self, name: &str) -> Option<Role> {
        match name {
            SETUP => Some(Role::Setup),
            _ => self.sidecars.iter().any(|sidecar| *sidecar == *name).then_some(Role::Sidecar),
        }
    }
}

/// Name of the agent container.
pub(crate) const AGENT: &str = "agent";
/// Name of the checkout container.
pub(crate) const CHECKOUT: &str = "checkout";
/// Name of the workspace setup container.
pub(crate) const SETUP: &str = "copy-agent";
/// Name of the command container that a pod without one gets.
pub(crate) const DEFAULT_COMMAND: &str = "container-0";
/// Name of image check containers, before their number.
pub(crate) const IMAGE_CHECK_PREFIX: &str = "imagecheck-";
/// Where the workspace is mounted.
pub(crate) const WORKSPACE: &str = "/workspace";

/// Whether a name is that of an image check container.
pub(crate) fn is_image_check(name: &str) -> bool {
    let number = name.strip_prefix(IMAGE_CHECK_PREFIX);
    number.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
