//! Inputs of a build, drawn.

use std::collections::BTreeMap;

use podspec_builder::{
    AdditionalHook, AgentConfig, CheckoutParams, CommandParams, GitMirrors, Interposer, JobRequest, JobUuid,
    Metadata, PodPolicy, PullPolicy, ResourceClass, Settings, SidecarParams,
};
use proptest::collection::{btree_map, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// No message may hold it: in each text it stands where a secret can be told.
pub(super) const SECRET: &str = "s3cr3tA1";

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

/// Everything that goes into a build.
#[derive(Debug)]
pub(super) struct Drawn {
    settings: Settings,
    env: BTreeMap<String, String>,
    rules: Vec<String>,
    command: String,
    priority: i64,
    queue: Option<String>,
    pub(super) template: Option<Value>,
}

impl Drawn {
    /// The settings, and the job.
    pub(super) fn into_parts(self) -> (Settings, JobRequest) {
        let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), self.command);
        job.env = self.env;
        job.agent_query_rules = self.rules;
        job.priority = self.priority;
        job.queue = self.queue;
        (self.settings, job)
    }
}

pub(super) fn any_input() -> impl Strategy<Value = Drawn> {
    let rule = prop_oneof![
        text(),
        text().prop_map(|text| format!("resource_class={text}")),
        Just("queue=a".to_owned())
    ];
    let job = (env(), vec(rule, 0..3), prop_oneof![Just(String::new()), text()], any::<i64>(), of(text()));
    (settings(), job, of(pod())).prop_map(|(settings, (env, rules, command, priority, queue), template)| {
        Drawn { settings, env, rules, command, priority, queue, template }
    })
}

/// Keys that mean something, so that what is drawn gets past the first check.
#[rustfmt::skip]
const KEYS: [&str; 78] = [
    "podSpec", "podTemplate", "podSpecPatch", "gitEnvFrom", "sidecars", "metadata", "extraVolumeMounts", "checkout",
    "commandParams", "sidecarParams", "jobActiveDeadlineSeconds", "skip", "gitMirrors", "volume", "path",
    "gitCredentialsSecret", "envFrom", "interposer", "cloneFlags", "lockTimeout", "submoduleCloneConfig",
    "containers", "initContainers", "volumes", "tolerations", "nodeSelector", "imagePullSecrets", "hostAliases",
    "securityContext", "runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "terminationGracePeriodSeconds",
    "restartPolicy", "serviceAccountName", "hostNetwork", "resources", "limits", "requests", "cpu", "memory",
    "name", "image", "imagePullPolicy", "command", "args", "env", "value", "valueFrom", "secretKeyRef", "fieldRef",
    "fieldPath", "ports", "containerPort", "livenessProbe", "exec", "httpGet", "port", "volumeMounts", "mountPath",
    "subPath", "readOnly", "emptyDir", "hostPath", "secret", "secretName", "configMap", "labels", "annotations",
    "Image", "$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/env",
    "$deleteFromPrimitiveList/args", "un\nknown", "bkjat_s3cr3tA1",
];

/// Texts that mean something somewhere.
#[rustfmt::skip]
const TEXTS: [&str; 34] = [
    "", "agent", "checkout", "copy-agent", "imagecheck-0", "container-0", "workspace", "x:1", "B d", "/workspace",
    "/workspace/", "/m", "Always", "Never", "IfNotPresent", "100m", "1e999", "-1", "vector", "buildkite", "delete",
    "replace", "merge", "BUILDKITE_CONTAINER_ID", "BUILDKITE_COMMAND", "resource_class", "a b", "two\nlines", "$(A)",
    "bkjat_s3cr3tA1", "bkct_s3cr3tA1 x", "https://me:s3cr3tA1@host/x", "http://me:s3cr3tA1@[x", "x@sha256:ab",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&TEXTS[..]).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn leaf() -> impl Strategy<Value = Value> {
    let number = prop_oneof![Just(0), Just(1000), any::<i64>()];
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => number.prop_map(Value::from),
        1 => select(vec![json!(1.5), json!(1e20), json!(u64::MAX)]),
        4 => text().prop_map(Value::from),
    ]
}

/// Any JSON, with keys that mean something.
fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), members(inner)]
    })
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    vec((select(&KEYS[..]), inner), 0..5)
        .prop_map(|members| members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// An object under some of these keys, any other beside them now and then.
fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let given = |key| if matches!(key, "name" | "image") { 0.95 } else { 0.3 };
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(key, value)| weighted(given(key), value).prop_map(move |value| (key, value)))
        .collect();
    (fields, prop_oneof![40 => Just(json!({})), 1 => members(value())]).prop_map(|(fields, mut object)| {
        for (key, value) in fields {
            if let Some(value) = value {
                object[key] = value;
            }
        }
        object
    })
}

fn word(words: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop_oneof![40 => select(words).prop_map(Value::from), 1 => leaf()].boxed()
}

fn list(element: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    vec(element, 0..3).prop_map(Value::from).boxed()
}

fn texts() -> BoxedStrategy<Value> {
    let key = prop_oneof![text(), Just("buildkite.com/job-uuid".to_owned())];
    prop_oneof![8 => btree_map(key, text(), 0..3).prop_map(|texts| json!(texts)), 1 => value()].boxed()
}

fn mount() -> impl Strategy<Value = Value> {
    object(vec![
        ("name", word(&["v", "w", "workspace", "bkjat_s3cr3tA1"])),
        ("mountPath", word(&["/m", "/m/", "/workspace", "/", ""])),
        ("$patch", word(&["delete", "merge"])),
    ])
}

fn volume() -> impl Strategy<Value = Value> {
    object(vec![
        ("name", word(&["v", "w", "workspace", "git-credentials"])),
        ("emptyDir", Just(json!({})).boxed()),
        ("hostPath", Just(json!({ "path": "/a/../b" })).boxed()),
        ("$patch", word(&["delete", "replace"])),
    ])
}

fn container() -> impl Strategy<Value = Value> {
    let variable = object(vec![
        ("name", word(&["A", "BUILDKITE_COMMAND", "BUILDKITE_CONTAINER_ID", "BUILDKITE_CONTAINER_COUNT"])),
        ("value", word(&["1", "$(A)", "s3cr3tA1"])),
        ("valueFrom", Just(json!({ "fieldRef": { "fieldPath": "spec.nodeName" } })).boxed()),
    ]);
    object(vec![
        ("name", word(&["a", "b", "c", "container-0", "container-1", "agent", "checkout", "imagecheck-0"])),
        ("image", word(&["x:1", "y", "z:1", "x:1", "y", "z:1", "x:1", "y", "B d", "me:s3cr3tA1@host/x y"])),
        ("imagePullPolicy", word(&["Always", "Never", ""])),
        ("command", list(word(&["a b", "c"]))),
        ("args", list(word(&["d", ""]))),
        ("env", list(variable)),
        ("volumeMounts", list(mount())),
        ("resources", Just(json!({ "limits": { "cpu": "2" } })).boxed()),
        ("securityContext", Just(json!({ "runAsUser": 5, "privileged": true })).boxed()),
        ("$patch", word(&["delete", "replace", "merge", "bkjat_s3cr3tA1"])),
    ])
}

/// A pod spec, or a patch of one.
fn pod() -> BoxedStrategy<Value> {
    let spec = object(vec![
        ("containers", list(container())),
        ("initContainers", list(container())),
        ("volumes", list(volume())),
        ("securityContext", Just(json!({ "runAsUser": 1000, "runAsGroup": -1 })).boxed()),
        ("restartPolicy", word(&["Always", "Never", "two\nlines"])),
        ("terminationGracePeriodSeconds", word(&["30"])),
        ("nodeSelector", Just(json!({ "a": "b" })).boxed()),
        ("$setElementOrder/containers", list(container())),
        ("$retainKeys", list(leaf())),
    ]);
    prop_oneof![40 => spec, 1 => value(), 1 => list(container())].boxed()
}

fn block() -> impl Strategy<Value = Value> {
    let sources =
        || list(object(vec![("prefix", word(&["p"])), ("secretRef", Just(json!({ "name": "s" })).boxed())]));
    let mounts = || list(mount());
    let checkout = object(vec![
        ("skip", any::<bool>().prop_map(Value::from).boxed()),
        (
            "gitMirrors",
            object(vec![("volume", volume().boxed()), ("path", word(&["/m", "/workspace"]))]).boxed(),
        ),
        ("gitCredentialsSecret", Just(json!({ "secretName": "s" })).boxed()),
        ("extraVolumeMounts", mounts()),
        ("envFrom", sources()),
    ]);
    let params = || {
        object(vec![
            ("extraVolumeMounts", mounts()),
            ("envFrom", sources()),
            ("interposer", word(&["vector", "legacy", "Vector"])),
        ])
    };
    let block = object(vec![
        ("podSpec", pod()),
        ("podTemplate", word(&["t", ""])),
        ("podSpecPatch", pod()),
        ("gitEnvFrom", sources()),
        ("sidecars", list(container())),
        ("metadata", object(vec![("labels", texts()), ("annotations", texts())]).boxed()),
        ("extraVolumeMounts", mounts()),
        ("checkout", checkout.boxed()),
        ("commandParams", params().boxed()),
        ("sidecarParams", params().boxed()),
        ("jobActiveDeadlineSeconds", prop_oneof![any::<i64>().prop_map(Value::from), leaf()].boxed()),
    ]);
    prop_oneof![40 => block, 1 => value()]
}

/// The variables that a build reads, others, and the plugin list as text.
fn env() -> impl Strategy<Value = BTreeMap<String, String>> {
    #[rustfmt::skip]
    let name = select(vec![
        "BUILDKITE_BUILD_URL", "BUILDKITE_BRANCH", "BUILDKITE_REPO", "BUILDKITE_PIPELINE_SLUG", "BUILDKITE_STEP_KEY",
        "BUILDKITE_IMAGE", "BUILDKITE_COMMAND", "BUILDKITE_AGENT_TOKEN", "PATH", "A b",
    ]);
    let name = prop_oneof![name.prop_map(str::to_owned), text()];
    let kubernetes = block().prop_map(|block| json!({ KUBERNETES: block }));
    let look_alike = || (select(vec!["kubernetes", "docker", KUBERNETES]), text());
    let other = look_alike().prop_map(|(name, version)| json!({ format!("{name}#{version}"): null }));
    let element = prop_oneof![12 => kubernetes, 1 => other, 1 => value()];
    let list = vec(element, 0..3).prop_map(|list| Value::from(list).to_string());
    let plugins = prop_oneof![12 => list, 1 => text(), 1 => value().prop_map(|value| value.to_string())];
    (btree_map(name, text(), 0..4), plugins).prop_map(|(mut env, plugins)| {
        env.insert("BUILDKITE_PLUGINS".to_owned(), plugins);
        env
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let words = (text(), text(), text(), text(), text());
    let pull = || of(select(vec![PullPolicy::Always, PullPolicy::IfNotPresent, PullPolicy::Never]));
    let numbers = (select(vec![-1, 0, 1, i64::MAX]), select(vec![0, 60, i64::MAX]));
    let objects = (of(pod()), of(volume()), of(agent_config()), checkout(), params());
    let classes = of(btree_map(text(), resource_class(), 0..3));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    let rest = (pull(), pull(), classes, of(policy()), metadata());
    // Mostly settings that are taken, so that jobs are built under them.
    let keeps = vec(prop::bool::weighted(0.95), 5);
    (words, numbers, objects, flags, rest, keeps).prop_map(|(words, numbers, objects, flags, rest, keeps)| {
        let mut settings = Settings::default();
        let texts = [
            (words.0, &mut settings.image),
            (words.1, &mut settings.job_prefix),
            (words.2, &mut settings.controller_id),
            (words.3, &mut settings.image_check_container_cpu_limit),
            (words.4, &mut settings.default_resource_class_name),
        ];
        for ((text, field), keep) in texts.into_iter().zip(keeps) {
            if !keep {
                *field = text;
            }
        }
        settings.job_active_deadline_seconds = numbers.0.max(1);
        settings.default_termination_grace_period_seconds = numbers.1;
        (settings.pod_spec_patch, settings.workspace_volume, settings.agent_config, ..) =
            (objects.0, objects.1, objects.2);
        settings.default_checkout_params = objects.3;
        (settings.default_command_params, settings.default_sidecar_params) = objects.4;
        settings.prohibit_kubernetes_plugin = flags.0 && flags.1;
        settings.allow_pod_spec_patch_unsafe_command_modification = flags.1;
        settings.skip_image_check_containers = flags.2;
        (settings.default_image_pull_policy, settings.default_image_check_pull_policy) = (rest.0, rest.1);
        (settings.resource_classes, settings.pod_policy, settings.default_metadata) =
            (rest.2, rest.3, rest.4);
        settings
    })
}

fn agent_config() -> impl Strategy<Value = AgentConfig> {
    let hook = (text(), weighted(0.95, volume())).prop_map(|(path, volume)| AdditionalHook { path, volume });
    (of(volume()), of(volume()), of(text()), of(text()), vec(hook, 0..2), any::<Option<i64>>()).prop_map(
        |(
            hooks_volume,
            verification_jwks_volume,
            hooks_path,
            verification_jwks_file,
            additional_hooks,
            timeout,
        )| {
            AgentConfig {
                hooks_volume,
                verification_jwks_volume,
                hooks_path,
                verification_jwks_file,
                additional_hooks,
                container_start_timeout_nanos: timeout,
                ..AgentConfig::default()
            }
        },
    )
}

fn checkout() -> impl Strategy<Value = CheckoutParams> {
    let mirrors = (of(text()), of(volume()), any::<i64>());
    (any::<Option<bool>>(), of(text()), mirrors, of(value()), vec(mount(), 0..2)).prop_map(
        |(skip, clone_flags, (path, volume, lock_timeout), git_credentials_secret, extra_volume_mounts)| {
            CheckoutParams {
                skip,
                clone_flags,
                git_mirrors: GitMirrors { path, volume, lock_timeout, ..GitMirrors::default() },
                git_credentials_secret,
                extra_volume_mounts,
                ..CheckoutParams::default()
            }
        },
    )
}

fn params() -> impl Strategy<Value = (CommandParams, SidecarParams)> {
    let interposer = of(select(Interposer::ALL.to_vec()));
    (interposer, vec(mount(), 0..2), vec(value(), 0..2)).prop_map(|(interposer, mounts, sources)| {
        let command =
            CommandParams { interposer, env_from: sources.clone(), extra_volume_mounts: mounts.clone() };
        (command, SidecarParams { env_from: sources, extra_volume_mounts: mounts })
    })
}

fn resource_class() -> impl Strategy<Value = ResourceClass> {
    let resources = || of(object(vec![("limits", value().boxed()), ("requests", value().boxed())]));
    (resources(), resources(), btree_map(text(), text(), 0..2)).prop_map(
        |(resource, pod_resource, node_selector)| ResourceClass { resource, pod_resource, node_selector },
    )
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let key = || {
        prop_oneof![
            text(),
            Just("buildkite.com/job-uuid".to_owned()),
            Just("buildkite.com/sidecar-9".to_owned())
        ]
    };
    (btree_map(key(), text(), 0..2), btree_map(key(), text(), 0..2))
        .prop_map(|(labels, annotations)| Metadata { labels, annotations })
}

fn policy() -> impl Strategy<Value = PodPolicy> {
    let patterns = || of(vec(prop_oneof![4 => Just("**".to_owned()), 1 => text()], 0..2));
    let maxima = || btree_map(select(vec!["cpu".to_owned(), "memory".to_owned()]), text(), 0..2);
    let lists = (patterns(), patterns(), patterns(), patterns(), patterns(), patterns());
    (lists, maxima(), maxima(), btree_map(text(), text(), 0..2), any::<Option<bool>>()).prop_map(
        |(lists, max_container_resources, max_pod_resources, required_labels, switch)| PodPolicy {
            allowed_images: lists.0,
            denied_images: lists.1,
            allow_privileged: switch,
            allow_host_namespaces: switch,
            allow_host_path: lists.2,
            allowed_service_accounts: lists.3,
            max_container_resources,
            max_pod_resources,
            required_labels,
            allowed_secret_refs: lists.4.clone(),
            allowed_node_selectors: lists.4,
            allowed_tolerations: lists.5,
        },
    )
}
