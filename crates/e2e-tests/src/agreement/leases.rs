//! Leases: what leader election rests on.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::version;
use super::{Case, Outcome, Stage, behaviours};

pub(super) const CASES: &[Case] = behaviours![
    a_lease_is_taken_once,
    a_lease_is_renewed_with_its_version,
    of_two_candidates_one_gets_the_lease,
    a_lease_is_not_replaced_without_a_version,
    a_lease_is_created_by_a_replacement,
    a_lease_is_given_back,
    the_duration_of_a_lease_is_positive,
    times_of_a_lease_have_microseconds,
    a_merge_patch_renews_a_lease_of_this_version_only,
];

const TIME: &str = "2026-11-21T10:00:00.123456Z";

/// A Lease `a` of this holder.
fn lease(holder: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": "a" },
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "acquireTime": TIME,
            "renewTime": TIME,
            "leaseTransitions": 0,
        },
    })
}

async fn held(stage: &Stage, holder: &str) -> Result<Value> {
    stage.create_object("leases", &lease(holder)).await
}

/// 409 AlreadyExists for the second.
async fn a_lease_is_taken_once(stage: Stage) -> Outcome {
    held(&stage, "one").await?;
    let details = json!({ "name": "a", "group": "coordination.k8s.io", "kind": "leases" });
    let message = "leases.coordination.k8s.io \"a\" already exists";
    stage.post("leases", &lease("two")).await?.refused(409, "AlreadyExists", message, details)
}

/// And the version is another one then.
async fn a_lease_is_renewed_with_its_version(stage: Stage) -> Outcome {
    let mut lease = held(&stage, "one").await?;
    let before = version(&lease).to_owned();
    lease["spec"]["renewTime"] = json!("2026-11-21T10:00:02.000000Z");
    let expected = json!({ "spec": { "renewTime": "2026-11-21T10:00:02.000000Z" } });
    let after = stage.put("leases/a", &lease).await?.has(200, &expected)?;
    ensure!(version(&after) != before, "{after}");
    Ok(())
}

/// 409 Conflict for the other.
async fn of_two_candidates_one_gets_the_lease(stage: Stage) -> Outcome {
    let seen = held(&stage, "").await?;
    for (holder, code) in [("one", 200), ("two", 409)] {
        let mut mine = seen.clone();
        mine["spec"]["holderIdentity"] = json!(holder);
        stage.put("leases/a", &mine).await?.is(code)?;
    }
    let expected = json!({ "spec": { "holderIdentity": "one" } });
    stage.get("leases/a").await?.has(200, &expected)?;
    Ok(())
}

/// 422: a renewal that names none is a mistake.
async fn a_lease_is_not_replaced_without_a_version(stage: Stage) -> Outcome {
    held(&stage, "one").await?;
    let message = "Invalid value: 0: must be specified for an update";
    stage.put("leases/a", &lease("two")).await?.invalid(
        "leases",
        "coordination.k8s.io",
        "a",
        &[("metadata.resourceVersion", "FieldValueInvalid", message)],
    )
}

/// 201, unlike most kinds.
async fn a_lease_is_created_by_a_replacement(stage: Stage) -> Outcome {
    let expected = json!({ "spec": { "holderIdentity": "one" } });
    stage.put("leases/a", &lease("one")).await?.has(201, &expected)?;
    Ok(())
}

/// By an empty holder.
async fn a_lease_is_given_back(stage: Stage) -> Outcome {
    let lease = held(&stage, "one").await?;
    let patch = json!({
        "metadata": { "resourceVersion": version(&lease) }, "spec": { "holderIdentity": "" },
    });
    stage.merge("leases/a", &patch).await?.has(200, &json!({ "spec": { "holderIdentity": "" } }))?;
    Ok(())
}

/// 422 for none and less.
async fn the_duration_of_a_lease_is_positive(stage: Stage) -> Outcome {
    let mut none = lease("one");
    none["spec"]["leaseDurationSeconds"] = json!(0);
    let message = "Invalid value: 0: must be greater than 0";
    stage.post("leases", &none).await?.invalid(
        "Lease",
        "coordination.k8s.io",
        "a",
        &[("spec.leaseDurationSeconds", "FieldValueInvalid", message)],
    )
}

/// Six digits: 400 without.
async fn times_of_a_lease_have_microseconds(stage: Stage) -> Outcome {
    let mut short = lease("one");
    short["spec"]["renewTime"] = json!("2026-11-21T10:00:00Z");
    let message = "~Lease in version \"v1\" cannot be handled as a Lease: parsing time";
    stage.post("leases", &short).await?.refused(400, "BadRequest", message, Value::Null)?;
    short["spec"]["renewTime"] = json!("2026-11-21T10:00:00.000000Z");
    let expected = json!({ "spec": { "acquireTime": TIME, "renewTime": "2026-11-21T10:00:00.000000Z" } });
    stage.post("leases", &short).await?.has(201, &expected)?;
    Ok(())
}

/// 409 for another.
async fn a_merge_patch_renews_a_lease_of_this_version_only(stage: Stage) -> Outcome {
    let lease = held(&stage, "one").await?;
    let patch = |holder: &str| json!({ "metadata": { "resourceVersion": version(&lease) }, "spec": { "holderIdentity": holder } });
    stage.merge("leases/a", &patch("two")).await?.is(200)?;
    let details = json!({ "name": "a", "group": "coordination.k8s.io", "kind": "leases" });
    let message = "Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": the object has been \
                   modified; please apply your changes to the latest version and try again";
    stage.merge("leases/a", &patch("three")).await?.refused(409, "Conflict", message, details)
}
