//! The checkout scripts (job-manifest 6.2 to 6.4).

use serde_json::{Value, json};

use super::sandbox::{Sandbox, container, shells};

fn checkout(security: &Value, credentials: bool) -> Value {
    container("containers", "checkout", security, credentials)
}

const ENTRY_POINT: &str = "buildkite-agent-entrypoint";
const BOOTSTRAP: &str = "buildkite-agent-entrypoint kubernetes-bootstrap";
const COPY: &str = "git config --global --replace-all credential.helper store --file /buildkite/git-credentials/.git-credentials";

/// `su` runs the command with the environment it got, and writes down the home directory.
const RUN_AS: &str = "echo \"HOME=$HOME KEPT=$KEPT\" >>\"$0.home\"\nexec sh -c \"$5\"";

/// An image whose tools are BusyBox's (`adduser` says so) or those of Debian.
fn image(shell: &[&'static str], busybox: bool) -> Sandbox {
    let sandbox = Sandbox::new(shell);
    sandbox.fake("su", RUN_AS).fake(ENTRY_POINT, "exit 7").fake("git", "");
    sandbox.write("buildkite/git-credentials-ro/.git-credentials", "https://u:p@h");
    if busybox {
        sandbox.fake("adduser", "[ \"$1\" != --help ] || echo 'BusyBox v1.36 multi-call binary' >&2");
        sandbox.fake("addgroup", "");
    } else {
        sandbox.fake("adduser", "[ \"$1\" != --help ] || echo 'adduser [--home DIR] user'");
        sandbox.fake("useradd", "").fake("groupadd", "");
    }
    sandbox
}

/// Calls without the look at the help text.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    sandbox.calls().into_iter().filter(|call| call != "adduser --help").collect()
}

fn su(user: &str, command: &str) -> String {
    format!("su -p -s /bin/sh -c {command} -- {user}")
}

/// job-manifest, C-124
#[test]
fn plain_checkout_runs_the_entry_point_with_its_status() {
    for shell in shells() {
        let sandbox = image(&shell, false);
        let output = sandbox.run(&checkout(&json!({}), false));
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(sandbox.calls(), [BOOTSTRAP]);

        let sandbox = image(&shell, false);
        assert_eq!(sandbox.run(&checkout(&json!({}), true)).status.code(), Some(7));
        assert_eq!(sandbox.calls(), [COPY, BOOTSTRAP]);
        assert_eq!(sandbox.read("buildkite/git-credentials/.git-credentials"), "https://u:p@h");
    }
}

/// job-manifest
#[test]
fn without_credentials_nothing_is_checked_out() {
    for shell in shells() {
        let sandbox = image(&shell, false);
        std::fs::remove_file(sandbox.path("buildkite/git-credentials-ro/.git-credentials")).unwrap();
        assert!(!sandbox.run(&checkout(&json!({}), true)).status.success());
        assert_eq!(sandbox.calls(), Vec::<String>::new());
    }
}

/// job-manifest, C-119
#[test]
fn another_user_is_made_and_used() {
    let security = json!({ "runAsUser": 1000, "runAsGroup": 1001 });
    for shell in shells() {
        for (busybox, make_group, make_user) in [
            (
                true,
                "addgroup -g 1001 buildkite-agent",
                "adduser -D -H -h /workspace -s /bin/sh -G buildkite-agent -u 1000 buildkite-agent",
            ),
            (
                false,
                "groupadd -g 1001 buildkite-agent",
                "useradd -M -d /workspace -s /bin/sh -g buildkite-agent -u 1000 buildkite-agent",
            ),
        ] {
            let sandbox = image(&shell, busybox);
            let output = sandbox.run(&checkout(&security, true));
            assert_eq!(output.status.code(), Some(7), "{output:?}");
            let made = calls(&sandbox);
            assert_eq!(made[..2], [make_group, make_user]);
            assert!(made[2].starts_with("su -p -s /bin/sh -c cp "), "{made:?}");
            assert!(made[2].ends_with("kubernetes-bootstrap -- buildkite-agent"), "{made:?}");
            assert_eq!(made[3..], [COPY, BOOTSTRAP]);
            let home = format!("HOME={} KEPT=kept\n", sandbox.path("workspace").display());
            assert_eq!(sandbox.read("bin/su.home"), home);
        }
    }
}

/// job-manifest R-143, C-121
#[test]
fn without_a_group_the_user_belongs_to_root() {
    for shell in shells() {
        let sandbox = image(&shell, true);
        sandbox.run(&checkout(&json!({ "runAsUser": 1000 }), false));
        let want = [
            "adduser -D -H -h /workspace -s /bin/sh -G root -u 1000 buildkite-agent".to_owned(),
            su("buildkite-agent", BOOTSTRAP),
            BOOTSTRAP.to_owned(),
        ];
        assert_eq!(calls(&sandbox), want);
    }
}

/// job-manifest R-147, D-19
#[test]
fn existing_accounts_and_groups_are_used() {
    for shell in shells() {
        let sandbox = image(&shell, false);
        sandbox.run(&checkout(&json!({ "runAsUser": 1500, "runAsGroup": 1501 }), false));
        assert_eq!(calls(&sandbox), [su("ubuntu", BOOTSTRAP), BOOTSTRAP.to_owned()]);

        let sandbox = image(&shell, false);
        sandbox.run(&checkout(&json!({ "runAsUser": 1000, "runAsGroup": 1501 }), false));
        assert_eq!(
            calls(&sandbox)[0],
            "useradd -M -d /workspace -s /bin/sh -g staff -u 1000 buildkite-agent"
        );
    }
}

/// job-manifest
#[test]
fn a_missing_group_is_not_fatal_and_a_missing_user_is() {
    let security = json!({ "runAsUser": 1000, "runAsGroup": 1001 });
    for shell in shells() {
        let sandbox = image(&shell, false);
        sandbox.fake("groupadd", "exit 4");
        assert_eq!(sandbox.run(&checkout(&security, false)).status.code(), Some(7));

        let sandbox = image(&shell, false);
        sandbox.fake("useradd", "exit 4");
        assert_eq!(sandbox.run(&checkout(&security, false)).status.code(), Some(4));
        assert!(!calls(&sandbox).iter().any(|call| call.starts_with("su ")));
    }
}

/// job-manifest R-144
#[test]
fn without_tools_it_fails_and_says_so() {
    for shell in shells() {
        let sandbox = image(&shell, false);
        std::fs::remove_file(sandbox.path("bin/useradd")).unwrap();
        let output = sandbox.run(&checkout(&json!({ "runAsUser": 1000 }), false));
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("neither BusyBox adduser nor useradd"));
    }
}

/// job-manifest: a secret is copied as a file and never shown.
#[test]
fn secrets_are_not_printed() {
    for shell in shells() {
        for security in [json!({}), json!({ "runAsUser": 1000 })] {
            let sandbox = image(&shell, true);
            let output = sandbox.run(&checkout(&security, true));
            let said = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&said).contains("u:p"));
        }
    }
}
