//! Reading is total.

use proptest::prelude::*;
use serde_json::Value;

fn block() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,5}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "podSpec",
        "podspec",
        "checkout",
        "gitMirrors",
        "metadata",
        "labels",
        "sidecars",
        "skip",
        "envFrom",
        "$patch",
        "podSpecPatch",
        "commandParams",
        "interposer",
        "x",
    ]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_list_makes_it_panic(first in block(), second in block(), prohibited: bool) {
        let key = pipeline_model::KUBERNETES_PLUGIN;
        let list = serde_json::json!([{key: first}, {key: second}]).to_string();
        let _ = pipeline_model::parse_plugins(&list, prohibited);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"a-c0-9 ]{0,40}") {
        let _ = pipeline_model::parse_plugins(&text, false);
    }
}
