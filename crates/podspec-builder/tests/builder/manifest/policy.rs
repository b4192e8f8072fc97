//! What the pod policy says, and to whom (job-manifest ). Its rows are in
//! `fixtures/manifest/policy.yaml`.

use podspec_builder::{BuildError, Builder, PodPolicy, Settings};
use serde_json::{Value, json};

use super::config;
use super::row::build;

/// What a verdict takes, code and all (lifecycle 5.1).
const DETAIL_BYTES: usize = 4096;

fn refusal(config: &Value, block: &Value) -> BuildError {
    build(&config::builder(config).unwrap(), &json!({ "plugin": block })).unwrap_err()
}

/// Keys of a policy that violates itself in every key, in the order of R-194.
const KEYS: [&str; 12] = [
    "allowed-images",
    "denied-images",
    "allow-privileged",
    "allow-host-namespaces",
    "allow-host-path",
    "allowed-service-accounts",
    "max-resources.container",
    "max-resources.pod",
    "required-labels",
    "allowed-secret-refs",
    "allowed-node-selectors",
    "allowed-tolerations",
];

fn strict() -> Value {
    json!({
        "skip-image-check-containers": true,
        "pod-policy": {
            "allowed-images": [], "denied-images": ["**"],
            "allow-privileged": false, "allow-host-namespaces": false, "allow-host-path": [],
            "allowed-service-accounts": [],
            "max-resources": { "container": { "cpu": "1" }, "pod": { "cpu": "1" } },
            "required-labels": { "team": "ci" },
            "allowed-secret-refs": [], "allowed-node-selectors": [], "allowed-tolerations": [],
        },
    })
}

/// A block that violates everything, `count` times; names as long as `filler` makes them.
fn violent(count: usize, filler: &str) -> Value {
    let containers: Vec<Value> = (0..count)
        .map(|index| {
            json!({
                "name": format!("c{index}-{filler}"),
                "image": format!("registry.example/{}{index}:1", "x".repeat(filler.len().min(200))),
                "securityContext": { "privileged": true },
                "resources": { "requests": { "cpu": index + 2 } },
                "envFrom": [{ "secretRef": { "name": format!("{filler}{index}") } }],
            })
        })
        .collect();
    let volume =
        |index| json!({ "name": format!("v{index}"), "hostPath": { "path": format!("/{filler}/{index}") } });
    let toleration = |index| json!({ "key": format!("{filler}{index}"), "operator": "Exists" });
    let mut selector = json!({});
    for index in 0..count {
        selector[format!("{filler}{index}")] = "x".into();
    }
    json!({ "podSpec": {
        "containers": containers,
        "hostNetwork": true,
        "serviceAccountName": filler,
        "volumes": (0..count).map(volume).collect::<Vec<_>>(),
        "nodeSelector": selector,
        "tolerations": (0..count).map(toleration).collect::<Vec<_>>(),
    } })
}

/// The whole text, as the job's author reads it.
/// job-manifest E-41, R-193, R-194; kubernetes-plugin 10
#[test]
fn all_violations_are_told_in_the_order_of_the_table() {
    let error = refusal(&strict(), &violent(1, "a"));
    assert_eq!((error.id, error.path.as_str()), ("E-41", ""));
    assert_eq!(
        error.to_string(),
        "kubernetes plugin: the controller's `pod-policy` does not allow this pod:\n\
         - allowed-images: `registry.example/x0:1` matches no pattern (containers[c0-a].image)\n\
         - denied-images: `registry.example/x0:1` matches `**` (containers[c0-a].image)\n\
         - allow-privileged: `true` is not allowed (containers[c0-a].securityContext.privileged)\n\
         - allow-host-namespaces: `true` is not allowed (hostNetwork)\n\
         - allow-host-path: `/a/0` is at or below none of the paths listed there (volumes[v0].hostPath.path)\n\
         - allowed-service-accounts: `a` matches no pattern (serviceAccountName)\n\
         - max-resources.container: `2` of cpu is more than `1` (containers[c0-a].resources.requests.cpu)\n\
         - max-resources.pod: requests of cpu are `2` together, more than `1` \
         (containers[*].resources.requests.cpu)\n\
         - required-labels: the label is missing, and its value must match `ci` (metadata.labels.team)\n\
         - allowed-secret-refs: `a0` matches no pattern (containers[c0-a].envFrom[0].secretRef.name)\n\
         - allowed-node-selectors: `a0` matches no pattern (nodeSelector)\n\
         - allowed-tolerations: `a0` matches no pattern (tolerations[0].key)\n\
         change the step, or ask for another policy of the controller"
    );
}

/// However much is wrong: the text fits a verdict, so nothing is cut out of its middle, and it names every
/// key that is violated.
/// job-manifest E-41; lifecycle F8
#[test]
fn the_text_fits_a_verdict() {
    for (count, filler) in [(1, 3), (5, 10), (6, 60), (30, 5), (30, 60), (3, 5_000), (100, 300), (100, 1)] {
        for letter in ["a", "é", "語"] {
            let text = refusal(&strict(), &violent(count, &letter.repeat(filler))).to_string();
            let detail = format!("invalid-job: {text}");
            assert!(detail.len() <= DETAIL_BYTES, "{count} of {filler}: {} bytes", detail.len());
            let mut lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("- ")).collect();
            lines.dedup_by_key(|line| line.split(':').next().unwrap());
            let keys: Vec<&str> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
            assert_eq!(keys, KEYS, "{count} of {filler}");
            assert!(text.ends_with("\nchange the step, or ask for another policy of the controller"));
        }
    }
    // What fits is not shortened, what does not is counted.
    let text = refusal(&strict(), &violent(3, "abc")).to_string();
    assert!(!text.contains("more\n") && !text.contains('…'), "{text}");
    let text = refusal(&strict(), &violent(100, "abc")).to_string();
    let told = text.lines().filter(|line| line.starts_with("- allowed-tolerations: `")).count();
    assert!(
        told > 0 && text.contains(&format!("\n- allowed-tolerations: and {} more\n", 100 - told)),
        "{text}"
    );
    assert!(text.contains("- allow-privileged: `true` is not allowed (containers[c0-abc].securityContext.privileged and 99 more)"));
}

/// A value is told as it stands, but for what may hold a password and what would look like another line.
/// job-manifest E-41
#[test]
fn what_is_not_told() {
    let policy = json!({ "pod-policy": { "allowed-images": ["docker.io/**"], "allowed-secret-refs": [] } });
    let volumes = json!([
        { "name": "v", "image": { "reference": "robot:hunter2@registry.example/x" } },
        { "name": "s", "secret": { "secretName": "a\n- allowed-images: `b" } },
    ]);
    let containers = json!([{
        "name": "c\n- denied-images: x", "image": "alpine", "envFrom": [{ "secretRef": { "name": "s" } }],
    }]);
    let block = json!({ "podSpec": { "containers": containers, "volumes": volumes } });
    let text = refusal(&policy, &block).to_string();
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("an image that cannot be told (bad format) matches no pattern"), "{text}");
    assert_eq!(text.matches("\n- allowed-images").count(), 1, "{text}");
    assert!(!text.contains("\n- denied-images"), "{text}");
    assert!(text.contains("`a\u{fffd}- allowed-images: `b` matches no pattern"), "{text}");
    // No value of a variable is ever looked at.
    let env = json!([{ "name": "TOKEN", "value": "hunter2" }]);
    let containers = json!([{ "image": "ghcr.io/x/y:1", "env": env }]);
    let text = refusal(&policy, &json!({ "podSpec": { "containers": containers } })).to_string();
    assert!(!text.contains("hunter2"), "{text}");
}

/// A configuration with something in every part that a policy looks at.
fn parts() -> Value {
    let path = |name: &str| json!({ "name": name, "hostPath": { "path": format!("/{name}") } });
    let secret = |name: &str| json!({ "name": name, "secret": { "secretName": name } });
    let source = |name: &str| json!([{ "secretRef": { "name": name } }]);
    json!({
        "workspace-volume": path("w"),
        "agent-config": {
            "hooksVolume": path("hooks"),
            "additional-hooks": [
                { "path": "/m", "volume": path("ok") },
                { "path": "/n", "volume": { "name": "n", "image": { "reference": "alpine" } } },
            ],
            "pluginsVolume": path("plugins"),
            "signingJWKSVolume": secret("signing"),
            "verificationJWKSVolume": secret("verification"),
        },
        "default-checkout-params": {
            "gitMirrors": { "volume": path("mirrors") },
            "gitCredentialsSecret": { "secretName": "git" },
            "envFrom": source("checkout"),
        },
        "default-command-params": { "envFrom": source("command") },
        "default-sidecar-params": { "envFrom": source("sidecar") },
        "resource-classes": { "big": {
            "resource": { "limits": { "cpu": "3" } },
            "podResource": { "requests": { "cpu": "9" } },
            "nodeSelector": { "pool": "x" },
        } },
        "default-metadata": { "labels": { "team": "web" } },
        "image-check-container-cpu-limit": "2500m",
        "pod-spec-patch": {
            "serviceAccountName": "root",
            "resources": { "limits": { "cpu": "9" } },
            "hostNetwork": null,
            "containers": [
                { "name": "agent", "image": "buildkite/agent:3.0.0", "securityContext": { "privileged": true } },
                { "name": "gone", "image": "alpine", "$patch": "delete" },
            ],
            "volumes": [{ "name": "p", "hostPath": { "path": "/p", "$patch": "replace" } }],
        },
    })
}

/// The parts of a configuration that its own policy refuses.
/// job-manifest W-22, C-446; controller-config 5.10
#[test]
fn the_configuration_is_held_against_its_policy_once() {
    let with = |policy: Value| {
        let mut config = parts();
        config["pod-policy"] = policy;
        let builder = config::builder(&config).unwrap();
        let shown: Vec<String> =
            builder.warnings().iter().map(|warning| format!("{} {warning}", warning.id)).collect();
        shown
    };
    assert_eq!(with(json!({})), [""; 0]);
    let allowing = json!({
        "allowed-images": ["**"], "allow-host-path": ["/"], "allowed-secret-refs": ["*"],
        "max-resources": { "container": { "cpu": "3" }, "pod": { "cpu": "9" } },
        "required-labels": { "team": "*", "other": "*" }, "allowed-node-selectors": ["*"],
        "allowed-service-accounts": ["root"],
    });
    assert_eq!(with(allowing), [""; 0]);
    let shown = with(json!({
        "allowed-images": [], "allow-host-path": ["/ok"], "allowed-secret-refs": [],
        "max-resources": { "container": { "cpu": "2" }, "pod": { "cpu": "8" } },
        "required-labels": { "team": "ci", "other": "*" }, "allowed-node-selectors": [],
        "allow-privileged": false, "allow-host-namespaces": false, "allowed-service-accounts": ["ci"],
    }));
    assert_eq!(
        shown[0],
        "W-22 workspace-volume.hostPath.path: `/w` is at or below none of the paths listed there: \
         `pod-policy.allow-host-path` refuses each job that gets it; change this setting or the policy"
    );
    let paths: Vec<&str> = shown.iter().map(|line| line[5..].split(": ").next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "workspace-volume.hostPath.path",
            "agent-config.hooksVolume.hostPath.path",
            "agent-config.additional-hooks[1].volume.image.reference",
            "agent-config.pluginsVolume.hostPath.path",
            "agent-config.signingJWKSVolume.secret.secretName",
            "agent-config.verificationJWKSVolume.secret.secretName",
            "default-checkout-params.gitMirrors.volume.hostPath.path",
            "default-checkout-params.gitCredentialsSecret.secretName",
            "default-checkout-params.envFrom[0].secretRef.name",
            "default-command-params.envFrom[0].secretRef.name",
            "default-sidecar-params.envFrom[0].secretRef.name",
            "resource-classes.big.resource.limits.cpu",
            "resource-classes.big.podResource.requests.cpu",
            "resource-classes.big.nodeSelector",
            "image-check-container-cpu-limit",
            "pod-spec-patch.serviceAccountName",
            "pod-spec-patch.resources.limits.cpu",
            "pod-spec-patch.containers[agent].securityContext.privileged",
            "pod-spec-patch.volumes[p].hostPath.path",
            "default-metadata.labels.team",
        ]
    );
}

/// job-manifest E-42, R-8
#[test]
fn all_problems_of_a_policy_are_told_together() {
    let policy = PodPolicy {
        allowed_images: Some(vec![String::new()]),
        allow_host_path: Some(vec!["x".to_owned()]),
        ..PodPolicy::default()
    };
    let error = Builder::new(Settings { pod_policy: Some(policy), ..Settings::default() }).unwrap_err();
    let keys: Vec<(&str, &str)> = error.problems.iter().map(|one| (one.id, one.key.as_str())).collect();
    assert_eq!(keys, [("E-42", "pod-policy.allowed-images[0]"), ("E-42", "pod-policy.allow-host-path[0]")]);
}
