//! Commands, container ids and their count, all from one list (job-manifest 5.14).

use pipeline_model::Interposer;
use serde_json::json;

use crate::derive::placeholders::{fill, fill_always};
use crate::derive::pod_level::Grace;
use crate::draft::{AGENT, CHECKOUT, Draft, Inputs, Role};
use crate::env_list::{is_open, named};
use crate::error::{BuildError, Warning};
use crate::object::{CONTAINERS, Object, as_object, as_object_mut, list, list_mut, text, texts};
use crate::text::quote;

/// What every command container runs: all images can, because tini-static is statically linked.
const BOOTSTRAP_COMMAND: [&str; 1] = ["/workspace/tini-static"];
const BOOTSTRAP_ARGS: [&str; 3] = ["--", "/workspace/buildkite-agent", "kubernetes-bootstrap"];

/// Rewrites the command containers and gives ids, count and grace periods.
///
/// # Errors
/// E-39.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>, grace: Grace) -> Result<(), BuildError> {
    let running = running_order(draft);
    let system = usize::from(!draft.skip_checkout);
    let count = running.len() + system;
    for container in list_mut(&mut draft.pod, CONTAINERS) {
        let container = as_object_mut(container);
        let name = text(container, "name").to_owned();
        match draft.roles.of_regular(&name) {
            Some(Role::Command) => {
                let number =
                    running.iter().position(|running| *running == name).expect("it was found in the pod");
                let default = draft.roles.default_command.as_deref() == Some(name.as_str());
                let command = command_text(container, inputs, default, &mut draft.warnings)?;
                fill(container, "BUILDKITE_BOOTSTRAP_PHASES", "plugin,command");
                fill(container, "BUILDKITE_COMMAND", command);
                let id = (number + system).to_string();
                fill_always(container, "BUILDKITE_CONTAINER_ID", id, &mut draft.warnings);
                fill(container, "BUILDKITE_SOCKETS_PATH", format!("/workspace/sockets/{name}"));
                container.insert("command".to_owned(), json!(BOOTSTRAP_COMMAND));
                container.insert("args".to_owned(), json!(BOOTSTRAP_ARGS));
            }
            Some(Role::Checkout) => {
                fill_always(container, "BUILDKITE_CONTAINER_ID", "0".to_owned(), &mut draft.warnings);
                fill(container, "BUILDKITE_SOCKETS_PATH", format!("/workspace/sockets/{CHECKOUT}"));
            }
            Some(Role::Agent) => {
                debug_assert_eq!(name, AGENT, "one container has this role");
                let count = count.to_string();
                fill_always(container, "BUILDKITE_CONTAINER_COUNT", count, &mut draft.warnings);
                fill(container, "BUILDKITE_CANCEL_GRACE_PERIOD", grace.cancel.to_string());
                fill(container, "BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS", grace.signal.to_string());
            }
            Some(Role::Setup | Role::Sidecar) | None => {}
        }
    }
    Ok(())
}

/// Command containers that are still in the pod, in the order of COMPOSE: the order in which a patch
/// lists them never changes the order in which they run.
fn running_order(draft: &Draft) -> Vec<String> {
    let present: Vec<&str> =
        list(&draft.pod, CONTAINERS).iter().map(|container| text(as_object(container), "name")).collect();
    draft.roles.commands.iter().filter(|name| present.contains(&name.as_str())).cloned().collect()
}

/// The text that the agent's shell runs.
fn command_text(
    container: &Object,
    inputs: Inputs<'_>,
    default: bool,
    warnings: &mut Vec<Warning>,
) -> Result<String, BuildError> {
    let interposer = inputs.plugin.command_params.interposer;
    let interposer = interposer.or(inputs.settings.default_command_params.interposer).unwrap_or_default();
    let (mut command, mut args) = (texts(container, "command"), texts(container, "args"));
    if command == BOOTSTRAP_COMMAND && args == BOOTSTRAP_ARGS {
        (command, args) = (Vec::new(), Vec::new());
    }
    if !command.is_empty() {
        return Ok(interpose(interposer, &command, &args));
    }
    let job_command = inputs.job.command.as_str();
    if is_blank(job_command) && waits_for_command(container) {
        return without_command(
            text(container, "name"),
            &args,
            default,
            inputs.names_other_plugins,
            warnings,
        );
    }
    if args.is_empty() {
        return Ok(job_command.to_owned());
    }
    let args = if interposer == Interposer::Legacy { args.join(" ") } else { quote::join(args) };
    Ok(format!("{} {args}", job_command.trim_end_matches('\n')))
}

/// Neither container nor step has a command.
fn without_command(
    name: &str,
    args: &[&str],
    default: bool,
    names_other_plugins: bool,
    warnings: &mut Vec<Warning>,
) -> Result<String, BuildError> {
    if args.is_empty() && default {
        return Ok(String::new());
    }
    if args.is_empty() && names_other_plugins {
        let message = format!(
            "container `{name}` has no command and neither has the step; another plugin must bring one"
        );
        warnings.push(Warning::new("W-20", message));
        return Ok(String::new());
    }
    Err(BuildError::new("E-39", format!("container `{name}` has no command and neither has the step"))
        .hint("give the step or the container a command: the image's entry point is never used"))
}

/// How the interposers make one text of `command` and `args`.
fn interpose(interposer: Interposer, command: &[&str], args: &[&str]) -> String {
    let all = || command.iter().chain(args).copied();
    match interposer {
        Interposer::Buildkite if args.is_empty() => command.join("\n"),
        Interposer::Buildkite => format!("{} {}", command.join("\n"), quote::join(args.iter().copied())),
        Interposer::Vector => quote::join(all()),
        Interposer::Legacy => all().collect::<Vec<_>>().join(" "),
    }
}

/// Nothing but blanks, tabs and line feeds.
fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n'))
}

/// Whether no patch has given the container its command text.
fn waits_for_command(container: &Object) -> bool {
    let command = list(container, "env").iter().find(|variable| named(variable, "BUILDKITE_COMMAND"));
    command.is_none_or(is_open)
}
