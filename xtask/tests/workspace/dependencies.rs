//! Bans, second versions and the TLS provider, as `deny.toml` states them.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver::{Version, VersionReq};

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

/// Reads `bans.skip`: versions that may stand beside another one, each with its reason.
fn skips() -> Vec<(String, VersionReq)> {
    let deny = read_toml(&root().join("deny.toml"));
    assert_eq!(deny["bans"]["multiple-versions"].as_str(), Some("deny"), "this test holds no other rule");
    let entries = deny["bans"]["skip"].as_array().expect("bans.skip is a list");
    entries
        .iter()
        .map(|entry| {
            let text = entry["crate"].as_str().expect("a crate with a version");
            let (name, version) = text.split_once('@').expect("a crate with a version");
            assert!(entry["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{text}: no reason");
            (name.to_owned(), version.parse().expect("a version requirement"))
        })
        .collect()
}

/// Every version of every crate in the tree.
fn versions() -> BTreeMap<&'static str, BTreeSet<&'static Version>> {
    let mut versions: BTreeMap<&str, BTreeSet<&Version>> = BTreeMap::new();
    for package in &metadata().packages {
        versions.entry(package.name.as_str()).or_default().insert(&package.version);
    }
    versions
}

#[test]
fn banned_crates_stay_out() {
    let versions = versions();
    let findings = bans()
        .into_iter()
        .filter(|ban| !ban.only_second_versions && versions.contains_key(ban.name.as_str()))
        .map(|ban| format!("{} is banned", ban.name))
        .collect();
    assert_none("deny.toml forbids", findings);
}

#[test]
fn second_versions_stay_out_unless_deny_toml_says_why() {
    let skips = skips();
    let single: BTreeSet<String> =
        bans().into_iter().filter(|ban| ban.only_second_versions).map(|ban| ban.name).collect();
    let versions = versions();
    let mut findings = Vec::new();
    for (name, found) in &versions {
        let skipped = |version: &Version| {
            skips.iter().any(|(skip, wanted)| skip == name && wanted.matches(version))
                && !single.contains(*name)
        };
        let left: Vec<String> =
            found.iter().filter(|version| !skipped(version)).map(|version| version.to_string()).collect();
        if left.len() > 1 {
            findings.push(format!("{name} in versions {left:?}"));
        }
    }
    for (name, wanted) in &skips {
        let found = versions.get(name.as_str());
        let has_a_second = found.is_some_and(|found| found.len() > 1);
        if !has_a_second || !found.is_some_and(|found| found.iter().any(|version| wanted.matches(version))) {
            findings.push(format!("{name}@{wanted} is in `skip` and needs it no longer"));
        }
        if single.contains(name) {
            findings.push(format!("{name} may never be in `skip`"));
        }
    }
    assert_none("second versions", findings);
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
