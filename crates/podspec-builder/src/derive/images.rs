//! Image references and pull policies of the finished pod (job-manifest 5.16).

use shared_json::{Text, Value};

use crate::draft::{Draft, Role};
use crate::error::{BuildError, quoted_address};
use crate::object::{
    CONTAINERS, INIT_CONTAINERS, Object, as_object, as_object_mut, list, list_mut, place, shared_text, text,
};
use crate::pull_policy::PullPolicy;
use crate::settings::Settings;
use crate::text::image::{IMAGE_HINT, ImageReference};

/// An image that a check container must pull, with its policy.
pub(crate) struct ImageToCheck {
    pub(crate) image: Text,
    pub(crate) policy: Text,
}

const ALWAYS: &str = "Always";
const IF_NOT_PRESENT: &str = "IfNotPresent";

/// Checks all images, sets pull policies and returns the images to check, in order of first appearance.
///
/// # Errors
/// E-13, with all bad images.
pub(crate) fn derive(draft: &mut Draft, settings: &Settings) -> Result<Vec<ImageToCheck>, BuildError> {
    refuse_bad_images(&draft.pod)?;
    set_stack_policies(draft, settings);
    let pulled: Vec<Text> = list(&draft.pod, INIT_CONTAINERS)
        .iter()
        .map(as_object)
        .filter(|container| text(container, "imagePullPolicy") == ALWAYS)
        .map(|container| shared_text(container, "image"))
        .collect();
    let mut images: Vec<ImageToCheck> = Vec::new();
    for container in list_mut(&mut draft.pod, CONTAINERS).make_mut() {
        let container = as_object_mut(container);
        let image = shared_text(container, "image");
        let nominal = nominal_policy(container, settings);
        let lowered = !settings.skip_image_check_containers || pulled.contains(&image);
        set_regular_policy(container, settings, &nominal, lowered);
        collect(&mut images, image, nominal);
    }
    for container in list(&draft.pod, INIT_CONTAINERS) {
        let container = as_object(container);
        let own = strength(text(container, "imagePullPolicy"));
        images.retain(|known| *known.image != *text(container, "image") || own < strength(&known.policy));
    }
    Ok(images)
}

/// All bad images at once, sorted by container, else in order of discovery.
fn refuse_bad_images(pod: &Object) -> Result<(), BuildError> {
    let mut bad: Vec<(&str, String, String)> = Vec::new();
    for key in [CONTAINERS, INIT_CONTAINERS] {
        for (index, container) in list(pod, key).iter().enumerate() {
            let (name, image) = (text(as_object(container), "name"), text(as_object(container), "image"));
            if let Err(reason) = ImageReference::parse(image) {
                let what = format!("container `{name}`, image {}: {reason}", quoted_address(image));
                bad.push((name, what, format!("{}.image", place(key, index, container))));
            }
        }
    }
    bad.sort_by_key(|(name, ..)| *name);
    let error = match &bad[..] {
        [] => return Ok(()),
        [(_, what, path)] => BuildError::new("E-13", format!("bad image: {what}")).at(path),
        several => {
            let entries: Vec<_> = several.iter().map(|(_, what, path)| format!("{what} ({path})")).collect();
            BuildError::new("E-13", format!("bad images: {}", entries.join("; ")))
        }
    };
    Err(error.hint(IMAGE_HINT))
}

///
fn set_stack_policies(draft: &mut Draft, settings: &Settings) {
    let roles = &draft.roles;
    for (key, init) in [(CONTAINERS, false), (INIT_CONTAINERS, true)] {
        for container in list_mut(&mut draft.pod, key).make_mut() {
            let container = as_object_mut(container);
            let name = text(container, "name");
            let role = if init { roles.of_init(name) } else { roles.of_regular(name) };
            if matches!(role, Some(Role::Agent | Role::Checkout | Role::Setup)) {
                let policy = policy_or(container, [settings.default_image_pull_policy]);
                set(container, policy);
            }
        }
    }
}

///
fn nominal_policy(container: &Object, settings: &Settings) -> Text {
    policy_or(container, [settings.default_image_check_pull_policy, settings.default_image_pull_policy])
}

/// an image that an init container has just pulled is not pulled again.
fn set_regular_policy(container: &mut Object, settings: &Settings, nominal: &str, lowered: bool) {
    let mut policy = policy_or(container, [settings.default_image_pull_policy]);
    if lowered && nominal == ALWAYS && policy == ALWAYS {
        policy = Text::from_static(IF_NOT_PRESENT);
    }
    set(container, policy);
}

fn set(container: &mut Object, policy: Text) {
    if container.get("imagePullPolicy").is_none_or(|own| *own != *policy) {
        container.insert("imagePullPolicy", Value::String(policy));
    }
}

/// The container's own policy, else the first default given, else by the digest of its image.
fn policy_or<const N: usize>(container: &Object, defaults: [Option<PullPolicy>; N]) -> Text {
    let own = shared_text(container, "imagePullPolicy");
    if !own.is_empty() {
        return own;
    }
    if let Some(default) = defaults.into_iter().flatten().next() {
        return Text::from_static(default.as_str());
    }
    let pinned = ImageReference::parse(text(container, "image")).is_ok_and(|image| image.has_digest());
    Text::from_static(if pinned { IF_NOT_PRESENT } else { ALWAYS })
}

/// Keeps the strongest policy per image text.
fn collect(images: &mut Vec<ImageToCheck>, image: Text, policy: Text) {
    match images.iter_mut().find(|known| known.image == image) {
        Some(known) if strength(&policy) > strength(&known.policy) => known.policy = policy,
        Some(_) => {}
        None => images.push(ImageToCheck { image, policy }),
    }
}

fn strength(policy: &str) -> u8 {
    match policy {
        ALWAYS => 3,
        IF_NOT_PRESENT => 2,
        "Never" => 1,
        _ => 0,
    }
}
