//! Every crate in the tree can be used under a licence that `deny.toml` allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{assert_none, metadata, read_toml, root};

#[test]
fn every_licence_is_allowed() {
    let deny = read_toml(&root().join("deny.toml"));
    let allowed = names(&deny["licenses"]["allow"]);
    let exceptions: BTreeMap<&str, BTreeSet<String>> = deny["licenses"]["exceptions"]
        .as_array()
        .expect("licenses.exceptions is a list")
        .iter()
        .map(|entry| (entry["crate"].as_str().expect("a crate name"), names(&entry["allow"])))
        .collect();
    let is_allowed = |name: &str, expression: &str| {
        permits(expression, &allowed)
            || exceptions.get(name).is_some_and(|more| permits(expression, &(&allowed | more)))
    };
    let findings = metadata()
        .packages
        .iter()
        .filter(|package| {
            !package.license.as_deref().is_some_and(|expression| is_allowed(&package.name, expression))
        })
        .map(|package| format!("{}: {:?}", package.name, package.license))
        .collect();
    assert_none("licences that deny.toml does not allow", findings);
}

/// A list of texts as a set.
fn names(list: &toml::Value) -> BTreeSet<String> {
    let list = list.as_array().expect("a list of licences");
    list.iter().map(|licence| licence.as_str().expect("a licence is text").to_owned()).collect()
}

/// Whether a licence expression (`MIT OR (Apache-2.0 AND ISC)`, or the old `MIT/Apache-2.0`) can
/// be met with the allowed licences alone.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let value = any_of(&mut rest, allowed);
    value && rest.is_empty()
}

/// `a OR b`: AND binds tighter.
fn any_of(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut value = all_of(rest, allowed);
    while let [first, tail @ ..] = *rest
        && *first == "OR"
    {
        *rest = tail;
        value |= all_of(rest, allowed);
    }
    value
}

/// `a AND b`
fn all_of(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut value = one(rest, allowed);
    while let [first, tail @ ..] = *rest
        && *first == "AND"
    {
        *rest = tail;
        value &= one(rest, allowed);
    }
    value
}

/// A licence, with its exception if it has one, or a parenthesis.
fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let value = any_of(rest, allowed);
            let [")", tail @ ..] = *rest else { return false };
            *rest = tail;
            value
        }
        [licence, "WITH", exception, tail @ ..] => {
            *rest = tail;
            allowed.contains(&format!("{licence} WITH {exception}"))
        }
        [licence, tail @ ..] => {
            *rest = tail;
            allowed.contains(*licence)
        }
        [] => false,
    }
}

#[test]
fn expressions_are_read_as_written() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned(), "A WITH E".to_owned()]);
    let cases = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("GPL-3.0 AND MIT OR ISC", true),
        ("GPL-3.0 AND (MIT OR ISC)", false),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("A WITH E", true),
        ("A", false),
        ("MIT WITH E", false),
        ("", false),
        ("(MIT", false),
    ];
    for (expression, want) in cases {
        assert_eq!(permits(expression, &allowed), want, "{expression}");
    }
}
