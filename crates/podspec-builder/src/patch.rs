//! Stage 2: what changes the composed pod (job-manifest 5.12): the controller's patch, the step's image,
//! the block's patch.

mod commands;
mod entries;
mod guard;
mod problem;

use shared_json::{Text, Value};
use strategic_merge::schema::table;

use crate::draft::{Draft, Inputs, Role};
use crate::error::BuildError;
use crate::object::{CONTAINERS, as_object_mut, list_mut, text};
use crate::read::{Reader, UnknownKeys};

pub(crate) use entries::{ImageCheckEntry, command_member};
pub(crate) use problem::patch_problem;

/// Who wrote a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// `pod-spec-patch` of the configuration.
    Controller,
    /// `podSpecPatch` of the block.
    Block,
}

impl Author {
    /// The key under which the patch stands, with which its paths begin.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Controller => "pod-spec-patch",
            Self::Block => "podSpecPatch",
        }
    }

    /// An error at a place of this patch. The author of a job can do nothing about the controller's.
    pub(crate) fn error(
        self,
        id: &'static str,
        place: &str,
        message: impl Into<String>,
        hint: &str,
    ) -> BuildError {
        let dot = if place.is_empty() { "" } else { "." };
        let error = BuildError::new(id, message).at(format!("{}{dot}{place}", self.key()));
        match self {
            Self::Controller => error.hint(format!(
                "{hint}; the patch is the controller's own, and whoever runs that has to change it"
            )),
            Self::Block => error.hint(hint),
        }
    }
}

/// Applies both patches and between them the step's image.
///
/// # Errors
/// E-14 to E-20; E-4 and E-5 for a patch of a configuration that was never checked.
pub(crate) fn patch(draft: &mut Draft, inputs: Inputs<'_>) -> Result<(), BuildError> {
    let unsafe_commands = inputs.settings.allow_pod_spec_patch_unsafe_command_modification;
    let guard = (!unsafe_commands).then(|| guard::Guard::of(&draft.pod));
    if let Some(patch) = &inputs.prepared.pod_spec_patch {
        // Reading again changes nothing and costs little; it makes sure of what the merge relies on.
        let patch = Reader::new(UnknownKeys::Drop).read_patch(patch, Author::Controller.key())?;
        apply(draft, patch, Author::Controller, guard.as_ref())?;
    }
    set_step_image(draft, inputs.job.env("BUILDKITE_IMAGE"));
    if let Some(patch) = &inputs.plugin.pod_spec_patch {
        apply(draft, patch.clone(), Author::Block, guard.as_ref())?;
    }
    Ok(())
}

/// Applies one patch, a copy that is changed on the way.
fn apply(
    draft: &mut Draft,
    mut patch: Value,
    author: Author,
    guard: Option<&guard::Guard>,
) -> Result<(), BuildError> {
    let members = as_object_mut(&mut patch);
    let mut kept = entries::set_aside(members, author, draft.skip_checkout, guard.is_some())?;
    draft.image_check_entries.append(&mut kept);
    commands::replace_whole(members, &draft.roles);
    if author == Author::Block {
        commands::let_block_win(&mut draft.pod, members, &draft.roles);
    }
    let mut pod = Value::Object(std::mem::take(&mut draft.pod));
    strategic_merge::merge(&mut pod, &patch, &table::POD_SPEC)
        .map_err(|error| patch_problem(&error, author))?;
    draft.pod = std::mem::take(as_object_mut(&mut pod));
    if let Some(guard) = guard {
        guard.check(&draft.pod, &patch, author)?;
    }
    draft.note_removed(author);
    Ok(())
}

/// Where a patch says something: what `place` finds in the last patch in which it finds anything.
pub(crate) fn origin(inputs: Inputs<'_>, place: impl Fn(&Value) -> Option<String>) -> Option<String> {
    let patches = [
        (Author::Block, &inputs.plugin.pod_spec_patch),
        (Author::Controller, &inputs.prepared.pod_spec_patch),
    ];
    patches.into_iter().find_map(|(author, patch)| {
        let place = place(patch.as_ref()?)?;
        Some(format!("{}.{place}", author.key()))
    })
}

fn set_step_image(draft: &mut Draft, image: &str) {
    if image.is_empty() {
        return;
    }
    let image = Text::copied(image);
    for container in list_mut(&mut draft.pod, CONTAINERS).make_mut() {
        let container = as_object_mut(container);
        if draft.roles.of_regular(text(container, "name")) == Some(Role::Command) {
            container.insert("image", Value::from(&image));
        }
    }
}
