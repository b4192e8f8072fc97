//! Where values come from and which one wins: controller-config 1, 3, 4.

use super::*;

/// controller-config K1
#[test]
fn defaults() {
    let settings = with("", &[], &[]).unwrap().settings;
    let seconds = Duration::from_secs;
    assert_eq!(settings.id, "");
    let buildkite = &settings.buildkite;
    assert_eq!(buildkite.endpoint, "https://agent.buildkite.com/v3");
    assert_eq!(buildkite.agent_token_secret, "buildkite-agent-token");
    assert_eq!(buildkite.stack_key, "agent-stack-k8s");
    assert_eq!((buildkite.queue.as_str(), buildkite.tags.len()), ("", 0));
    assert_eq!((buildkite.http_timeout, buildkite.poll_interval), (seconds(60), seconds(1)));
    assert_eq!((buildkite.page_size.get(), buildkite.pages_per_poll.get()), (1000, 2));
    assert_eq!(buildkite.reservation_expiry, seconds(900));
    assert!(buildkite.http2 && !buildkite.job_acquisition_tokens);
    assert_eq!(settings.kubernetes.namespace, "default");
    assert_eq!(settings.kubernetes.rate_limit, None);
    assert_eq!(settings.kubernetes.leader_lease, LeaderLease::WhenAllowed);
    assert_eq!(settings.limits.max_in_flight.unwrap().get(), 25);
    assert_eq!(settings.limits.work_queue_limit.get(), 1_000_000);
    assert_eq!(settings.limits.job_creation_concurrency.get(), 25);
    assert_eq!(settings.grace.image_pull_backoff, seconds(30));
    assert_eq!(settings.grace.cancel_check_interval, seconds(5));
    assert_eq!(settings.grace.empty_job, seconds(30));
    assert_eq!(settings.grace.pod_pending, Some(seconds(900)));
    assert_eq!((settings.http.health_port, settings.http.prometheus_port), (8081, 0));
    assert_eq!((settings.logging.level, settings.logging.format), (LogLevel::Info, LogFormat::Logfmt));
    assert!(settings.logging.color);
    let want = podspec_builder::Settings { controller_version: "1.2.3".to_owned(), ..Default::default() };
    assert_eq!(settings.builder, want);
}

/// controller-config K3, K4, K5, K6: precedence, explicit zero and false, lists.
#[test]
fn precedence() {
    let in_flight = |file: &str, variables: &[(&str, &str)], words: &[&str]| {
        with(file, variables, words).unwrap().settings.limits.max_in_flight.map(std::num::NonZeroUsize::get)
    };
    let (file, variable, flag) = ("max-in-flight: 100", [("MAX_IN_FLIGHT", "50")], ["--max-in-flight=200"]);
    assert_eq!(in_flight(file, &variable, &flag), Some(200));
    assert_eq!(in_flight(file, &variable, &[]), Some(50));
    assert_eq!(in_flight(file, &[], &[]), Some(100));
    assert_eq!(in_flight(file, &[("MAX_IN_FLIGHT", "0")], &[]), None);
    assert_eq!(in_flight(file, &variable, &["--max-in-flight", "0"]), None);
    assert_eq!(in_flight("max-in-flight: 0", &[], &[]), None);
    assert_eq!(in_flight(file, &variable, &["--max-in-flight=1", "--max-in-flight=2"]), Some(2));

    let level = |file: &str, variables: &[(&str, &str)], words: &[&str]| {
        with(file, variables, words).unwrap().settings.logging.level
    };
    assert_eq!(level("debug: true", &[("DEBUG", "false")], &[]), LogLevel::Info);
    assert_eq!(level("", &[("DEBUG", "true")], &["--debug=false"]), LogLevel::Info);
    assert_eq!(level("", &[], &["--debug"]), LogLevel::Debug);
    assert_eq!(level("log-level: error", &[("DEBUG", "1")], &[]), LogLevel::Debug);

    let tags = |variables: &[(&str, &str)], words: &[&str]| {
        let settings = with("tags: [a=b, c=d]", variables, words).unwrap().settings;
        settings
            .buildkite
            .tags
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(tags(&[], &[]), "a=b c=d");
    assert_eq!(tags(&[], &["--tags="]), "");
    assert_eq!(tags(&[("TAGS", "e=f")], &[]), "e=f");
    assert_eq!(tags(&[("TAGS", "e=f")], &["--tags=g=h,i=j", "--tags", "k=l"]), "g=h i=j k=l");
    assert_eq!(tags(&[("TAGS", "")], &[]), "a=b c=d");
    assert_eq!(tags(&[], &[r"--tags=a=b\,c"]), "a=b,c");
    // An empty text flag counts as not given.
    assert_eq!(with("namespace: ci", &[], &["--namespace="]).unwrap().settings.kubernetes.namespace, "ci");
}

/// controller-config 1: the origin of each setting is known.
#[test]
fn origins() {
    let loaded = with("job-ttl: 5m\nid: file\n", &[("ID", "x"), ("QUEUE", "q")], &["--image=img"]).unwrap();
    let shown: Vec<_> = loaded.origins.iter().map(|(key, source)| format!("{key} {source}")).collect();
    assert_eq!(
        shown,
        ["id config.yaml:2:5", "image flag --image", "job-ttl config.yaml:1:10", "queue variable QUEUE"]
    );
    assert_eq!(loaded.file.as_deref(), Some("config.yaml"));
}

/// controller-config 1: which file is read, and what happens when it cannot be.
#[test]
fn the_file() {
    let opened = Cell::new(String::new());
    let read = |path: &str| {
        opened.set(path.to_owned());
        if path == "gone" { Err(std::io::Error::other("no such file")) } else { Ok("id: a".to_owned()) }
    };
    let run = |words: &[&str], variable: &str| {
        let variables = BTreeMap::from([("CONFIG".to_owned(), variable.to_owned())]);
        load(&Inputs { args: &args(words), variables: &variables, read_file: &read, version: "v" })
    };
    run(&["-f", "flag"], "variable").unwrap();
    assert_eq!(opened.take(), "flag");
    run(&[], "variable").unwrap();
    assert_eq!(opened.take(), "variable");
    assert_eq!(run(&[], "").unwrap().file, None);
    let error = run(&["--config=gone"], "variable").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.to_string().contains("cannot read `gone`: no such file"), "{error}");

    for empty in [" ", "# comment\n", "---\n", "{}", "~"] {
        assert!(loaded(empty).origins.is_empty(), "{empty:?}");
    }
    for (text, message) in [
        ("- a", "(config.yaml:1:1)"),
        ("text", "must be a mapping of settings, found text"),
        ("a: [1", "config.yaml:"),
        ("\tid: a", "tab"),
    ] {
        assert!(refused(text).contains(message), "{text}: {}", refused(text));
    }
    assert!(warnings(&loaded("id: a\n---\nid: b"))[0].contains("only the first document"));
    assert!(warnings(&loaded("id: a\n---\n")).is_empty());
}

/// controller-config K14, K18, K19
#[test]
fn odd_files() {
    let twice = loaded("id: a\nnamespace: n\nid: b\nagent-config: {shell: x, shell: y}");
    assert_eq!(twice.settings.id, "b");
    assert_eq!(
        warnings(&twice),
        [
            "id: is given twice, first in line 1; the last one counts (config.yaml:3:1)",
            "agent-config.shell: is given twice, first in line 4; the last one counts (config.yaml:4:26)",
        ]
    );
    let labels = loaded("job-ttl: 5m\ndefault-metadata: {labels: {job-ttl: 5m}}")
        .settings
        .builder
        .default_metadata
        .labels;
    assert_eq!(labels["job-ttl"], "5m");
    for null in ["max-in-flight:", "max-in-flight: ~", "max-in-flight: null"] {
        assert_eq!(loaded(null).settings.limits.max_in_flight.unwrap().get(), 25);
    }
    // Anchors and merge keys work; JSON is accepted.
    let merged = loaded(
        "default-command-params: &p\n  envFrom: [{secretRef: {name: s}}]\ndefault-sidecar-params:\n  <<: *p\n",
    );
    assert_eq!(merged.settings.builder.default_sidecar_params.env_from.len(), 1);
    assert_eq!(loaded(r#"{"id": "a", "tags": ["b=c"]}"#).settings.buildkite.tags["b"], "c");
}

/// controller-config K15, K16
#[test]
fn odd_variables() {
    let run = |variables: &[(&str, &str)]| with("", variables, &[]).unwrap();
    for (name, key) in [("PROMETHEUS_PORT", "prometheus-port"), ("HEALTH_PORT", "health-port")] {
        for link in ["tcp://10.0.0.1:9090", "udp://10.0.0.1:1", "sctp://x"] {
            let loaded = run(&[(name, link)]);
            assert_eq!((loaded.settings.http.prometheus_port, loaded.settings.http.health_port), (0, 8081));
            assert!(warnings(&loaded)[0].starts_with(&format!("{key}: is ignored")));
        }
    }
    assert_eq!(run(&[("PROMETHEUS_PORT", "9090")]).settings.http.prometheus_port, 9090);
    assert_eq!(run(&[("DEBUG", "")]).settings.logging.level, LogLevel::Info);
    for (value, color) in [("1", false), ("x", false), ("0", true), ("", true)] {
        assert_eq!(run(&[("NO_COLOR", value)]).settings.logging.color, color, "{value:?}");
    }
    for name in ["MAX_IN_FLIGHT", "JOB_TTL", "TAGS", "NAMESPACE", "CONFIG"] {
        assert!(run(&[(name, "")]).origins.is_empty(), "{name}");
    }
}

/// controller-config K20: all flags and variables by name.
#[test]
fn flags_and_variables() {
    let listed = include_str!("../flags.txt");
    let command = Args::augment_args(Command::new("controller"));
    let mut shown = String::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let help = arg.get_help().unwrap().to_string();
        let variable = help.rsplit_once("[variable: ").unwrap().1.trim_end_matches(']').to_owned();
        let short = arg.get_short().map_or(String::new(), |short| format!("-{short} "));
        shown.push_str(&format!("{short}--{} {variable}\n", arg.get_long().unwrap()));
    }
    assert_eq!(shown, listed);
    let hidden: Vec<_> =
        command.get_arguments().filter(|arg| arg.is_hide_set()).filter_map(|arg| arg.get_long()).collect();
    assert_eq!(
        hidden,
        [
            "org",
            "cluster-uuid",
            "buildkite-token",
            "graph-ql-endpoint",
            "graphql-endpoint",
            "graphql-results-limit",
            "stale-job-data-timeout",
            "experimental-job-reservation-support",
            "experimental-stacks-api-support",
        ]
    );
}

/// controller-config 3: what the command line takes.
#[test]
fn command_line() {
    let parse = |words: &[&str]| {
        let words = std::iter::once("controller").chain(words.iter().copied());
        Args::augment_args(Command::new("controller")).try_get_matches_from(words).is_ok()
    };
    for good in
        [&["--debug"][..], &["--debug=false"], &["--namespace", "a"], &["--namespace=a"], &["-f", "x"]]
    {
        assert!(parse(good), "{good:?}");
    }
    for bad in [
        &["--debug", "false"][..],
        &["--max_in_flight=1"],
        &["--max-in-fl=1"],
        &["-namespace", "a"],
        &["word"],
        &["--nope"],
    ] {
        assert!(!parse(bad), "{bad:?}");
    }
}

/// controller-config 8.3: a problem that lies in flags alone is one of the command line.
#[test]
fn values_of_flags_are_the_command_line() {
    for words in [
        &["--max-in-flight", "xx"][..],
        &["--max-in-flight=-1"],
        &["--tags", "queue=a,b"],
        &["--tags", "queue=a,queue=b"],
        &["--log-level", "loud"],
        &["--namespace", "Upper"],
        &["--enable-job-acquisition-tokens"],
    ] {
        assert_eq!(with("", &[], words).unwrap_err().kind, ErrorKind::Usage, "{words:?}");
    }
    for (file, variables, words) in [
        ("log-level: loud", &[][..], &["--namespace", "Upper"][..]),
        ("", &[("LOG_LEVEL", "loud")], &["--namespace", "Upper"]),
        ("queues: [{name: a}]", &[], &["--queue", "b"]),
    ] {
        assert_eq!(with(file, variables, words).unwrap_err().kind, ErrorKind::Config, "{file}");
    }
}
