//! `$setElementOrder` (job-manifest 7.5).

use crate::{check, check_names};

/// A patch that gives containers and orders them, both by name.
fn ordered(given: &str, order: &str) -> String {
    let list = |names: &str| {
        let names: Vec<String> = names.split_whitespace().map(|name| format!("{{name: {name}}}")).collect();
        format!("[{}]", names.join(", "))
    };
    let order = format!("$setElementOrder/containers: {}", list(order));
    if given.is_empty() {
        return format!("{{{order}}}");
    }
    format!("{{containers: {}, {order}}}", list(given))
}

/// job-manifest, E-19
#[test]
fn the_order_of_a_list_can_be_set() {
    for (id, original, given, order, want) in [
        ("job-manifest C-319", "a b c", "b", "c b a", "c b a"),
        ("job-manifest C-320", "a b c", "", "c a", "b c a"),
        ("job-manifest C-321", "a b c", "new", "b new a", "b new a c"),
        ("job-manifest C-322", "a b c d e", "e b", "e c b", "a d e c b"),
        ("job-manifest C-323", "a b c", "b a", "a b", "E-19"),
        ("job-manifest C-324", "a b c", "new", "a", "E-19"),
        ("job-manifest C-325", "", "", "a", ""),
        ("twice in the patch, once in the order", "a b", "a a", "a b", "E-19"),
        ("twice in both", "a b", "a a", "b a a", "b a"),
        ("only the patch has it", "", "b a", "b a", "b a"),
        ("an order of nothing", "a b", "new", "", "a b new"),
    ] {
        check_names(id, original, &ordered(given, order), want);
    }
}

/// job-manifest, E-20
#[test]
fn an_order_fits_its_list() {
    let env = |text: &str| format!("{{containers: [{{name: c, {text}}}]}}");
    for (id, original, patch, want) in [
        (
            "job-manifest C-326, first half",
            String::new(),
            "{$setElementOrder: [a]}".to_owned(),
            "E-20".to_owned(),
        ),
        (
            "job-manifest C-326, second half",
            String::new(),
            "{$setElementOrder/containers: a}".to_owned(),
            "E-20".to_owned(),
        ),
        (
            "job-manifest C-327",
            env("env: [{name: A}, {name: B}, {name: C}]"),
            env("env: [{name: C, value: x}], $setElementOrder/env: [{name: C}, {name: A}]"),
            env("env: [{name: B}, {name: C, value: x}, {name: A}]"),
        ),
        (
            "names of the order need their key",
            env("tty: true"),
            "{$setElementOrder/containers: [{image: x}]}".to_owned(),
            "E-15".to_owned(),
        ),
        (
            "an order of texts for objects",
            env("tty: true"),
            "{$setElementOrder/containers: [c]}".to_owned(),
            "E-16".to_owned(),
        ),
        (
            "a replaced list of scalars",
            env("args: [a, b, c]"),
            env("$setElementOrder/args: [c, a]"),
            env("args: [b, c, a]"),
        ),
        (
            "a replaced list of objects",
            "{tolerations: [{key: a}]}".to_owned(),
            "{$setElementOrder/tolerations: [{key: a}]}".to_owned(),
            "E-20".to_owned(),
        ),
        ("an unknown list", "{x: [a]}".to_owned(), "{$setElementOrder/x: [a]}".to_owned(), "E-21".to_owned()),
        (
            "a list that is none",
            "{x: a}".to_owned(),
            "{$setElementOrder/x: [a]}".to_owned(),
            "{x: a}".to_owned(),
        ),
        (
            "a list that goes",
            env("args: [a, b]"),
            env("args: null, $setElementOrder/args: [b]"),
            "{containers: [{name: c}]}".to_owned(),
        ),
        (
            "the patch's list is done with: it is not merged twice",
            env("env: [{name: A}]"),
            env("env: [{name: A, $patch: delete}, {name: B}], $setElementOrder/env: [{name: B}]"),
            env("env: [{name: B}]"),
        ),
        (
            "deleted elements are placed by where they stood",
            "{containers: [{name: a}, {name: b, tty: true}, {name: d}]}".to_owned(),
            "{containers: [{name: b, $patch: delete}, {name: b}], $setElementOrder/containers: [{name: b}]}"
                .to_owned(),
            "{containers: [{name: a}, {name: b}, {name: d}]}".to_owned(),
        ),
    ] {
        check(id, &original, &patch, &want);
    }
}
