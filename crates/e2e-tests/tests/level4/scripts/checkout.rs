//! The plain checkout (job-manifest 6.2).

use serde_json::json;

use super::image::{Kind, Started, each};
use super::pod::{Pod, with_env};

/// Values that a shell could damage.
pub(super) const ODD: &[(&str, &str)] = &[
    ("BACKSLASHES", r"\n\t\\ C:\new\table \"),
    ("BLANKS", "  two  blanks and a tab\t"),
    ("CONTROL", "\u{7}\u{1b}[31m"),
    ("DOLLARS", "$HOME ${HOME} $(id) $$ $"),
    ("EMPTY", ""),
    ("EQUALS", "=a=b="),
    ("GLOB", "* ? [a-z] ~"),
    ("LINES", "first\nsecond\n\nlast\n"),
    ("QUOTES", "it's \"so\" `id`"),
    ("SEMICOLON", "; exit 9 #"),
    ("WORLD", "größe 日本語 🚀"),
    ("lower_case", "-n"),
    // What some tools listen to.
    ("CDPATH", "/"),
    ("GREP_OPTIONS", "--invert-match"),
    ("TMPDIR", "/nowhere"),
];

/// Variables that shells and `su` may add.
pub(super) const ADDED: [&str; 5] = ["MAIL", "OLDPWD", "PWD", "SHLVL", "_"];

/// The environment but for what may be added.
pub(super) fn essential(started: &Started) -> Vec<(String, String)> {
    let pairs = started.environment.iter().filter(|(name, _)| !ADDED.contains(&name.as_str()));
    pairs.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A pod whose checkout has a user of its own.
fn pod_with_own_user() -> Pod {
    let patch = json!({
        "containers": [{ "name": "checkout", "securityContext": { "runAsUser": 1000, "runAsGroup": 1001 } }],
    });
    Pod::new(&json!({ "podSpecPatch": patch }))
}

/// job-manifest R-97, R-98, R-142, C-124
#[test]
fn the_entry_point_gets_the_containers_environment() {
    each(|kind| {
        let root = kind.root();
        let checkout = with_env(Pod::of(&json!({})).checkout(), ODD.iter().copied());
        let output = root.run(&checkout);
        assert!(output.status.success(), "{output:?}");
        let started = Started::of(&root).unwrap();
        assert_eq!(started.arguments, ["kubernetes-bootstrap"]);
        assert_eq!(started.identity, ["0", "0", "0", "/workspace"]);
        let mut want = checkout.env.clone();
        want.sort();
        assert_eq!(essential(&started), want, "{kind:?}");
        let trace = String::from_utf8_lossy(&output.stderr);
        assert!(
            trace.lines().any(|line| line == "+ buildkite-agent-entrypoint kubernetes-bootstrap"),
            "{trace}"
        );
    });
}

/// job-manifest R-105, R-142: a patch that gives checkout a user leaves nothing to hand over.
#[test]
fn checkout_with_a_user_of_its_own_runs_as_that_user() {
    each(|kind| {
        let root = kind.root();
        let accounts = root.shell("cat /etc/passwd /etc/group");
        let output = root.run(&pod_with_own_user().checkout());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(Started::of(&root).unwrap().identity, ["1000", "1001", "1001", "/workspace"]);
        assert_eq!(root.shell("cat /etc/passwd /etc/group"), accounts, "{kind:?}");
    });
}

/// job-manifest R-142, R-148
#[test]
fn the_containers_status_is_the_entry_points() {
    each(|kind| {
        for security in [json!({}), json!({ "runAsUser": 1000, "runAsGroup": 1001 })] {
            let root = kind.root();
            for (end, status) in
                [("exit 0", 0), ("exit 1", 1), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137)]
            {
                let output = root.run(&with_env(Pod::of(&security).checkout(), [("DO", end)]));
                assert_eq!(output.status.code(), Some(status), "{kind:?} {security} {end}: {output:?}");
            }
        }
    });
}

/// job-manifest R-142: an image that is none of an agent.
#[test]
fn without_an_entry_point_it_fails() {
    each(|kind| {
        for security in [json!({}), json!({ "runAsUser": 1000 })] {
            let root = kind.root();
            root.shell("rm /usr/local/bin/buildkite-agent-entrypoint");
            let output = root.run(&Pod::of(&security).checkout());
            assert_eq!(output.status.code(), Some(127), "{kind:?} {security}: {output:?}");
            assert_eq!(Started::of(&root), None);
        }
    });
}

/// job-manifest R-142: the prompt of traces is the only variable that can be slipped in from outside.
#[test]
fn a_variable_that_is_not_set_is_an_error() {
    each(|kind| {
        let root = kind.root();
        // A user, because bash takes no such prompt from root.
        let checkout = with_env(pod_with_own_user().checkout(), [("PS4", "+${not_there}")]);
        let output = root.run(&checkout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains("not_there: "), "{kind:?}: {output:?}");
    });
}

/// job-manifest R-142, R-148: no variable of the container changes what the scripts do.
#[test]
fn variables_that_shells_listen_to_change_nothing() {
    each(|kind| {
        let odd = [
            ("IFS", "aeiou/:"),
            ("ENV", "/record/profile"),
            ("BASH_ENV", "/record/profile"),
            ("PS4", "$(touch /record/traced)+ "),
            ("POSIXLY_CORRECT", "1"),
        ];
        for (security, identity) in [
            (json!({}), ["0", "0", "0", "/workspace"]),
            (json!({ "runAsUser": 1000, "runAsGroup": 1001 }), ["1000", "1001", "1001", "/workspace"]),
        ] {
            let root = kind.root();
            root.write("/record/profile", "echo read >/record/listened\nexit 3\n");
            let output = root.run(&with_env(Pod::of(&security).checkout(), odd));
            assert!(output.status.success(), "{kind:?} {security}: {output:?}");
            assert_eq!(Started::of(&root).unwrap().identity, identity, "{kind:?}");
            assert_eq!(root.shell("[ ! -e /record/listened ]"), "", "{kind:?}");
        }
    });
}

/// job-manifest R-142: the shell that runs it is the one that the image calls `sh`.
#[test]
fn each_image_has_its_own_shell() {
    for (kind, shell) in [(Kind::Dash, "dash"), (Kind::Bash, "bash"), (Kind::BusyBox, "busybox")] {
        let link = kind.root().shell("readlink -f /bin/sh");
        assert!(link.trim().ends_with(shell), "{kind:?}: {link}");
    }
}
