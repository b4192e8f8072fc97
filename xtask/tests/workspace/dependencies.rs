//! Bans, second versions and the TLS provider, as `deny.toml` states them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_none, metadata, read_toml, root};

/// One entry of `bans.deny`.
struct Ban {
    name: String,
    /// The crate is welcome, but only once.
    only_second_versions: bool,
}

/// Reads `bans.deny`; an entry that this test does not understand fails instead of passing.
fn bans() -> Vec<Ban> {
    let deny = read_toml(&root().join("deny.toml"));
    let entries = deny["bans"]["deny"].as_array().expect("bans.deny is a list");
    entries
        .iter()
        .map(|entry| {
            let entry = entry.as_table().expect("an entry is a table");
            for key in entry.keys() {
                assert!(
                    ["crate", "reason", "deny-multiple-versions"].contains(&key.as_str()),
                    "this test does not know `{key}` in bans.deny"
                );
            }
            Ban {
                name: entry["crate"].as_str().expect("a crate name").to_owned(),
                only_second_versions: entry
                    .get("deny-multiple-versions")
                    .is_some_and(|value| value.as_bool() == Some(true)),
            }
        })
        .collect()
}

#[test]
fn banned_crates_and_second_versions_stay_out() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        versions.entry(package.name.as_str()).or_default().insert(package.version.to_string());
    }
    let mut findings = Vec::new();
    for ban in bans() {
        let found = versions.get(ban.name.as_str()).cloned().unwrap_or_default();
        if ban.only_second_versions && found.len() > 1 {
            findings.push(format!("{} in versions {found:?}", ban.name));
        }
        if !ban.only_second_versions && !found.is_empty() {
            findings.push(format!("{} is banned", ban.name));
        }
    }
    assert_none("deny.toml forbids", findings);
}

/// With two rustls providers compiled in, the first https client panics.
#[test]
fn rustls_has_ring_as_its_only_provider() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().expect("metadata was asked to resolve");
    let rustls = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "rustls")
        .expect("rustls is in the tree");
    let node = resolve.nodes.iter().find(|node| node.id == rustls.id).expect("rustls is resolved");
    let on: Vec<&str> = node.features.iter().map(|feature| feature.as_str()).collect();
    assert!(on.contains(&"ring"), "features of rustls: {on:?}");
    for other in ["aws_lc_rs", "aws-lc-rs", "fips"] {
        assert!(!on.contains(&other), "features of rustls: {on:?}");
    }
}

#[test]
fn everything_comes_from_the_registry_or_from_here() {
    let findings = metadata()
        .packages
        .iter()
        .filter(|package| {
            package
                .source
                .as_ref()
                .is_some_and(|source| !source.is_crates_io() && !source.repr.starts_with("registry+"))
        })
        .map(|package| format!("{} comes from {:?}", package.name, package.source))
        .collect();
    assert_none("sources outside the registry", findings);
}
