//! One attempt to start a job: get → build → create (`docs/spec/lifecycle.md` V2, L9, L10, F8).

use std::time::Duration;

use bk_agent_api::{Error, JobDetails};
use job_lifecycle::{BuildkiteState, Verdict, attempt::may_create};
use k8s_runtime::{CreateOutcome, ForbiddenCause, JobView};
use podspec_builder::{Built, JobRequest, JobUuid};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{Executor, redacted::redacted_yaml};
use crate::{
    core::event::StartOutcome,
    health::Check,
    planted::{self, Defect},
    session::{Session, error_chain},
};

/// Pauses between tries to settle an uncertain create double from one to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Uncertain creates after which the attempt counts as failed.
const CREATE_TRIES: u32 = 3;
/// That a job was handed out is good for so long: a call that hung may have taken until after its cancellation.
const STATE_HOLDS: Duration = Duration::from_secs(5);
/// How long a job is left alone when the fault is not its own: whoever must mend it needs time, and no job may
/// pay for it with a verdict.
const SHARED_FAULT_PAUSE: Duration = Duration::from_secs(30);

impl Executor {
    pub(super) async fn start(
        &self,
        job: Uuid,
        priority: i64,
        rules: &[String],
        reserved_until: std::time::Instant,
    ) -> StartOutcome {
        let Ok(_permit) = self.creating.acquire().await else { return StartOutcome::Abandoned };
        if self.stop.is_cancelled() {
            return StartOutcome::Abandoned;
        }
        let reserved_at = Instant::now();
        let details = match self.get(job).await {
            Ok(details) => details,
            Err(outcome) => return outcome,
        };
        let built = match self.build(details, priority, rules).await {
            Ok(built) => built,
            Err(outcome) => return outcome,
        };
        for warning in &built.warnings {
            warn!(%warning, "built the Job with a warning");
        }
        if self.stop.is_cancelled() {
            return StartOutcome::Abandoned;
        }
        if reserved_at.elapsed() > STATE_HOLDS
            && let Err(outcome) = self.still_ours(job).await
        {
            return outcome;
        }
        if !self.lasts(reserved_until) {
            return StartOutcome::ReservationTooShort;
        }
        self.create(job, &built, reserved_until).await
    }

    async fn get(&self, job: Uuid) -> Result<JobDetails, StartOutcome> {
        let Session { client, stack_key, .. } = &self.session;
        match client.job(stack_key, job).await {
            Ok(answer) => Ok(answer.value),
            Err(error) if planted::is(Defect::CancelledCandidatesTried) => {
                Err(StartOutcome::Retry { error: error_chain(&error) })
            }
            Err(Error::NotFound { .. } | Error::Invalid { status: 422, .. }) => {
                Err(self.still_ours(job).await.err().unwrap_or_else(|| StartOutcome::Retry {
                    error: "Buildkite does not hand out the job although it is reserved".to_owned(),
                }))
            }
            Err(error @ (Error::Unauthorized { .. } | Error::Forbidden { .. })) => {
                Err(postponed(error_chain(&error)))
            }
            Err(error) => Err(StartOutcome::Retry { error: error_chain(&error) }),
        }
    }

    /// D8, D9: a job that ended, or is somebody else's, is stale.
    async fn still_ours(&self, job: Uuid) -> Result<(), StartOutcome> {
        let Session { client, stack_key, .. } = &self.session;
        let batch = client.job_states(stack_key, &[job]).await;
        if let Some(failed) = batch.failed.first() {
            return Err(StartOutcome::Retry { error: error_chain(&failed.error) });
        }
        match batch.value.get(&job).map(|state| BuildkiteState::from_word(state.as_word())) {
            Some(BuildkiteState::Reserved) => Ok(()),
            _ => Err(StartOutcome::Stale),
        }
    }

    async fn build(
        &self,
        details: JobDetails,
        priority: i64,
        rules: &[String],
    ) -> Result<Built, StartOutcome> {
        let refused = |error: &dyn std::fmt::Display| StartOutcome::Refused {
            verdict: Verdict::invalid_job(&error.to_string()),
        };
        let uuid = JobUuid::new(details.id.to_string()).map_err(|error| refused(&error))?;
        let request = JobRequest {
            env: details.env,
            agent_query_rules: rules.to_vec(),
            priority,
            ..JobRequest::new(uuid, details.command)
        };
        let plugin = self.builder.parse_plugin(&request).map_err(|error| refused(&error))?;
        let template = match plugin.pod_template() {
            Some(name) => Some(self.pod_template(name).await?),
            None => None,
        };
        self.builder.build(&request, &plugin, template.as_ref()).map_err(|error| refused(&error))
    }

    /// The pod spec of a PodTemplate, which is what the builder takes.
    ///
    /// F8: only NotFound is the user's mistake; any other failure may pass.
    async fn pod_template(&self, name: &str) -> Result<Value, StartOutcome> {
        match self.runtime.get_pod_template(name).await {
            Ok(Some(mut template)) => match template.pointer_mut("/template/spec") {
                Some(spec) => Ok(spec.take()),
                None => {
                    let error = format!(
                        "kubernetes plugin: podTemplate: the PodTemplate `{name}` has no template.spec; give it one"
                    );
                    Err(StartOutcome::Refused { verdict: Verdict::invalid_job(&error) })
                }
            },
            Ok(None) => {
                let namespace = &self.namespace;
                let error = format!(
                    "kubernetes plugin: podTemplate: there is no PodTemplate `{name}` in the namespace `{namespace}`; create it there, or correct the name"
                );
                Err(StartOutcome::Refused { verdict: Verdict::invalid_job(&error) })
            }
            Err(error) => Err(StartOutcome::Retry { error: error_chain(&error) }),
        }
    }

    /// Creates the Job, and stays with an uncertain create until a live read decides (L10).
    ///
    /// A free name does not prove that the create is dead: it may still be on its way. Creating again settles
    /// it, because the name is fixed by the job's UUID and at worst conflicts; so the slot is kept for a few
    /// tries before the attempt counts as failed. That the job was ours before the first create says nothing about
    /// another: a failure and the live reads after it take time in which it may be cancelled (D8).
    async fn create(&self, job: Uuid, built: &Built, reserved_until: std::time::Instant) -> StartOutcome {
        let mut pause = FIRST_PAUSE;
        let mut tries_left = CREATE_TRIES;
        loop {
            self.metrics.scheduler.create_calls.inc();
            let outcome = self.runtime.create_job(&built.job).await;
            let uncertain = match &outcome {
                CreateOutcome::Created { uid } => {
                    info!("created the Job");
                    self.health.pass(Check::Create, Instant::now().into_std());
                    return StartOutcome::Exists { uid: uid.clone(), adopted: false };
                }
                CreateOutcome::Uncertain { reason, .. } => {
                    warn!(reason, "it is not known whether the Job was made; looking");
                    reason.clone()
                }
                CreateOutcome::AlreadyExists => "the Job's name was taken and is free again".to_owned(),
                _ => return self.refused(outcome, &built.to_json()),
            };
            self.metrics.scheduler.create_error(outcome.reason_label());
            if planted::is(Defect::UncertainCreateReleases) {
                return StartOutcome::Retry { error: uncertain };
            }
            if let Some(outcome) = self.settle(job, &mut pause).await {
                return outcome;
            }
            tries_left -= 1;
            if self.stop.is_cancelled() {
                return StartOutcome::Abandoned;
            }
            if tries_left == 0 {
                return StartOutcome::Retry { error: uncertain };
            }
            if let Err(outcome) = self.still_ours(job).await {
                return outcome;
            }
            if !self.lasts(reserved_until) {
                return StartOutcome::ReservationTooShort;
            }
        }
    }

    /// V6: enough is left of the reservation.
    fn lasts(&self, reserved_until: std::time::Instant) -> bool {
        may_create(reserved_until, self.lifetime(), Instant::now().into_std())
    }

    /// Reads the Job by name until the API server answers. `None`: the name is free.
    async fn settle(&self, job: Uuid, pause: &mut Duration) -> Option<StartOutcome> {
        loop {
            let read = self.runtime.get_job(&self.job_name(job)).await;
            match &read {
                Ok(Some(view)) => return Some(self.found(job, view)),
                Ok(None) => {}
                Err(error) => debug!(error = error_chain(error), "could not read the Job; trying again"),
            }
            sleep(*pause).await;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            if read.is_ok() {
                return None;
            }
        }
    }

    /// D4: ours is adopted (a); another controller's Job of this job keeps its job (b); a name that something else
    /// has taken for good gets a verdict (c).
    fn found(&self, job: Uuid, view: &JobView) -> StartOutcome {
        let controller = view.controller_id.as_deref().unwrap_or_default();
        let name = &view.name;
        if planted::is(Defect::AdoptionRefused) {
            return StartOutcome::Refused { verdict: Verdict::invalid_job("the name is taken") };
        }
        match view.job_uuid {
            Some(uuid) if uuid == job && controller == self.controller_id => {
                info!("the Job exists; adopted");
                StartOutcome::Exists { uid: view.uid.clone(), adopted: true }
            }
            Some(uuid) if uuid == job => StartOutcome::Postponed {
                error: format!(
                    "the Job {name} of this job belongs to another controller (id `{controller}`)"
                ),
                wait: self.builder.settings().job_ttl.max(SHARED_FAULT_PAUSE),
                keep_reservation: false,
            },
            _ => StartOutcome::Refused {
                verdict: Verdict::invalid_job(&format!(
                    "the name {name} is taken by a Job that does not run this job\n\
                     hint: remove that Job, or give the controller another `job-prefix`"
                )),
            },
        }
    }

    /// A definite no: what can pass is tried again (P8), the rest is told to Buildkite (F8).
    fn refused(&self, outcome: CreateOutcome, manifest: &Value) -> StartOutcome {
        self.metrics.scheduler.create_error(outcome.reason_label());
        let error = match outcome {
            CreateOutcome::Forbidden {
                message,
                cause: ForbiddenCause::Rights | ForbiddenCause::NamespaceTerminating,
            }
            | CreateOutcome::Unauthorized { message } => {
                self.health.fail(Check::Create, message.clone(), Instant::now().into_std());
                return postponed(message);
            }
            CreateOutcome::Forbidden { message, cause: ForbiddenCause::Quota }
            | CreateOutcome::Throttled { message, .. } => return StartOutcome::Retry { error: message },
            CreateOutcome::Rejected(refusal) => return StartOutcome::Retry { error: refusal.message },
            CreateOutcome::Invalid { message, causes } => {
                let causes: Vec<String> =
                    causes.iter().map(|cause| format!("\n  {}: {}", cause.field, cause.message)).collect();
                format!("Kubernetes refuses the Job: {message}{}", causes.concat())
            }
            CreateOutcome::Forbidden { message, cause: ForbiddenCause::Admission } => {
                format!("Kubernetes forbids the Job: {message}")
            }
            CreateOutcome::TooLarge { message } => {
                format!("the Job is too large for Kubernetes: {message}")
            }
            CreateOutcome::Created { .. }
            | CreateOutcome::AlreadyExists
            | CreateOutcome::Uncertain { .. } => {
                unreachable!("the caller has handled the outcomes that are no refusal")
            }
        };
        let detail = format!("{error}\n\n{}", redacted_yaml(manifest));
        StartOutcome::Refused { verdict: Verdict::invalid_job(&detail) }
    }
}

fn postponed(error: String) -> StartOutcome {
    StartOutcome::Postponed { error, wait: SHARED_FAULT_PAUSE, keep_reservation: true }
}

#[cfg(test)]
pub(super) mod tests;
