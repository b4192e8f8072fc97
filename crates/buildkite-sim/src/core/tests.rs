//! Random histories from seeds: whatever happens, the books balance, and every build can end.

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::pipeline;

const PIPELINES: &[&str] = &[
    "steps: [{command: a, parallelism: 3, retry: {automatic: true}}, wait, {command: b, soft_fail: true}]",
    "steps: [{command: a, key: a}, {wait: ~, continue_on_failure: true}, {command: b, depends_on: a}]",
    "steps: [{command: a, concurrency: 2, concurrency_group: g, parallelism: 4}, {block: Go}, {command: b}]",
    "steps: [{command: t}, wait, {command: a, concurrency: 2, concurrency_group: g}]",
    "steps: [{command: a, concurrency: 1, concurrency_group: e, concurrency_method: eager, parallelism: 2}]",
    "steps: [{group: G, key: g, steps: [{command: a}, wait, {command: b}]}, {command: c, depends_on: g},
      {input: I, key: i}, {command: d, depends_on: [i, gone]}]",
    "steps: [{command: a, timeout_in_minutes: 1, cancel_on_build_failing: true}, {command: b, skip: true}]",
];

struct Run {
    world: World,
    chance: fastrand::Rng,
    now: Timestamp,
    seed: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let now: Timestamp = "2026-09-02T08:15:00Z".parse().unwrap();
        let options =
            Options { seed, job_expires_after: Some(Duration::from_secs(3600)), ..Options::default() };
        let mut world = World::new(options, now);
        for key in ["one", "two"] {
            let stack = StackRequest {
                key: key.to_owned(),
                kind: "custom".to_owned(),
                queue: "-".to_owned(),
                metadata: IndexMap::new(),
            };
            world.register_stack(stack, now).unwrap();
        }
        Self { world, chance: fastrand::Rng::with_seed(seed), now, seed }
    }

    fn some_job(&mut self, wanted: impl Fn(&Job) -> bool) -> Option<Uuid> {
        let fitting: Vec<Uuid> =
            self.world.jobs.values().filter(|job| wanted(job)).map(|job| job.id).collect();
        self.chance.choice(fitting)
    }

    fn some_build(&mut self) -> Option<Uuid> {
        let all: Vec<Uuid> = self.world.builds.keys().copied().collect();
        self.chance.choice(all)
    }

    /// One thing happens; refusals are part of life.
    fn step(&mut self) {
        self.now += Duration::from_millis(self.chance.u64(0..20_000));
        self.world.sweep(self.now);
        let stack = if self.chance.bool() { "one" } else { "two" };
        let now = self.now;
        match self.chance.u8(0..14) {
            0 => self.create_build(),
            1 | 2 => {
                if let Some(job) = self.some_job(|job| !job.state.is_terminal()) {
                    let expiry = self.chance.i64(1..200);
                    self.world.reserve(stack, &[job.to_string()], Some(expiry), now).unwrap();
                }
            }
            3..=5 => self.acquire(),
            6 | 7 => {
                if let Some(job) = self.some_job(|job| job.state == JobState::Accepted) {
                    self.world.start(job, now).unwrap();
                }
            }
            8..=10 => self.finish(),
            11 => {
                if let Some(build) = self.some_build() {
                    let _ = self.world.unblock(build, None, &IndexMap::new(), now);
                }
            }
            12 => match (self.chance.u8(0..3), self.some_build()) {
                (0, Some(build)) => drop(self.world.cancel_build(build, now)),
                (1, _) => {
                    if let Some(job) = self.some_job(|job| !job.state.is_terminal()) {
                        self.world.cancel_job(job, "by chance", now).unwrap();
                    }
                }
                _ => {
                    if let Some(job) = self.some_job(|job| job.state == JobState::Reserved) {
                        let _ = self.world.finish_by_stack(stack, &job.to_string(), None, "by chance", now);
                    }
                }
            },
            _ => self.upload(),
        }
    }

    fn create_build(&mut self) {
        let text = PIPELINES[self.chance.usize(..PIPELINES.len())];
        let pipeline = pipeline::parse_yaml(text, "p.yml").unwrap();
        let new = NewBuild {
            facts: BuildFacts::default(),
            pipeline,
            meta_data: BTreeMap::new(),
            unblock: self.chance.bool(),
        };
        self.world.create_build(new, self.now).unwrap();
    }

    fn acquire(&mut self) {
        let token = Options::default().agent_tokens[0].expose().to_owned();
        let registration =
            Registration { ignore_in_dispatches: self.chance.bool(), ..Registration::default() };
        let plain = !registration.ignore_in_dispatches;
        let agent = self.world.register_agent(Some(&token), registration, self.now).unwrap().id;
        if plain {
            if let Instruction::Run(job) = self.world.ping(agent, self.now).unwrap()
                && self.chance.bool()
            {
                self.world.accept(agent, job, self.now).unwrap();
            }
        } else if let Some(job) = self.some_job(|job| job.scheduled_at.is_some()) {
            let _ = self.world.acquire(agent, job, self.now);
        }
        if self.chance.u8(0..10) == 0 {
            self.world.disconnect_agent(agent, self.now).unwrap();
        }
    }

    fn finish(&mut self) {
        let held = |job: &Job| job.state.is_with_agent() && job.state != JobState::Assigned;
        if let Some(job) = self.some_job(held) {
            let exit_status = i32::from(self.chance.u8(0..3) == 0);
            let report = AgentResult { exit_status, signal: None, signal_reason: None, chunks_failed: 0 };
            self.world.finish_by_agent(job, report, self.now).unwrap();
        }
    }

    fn upload(&mut self) {
        if let Some(job) = self.some_job(|job| job.state == JobState::Running) {
            let text = PIPELINES[self.chance.usize(..PIPELINES.len())];
            let pipeline = pipeline::parse_yaml(text, "p.yml").map_err(|error| error.to_string());
            let id = self.world.new_id(self.now);
            let request = UploadRequest { id, replace: self.chance.bool(), pipeline };
            let _ = self.world.upload(job, request, self.now);
        }
    }

    /// What must hold after every step.
    fn check(&self) {
        let (world, seed) = (&self.world, self.seed);
        let mut running: BTreeMap<&str, u32> = BTreeMap::new();
        for job in world.jobs.values() {
            let id = job.id;
            let listed =
                job.scheduled_at.is_some_and(|at| world.queues[&job.queue].scheduled.contains(&(at, id)));
            assert_eq!(listed, job.state == JobState::Scheduled, "seed {seed}: {job:?}");
            assert_eq!(job.reservation.is_some(), job.state == JobState::Reserved, "seed {seed}: {job:?}");
            assert_eq!(job.outcome.is_some(), job.state.is_terminal(), "seed {seed}: {job:?}");
            assert_eq!(job.history.last().map(|it| it.state), Some(job.state), "seed {seed}: {job:?}");
            let ends = job.history.iter().filter(|it| it.state.is_terminal()).count();
            assert!(ends <= 1, "seed {seed}: ended twice: {job:?}");
            if job.state.takes_slot()
                && let Some(concurrency) = &job.command.concurrency
            {
                let count = running.entry(&concurrency.group).or_default();
                *count += 1;
                assert!(*count <= concurrency.limit, "seed {seed}: {concurrency:?} is exceeded");
            }
        }
        for build in world.builds.values() {
            let open = build.steps.iter().filter(|id| !world.steps[*id].state.is_terminal()).count();
            assert_eq!(build.open_steps, open, "seed {seed}: {build:?}");
            assert_eq!(build.state.is_terminal(), open == 0, "seed {seed}: {build:?}");
            for step in build.steps.iter().map(|id| &world.steps[id]) {
                let busy = step.jobs.iter().any(|id| !world.jobs[id].state.is_terminal());
                assert!(!(busy && step.state.is_terminal()), "seed {seed}: {step:?}");
                assert!(busy || step.state != StepState::Running, "seed {seed}: stuck: {step:?}");
            }
        }
        for agent in world.agents.values().filter(|agent| agent.job.is_some()) {
            let job = &world.jobs[&agent.job.expect("filtered")];
            assert_eq!(job.agent, Some(agent.id), "seed {seed}");
            assert!(job.state.is_with_agent(), "seed {seed}: {agent:?} {job:?}");
        }
    }

    /// Lets agents do all that is left and people unblock all that is blocked.
    fn drain(&mut self) {
        for _ in 0..2000 {
            let before = self.world.revision;
            self.now += Duration::from_secs(1);
            self.world.sweep(self.now);
            for job in self.world.jobs.keys().copied().collect::<Vec<_>>() {
                match self.world.jobs[&job].state {
                    JobState::Scheduled | JobState::Reserved => {
                        let token = Options::default().agent_tokens[0].expose().to_owned();
                        let agent =
                            self.world.register_agent(Some(&token), Registration::default(), self.now);
                        self.world.acquire(agent.unwrap().id, job, self.now).unwrap();
                    }
                    JobState::Accepted => self.world.start(job, self.now).unwrap(),
                    JobState::Running | JobState::Canceling | JobState::TimingOut => {
                        let report = AgentResult {
                            exit_status: 0,
                            signal: None,
                            signal_reason: None,
                            chunks_failed: 0,
                        };
                        self.world.finish_by_agent(job, report, self.now).unwrap();
                    }
                    _ => {}
                }
                self.check();
            }
            for build in self.world.builds.keys().copied().collect::<Vec<_>>() {
                let _ = self.world.unblock(build, None, &IndexMap::new(), self.now);
            }
            if self.world.revision == before && self.world.jobs.values().all(|job| job.state.is_terminal()) {
                break;
            }
        }
        for build in self.world.builds.values() {
            assert!(build.state.is_terminal(), "seed {}: never ended: {build:?}", self.seed);
        }
    }
}

/// stacks-api 10, agent-protocol 12
#[test]
fn random_histories_balance_and_end() {
    for seed in 0..60 {
        let mut run = Run::new(seed);
        for _ in 0..120 {
            run.step();
            run.check();
        }
        run.drain();
    }
}

#[test]
fn a_seed_repeats_exactly() {
    let history = |seed| {
        let mut run = Run::new(seed);
        (0..100).for_each(|_| run.step());
        format!("{:?}", run.world.jobs)
    };
    assert_eq!(history(5), history(5));
    assert_ne!(history(5), history(6));
}
