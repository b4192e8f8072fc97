//! New builds, steps and jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::build::{Build, BuildFacts, BuildState, Step, StepKind, StepState};
use super::job::{Job, JobPlace, JobState, Outcome};
use super::refusal::Refusal;
use crate::pipeline::model::Pipeline;
use crate::pipeline::plan::{Fate, Plan, PlannedKind, PlannedStep};
use crate::pipeline::variables::BuildVariables;

/// A build to create.
#[derive(Clone, Debug)]
pub(crate) struct NewBuild {
    pub(crate) facts: BuildFacts,
    pub(crate) pipeline: Pipeline,
    pub(crate) meta_data: BTreeMap<String, String>,
    /// Unblock every block and input step with its defaults when its turn comes.
    pub(crate) unblock: bool,
}

impl World {
    /// Creates a build and starts what can start.
    pub(crate) fn create_build(&mut self, new: NewBuild, now: Timestamp) -> Result<Uuid, Refusal> {
        let NewBuild { facts, pipeline, meta_data, unblock } = new;
        let pipeline_id = match self.pipelines.get(&facts.pipeline) {
            Some(id) => *id,
            None => self.entropy.uuid(now),
        };
        let id = self.entropy.uuid(now);
        let number = self.build_numbers.get(&facts.pipeline).copied().unwrap_or_default() + 1;
        let build = Build {
            id,
            number,
            pipeline_id,
            state: BuildState::Scheduled,
            history: vec![(now, BuildState::Scheduled)],
            created_at: now,
            started_at: None,
            finished_at: None,
            canceled: false,
            failing: false,
            steps: Vec::new(),
            open_steps: 0,
            unblock,
            meta_data,
            annotations: IndexMap::new(),
            artifacts: Vec::new(),
            uploads: BTreeMap::new(),
            facts,
        };
        let plan = self.plan(&build, &pipeline)?;
        self.pipelines.insert(build.facts.pipeline.clone(), pipeline_id);
        self.build_numbers.insert(build.facts.pipeline.clone(), number);
        self.builds.insert(id, build);
        self.add_steps(id, 0, plan, now);
        self.advance(id, now);
        self.touch();
        Ok(id)
    }

    /// Expands a pipeline for a build and checks it against what is there.
    pub(super) fn plan(&self, build: &Build, pipeline: &Pipeline) -> Result<Plan, Refusal> {
        let plan = crate::pipeline::expand(pipeline, &self.variables(build))
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        // Within the pipeline its reader has compared the keys already.
        let taken = self.keys_of(build);
        for step in &plan.steps {
            let group = step.group.as_ref().and_then(|group| group.key.as_deref());
            if let Some(key) = group.into_iter().chain(step.key.as_deref()).find(|key| taken.contains(key)) {
                let text = format!("the step key \"{key}\" is used more than once in the build");
                return Err(Refusal::invalid(text));
            }
            for job in step.jobs() {
                self.queue_of(&job.agents)?;
            }
        }
        Ok(plan)
    }

    /// The keys of a build's steps and groups: one name for both, since `depends_on` takes either.
    fn keys_of<'a>(&'a self, build: &Build) -> BTreeSet<&'a str> {
        let steps = build.steps.iter().map(|id| &self.steps[id]);
        let group = |step: &'a Step| step.group.as_ref().and_then(|group| group.key.as_deref());
        steps.flat_map(|step| [step.key.as_deref(), group(step)]).flatten().collect()
    }

    fn queue_of(&self, agents: &[String]) -> Result<String, Refusal> {
        let Some(key) = agents.iter().find_map(|rule| rule.strip_prefix("queue=")) else {
            return Ok(self.options.default_queue.clone());
        };
        self.resolve_queue(key).map_err(|_| {
            let known: Vec<&str> = self.queues.keys().map(String::as_str).collect();
            Refusal::invalid(format!(
                "there is no queue \"{key}\" in the cluster; its queues are: {}",
                known.join(", ")
            ))
        })
    }

    fn variables(&self, build: &Build) -> BuildVariables {
        let facts = &build.facts;
        BuildVariables {
            id: build.id.to_string(),
            number: build.number,
            branch: facts.branch.clone(),
            tag: (!facts.tag.is_empty()).then(|| facts.tag.clone()),
            commit: facts.commit.clone(),
            message: facts.message.clone(),
            source: facts.source.clone(),
            creator_name: String::new(),
            creator_email: String::new(),
            pipeline_id: build.pipeline_id.to_string(),
            pipeline_slug: facts.pipeline.clone(),
            default_branch: "main".to_owned(),
            repository: facts.repository.clone(),
            organization_id: self.organization_id.to_string(),
            organization_slug: self.options.organization_slug.clone(),
            env: facts.env.clone(),
        }
    }

    /// Puts planned steps into a build, the first at position `at`.
    pub(super) fn add_steps(&mut self, build: Uuid, at: usize, plan: Plan, now: Timestamp) {
        let mut ids = Vec::with_capacity(plan.steps.len());
        for planned in plan.steps {
            ids.push(self.add_step(build, planned, now));
        }
        let open = ids.iter().filter(|id| !self.steps[*id].state.is_terminal()).count();
        let build = self.known_build(build);
        build.open_steps += open;
        build.steps.splice(at..at, ids);
    }

    fn add_step(&mut self, build: Uuid, planned: PlannedStep, now: Timestamp) -> Uuid {
        let PlannedStep { key, label, group, depends_on, allow_dependency_failure, fate, kind } = planned;
        let id = self.entropy.uuid(now);
        let kind = match kind {
            PlannedKind::Command(command) => StepKind::Command(Arc::from(command)),
            PlannedKind::Wait { continue_on_failure } => StepKind::Wait { continue_on_failure },
            PlannedKind::Block(step) => StepKind::Block(Arc::from(step)),
            PlannedKind::Input(step) => StepKind::Input(Arc::from(step)),
        };
        let (state, left_out) = match fate {
            Fate::Run => (StepState::Waiting, None),
            Fate::Skipped { reason } if reason.is_empty() => {
                (StepState::Skipped, Some((JobState::Skipped, "skip: true".to_owned())))
            }
            Fate::Skipped { reason } => (StepState::Skipped, Some((JobState::Skipped, reason))),
            Fate::Excluded { reason } => (StepState::Skipped, Some((JobState::Broken, reason))),
        };
        let command = match &kind {
            StepKind::Command(command) => Some(Arc::clone(command)),
            StepKind::Wait { .. } | StepKind::Block(_) | StepKind::Input(_) => None,
        };
        let cause = left_out.as_ref().map(|(_, reason)| reason.clone()).unwrap_or_default();
        let step = Step {
            id,
            build,
            key,
            label,
            group,
            depends_on,
            allow_dependency_failure,
            kind,
            state,
            cause,
            jobs: Vec::new(),
            attributes: BTreeMap::new(),
            updates: BTreeSet::new(),
        };
        self.steps.insert(id, step);
        let Some(command) = command else { return id };
        for index in 0..command.jobs.len() {
            let queue =
                self.queue_of(&command.jobs[index].agents).expect("the plan was checked against the queues");
            let command = Arc::clone(&command);
            let job = self.create_job(JobPlace { build, step: id, command, index, queue }, now);
            if let Some((state, reason)) = &left_out {
                self.set_job_state(job, *state, reason, now);
                self.known_job(job).outcome = Some(Outcome::Passed);
            }
        }
        id
    }

    pub(super) fn create_job(&mut self, place: JobPlace, now: Timestamp) -> Uuid {
        let id = self.entropy.uuid(now);
        let step = place.step;
        if let Some(concurrency) = &place.command.concurrency {
            self.groups.entry(concurrency.group.clone()).or_default().push(id);
        }
        self.jobs.insert(id, Job::new(id, place, now));
        self.known_step(step).jobs.push(id);
        id
    }
}
