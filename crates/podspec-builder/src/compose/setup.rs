//! The workspace setup container (job-manifest 5.10).

use serde_json::{Value, json};

use crate::compose::mounts::Mounts;
use crate::draft::{Inputs, SETUP};

/// Flags of `sh`: stop at the first failing command, no file name expansion, trace, run the text that follows.
const SHELL_FLAGS: &str = "-efxc";

/// The init container that fills the workspace; its script is derived.
pub(crate) fn compose(inputs: Inputs<'_>, mounts: &Mounts<'_>) -> Value {
    json!({
        "name": SETUP,
        "image": inputs.settings.image,
        "command": ["/bin/sh"],
        "args": [SHELL_FLAGS, true],
        "volumeMounts": mounts.for_setup(),
    })
}
