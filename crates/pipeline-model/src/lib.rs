//! The parts of a pipeline that the stack reads, as typed data: the command steps of a file, the job's plugin
//! list and the kubernetes plugin block.
//!
//! The crate knows what may be written and says where something else was written. It has no
//! opinion about what a pod becomes: Kubernetes objects inside the block stay JSON exactly as given.
//!
//! ```
//! use pipeline_model::parse_plugins;
//!
//! let list = r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin": {"podTemplate": "go"}}]"#;
//! let plugins = parse_plugins(list, false)?;
//! let block = plugins.kubernetes.expect("given above");
//! assert_eq!(block.pod_template.as_deref(), Some("go"));
//! # Ok::<(), pipeline_model::PluginError>(())
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod block;
mod finding;
pub mod format;
mod interpolation;
mod params;
mod pipeline;
mod plugin_list;
mod reader;
mod reference;
pub mod shape;
mod step_plugins;
mod told;

pub use block::KubernetesPlugin;
pub use block::table::{
    BLOCK, CHECKOUT as CHECKOUT_PARAMS, COMMAND_PARAMS, GIT_MIRRORS, METADATA, SIDECAR_PARAMS,
};
pub use finding::{Notice, PluginError};
pub use interpolation::{Interpolated, InterpolationError, Variables, interpolate};
pub use params::{
    CheckoutParams, CommandParams, GitMirrors, Interposer, Metadata, SidecarParams, UnknownWord,
};
pub use pipeline::{Combination, CommandStep, Matrix, Pipeline, PipelineError};
pub use plugin_list::{OtherPlugin, Plugins, parse_plugins};
pub use reference::{KUBERNETES_PLUGIN, resolve_reference};
pub use step_plugins::{StepPluginsError, step_plugins};
pub use told::{told_value, too_large_integer};
pub use yaml_source::nearest;
