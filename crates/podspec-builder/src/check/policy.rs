//! The pod policy, applied to the finished Job (job-manifest ).
//!
//! `walk` goes through an object of Kubernetes, `judge` holds each place of it against the policy,
//! `resources` knows how much a pod uses, `report` writes the error, and `configuration` holds the
//! controller's own settings against its policy, once, at the start.

pub(crate) mod configuration;
mod judge;
mod report;
mod resources;
mod walk;

use shared_json::Value;

use crate::draft::{AGENT, Draft, Inputs};
use crate::error::BuildError;
use crate::object::{CONTAINERS, Object, as_object, list, text};
use crate::schema::{Kind, POD_SPEC};

use judge::Judge;

/// # Errors
/// E-41 with every violation. E-42 if the policy is none: [`crate::Builder::new`] takes no such policy.
pub(crate) fn check(draft: &Draft, inputs: Inputs<'_>) -> Result<(), BuildError> {
    let Some(policy) = &inputs.settings.pod_policy else { return Ok(()) };
    if let Some(problem) = policy.problems().into_iter().next() {
        return Err(BuildError::new(problem.id, problem.message).at(problem.key).hint(problem.hint));
    }
    let Kind::Object(pod_spec) = POD_SPEC else { unreachable!("a pod spec is an object") };
    let mut judge = Judge::new(policy, &inputs.settings.image, own_token(&draft.pod, inputs));
    walk::object(pod_spec, &draft.pod, &mut String::new(), &mut |place| judge.place(place));
    judge.pod(&draft.pod);
    judge.labels(&draft.labels);
    report::error(judge.into_violations())
}

/// The agent container's reference to the job's credential, the one that R-193 exempts: the value that
/// names the Secret.
fn own_token<'a>(pod: &'a Object, inputs: Inputs<'_>) -> Option<&'a Value> {
    let (secret, key) = inputs.job.token_source(inputs.settings);
    let mut containers = list(pod, CONTAINERS).iter().map(as_object);
    let agent = containers.find(|container| text(container, "name") == AGENT)?;
    let mut references = list(agent, "env")
        .iter()
        .filter(|variable| variable["name"] == "BUILDKITE_AGENT_TOKEN")
        .filter_map(|variable| variable.get("valueFrom")?.get("secretKeyRef"));
    references.find(|reference| reference["name"] == *secret && reference["key"] == *key)?.get("name")
}
