//! Commands, container ids and their count, all from one list (job-manifest 5.14).

use std::borrow::Cow;

use pipeline_model::Interposer;
use shared_json::{Text, Value};

use crate::derive::configured::sockets;
use crate::derive::placeholders::{fill, fill_always};
use crate::derive::pod_level::Grace;
use crate::draft::{AGENT, Draft, Inputs, Role};
use crate::env_list::{is_open, named, variable};
use crate::error::{BuildError, Warning};
use crate::object::{CONTAINERS, Object, as_object, as_object_mut, list, list_mut, shared_text, text};
use crate::text::quote;

/// What every command container runs: all images can, because tini-static is statically linked.
pub(crate) const BOOTSTRAP_COMMAND: [&str; 1] = ["/workspace/tini-static"];
pub(crate) const BOOTSTRAP_ARGS: [&str; 3] = ["--", "/workspace/buildkite-agent", "kubernetes-bootstrap"];

/// Rewrites the command containers and gives ids, count and grace periods.
///
/// # Errors
/// E-39.
pub(crate) fn derive(draft: &mut Draft, inputs: Inputs<'_>, grace: Grace) -> Result<(), BuildError> {
    let derived = &inputs.prepared.derived;
    let running = running_order(draft);
    let system = usize::from(!draft.skip_checkout);
    let count = running.len() + system;
    for container in list_mut(&mut draft.pod, CONTAINERS).make_mut() {
        let container = as_object_mut(container);
        let name = shared_text(container, "name");
        match draft.roles.of_regular(&name) {
            Some(Role::Command) => {
                let number =
                    running.iter().position(|running| *running == name).expect("it was found in the pod");
                let default = draft.roles.default_command == Some(name.as_str());
                let place = || format!("{}.command", draft.roles.place_of_command(&name));
                let command = command_text(container, inputs, default, &place, &mut draft.warnings)?;
                fill(container, "BUILDKITE_BOOTSTRAP_PHASES", || derived.command_phases.clone());
                fill(container, "BUILDKITE_COMMAND", || variable("BUILDKITE_COMMAND", command));
                fill_always(container, derived.id(number + system), inputs, &mut draft.warnings);
                fill(container, "BUILDKITE_SOCKETS_PATH", || sockets(&name));
                container.insert("command", derived.bootstrap_command.clone());
                container.insert("args", derived.bootstrap_args.clone());
            }
            Some(Role::Checkout) => {
                fill_always(container, derived.id(0), inputs, &mut draft.warnings);
                fill(container, "BUILDKITE_SOCKETS_PATH", || derived.checkout_sockets.clone());
            }
            Some(Role::Agent) => {
                debug_assert_eq!(name, AGENT, "one container has this role");
                fill_always(container, derived.count(count), inputs, &mut draft.warnings);
                let [cancel, signal] = derived.grace(grace);
                fill(container, "BUILDKITE_CANCEL_GRACE_PERIOD", || cancel);
                fill(container, "BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS", || signal);
            }
            Some(Role::Setup | Role::Sidecar) | None => {}
        }
    }
    Ok(())
}

/// Command containers that are still in the pod, in the order of COMPOSE: the order in which a patch
/// lists them never changes the order in which they run.
fn running_order(draft: &Draft) -> Vec<Text> {
    let containers = list(&draft.pod, CONTAINERS);
    let is_present =
        |name: &&Text| containers.iter().any(|container| text(as_object(container), "name") == name.as_str());
    draft.roles.commands.iter().filter(is_present).cloned().collect()
}

/// The text that the agent's shell runs.
fn command_text(
    container: &Object,
    inputs: Inputs<'_>,
    default: bool,
    place: &dyn Fn() -> String,
    warnings: &mut Vec<Warning>,
) -> Result<Text, BuildError> {
    let interposer = inputs.plugin.command_params.interposer;
    let interposer = interposer.or(inputs.settings.default_command_params.interposer).unwrap_or_default();
    let (mut command, mut args) = (list(container, "command"), list(container, "args"));
    if words(command).eq(BOOTSTRAP_COMMAND) && words(args).eq(BOOTSTRAP_ARGS) {
        (command, args) = (&[], &[]);
    }
    if !command.is_empty() {
        return Ok(interpose(interposer, command, args));
    }
    let job_command = inputs.job.command.as_str();
    if is_blank(job_command) && waits_for_command(container) {
        if args.is_empty() && default {
            return Ok(Text::default());
        }
        let may_come = args.is_empty() && inputs.names_other_plugins;
        return without_command(text(container, "name"), may_come, place(), warnings);
    }
    let job_command = literal(job_command);
    if args.is_empty() {
        return Ok(Text::copied(&job_command));
    }
    let args =
        if interposer == Interposer::Legacy { joined(words(args), " ") } else { quote::join(words(args)) };
    Ok(Text::concat(&[job_command.trim_end_matches('\n'), " ", &args]))
}

/// A text that comes out of the kubelet as it went in: in the value of a variable that reads `$$` as `$` and
/// `$(NAME)` as the variable of that name. What stands in a pod spec means that; a step's command is for the shell
///
fn literal(text: &str) -> Cow<'_, str> {
    let read_by_kubelet = |at: usize| text[at + 1..].starts_with(['$', '(']);
    if !text.match_indices('$').any(|(at, _)| read_by_kubelet(at)) {
        return Cow::Borrowed(text);
    }
    let mut literal = String::with_capacity(text.len() + 8);
    for (at, character) in text.char_indices() {
        if character == '$' && read_by_kubelet(at) {
            literal.push('$');
        }
        literal.push(character);
    }
    Cow::Owned(literal)
}

/// The texts of a list.
fn words(list: &[Value]) -> impl Iterator<Item = &str> + Clone {
    list.iter().filter_map(Value::as_str)
}

fn joined<'a>(words: impl Iterator<Item = &'a str>, separator: &str) -> String {
    words.collect::<Vec<_>>().join(separator)
}

/// Neither container nor step has a command; one `may_come` with another plugin.
fn without_command(
    name: &str,
    may_come: bool,
    place: String,
    warnings: &mut Vec<Warning>,
) -> Result<Text, BuildError> {
    let message = format!("container `{name}` has no command and neither has the step");
    if may_come {
        let way_out = "another plugin must bring one, or give the step or the container a command";
        warnings.push(Warning::new("W-20", format!("{message}; {way_out}")).at(place));
        return Ok(Text::default());
    }
    Err(BuildError::new("E-39", message)
        .at(place)
        .hint("give the step or the container a command: the image's entry point is never used"))
}

/// How the interposers make one text of `command` and `args`.
fn interpose(interposer: Interposer, command: &[Value], args: &[Value]) -> Text {
    let all = || words(command).chain(words(args));
    match (interposer, command) {
        (Interposer::Buildkite, [Value::String(line)]) if args.is_empty() => line.clone(),
        (Interposer::Buildkite, _) if args.is_empty() => joined(words(command), "\n").into(),
        (Interposer::Buildkite, _) => {
            Text::concat(&[&joined(words(command), "\n"), " ", &quote::join(words(args))])
        }
        (Interposer::Vector, _) => quote::join(all()).into(),
        (Interposer::Legacy, _) => joined(all(), " ").into(),
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

#[cfg(test)]
mod tests {
    use super::literal;

    /// What the kubelet makes of a value: `$$` is `$`, `$(NAME)` a variable, anything else itself.
    fn expanded(text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            rest = if let Some(after) = after.strip_prefix('$') {
                out.push('$');
                after
            } else if let Some((name, after)) = after.strip_prefix('(').and_then(|rest| rest.split_once(')'))
            {
                out.push_str(&format!("<{name}>"));
                after
            } else {
                out.push('$');
                after
            };
        }
        out + rest
    }

    /// job-manifest R-199
    #[test]
    fn a_command_survives_the_kubelet() {
        for (text, written) in [
            ("make test", "make test"),
            ("echo $HOME ${HOME} $", "echo $HOME ${HOME} $"),
            ("kill $$", "kill $$$"),
            ("echo $(date) $((1+1))", "echo $$(date) $$((1+1))"),
            ("$$$(A)$$", "$$$$$$(A)$$$"),
        ] {
            assert_eq!(literal(text), written, "{text}");
            assert_eq!(expanded(written), text, "{text}");
        }
    }
}
