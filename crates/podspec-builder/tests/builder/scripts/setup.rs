//! The workspace setup script (job-manifest 6.1).

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::sandbox::{Sandbox, container, shells};

fn setup(security: &Value) -> Value {
    container("initContainers", "copy-agent", security, false)
}

fn each_shell(check: impl Fn(Sandbox)) {
    for shell in shells() {
        check(Sandbox::new(&shell));
    }
}

/// job-manifest, D-18
#[test]
fn the_workspace_is_filled_twice_in_a_row() {
    each_shell(|sandbox| {
        sandbox.write("sbin/tini-static", "tini of alpine");
        sandbox.write("usr/bin/tini-static", "tini of debian");
        for _ in 0..2 {
            let output = sandbox.run(&setup(&json!({})));
            assert!(output.status.success(), "{output:?}");
        }
        for folder in ["build", "plugins", "sockets"] {
            let mode =
                std::fs::metadata(sandbox.path("workspace").join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o777, "{folder}");
        }
        assert_eq!(sandbox.read("workspace/buildkite-agent"), "agent");
        assert_eq!(sandbox.read("workspace/tini-static"), "tini of alpine");
    });
}

/// job-manifest R-140
#[test]
fn tini_has_a_second_place() {
    each_shell(|sandbox| {
        sandbox.write("usr/bin/tini-static", "tini of debian");
        assert!(sandbox.run(&setup(&json!({}))).status.success());
        assert_eq!(sandbox.read("workspace/tini-static"), "tini of debian");
    });
}

/// job-manifest
#[test]
fn without_tini_it_fails_and_says_so() {
    each_shell(|sandbox| {
        let output = sandbox.run(&setup(&json!({})));
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("no tini-static"));
    });
}

/// job-manifest R-141
#[test]
fn a_failing_step_ends_it() {
    each_shell(|sandbox| {
        std::fs::remove_file(sandbox.path("usr/local/bin/buildkite-agent")).unwrap();
        sandbox.write("sbin/tini-static", "tini");
        assert!(!sandbox.run(&setup(&json!({}))).status.success());
        assert_eq!(sandbox.read("workspace/tini-static"), "");
    });
}

/// job-manifest, C-120, C-121, C-122
#[test]
fn the_workspace_is_handed_over() {
    for (security, want) in [
        (json!({}), None),
        (json!({ "runAsGroup": 1000 }), None),
        (json!({ "runAsUser": 0, "runAsGroup": 5 }), None),
        (json!({ "runAsUser": 1000 }), Some("chown -R 1000 /workspace")),
        (json!({ "runAsUser": 1000, "runAsGroup": 1001 }), Some("chown -R 1000:1001 /workspace")),
    ] {
        each_shell(|sandbox| {
            sandbox.write("sbin/tini-static", "tini");
            // Ownership comes first: the directories must not exist yet.
            sandbox.fake("chown", &format!("[ ! -d {}/build ]", sandbox.path("workspace").display()));
            assert!(sandbox.run(&setup(&security)).status.success());
            assert_eq!(sandbox.calls(), want.into_iter().collect::<Vec<_>>(), "{security}");
        });
    }
}
