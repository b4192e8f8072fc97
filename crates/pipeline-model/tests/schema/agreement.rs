//! The reader and the schema judge alike: what the one takes without a word, the other accepts, and nothing else.

use pipeline_model::shape::{Field, ObjectType, Shape};
use pipeline_model::{BLOCK, KUBERNETES_PLUGIN, parse_plugins};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strategic_merge::random_cases::accepted;

use crate::PLUGIN;

fn leaf() -> BoxedStrategy<Value> {
    let leaves =
        [json!(null), json!(true), json!(3), json!(-1.5), json!("x"), json!(""), json!([]), json!(["x", 1])];
    prop::sample::select(leaves.to_vec()).boxed()
}

/// A value of a field: mostly a right one, else anything. Kubernetes objects are only right ones, because the reader
/// leaves what is inside of them to others.
fn value(field: &'static Field) -> BoxedStrategy<Value> {
    let examples: Vec<Value> =
        field.examples.iter().map(|example| serde_json::from_str(example).unwrap()).collect();
    let right = match field.shape {
        Shape::Object(inner) => object(inner),
        Shape::Map(_) => {
            prop::collection::btree_map("[a-z]{1,3}", leaf(), 0..3).prop_map(|map| json!(map)).boxed()
        }
        Shape::Words(words) => prop::sample::select(words).prop_map(Value::from).boxed(),
        _ => prop::sample::select(examples).boxed(),
    };
    prop_oneof![6 => right, 1 => leaf()].boxed()
}

/// The key, now and then in another letter case or misspelt.
fn key(field: &'static Field) -> BoxedStrategy<String> {
    let name = field.name.to_owned();
    prop_oneof![
        20 => Just(name.clone()),
        1 => Just(name.to_uppercase()),
        1 => Just(format!("{name}s")),
        1 => Just("$patch".to_owned()),
    ]
    .boxed()
}

fn object(object: &'static ObjectType) -> BoxedStrategy<Value> {
    let member = prop::sample::select(object.fields.iter().collect::<Vec<_>>())
        .prop_flat_map(|field| (key(field), value(field)));
    prop::collection::vec(member, 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
        .boxed()
}

/// Pods and patches that an API server takes, drawn from lists of valid values that have nothing to do with the API
/// description: the level-3 tests show them to a real one.
///
/// job-manifest 3, 7
#[test]
fn what_kubernetes_accepts_is_accepted() {
    let mut failures = String::new();
    for seed in 0..1000 {
        let case = accepted(seed);
        // What shows a deliberate difference is well-formed for one of the two only.
        if case.deliberate.is_some() {
            continue;
        }
        for block in
            [json!({ "podSpec": case.template["spec"] }), json!({ "podSpecPatch": case.patch["spec"] })]
        {
            let complaints = PLUGIN.complaints(&block);
            if !complaints.is_empty() {
                failures.push_str(&format!("seed {seed}: {block}\n{complaints}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.lines().take(40).collect::<Vec<_>>().join("\n"));
}

proptest! {
    /// job-manifest 3
    #[test]
    fn reader_and_schema_agree(block in object(&BLOCK)) {
        // A patch that is a list is taken and told (W-18); a schema can only accept it.
        let list = json!([{ KUBERNETES_PLUGIN: block }]).to_string();
        let fits = match parse_plugins(&list, false) {
            Ok(plugins) => plugins.notices.iter().all(|notice| notice.id == "W-18"),
            Err(_) => false,
        };
        prop_assert_eq!(PLUGIN.accepts(&block), fits, "{}\n{}", block, PLUGIN.complaints(&block));
    }
}
