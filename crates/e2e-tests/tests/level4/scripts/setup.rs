//! The workspace setup (job-manifest 6.1).

use std::process::Output;

use e2e_tests::throw_away_root::Root;
use serde_json::{Value, json};

use super::image::{Kind, each};
use super::pod::Pod;

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// Mode, owner and group of files, one a line.
fn look(root: &Root<'_>, files: &str) -> String {
    root.shell(&format!("stat -c '%a %u:%g %n' {files}"))
}

/// job-manifest R-138, R-139, R-140, D-18
#[test]
fn the_workspace_is_filled_and_filled_again() {
    each(|kind| {
        let root = kind.root();
        let setup = Pod::of(&json!({})).setup();
        root.shell("chmod 0755 /workspace");
        let tini = if kind.is_debian() { "/usr/bin/tini-static" } else { "/sbin/tini-static" };
        let compare = format!(
            "cd /workspace
            same() {{ [ \"$(sha256sum <$1)\" = \"$(sha256sum <$2)\" ]; [ -x $1 ]; }}
            same buildkite-agent /usr/local/bin/buildkite-agent
            same tini-static {tini}
            stat -c '%a %n' build plugins sockets"
        );
        succeeds(&root.run(&setup));
        assert_eq!(root.shell(&compare), "777 build\n777 plugins\n777 sockets\n", "{kind:?}");

        // A workspace that was used: others' modes and files, and old programs.
        root.shell(
            "cd /workspace
            echo kept >'build/a \"file\" of $an *earlier* job'
            chmod 0700 build; chown 1234:1234 build
            echo old >buildkite-agent; chmod 0500 buildkite-agent",
        );
        succeeds(&root.run(&setup));
        assert_eq!(root.shell(&compare), "777 build\n777 plugins\n777 sockets\n", "{kind:?}");
        assert_eq!(root.shell("cat /workspace/build/a*").trim(), "kept");
    });
}

/// job-manifest R-140, D-18: the copy of an earlier job may still run, and its file cannot be written to then.
#[test]
fn a_program_that_runs_is_replaced() {
    each(|kind| {
        let root = kind.root();
        let mut setup = Pod::of(&json!({})).setup();
        succeeds(&root.run(&setup));
        let meanwhile = "\
            /workspace/tini-static -s -- sleep 50 &
            until [ \"$(readlink /proc/$!/exe)\" = /workspace/tini-static ]; do :; done
            exec \"$@\"";
        setup.words.splice(0..0, ["/bin/sh", "-c", meanwhile, "meanwhile"].map(Into::into));
        succeeds(&root.run(&setup));
        root.shell("/workspace/tini-static --version");
    });
}

/// job-manifest R-140
#[test]
fn tini_is_taken_from_its_first_place() {
    each(|kind| {
        let setup = Pod::of(&json!({})).setup();
        // A Debian image keeps both folders in one.
        for (first, made, want) in [
            ("/sbin/tini-static", "/usr/bin/tini-static", "first"),
            ("/nowhere", "/usr/bin/tini-static", "second"),
        ] {
            let root = kind.root();
            root.shell(&format!(
                "rm -f /sbin/tini-static; echo first >{first}; echo second >{made}; ls /sbin/tini-static || :"
            ));
            succeeds(&root.run(&setup));
            assert_eq!(root.shell("cat /workspace/tini-static").trim(), want, "{kind:?}");
        }
    });
}

/// job-manifest R-140, R-141
#[test]
fn without_tini_it_says_so() {
    each(|kind| {
        let root = kind.root();
        root.shell("rm -f /sbin/tini-static /usr/bin/tini-static");
        let output = root.run(&Pod::of(&json!({})).setup());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            complaint.lines().any(|line| line.starts_with("the agent image has no tini-static")),
            "{complaint}"
        );
        assert_eq!(root.shell("ls /workspace/tini-static || echo none").trim(), "none");
    });
}

/// A persistent workspace with names of all kinds, of user 7 and group 8.
const USED: &str = r#"
cd /workspace
mkdir -p "a folder/-R" build
for file in -rf '*' "it's" 'two "quotes"' '$HOME' 'back\slash' 'größe' 'new
line' 'a folder/-R/deep' build/made; do
  echo content >"./$file"
done
ln -s /etc/passwd link
ln -s /etc "a folder/-R/folder"
chown -R -h 7:8 .
"#;

/// Distinct owners of what lies in the workspace, but for what the setup itself makes.
const OWNERS: &str = "find /workspace ! -name plugins ! -name sockets ! -name buildkite-agent ! -name tini-static \
    -exec stat -c %u:%g '{}' ';' | sort -u";

/// job-manifest R-103, R-105, R-137, R-141, C-120, C-121, C-122
#[test]
fn the_workspace_is_handed_over() {
    each(|kind| {
        let cases: [(Value, &str); 5] = [
            (json!({}), "7:8"),
            (json!({ "runAsGroup": 1001 }), "7:8"),
            (json!({ "runAsUser": 0, "runAsGroup": 1001 }), "7:8"),
            (json!({ "runAsUser": 1000 }), "1000:8"),
            (json!({ "runAsUser": 1000, "runAsGroup": 1001 }), "1000:1001"),
        ];
        for (security, want) in cases {
            let root = kind.root();
            root.shell(USED);
            let setup = Pod::of(&security).setup();
            succeeds(&root.run(&setup));
            assert_eq!(root.shell(OWNERS).trim(), want, "{kind:?} {security}");
            // What the setup makes comes afterwards and has the owner of its process.
            let (plugins, agent) = ("/workspace/plugins", "/workspace/buildkite-agent");
            let group = setup.group;
            let made = look(&root, &format!("{plugins} {agent}"));
            assert_eq!(
                made,
                format!("777 0:{group} {plugins}\n755 0:{group} {agent}\n"),
                "{kind:?} {security}"
            );
            // Links in the workspace lead nowhere.
            assert_eq!(look(&root, "/etc /etc/passwd"), "755 0:0 /etc\n644 0:0 /etc/passwd\n");
        }
    });
}

/// job-manifest R-137, R-141: a part of the workspace that nobody can change.
#[test]
fn a_workspace_that_cannot_be_handed_over_is_not_filled() {
    each(|kind| {
        let root = kind.root_with(|root| root.read_only_volume("/workspace/kept"));
        let output = root.run(&Pod::of(&json!({ "runAsUser": 1000 })).setup());
        assert!(!output.status.success(), "{output:?}");
        assert_eq!(root.shell("ls /workspace").trim(), "kept", "{kind:?}");
        // Without a change of owner it is no obstacle.
        succeeds(&root.run(&Pod::of(&json!({})).setup()));
    });
}

/// job-manifest R-104, R-141
#[test]
fn a_failing_step_ends_it() {
    each(|kind| {
        for (obstacle, missing) in [
            ("rm /usr/local/bin/buildkite-agent", "tini-static"),
            ("echo file >/workspace/build", "buildkite-agent"),
            ("mkdir /workspace/buildkite-agent /workspace/buildkite-agent/buildkite-agent", "tini-static"),
        ] {
            let root = kind.root();
            root.shell(obstacle);
            let output = root.run(&Pod::of(&json!({})).setup());
            assert!(!output.status.success(), "{kind:?} {obstacle}: {output:?}");
            assert_eq!(
                root.shell(&format!("ls /workspace/{missing} 2>&1 || echo none")).lines().last(),
                Some("none")
            );
        }
    });
}

/// job-manifest R-138, R-141: an image with a user of its own, and no word of users in the pod.
#[test]
fn the_images_own_user_fills_it() {
    each(|kind| {
        let mut setup = Pod::of(&json!({})).setup();
        (setup.user, setup.group) = (1234, 1235);
        let root = kind.root();
        succeeds(&root.run(&setup));
        succeeds(&root.run(&setup));
        let made = look(&root, "/workspace/build /workspace/tini-static");
        assert_eq!(
            made, "777 1234:1235 /workspace/build\n755 1234:1235 /workspace/tini-static\n",
            "{kind:?}"
        );

        let root = kind.root();
        root.shell("chmod 0755 /workspace");
        assert!(!root.run(&setup).status.success());
    });
}

/// job-manifest R-104: what it does can be read in the container's log, and names are taken as they are.
#[test]
fn each_step_is_traced() {
    let root = Kind::Dash.root();
    let output = root.run(&Pod::of(&json!({ "runAsUser": 1000 })).setup());
    let trace = String::from_utf8_lossy(&output.stderr);
    assert!(trace.starts_with("+ chown -R 1000 /workspace\n"), "{trace}");
}
