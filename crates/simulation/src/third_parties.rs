//! What befalls objects in the cluster from outside, beyond what its simulator plays by itself.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Body;
use cluster_sim::{Cluster, Kind};
use http::{Request, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tower::ServiceExt as _;

use crate::{
    bench::Bench,
    facts::{CONTROLLER_ID, NAMESPACE},
    scripts::{Doomed, Fates},
};

/// The Lease that a controller leads by (lifecycle D10).
pub(crate) fn lease_name() -> String {
    format!("agent-stack-k8s-{CONTROLLER_ID}")
}

/// Somebody writes himself into the Lease, if there is one.
pub(crate) fn take_lease(cluster: &Cluster) {
    if let Some(lease) = cluster.object(Kind::Lease, NAMESPACE, &lease_name()) {
        let mut lease = (*lease).clone();
        lease["spec"]["holderIdentity"] = "somebody".into();
        cluster.apply(lease).expect("the Lease was well-formed");
    }
}

/// Ends each Job that is to end without a pod when its time has come, for ever.
pub(crate) async fn end_jobs(fates: Arc<Mutex<Fates>>, cluster: Cluster, bench: Bench) {
    let doom = fates.lock().unwrap_or_else(PoisonError::into_inner).doom();
    let mut due: BTreeMap<(Instant, String), String> = BTreeMap::new();
    loop {
        let doomed = fates.lock().unwrap_or_else(PoisonError::into_inner).doomed();
        due.extend(doomed.into_iter().map(|Doomed { name, uid, at }| ((at, uid), name)));
        let next = due.first_key_value().map(|((at, _), _)| *at);
        tokio::select! {
            biased;
            () = doom.notified() => {}
            () = async { sleep_until(next.unwrap_or_else(Instant::now)).await }, if next.is_some() => {
                if let Some(((_, uid), name)) = due.pop_first() {
                    end_job(&cluster, &bench, &name, &uid).await;
                }
            }
        }
    }
}

/// A Job has failed, as Kubernetes writes it.
fn failed(now: Timestamp) -> Value {
    let condition = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "PodFailurePolicy",
            "message": "the simulated Job ends before it has a pod",
            "lastProbeTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    };
    json!({ "status": { "conditions": [condition("FailureTarget"), condition("Failed")] } })
}

async fn end_job(cluster: &Cluster, bench: &Bench, name: &str, uid: &str) {
    bench.observe();
    let job = cluster.object(Kind::Job, NAMESPACE, name);
    // It may have gone, and its name may be another's.
    if job.is_some_and(|job| job["metadata"]["uid"] == *uid) {
        let request = Request::builder()
            .method("PATCH")
            .uri(format!("/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{name}/status"))
            .header(header::CONTENT_TYPE, "application/merge-patch+json")
            .header(header::USER_AGENT, "simulated-kubernetes")
            .body(Body::from(failed(bench.now()).to_string()))
            .expect("names are made of ids");
        let answer = cluster.router().oneshot(request).await;
        let answer = answer.unwrap_or_else(|error: Infallible| match error {});
        bench.trace("third party", format_args!("ends {name}: {}", answer.status()));
    }
    bench.observe();
}
