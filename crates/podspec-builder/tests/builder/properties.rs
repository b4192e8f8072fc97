//! What holds for any input: a build ends with a Job or one error, and a Job can run.

use std::collections::BTreeSet;

use podspec_builder::{Builder, JobRequest, JobUuid, PodPolicy, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

/// Keys that mean something, so that random blocks get past the first check.
const KEYS: [&str; 44] = [
    "podSpec",
    "podTemplate",
    "podSpecPatch",
    "gitEnvFrom",
    "sidecars",
    "metadata",
    "extraVolumeMounts",
    "checkout",
    "commandParams",
    "sidecarParams",
    "jobActiveDeadlineSeconds",
    "skip",
    "gitMirrors",
    "volume",
    "path",
    "gitCredentialsSecret",
    "envFrom",
    "interposer",
    "containers",
    "initContainers",
    "volumes",
    "securityContext",
    "runAsUser",
    "runAsGroup",
    "terminationGracePeriodSeconds",
    "restartPolicy",
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "env",
    "value",
    "resources",
    "limits",
    "requests",
    "cpu",
    "volumeMounts",
    "mountPath",
    "labels",
    "annotations",
    "Image",
    "$patch",
    "unknown",
];

const TEXTS: [&str; 10] =
    ["", "agent", "x:1", "B d", "container-0", "/workspace", "Always", "100m", "vector", "/m/"];

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop_oneof![Just(0), Just(1000), any::<i64>()].prop_map(Value::from),
        Just(json!(1.5)),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(&KEYS[..]), inner), 0..6).prop_map(|members| members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

/// A container that passes most checks, so that builds succeed often.
pub(crate) fn container() -> impl Strategy<Value = Value> {
    let texts = || prop::collection::vec("[ -~]{0,6}", 0..3);
    let policy = prop::sample::select(vec!["", "Always", "IfNotPresent", "Never"]);
    (prop::sample::select(vec!["x:1", "y:1", "a@b"]), texts(), texts(), policy, any::<bool>()).prop_map(
        |(image, command, args, policy, secure)| {
            let mut container =
                json!({ "image": image, "command": command, "args": args, "imagePullPolicy": policy });
            if secure {
                container["securityContext"] = json!({ "runAsUser": 5 });
            }
            container
        },
    )
}

fn request(plugins: &Value, env: Vec<(String, String)>, rules: Vec<String>, command: String) -> JobRequest {
    let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), command);
    job.env.extend(env);
    job.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
    job.agent_query_rules = rules;
    job
}

fn texts_of<'a>(container: &'a Value, variable: &str) -> Vec<&'a Value> {
    let variables = container["env"].as_array().into_iter().flatten();
    variables.filter(|entry| entry["name"] == variable).map(|entry| &entry["value"]).collect()
}

/// Whether a container works for the agent. One that only a patch has brought does not, whatever single variable it
/// was given.
fn is_client(container: &Value) -> bool {
    ["BUILDKITE_BOOTSTRAP_PHASES", "BUILDKITE_CONTAINER_ID", "BUILDKITE_SOCKETS_PATH"]
        .iter()
        .all(|variable| !texts_of(container, variable).is_empty())
}

/// Ids run from 0 without gaps up to the count, and nothing waits for a value.
pub(crate) fn check_pod(pod: &Value) {
    let containers = pod["containers"].as_array().unwrap();
    let agent = containers.iter().find(|container| container["name"] == "agent").unwrap();
    let count: usize = texts_of(agent, "BUILDKITE_CONTAINER_COUNT")[0].as_str().unwrap().parse().unwrap();
    let ids: BTreeSet<usize> = containers
        .iter()
        .filter(|container| is_client(container))
        .flat_map(|container| texts_of(container, "BUILDKITE_CONTAINER_ID"))
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids, (0..count).collect());
    let all = containers.iter().chain(pod["initContainers"].as_array().unwrap());
    for container in all {
        let texts =
            ["command", "args"].iter().flat_map(|key| container[*key].as_array().into_iter().flatten());
        assert!(texts.into_iter().all(Value::is_string), "{container}");
        for variable in container["env"].as_array().into_iter().flatten() {
            assert!(variable.get("value").is_none_or(Value::is_string), "{variable}");
        }
        let mounts = container["volumeMounts"].as_array().into_iter().flatten();
        let paths: Vec<&str> = mounts.map(|mount| mount["mountPath"].as_str().unwrap_or_default()).collect();
        let distinct: BTreeSet<&str> = paths
            .iter()
            .map(|path| if *path == "/" { path } else { path.strip_suffix('/').unwrap_or(path) })
            .collect();
        assert_eq!(distinct.len(), paths.len(), "{paths:?}");
    }
}

proptest! {
    /// job-manifest
    #[test]
    fn any_block_ends_with_a_job_or_an_error(
        block in any_json(),
        env in prop::collection::vec((prop::sample::select(vec!["BUILDKITE_BUILD_URL", "BUILDKITE_IMAGE"]), ".{0,12}"), 0..2),
        rules in prop::collection::vec(".{0,12}", 0..3),
        command in "[ -~\n]{0,12}",
    ) {
        let env = env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let job = request(&json!([{ KUBERNETES: block }]), env, rules, command);
        let builder = Builder::new(Settings::default()).unwrap();
        if let Ok(plugins) = builder.parse_plugin(&job) {
            let template = json!({ "containers": [{ "image": "x" }] });
            if let Ok(built) = builder.build(&job, &plugins, Some(&template)) {
                check_pod(&built.to_json()["spec"]["template"]["spec"]);
            }
        }
    }

    /// A policy only ever turns a Job into an error, and what it lets through is what it would be without.
    /// job-manifest
    #[test]
    fn a_policy_refuses_or_changes_nothing(block in any_json(), containers in prop::collection::vec(container(), 0..4)) {
        let some = |pattern: &str| Some(vec![pattern.to_owned()]);
        let policy = PodPolicy {
            allowed_images: some("**x:1"),
            allow_privileged: Some(false),
            allow_host_namespaces: Some(false),
            allow_host_path: some("/m"),
            max_container_resources: [("cpu".to_owned(), "1".to_owned())].into(),
            max_pod_resources: [("cpu".to_owned(), "1".to_owned())].into(),
            allowed_secret_refs: some("x*"),
            allowed_node_selectors: some("x*"),
            allowed_tolerations: some("x*"),
            ..PodPolicy::default()
        };
        let free = Builder::new(Settings::default()).unwrap();
        let strict = Builder::new(Settings { pod_policy: Some(policy), ..Settings::default() }).unwrap();
        for block in [block, json!({ "podSpec": { "containers": containers } })] {
            let job = request(&json!([{ KUBERNETES: block }]), Vec::new(), Vec::new(), "true".to_owned());
            let Ok(plugins) = free.parse_plugin(&job) else { continue };
            match (free.build(&job, &plugins, None), strict.build(&job, &plugins, None)) {
                (Err(error), refused) => prop_assert_eq!(refused.unwrap_err(), error),
                (Ok(built), Ok(passed)) => prop_assert_eq!(passed, built),
                (Ok(_), Err(error)) => prop_assert_eq!(error.id, "E-41"),
            }
        }
    }

    /// job-manifest
    #[test]
    fn any_plugin_list_is_judged(list in any_json(), text in ".{0,20}") {
        let builder = Builder::new(Settings::default()).unwrap();
        for plugins in [list, Value::from(text)] {
            let job = request(&plugins, Vec::new(), Vec::new(), "true".to_owned());
            let _ = builder.parse_plugin(&job);
        }
    }

    /// job-manifest
    #[test]
    fn built_pods_can_run(
        containers in prop::collection::vec(container(), 0..4),
        sidecars in prop::collection::vec(container(), 0..2),
        skip in any::<bool>(),
        user in prop::option::of(0..3_i64),
        interposer in prop::sample::select(vec!["", "buildkite", "vector", "legacy"]),
    ) {
        let block = json!({
            "checkout": { "skip": skip },
            "commandParams": { "interposer": interposer },
            "sidecars": sidecars,
            "podSpec": { "containers": containers, "securityContext": { "runAsUser": user } },
        });
        let job = request(&json!([{ KUBERNETES: block }]), Vec::new(), Vec::new(), "true".to_owned());
        let builder = Builder::new(Settings::default()).unwrap();
        let plugins = builder.parse_plugin(&job).unwrap();
        match builder.build(&job, &plugins, None) {
            Ok(built) => check_pod(&built.to_json()["spec"]["template"]["spec"]),
            Err(error) => prop_assert_eq!(error.id, "E-13"),
        }
    }
}

/// job-manifest C-98, D-6, kubernetes-plugin B5
#[test]
fn every_container_owns_its_mounts() {
    let settings = Settings {
        agent_config: Some(podspec_builder::AgentConfig {
            verification_jwks_volume: Some(json!({ "name": "keys", "emptyDir": {} })),
            ..Default::default()
        }),
        ..Settings::default()
    };
    let builder = Builder::new(settings).unwrap();
    for count in 0..=20 {
        let extra: Vec<Value> = (0..count)
            .map(|index| json!({ "name": format!("v{index}"), "mountPath": format!("/m{index}") }))
            .collect();
        let block = json!({
            "extraVolumeMounts": extra,
            "checkout": { "extraVolumeMounts": [{ "name": "co", "mountPath": "/co" }] },
            "commandParams": { "extraVolumeMounts": [{ "name": "cmd", "mountPath": "/cmd" }] },
        });
        let job = request(&json!([{ KUBERNETES: block }]), Vec::new(), Vec::new(), "true".to_owned());
        let built = builder.build(&job, &builder.parse_plugin(&job).unwrap(), None).unwrap();
        let job = built.to_json();
        let containers = job["spec"]["template"]["spec"]["containers"].as_array().unwrap();
        for (name, only) in [("agent", "keys"), ("checkout", "co"), ("container-0", "cmd")] {
            let container = containers.iter().find(|container| container["name"] == name).unwrap();
            let mounts = container["volumeMounts"].as_array().unwrap();
            let names: Vec<&str> = mounts.iter().map(|mount| mount["name"].as_str().unwrap()).collect();
            assert_eq!(names.len(), count + 2, "{name} with {count} mounts");
            assert!(names.contains(&only), "{name} keeps {only} with {count} mounts");
        }
    }
}
