//! What cannot be seen from outside: builds under configurations that `Builder::new` would have refused,
//! which end with the matching error or a Job, never a panic (job-manifest R-8), and patches on a pod that is
//! composed and not finished.

use std::collections::{BTreeMap, BTreeSet};

use pipeline_model::KubernetesPlugin;
use serde_json::{Value, json};
use shared_json::Value as Shared;
use strategic_merge::random_cases::Style;

use crate::draft::Inputs;
use crate::prepared::Prepared;
use crate::{
    AdditionalHook, AgentConfig, BuildError, Builder, JobRequest, JobUuid, ParsedPlugins, PodPolicy, Settings,
};
use crate::{compose, patch};

fn build(settings: Settings) -> Result<Value, BuildError> {
    let builder = Builder::unchecked(settings, Vec::new());
    let job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    Ok(builder.build(&job, &ParsedPlugins::default(), None)?.to_json())
}

fn agent(job: &Value) -> Value {
    let containers = job["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    containers.iter().find(|container| container["name"] == "agent").unwrap().clone()
}

fn variable(container: &Value, name: &str) -> Value {
    let mut variables = container["env"].as_array().unwrap().iter();
    variables
        .find(|variable| variable["name"] == name)
        .map(|variable| variable["value"].clone())
        .unwrap_or_default()
}

/// job-manifest R-8, C-218, C-220, E-10, E-12
#[test]
fn default_classes_that_do_not_exist() {
    let named = Settings { default_resource_class_name: "small".to_owned(), ..Settings::default() };
    let error = build(named.clone()).unwrap_err();
    assert_eq!((error.id, &*error.path), ("E-10", "default-resource-class-name"));
    assert!(error.hint.is_some());
    assert!(error.to_string().contains("default") && error.to_string().contains("small"), "{error}");

    let error = build(Settings { resource_classes: Some(BTreeMap::new()), ..named }).unwrap_err();
    assert_eq!((error.id, &*error.path), ("E-12", "default-resource-class-name"));
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("defined are: none")), "{error}");
    assert!(error.to_string().contains("default") && error.to_string().contains("small"), "{error}");
}

/// job-manifest C-210
#[test]
fn hooks_with_one_half_missing() {
    let config = AgentConfig {
        additional_hooks: vec![
            AdditionalHook { path: String::new(), volume: Some(json!({ "name": "v", "emptyDir": {} })) },
            AdditionalHook { path: "/p".to_owned(), volume: None },
        ],
        ..AgentConfig::default()
    };
    let job = build(Settings { agent_config: Some(config), ..Settings::default() }).unwrap();
    assert_eq!(job["spec"]["template"]["spec"]["volumes"][1]["name"], "v");
    let agent = agent(&job);
    assert_eq!(agent["volumeMounts"].as_array().unwrap().len(), 1);
    assert_eq!(variable(&agent, "BUILDKITE_ADDITIONAL_HOOKS_PATHS"), "/p");
}

/// job-manifest C-79
#[test]
fn default_grace_period_of_nothing() {
    let job = build(Settings { default_termination_grace_period_seconds: 0, ..Settings::default() }).unwrap();
    let agent = agent(&job);
    assert_eq!(variable(&agent, "BUILDKITE_CANCEL_GRACE_PERIOD"), "1");
    assert_eq!(variable(&agent, "BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS"), "0");
}

/// job-manifest R-7: the template's name is known before a build, and not asked for when it is not used.
#[test]
fn the_template_is_known_before_the_build() {
    let builder = Builder::new(Settings::default()).unwrap();
    for (block, want) in [
        (json!({}), None),
        (json!({ "podTemplate": "t" }), Some("t")),
        (json!({ "podTemplate": "" }), None),
        (json!({ "podTemplate": "t", "podSpec": {} }), None),
    ] {
        let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
        let plugins = json!([{ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": block }]);
        job.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
        assert_eq!(builder.parse_plugin(&job).unwrap().pod_template(), want, "{block}");
    }
}

/// job-manifest R-8, E-42
#[test]
fn policies_that_are_none() {
    let policy = PodPolicy {
        max_pod_resources: BTreeMap::from([("cpu".to_owned(), "2 cores".to_owned())]),
        ..PodPolicy::default()
    };
    let error = build(Settings { pod_policy: Some(policy), ..Settings::default() }).unwrap_err();
    assert_eq!((error.id, error.path.as_str()), ("E-42", "pod-policy.max-resources.pod.cpu"));
}

/// job-manifest R-8: a broken image and broken limits of a configuration end as errors of the job.
#[test]
fn broken_images_and_limits() {
    let settings = Settings { image: "B d".to_owned(), ..Settings::default() };
    assert_eq!(build(settings).unwrap_err().id, "E-13");
    let settings = Settings { image_check_container_cpu_limit: "lots".to_owned(), ..Settings::default() };
    assert!(build(settings).is_ok());
}

/// What composes a pod is what `block` asks for; the patch is the composed pod itself, placeholders and all.
fn repeat_composed(block: &Value) -> Option<(Value, Result<Value, BuildError>)> {
    let settings = Settings::default();
    let job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    let (plugin, _) = KubernetesPlugin::from_json(&block.into()).unwrap();
    let prepared = Prepared::of(&settings);
    let inputs = Inputs {
        job: &job,
        settings: &settings,
        prepared: &prepared,
        plugin: &plugin,
        names_other_plugins: false,
    };
    let mut draft = compose::compose(inputs, None).ok()?;
    let composed = Shared::Object(draft.pod.clone());
    let plugin = KubernetesPlugin { pod_spec_patch: Some(composed.clone()), ..plugin.clone() };
    let patched = patch::patch(&mut draft, Inputs { plugin: &plugin, ..inputs });
    Some((composed.into(), patched.map(|()| Shared::Object(draft.pod).into())))
}

/// Keys of merged lists, by which elements would meet each other.
const KEYS: [&str; 6] = ["name", "mountPath", "devicePath", "containerPort", "ip", "topologyKey"];

fn has_repeats(value: &Value) -> bool {
    match value {
        Value::Array(list) => {
            let repeats = |key: &str| {
                let mut seen = BTreeSet::new();
                let mut keys = list.iter().filter_map(|element| element.get(key));
                keys.any(|value| !seen.insert(value.to_string()))
            };
            KEYS.into_iter().any(repeats) || list.iter().any(has_repeats)
        }
        Value::Object(members) => members.values().any(has_repeats),
        _ => false,
    }
}

/// job-manifest 14, R-124, R-162
#[test]
fn a_patch_that_repeats_the_composed_values_changes_nothing() {
    let blocks = [
        json!({}),
        json!({ "checkout": { "skip": true } }),
        json!({
            "sidecars": [{ "image": "s" }, { "name": "other", "image": "s", "args": ["x"] }],
            "checkout": { "gitMirrors": { "volume": { "name": "m", "emptyDir": {} } }, "gitCredentialsSecret": { "secretName": "s" } },
            "gitEnvFrom": [{ "secretRef": { "name": "s" } }],
            "podSpec": {
                "initContainers": [{ "name": "i", "image": "x" }],
                "containers": [{ "command": ["a"], "args": [] }, { "command": [] }, { "args": ["b"], "env": [{ "name": "A" }] }],
            },
        }),
    ];
    for block in blocks {
        let (composed, patched) = repeat_composed(&block).unwrap();
        assert_eq!(patched.unwrap(), composed, "{block}");
    }
    let mut equal = 0;
    for seed in 0..500 {
        let case = strategic_merge::random_cases::case(seed, Style::WellFormed);
        let block = json!({ "podSpec": case.original });
        let drawn = (case.type_name == "PodSpec").then(|| repeat_composed(&block)).flatten();
        if let Some((composed, Ok(patched))) = drawn.filter(|(composed, _)| !has_repeats(composed)) {
            assert_eq!(patched, composed, "{block}");
            equal += 1;
        }
    }
    assert!(equal > 50, "{equal} pods show little");
}

/// A configuration that nobody has checked: job-manifest R-8, E-4
#[test]
fn patches_that_are_none() {
    for (patch, id) in [
        (json!({ "containers": 5 }), "E-4"),
        (json!("x"), "E-4"),
        (json!({ "containers": [{}] }), "E-15"),
        (json!({ "containers": [{ "name": "agent", "args": ["x"] }] }), "E-14"),
    ] {
        let error =
            build(Settings { pod_spec_patch: Some(patch.clone()), ..Settings::default() }).unwrap_err();
        assert_eq!(error.id, id, "{patch}");
        assert!(error.path.starts_with("pod-spec-patch"), "{error}");
    }
}
