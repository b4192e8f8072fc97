//! The pod spec that everything starts from (job-manifest 5.1).

use shared_json::Value;

use crate::draft::{AGENT, CHECKOUT, Inputs, SETUP, is_image_check};
use crate::error::BuildError;
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};

/// Members that a pod gets; makes room for them at once.
const ADDED_MEMBERS: usize = 6;

/// Copies the starting pod spec, says where it was written, and refuses reserved names in it.
pub(crate) fn pod_spec(
    inputs: Inputs<'_>,
    template: Option<Value>,
) -> Result<(Object, &'static str), BuildError> {
    let plugin = inputs.plugin;
    let named = plugin.pod_template.as_deref().unwrap_or_default();
    let (mut pod, path) = match (&plugin.pod_spec, template) {
        (Some(spec), _) => (as_object(spec).clone(), "podSpec"),
        (None, _) if named.is_empty() => (Object::new(), "podSpec"),
        (None, Some(Value::Object(spec))) => (spec, "podTemplate.template.spec"),
        (None, _) => {
            return Err(BuildError::new("E-7", format!("there is no PodTemplate `{named}`"))
                .at("podTemplate")
                .hint("create it in the controller's namespace, or correct the name"));
        }
    };
    check_reserved(&pod, path)?;
    pod.reserve(ADDED_MEMBERS);
    for (index, sidecar) in plugin.sidecars.iter().enumerate() {
        let name = text(as_object(sidecar), "name");
        if is_reserved_init(name) {
            return Err(reserved(name, format!("sidecars[{index}].name")));
        }
    }
    Ok((pod, path))
}

/// The names stay reserved when checkout is skipped: the agent would wait for a client that never comes.
fn check_reserved(pod: &Object, path: &str) -> Result<(), BuildError> {
    let init = list(pod, INIT_CONTAINERS).iter().enumerate();
    let regular = list(pod, CONTAINERS).iter().enumerate();
    for (index, container) in regular {
        let name = text(as_object(container), "name");
        if matches!(name, AGENT | CHECKOUT) {
            return Err(reserved(name, format!("{path}.containers[{index}].name")));
        }
    }
    for (index, container) in init {
        let name = text(as_object(container), "name");
        if is_reserved_init(name) {
            return Err(reserved(name, format!("{path}.initContainers[{index}].name")));
        }
    }
    Ok(())
}

fn is_reserved_init(name: &str) -> bool {
    name == SETUP || is_image_check(name)
}

fn reserved(name: &str, path: String) -> BuildError {
    BuildError::new("E-8", format!("the name `{name}` is reserved for a container that the controller adds"))
        .at(path)
        .hint("choose another name")
}
