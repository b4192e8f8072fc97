//! What Jobs of one configuration have in common, made once and shared by all of them.
//!
//! Nothing here depends on a job. Where a container has parts that do, it holds what stands in their place
//! until then (`env_list::placeholder`).

use std::collections::BTreeMap;

use pipeline_model::{CheckoutParams, CommandParams, SidecarParams};
use shared_json::{Array, Text, Value, object};

use crate::compose::{self, AgentPaths};
use crate::derive::Derived;
use crate::draft::DEFAULT_COMMAND;
use crate::object::Object;
use crate::settings::{ResourceClass, Settings};

/// The settings in the form in which they enter Jobs.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// `id`.
    pub(crate) controller_id: Text,
    /// `default-metadata`, with the annotations of R-45.
    pub(crate) labels: Object,
    pub(crate) annotations: Object,
    /// The parameters with shared objects.
    pub(crate) checkout: CheckoutParams<Value>,
    pub(crate) command: CommandParams<Value>,
    pub(crate) sidecar: SidecarParams<Value>,
    /// `pod-spec-patch`.
    pub(crate) pod_spec_patch: Option<Value>,
    /// `resource-classes`, which `Settings` says whether they are given.
    pub(crate) resource_classes: BTreeMap<String, Class>,
    /// The workspace volume and those of `agent-config`.
    pub(crate) volumes: Array,
    /// The mounts that depend on the configuration alone.
    pub(crate) mounts: compose::ConfiguredMounts,
    /// The container of R-88, with the table of R-91.
    pub(crate) agent: Object,
    /// The container of R-97.
    pub(crate) checkout_container: Object,
    /// The container that fills the workspace.
    pub(crate) setup: Value,
    /// The container of R-72.
    pub(crate) default_command: Value,
    /// Variables of command containers that are derived.
    pub(crate) derived_variables: Array,
    /// Derived values that most Jobs have.
    pub(crate) derived: Derived,
}

/// An entry of `resource-classes`.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) resource: Option<Value>,
    pub(crate) pod_resource: Option<Value>,
    pub(crate) node_selector: Object,
}

impl Prepared {
    /// Takes settings as they are, read or not: a build says what is wrong with them.
    pub(crate) fn of(settings: &Settings) -> Self {
        let paths = AgentPaths::of(settings.agent_config.as_ref());
        let image = Text::from(&settings.image);
        let mounts = compose::ConfiguredMounts::of(settings, &paths);
        let metadata = &settings.default_metadata;
        let classes = settings.resource_classes.iter().flatten();
        Self {
            controller_id: Text::from(&settings.controller_id),
            labels: compose::default_metadata(&[], &metadata.labels),
            annotations: compose::default_metadata(&compose::FIXED_ANNOTATIONS, &metadata.annotations),
            checkout: settings.default_checkout_params.with_objects_as(),
            command: settings.default_command_params.with_objects_as(),
            sidecar: settings.default_sidecar_params.with_objects_as(),
            pod_spec_patch: settings.pod_spec_patch.as_ref().map(Value::from),
            resource_classes: classes.map(|(name, class)| (name.clone(), Class::of(class))).collect(),
            volumes: compose::configured_volumes(settings),
            agent: compose::agent_container(settings, &image, &paths),
            checkout_container: compose::checkout_container(&image),
            setup: compose::setup_container(&image, &mounts.workspace),
            default_command: object! { "name": DEFAULT_COMMAND, "image": &image },
            derived_variables: compose::derived_variables(),
            derived: Derived::of(settings, &mounts.workspace),
            mounts,
        }
    }
}

impl Class {
    fn of(class: &ResourceClass) -> Self {
        Self {
            resource: class.resource.as_ref().map(Value::from),
            pod_resource: class.pod_resource.as_ref().map(Value::from),
            node_selector: class.node_selector.iter().map(|(key, value)| (key, value.into())).collect(),
        }
    }
}
