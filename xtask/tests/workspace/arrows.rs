//! Which crate may depend on which. A new edge is a decision: it changes the list below.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::{assert_none, metadata};

/// The allowed edges between our crates. Dev-dependencies are exempt: a test may look anywhere.
const ARROWS: &[(&str, &[&str])] = &[
    ("agent-stack-k8s", BINS),
    ("buildkite-sim-cli", BINS),
    (
        "stack-controller",
        &["bk-agent-api", "job-lifecycle", "k8s-runtime", "limiter", "podspec-builder", "stack-config"],
    ),
    // Defaults of the configuration have the keys of the plugin block's parameters.
    ("stack-config", &["pipeline-model", "podspec-builder", "redaction", "yaml-source"]),
    ("podspec-builder", &["pipeline-model", "redaction", "shared-json", "strategic-merge"]),
    ("pipeline-model", &["redaction", "shared-json", "yaml-source"]),
    ("strategic-merge", &["shared-json"]),
    ("shared-json", &[]),
    ("redaction", &[]),
    // Reading a pipeline file and JSON values may be shared with what the simulators test; nothing else is.
    ("buildkite-sim", &["yaml-source"]),
    ("cluster-sim", &["shared-json"]),
    // Joins the stack and the two simulators, and judges; nothing depends on it.
    (
        "simulation",
        &["bk-agent-api", "buildkite-sim", "cluster-sim", "k8s-runtime", "stack-config", "stack-controller"],
    ),
    // The two I/O crates never see each other, nor anything else of ours but what hides secrets in texts: two
    // notions of what a token looks like would be a leak.
    ("bk-agent-api", &["redaction"]),
    ("k8s-runtime", &[]),
    ("job-lifecycle", &[]),
    ("limiter", &[]),
    ("yaml-source", &[]),
];

/// What a command line may wire together. Settings and telemetry types come with the controller; files that
/// are named on a command line are read with their lines, so that a mistake in one is pointed at.
const BINS: &[&str] = &[
    "buildkite-sim",
    "cluster-sim",
    "pipeline-model",
    "podspec-builder",
    "stack-config",
    "stack-controller",
    "yaml-source",
];

/// Crates without an own row: scenarios and chores join whatever they need.
const UNBOUND: &[&str] = &["e2e-tests", "xtask"];

/// Crates that decide and never act: no runtime, no client, no server, not even through others.
const PURE: &[&str] = &[
    "job-lifecycle",
    "limiter",
    "pipeline-model",
    "podspec-builder",
    "redaction",
    "shared-json",
    "stack-config",
    "strategic-merge",
    "yaml-source",
];

/// What purity rules out.
const IMPURE: &[&str] = &["axum", "hyper", "kube", "reqwest", "tokio"];

/// The only crates of ours that may name these dependencies directly.
const SOLE_USERS: &[(&str, &[&str])] =
    &[("reqwest", &["bk-agent-api"]), ("kube", &["k8s-runtime"]), ("granit-parser", &["yaml-source"])];

/// The packages of this workspace by name.
fn members(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect()
}

/// Names of the direct normal and build dependencies of a package.
fn direct(package: &Package) -> BTreeSet<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

#[test]
fn crates_of_ours_depend_only_along_the_arrows() {
    let metadata = metadata();
    let members = members(metadata);
    let mut findings = Vec::new();
    for (name, package) in &members {
        if UNBOUND.contains(name) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| from == name) else {
            findings.push(format!("{name} has no row in ARROWS"));
            continue;
        };
        for used in direct(package) {
            if members.contains_key(used) && !allowed.contains(&used) {
                findings.push(format!("{name} -> {used}"));
            }
        }
    }
    assert_none("edges that the arrows do not allow", findings);
}

#[test]
fn the_arrows_name_only_crates_that_exist() {
    let metadata = metadata();
    let members = members(metadata);
    let findings = ARROWS
        .iter()
        .flat_map(|(from, to)| std::iter::once(from).chain(to.iter()))
        .chain(UNBOUND)
        .chain(PURE)
        .filter(|name| !members.contains_key(**name))
        .map(|name| format!("no crate is called {name}"))
        .collect();
    assert_none("rows for crates that are gone", findings);
}

#[test]
fn pure_crates_reach_no_runtime_and_no_client() {
    let metadata = metadata();
    let graph = normal_graph(metadata);
    let mut findings = Vec::new();
    for pure in PURE {
        let mut seen = BTreeSet::from([*pure]);
        let mut queue = vec![*pure];
        while let Some(name) = queue.pop() {
            for next in graph.get(name).into_iter().flatten() {
                if IMPURE.contains(next) {
                    findings.push(format!("{pure} reaches {next} through {name}"));
                }
                if seen.insert(next) {
                    queue.push(next);
                }
            }
        }
    }
    assert_none("impure dependencies of pure crates", findings);
}

/// Package name to the names of its normal dependencies, over the resolved graph.
fn normal_graph(metadata: &Metadata) -> BTreeMap<&str, BTreeSet<&str>> {
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let resolve = metadata.resolve.as_ref().expect("metadata was asked to resolve");
    let mut graph: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for node in &resolve.nodes {
        let edges = graph.entry(names[&node.id]).or_default();
        for dependency in &node.deps {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if normal {
                edges.insert(names[&dependency.pkg]);
            }
        }
    }
    graph
}

#[test]
fn pure_crates_switch_the_disallowed_methods_on() {
    let switch = "#![cfg_attr(not(test), warn(clippy::disallowed_methods))]";
    let findings = PURE
        .iter()
        .map(|name| crate::root().join("crates").join(name).join("src/lib.rs"))
        .filter(|path| !std::fs::read_to_string(path).unwrap().contains(switch))
        .map(|path| format!("{} lacks {switch}", path.display()))
        .collect();
    assert_none("pure crates that may reach for clock, environment or disk", findings);
}

#[test]
fn clients_and_parsers_have_one_user_each() {
    let metadata = metadata();
    let mut findings = Vec::new();
    for (name, package) in members(metadata) {
        if UNBOUND.contains(&name) {
            continue;
        }
        for (dependency, users) in SOLE_USERS {
            if direct(package).contains(dependency) && !users.contains(&name) {
                findings.push(format!("{name} uses {dependency}"));
            }
        }
    }
    assert_none("a dependency with one home is used elsewhere", findings);
}

/// A library that picks a Kubernetes version breaks whoever embeds it with another one.
#[test]
fn libraries_leave_the_kubernetes_version_to_the_binary() {
    let metadata = metadata();
    let mut findings = Vec::new();
    for (name, package) in members(metadata) {
        if UNBOUND.contains(&name) || package.targets.iter().any(|target| target.is_bin()) {
            continue;
        }
        for dependency in &package.dependencies {
            if dependency.name == "k8s-openapi"
                && dependency.kind != DependencyKind::Development
                && dependency.features.iter().any(|feature| feature.starts_with("v1_") || feature == "latest")
            {
                findings.push(format!("{name} enables {:?}", dependency.features));
            }
        }
    }
    assert_none("version features of k8s-openapi in libraries", findings);
}
