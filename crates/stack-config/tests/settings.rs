//! The conformance cases of controller-config 14, and the tables of its sections 1 to 4, 6 and 9.
#![expect(clippy::unwrap_used, reason = "tables of what must hold")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args as _, Command, FromArgMatches as _};
use stack_config::{Args, ConfigError, ErrorKind, Inputs, Loaded, LogFormat, LogLevel, Source, load};

fn args(words: &[&str]) -> Args {
    let words = std::iter::once("controller").chain(words.iter().copied());
    let matches = Args::augment_args(Command::new("controller")).try_get_matches_from(words).unwrap();
    Args::from_arg_matches(&matches).unwrap()
}

fn with(file: &str, variables: &[(&str, &str)], words: &[&str]) -> Result<Loaded, ConfigError> {
    let mut variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if !file.is_empty() {
        variables.insert("CONFIG".to_owned(), "config.yaml".to_owned());
    }
    let read = |_: &str| Ok(file.to_owned());
    load(&Inputs { args: &args(words), variables: &variables, read_file: &read, version: "1.2.3" })
}

#[track_caller]
fn loaded(file: &str) -> Loaded {
    with(file, &[], &[]).unwrap_or_else(|error| panic!("{file}\n{error}"))
}

#[track_caller]
fn refused(file: &str) -> String {
    with(file, &[], &[]).expect_err(file).to_string()
}

#[track_caller]
fn warnings(loaded: &Loaded) -> Vec<String> {
    loaded.warnings.iter().map(ToString::to_string).collect()
}

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

/// controller-config K7, K8
#[test]
fn durations() {
    let settings = loaded("job-ttl: 1h30m\nhttp-timeout: 500ms\npoll-interval: 1.5s").settings;
    assert_eq!(settings.builder.job_ttl, Duration::from_secs(5400));
    assert_eq!(settings.buildkite.http_timeout, Duration::from_millis(500));
    assert_eq!(loaded("job-ttl: 0").settings.builder.job_ttl, Duration::ZERO);
    for (text, message) in [
        ("300", "job-ttl: `300` has no unit; did you mean 300s? (config.yaml:1:10)"),
        ("\"300\"", "`300` has no unit; did you mean 300s?"),
        ("5 minutes", "`5 minutes` has an unknown unit"),
        ("\"\"", "is empty"),
        ("-1s", "`-1s` is negative"),
        ("true", "expected a duration"),
        ("[1s]", "expected a duration"),
    ] {
        let shown = refused(&format!("job-ttl: {text}"));
        assert!(shown.contains(message), "{text}: {shown}");
    }
    let error = with("", &[], &["--job-ttl=300"]).unwrap_err();
    assert_eq!(
        (error.kind, error.to_string().as_str()),
        (ErrorKind::Usage, "job-ttl: `300` has no unit; did you mean 300s? (flag --job-ttl)")
    );
    assert_eq!(with("", &[("JOB_TTL", "300")], &[]).unwrap_err().kind, ErrorKind::Config);
}

/// controller-config K9, K13; job-manifest R-10, E-36
#[test]
fn unknown_keys() {
    for (file, message) in [
        (
            "max-in-flght: 5",
            "max-in-flght: is not a known key; did you mean `max-in-flight`? (config.yaml:1:1)",
        ),
        ("Max-In-Flight: 5", "did you mean `max-in-flight`?"),
        ("max_in_flight: 5", "did you mean `max-in-flight`?"),
        ("xyzzyxyzzy: 5", "xyzzyxyzzy: is not a known key"),
        ("1: 5", "1: is not a known key"),
        (
            "agent-config: {shel: x}",
            "agent-config.shel: is not a known key; did you mean `shell`? (config.yaml:1:16)",
        ),
        (
            "default-checkout-params: {gitMirrors: {paths: x}}",
            "default-checkout-params.gitMirrors.paths: is not a known key; did you mean `path`?",
        ),
        (
            "resource-classes: {a: {resources: {}}}",
            "resource-classes.a.resources: is not a known key; did you mean `resource`?",
        ),
        ("default-metadata: {label: {}}", "default-metadata.label:"),
    ] {
        let error = with(file, &[], &[]).unwrap_err();
        assert!(error.to_string().contains(message), "{file}: {error}");
        assert_eq!(error.problems[0].id, Some("E-36"), "{file}");
    }
    // All together, sorted by path.
    assert_eq!(refused("zz-zz: 1\naa-aa: 2").lines().count(), 2);
    assert!(refused("zz-zz: 1\naa-aa: 2").starts_with("aa-aa"));
    // Nested keys are taken in any letter case, as in Go, but not silently (R-22).
    let loaded = loaded("agent-config: {SHELL: /bin/bash}");
    assert_eq!(loaded.settings.builder.agent_config.as_ref().unwrap().shell.as_deref(), Some("/bin/bash"));
    assert_eq!(
        warnings(&loaded),
        ["agent-config.SHELL: was read as `shell`; write it that way (config.yaml:1:16)"]
    );
}

/// controller-config 2: types, old boolean words, exponents, quotes.
#[test]
fn types() {
    let settings =
        loaded("debug: yes\nno-color: Off\nmax-in-flight: 1e3\npagination-page-size: 0x10").settings;
    assert_eq!(settings.logging.level, LogLevel::Debug);
    assert!(settings.logging.color);
    assert_eq!(settings.limits.max_in_flight.unwrap().get(), 1000);
    assert_eq!(settings.buildkite.page_size.get(), 16);
    assert_eq!(loaded("id: yes").settings.id, "yes");
    for (file, message) in [
        ("max-in-flight: \"25\"", "expected a whole number, found text `25`; drop the quotes"),
        ("max-in-flight: 2.5", "expected a whole number, found number `2.5`"),
        ("max-in-flight: {}", "expected a whole number, found mapping"),
        ("debug: \"true\"", "expected true or false, found text `true`; drop the quotes"),
        ("debug: 1", "expected true or false, found integer `1`"),
        ("namespace: 12", "expected text, found integer `12`; put it in quotes"),
        ("namespace: true", "expected text, found boolean `true`; put it in quotes"),
        ("tags: [1]", "tags[0]: expected text, found integer `1`; put it in quotes"),
        ("tags: {a: b}", "tags: expected a list, found mapping"),
        (
            "default-metadata: {labels: {a: 1}}",
            "default-metadata.labels.a: expected text, found integer `1`; put it in quotes",
        ),
        ("image-check-container-cpu-limit: 1", "put it in quotes"),
        ("agent-config: text", "agent-config: expected a mapping, found text"),
        ("default-checkout-params: {gitMirrors: {lockTimeout: 5m}}", "expected a whole number"),
        ("default-checkout-params: {gitMirrors: {lockTimeout: -1}}", "must be at least 0"),
        (
            "default-command-params: {interposer: Vector}",
            "`Vector` is not one of `buildkite`, `vector`, `legacy`",
        ),
        ("workspace-volume: name", "workspace-volume: expected a mapping"),
    ] {
        assert!(refused(file).contains(message), "{file}: {}", refused(file));
    }
    for (words, message) in [
        (["--max-in-flight=x"], "`x` is not a whole number (flag --max-in-flight)"),
        (["--debug=maybe"], "`maybe` is neither true nor false (flag --debug)"),
    ] {
        let error = with("", &[], &words).unwrap_err();
        assert_eq!((error.kind, error.to_string().contains(message)), (ErrorKind::Usage, true), "{error}");
    }
}

/// controller-config K10, and the ranges of section 4.
#[test]
fn ranges() {
    for file in
        ["reservation-expiry-seconds: 0", "reservation-expiry-seconds: 3600", "id: a-b_c", "job-prefix: 7x-"]
    {
        loaded(file);
    }
    assert_eq!(loaded("reservation-expiry-seconds: 0").settings.buildkite.reservation_expiry.as_secs(), 900);
    for (file, message) in [
        ("reservation-expiry-seconds: 3601", "is 3601, but must be from 0 to 3600"),
        ("reservation-expiry-seconds: -1", "is -1, but must be from 0 to 3600"),
        ("pagination-page-size: 0", "from 1 to 1000"),
        ("pagination-page-size: 1001", "from 1 to 1000"),
        ("pagination-depth-limit: 21", "from 1 to 20"),
        ("max-in-flight: -1", "must be at least 0"),
        ("prometheus-port: 65536", "from 0 to 65535"),
        ("job-active-deadline-seconds: 0", "must be at least 1"),
        ("default-termination-grace-period-seconds: -5", "must be at least 1"),
        ("job-ttl: 600000h", "longer than Kubernetes takes"),
        ("k8s-client-rate-limiter-qps: 0", "must be"),
        ("k8s-client-rate-limiter-qps: 10\nk8s-client-rate-limiter-burst: 5", "is smaller than"),
        ("log-level: DEBUG", "`DEBUG` is not one of `debug`, `info`, `warn`, `error`"),
        ("log-format: text", "`text` is not one of `logfmt`, `json`"),
        ("default-image-pull-policy: always", "`always` is not one of `Always`, `IfNotPresent`, `Never`"),
        ("namespace: \"\"", "namespace: is empty and must not be"),
        ("namespace: A", "no name that a namespace can have"),
        ("agent-token-secret: a_b", "no name that a Secret can have"),
        ("job-prefix: \"\"", "job-prefix: is empty"),
        ("job-prefix: -a", "cannot begin a Job's name"),
        ("job-prefix: aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "cannot begin a Job's name"),
        ("id: a.b", "cannot be a label and a stack key"),
        ("id: -a", "cannot be a label and a stack key"),
        ("queue: a b", "holds a blank or a comma"),
        ("image: App:1", "image: "),
        ("image-check-container-cpu-limit: abc", "not a Kubernetes quantity (config.yaml:1:34)"),
        (
            "agent-config: {endpoint: agent.example}",
            "agent-config.endpoint: `agent.example` is no address of an API",
        ),
        ("agent-config: {verification-failure-behavior: allow}", "`allow` is not one of `warn`, `block`"),
        ("agent-config: {container-start-timeout: -5m}", "is negative"),
        ("workspace-mount-sub-path-expr: ../x", "relative path"),
        ("additional-redacted-vars: [\"A,B\"]", "additional-redacted-vars[0]: `A,B` holds a comma"),
        ("default-metadata: {labels: {a b: c}}", "default-metadata.labels.a b: is no key"),
        ("default-metadata: {labels: {a: b c}}", "no value that a label can have"),
        ("workspace-volume: {name: W}", "`W` is no name for a volume"),
        ("workspace-volume: {emptyDir: {}}", "workspace-volume.name: is missing"),
        (
            "agent-config: {hooksVolume: {name: workspace, emptyDir: {medium: Memory}}}",
            "also the name of another volume",
        ),
        (
            "agent-config: {pluginsVolume: {name: git-credentials, emptyDir: {}}}",
            "the controller makes itself",
        ),
        ("agent-config: {hooksVolume: {name: h, emptyDir: {}}, hooks-path: hooks}", "must be absolute"),
        ("agent-config: {hooksVolume: {name: h, emptyDir: {}}, hooks-path: /workspace/}", "is the workspace"),
        (
            "agent-config: {hooksVolume: {name: h, emptyDir: {}}, hooks-path: /a, pluginsVolume: {name: p, emptyDir: {}}, plugins-path: /a}",
            "`/a` is already where",
        ),
    ] {
        assert!(refused(file).contains(message), "{file}: {}", refused(file));
    }
    let both =
        "agent-config:\n  hooksVolume: {name: v, emptyDir: {}}\n  pluginsVolume: {name: v, emptyDir: {}}";
    loaded(both);
}

/// controller-config K11; job-manifest E-27, E-28, E-29
#[test]
fn additional_hooks() {
    let shown =
        refused("agent-config:\n  additional-hooks:\n  - {volume: {emptyDir: {}}}\n  - {path: /a}\n  - {}\n");
    let lines: Vec<_> = shown.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "agent-config.additional-hooks[0].path",
            "agent-config.additional-hooks[0].volume.name",
            "agent-config.additional-hooks[1].volume",
            "agent-config.additional-hooks[2].path",
            "agent-config.additional-hooks[2].volume",
        ]
    );
    assert!(shown.contains("(config.yaml:3:"), "{shown}");
}

/// controller-config K12; job-manifest E-34, E-35
#[test]
fn default_resource_class() {
    let without = refused("default-resource-class-name: a");
    let other = refused("default-resource-class-name: a\nresource-classes: {b: ~}");
    assert_ne!(without, other);
    for shown in [without, other] {
        assert!(shown.starts_with("default-resource-class-name: ") && shown.contains("`a`"), "{shown}");
    }
    let settings =
        loaded("default-resource-class-name: a\nresource-classes: {a: {nodeSelector: {x: y}}, b: ~}")
            .settings;
    let classes = settings.builder.resource_classes.unwrap();
    assert_eq!(classes["a"].node_selector["x"], "y");
    assert_eq!(classes["b"], podspec_builder::ResourceClass::default());
    assert_eq!(loaded("resource-classes: {}").settings.builder.resource_classes.unwrap().len(), 0);
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

/// controller-config K17, and the table of section 9.
#[test]
fn leftovers() {
    let file = "org: a\ncluster-uuid: b\nbuildkite-token: secret-value\ngraphql-results-limit: 5\nstale-job-data-timeout: 10s\n";
    let from_file = loaded(file);
    assert_eq!(from_file.warnings.len(), 5);
    assert!(warnings(&from_file).iter().all(|warning| !warning.contains("secret-value")));
    assert_eq!(from_file.settings.buildkite.claimed_cluster_uuid.as_deref(), Some("b"));
    assert!(warnings(&from_file).iter().any(|warning| warning.contains("pagination-page-size")));
    let flags = with("", &[], &["--org", "x", "--cluster-uuid", "y"]).unwrap();
    assert_eq!(flags.warnings.len(), 2);
    assert_eq!(flags.warnings[0].source, Source::Flag("org".to_owned()));
    // One warning per setting, however many forms it comes in; the variable ORG alone gets none.
    let both =
        with("graphql-endpoint: x", &[("GRAPHQL_ENDPOINT", "y"), ("ORG", "z")], &["--graph-ql-endpoint=q"])
            .unwrap();
    assert_eq!(both.warnings.len(), 1);
    let test_token =
        with("integration-test-buildkite-token: x", &[("INTEGRATION_TEST_BUILDKITE_TOKEN", "y")], &[])
            .unwrap();
    assert_eq!(test_token.warnings, []);
    let experimental =
        with("experimental-stacks-api-support: false", &[], &["--experimental-job-reservation-support"])
            .unwrap();
    assert!(warnings(&experimental)[0].contains("has no effect"));
    assert!(warnings(&experimental)[1].contains("cannot be switched off"));
    assert_eq!(loaded("org: ~").warnings.len(), 1);
}

/// controller-config 9: aliases.
#[test]
fn aliases() {
    let volume = "{name: w, emptyDir: {}}";
    let alias = loaded(&format!("workspaceVolume: {volume}"));
    assert_eq!(alias.settings.builder.workspace_volume.as_ref().unwrap()["name"], "w");
    assert!(warnings(&alias)[0].contains("workspace-volume"));
    assert!(refused(&format!("workspaceVolume: {volume}\nworkspace-volume: {volume}")).contains("given too"));

    let timeout = loaded("container-start-timeout: 10m").settings.builder.agent_config.unwrap();
    assert_eq!(timeout.container_start_timeout_nanos, Some(600_000_000_000));
    // The alias alone must not relax the agent's default.
    assert_eq!(timeout.verification_failure_behavior.as_deref(), Some("block"));
    let both = "container-start-timeout: 10m\nagent-config: {container-start-timeout: ";
    assert_eq!(
        loaded(&format!("{both}600s}}")).settings.builder.agent_config.unwrap().verification_failure_behavior,
        None
    );
    assert!(refused(&format!("{both}5m}}")).contains("differs from"));

    let list =
        loaded("tags: a=b,c=d\nadditional-redacted-vars: A_*,B_*\nagent-config: {experiment: \"x,y\"}");
    assert_eq!(list.settings.buildkite.tags.len(), 2);
    assert_eq!(list.settings.builder.additional_redacted_vars, ["A_*", "B_*"]);
    assert_eq!(list.settings.builder.agent_config.as_ref().unwrap().experiment, ["x", "y"]);
    assert_eq!(list.warnings.len(), 3);
}

/// controller-config K20: all flags and variables by name.
#[test]
fn flags_and_variables() {
    let listed = include_str!("flags.txt");
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

/// controller-config 6, K28
#[test]
fn tags_and_queue() {
    let run = |file: &str| {
        let loaded = loaded(file);
        let buildkite = loaded.settings.buildkite;
        let tags =
            buildkite.tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
        (buildkite.queue, tags, loaded.warnings.len())
    };
    let rows = [
        ("tags: [queue=a, os=linux]", "a", "os=linux queue=a", 0),
        ("queue: a\ntags: [os=linux]", "a", "os=linux queue=a", 0),
        ("queue: a\ntags: [queue=b]", "a", "queue=a", 1),
        ("queue: a\ntags: [queue=a]", "a", "queue=a", 0),
        ("queue: \"~\"", "", "", 0),
        ("queue: \"-\"\ntags: [a=b]", "", "a=b", 0),
        ("tags: [\"queue=\"]", "", "", 0),
        ("tags: [a=b=c, a=d]", "", "a=d", 1),
        ("tags: [\"a=\"]", "", "a=", 0),
    ];
    for (file, queue, tags, count) in rows {
        assert_eq!(run(file), (queue.to_owned(), tags.to_owned(), count), "{file}");
    }
    let several = refused("tags: [queue=a, queue=b]");
    assert!(several.contains("`queues`"), "{several}");
    for (file, message) in
        [("tags: [a]", "tags[0]: `a` is not of the form"), ("tags: [=a]", "`=a` is not of the form")]
    {
        assert!(refused(file).contains(message));
    }
    assert_eq!(loaded("id: k8s").settings.buildkite.stack_key, "k8s");
}

/// What is not built yet is refused by name; its default is not.
#[test]
fn unbuilt_settings() {
    for (file, key) in [
        ("enable-job-acquisition-tokens: true", "enable-job-acquisition-tokens"),
        ("queues: [{name: a}]", "queues"),
        ("queues: []", "queues"),
        ("max-in-flight-per-pipeline: 5", "max-in-flight-per-pipeline"),
        ("leader-lease: true", "leader-lease"),
        ("profiler-address: localhost:6060", "profiler-address"),
        ("log-http-payloads: true", "log-http-payloads"),
        ("pod-spec-patch: {hostNetwork: true}", "pod-spec-patch"),
        ("pod-policy: {allow-privileged: false}", "pod-policy"),
        ("pod-pending-timeout: 5m", "pod-pending-timeout"),
        ("empty-job-grace-period: 0", "empty-job-grace-period"),
        ("image-pull-backoff-grace-period: 1m", "image-pull-backoff-grace-period"),
    ] {
        let error = with(file, &[], &[]).expect_err(file);
        assert_eq!((error.kind, error.problems[0].id), (ErrorKind::Config, Some("not-built-yet")), "{file}");
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("{key}: ")) && shown.contains("not built yet"), "{file}: {shown}");
    }
    let defaults = loaded(
        "enable-job-acquisition-tokens: false\nleader-lease: false\nmax-in-flight-per-pipeline: 0\nprofiler-address: \"\"\n\
         log-http-payloads: false\npod-spec-patch: {}\npod-policy: {}\npod-pending-timeout: 15m\nenable-completion-watcher: true\n\
         empty-job-grace-period: 30s\nimage-pull-backoff-grace-period: 0s\n",
    );
    assert!(warnings(&defaults).iter().all(|warning| !warning.contains("not built")));
}

/// controller-config 4.2, 10: values that are replaced, not silently.
#[test]
fn warnings_at_start() {
    for (file, message) in [
        ("poll-interval: 100ms", "poll-interval: is below 1s"),
        ("work-queue-limit: 0", "work-queue-limit: is below 1; the default 1000000 holds"),
        ("job-creation-concurrency: -1", "the default 25 holds"),
        ("job-cancel-checker-poll-interval: 0s", "the default 5s holds"),
        ("query-reset-interval: 10s", "has no effect"),
        ("enable-queue-pause: false", "always honoured"),
        ("k8s-client-rate-limiter-burst: 5", "has no effect without"),
        ("reservation-expiry-seconds: 60", "shorter than pod-pending-timeout"),
    ] {
        assert!(
            warnings(&loaded(file)).iter().any(|warning| warning.contains(message)),
            "{file}: {:?}",
            warnings(&loaded(file))
        );
    }
    assert_eq!(loaded("enable-queue-pause: true").warnings, []);
    assert_eq!(loaded("http-timeout: 0s").settings.buildkite.http_timeout, Duration::from_secs(60));
    let limit = loaded("k8s-client-rate-limiter-qps: 10").settings.kubernetes.rate_limit.unwrap();
    assert_eq!((limit.per_second.get(), limit.burst.get()), (10, 20));
}
