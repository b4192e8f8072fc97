//! What stays as it is stays shared, and large input takes no longer than its size asks for.

use shared_json::{Map, Text, Value, list, object};
use strategic_merge::schema::{Kind, table};
use strategic_merge::{Form, merge, read};

const POD: Kind = Kind::Object(&table::POD_SPEC);

/// Whether two lists are one.
fn is_same(left: &Value, right: &Value) -> bool {
    let start = |value: &Value| value.as_array().map(|list| list.as_ptr());
    start(left).is_some() && start(left) == start(right)
}

/// job-manifest R-3
#[test]
fn reading_copies_what_it_changes() {
    let args = list!["a", "b"];
    let pod = object! {
        "containers": list![object! { "name": "a", "args": &args }],
        "volumes": list![object! { "name": "v", "emptyDir": object! { "sizeLimit": 5 } }],
    };
    let read = read(&pod, POD, Form::Object, "", &mut Vec::new()).unwrap();
    assert_eq!(read["volumes"][0]["emptyDir"]["sizeLimit"], "5");
    assert!(is_same(&read["containers"], &pod["containers"]));
    assert!(!is_same(&read["volumes"], &pod["volumes"]));
}

/// job-manifest
#[test]
fn merging_copies_what_it_changes() {
    let original = object! {
        "containers": list![object! { "name": "a", "args": list!["x"], "env": list![object! { "name": "A" }] }],
        "tolerations": list![],
    };
    let patch = object! {
        "containers": list![object! { "name": "a", "env": list![object! { "name": "A", "value": "1" }] }],
        "volumes": list![object! { "name": "v" }],
    };
    let mut merged = original.clone();
    merge(&mut merged, &patch, &table::POD_SPEC).unwrap();
    assert!(is_same(&merged["containers"][0]["args"], &original["containers"][0]["args"]));
    assert!(is_same(&merged["volumes"], &patch["volumes"]));
    assert_eq!(original["containers"][0]["env"], list![object! { "name": "A" }]);
}

fn keys(count: usize, value: impl Fn(usize) -> Value) -> Map {
    (0..count).map(|at| (Text::display(format_args!("key-{at}")), value(at))).collect()
}

/// With lookups one by one each of these would take minutes.
/// job-manifest
#[test]
fn a_hundred_thousand_keys_are_no_trouble() {
    let count = 100_000;
    let pod = object! { "nodeSelector": keys(count, |at| at.to_string().into()), "tolerations": list![] };
    let removing =
        object! { "nodeSelector": keys(count, |at| if at % 2 == 0 { Value::Null } else { "x".into() }) };
    let adding = object! { "nodeSelector": keys(2 * count, |_| "y".into()) };
    let mut merged = read(&pod, POD, Form::Object, "", &mut Vec::new()).unwrap();
    for (patch, want) in [(&removing, count / 2), (&adding, 2 * count)] {
        let patch = read(patch, POD, Form::Patch, "", &mut Vec::new()).unwrap();
        merge(&mut merged, &patch, &table::POD_SPEC).unwrap();
        assert_eq!(merged["nodeSelector"].as_object().unwrap().len(), want);
    }
    merged.sort_all_objects();
    assert!(merged.is_sorted());
}

/// Every spelling of a long name, the last one first: each would look at all that stand before it.
/// job-manifest R-22
#[test]
fn many_spellings_of_one_key_are_no_trouble() {
    let spelling = |number: usize| -> String {
        let case = |(at, c): (usize, char)| if number >> at & 1 == 0 { c.to_ascii_lowercase() } else { c };
        "TERMINATIONGRACEPERIODSECONDS".chars().enumerate().map(case).collect()
    };
    let mut spellings: Vec<String> = (0..20_000).map(spelling).collect();
    spellings.sort_unstable_by(|left, right| right.cmp(left));
    let pod: Map = spellings.iter().map(|key| (key, Value::from(1))).collect();
    let mut findings = Vec::new();
    let read = read(&pod.into(), POD, Form::Object, "", &mut findings).unwrap();
    assert_eq!(read, object! { "terminationGracePeriodSeconds": 1 });
    assert_eq!((findings.len(), findings.last().map(strategic_merge::Finding::rule)), (20_000, Some("W-17")));
}
