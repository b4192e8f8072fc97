//! Jobs as the stack makes them.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::jobs::{job, pod_of};
use super::matching::{ANY, mismatch};
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_job_of_the_stack_is_taken_as_it_is,
    a_job_with_commands_and_sidecars_is_taken_as_it_is,
    a_job_with_volumes_and_users_is_taken_as_it_is,
    a_pod_of_the_stack_is_as_its_job_says,
    a_sidecar_is_an_init_container_that_goes_on,
    annotations_have_a_size,
    a_secret_has_a_size,
    a_body_has_a_size,
    an_object_that_storage_does_not_take_is_refused,
];

/// The manifest in a snapshot of the builder's tests.
fn manifest(snapshot: &str) -> anyhow::Result<Value> {
    let text = snapshot.splitn(3, "---\n").nth(2).context("a snapshot has a head")?;
    serde_yaml::from_str(text).context("a snapshot is YAML")
}

/// Nothing of it is lost or changed. It is suspended, so that nothing happens to it.
async fn taken(stage: &Stage, snapshot: &str) -> Outcome {
    let mut job = manifest(snapshot)?;
    job["metadata"]["namespace"] = json!(stage.namespace);
    job["spec"]["suspend"] = json!(true);
    let made = stage.create_object("jobs", &job).await?;
    let place = mismatch(&job, &made);
    ensure!(place.is_none(), "{}\n  in {made}", place.unwrap_or_default());
    let path = format!("jobs/{}", super::stage::name(&made));
    stage.get(&path).await?.has(200, &job)?;
    Ok(())
}

/// One command.
async fn a_job_of_the_stack_is_taken_as_it_is(stage: Stage) -> Outcome {
    taken(&stage, include_str!("../../../../fixtures/jobs/command.snap")).await
}

/// Several containers.
async fn a_job_with_commands_and_sidecars_is_taken_as_it_is(stage: Stage) -> Outcome {
    taken(&stage, include_str!("../../../../fixtures/jobs/two_commands_and_sidecar.snap")).await
}

/// Keys for a private repository.
async fn a_job_with_volumes_and_users_is_taken_as_it_is(stage: Stage) -> Outcome {
    taken(&stage, include_str!("../../../../fixtures/jobs/private_clone_as_user.snap")).await
}

/// Labels, containers, volumes.
async fn a_pod_of_the_stack_is_as_its_job_says(stage: Stage) -> Outcome {
    let mut job = manifest(include_str!("../../../../fixtures/jobs/two_commands_and_sidecar.snap"))?;
    job["metadata"]["namespace"] = json!(stage.namespace);
    let made = stage.create_object("jobs", &job).await?;
    let pod = pod_of(&stage, super::stage::name(&made)).await?;
    let template = &made["spec"]["template"];
    let place = mismatch(&json!({ "metadata": template["metadata"] }), &pod);
    ensure!(place.is_none(), "{}\n  in {pod}", place.unwrap_or_default());
    for list in ["containers", "initContainers"] {
        let said = template["spec"][list].as_array().cloned().unwrap_or_default();
        let made = pod["spec"][list].as_array().cloned().unwrap_or_default();
        ensure!(said.len() == made.len(), "{list}: {pod}");
        for (said, made) in said.iter().zip(&made) {
            for member in ["name", "image", "command", "args", "env", "restartPolicy"] {
                ensure!(said.get(member) == made.get(member), "{member} of {made}");
            }
        }
    }
    Ok(())
}

/// Only those may restart for ever.
async fn a_sidecar_is_an_init_container_that_goes_on(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    let sidecar = json!({ "name": "side", "image": "x", "restartPolicy": "Always" });
    object["spec"]["template"]["spec"]["initContainers"] = json!([sidecar]);
    let expected = json!({ "spec": { "template": { "spec": { "initContainers": [sidecar] } } } });
    stage.post("jobs", &object).await?.has(201, &expected)?;
    Ok(())
}

/// 256 KiB in all, keys and values.
async fn annotations_have_a_size(stage: Stage) -> Outcome {
    let metadata = json!({ "name": "a", "annotations": { "x": "y".repeat(256 * 1024) } });
    let message = "Too long: may not be more than 262144 bytes";
    stage.post("secrets", &json!({ "metadata": metadata })).await?.invalid(
        "Secret",
        "",
        "a",
        &[("metadata.annotations", "FieldValueTooLong", message)],
    )
}

/// 1 MiB of data.
async fn a_secret_has_a_size(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a" }, "stringData": { "x": "y".repeat(1024 * 1024 + 1) } });
    let message = "Too long: may not be more than 1048576 bytes";
    stage.post("secrets", &object).await?.invalid(
        "Secret",
        "",
        "a",
        &[("data", "FieldValueTooLong", message)],
    )
}

/// 413 above 3 MiB.
async fn a_body_has_a_size(stage: Stage) -> Outcome {
    let object = json!({ "metadata": { "name": "a" }, "data": { "x": "y".repeat(3 * 1024 * 1024) } });
    let message = "Request entity too large: limit is 3145728";
    stage.post("configmaps", &object).await?.refused(413, "RequestEntityTooLarge", message, Value::Null)
}

/// etcd's own limit lies between, and comes in etcd's words.
async fn an_object_that_storage_does_not_take_is_refused(stage: Stage) -> Outcome {
    let mut object = job("a", json!({ "suspend": true }));
    let value = "y".repeat(1_800_000);
    object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{ "name": "X", "value": value }]);
    let answer = stage.post("jobs", &object).await?.has(422, &json!({ "reason": "Invalid" }))?;
    ensure!(answer["message"].to_string().contains("`selector` not auto-generated"), "{}", answer["message"]);
    let expected = json!({ "code": ANY, "message": "~etcdserver: request is too large" });
    let mut pod = super::graceful::pod("a");
    pod["spec"]["containers"][0]["env"] = json!([{ "name": "X", "value": value }]);
    stage.post("pods", &pod).await?.has(500, &expected)?;
    Ok(())
}
