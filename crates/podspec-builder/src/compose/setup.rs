//! The workspace setup container (job-manifest 5.10).

use shared_json::{Array, Text, Value, list, object};

use crate::draft::SETUP;

/// Flags of `sh`: stop at the first failing command, no file name expansion, trace, run the text that follows.
const SHELL_FLAGS: &str = "-efxc";

/// The init container that fills the workspace; its script is derived.
pub(crate) fn configured(image: &Text, workspace: &Array) -> Value {
    object! {
        "name": SETUP,
        "image": image,
        "command": list!["/bin/sh"],
        "args": list![SHELL_FLAGS, true],
        "volumeMounts": workspace.clone(),
    }
}
