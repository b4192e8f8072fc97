//! The parameter groups have the keys of the plugin block, from one table.

use pipeline_model::shape::{ObjectType, Shape};
use pipeline_model::{CHECKOUT_PARAMS, COMMAND_PARAMS, METADATA, SIDECAR_PARAMS};
use serde_json::{Value, json};

use super::*;

/// Every example of an object's fields, as a value of that object.
fn values(object: &'static ObjectType) -> Vec<Value> {
    let mut all = Vec::new();
    for field in object.fields {
        let examples = field.examples.iter().map(|example| serde_json::from_str(example).unwrap());
        let inner = match field.shape {
            Shape::Object(inner) => values(inner),
            _ => Vec::new(),
        };
        all.extend(examples.chain(inner).map(|value: Value| json!({ field.name: value })));
    }
    all
}

/// controller-config 5.5, 5.6, 5.7: what the table of the block knows is a setting as well.
#[test]
fn every_parameter_of_the_block_is_read() {
    let none = format!("{:?}", loaded("").settings.builder);
    for (key, object) in [
        ("default-checkout-params", &CHECKOUT_PARAMS),
        ("default-command-params", &COMMAND_PARAMS),
        ("default-sidecar-params", &SIDECAR_PARAMS),
        ("default-metadata", &METADATA),
    ] {
        for value in values(object) {
            let file = format!("{key}: {value}\n");
            let loaded = loaded(&file);
            assert_eq!(warnings(&loaded), Vec::<String>::new(), "{file}");
            assert_ne!(format!("{:?}", loaded.settings.builder), none, "{file} leaves nothing behind");
        }
    }
}
