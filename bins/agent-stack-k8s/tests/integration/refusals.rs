//! What keeps the program from starting: status 1 for the configuration, 2 for the command line, and one line on
//! standard error for each problem.

use tokio::net::TcpListener;

use crate::{
    bench::{Bench, KEY, SECRET, UNCLUSTERED},
    process::run,
};

/// One way to be refused; the file, if there is one, is `config.yaml`.
struct Case {
    file: Option<&'static str>,
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    status: i32,
    /// Every line on standard error, without the program's name in front.
    lines: &'static [&'static str],
}

/// A configuration file alone.
const fn file(text: &'static str, lines: &'static [&'static str]) -> Case {
    Case { file: Some(text), arguments: &["--config", "config.yaml"], variables: &[], status: 1, lines }
}

/// A command line alone.
const fn usage(arguments: &'static [&'static str], lines: &'static [&'static str]) -> Case {
    Case { file: None, arguments, variables: &[], status: 2, lines }
}

const CASES: &[Case] = &[
    file("max-in-flight: [1\n", &["unclosed bracket '[' (config.yaml:1:16)"]),
    file("- queue: a\n", &["the file must be a mapping of settings, found list (config.yaml:1:1)"]),
    file(
        "queue: a\nmax-in-fligt: 3\nagent-config:\n  shel: /bin/bash -ec\n",
        &[
            "agent-config.shel: is not a known key; did you mean `shell`? (config.yaml:4:3)",
            "max-in-fligt: is not a known key; did you mean `max-in-flight`? (config.yaml:2:1)",
        ],
    ),
    file(
        "max-in-flight: \"25\"\njob-ttl: 300\ndebug: maybe\n",
        &[
            "debug: expected true or false, found text `maybe` (config.yaml:3:8)",
            "job-ttl: `300` has no unit; did you mean 300s? (config.yaml:2:10)",
            "max-in-flight: expected a whole number, found text `25`; drop the quotes (config.yaml:1:16)",
        ],
    ),
    file("max-in-flight: -1\n", &["max-in-flight: is -1, but must be at least 0 (config.yaml:1:16)"]),
    file(
        "prometheus-port: 65536\n",
        &["prometheus-port: is 65536, but must be from 0 to 65535 (config.yaml:1:18)"],
    ),
    file(
        "namespace: Upper\n",
        &["namespace: `Upper` is no name that a namespace can have (config.yaml:1:12)"],
    ),
    file(
        "agent-config:\n  endpoint: agent.buildkite.com\n",
        &["agent-config.endpoint: `agent.buildkite.com` is no address of an API; write a URL such as \
             https://agent.buildkite.com/v3 (config.yaml:2:13)"],
    ),
    file(
        "enable-job-acquisition-tokens: true\n",
        &[
            "enable-job-acquisition-tokens: is not built yet in this version; set it to false: pods then refer to \
             agent-token-secret (config.yaml:1:32)",
        ],
    ),
    Case {
        file: None,
        arguments: &["--config", "missing.yaml"],
        variables: &[],
        status: 1,
        lines: &[
            "config: cannot read `missing.yaml`: No such file or directory (os error 2); name a readable file with \
             --config or CONFIG",
        ],
    },
    Case {
        file: None,
        arguments: &[],
        variables: &[("CONFIG", ".")],
        status: 1,
        lines: &[
            "config: cannot read `.`: Is a directory (os error 21); name a readable file with --config or CONFIG",
        ],
    },
    Case {
        file: None,
        arguments: &[],
        variables: &[("MAX_IN_FLIGHT", "many")],
        status: 1,
        lines: &["max-in-flight: `many` is not a whole number (variable MAX_IN_FLIGHT)"],
    },
    Case {
        file: None,
        arguments: &[],
        variables: &[],
        status: 1,
        lines: &[
            "cannot tell where Kubernetes is: failed to read kubeconfig from `HOME/.kube/config`: No such file or \
             directory (os error 2), and this is no pod with a service account; name a kubeconfig with the variable \
             KUBECONFIG, or run in a pod",
        ],
    },
    Case {
        file: Some("clusters: ["),
        arguments: &[],
        variables: &[("KUBECONFIG", "config.yaml")],
        status: 1,
        lines: &[
            "cannot tell where Kubernetes is: failed to parse kubeconfig YAML: line 1 column 11: unclosed bracket \
             '[', and this is no pod with a service account; name a kubeconfig with the variable KUBECONFIG, or run \
             in a pod",
        ],
    },
    usage(&["--nope"], &["unexpected argument `--nope` found; --help lists what there is"]),
    usage(
        &["--max-in-fligt", "3"],
        &[
            "unexpected argument `--max-in-fligt` found; did you mean `--max-in-flight`?; --help lists what there is",
        ],
    ),
    usage(
        &["--max-in-flight", "many"],
        &["max-in-flight: `many` is not a whole number (flag --max-in-flight)"],
    ),
    usage(
        &["--max-in-flight=-1", "--tags", "queue=a,b"],
        &[
            "max-in-flight: is -1, but must be at least 0 (flag --max-in-flight)",
            "tags[1]: `b` is not of the form key=value (flag --tags)",
        ],
    ),
    usage(&["--job-ttl=300"], &["job-ttl: `300` has no unit; did you mean 300s? (flag --job-ttl)"]),
    usage(
        &["--debug", "false"],
        &[
            "unexpected word `false`; switches take their value behind `=`, such as --debug=false; --help lists what \
             there is",
        ],
    ),
    usage(&["start"], &["`start` is no command; --help lists what there is"]),
    usage(&["version", "please"], &["unexpected argument `please` found; --help lists what there is"]),
];

#[tokio::test]
async fn a_start_that_is_refused_says_why_line_by_line() {
    for case in CASES {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = case.file {
            std::fs::write(folder.path().join("config.yaml"), text).unwrap();
        }
        let ended = run(folder.path(), case.arguments, case.variables).await;
        let what = format!("{:?} {:?} {:?}", case.file, case.arguments, case.variables);
        let want: String = case.lines.iter().map(|line| format!("agent-stack-k8s: {line}\n")).collect();
        let have = ended.stderr.replace(folder.path().to_str().unwrap(), "HOME");
        assert_eq!(have, want, "{what}");
        assert_eq!(ended.status.code(), Some(case.status), "{what}");
    }
}

#[tokio::test]
async fn what_was_asked_for_goes_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for (arguments, want) in [
        (&["version"][..], format!("{version}\n")),
        (&["--version"], format!("agent-stack-k8s {version}\n")),
        (&["-V"], format!("agent-stack-k8s {version}\n")),
    ] {
        let ended = run(folder.path(), arguments, &[]).await;
        assert_eq!((ended.stdout, ended.stderr), (want, String::new()), "{arguments:?}");
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["-h"], &["help"]] {
        let ended = run(folder.path(), arguments, &[]).await;
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
        for part in ["Usage: agent-stack-k8s", "--config <FILE>", "[variable: MAX_IN_FLIGHT]", "/readyz"] {
            assert!(ended.stdout.contains(part), "{arguments:?}: no `{part}` in\n{}", ended.stdout);
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_setting() {
    let bench = Bench::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    for setting in ["health-port", "prometheus-port"] {
        let ended = bench.run(&format!("{setting}: {port}\n")).await;
        let want = format!(
            "agent-stack-k8s: cannot listen on port {port}; free it or choose another one with `{setting}`: Address \
             already in use (os error 98)\n"
        );
        assert_eq!(ended.stderr, want);
        assert_eq!(ended.status.code(), Some(1));
    }
    assert_eq!(bench.simulator.statistics().total("register-stack"), 0, "nothing was started");
}

#[tokio::test]
async fn an_unclustered_token_is_final_and_names_the_way_out() {
    let bench = Bench::new().await;
    bench.cluster.set_secret(SECRET, KEY, UNCLUSTERED);
    let ended = bench.run("").await;
    let want = "agent-stack-k8s: cannot serve the queue: the agent token is not a cluster token: stacks need the \
                agent token of a Buildkite cluster; create one under Agents, your cluster, Agent Tokens, and put it \
                into the Secret `buildkite-agent-token` in the namespace `ci`\n";
    assert_eq!(ended.stderr, want);
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ended.output().contains(UNCLUSTERED), "{}", ended.output());
}
