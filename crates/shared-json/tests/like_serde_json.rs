//! What is promised to be as in `serde_json` is.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use shared_json::{Array, Map, Text, Value, list, object};

/// Any JSON, with keys that occur often.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        ".{0,20}".prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let key = prop_oneof!["[a-d]", ".{0,20}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Objects of few and of many members, with repeated keys, as text.
fn object_text() -> impl Strategy<Value = String> {
    prop::collection::vec((0..60_u8, any::<u8>()), 0..100).prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("\"k{key}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the tests write JSON")
}

proptest! {
    #[test]
    fn all_ways_there_and_back_give_the_same(json in any_json()) {
        let value = Value::from(&json);
        prop_assert_eq!(&value, &json);
        prop_assert_eq!(&Json::from(&value), &json);
        prop_assert_eq!(value.to_string(), json.to_string());
        prop_assert_eq!(&read(&json.to_string()), &read(&value.to_string()));
        prop_assert_eq!(read(&json.to_string()).to_string(), serde_json::from_str::<Json>(&json.to_string()).unwrap().to_string());
    }

    #[test]
    fn equality_is_the_same(left in any_json(), right in any_json()) {
        let (one, two) = (Value::from(&left), Value::from(&right));
        prop_assert_eq!(one == two, left == right);
        prop_assert_eq!(one == right, left == right);
        prop_assert_eq!(&one, &one.clone());
        let mut sorted = left.clone();
        sorted.sort_all_objects();
        prop_assert_eq!(&Value::from(&sorted), &one);
    }

    /// The last value at the first place, and sorting by bytes.
    #[test]
    fn repeated_keys_and_order(text in object_text()) {
        let (mut ours, mut theirs) = (read(&text), serde_json::from_str::<Json>(&text).unwrap());
        prop_assert_eq!(ours.to_string(), theirs.to_string());
        for key in theirs.as_object().unwrap().keys() {
            prop_assert_eq!(&ours[key], &theirs[key]);
        }
        prop_assert!(ours.get("k99").is_none());
        ours.sort_all_objects();
        theirs.sort_all_objects();
        prop_assert_eq!(ours.to_string(), theirs.to_string());
        prop_assert!(ours.is_sorted());
    }

    /// Whatever is done to an object, whoever holds it too sees nothing of it, and both can be looked up.
    #[test]
    fn changes_are_those_of_an_ordered_map(text in object_text(), steps in prop::collection::vec((0..4_u8, 0..60_u8), 0..40)) {
        let shared = read(&text);
        let mut ours = shared.as_object().unwrap().clone();
        let mut theirs: serde_json::Map<String, Json> = serde_json::from_str(&text).unwrap();
        for (step, number) in steps {
            let key = format!("k{number}");
            match step {
                0 => prop_assert_eq!(ours.insert(&key, 1000.into()), theirs.insert(key.clone(), 1000.into()).map(Value::from)),
                1 => prop_assert_eq!(ours.remove(&key), theirs.shift_remove(&key).map(Value::from)),
                2 => {
                    ours.retain(|key, _| key.len() > 2 || number % 2 == 0);
                    theirs.retain(|key, _| key.len() > 2 || number % 2 == 0);
                }
                _ => {
                    ours.get_or_insert_with(&key, || 7.into());
                    theirs.entry(key.clone()).or_insert_with(|| 7.into());
                }
            }
            prop_assert_eq!(ours.get(&key).cloned(), theirs.get(&key).map(Value::from));
            prop_assert_eq!(ours.len(), theirs.len());
        }
        for (key, value) in &theirs {
            prop_assert_eq!(ours.get(key), Some(&Value::from(value)));
        }
        prop_assert_eq!(Value::Object(ours).to_string(), Json::Object(theirs).to_string());
        prop_assert_eq!(shared, read(&text));
    }

    #[test]
    fn pointers_lead_to_the_same(json in any_json(), pointer in "(/(~[01]|[a-d]|[+]?[0-2]|00|)){0,4}") {
        let value = Value::from(&json);
        prop_assert_eq!(value.pointer(&pointer).map(Json::from), json.pointer(&pointer).cloned());
    }

    #[test]
    fn texts_are_texts(text in ".{0,40}", other in ".{0,40}") {
        let copied = Text::copied(&text);
        prop_assert_eq!(copied.as_str(), text.as_str());
        prop_assert_eq!(copied.cmp(&Text::copied(&other)), text.cmp(&other));
        prop_assert_eq!(Text::concat(&[&text, "", &other]), Text::from(format!("{text}{other}")));
        prop_assert_eq!(Text::display(&copied), copied);
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for levels in [126, 127, 128, 129] {
        let (ours, theirs) =
            (serde_json::from_str::<Value>(&nested(levels)), serde_json::from_str::<Json>(&nested(levels)));
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{levels}");
    }
}

#[test]
fn literals() {
    const KEY: &str = "key";
    let value = object! { KEY: list![1, true, "x", Value::Null], "empty": list![], "inner": object! {} };
    assert_eq!(value, json!({ "key": [1, true, "x", null], "empty": [], "inner": {} }));
    assert_eq!(value["key"][2], "x");
    assert_eq!(value["key"][9], Value::Null);
    assert_eq!(format!("{value:?}"), r#"{"key": [1, true, "x", null], "empty": [], "inner": {}}"#);
}

/// A list that is shared is copied by the first change only, and not by one that changes nothing.
#[test]
fn lists_are_copied_on_change() {
    let first: Array = [Value::from(1), Value::from(2)].into();
    let mut second = first.clone();
    second.retain(|_| true);
    assert!(std::ptr::eq(&*first, &*second));
    second.make_mut()[0] = Value::from(3);
    second.push("x");
    second.insert(1, Value::Null);
    assert_eq!(second.remove(2), 2);
    second.retain(|value| !value.is_null());
    assert_eq!(
        (Value::Array(first).to_string(), Value::Array(second).to_string()),
        ("[1,2]".into(), r#"[3,"x"]"#.into())
    );
}

/// With lookups one by one this would take minutes.
#[test]
fn a_hundred_thousand_keys_are_no_trouble() {
    let count = 100_000;
    let text = |repeats: bool| {
        let members: Vec<String> =
            (0..count).map(|at| format!("\"k{}\":{at}", if repeats { at / 2 } else { at })).collect();
        format!("{{{}}}", members.join(","))
    };
    let value = read(&text(false));
    assert_eq!(read(&text(true)).as_object().unwrap().len(), count / 2);
    let mut map = Map::new();
    for (key, value) in value.as_object().unwrap().iter().rev() {
        map.insert(key.clone(), value.clone());
    }
    let mut other = Value::Object(map);
    assert_eq!(other, value);
    other.sort_all_objects();
    assert_eq!(other, value);
    other.as_object_mut().unwrap().retain(|key, _| key.ends_with('7'));
    assert_eq!(other.as_object().unwrap().len(), count / 10);
    assert_eq!(other["k99997"], 99_997_i64);
}

/// Writing to an index makes objects on the way, and touches nobody else's copy.
#[test]
fn an_index_can_be_written_to() {
    let write = |text: &str| {
        let (mut ours, mut theirs) = (read(text), serde_json::from_str::<Json>(text).unwrap());
        let kept = ours.clone();
        ours["spec"]["suspend"] = true.into();
        theirs["spec"]["suspend"] = true.into();
        assert_eq!(ours, theirs, "{text}");
        assert_eq!(kept, read(text), "the copy stays as it was");
    };
    for text in
        ["null", "{}", r#"{"spec":null}"#, r#"{"spec":{"suspend":false,"a":1}}"#, r#"{"b":[],"spec":{}}"#]
    {
        write(text);
    }
    let mut list = list![1, 2];
    list[1] = "two".into();
    assert_eq!(list, json!([1, "two"]));
    assert_eq!(list.get_mut("a"), None);
}
