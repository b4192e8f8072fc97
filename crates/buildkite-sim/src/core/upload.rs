//! Pipeline uploads from a job (agent-protocol 8.4).

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::build::{StepState, Upload};
use super::job::JobState;
use super::refusal::Refusal;
use crate::pipeline::model::Pipeline;

/// One upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadRequest {
    /// The agent's id for it, the same for every retry.
    pub(crate) id: Uuid,
    /// Drop what comes after the uploading step and has not started.
    pub(crate) replace: bool,
    /// What to add, or why it cannot be read.
    pub(crate) pipeline: Result<Pipeline, String>,
}

impl World {
    /// Adds steps right after the uploading step.
    pub(crate) fn upload(
        &mut self,
        job: Uuid,
        request: UploadRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let id = request.id;
        let build = self.job(job)?.build;
        if let Some(done) = self.builds[&build].uploads.get(&id) {
            return done.outcome.clone().map_err(Refusal::invalid);
        }
        let outcome = self.apply_upload(job, request, now);
        let kept = outcome.as_ref().map_err(|refusal| refusal.message.clone()).copied();
        self.known_build(build).uploads.insert(id, Upload { job, outcome: kept });
        outcome
    }

    fn apply_upload(&mut self, job: Uuid, request: UploadRequest, now: Timestamp) -> Result<(), Refusal> {
        let job = self.job(job)?;
        let (id, step) = (job.build, job.step);
        if job.state.is_terminal() {
            return Err(Refusal::invalid(format!("job is {}", job.state.as_str())));
        }
        let build = &self.builds[&id];
        if build.canceled {
            return Err(Refusal::invalid("the build was canceled"));
        }
        let pipeline = request.pipeline.map_err(Refusal::invalid)?;
        let at = build.steps.iter().position(|known| *known == step).map_or(0, |at| at + 1);
        if request.replace {
            let dropped: Vec<Uuid> =
                build.steps[at..].iter().copied().filter(|step| self.has_not_started(*step)).collect();
            let kept = self.build_without(id, &dropped);
            // Checked before anything is dropped, so that a refused upload changes nothing.
            let plan = self.plan_with_steps(id, kept.clone(), &pipeline)?;
            for step in &dropped {
                self.set_step_state(*step, StepState::Canceled, "replaced by an upload");
                self.drop_jobs(*step, JobState::Canceled, "replaced by an upload", now);
            }
            self.known_build(id).steps = kept;
            self.add_steps(id, at, plan, now);
        } else {
            let plan = self.plan(build, &pipeline)?;
            self.add_steps(id, at, plan, now);
        }
        self.advance(id, now);
        Ok(())
    }

    fn has_not_started(&self, step: Uuid) -> bool {
        let step = &self.steps[&step];
        let untouched = |id: &Uuid| {
            let job = &self.jobs[id];
            !job.state.is_with_agent() && job.started_at.is_none()
        };
        !step.state.is_terminal() && step.jobs.iter().all(untouched)
    }

    fn build_without(&self, build: Uuid, dropped: &[Uuid]) -> Vec<Uuid> {
        let keep = |step: &Uuid| !dropped.contains(step);
        self.builds[&build].steps.iter().copied().filter(keep).collect()
    }

    fn plan_with_steps(
        &mut self,
        build: Uuid,
        steps: Vec<Uuid>,
        pipeline: &Pipeline,
    ) -> Result<crate::pipeline::plan::Plan, Refusal> {
        let all = std::mem::replace(&mut self.known_build(build).steps, steps);
        let plan = self.plan(&self.builds[&build], pipeline);
        self.known_build(build).steps = all;
        plan
    }

    /// What became of an upload: `applied` or `rejected`, with the reason.
    pub(crate) fn upload_state(&self, job: Uuid, id: Uuid) -> Result<(&'static str, String), Refusal> {
        let build = self.job(job)?.build;
        let upload = self.builds[&build].uploads.get(&id).filter(|upload| upload.job == job);
        match &upload.ok_or_else(|| Refusal::not_found("pipeline upload"))?.outcome {
            Ok(()) => Ok(("applied", String::new())),
            Err(message) => Ok(("rejected", message.clone())),
        }
    }
}
