//! How both simulators are set up, and what a plan's words become in theirs.

use buildkite_sim::Token;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    facts::{NAMESPACE, QUEUE},
    plan::{Fate, JobPlan, Plan, Whose},
};

/// Some moment in some year: nothing may depend on it.
pub(super) fn beginning(seed: u64) -> Timestamp {
    let seconds = fastrand::Rng::with_seed(seed ^ 0x7469_6d65).i64(0..300_000_000);
    Timestamp::from_second(1_700_000_000 + seconds).expect("a moment of this century")
}

pub(super) fn token(number: u32) -> String {
    format!("bkct_simulated_{number}")
}

pub(super) fn buildkite(plan: &Plan) -> buildkite_sim::Options {
    buildkite_sim::Options {
        seed: plan.seed ^ 0x626b,
        agent_tokens: vec![Token::new(token(0))],
        default_queue: QUEUE.to_owned(),
        agent_lost_after: plan.site.agent_lost_after,
        record: true,
        ..buildkite_sim::Options::default()
    }
}

pub(super) fn kubernetes(plan: &Plan) -> cluster_sim::Options {
    let delay = plan.site.job_controller_delay;
    cluster_sim::Options {
        seed: plan.seed ^ 0x6b38,
        namespaces: vec![NAMESPACE.to_owned()],
        // Nobody reads what went well, and writing it is a fifth of all writes.
        events: false,
        history_limit: plan.site.history_limit,
        job_controller_delay: delay / 2..=delay,
        ..cluster_sim::Options::default()
    }
}

/// The step of a job as it would stand in a pipeline.
pub(super) fn step(number: usize, job: &JobPlan) -> Value {
    let mut step = json!({ "command": "make", "label": format!("job {number}"), "priority": job.priority });
    if job.fate == Fate::Refused {
        step["plugins"] = json!([{ "kubernetes": { "podSpec": { "containers": "none" } } }]);
    }
    if job.retries > 0 {
        step["retry"] = json!({ "automatic": [{ "exit_status": "*", "limit": job.retries }] });
    }
    step
}

/// A Job that is none of ours. It never gets a pod.
pub(super) fn strange_job(name: &str, job: Uuid, whose: Whose) -> Value {
    let labels = match whose {
        Whose::OtherController => {
            json!({ "buildkite.com/job-uuid": job.to_string(), "buildkite.com/controller-id": "another" })
        }
        Whose::Stranger => json!({}),
    };
    let pod = json!({ "restartPolicy": "Never", "containers": [{ "name": "main", "image": "busybox" }] });
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": name, "namespace": NAMESPACE, "labels": labels },
        "spec": { "suspend": true, "template": { "spec": pod } },
    })
}
