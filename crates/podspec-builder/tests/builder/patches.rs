//! What holds for any patch, of the block and of the controller (job-manifest 5.12 to 5.17, 14).

use std::collections::BTreeSet;

use fastrand::Rng;
use podspec_builder::{BuildError, Builder, Built, JobRequest, JobUuid, Settings};
use serde_json::{Map, Value, json};
use strategic_merge::random_cases::{Style, case};

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

fn build(builder: &Builder, block: &Value) -> Result<Built, BuildError> {
    let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    job.env.insert("BUILDKITE_PLUGINS".to_owned(), json!([{ KUBERNETES: block }]).to_string());
    builder.build(&job, &builder.parse_plugin(&job)?, None)
}

/// Draws patches that mostly speak of what is there.
struct Draw(Rng);

const VARIABLES: [&str; 9] = [
    "A",
    "B",
    "BUILDKITE_BOOTSTRAP_PHASES",
    "BUILDKITE_COMMAND",
    "BUILDKITE_CONTAINER_COUNT",
    "BUILDKITE_CONTAINER_ID",
    "BUILDKITE_SOCKETS_PATH",
    "BUILDKITE_CANCEL_GRACE_PERIOD",
    "BUILDKITE_SIGNAL_GRACE_PERIOD_SECONDS",
];

impl Draw {
    fn chance(&mut self, percent: u8) -> bool {
        self.0.u8(0..100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.0.usize(0..from.len())]
    }

    fn texts(&mut self) -> Value {
        let texts: Vec<&str> =
            (0..self.0.usize(0..3)).map(|_| self.pick(&["start", "-c", "x y", ""])).collect();
        json!(texts)
    }

    fn variable(&mut self) -> Value {
        let name = self.pick(&VARIABLES);
        match self.0.u8(0..10) {
            0 => json!({ "name": name, "$patch": "delete" }),
            1 => json!({ "name": name, "value": null }),
            2 => json!({ "name": name, "$retainKeys": ["name"] }),
            3 => json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": "metadata.uid" } } }),
            4 => json!({ "$patch": "replace" }),
            _ => json!({ "name": name, "value": self.pick(&["", "1", "x"]) }),
        }
    }

    fn entry(&mut self, names: &[&str]) -> Value {
        let mut entry = Map::new();
        if !self.chance(1) {
            entry.insert("name".to_owned(), self.pick(names).into());
        }
        let mut give = |percent: u8, draw: &mut Self, key: &str, value: fn(&mut Self) -> Value| {
            if draw.chance(percent) {
                let value = value(draw);
                entry.insert(key.to_owned(), value);
            }
        };
        give(60, self, "image", |draw| draw.pick(&["x:1", "y:1", "y:1", "Bad"]).into());
        give(10, self, "command", Self::texts);
        give(10, self, "args", Self::texts);
        give(3, self, "command", |_| Value::Null);
        give(3, self, "$deleteFromPrimitiveList/args", Self::texts);
        give(40, self, "env", |draw| (0..draw.0.usize(0..4)).map(|_| draw.variable()).collect());
        give(2, self, "env", |_| Value::Null);
        give(5, self, "imagePullPolicy", |draw| draw.pick(&["Always", "Never", ""]).into());
        give(10, self, "securityContext", |draw| json!({ "runAsUser": draw.0.i64(0..3) }));
        give(
            10,
            self,
            "volumeMounts",
            |draw| json!([{ "name": "v", "mountPath": draw.pick(&["/workspace", "/workspace/", "/m"]) }]),
        );
        give(5, self, "resources", |_| json!({ "limits": { "$patch": "replace", "cpu": 1 } }));
        give(3, self, "$patch", |draw| draw.pick(&["delete", "merge", "x"]).into());
        Value::Object(entry)
    }

    fn entries(&mut self, names: &[&str]) -> Value {
        let mut entries: Vec<Value> = (0..self.0.usize(0..4)).map(|_| self.entry(names)).collect();
        if self.chance(1) {
            entries.insert(0, json!({ "$patch": "replace" }));
        }
        entries.into()
    }

    fn patch(&mut self) -> Value {
        let mut patch = Map::new();
        if self.chance(90) {
            let names = ["c0", "c1", "agent", "checkout", "container-0", "extra"];
            patch.insert("containers".to_owned(), self.entries(&names));
        }
        if self.chance(50) {
            let names = ["copy-agent", "imagecheck-0", "imagecheck-1", "sidecar-0", "extra-init"];
            patch.insert("initContainers".to_owned(), self.entries(&names));
        }
        for (percent, key, value) in [
            (20, "terminationGracePeriodSeconds", json!(self.0.i64(-1..400))),
            (5, "terminationGracePeriodSeconds", Value::Null),
            (20, "restartPolicy", json!("Always")),
            (20, "securityContext", json!({ "runAsUser": self.0.i64(0..3), "runAsGroup": null })),
            (10, "securityContext", json!({ "$patch": "delete" })),
            (10, "nodeSelector", json!({ "$patch": "replace", "a": "b" })),
            (10, "volumes", json!([{ "name": "workspace", "hostPath": { "path": "/w" } }])),
            (10, "tolerations", json!([])),
            (2, "tolerations", json!([{ "$patch": "delete" }])),
            (5, "$setElementOrder/containers", json!([{ "name": "checkout" }, { "name": "c0" }])),
            (
                5,
                "$setElementOrder/initContainers",
                json!([{ "name": "imagecheck-0" }, { "name": "copy-agent" }]),
            ),
            (1, "initContainers", Value::Null),
            (1, "containers", Value::Null),
            (1, "$patch", json!("delete")),
            (1, "$retainKeys", json!(["containers", "initContainers"])),
        ] {
            if self.chance(percent) {
                patch.insert(key.to_owned(), value);
            }
        }
        Value::Object(patch)
    }

    fn block(&mut self) -> Value {
        json!({
            "checkout": { "skip": self.chance(30) },
            "sidecars": if self.chance(30) { json!([{ "image": "s:1" }]) } else { json!([]) },
            "podSpec": {
                "containers": [{ "name": "c0", "image": "x:1", "command": ["a"], "args": ["b"] }, { "name": "c1", "image": "z:1" }],
                "securityContext": { "runAsUser": self.0.i64(0..2) },
            },
        })
    }
}

/// Nothing of a patch's language and nothing that waits for a value is in a finished pod.
fn check_clean(value: &Value) {
    match value {
        Value::Null => panic!("a null is left"),
        Value::Array(list) => list.iter().for_each(check_clean),
        Value::Object(members) => {
            for (key, value) in members {
                assert!(!key.starts_with('$'), "the directive {key} is left");
                check_clean(value);
            }
        }
        _ => {}
    }
}

/// The job can run: the containers that it needs are there, run what they must, and count what there is.
fn check_pod(pod: &Value, guarded: bool, skip: bool) {
    check_clean(pod);
    let containers = pod["containers"].as_array().unwrap();
    let named = |name: &str| containers.iter().find(|container| container["name"] == name);
    let value = |container: &Value, variable: &str| {
        let mut found = container["env"].as_array().unwrap().iter().filter(|one| one["name"] == variable);
        let value = found.next().unwrap()["value"].as_str().unwrap().to_owned();
        assert!(found.next().is_none(), "{variable} twice");
        value
    };
    let setup =
        pod["initContainers"].as_array().unwrap().iter().find(|one| one["name"] == "copy-agent").unwrap();
    let (agent, checkout) = (named("agent").unwrap(), named("checkout"));
    assert_eq!(checkout.is_some(), !skip);
    let commands: Vec<&Value> = ["c0", "c1"].into_iter().filter_map(named).collect();
    assert!(!commands.is_empty());
    let ids: BTreeSet<usize> = commands
        .iter()
        .copied()
        .chain(checkout)
        .map(|one| value(one, "BUILDKITE_CONTAINER_ID").parse().unwrap())
        .collect();
    let count: usize = value(agent, "BUILDKITE_CONTAINER_COUNT").parse().unwrap();
    assert_eq!(ids, (0..count).collect(), "{containers:?}");
    for container in commands {
        assert_eq!(container["command"], json!(["/workspace/tini-static"]));
        assert_eq!(container["args"], json!(["--", "/workspace/buildkite-agent", "kubernetes-bootstrap"]));
    }
    if guarded {
        assert_eq!(
            (&agent["args"], &agent["command"].as_array().map_or(0, Vec::len)),
            (&json!(["start"]), &0)
        );
        assert_eq!(setup["command"], json!(["/bin/sh"]));
        assert_eq!(
            checkout.map_or(json!(["/bin/sh", "-c"]), |one| one["command"].clone()),
            json!(["/bin/sh", "-c"])
        );
    }
    for container in containers.iter().chain(pod["initContainers"].as_array().unwrap()) {
        let texts =
            ["command", "args"].iter().flat_map(|key| container[*key].as_array().into_iter().flatten());
        assert!(texts.into_iter().all(Value::is_string), "{container}");
        for variable in container["env"].as_array().into_iter().flatten() {
            assert!(variable.get("value").is_none_or(Value::is_string), "{variable}");
        }
    }
    assert_eq!(pod["restartPolicy"], "Never");
}

/// 10,000 patches of the block, half of them on top of one of the controller.
/// job-manifest
#[test]
fn any_patch_leaves_a_pod_that_can_run_or_is_refused() {
    let (mut built, mut configured) = (0, 0);
    for seed in 0..10_000 {
        let mut draw = Draw(Rng::with_seed(seed));
        let unsafe_commands = draw.chance(30);
        let settings = Settings {
            pod_spec_patch: draw.chance(50).then(|| draw.patch()),
            allow_pod_spec_patch_unsafe_command_modification: unsafe_commands,
            skip_image_check_containers: draw.chance(20),
            ..Settings::default()
        };
        let mut block = draw.block();
        let skip = block["checkout"]["skip"] == true;
        let Ok(builder) = Builder::new(settings) else { continue };
        configured += 1;
        block["podSpecPatch"] = draw.patch();
        let Ok(first) = build(&builder, &block) else { continue };
        built += 1;
        check_pod(&first.to_json()["spec"]["template"]["spec"], !unsafe_commands, skip);
        if seed % 10 == 0 {
            let second = build(&builder, &block).unwrap();
            assert_eq!((second.job.to_string(), second.warnings), (first.job.to_string(), first.warnings));
        }
    }
    assert!(configured > 5_000 && built > 2_000, "{configured} configurations and {built} Jobs show little");
}

/// job-manifest
#[test]
fn no_patch_of_any_shape_panics() {
    for (style, seeds) in [(Style::WellFormed, 0..1_500), (Style::Wild, 0..1_500)] {
        for seed in seeds {
            let case = case(seed, style);
            let settings = Settings { pod_spec_patch: Some(case.patch.clone()), ..Settings::default() };
            if let Ok(builder) = Builder::new(settings) {
                let _ = build(&builder, &json!({ "podSpec": case.original }));
            }
            let builder = Builder::new(Settings::default()).unwrap();
            let _ = build(&builder, &json!({ "podSpec": case.original, "podSpecPatch": case.patch }));
        }
    }
}

/// job-manifest 14, R-3
#[test]
fn an_empty_patch_changes_nothing() {
    let plain = Builder::new(Settings::default()).unwrap();
    let empty = Builder::new(Settings { pod_spec_patch: Some(json!({})), ..Settings::default() }).unwrap();
    for seed in 0..200 {
        let block = Draw(Rng::with_seed(seed)).block();
        let built = build(&plain, &block).unwrap();
        assert_eq!(build(&empty, &block).unwrap(), built);
        for patch in
            [json!({}), json!({ "containers": [], "volumes": [], "securityContext": {}, "hostname": null })]
        {
            let mut block = block.clone();
            block["podSpecPatch"] = patch;
            assert_eq!(build(&plain, &block).unwrap(), built);
            assert_eq!(build(&empty, &block).unwrap(), built);
        }
    }
}
