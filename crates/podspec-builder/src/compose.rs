//! Stage 1: the pod as the step, the template and the configuration describe it (job-manifest 5.1 to 5.11).

mod agent;
mod agent_env;
mod agent_paths;
mod checkout;
mod checkout_params;
mod command;
mod metadata;
mod mounts;
mod resource_class;
mod setup;
mod sidecar;
mod start;
mod tags;
mod volumes;

use shared_json::Value;

use crate::check::names;
use crate::draft::{Draft, Inputs, Roles};
use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, list_mut, place};

use checkout_params::EffectiveCheckout;
use mounts::Mounts;
use tags::AgentTags;

pub(crate) use agent::configured as agent_container;
pub(crate) use agent_paths::AgentPaths;
pub(crate) use checkout::configured as checkout_container;
pub(crate) use command::derived_variables;
pub(crate) use metadata::{FIXED_ANNOTATIONS, defaults as default_metadata};
pub(crate) use mounts::ConfiguredMounts;
pub(crate) use setup::configured as setup_container;
pub(crate) use volumes::configured as configured_volumes;

/// Composes the pod. `template` is the pod spec of the named PodTemplate, already read.
///
/// # Errors
/// E-7, E-8, E-9 to E-12, E-23, in this order.
pub(crate) fn compose(inputs: Inputs<'_>, template: Option<Value>) -> Result<Draft, BuildError> {
    let mut warnings = Vec::new();
    let (mut pod, written_in) = start::pod_spec(inputs, template)?;
    let tags = AgentTags::parse(&inputs.job.agent_query_rules, &mut warnings);
    let (labels, annotations) = metadata::compose(inputs, &tags, &mut warnings);

    let checkout = EffectiveCheckout::of(inputs);
    let mounts = Mounts::new(inputs, &checkout);
    volumes::append_configured(&mut pod, &inputs.prepared.volumes);

    let mut roles = Roles { checkout: !checkout.skip, written_in, ..Roles::default() };
    command::compose(&mut pod, inputs, &mounts, &mut roles, &mut warnings);
    let sidecars = sidecar::compose(inputs, &mounts, &mut roles);
    resource_class::apply(&mut pod, inputs, &tags)?;

    let regular = list_mut(&mut pod, CONTAINERS);
    regular.push(agent::compose(inputs, &tags, &checkout, &mounts));
    if !checkout.skip {
        regular.push(checkout::compose(inputs, &checkout, &mounts));
        checkout::append_volumes(&mut pod, &checkout);
    }
    let init = list_mut(&mut pod, INIT_CONTAINERS);
    let own_init = init.len();
    // The image checks follow.
    init.reserve(sidecars.len() + 4);
    init.insert(0, inputs.prepared.setup.clone());
    init.extend_from_slice(&sidecars);

    volumes::drop_repeats(&mut pod);
    names::distinct(&pod, |list, index, element| match index.checked_sub(1) {
        _ if list == CONTAINERS && index < roles.commands.len() => {
            format!("{written_in}.{CONTAINERS}[{index}]")
        }
        Some(own) if list == INIT_CONTAINERS && own < own_init => {
            format!("{written_in}.{INIT_CONTAINERS}[{own}]")
        }
        Some(own) if list == INIT_CONTAINERS => format!("sidecars[{}]", own - own_init),
        _ => place(list, index, element),
    })?;
    Ok(Draft {
        pod,
        roles,
        labels,
        annotations,
        skip_checkout: checkout.skip,
        image_check_entries: Vec::new(),
        removed: Vec::new(),
        commands_removed: None,
        warnings,
    })
}

/// Whether checkout needs the credential step.
pub(crate) fn has_credentials(inputs: Inputs<'_>) -> bool {
    EffectiveCheckout::of(inputs).credentials.is_some()
}
