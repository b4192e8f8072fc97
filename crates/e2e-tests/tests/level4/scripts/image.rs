//! The images, each with an agent that writes down how it was started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use e2e_tests::testbed;
use e2e_tests::throw_away_root::{Root, Tree};

use super::traces::Host;

/// What stands in the place of the agent. A test says in the variable `DO` what else it does.
const AGENT: &str = r#"
cat >/usr/local/bin/buildkite-agent <<'END'
#!/bin/sh
cat /proc/$$/environ >/record/environment
tr '\0' '\n' </proc/$$/cmdline >/record/command
{ id -u; id -g; id -G; pwd; } >/record/identity
eval "${DO-}"
END
chmod 0755 /usr/local/bin/buildkite-agent
"#;

/// Makes an agent's image of BusyBox. The entry point and tini lie where an Alpine image has them.
const BUSYBOX: &str = r#"
mkdir -p /usr/local/bin /usr/bin /sbin /workspace /buildkite
cat >/sbin/tini-static
cat >/usr/local/bin/buildkite-agent-entrypoint <<'END'
#!/bin/sh
exec /sbin/tini-static -g -- /usr/local/bin/buildkite-agent "$@"
END
cat >/usr/bin/git <<'END'
#!/bin/sh
{ printf '<%s>' git "$@"; echo " HOME=$HOME"; } >>/record/git
END
cat >/usr/bin/addgroup <<'END'
#!/bin/sh
die() { echo "addgroup: $*" >&2; exit 1; }
[ "${1-}" != --help ] || { echo 'BusyBox multi-call binary: addgroup' >&2; exit 0; }
[ "$#" = 3 ] && [ "$1" = -g ] || die "unexpected arguments: $*"
! grep -q "^$3:" /etc/group || die "group '$3' in use"
! grep -q "^[^:]*:[^:]*:$2:" /etc/group || die "gid '$2' in use"
[ -z "$(tail -c 1 /etc/group)" ] || echo >>/etc/group
echo "$3:x:$2:" >>/etc/group
END
cat >/usr/bin/adduser <<'END'
#!/bin/sh
die() { echo "adduser: $*" >&2; exit 1; }
[ "${1-}" != --help ] || { echo 'BusyBox multi-call binary: adduser' >&2; exit 0; }
unset home shell group uid
while getopts DHh:s:G:u: option; do
  case $option in
    D | H) ;;
    h) home=$OPTARG ;;
    s) shell=$OPTARG ;;
    G) group=$OPTARG ;;
    u) uid=$OPTARG ;;
    *) die "unexpected arguments" ;;
  esac
done
shift $((OPTIND - 1))
gid=$(while IFS=: read -r name _ id _ || [ -n "$name" ]; do [ "$name" != "$group" ] || echo "$id"; done </etc/group)
[ -n "$gid" ] || die "unknown group $group"
! grep -q "^$1:" /etc/passwd || die "user '$1' in use"
! grep -q "^[^:]*:[^:]*:$uid:" /etc/passwd || die "uid '$uid' in use"
[ -z "$(tail -c 1 /etc/passwd)" ] || echo >>/etc/passwd
echo "$1:x:$uid:$gid:Linux User,,,:$home:$shell" >>/etc/passwd
while IFS= read -r line || [ -n "$line" ]; do
  case $line in
    "$group:"*:) line=$line$1 ;;
    "$group:"*) line=$line,$1 ;;
  esac
  printf '%s\n' "$line"
done </etc/group >/etc/group.new
mv /etc/group.new /etc/group
END
chmod 0755 /sbin/tini-static /usr/local/bin/* /usr/bin/git /usr/bin/addgroup /usr/bin/adduser
"#;

static DEBIAN: LazyLock<Tree> = LazyLock::new(|| {
    let layout = layout("image-agent-");
    let tree = Tree::unpack(&layout, &["usr/local/bin/buildkite-agent"]).expect("the agent's image is there");
    let tree = tree.prepare(AGENT, b"").expect("files can be added to it");
    tree.layer("bash", "mkdir -p usr/bin; ln -s bash usr/bin/sh").expect("a layer can be made")
});

static BUSYBOX_ONLY: LazyLock<Tree> = LazyLock::new(busybox_tree);

/// A BusyBox tree; a new one each time.
pub(super) fn busybox_tree() -> Tree {
    let tini = DEBIAN.read("/usr/bin/tini-static").expect("the agent's image has tini");
    let tree = Tree::unpack(&layout("image-busybox-"), &[]).expect("the busybox image is there");
    tree.prepare(&format!("{BUSYBOX}\n{AGENT}"), &tini).expect("files can be added to it")
}

fn layout(beginning: &str) -> PathBuf {
    let images = testbed::images();
    let is_wanted = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(beginning))
    };
    images.iter().find(|path| is_wanted(path)).unwrap_or_else(|| panic!("{beginning} in {images:?}")).clone()
}

/// What an image brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Debian's tools, and dash as `/bin/sh`.
    Dash,
    /// Debian's tools, and bash as `/bin/sh`.
    Bash,
    /// BusyBox and nothing else.
    BusyBox,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Dash, Self::Bash, Self::BusyBox];

    /// Whether git and the tools for accounts are real.
    pub(super) fn is_debian(self) -> bool {
        self != Self::BusyBox
    }

    /// The image with the volumes of the containers. Secrets lie below `/buildkite/git-credentials-ro`.
    pub(super) fn root(self) -> Root<'static> {
        self.root_with(|root| root)
    }

    /// The same with volumes of the test's own.
    pub(super) fn root_with(self, more: impl FnOnce(Root<'static>) -> Root<'static>) -> Root<'static> {
        let root = Root::new(if self.is_debian() { &DEBIAN } else { &BUSYBOX_ONLY })
            .volume("/record")
            .volume("/workspace")
            .read_only_volume("/buildkite/git-credentials-ro")
            .volume("/buildkite/git-credentials");
        let root = if self == Self::Bash { root.with_layer("bash") } else { root };
        more(root)
    }
}

/// Runs a check on every image, and sees that this machine is as before.
pub(super) fn each(check: impl Fn(Kind)) {
    let host = Host::now();
    for kind in Kind::ALL {
        check(kind);
    }
    host.assert_unchanged();
}

/// How the agent was started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Started {
    /// Its command line after the program.
    pub(super) arguments: Vec<String>,
    /// User id, group id, all groups, working directory.
    pub(super) identity: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// `/etc/passwd` as it is now.
    pub(super) passwd: String,
    /// The lines of `/etc/group` as they are now, without the members.
    pub(super) groups: Vec<String>,
}

impl Started {
    /// `None` if it was not. Clears the record.
    pub(super) fn of(root: &Root<'_>) -> Option<Self> {
        let record = root.shell(
            "cd /record; [ -f identity ] || exit 0
            for file in command identity environment /etc/passwd /etc/group; do cat $file; printf '\\1'; done
            rm command identity environment",
        );
        let mut parts = record.split('\u{1}').map(str::to_owned);
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let command = lines(parts.next().filter(|command| !command.is_empty())?);
        let place = command.iter().position(|word| word == "/usr/local/bin/buildkite-agent").unwrap();
        let identity = lines(parts.next().unwrap());
        let environment = parts.next().unwrap();
        let variables = environment.split_terminator('\0').map(|variable| variable.split_once('=').unwrap());
        Some(Self {
            arguments: command[place + 1..].to_vec(),
            identity,
            environment: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            passwd: parts.next().unwrap(),
            groups: without_members(&parts.next().unwrap()),
        })
    }
}

/// The lines of a file like `/etc/group`, each without what comes after the id: BusyBox notes down who has the group
/// for a first one, the tools of Debian do not.
pub(super) fn without_members(groups: &str) -> Vec<String> {
    groups.lines().map(|line| line.rsplit_once(':').unwrap().0.to_owned()).collect()
}
