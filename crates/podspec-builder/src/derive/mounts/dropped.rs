//! Mounts that lost their path to another one (job-manifest W-23).

use shared_json::Value;

use super::comparable_path;
use crate::draft::Inputs;
use crate::error::{Warning, quoted};
use crate::object::{as_object, text};

/// Mounts that were dropped although nothing that is meant to be stronger has taken their place.
pub(super) struct Dropped<'a> {
    inputs: Inputs<'a>,
    lost: Vec<Lost>,
}

/// The key whose volumes the stack mounts itself.
const AGENT_CONFIG: &str = "agent-config";

/// One mount, dropped from one or more containers.
struct Lost {
    /// Where it was written.
    place: String,
    /// What it mounts, where, and what stands there.
    what: String,
    containers: Vec<String>,
}

impl<'a> Dropped<'a> {
    pub(super) fn new(inputs: Inputs<'a>) -> Self {
        Self { inputs, lost: Vec::new() }
    }

    /// Notes a mount that lost its path to `kept`, unless both say the same, the stack's own workspace mount is the
    /// one that is lost (W-10 tells that), or R-181 means the other one to win.
    pub(super) fn note(&mut self, lost: &Value, kept: &Value, container: &str) {
        let mounts = &self.inputs.prepared.mounts;
        let is_workspace = |mount: &Value| mounts.workspace.iter().any(|workspace| workspace == mount);
        if lost == kept || is_workspace(lost) {
            return;
        }
        let (of_lost, of_kept) = (self.list_of(lost), self.list_of(kept));
        if !is_workspace(kept) && of_lost.map(|(list, _)| list) != of_kept.map(|(list, _)| list) {
            return;
        }
        let place = match of_lost {
            Some((AGENT_CONFIG, _)) => AGENT_CONFIG.to_owned(),
            Some((list, index)) => format!("{list}[{index}]"),
            None => format!("{container}.volumeMounts[{}]", text(as_object(lost), "name")),
        };
        let there = if is_workspace(kept) {
            "the workspace".to_owned()
        } else {
            format!("the mount of volume `{}`", text(as_object(kept), "name"))
        };
        let what = format!(
            "the mount of volume `{}` at {} was dropped, because {there} is at that path",
            text(as_object(lost), "name"),
            quoted(comparable_path(as_object(lost)))
        );
        match self.lost.iter_mut().find(|known| known.place == place && known.what == what) {
            Some(known) => known.containers.push(container.to_owned()),
            None => self.lost.push(Lost { place, what, containers: vec![container.to_owned()] }),
        }
    }

    /// In the order of the pod.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let warning = |Lost { place, what, containers }: Lost| {
            let message = format!("{what}, in {}; choose another path", containers.join(", "));
            Warning::new("W-23", message).at(place)
        };
        self.lost.into_iter().map(warning).collect()
    }

    /// The list of the block or of the configuration that holds a mount, and its place there. A mount in none of them
    /// is a container's own or comes from a patch, or the stack makes it of the checkout parameters.
    fn list_of(&self, mount: &Value) -> Option<(&'static str, usize)> {
        let (block, settings) = (self.inputs.plugin, self.inputs.prepared);
        if settings.mounts.of_agent_config().any(|known| known == mount) {
            return Some((AGENT_CONFIG, 0));
        }
        let lists: [(&'static str, &[Value]); 7] = [
            ("extraVolumeMounts", &block.extra_volume_mounts),
            ("commandParams.extraVolumeMounts", &block.command_params.extra_volume_mounts),
            ("sidecarParams.extraVolumeMounts", &block.sidecar_params.extra_volume_mounts),
            ("checkout.extraVolumeMounts", &block.checkout.extra_volume_mounts),
            ("default-command-params.extraVolumeMounts", &settings.command.extra_volume_mounts),
            ("default-sidecar-params.extraVolumeMounts", &settings.sidecar.extra_volume_mounts),
            ("default-checkout-params.extraVolumeMounts", &settings.checkout.extra_volume_mounts),
        ];
        lists.into_iter().find_map(|(key, list)| Some((key, list.iter().position(|known| known == mount)?)))
    }
}
