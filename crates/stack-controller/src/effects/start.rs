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
    observe,
    session::{Session, error_chain},
};

/// Longest pause between tries to settle an uncertain create.
const SETTLE_PAUSE: Duration = Duration::from_secs(10);

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
        if !may_create(reserved_until, Instant::now().into_std()) {
            return StartOutcome::Retry {
                error: "the reservation ran out before the Job was made".to_owned(),
            };
        }
        self.create(job, &built.job).await
    }

    async fn get(&self, job: Uuid) -> Result<JobDetails, StartOutcome> {
        let Session { client, stack_key, .. } = &self.session;
        match client.job(stack_key, job).await {
            Ok(answer) => Ok(answer.value),
            Err(Error::NotFound { .. } | Error::Invalid { status: 422, .. }) => {
                Err(self.still_ours(job).await)
            }
            Err(error) => Err(StartOutcome::Retry { error: error_chain(&error) }),
        }
    }

    /// D9: a job that cannot be got is stale when it ended, or is somebody else's; otherwise it is tried again.
    async fn still_ours(&self, job: Uuid) -> StartOutcome {
        let Session { client, stack_key, .. } = &self.session;
        let batch = client.job_states(stack_key, &[job]).await;
        if let Some(failed) = batch.failed.first() {
            return StartOutcome::Retry { error: error_chain(&failed.error) };
        }
        let state = batch
            .value
            .get(&job)
            .map_or(BuildkiteState::Absent, |state| BuildkiteState::from_word(state.as_word()));
        match state {
            BuildkiteState::Reserved => StartOutcome::Retry {
                error: "Buildkite does not hand out the job although it is reserved".to_owned(),
            },
            _ => StartOutcome::Stale,
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

    /// F8: only NotFound is the user's mistake; any other failure may pass.
    async fn pod_template(&self, name: &str) -> Result<Value, StartOutcome> {
        match self.runtime.get_pod_template(name).await {
            Ok(Some(template)) => Ok(template),
            Ok(None) => {
                let namespace = &self.namespace;
                let error = format!(
                    "kubernetes plugin: podTemplate: there is no PodTemplate `{name}` in the namespace `{namespace}`"
                );
                Err(StartOutcome::Refused { verdict: Verdict::invalid_job(&error) })
            }
            Err(error) => Err(StartOutcome::Retry { error: error_chain(&error) }),
        }
    }

    /// Creates the Job, and stays with an uncertain create until a live read decides (L10). The name is
    /// fixed by the job's UUID, so creating again after an uncertain answer can at worst conflict.
    async fn create(&self, job: Uuid, manifest: &Value) -> StartOutcome {
        let mut pause = Duration::from_millis(200);
        loop {
            self.metrics.scheduler.create_calls.inc();
            let outcome = self.runtime.create_job(manifest).await;
            match outcome {
                CreateOutcome::Created { uid } => {
                    info!("created the Job");
                    return StartOutcome::Exists { uid, found: None };
                }
                CreateOutcome::Uncertain { ref reason, .. } => {
                    warn!(reason, "it is not known whether the Job was made; looking");
                }
                CreateOutcome::AlreadyExists => {}
                _ => return self.refused(outcome, manifest),
            }
            self.metrics.scheduler.create_error(outcome.reason_label());
            if let Some(outcome) = self.settle(job, &mut pause).await {
                return outcome;
            }
        }
    }

    /// Reads the Job by name until the API server answers. `None`: the name is free, create again.
    async fn settle(&self, job: Uuid, pause: &mut Duration) -> Option<StartOutcome> {
        loop {
            match self.runtime.get_job(&self.job_name(job)).await {
                Ok(None) => {
                    if self.stop.is_cancelled() {
                        return Some(StartOutcome::Abandoned);
                    }
                    sleep(*pause).await;
                    *pause = (*pause * 2).min(SETTLE_PAUSE);
                    return None;
                }
                Ok(Some(view)) => return Some(self.found(job, &view)),
                Err(error) => debug!(error = error_chain(&error), "could not read the Job; trying again"),
            }
            sleep(*pause).await;
            *pause = (*pause * 2).min(SETTLE_PAUSE);
        }
    }

    /// D4: ours is adopted; a name that is taken by something else waits for it to go, then gets a verdict.
    fn found(&self, job: Uuid, view: &JobView) -> StartOutcome {
        let controller = view.controller_id.as_deref().unwrap_or_default();
        match observe::job_facts(view, &self.namespace) {
            Some(facts) if facts.job == job && controller == self.controller_id => {
                info!("the Job exists already; adopted");
                StartOutcome::Exists { uid: facts.uid.clone(), found: Some(facts) }
            }
            Some(facts) if facts.job == job => StartOutcome::Retry {
                error: format!(
                    "the name {} is taken by the Job of another controller (id `{controller}`); give each controller \
                     its own `job-prefix`, or remove that Job",
                    view.name
                ),
            },
            _ => StartOutcome::Retry {
                error: format!(
                    "the name {} is taken by a Job that runs another job; remove it or choose another `job-prefix`",
                    view.name
                ),
            },
        }
    }

    /// A definite no: what can pass is tried again (P8), the rest is told to Buildkite (F8).
    fn refused(&self, outcome: CreateOutcome, manifest: &Value) -> StartOutcome {
        self.metrics.scheduler.create_error(outcome.reason_label());
        let error = match outcome {
            CreateOutcome::Forbidden {
                message,
                cause: ForbiddenCause::Quota | ForbiddenCause::Rights | ForbiddenCause::NamespaceTerminating,
            }
            | CreateOutcome::Unauthorized { message }
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
