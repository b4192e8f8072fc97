//! Errors of a configuration (job-manifest 9.2).

use serde_json::{Value, json};

use super::{Case, case, check, check_complete, configured};

fn of_values() -> Vec<Case> {
    let one = |key: &str, value: Value| configured(json!({ key: value }));
    let class = |more: Value| {
        let mut config = json!({ "default-resource-class-name": "big" });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        configured(config)
    };
    let seconds = "job-active-deadline-seconds";
    let (cpu, memory) = ("image-check-container-cpu-limit", "image-check-container-memory-limit");
    let default = "default-resource-class-name";
    vec![
        case(
            "E-25",
            one("image", json!("B d")),
            "image",
            "`B d` is not an image reference: bad",
            "[registry/]",
        ),
        case("E-26", one("job-prefix", json!("")), "job-prefix", "`` is empty", "remove the key"),
        case("E-26", one(seconds, json!(0)), seconds, "`0`", "write 1 or more"),
        case("E-32", one(cpu, json!("lots")), cpu, "`lots`", "500m"),
        case("E-33", one(memory, json!("")), memory, "``", "500m"),
        case("E-34", class(json!({})), default, "`big`", "define the class"),
        case("E-35", class(json!({ "resource-classes": {} })), default, "`big`", "define the class"),
    ]
}

fn of_objects() -> Vec<Case> {
    let hook = |hook: Value| configured(json!({ "agent-config": { "additional-hooks": [hook] } }));
    let volume = json!({ "name": "v", "emptyDir": {} });
    let (path, at) = ("agent-config.additional-hooks[0].path", "agent-config.additional-hooks[0].volume");
    let name = "agent-config.additional-hooks[0].volume.name";
    let patch = |patch: Value| configured(json!({ "pod-spec-patch": patch }));
    let image = patch(json!({ "initContainers": [{ "name": "i", "image": "B d" }] }));
    let args = patch(json!({ "containers": [{ "name": "a", "args": [] }] }));
    let unknown = configured(json!({ "workspace-volume": { "name": "w", "emptydir2": {} } }));
    let huge: Value = serde_json::from_str("99999999999999999999").unwrap();
    let (first_image, first_args) =
        ("pod-spec-patch.initContainers[0].image", "pod-spec-patch.containers[0].args");
    let nearest = "did you mean `emptyDir`?";
    let huge = patch(json!({ "priority": huge }));
    vec![
        case("E-27", hook(json!({ "volume": volume })), path, "missing", "where the hooks are mounted"),
        case("E-28", hook(json!({ "path": "/h" })), at, "missing", "give the Kubernetes volume"),
        case("E-29", hook(json!({ "path": "/h", "volume": {} })), name, "missing", "a name of its own"),
        case("E-30", image, first_image, "`B d`", "[registry/]"),
        case("E-31", args, first_args, "what a container runs", "take it out"),
        case("E-36", unknown, "workspace-volume.emptydir2", "unknown key", nearest),
        case("E-36", huge, "pod-spec-patch.priority", "beyond the range", "9223372036854775807"),
        case("E-36", patch(json!(5)), "pod-spec-patch", "found number `5`", "`key: value` pairs"),
    ]
}

fn of_policies() -> Vec<Case> {
    let policy = |policy: Value| configured(json!({ "pod-policy": policy }));
    let cpu = |most: &str| policy(json!({ "max-resources": { "pod": { "cpu": most } } }));
    let path = |path: &str| policy(json!({ "allow-host-path": [path] }));
    let (first, pod) = ("pod-policy.allow-host-path[0]", "pod-policy.max-resources.pod.cpu");
    let images = policy(json!({ "allowed-images": ["a", ""] }));
    vec![
        case("E-42", images, "pod-policy.allowed-images[1]", "`` is an empty pattern", "write `*`"),
        case("E-42", path("x"), first, "`x` is not absolute", "from `/` on"),
        case("E-42", path("/a/../b"), first, "`/a/../b` holds `..`", "leads to"),
        case("E-42", cpu("-1"), pod, "`-1` is negative", "write 0"),
        case("E-42", cpu("x"), pod, "`x` is not", "500m"),
    ]
}

fn of_the_patch() -> Vec<Case> {
    let patch = |patch: Value| configured(json!({ "pod-spec-patch": patch }));
    let order = json!({ "$setElementOrder/containers": [{ "name": "agent" }], "containers": [{ "name": "container-0" }] });
    vec![
        case(
            "E-15",
            patch(json!({ "volumes": [{}] })),
            "pod-spec-patch.volumes[0]",
            "`name`",
            "give it to each",
        ),
        case(
            "E-17",
            patch(json!({ "$patch": "remove" })),
            "pod-spec-patch",
            "`$patch: remove`",
            "takes replace",
        ),
        case("E-18", patch(json!({ "$retainKeys": "x" })), "pod-spec-patch", "`$retainKeys`", "every key"),
        case("E-19", patch(order), "pod-spec-patch.containers", "`$setElementOrder`", "same order"),
        case(
            "E-20",
            patch(json!({ "$setElementOrder/volumes": 1 })),
            "pod-spec-patch.$setElementOrder/volumes",
            "not a list",
            "give it a list",
        ),
    ]
}

/// job-manifest E-25, E-26, E-27, E-28, E-29, E-30, E-31, E-32, E-33, E-34, E-35, E-36, E-42
#[test]
fn of_a_configuration() {
    check(&of_values());
    check(&of_objects());
    check(&of_policies());
}

/// job-manifest, E-15, E-17, E-18, E-19, E-20
#[test]
fn of_the_controllers_patch() {
    check(&of_the_patch());
}

/// job-manifest 9.2
#[test]
fn none_is_forgotten() {
    let cases: Vec<Case> = [of_values(), of_objects(), of_policies()].into_iter().flatten().collect();
    check_complete("9.2", &cases, &[]);
}
