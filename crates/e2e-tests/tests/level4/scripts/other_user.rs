//! The checkout that hands over to another user (job-manifest 6.3).

use serde_json::json;

use super::checkout::{ODD, essential};
use super::image::{Kind, Started, each};
use super::pod::{Pod, with_env};

/// job-manifest, C-119, C-121
#[test]
fn a_user_is_made_and_used() {
    each(|kind| {
        for (security, group, identity) in [
            (
                json!({ "runAsUser": 1000, "runAsGroup": 1001 }),
                "1001",
                ["1000", "1001", "1001", "/workspace"],
            ),
            (json!({ "runAsUser": 1000 }), "0", ["1000", "0", "0", "/workspace"]),
        ] {
            let root = kind.root();
            let pod = Pod::of(&security);
            assert!(root.run(&pod.setup()).status.success());
            // A container that is started again finds what the first made.
            for _ in 0..2 {
                let output = root.run(&pod.checkout());
                assert!(output.status.success(), "{kind:?} {security}: {output:?}");
                let started = Started::of(&root).unwrap();
                assert_eq!(started.arguments, ["kubernetes-bootstrap"]);
                assert_eq!(started.identity, identity, "{kind:?} {security}");
                let account =
                    started.passwd.lines().find(|line| line.starts_with("buildkite-agent:")).unwrap();
                let account: Vec<_> = account.split(':').collect();
                let (ids, places) = (&account[2..4], &account[5..]);
                assert_eq!((ids, places), (&["1000", group][..], &["/workspace", "/bin/sh"][..]), "{kind:?}");
                let made = started.groups.iter().find(|line| line.starts_with("buildkite-agent:"));
                assert_eq!(made.is_some(), group != "0", "{kind:?}");
                assert!(made.is_none_or(|line| line == "buildkite-agent:x:1001"), "{made:?}");
            }
            // No home directory was filled, and no password was set.
            let home =
                root.shell("ls -A /workspace | sort | tr '\\n' ' '; grep ^buildkite-agent: /etc/shadow || :");
            let (made, password) = home.split_once("tini-static ").unwrap();
            assert_eq!(made, "build buildkite-agent plugins sockets ", "{kind:?}");
            assert!(password.is_empty() || password.starts_with("buildkite-agent:!"), "{password}");
        }
    });
}

/// job-manifest R-148
#[test]
fn the_rest_of_the_environment_is_kept() {
    each(|kind| {
        let root = kind.root();
        let more =
            [("HOME", "/somewhere"), ("USER", "somebody"), ("LOGNAME", "some body"), ("SHELL", "/bin/other")];
        let pod = Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 }));
        let checkout = with_env(with_env(pod.checkout(), ODD.iter().copied()), more);
        let output = root.run(&checkout);
        assert!(output.status.success(), "{kind:?}: {output:?}");
        let mut want = with_env(checkout, [("HOME", "/workspace")]).env;
        want.sort();
        assert_eq!(essential(&Started::of(&root).unwrap()), want, "{kind:?}");
    });
}

/// job-manifest R-148: variables that have the names of the script's own are the container's all the same.
#[test]
fn no_variable_of_the_container_is_overwritten() {
    const NAMES: [&str; 11] =
        ["UID_", "gid", "group", "group_id", "id", "name", "tools", "uid", "user", "user_id", "username"];
    each(|kind| {
        let root = kind.root();
        let pod = Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 }));
        let output = root.run(&with_env(pod.checkout(), NAMES.map(|name| (name, "the container's"))));
        assert!(output.status.success(), "{kind:?}: {output:?}");
        let started = Started::of(&root).unwrap();
        for name in NAMES {
            assert_eq!(started.environment[name], "the container's", "{kind:?} {name}");
        }
    });
}

/// job-manifest R-144
#[test]
fn without_tools_for_accounts_it_says_so() {
    const DEBIANS: &str = "\
        printf '#!/bin/sh\\necho \"adduser [--home DIR] [--shell SHELL] USER\"\\n' >/usr/sbin/adduser
        chmod 0755 /usr/sbin/adduser";
    each(|kind| {
        let without = if kind.is_debian() { "rm /usr/sbin/useradd" } else { "rm /usr/bin/adduser" };
        let mut cases = vec![without.to_owned()];
        if kind.is_debian() {
            // Debian's own is not BusyBox's.
            cases.push(format!("{without}\n{DEBIANS}"));
        }
        for case in cases {
            let root = kind.root();
            root.shell(&case);
            let output = root.run(&Pod::of(&json!({ "runAsUser": 1000 })).checkout());
            assert_eq!(output.status.code(), Some(1), "{kind:?}: {output:?}");
            let complaint = String::from_utf8_lossy(&output.stderr);
            let said = "the agent image has neither BusyBox adduser nor useradd";
            assert!(complaint.lines().any(|line| line.starts_with(said)), "{complaint}");
            assert_eq!(Started::of(&root), None);
        }
    });
    // Beside useradd it does no harm.
    let root = Kind::Dash.root();
    root.shell(DEBIANS);
    assert!(root.run(&Pod::of(&json!({ "runAsUser": 1000 })).checkout()).status.success());
    assert_eq!(Started::of(&root).unwrap().identity[0], "1000");
}

/// job-manifest
#[test]
fn a_group_that_cannot_be_made_is_not_fatal_and_a_user_is() {
    each(|kind| {
        // The names are taken by other ids.
        let root = kind.root();
        root.shell("echo buildkite-agent:x:4242: >>/etc/group");
        let output = root.run(&Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 })).checkout());
        assert!(output.status.success(), "{kind:?}: {output:?}");
        assert_eq!(Started::of(&root).unwrap().identity[..2], ["1000", "4242"], "{kind:?}");

        let root = kind.root();
        root.shell("echo buildkite-agent:x:4242:0::/:/bin/sh >>/etc/passwd");
        let output = root.run(&Pod::of(&json!({ "runAsUser": 1000 })).checkout());
        assert!(!output.status.success(), "{kind:?}: {output:?}");
        assert_eq!(Started::of(&root), None);
    });
}
