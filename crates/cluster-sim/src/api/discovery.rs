//! What the server says about itself.

use shared_json::{Text, Value, list, object};

use crate::kind::Kind;

/// The version whose behaviour is simulated.
const VERSION: &str = "v1.36.3";

/// Verbs of objects that can do everything.
const ALL_VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

pub(crate) fn version() -> Value {
    object! {
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }
}

pub(crate) fn root() -> Value {
    object! { "paths": list!["/api", "/api/v1", "/apis", "/apis/authorization.k8s.io", "/apis/authorization.k8s.io/v1",
    "/apis/batch", "/apis/batch/v1", "/apis/coordination.k8s.io", "/apis/coordination.k8s.io/v1", "/healthz",
    "/livez", "/readyz", "/version"] }
}

pub(crate) fn core_versions() -> Value {
    object! {
        "kind": "APIVersions",
        "versions": list!["v1"],
        "serverAddressByClientCIDRs": list![object! { "clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1" }],
    }
}

pub(crate) fn groups() -> Value {
    let groups: Vec<Value> =
        ["authorization.k8s.io", "batch", "coordination.k8s.io"].into_iter().map(group).collect();
    object! { "kind": "APIGroupList", "apiVersion": "v1", "groups": groups }
}

fn group(name: &str) -> Value {
    let version = object! { "groupVersion": format!("{name}/v1"), "version": "v1" };
    object! { "name": Text::copied(name), "versions": list![&version], "preferredVersion": &version }
}

fn group_document(name: &str) -> Value {
    let mut document = object! { "kind": "APIGroup", "apiVersion": "v1" };
    for (key, value) in group(name).as_object().expect("built above") {
        document[key] = value.clone();
    }
    document
}

pub(crate) fn batch_group() -> Value {
    group_document("batch")
}

pub(crate) fn coordination_group() -> Value {
    group_document("coordination.k8s.io")
}

pub(crate) fn authorization_group() -> Value {
    group_document("authorization.k8s.io")
}

fn resources(group_version: &str, resources: Vec<Value>) -> Value {
    object! {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": Text::copied(group_version),
        "resources": resources,
    }
}

fn short_names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Pod => &["po"],
        Kind::ConfigMap => &["cm"],
        Kind::Event => &["ev"],
        Kind::Namespace => &["ns"],
        Kind::ServiceAccount => &["sa"],
        Kind::Node => &["no"],
        Kind::Job | Kind::Secret | Kind::PodTemplate | Kind::Lease => &[],
    }
}

fn resource(kind: Kind) -> Value {
    let verbs: Vec<&'static str> =
        ALL_VERBS.into_iter().filter(|verb| kind != Kind::Namespace || *verb != "deletecollection").collect();
    let mut resource = object! {
        "name": kind.plural(),
        "singularName": kind.name().to_lowercase(),
        "namespaced": kind.is_namespaced(),
        "kind": kind.name(),
        "verbs": verbs,
    };
    if !short_names(kind).is_empty() {
        resource["shortNames"] = short_names(kind).to_vec().into();
    }
    if matches!(kind, Kind::Job | Kind::Pod) {
        resource["categories"] = list!["all"];
    }
    resource
}

fn below(kind: Kind, name: &str, of: Value, verbs: &[&'static str]) -> Value {
    let mut resource = object! {
        "name": format!("{}/{name}", kind.plural()),
        "singularName": "",
        "namespaced": kind.is_namespaced(),
        "kind": kind.name(),
        "verbs": verbs.to_vec(),
    };
    for (key, value) in of.as_object().into_iter().flatten() {
        resource[key] = value.clone();
    }
    resource
}

pub(crate) fn core() -> Value {
    let mut list = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.group().is_empty()) {
        list.push(resource(kind));
        if kind == Kind::Pod {
            list.push(below(kind, "binding", object! { "kind": "Binding" }, &["create"]));
            let eviction = object! { "kind": "Eviction", "group": "policy", "version": "v1" };
            list.push(below(kind, "eviction", eviction, &["create"]));
            list.push(below(kind, "log", object! {}, &["get"]));
        }
        if matches!(kind, Kind::Pod | Kind::Namespace | Kind::Node) {
            list.push(below(kind, "status", object! {}, &["get", "patch", "update"]));
        }
    }
    list.sort_by(|left, right| left["name"].as_str().cmp(&right["name"].as_str()));
    resources("v1", list)
}

pub(crate) fn batch() -> Value {
    let status = below(Kind::Job, "status", object! {}, &["get", "patch", "update"]);
    resources("batch/v1", vec![resource(Kind::Job), status])
}

pub(crate) fn coordination() -> Value {
    resources("coordination.k8s.io/v1", vec![resource(Kind::Lease)])
}

pub(crate) fn authorization() -> Value {
    let review = |plural: &'static str, kind: &'static str| {
        object! {
            "name": plural,
            "singularName": kind.to_lowercase(),
            "namespaced": false,
            "kind": kind,
            "verbs": list!["create"],
        }
    };
    resources(
        "authorization.k8s.io/v1",
        vec![
            review("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
    )
}
