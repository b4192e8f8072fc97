//! Tables, which `kubectl get` asks for.

use anyhow::ensure;
use http::Method;
use serde_json::{Value, json};

use super::stage::Types;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    pods_are_shown_as_a_table,
    jobs_are_shown_as_a_table,
    one_object_is_shown_as_a_table,
    rows_of_a_table_hold_metadata,
];

/// What `kubectl` accepts.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

async fn table(stage: &Stage, path: &str) -> anyhow::Result<Value> {
    let types = Types { content: "", accept: TABLE };
    let expected = json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1" });
    stage.send(Method::GET, path, types, "").await?.has(200, &expected)
}

/// Titles of the columns that are shown without `-o wide`.
fn columns(table: &Value) -> Vec<&str> {
    let all = table["columnDefinitions"].as_array().into_iter().flatten();
    all.filter(|column| column["priority"] == 0).filter_map(|column| column["name"].as_str()).collect()
}

/// Ready, status, restarts.
async fn pods_are_shown_as_a_table(stage: Stage) -> Outcome {
    stage.create_object("pods", &super::graceful::bound(&stage, "a")).await?;
    let table = table(&stage, "pods").await?;
    ensure!(columns(&table) == ["Name", "Ready", "Status", "Restarts", "Age"], "{table}");
    let cells = table["rows"][0]["cells"].as_array().cloned().unwrap_or_default();
    ensure!(
        cells.len() >= 5 && cells[..4] == [json!("a"), json!("0/1"), json!("Pending"), json!("0")],
        "{table}"
    );
    Ok(())
}

/// Status, completions, duration.
async fn jobs_are_shown_as_a_table(stage: Stage) -> Outcome {
    stage.create_object("jobs", &super::jobs::job("a", json!({ "suspend": true }))).await?;
    super::jobs::until(&stage, "Suspended").await?;
    let table = table(&stage, "jobs").await?;
    ensure!(columns(&table) == ["Name", "Status", "Completions", "Duration", "Age"], "{table}");
    let cells = table["rows"][0]["cells"].as_array().cloned().unwrap_or_default();
    ensure!(cells.len() >= 5 && cells[..3] == [json!("a"), json!("Suspended"), json!("0/1")], "{table}");
    Ok(())
}

/// A table of one row.
async fn one_object_is_shown_as_a_table(stage: Stage) -> Outcome {
    stage.create_object("leases", &json!({ "metadata": { "name": "a" }, "spec": {} })).await?;
    let table = table(&stage, "leases/a").await?;
    ensure!(table["rows"].as_array().map(Vec::len) == Some(1), "{table}");
    ensure!(table["rows"][0]["cells"][0] == "a", "{table}");
    Ok(())
}

/// Enough to follow it.
async fn rows_of_a_table_hold_metadata(stage: Stage) -> Outcome {
    let secret = stage.secret("a", json!({ "x": "y" })).await?;
    let table = table(&stage, "secrets").await?;
    let expected = json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": { "name": "a", "uid": secret["metadata"]["uid"], "labels": { "x": "y" } },
    });
    let place = super::matching::mismatch(&expected, &table["rows"][0]["object"]);
    ensure!(place.is_none(), "{place:?}\n{table}");
    Ok(())
}
