//! The reader is total, and JSON survives it.

use proptest::prelude::*;
use serde_json::Value;
use yaml_source::{Dialect, parse};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z<#:.-]{1,6}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-a-c:{}\\[\\],&*!|>'\"#%@ \t\n<?0-9.]{0,60}") {
        for dialect in [Dialect::Pipeline, Dialect::Config] {
            if let Ok(documents) = parse("t.yml", &text, dialect) {
                for document in documents {
                    let span = document.root().span();
                    prop_assert!(span.start <= span.end);
                    document.root().to_json();
                }
            }
        }
    }

    #[test]
    fn json_is_read_as_itself(value in json_value()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let documents = parse("t.json", &text, Dialect::Pipeline)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(documents[0].root().to_json(), value.clone());
        }
    }
}
