//! The Kubernetes objects that the demo makes itself: what a chart would make for the controller.

use serde_json::{Value, json};

/// Name of the Secret with the agent token: the controller's default.
const TOKEN_SECRET: &str = "buildkite-agent-token";

/// Name of ServiceAccount, Role and RoleBinding.
pub(super) const CONTROLLER: &str = "controller";

/// Label of the namespace; its value tells one run's from any other.
pub(super) const RUN_LABEL: &str = "agent-stack-k8s.demo/run";

/// Its own image, pinned, so that what the probe shows holds for the jobs.
pub(super) fn agent_image() -> String {
    format!("ghcr.io/buildkite/agent:{}", crate::cluster::AGENT_VERSION)
}

/// The namespace of one run.
pub(super) fn namespace(name: &str, run: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": { "name": name, "labels": { RUN_LABEL: run } },
    })
}

/// Everything the controller needs in its namespace: its rights and the token it signs in with.
pub(super) fn controller(namespace: &str, agent_token: &str) -> Value {
    let metadata = json!({ "name": CONTROLLER, "namespace": namespace });
    let rules: Value = serde_yaml::from_str(include_str!("../../../fixtures/rbac/controller.yaml"))
        .expect("the file of rules is part of this repository");
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata },
        { "apiVersion": version, "kind": "Role", "metadata": metadata, "rules": rules },
        {
            "apiVersion": version,
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": { "apiGroup": group, "kind": "Role", "name": CONTROLLER },
            "subjects": [{ "kind": "ServiceAccount", "name": CONTROLLER, "namespace": namespace }],
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": TOKEN_SECRET, "namespace": namespace },
            "stringData": { "BUILDKITE_AGENT_TOKEN": agent_token },
        },
    ]})
}

/// A kubeconfig that knows the cluster, and of its users only the controller.
pub(super) fn kubeconfig(cluster: &Value, namespace: &str, token: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "demo",
        "contexts": [{
            "name": "demo",
            "context": { "cluster": "demo", "user": CONTROLLER, "namespace": namespace },
        }],
        "clusters": [{ "name": "demo", "cluster": cluster }],
        "users": [{ "name": CONTROLLER, "user": { "token": token } }],
    })
}

/// Name of the probe pod and of its container.
pub(super) const PROBE: &str = "probe";

/// Seconds that the probe gives a connection; one that is filtered never answers.
const PROBE_SECONDS: u32 = 15;

/// A pod of the agent's image that fetches the simulator's page and ends with 0 if it got it.
///
/// The agent's images have a shell and coreutils in common, but no HTTP client.
pub(super) fn probe(namespace: &str, host: &str, port: u16) -> Value {
    let script = r#"exec 3<>"/dev/tcp/$1/$2" &&
        printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3 &&
        read -r line <&3 && [[ $line == *" 200 "* ]]"#;
    let seconds = PROBE_SECONDS.to_string();
    let host = host.trim_matches(['[', ']']);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": PROBE, "namespace": namespace },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": PROBE,
                "image": agent_image(),
                "imagePullPolicy": "IfNotPresent",
                "command": ["timeout", seconds, "bash", "-c", script, PROBE, host, port.to_string()],
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controller_may_read_the_secret_that_is_made_for_it_and_no_other() {
        let list = controller("ns", "token");
        let items = list["items"].as_array().unwrap();
        let role = items.iter().find(|item| item["kind"] == "Role").unwrap();
        let rules = role["rules"].as_array().unwrap();
        let readable: Vec<&Value> = rules
            .iter()
            .filter(|rule| rule["resources"][0] == "secrets" && rule["verbs"][0] == "get")
            .collect();
        assert_eq!(readable.len(), 1);
        assert_eq!(readable[0]["resourceNames"], json!([TOKEN_SECRET]));
    }

    #[test]
    fn every_object_lies_in_the_namespace() {
        let list = controller("ns", "token");
        for item in list["items"].as_array().unwrap() {
            assert_eq!(item["metadata"]["namespace"], "ns", "{item}");
        }
    }

    #[test]
    fn a_probe_takes_an_ipv6_address_without_its_brackets() {
        let pod = probe("ns", "[fd00::1]", 8091);
        let command = pod["spec"]["containers"][0]["command"].as_array().unwrap();
        assert_eq!(command[command.len() - 2..], [json!("fd00::1"), json!("8091")]);
    }
}
