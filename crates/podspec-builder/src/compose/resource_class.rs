//! Resource classes (job-manifest ).

use shared_json::{Text, Value};

use crate::compose::tags::AgentTags;
use crate::draft::Inputs;
use crate::error::{BuildError, quoted};
use crate::object::{CONTAINERS, Object, as_object, as_object_mut, list_mut, object_mut};
use crate::prepared::Class;

/// The tag with which a step asks for a class.
const CLASS_TAG: &str = "resource_class";

/// How strong a class is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    /// A tag asked for it: it replaces what the pod spec says.
    Requested,
    /// The controller's default: it fills what the pod spec leaves open.
    Default,
}

/// Applies the class of the job to the pod, whose regular containers are all command containers by now.
///
/// # Errors
/// E-9 to E-12.
pub(crate) fn apply(pod: &mut Object, inputs: Inputs<'_>, tags: &AgentTags<'_>) -> Result<(), BuildError> {
    let Some((class, strength)) = find(inputs, tags)? else { return Ok(()) };
    if !class.node_selector.is_empty() {
        let selector = object_mut(pod, "nodeSelector");
        for (key, value) in &class.node_selector {
            if strength == Strength::Requested || !selector.contains_key(key) {
                selector.insert(key.clone(), value.clone());
            }
        }
    }
    if let Some(resources) = &class.resource {
        for container in list_mut(pod, CONTAINERS).make_mut() {
            merge(as_object_mut(container), as_object(resources), strength);
        }
    }
    if let Some(resources) = &class.pod_resource {
        merge(pod, as_object(resources), strength);
    }
    Ok(())
}

fn find<'a>(inputs: Inputs<'a>, tags: &AgentTags<'_>) -> Result<Option<(&'a Class, Strength)>, BuildError> {
    let settings = inputs.settings;
    let default = settings.default_resource_class_name.as_str();
    let (name, strength) = match tags.get(CLASS_TAG) {
        Some(name) => (name, Strength::Requested),
        None if default.is_empty() => return Ok(None),
        None => (default, Strength::Default),
    };
    let asker = || match strength {
        Strength::Requested => {
            format!("the step asks for resource class {} with the tag `{CLASS_TAG}`", quoted(name))
        }
        Strength::Default => format!("the controller's default resource class is `{name}`"),
    };
    let refusal = |requested: &'static str, default: &'static str, what: &str| match strength {
        Strength::Requested => {
            BuildError::new(requested, format!("{}, but {what}", asker())).at(tags.place(CLASS_TAG))
        }
        Strength::Default => {
            BuildError::new(default, format!("{}, but {what}", asker())).at("default-resource-class-name")
        }
    };
    if settings.resource_classes.is_none() {
        let error = refusal("E-9", "E-10", "the controller has no resource classes");
        return Err(error.hint("remove the tag or configure `resource-classes`"));
    }
    let classes = &inputs.prepared.resource_classes;
    let Some(class) = classes.get(name) else {
        let defined: Vec<&str> = classes.keys().map(String::as_str).collect();
        let defined = if defined.is_empty() { "none".to_owned() } else { defined.join(", ") };
        let error = refusal("E-11", "E-12", "there is no such class");
        return Err(error.hint(format!("name another one, defined are: {defined}")));
    };
    Ok(Some((class, strength)))
}

/// Merges requests and limits, name by name. Claims of a class are ignored.
fn merge(holder: &mut Object, class: &Object, strength: Strength) {
    let mentioned = |name: &str| {
        let resources = holder.get("resources");
        ["requests", "limits"]
            .iter()
            .any(|part| resources.is_some_and(|resources| resources[*part].get(name).is_some()))
    };
    let mut writes: Vec<(&'static str, &Text, &Value)> = Vec::new();
    for part in ["requests", "limits"] {
        for (name, quantity) in class.get(part).and_then(Value::as_object).into_iter().flatten() {
            if strength == Strength::Requested || !mentioned(name) {
                writes.push((part, name, quantity));
            }
        }
    }
    for (part, name, quantity) in writes {
        let resources = object_mut(object_mut(holder, "resources"), part);
        resources.insert(name.clone(), quantity.clone());
    }
}
