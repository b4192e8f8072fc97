//! Every crate in the tree can be used under a licence that `deny.toml` allows.

use std::collections::BTreeSet;

use crate::{assert_none, metadata, read_toml, root};

#[test]
fn every_licence_is_allowed() {
    let deny = read_toml(&root().join("deny.toml"));
    let allowed: BTreeSet<String> = deny["licenses"]["allow"]
        .as_array()
        .expect("licenses.allow is a list")
        .iter()
        .map(|licence| licence.as_str().expect("a licence is text").to_owned())
        .collect();
    let findings = metadata()
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(|expression| permits(expression, &allowed)))
        .map(|package| format!("{}: {:?}", package.name, package.license))
        .collect();
    assert_none("licences that deny.toml does not allow", findings);
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
