//! Secrets and ConfigMaps.

use anyhow::ensure;
use serde_json::json;

use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    plain_text_of_a_secret_is_stored_encoded,
    a_secret_has_a_type,
    the_type_of_a_secret_stays,
    data_that_is_not_encoded_is_refused,
    a_key_of_a_secret_must_be_a_file_name,
    the_data_of_an_immutable_secret_stays,
    an_immutable_secret_stays_immutable,
    the_labels_of_an_immutable_secret_may_change,
    an_immutable_secret_can_be_deleted,
    a_secret_becomes_immutable,
    the_data_of_an_immutable_config_map_stays,
    a_config_map_keeps_text_and_bytes_apart,
];

/// `stringData` is written and never read; it wins over `data`.
async fn plain_text_of_a_secret_is_stored_encoded(stage: Stage) -> Outcome {
    let secret = json!({
        "metadata": { "name": "a" },
        "data": { "x": "MQ==", "y": "MQ==" },
        "stringData": { "y": "two" },
    });
    let expected = json!({ "data": { "x": "MQ==", "y": "dHdv" }, "stringData": null });
    stage.post("secrets", &secret).await?.has(201, &expected)?;
    stage
        .merge("secrets/a", &json!({ "stringData": { "x": "two" } }))
        .await?
        .has(200, &json!({ "data": { "x": "dHdv", "y": "dHdv" }, "stringData": null }))?;
    Ok(())
}

/// `Opaque` if nothing is said.
async fn a_secret_has_a_type(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({})).await?;
    ensure!(secret["type"] == "Opaque", "{secret}");
    Ok(())
}

/// 422.
async fn the_type_of_a_secret_stays(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    stage.merge("secrets/a", &json!({ "type": "example.com/other" })).await?.invalid(
        "Secret",
        "",
        "a",
        &[("type", "FieldValueInvalid", "Invalid value: \"example.com/other\": field is immutable")],
    )
}

/// 400 before anything is checked.
async fn data_that_is_not_encoded_is_refused(stage: Stage) -> Outcome {
    let secret = json!({ "metadata": { "name": "a" }, "data": { "x": "not base64!" } });
    let message = "~Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data";
    stage.post("secrets", &secret).await?.refused(400, "BadRequest", message, json!(null))
}

/// Keys become files in pods.
async fn a_key_of_a_secret_must_be_a_file_name(stage: Stage) -> Outcome {
    let secret = json!({ "metadata": { "name": "a" }, "data": { "x/y": "MQ==" } });
    let message = "Invalid value: \"x/y\": a valid config key must consist of alphanumeric characters, '-', \
                   '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation \
                   is '[-._a-zA-Z0-9]+')";
    stage.post("secrets", &secret).await?.invalid(
        "Secret",
        "",
        "a",
        &[("data[x/y]", "FieldValueInvalid", message)],
    )
}

/// An immutable Secret `a`.
async fn immutable(stage: &Stage) -> Outcome {
    let secret = json!({ "metadata": { "name": "a" }, "data": { "x": "MQ==" }, "immutable": true });
    stage.post("secrets", &secret).await?.has(201, &json!({ "immutable": true }))?;
    Ok(())
}

/// 422 names the data.
async fn the_data_of_an_immutable_secret_stays(stage: Stage) -> Outcome {
    immutable(&stage).await?;
    stage.merge("secrets/a", &json!({ "data": { "x": "Mg==" } })).await?.invalid(
        "Secret",
        "",
        "a",
        &[("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")],
    )
}

/// 422 names the switch.
async fn an_immutable_secret_stays_immutable(stage: Stage) -> Outcome {
    immutable(&stage).await?;
    stage.merge("secrets/a", &json!({ "immutable": false })).await?.invalid(
        "Secret",
        "",
        "a",
        &[("immutable", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")],
    )
}

/// Metadata is no data.
async fn the_labels_of_an_immutable_secret_may_change(stage: Stage) -> Outcome {
    immutable(&stage).await?;
    let labels = json!({ "metadata": { "labels": { "x": "y" } } });
    stage.merge("secrets/a", &labels).await?.has(200, &labels)?;
    Ok(())
}

/// And created again with other data.
async fn an_immutable_secret_can_be_deleted(stage: Stage) -> Outcome {
    immutable(&stage).await?;
    stage.delete("secrets/a").await?.is(200)?;
    stage.secret("a", json!({})).await?;
    Ok(())
}

/// From then on it is.
async fn a_secret_becomes_immutable(stage: Stage) -> Outcome {
    stage.secret("a", json!({})).await?;
    stage.merge("secrets/a", &json!({ "immutable": true })).await?.is(200)?;
    stage.merge("secrets/a", &json!({ "data": { "key": "Mg==" } })).await?.is(422)?;
    Ok(())
}

/// The same for ConfigMaps.
async fn the_data_of_an_immutable_config_map_stays(stage: Stage) -> Outcome {
    let map = json!({ "metadata": { "name": "a" }, "data": { "x": "1" }, "immutable": true });
    stage.create_object("configmaps", &map).await?;
    stage.merge("configmaps/a", &json!({ "data": { "x": "2" } })).await?.invalid(
        "ConfigMap",
        "",
        "a",
        &[("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")],
    )
}

/// One key is in one of them.
async fn a_config_map_keeps_text_and_bytes_apart(stage: Stage) -> Outcome {
    let map = json!({ "metadata": { "name": "a" }, "data": { "x": "1" }, "binaryData": { "y": "MQ==" } });
    stage.post("configmaps", &map).await?.has(201, &map)?;
    let both = json!({ "metadata": { "name": "b" }, "data": { "x": "1" }, "binaryData": { "x": "MQ==" } });
    stage.post("configmaps", &both).await?.is(422)?;
    Ok(())
}
