//! Users: who prepares the workspace and who checks out (job-manifest 5.15).

use shared_json::Value;

use crate::compose::has_credentials;
use crate::derive::placeholders::fill_script;
use crate::derive::pod_level::security_number;
use crate::draft::{CHECKOUT, Draft, Inputs, SETUP};
use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object_mut, list_mut, object_mut, text};
use crate::scripts::{self, User};

/// Makes the stack's own containers root where they must hand over to another user, and writes the
/// scripts of checkout and setup.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>) {
    let user = User { id: security_number(draft, "runAsUser"), group: security_number(draft, "runAsGroup") };
    let credentials = has_credentials(inputs);
    for container in list_mut(&mut draft.pod, CONTAINERS).make_mut() {
        let container = as_object_mut(container);
        if text(container, "name") == CHECKOUT {
            let script = if hands_over(container, user) {
                scripts::checkout_as(user, credentials)
            } else if credentials {
                scripts::checkout(credentials)
            } else {
                inputs.prepared.derived.checkout_script.clone()
            };
            fill_script(container, &script);
        }
    }
    for container in list_mut(&mut draft.pod, INIT_CONTAINERS).make_mut() {
        let container = as_object_mut(container);
        if text(container, "name") == SETUP {
            let owner = hands_over(container, user).then_some(user);
            fill_script(container, &scripts::setup(owner));
        }
    }
}

/// Whether the container runs as root for a pod of another user.
fn hands_over(container: &mut Object, user: User) -> bool {
    if user.id == 0 {
        return false;
    }
    let context = object_mut(container, "securityContext");
    context.get_or_insert_with("runAsUser", || 0.into());
    context.get_or_insert_with("runAsGroup", || 0.into());
    context.get_or_insert_with("runAsNonRoot", || false.into());
    context.get("runAsUser").and_then(Value::as_i64) == Some(0)
}
