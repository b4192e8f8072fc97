//! The credential step (job-manifest 6.4), up to the clone that needs it.

use std::net::Ipv4Addr;

use e2e_tests::git::PrivateRepository;
use e2e_tests::throw_away_root::Root;
use serde_json::{Value, json};

use super::image::{Kind, Started, each};
use super::pod::{Pod, with_env};

const SECRET: &str = "/buildkite/git-credentials-ro/.git-credentials";
const COPY: &str = "/buildkite/git-credentials/.git-credentials";

/// Without users, with one, and with a group.
fn securities() -> [Value; 3] {
    [json!({}), json!({ "runAsUser": 1000 }), json!({ "runAsUser": 1000, "runAsGroup": 1001 })]
}

/// Lays a Secret's file out as the kubelet does: behind two links.
fn mount_secret(root: &Root<'_>, content: &str, mode: &str) {
    root.shell(
        "cd /buildkite/git-credentials-ro
        mkdir ..2026 && ln -s ..2026 ..data && ln -s ..data/.git-credentials .git-credentials",
    );
    root.write(SECRET, content);
    root.shell(&format!("chmod {mode} {SECRET}; chmod 0755 /buildkite/git-credentials-ro"));
}

/// A file with content of all kinds, without a line break at its end.
const ODD: &str = concat!(
    "https://plain:word@plain.example\n",
    "https://a%40b%20c:p%40ss%3A%2F%27%22%24%5C%60@odd.example\n",
    "\n",
    "# no URL, and nobody's $HOME `id` \\n * 'quote'\n",
    "https://größe:日本語@world.example\n",
    "http://ci:one@host.example:8080\n",
    "https://last:line@last.example",
);

/// Protocol and host of a request, and the name and password for it.
const FILLED: [(&str, &str, &str, &str); 5] = [
    ("https", "plain.example", "plain", "word"),
    ("https", "odd.example", "a@b c", "p@ss:/'\"$\\`"),
    ("https", "world.example", "größe", "日本語"),
    ("http", "host.example:8080", "ci", "one"),
    ("https", "last.example", "last", "line"),
];

/// job-manifest: git asked from within has the answer, and nothing of it is in the log.
#[test]
fn git_gives_the_secrets_credentials() {
    for kind in [Kind::Dash, Kind::Bash] {
        for security in securities() {
            let root = kind.root();
            mount_secret(&root, ODD, "0644");
            let pod = Pod::with_credentials(&security);
            assert!(root.run(&pod.setup()).status.success());
            let mut script = "cd /record\n".to_owned();
            for (number, (protocol, host, ..)) in FILLED.iter().enumerate() {
                script += &format!(
                    "printf 'protocol={protocol}\\nhost={host}\\n\\n' | git credential fill >answer{number} || exit 9\n"
                );
            }
            // The helper's file can be written, which is why there is a copy.
            script +=
                "printf 'protocol=https\\nhost=plain.example\\n\\n' | git credential reject || exit 8\n";
            let env = [("DO", script.as_str()), ("GIT_TERMINAL_PROMPT", "0")];
            let output = root.run(&with_env(pod.checkout(), env));
            assert!(output.status.success(), "{kind:?} {security}: {output:?}");
            let answers = root.shell("cat /record/answer*");
            let want: String = FILLED
                .iter()
                .map(|(protocol, host, name, password)| {
                    format!("protocol={protocol}\nhost={host}\nusername={name}\npassword={password}\n")
                })
                .collect();
            assert_eq!(answers, want, "{kind:?} {security}");
            let rest = root.shell(&format!("cat {COPY}"));
            assert!(!rest.contains("plain.example") && rest.contains("last.example"), "{rest}");
            let log = [output.stdout, output.stderr].concat();
            let log = String::from_utf8_lossy(&log);
            for secret in ["word", "p%40ss", "p@ss", "日本語", "line@"] {
                assert!(!log.contains(secret), "{secret:?} in {log}");
            }
        }
    }
}

/// job-manifest: the whole way, setup and checkout, to a repository that asks for a password.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_cloned() {
    let files = [("hello.txt", "for members\n"), ("a folder/it's.txt", "odd\n")];
    let repository =
        PrivateRepository::start(Ipv4Addr::LOCALHOST.into(), "a@b c:p@ss:/'\"$\\", &files).await.unwrap();
    let secret = format!("http://a%40b%20c:p%40ss%3A%2F%27%22%24%5C@{}\n", repository.authority);
    tokio::task::spawn_blocking(move || {
        each(|kind| {
            for security in securities().iter().filter(|_| kind.is_debian()) {
                let root = kind.root();
                mount_secret(&root, &secret, "0644");
                let pod = Pod::with_credentials(security);
                assert!(root.run(&pod.setup()).status.success());
                let env = [
                    ("BUILDKITE_REPO", repository.url.as_str()),
                    ("DO", "git clone --quiet \"$BUILDKITE_REPO\" /workspace/build/clone"),
                    ("GIT_TERMINAL_PROMPT", "0"),
                ];
                let output = root.run(&with_env(pod.checkout(), env));
                assert!(output.status.success(), "{kind:?} {security}: {output:?}");
                let clone = root
                    .shell("cd /workspace/build/clone; cat hello.txt; stat -c %u hello.txt; ls 'a folder'");
                let user = security["runAsUser"].as_u64().unwrap_or(0);
                assert_eq!(clone, format!("for members\n{user}\nit's.txt\n"), "{kind:?}");
            }
        });
    })
    .await
    .unwrap();
}

/// job-manifest R-149: an image, or a workspace that was used, may have helpers of its own.
#[test]
fn other_helpers_give_way() {
    const OTHERS: &str =
        "[user]\n\tname = Somebody\n[credential]\n\thelper =\n\thelper = cache\n\thelper = store\n";
    for (security, home) in [(json!({}), "/root"), (json!({ "runAsUser": 1000 }), "/workspace")] {
        let root = Kind::Dash.root();
        mount_secret(&root, ODD, "0644");
        let settings = format!("{home}/.gitconfig");
        root.write(&settings, OTHERS);
        let pod = Pod::with_credentials(&security);
        assert!(root.run(&pod.setup()).status.success());
        let output = root.run(&pod.checkout());
        assert!(output.status.success(), "{security}: {output:?}");
        let helpers = root.shell(&format!("git config --file {settings} --get-all credential.helper"));
        assert_eq!(helpers, format!("store --file {COPY}\n"), "{security}");
        assert_eq!(root.shell(&format!("git config --file {settings} user.name")), "Somebody\n");
    }
}

/// job-manifest R-149: where there is no git to ask, what it would be asked.
#[test]
fn git_is_told_where_the_copy_lies() {
    for security in securities() {
        let root = Kind::BusyBox.root();
        mount_secret(&root, ODD, "0644");
        let pod = Pod::with_credentials(&security);
        assert!(root.run(&pod.setup()).status.success());
        let output = root.run(&pod.checkout());
        assert!(output.status.success(), "{security}: {output:?}");
        let home = if security["runAsUser"].is_null() { "/root" } else { "/workspace" };
        let want = format!("<git><config><--global><credential.helper><store --file {COPY}> HOME={home}\n");
        let asked = root.shell("cat /record/git");
        assert_eq!(asked.replace("<--replace-all>", ""), want);
        assert_eq!(root.shell(&format!("cat {COPY}")), ODD);
        assert!(Started::of(&root).is_some());
    }
}

/// job-manifest: both commands must succeed.
#[test]
fn without_credentials_the_agent_is_not_started() {
    each(|kind| {
        for security in securities() {
            // What there is of the Secret, by its mode, and of git.
            for (what, mode, git) in [
                ("an empty Secret", None, "exit 0"),
                ("an unreadable Secret", Some("0400"), "exit 0"),
                ("git fails", Some("0644"), "exit 5"),
            ] {
                let is_root = security["runAsUser"].is_null();
                if is_root && mode == Some("0400") {
                    // Root may read anything.
                    continue;
                }
                let root = kind.root();
                root.shell(&format!("printf '#!/bin/sh\\n{git}\\n' >/usr/bin/git"));
                if let Some(mode) = mode {
                    mount_secret(&root, ODD, mode);
                }
                let output = root.run(&Pod::with_credentials(&security).checkout());
                assert!(!output.status.success(), "{kind:?} {security} {what}: {output:?}");
                assert_eq!(Started::of(&root), None, "{kind:?} {security} {what}");
            }
        }
    });
}
