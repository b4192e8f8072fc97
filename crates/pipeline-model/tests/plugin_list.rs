//! The plugin list and the block: kubernetes-plugin 1, 2 and 10, job-manifest 3 and 4.
#![expect(clippy::unwrap_used, reason = "tables of what must hold")]

use pipeline_model::{
    Interposer, KUBERNETES_PLUGIN, KubernetesPlugin, PluginError, Plugins, nearest, parse_plugins,
    resolve_reference, step_plugins,
};
use serde_json::{Value, json};

fn list(block: &str) -> String {
    format!(r#"[{{"{KUBERNETES_PLUGIN}": {block}}}]"#)
}

#[track_caller]
fn block(text: &str) -> (KubernetesPlugin, Vec<String>) {
    let plugins = parse_plugins(&list(text), false).unwrap();
    let notices = plugins.notices.iter().map(|notice| format!("{} {notice}", notice.id)).collect();
    (plugins.kubernetes.unwrap(), notices)
}

#[track_caller]
fn refused(text: &str) -> PluginError {
    parse_plugins(text, false).expect_err(text)
}

/// job-manifest R-28, R-29, R-30, R-31, R-32, R-33, E-1, E-2, E-3, E-40, C-24, C-25, C-29, C-30, C-31, C-33, C-438
#[test]
fn plugin_list_refusals() {
    let long = KUBERNETES_PLUGIN;
    let versioned = format!(r#"[{{"{long}#v1.2.3": {{}}}}]"#);
    let rows = [
        ("{}".to_owned(), "E-1", "BUILDKITE_PLUGINS: expected a list of plugins, found mapping"),
        (r#""x""#.to_owned(), "E-1", "found text"),
        ("garbage".to_owned(), "E-1", "column 1, at `g`; write `plugins` in the step"),
        (r#"["s"]"#.to_owned(), "E-1", "BUILDKITE_PLUGINS[0]: expected an object"),
        ("[[]]".to_owned(), "E-1", "found list"),
        ("[1,\n {]".to_owned(), "E-1", "line 2 column 3, at `]`"),
        ("[".to_owned(), "E-1", "line 1 column 1, where the text ends"),
        ("[\"\u{e9}\u{e9}\" x".to_owned(), "E-1", "at `x`"),
        ("[\"\n\"]".to_owned(), "E-1", "at the end of a line"),
        ("[null]".to_owned(), "E-2", "found none"),
        ("[{}]".to_owned(), "E-2", "found none"),
        (r#"[{"a": 1, "b": 2}]"#.to_owned(), "E-2", "found `a`, `b`"),
        // The whole list is decoded before any element is judged.
        (r#"[null, "s"]"#.to_owned(), "E-1", "[1]"),
        (format!(r#"[{{"{long}#v1": 1}}, 7]"#), "E-1", "[1]"),
        // Then elements count in order.
        (format!(r#"[null, {{"{long}#v1": 1}}]"#), "E-2", "[0]"),
        (versioned.clone(), "E-40", "has no version `v1.2.3`; remove `#v1.2.3`"),
        (
            list(r#""text""#),
            "E-4",
            "BUILDKITE_PLUGINS[0]: expected mapping, found text `text`; write `key: value`",
        ),
        (
            list("[]"),
            "E-4",
            "BUILDKITE_PLUGINS[0]: expected mapping, found list; write `key: value` pairs below it",
        ),
        (list("5"), "E-4", "expected mapping, found integer `5`"),
        (list("false"), "E-4", "expected mapping, found boolean `false`"),
    ];
    for (text, id, message) in rows {
        let error = refused(&text);
        assert_eq!(error.id, id, "{text}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
    for text in [list("{}"), list("null"), list("7"), versioned] {
        let error = parse_plugins(&text, true).unwrap_err();
        assert_eq!(error.id, "E-3", "{text}");
        assert!(error.to_string().contains("prohibit-kubernetes-plugin"));
    }
}

/// kubernetes-plugin B1, B10, B17
/// job-manifest C-28
#[test]
fn recognising_the_block() {
    let parse = |text: &str, prohibited| parse_plugins(text, prohibited);
    for none in ["", "[]", "null"] {
        assert_eq!(parse(none, true).unwrap(), Plugins::default(), "{none:?}");
    }
    // Null is "no configuration", though it counts as use.
    assert!(parse(&list("null"), false).unwrap().kubernetes.is_none());
    assert_eq!(parse(&list("null"), true).unwrap_err().id, "E-3");
    assert_eq!(parse(&list("{}"), false).unwrap().kubernetes, Some(KubernetesPlugin::default()));
    assert_eq!(parse(&list("{}"), true).unwrap_err().id, "E-3");
    let versioned = format!(r#"[{{"{KUBERNETES_PLUGIN}#v1": null}}]"#);
    assert_eq!(parse(&versioned, true).unwrap_err().id, "E-3");
    assert_eq!(parse(&versioned, false).unwrap_err().id, "E-40");
    let others = r#"[{"github.com/buildkite-plugins/docker-buildkite-plugin#v5": {"image": "x"}}]"#;
    let plugins = parse(others, true).unwrap();
    assert!(plugins.kubernetes.is_none() && plugins.notices.is_empty());
    assert_eq!(plugins.others[0].configuration, json!({"image": "x"}));
}

/// kubernetes-plugin B1
/// job-manifest R-31, W-19, C-34
#[test]
fn look_alikes_are_ordinary_plugins() {
    let rows = [
        ("kubernetes", true),
        ("Kubernetes", true),
        ("github.com/buildkite-plugins/Kubernetes-buildkite-plugin", true),
        ("GitHub.com/buildkite-plugins/kubernetes-buildkite-plugin", true),
        ("https://github.com/buildkite-plugins/kubernetes-buildkite-plugin", true),
        ("https://github.com/buildkite-plugins/kubernetes-buildkite-plugin.git#v1", true),
        ("git@github.com:buildkite-plugins/kubernetes-buildkite-plugin.git", true),
        ("github.com/buildkite-plugins/kubernetes-buildkite-plugin.git", true),
        ("github.com/buildkite-plugins/k8s-buildkite-plugin", false),
        ("github.com/someone/kubernetes-buildkite-plugin#v1", false),
        ("github.com/buildkite-plugins/docker-buildkite-plugin#v5", false),
    ];
    for (key, similar) in rows {
        let plugins = parse_plugins(&json!([{key: null}]).to_string(), true).unwrap();
        assert!(plugins.kubernetes.is_none());
        let ids: Vec<_> = plugins.notices.iter().map(|notice| notice.id).collect();
        assert_eq!(ids == ["W-19"], similar, "{key}: {ids:?}");
        let told = plugins.notices.iter().all(|notice| notice.message.contains(KUBERNETES_PLUGIN));
        assert!(told, "{key}: {:?}", plugins.notices);
        assert_eq!(plugins.others[0].reference, key);
    }
}

/// kubernetes-plugin B11
/// job-manifest R-34, W-3, C-35, C-36
#[test]
fn repeated_blocks_overlay() {
    let rows = [
        (
            [
                r#"{"podTemplate": "a", "checkout": {"skip": true, "fetchFlags": "-v"}}"#,
                r#"{"checkout": {"skip": false}}"#,
            ],
            Some(r#"{"podTemplate": "a", "checkout": {"skip": false, "fetchFlags": "-v"}}"#),
        ),
        (
            [
                r#"{"podTemplate": "a", "gitEnvFrom": [{"secretRef": {"name": "s"}}]}"#,
                r#"{"podTemplate": "b"}"#,
            ],
            Some(r#"{"podTemplate": "b", "gitEnvFrom": [{"secretRef": {"name": "s"}}]}"#),
        ),
        (
            [
                r#"{"podSpec": {"containers": [{"name": "a", "image": "x", "command": ["c"]}, {"name": "z"}]}}"#,
                r#"{"podSpec": {"containers": [{"name": "b"}]}}"#,
            ],
            Some(r#"{"podSpec": {"containers": [{"name": "b"}]}}"#),
        ),
        // Lists are replaced, never mixed by position.
        (
            [
                r#"{"sidecars": [{"image": "x", "command": ["c"]}, {"image": "z"}]}"#,
                r#"{"sidecars": [{"image": "b"}]}"#,
            ],
            Some(r#"{"sidecars": [{"image": "b"}]}"#),
        ),
        ([r#"{"podTemplate": "a"}"#, "null"], None),
        (["null", r#"{"podTemplate": "a"}"#], Some(r#"{"podTemplate": "a"}"#)),
    ];
    for ([first, second], want) in rows {
        let text = format!(r#"[{{"{KUBERNETES_PLUGIN}": {first}}}, {{"{KUBERNETES_PLUGIN}": {second}}}]"#);
        let plugins = parse_plugins(&text, false).unwrap();
        assert_eq!(plugins.kubernetes, want.map(|want| block(want).0), "{text}");
        assert_eq!(
            (plugins.notices[0].id, &*plugins.notices[0].path),
            ("W-3", "BUILDKITE_PLUGINS[1]"),
            "{text}"
        );
    }
}

/// Whatever message quotes a user's text: credentials are told by their shape.
/// controller-config 8.3; job-manifest E-1, E-2, E-4, E-6, E-40, W-1, W-17, W-19
#[test]
fn no_message_repeats_a_credential() {
    let token = "bkjat_a1B2.c3";
    let errors = [
        format!(r#"["{token}"]"#),
        format!(r#"[{{"{token}": 1, "b": 2}}]"#),
        format!(r#"[{{"{KUBERNETES_PLUGIN}#{token}": 1}}]"#),
        list(&format!(r#""{token}""#)),
        list(&format!(r#"{{"checkout": {{"skip": "{token}"}}}}"#)),
        list(&format!(r#"{{"metadata": {{"labels": {{"{token}": 1}}}}}}"#)),
        list(&format!(r#"{{"commandParams": {{"interposer": "{token}"}}}}"#)),
    ];
    for text in errors {
        let error = refused(&text);
        assert!(error.to_string().contains("[redacted]"), "{error}");
        assert!(!format!("{error} {error:?}").contains("a1B2"), "{error:?}");
    }
    let notices =
        [list(&format!(r#"{{"{token}": 1}}"#)), format!(r#"[{{"https://{KUBERNETES_PLUGIN}#{token}": 1}}]"#)];
    for text in notices {
        let notices = parse_plugins(&text, false).unwrap().notices;
        assert_eq!(notices.len(), 1, "{text}");
        for notice in notices {
            assert!(notice.to_string().contains("[redacted]"), "{notice}");
            assert!(!format!("{notice} {notice:?}").contains("a1B2"), "{notice:?}");
        }
    }
}

/// job-manifest R-18, R-35, E-4, E-6, C-39
#[test]
fn type_errors_name_path_types_and_way_out() {
    let rows = [
        (r#"{"podSpec": "text"}"#, "E-4", "kubernetes plugin: podSpec: expected mapping, found text `text`"),
        (
            r#"{"checkout": true}"#,
            "E-4",
            "kubernetes plugin: checkout: expected mapping, found boolean `true`; write `key: value` pairs below it",
        ),
        (r#"{"podTemplate": 5}"#, "E-4", "podTemplate: expected text, found integer `5`; put it in quotes"),
        (
            r#"{"metadata": {"labels": {"team": 1}}}"#,
            "E-4",
            "metadata.labels.team: expected text, found integer `1`; put it in quotes",
        ),
        (
            r#"{"metadata": {"annotations": {"a/b": true}}}"#,
            "E-4",
            "metadata.annotations.a/b: expected text, found boolean `true`; put it in quotes",
        ),
        (
            r#"{"checkout": {"skip": "true"}}"#,
            "E-4",
            "checkout.skip: expected boolean, found text `true`; write true or false without quotes",
        ),
        (
            r#"{"jobActiveDeadlineSeconds": "10"}"#,
            "E-4",
            "jobActiveDeadlineSeconds: expected integer, found text `10`; write a whole number without quotes",
        ),
        (
            r#"{"jobActiveDeadlineSeconds": 10.5}"#,
            "E-4",
            "jobActiveDeadlineSeconds: expected integer, found fraction `10.5`; write a whole number without quotes",
        ),
        (r#"{"jobActiveDeadlineSeconds": 1e3}"#, "E-4", "found fraction"),
        (
            r#"{"jobActiveDeadlineSeconds": 99999999999999999999}"#,
            "E-4",
            "jobActiveDeadlineSeconds: `100000000000000000000` is beyond the range of integers; write a whole number from",
        ),
        (
            r#"{"checkout": {"gitMirrors": {"lockTimeout": -99999999999999999999}}}"#,
            "E-4",
            "beyond the range",
        ),
        (
            r#"{"metadata": {"labels": []}}"#,
            "E-4",
            "found list; write `key: value` pairs below it, without dashes",
        ),
        (r#"{"checkout": {"cloneFlags": ["-v"]}}"#, "E-4", "found list; write one text"),
        (r#"{"checkout": {"submoduleCloneConfig": [{}]}}"#, "E-4", "found mapping; write one text"),
        (r#"{"checkout": {"gitMirrors": {"lockTimeout": "5m"}}}"#, "E-4", "checkout.gitMirrors.lockTimeout:"),
        (r#"{"gitEnvFrom": {}}"#, "E-4", "gitEnvFrom: expected list, found mapping; write a list"),
        (
            r#"{"gitEnvFrom": [null]}"#,
            "E-4",
            "gitEnvFrom[0]: expected mapping, found null; remove the empty entry",
        ),
        (r#"{"sidecars": [{}, "x"]}"#, "E-4", "sidecars[1]: expected mapping, found text `x`"),
        (
            r#"{"checkout": {"submoduleCloneConfig": ["a", null]}}"#,
            "E-4",
            "checkout.submoduleCloneConfig[1]:",
        ),
        (r#"{"podSpecPatch": "x"}"#, "E-4", "podSpecPatch: expected mapping, found text `x`; write"),
        (
            r#"{"commandParams": {"interposer": "Vector"}}"#,
            "E-6",
            "commandParams.interposer: `Vector` is not one of `buildkite`, `vector`, `legacy`; write one of these",
        ),
    ];
    for (text, id, message) in rows {
        let error = refused(&list(text));
        assert_eq!(error.id, id, "{text}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
}

/// kubernetes-plugin B3
#[test]
fn the_first_error_in_document_order_counts() {
    let error = refused(&list(r#"{"sidecars": 1, "checkout": 2, "podSpec": 3}"#));
    assert_eq!(error.path, "sidecars");
    let error = refused(&list(r#"{"podSpec": 3, "checkout": 2, "sidecars": 1}"#));
    assert_eq!(error.path, "podSpec");
}

/// job-manifest R-21, R-22, W-1, W-2, W-17
#[test]
fn keys_are_matched_leniently_and_loudly() {
    let rows = [
        (
            r#"{"podTemplat": "a"}"#,
            "W-1 podTemplat: `podTemplat` is not a known key and was ignored; did you mean `podTemplate`?",
        ),
        (r#"{"pod-spec-patch": {}}"#, "did you mean `podSpecPatch`?"),
        (r#"{"xyzzy": 1}"#, "W-1 xyzzy: `xyzzy` is not a known key and was ignored; remove it"),
        (
            r#"{"checkout": {"clone-flags": "x"}}"#,
            "W-1 checkout.clone-flags: `clone-flags` is not a known key and was ignored; did you mean `cloneFlags`?",
        ),
        (
            r#"{"$patch": "delete"}"#,
            "W-2 $patch: `$patch` has a meaning only inside a patch, and was ignored: move it into `podSpecPatch`",
        ),
        (r#"{"PODTEMPLATE": "x"}"#, "W-17 PODTEMPLATE: `PODTEMPLATE` was read as `podTemplate`"),
        // Unknown also with a null value.
        (r#"{"podTemplat": null}"#, "W-1"),
    ];
    for (text, message) in rows {
        let (_, notices) = block(text);
        assert_eq!(notices.len(), 1, "{text}: {notices:?}");
        assert!(notices[0].contains(message), "{text}: {notices:?}");
    }
    // The exact key first, then the first in byte order; the others are unknown.
    let (read, notices) = block(r#"{"PodTemplate": "b", "podTemplate": "a"}"#);
    assert_eq!((read.pod_template.as_deref(), &notices[0][..3]), (Some("a"), "W-1"));
    let (read, notices) = block(r#"{"podtemplate": "b", "PODTEMPLATE": "a"}"#);
    assert_eq!(read.pod_template.as_deref(), Some("a"));
    let ids: Vec<_> = notices.iter().map(|notice| notice.split(' ').next().unwrap()).collect();
    assert_eq!(ids, ["W-1", "W-17"]);
    // Keys of maps are the user's own.
    let (read, notices) = block(r#"{"metadata": {"labels": {"Team": "a", "team": "b"}}}"#);
    assert_eq!((read.metadata.labels.len(), notices.len()), (2, 0));
}

/// kubernetes-plugin B12
/// job-manifest W-18
#[test]
fn patch_as_list_of_containers() {
    let (from_list, notices) = block(r#"{"podSpecPatch": [{"name": "container-0", "image": "x"}]}"#);
    let (from_object, none) =
        block(r#"{"podSpecPatch": {"containers": [{"name": "container-0", "image": "x"}]}}"#);
    assert_eq!(from_list, from_object);
    assert!(notices[0].starts_with("W-18 podSpecPatch:") && none.is_empty());
}

/// Every field of kubernetes-plugin 2 lands.
///
/// job-manifest R-17, R-23, R-182
#[test]
fn all_fields() {
    let (read, notices) = block(
        r#"{"podSpec": {"z": 1, "a": {"env": null}}, "podTemplate": "t", "podSpecPatch": {"hostNetwork": false, "x": null},
            "gitEnvFrom": [{"secretRef": {"name": "s"}}], "sidecars": [{"image": "i"}],
            "metadata": {"labels": {"a": "b", "n": null}, "annotations": {"c": ""}},
            "extraVolumeMounts": [{"name": "v"}],
            "checkout": {"skip": false, "checkoutFlags": "a", "cleanFlags": "", "cloneFlags": "c", "fetchFlags": "d",
              "noSubmodules": true, "submoduleCloneConfig": ["k=v"],
              "gitMirrors": {"path": "/m", "volume": {"name": "g"}, "cloneFlags": "e", "lockTimeout": 5, "skipUpdate": true},
              "gitCredentialsSecret": {"secretName": "s"}, "envFrom": [{}], "extraVolumeMounts": [{}]},
            "commandParams": {"interposer": "vector", "envFrom": [{}], "extraVolumeMounts": [{}]},
            "sidecarParams": {"envFrom": [{}], "extraVolumeMounts": [{}]},
            "jobActiveDeadlineSeconds": -5}"#,
    );
    assert_eq!(notices, Vec::<String>::new());
    // Kubernetes objects stay as written: order, nulls, false.
    assert_eq!(read.pod_spec.unwrap().to_string(), r#"{"z":1,"a":{"env":null}}"#);
    assert_eq!(read.pod_spec_patch.unwrap().to_string(), r#"{"hostNetwork":false,"x":null}"#);
    assert_eq!(read.checkout.skip, Some(false));
    assert_eq!(read.checkout.clean_flags.as_deref(), Some(""));
    assert_eq!(read.checkout.git_mirrors.lock_timeout, 5);
    assert_eq!(read.checkout.git_mirrors.volume, Some(json!({"name": "g"}).into()));
    assert_eq!(read.command_params.interposer, Some(Interposer::Vector));
    assert_eq!(read.sidecar_params.env_from, [json!({})]);
    assert_eq!(read.job_active_deadline_seconds, Some(-5));
    assert_eq!(read.metadata.labels.len(), 1);
    // Null means absent for every key; so does an empty interposer.
    let (nulls, _) = block(
        r#"{"podSpec": null, "podTemplate": null, "checkout": {"skip": null}, "commandParams": {"interposer": ""},
            "metadata": null, "sidecars": null, "jobActiveDeadlineSeconds": null}"#,
    );
    assert_eq!(nulls, KubernetesPlugin::default());
}

/// pipeline-format 16.1, 16.2: what pipeline upload makes of `plugins`.
#[test]
fn plugins_of_a_step() {
    let rows = [
        (
            "[docker#v1: {image: node}]",
            r#"[{"github.com/buildkite-plugins/docker-buildkite-plugin#v1":{"image":"node"}}]"#,
        ),
        ("[kubernetes]", r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin":null}]"#),
        ("[kubernetes: {}]", r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin":null}]"#),
        (
            "[buildkite-plugins/kubernetes: ~]",
            r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin":null}]"#,
        ),
        (
            "{b#v1: {x: 1}, github.com/o/a: ~}",
            r#"[{"github.com/buildkite-plugins/b-buildkite-plugin#v1":{"x":1}},{"github.com/o/a":null}]"#,
        ),
        (
            "[{a: ~, b: ~}]",
            r#"[{"github.com/buildkite-plugins/a-buildkite-plugin":null},{"github.com/buildkite-plugins/b-buildkite-plugin":null}]"#,
        ),
        ("[{a: {}}]", r#"[{"github.com/buildkite-plugins/a-buildkite-plugin":null}]"#),
        ("[{a: []}]", r#"[{"github.com/buildkite-plugins/a-buildkite-plugin":null}]"#),
        ("~", "[]"),
    ];
    for (text, want) in rows {
        let documents = yaml_source::parse("p.yml", text, yaml_source::Dialect::Pipeline).unwrap();
        let plugins = step_plugins(documents[0].root()).unwrap();
        assert_eq!(Value::Array(plugins).to_string(), want, "{text}");
    }
    for (text, message) in
        [("x", "found text"), ("[1]", "found integer"), ("[[a]]", "1:2: expected a plugin's name")]
    {
        let documents = yaml_source::parse("p.yml", text, yaml_source::Dialect::Pipeline).unwrap();
        assert!(step_plugins(documents[0].root()).unwrap_err().to_string().contains(message), "{text}");
    }
}

/// pipeline-format 16.2, 16.3
#[test]
fn references() {
    let rows = [
        ("name#v1", "github.com/buildkite-plugins/name-buildkite-plugin#v1"),
        ("org/name", "github.com/org/name-buildkite-plugin"),
        ("github.com/org/repo#v1", "github.com/org/repo#v1"),
        ("https://x/y", "https://x/y"),
        ("ssh://git@x/y#z", "ssh://git@x/y#z"),
        ("file:///x", "file:///x"),
        (r"C:\x", r"C:\x"),
        ("git@github.com:org/repo", "git@github.com:org/repo"),
        ("git@github.com:org/repo.git#v1", "git@github.com:org/repo.git#v1"),
        ("org/a:b#v1", "github.com/org/a:b-buildkite-plugin#v1"),
        ("name#", "github.com/buildkite-plugins/name-buildkite-plugin"),
        ("org/name#", "github.com/org/name-buildkite-plugin"),
        ("name#a/b#c", "github.com/buildkite-plugins/name-buildkite-plugin#a/b#c"),
        ("./x", "./x"),
        ("/x/y", "/x/y"),
        ("kubernetes#", KUBERNETES_PLUGIN),
        ("kubernetes", KUBERNETES_PLUGIN),
        ("buildkite-plugins/kubernetes", KUBERNETES_PLUGIN),
        (KUBERNETES_PLUGIN, KUBERNETES_PLUGIN),
    ];
    for (written, want) in rows {
        assert_eq!(resolve_reference(written), want);
    }
}

/// job-manifest R-21: nearest key.
#[test]
fn nearest_keys() {
    let known = ["podSpec", "podSpecPatch", "checkout", "id"];
    let rows = [
        ("PodSpec", Some("podSpec")),
        ("pod_spec", Some("podSpec")),
        ("podSpc", Some("podSpec")),
        ("chekcout", Some("checkout")),
        ("checkout", Some("checkout")),
        ("quux", None),
        ("x", None),
    ];
    for (word, want) in rows {
        assert_eq!(nearest(word, known), want, "{word}");
    }
}
