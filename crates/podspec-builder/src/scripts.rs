//! Shell scripts of the setup and checkout containers (job-manifest 6).
//!
//! They run under BusyBox ash and dash alike. The only values from outside are two numbers; text of
//! users never enters a script.

use shared_json::Text;

/// A user that is not root, with its group; group 0 means that only the user is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) group: i64,
}

/// The setup script (6.1). The shell has been told to stop at the first failing command.
pub(crate) fn setup(owner: Option<User>) -> Text {
    let ownership = match owner {
        Some(User { id, group: 0 }) => format!("chown -R {id} /workspace\n"),
        Some(User { id, group }) => format!("chown -R {id}:{group} /workspace\n"),
        None => return Text::from_static(SETUP),
    };
    Text::concat(&[&ownership, SETUP])
}

/// `-f`: a persistent workspace may hold an older copy that is running.
const SETUP: &str = r#"mkdir -p /workspace/build /workspace/plugins /workspace/sockets
chmod 0777 /workspace/build /workspace/plugins /workspace/sockets
cp -f /usr/local/bin/buildkite-agent /workspace/buildkite-agent
if [ -f /sbin/tini-static ]; then
  cp -f /sbin/tini-static /workspace/tini-static
elif [ -f /usr/bin/tini-static ]; then
  cp -f /usr/bin/tini-static /workspace/tini-static
else
  echo "the agent image has no tini-static, neither in /sbin nor in /usr/bin" >&2
  exit 1
fi
"#;

/// The checkout script for the user of the container (6.2).
pub(crate) fn checkout(credentials: bool) -> Text {
    // One command a line: in a list joined with `&&` a failure would not end the script.
    let step = if credentials { format!("{}\n", CREDENTIALS.join("\n")) } else { String::new() };
    Text::concat(&["set -eufx\n", &step, ENTRY_POINT, "\n"])
}

/// The checkout script that runs as root and hands over to another user (6.3).
///
/// Its variables have names that no container has: one that came from the environment would be passed on with
/// the script's value in it.
pub(crate) fn checkout_as(user: User, credentials: bool) -> Text {
    let User { id, group } = user;
    let step = if credentials { format!("{} && ", CREDENTIALS.join(" && ")) } else { String::new() };
    let group_script = if group == 0 { "checkout_group=root\n".to_owned() } else { CREATE_GROUP.to_owned() };
    format!(
        "set -eufx\ncheckout_user_id={id}\ncheckout_group_id={group}\n{TOOLS}{FIND_NAME}{group_script}\
         {CREATE_USER}export HOME=/workspace\n\
         su -p -s /bin/sh -c '{step}{ENTRY_POINT}' -- \"$checkout_user\"\n"
    )
    .into()
}

const ENTRY_POINT: &str = "buildkite-agent-entrypoint kubernetes-bootstrap";

/// The credential step (6.4), two commands that must both succeed. The copy exists because git's store
/// helper writes its file and Secrets are mounted read-only. No single quote may stand here: the
/// hand-over wraps the step in them.
const CREDENTIALS: [&str; 2] = [
    "cp /buildkite/git-credentials-ro/.git-credentials /buildkite/git-credentials/.git-credentials",
    "git config --global --replace-all credential.helper \"store --file /buildkite/git-credentials/.git-credentials\"",
];

/// Debian has an `adduser` of its own with other options, hence the look at its help text (R-144).
const TOOLS: &str = r#"if adduser --help 2>&1 | grep -q BusyBox; then
  checkout_tools=busybox
elif command -v useradd >/dev/null; then
  checkout_tools=shadow
else
  echo "the agent image has neither BusyBox adduser nor useradd, so checkout cannot run as user $checkout_user_id" >&2
  exit 1
fi
"#;

/// Name of the account or group with an id, from a file of colon-separated lines, the last one perhaps without its
/// end; empty if there is none. Called in a subshell, so that its variables stay there. `echo` would read a
/// backslash in a name.
const FIND_NAME: &str = r#"name_of_id() {
  while IFS=: read -r name _ id _ || [ -n "$name" ]; do
    if [ "$id" = "$1" ]; then
      printf '%s\n' "$name"
      return
    fi
  done <"$2"
}
"#;

/// An existing group of this id is used by its name; failing to create one is not fatal by itself
/// (R-145, R-147).
const CREATE_GROUP: &str = r#"checkout_group=$(name_of_id "$checkout_group_id" /etc/group)
if [ -z "$checkout_group" ]; then
  checkout_group=buildkite-agent
  if [ "$checkout_tools" = busybox ]; then
    addgroup -g "$checkout_group_id" "$checkout_group" || true
  else
    groupadd -g "$checkout_group_id" "$checkout_group" || true
  fi
fi
"#;

/// An existing account of this id is used by its name (R-146, R-147).
const CREATE_USER: &str = r#"checkout_user=$(name_of_id "$checkout_user_id" /etc/passwd)
if [ -z "$checkout_user" ]; then
  checkout_user=buildkite-agent
  if [ "$checkout_tools" = busybox ]; then
    adduser -D -H -h /workspace -s /bin/sh -G "$checkout_group" -u "$checkout_user_id" "$checkout_user"
  else
    useradd -M -d /workspace -s /bin/sh -g "$checkout_group" -u "$checkout_user_id" "$checkout_user"
  fi
fi
"#;
