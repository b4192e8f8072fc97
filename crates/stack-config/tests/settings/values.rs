//! What values may be: controller-config 2 to 6 and 10.

use super::*;

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

/// controller-config K13
/// job-manifest E-36
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
    let shown = refused("max-in-flght: 5\njob-ttl: 300\nagent-config: {shel: x, no-pty: 1}");
    let paths: Vec<_> = shown.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(paths, ["agent-config.no-pty", "agent-config.shel", "job-ttl", "max-in-flght"]);
    // Nested keys are taken in any letter case, as in Go, but not silently.
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
        (
            "image-check-container-cpu-limit: abc",
            "`abc` is not a Kubernetes quantity; write for example 500m, 2 or 1.5Gi (config.yaml:1:34)",
        ),
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

/// controller-config K31; job-manifest E-42
#[test]
fn policies_that_are_none() {
    let shown = refused(
        "pod-policy:\n  allowed-images: [a, '']\n  allow-host-path: [var/cache]\n  max-resources:\n    \
         container: {cpu: 2 cores, memory: 4}\n",
    );
    assert_eq!(
        shown.lines().collect::<Vec<_>>(),
        [
            "pod-policy.allow-host-path[0]: `var/cache` is not absolute; write the path from `/` on \
             (config.yaml:3:21)",
            "pod-policy.allowed-images[1]: `` is an empty pattern; write `*` for anything without `/`, `**` for \
             anything (config.yaml:2:23)",
            "pod-policy.max-resources.container.cpu: `2 cores` is not a Kubernetes quantity; write for example \
             500m, 2 or 1.5Gi (config.yaml:5:22)",
        ]
    );
    for (file, message) in [
        ("pod-policy: {allowed-image: [a]}", "pod-policy.allowed-image: is not a known key; did you mean"),
        ("pod-policy: {max-resources: {node: {}}}", "pod-policy.max-resources.node: is not a known key"),
        (
            "pod-policy: {max-resources: {pod: {cpu: [1]}}}",
            "pod-policy.max-resources.pod.cpu: expected a quantity",
        ),
        ("pod-policy: {allow-privileged: \"false\"}", "pod-policy.allow-privileged: expected true or false"),
        ("pod-policy: {allowed-images: a}", "pod-policy.allowed-images: expected a list"),
        ("pod-policy: {required-labels: {a b: c}}", "pod-policy.required-labels.a b: is no key that a label"),
        ("pod-policy: [a]", "pod-policy: expected a mapping"),
    ] {
        assert!(refused(file).contains(message), "{file}: {}", refused(file));
    }
}

/// An absent key forbids nothing, an empty list allows nothing: controller-config K32, 5.10
#[test]
fn policies_with_little_in_them() {
    let policy = |file: &str| loaded(file).settings.builder.pod_policy;
    assert_eq!(policy("pod-policy: ~"), None);
    for file in ["pod-policy: {}", "pod-policy: {allowed-images: ~}", "pod-policy: {max-resources: {pod: ~}}"]
    {
        assert_eq!(policy(file), Some(podspec_builder::PodPolicy::default()), "{file}");
    }
    let nothing = policy("pod-policy: {allowed-images: []}").unwrap();
    assert_eq!(nothing.allowed_images, Some(Vec::new()));
}

/// controller-config 5.10, 10: what the policy would refuse is told at start.
#[test]
fn configurations_that_their_policy_refuses() {
    let file =
        "workspace-volume:\n  name: w\n  hostPath: {path: /scratch}\npod-policy: {allow-host-path: [/var]}\n";
    assert_eq!(
        warnings(&loaded(file)),
        ["workspace-volume.hostPath.path: `/scratch` is at or below none of the paths listed there: \
          `pod-policy.allow-host-path` refuses each job that gets it; change this setting or the policy (config.yaml:3:20)"]
    );
    let wrong_case = "workspace-volume: {name: w, EmptyDir: {}}";
    assert!(warnings(&loaded(wrong_case))[0].contains("`EmptyDir` is taken as `emptyDir`"));
}

/// Directives and nulls are the patch's own, wrong keys, images and commands are told with their place:
/// controller-config K9, K27, K33, 5.1, 10
#[test]
fn patches_of_the_controller() {
    let patch = "pod-spec-patch:\n  $patch: replace\n  hostname: ~\n  hostNetwork: false\n  nodeSelector:\n    \
                 $retainKeys: [a]\n    a: b\n    c: ~\n  volumes: [{name: v, $patch: delete}]\n";
    let read = loaded(patch);
    assert_eq!(warnings(&read), [""; 0]);
    let patch = read.settings.builder.pod_spec_patch.unwrap();
    assert_eq!((&patch["hostname"], &patch["hostNetwork"]), (&serde_json::Value::Null, &false.into()));
    assert!(patch.as_object().unwrap().contains_key("hostname"));
    assert_eq!(patch["volumes"][0]["$patch"], "delete");

    for file in [
        "pod-spec-patch: ~",
        "pod-spec-patch: {}",
        "pod-spec-patch: {containers: [{name: a, image: \"x:V1\"}]}",
    ] {
        assert_eq!(warnings(&loaded(file)), [""; 0], "{file}");
    }
    let list = loaded("pod-spec-patch: [{name: a, image: x}]");
    assert!(warnings(&list)[0].contains("pod-spec-patch: a patch is a mapping; this list was taken"));

    for (file, message) in [
        ("workspace-volume: {name: w, $patch: delete}", "workspace-volume.$patch: unknown key"),
        ("pod-spec-patch: {hostnme: x}", "pod-spec-patch.hostnme: unknown key; did you mean `hostname`?"),
        (
            "pod-spec-patch: {containers: [{name: a, $path: delete}]}",
            "pod-spec-patch.containers[0].$path: unknown key",
        ),
        (
            "pod-spec-patch: {requests: {cpu: 1}}",
            "pod-spec-patch.requests: unknown key; write it under `resources`",
        ),
        ("pod-spec-patch: text", "pod-spec-patch: expected a mapping"),
        ("pod-spec-patch: {hostNetwork: \"no\"}", "pod-spec-patch.hostNetwork: expected true or false"),
        (
            "pod-spec-patch: {containers: [{image: x}]}",
            "pod-spec-patch.containers[0]: the element lacks its merge key",
        ),
        ("pod-spec-patch: {$patch: remove}", "pod-spec-patch: `$patch: remove` is none of"),
        (
            "pod-spec-patch: {containers: [{name: a, image: \"App:1\"}]}",
            "pod-spec-patch.containers[0].image: `App:1` is not",
        ),
        (
            "pod-spec-patch: {initContainers: [{name: a, image: \"App:1\"}]}",
            "initContainers[0].image: `App:1` is not",
        ),
        (
            "pod-spec-patch:\n  containers:\n    - name: a\n      args: [x]\n",
            "containers[0].args: what a container runs",
        ),
    ] {
        assert!(refused(file).contains(message), "{file}: {}", refused(file));
    }
    let place = refused("pod-spec-patch:\n  containers:\n    - name: a\n      args: [x]\n");
    assert!(place.contains("(config.yaml:4:"), "{place}");
    let unsafe_commands = "allow-pod-spec-patch-unsafe-command-modification: true\n";
    loaded(&format!("{unsafe_commands}pod-spec-patch: {{containers: [{{name: agent, args: [x]}}]}}"));
}

/// Tags and queue, controller-config section 6.
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
        ("enable-completion-watcher: true", "has no effect yet"),
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
    let without = loaded("leader-lease: false").settings.kubernetes.leader_lease;
    assert_eq!(without, LeaderLease::Off);
}

/// controller-config 8.3: job tokens are hidden by their shape.
#[test]
fn tokens_are_never_shown() {
    let shown = refused("queue: bkjat_abc-DEF.1 x\nlog-level: bkjat_2");
    assert!(!shown.contains("abc") && !shown.contains("bkjat_"), "{shown}");
    assert!(shown.contains("`[redacted] x`"), "{shown}");
}
