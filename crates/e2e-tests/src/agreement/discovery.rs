//! What the server says about itself.

use anyhow::ensure;
use serde_json::{Value, json};

use super::matching::ANY;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    the_version_is_told,
    the_server_is_well,
    the_versions_of_the_core_are_listed,
    the_groups_are_listed,
    one_group_is_described,
    resources_of_the_core_are_described,
    resources_of_jobs_are_described,
    resources_of_leases_are_described,
];

/// As text, since some clients read a plus sign in it.
async fn the_version_is_told(stage: Stage) -> Outcome {
    let expected = json!({ "major": "1", "minor": "36", "gitVersion": "~v1.36", "platform": ANY });
    stage.get("/version").await?.has(200, &expected)?;
    Ok(())
}

/// Three questions, one answer.
async fn the_server_is_well(stage: Stage) -> Outcome {
    for path in ["/healthz", "/livez", "/readyz"] {
        stage.get(path).await?.has(200, &json!("ok"))?;
    }
    Ok(())
}

/// There is one.
async fn the_versions_of_the_core_are_listed(stage: Stage) -> Outcome {
    stage.get("/api").await?.has(200, &json!({ "kind": "APIVersions", "versions": ["v1"] }))?;
    Ok(())
}

/// Those that the stack needs are among them.
async fn the_groups_are_listed(stage: Stage) -> Outcome {
    let list = stage.get("/apis").await?.has(200, &json!({ "kind": "APIGroupList", "apiVersion": "v1" }))?;
    for name in ["batch", "coordination.k8s.io", "authorization.k8s.io"] {
        let group = list["groups"].as_array().into_iter().flatten().find(|group| group["name"] == name);
        let preferred = json!({ "groupVersion": format!("{name}/v1"), "version": "v1" });
        ensure!(group.is_some_and(|group| group["preferredVersion"] == preferred), "{name}: {list}");
    }
    Ok(())
}

/// With its versions.
async fn one_group_is_described(stage: Stage) -> Outcome {
    let version = json!({ "groupVersion": "batch/v1", "version": "v1" });
    let expected = json!({
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": "batch",
        "versions": [version],
        "preferredVersion": version,
    });
    stage.get("/apis/batch").await?.has(200, &expected)?;
    Ok(())
}

/// Each of these resources: name, kind, namespaced, and some of its verbs.
async fn described(stage: &Stage, path: &str, rows: &[(&str, &str, bool, &[&str])]) -> Outcome {
    let list = stage.get(path).await?.has(200, &json!({ "kind": "APIResourceList" }))?;
    let resources: Vec<&Value> = list["resources"].as_array().into_iter().flatten().collect();
    for (name, kind, namespaced, verbs) in rows {
        let Some(resource) = resources.iter().find(|resource| resource["name"] == *name) else {
            anyhow::bail!("no {name} in {list}");
        };
        ensure!(resource["kind"] == *kind && resource["namespaced"] == *namespaced, "{resource}");
        let known: Vec<&str> =
            resource["verbs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(verbs.iter().all(|verb| known.contains(verb)), "{name}: {verbs:?} of {resource}");
    }
    Ok(())
}

/// What can be done with a kind that is stored.
const ALL: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// Pods with their parts.
async fn resources_of_the_core_are_described(stage: Stage) -> Outcome {
    let rows: &[(&str, &str, bool, &[&str])] = &[
        ("pods", "Pod", true, ALL),
        ("pods/log", "Pod", true, &["get"]),
        ("pods/status", "Pod", true, &["get", "patch", "update"]),
        ("secrets", "Secret", true, ALL),
        ("configmaps", "ConfigMap", true, ALL),
        ("events", "Event", true, ALL),
        ("podtemplates", "PodTemplate", true, ALL),
        ("serviceaccounts", "ServiceAccount", true, ALL),
        ("namespaces", "Namespace", false, &["create", "delete", "get", "list", "watch"]),
    ];
    described(&stage, "/api/v1", rows).await
}

/// Jobs with their status.
async fn resources_of_jobs_are_described(stage: Stage) -> Outcome {
    let rows: &[(&str, &str, bool, &[&str])] =
        &[("jobs", "Job", true, ALL), ("jobs/status", "Job", true, &["get", "patch", "update"])];
    described(&stage, "/apis/batch/v1", rows).await
}

/// The others of their group may be missing.
async fn resources_of_leases_are_described(stage: Stage) -> Outcome {
    described(&stage, "/apis/coordination.k8s.io/v1", &[("leases", "Lease", true, ALL)]).await
}
