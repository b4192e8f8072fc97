//! One run: a world is set up, the plan is carried out, and the judge speaks.
//!
//! A run has a thread of its own for as long as it lasts: one runtime with paused time, both simulators on its
//! clock, and every random choice from the plan's seed.

mod outcome;
mod setup;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use buildkite_sim::{BuildRequest, Simulator, Token, pipeline};
use cluster_sim::{Cluster, Interference, Kind, Value};
use serde_json::json;
use setup::{beginning, buildkite, kubernetes, step, strange_job, token};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

pub use outcome::{Counts, Outcome, Recoveries};

use crate::{
    agents::{Agents, Stage},
    bench::{Bench, Record},
    checker::Violation,
    controllers::{Place, Surroundings, settings},
    facts::{Facts, NAMESPACE, Note, QUEUE},
    faults::Faults,
    plan::{Clash, Fate, JobPlan, Plan, What},
    scripts::{Fates, Parts, TOKEN_KEY, TOKEN_SECRET, chooser, encode_token, refuser},
    third_parties::{end_jobs, lease_name, take_lease},
    trace::Detail,
};

/// Calm for so long without any progress means that there will be none: the longest waits of a plan are
/// reservations of a quarter of an hour and nodes that are away for some minutes.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The most jobs of the burst at the end.
const LARGEST_PROBE: usize = 60;
/// How long the jobs of that burst run: long enough for all of them to be in flight at once.
const PROBE_RUNS_FOR: Duration = Duration::from_secs(45);

/// Carries out a plan from beginning to end.
///
/// # Panics
/// When there is no runtime to be had.
#[must_use]
pub fn run(plan: &Plan, detail: Detail) -> Outcome {
    // Libraries draw from the thread's own source: back-off of watches, for one.
    fastrand::seed(plan.seed);
    #[cfg(feature = "planted-defects")]
    crate::defects::begin_run();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing that could lack");
    runtime.block_on(async {
        let mut world = World::new(plan, detail);
        world.play(plan).await;
        world.outcome(plan)
    })
}

/// Everything of one run.
struct World {
    start: Instant,
    bench: Bench,
    cluster: Cluster,
    simulator: Simulator,
    faults: Faults,
    fates: Arc<Mutex<Fates>>,
    places: Vec<Arc<Place>>,
    /// Jobs by their number in the plan, each with its build.
    jobs: BTreeMap<usize, (Uuid, Uuid)>,
    token: u32,
    valid_tokens: Arc<Mutex<Vec<Token>>>,
    recoveries: Recoveries,
    tasks: JoinSet<()>,
}

impl World {
    fn new(plan: &Plan, detail: Detail) -> Self {
        let Plan { seed, site, .. } = plan;
        let began = beginning(*seed);
        let simulator = Simulator::with_clock(buildkite(plan), buildkite_sim::Clock::tokio(began));
        let cluster = Cluster::with_clock(kubernetes(plan), cluster_sim::Clock::tokio(began));
        let fates = Arc::<Mutex<Fates>>::default();
        let parts = Arc::<Mutex<Parts>>::default();
        cluster.set_scripts(chooser(Arc::clone(&fates), Arc::clone(&parts)));
        cluster.refuse_pods(refuser(Arc::clone(&fates)));
        let calm_at = began + plan.calm_at();
        let facts = Facts::new(began, site.clone(), calm_at);
        let bench = Bench::new(cluster.clone(), simulator.clone(), Arc::clone(&fates), facts, detail);
        let faults = Faults::new(*seed, site.weather.clone(), site.latency);
        let surroundings = Surroundings {
            seed: *seed,
            settings: Arc::new(settings(site)),
            buildkite: simulator.router(),
            kubernetes: cluster.router(),
            faults: faults.clone(),
            bench: bench.clone(),
        };
        let places = (0..site.instances).map(|place| Place::new(surroundings.clone(), place, site.limit));
        let agents = Agents::new(Stage {
            bench: bench.clone(),
            cluster: cluster.clone(),
            buildkite: simulator.router(),
            faults: faults.clone(),
            parts,
            seed: *seed,
            lost_after: site.agent_lost_after,
        });
        let mut world = Self {
            start: Instant::now(),
            bench,
            cluster,
            simulator,
            faults,
            fates,
            places: places.collect(),
            jobs: BTreeMap::new(),
            token: 0,
            valid_tokens: Arc::new(Mutex::new(vec![Token::new(token(0))])),
            recoveries: Recoveries::default(),
            tasks: JoinSet::new(),
        };
        world.put_token();
        world.spawn(agents);
        world
    }

    fn spawn(&mut self, agents: Agents) {
        let (cluster, simulator, bench) = (self.cluster.clone(), self.simulator.clone(), self.bench.clone());
        self.tasks.spawn(async move { cluster.run_timers().await });
        self.tasks.spawn(async move { simulator.run_timers().await });
        self.tasks.spawn(async move { bench.watch_timers().await });
        self.tasks.spawn(agents.run());
        let fates = Arc::clone(&self.fates);
        self.tasks.spawn(end_jobs(fates, self.cluster.clone(), self.bench.clone()));
        for place in &self.places {
            self.tasks.spawn(Arc::clone(place).run());
        }
    }

    /// Carries out the plan until it is over or a rule is broken.
    async fn play(&mut self, plan: &Plan) {
        let bench = self.bench.clone();
        tokio::select! {
            biased;
            () = bench.ruled() => {}
            () = self.script(plan) => {}
        }
    }

    async fn script(&mut self, plan: &Plan) {
        for item in &plan.items {
            sleep_until(self.start + item.at).await;
            self.bench.observe();
            self.carry_out(&item.what);
            self.bench.observe();
        }
        sleep_until(self.start + plan.calm_at()).await;
        self.calm();
        // Places that were empty have a controller again.
        sleep(Duration::from_secs(1)).await;
        if !self.quiet().await {
            return;
        }
        self.probe();
        if self.quiet().await {
            self.bench.end();
        }
    }

    fn carry_out(&mut self, what: &What) {
        let job = self.job_of(what);
        if !matches!(what, What::Build { .. }) {
            self.bench.note(&Note::Item { what, job });
        }
        match what {
            What::Build { first, jobs } => self.build(*first, jobs, false),
            What::Reprioritize { priority, .. } => {
                if job.is_some_and(|job| self.simulator.reprioritize_job(job, *priority).is_ok()) {
                    let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
                    fates.reprioritize(job, *priority);
                }
            }
            What::DeleteLease => drop(self.cluster.delete(Kind::Lease, NAMESPACE, &lease_name())),
            What::TakeLease => take_lease(&self.cluster),
            // Whatever has ended cannot be cancelled any more.
            What::CancelJob(_) => drop(job.map(|job| self.simulator.cancel_job(job))),
            What::CancelBuild(number) => {
                let build = self.jobs.get(number).map(|(_, build)| *build);
                drop(build.map(|build| self.simulator.cancel_build(build)));
            }
            What::DeleteJob(_) => {
                let name = job.map(|job| format!("{}{job}", crate::facts::JOB_PREFIX));
                let _ = name.is_some_and(|name| self.cluster.delete(Kind::Job, NAMESPACE, &name));
            }
            What::DeletePod { force, .. } => self.delete_pods(job, *force),
            What::NodeLost { node, back_after } => self.lose_node(*node, *back_after),
            What::PauseQueue => {
                self.recoveries.pauses += 1;
                self.pause(true);
            }
            What::ResumeQueue => self.pause(false),
            What::Crash { instance, point, restart_after, limit } => {
                self.places[*instance].crash(*point, *restart_after, *limit);
            }
            What::Stop { instance, restart_after, limit } => {
                self.recoveries.stops += 1;
                self.places[*instance].stop(*restart_after, *limit);
            }
            What::ClockJump { instance, milliseconds } => self.places[*instance].jump(*milliseconds),
            What::Outage { side, how, lasts } => {
                self.recoveries.outages += 1;
                self.faults.outage(*side, *how, *lasts);
            }
            What::StallJobController { lasts } => self.cluster.stall_job_controller(*lasts),
            What::Compact => {
                self.recoveries.compactions += 1;
                self.cluster.compact();
            }
            What::CloseWatches => self.cluster.close_watches(),
            What::RotateToken { old_refused_after } => self.rotate_token(*old_refused_after),
        }
    }

    fn job_of(&self, what: &What) -> Option<Uuid> {
        let (What::CancelJob(number)
        | What::CancelBuild(number)
        | What::Reprioritize { job: number, .. }
        | What::DeleteJob(number)
        | What::DeletePod { job: number, .. }) = what
        else {
            return None;
        };
        self.jobs.get(number).map(|(job, _)| *job)
    }

    /// Creates a build of these jobs.
    fn build(&mut self, first: usize, jobs: &[JobPlan], probe: bool) {
        let steps: Vec<serde_json::Value> =
            jobs.iter().enumerate().map(|(at, job)| step(first + at, job)).collect();
        if steps.is_empty() {
            return;
        }
        let pipeline = pipeline::parse_json(&json!({ "steps": steps })).expect("the steps are well-formed");
        let build = self.simulator.create_build(BuildRequest::new(pipeline)).expect("its queue exists");
        let snapshot = self.simulator.build(build).expect("it was just created");
        let mut fates = self.fates.lock().unwrap_or_else(PoisonError::into_inner);
        for (number, (job, plan)) in (first..).zip(snapshot.jobs().zip(jobs)) {
            self.bench.note(&Note::JobCreated { job: job.id, number, plan, probe });
            fates.add(job.id, plan.clone());
            self.jobs.insert(number, (job.id, build));
        }
        drop(fates);
        for (job, plan) in snapshot.jobs().zip(jobs) {
            if let Some(clash) = plan.clash {
                self.bench.note(&Note::Clash { job: job.id, whose: clash.whose });
                self.take_name(job.id, clash);
            }
        }
    }

    /// Somebody has a Job of the name that the job's own would have, and takes it away after a while.
    fn take_name(&mut self, job: Uuid, clash: Clash) {
        let name = format!("{}{job}", crate::facts::JOB_PREFIX);
        let made = self.cluster.apply(strange_job(&name, job, clash.whose)).expect("the Job is well-formed");
        let (cluster, bench) = (self.cluster.clone(), self.bench.clone());
        self.tasks.spawn(async move {
            sleep(clash.lasts).await;
            bench.observe();
            // The name may have become ours.
            let still = cluster.object(Kind::Job, NAMESPACE, &name);
            if still.is_some_and(|still| still["metadata"]["uid"] == made["metadata"]["uid"]) {
                let _ = cluster.delete(Kind::Job, NAMESPACE, &name);
            }
            bench.observe();
        });
    }

    /// A node is lost with all of its pods, and comes back.
    fn lose_node(&mut self, node: u32, back_after: Duration) {
        self.recoveries.nodes += 1;
        self.cluster.lose_node(node);
        let (cluster, bench) = (self.cluster.clone(), self.bench.clone());
        self.tasks.spawn(async move {
            sleep(back_after).await;
            bench.observe();
            bench.note(&Note::NodeBack { node });
            cluster.return_node(node);
            bench.observe();
        });
    }

    fn delete_pods(&self, job: Option<Uuid>, force: bool) {
        let Some(job) = job.map(|job| job.to_string()) else { return };
        for pod in self.cluster.objects(Kind::Pod, NAMESPACE) {
            let of = pod.pointer("/metadata/labels/buildkite.com~1job-uuid").and_then(Value::as_str);
            let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
            if of == Some(&job) {
                self.cluster.interfere(uid, Interference::DeletedByThirdParty { force });
            }
        }
    }

    fn pause(&self, paused: bool) {
        self.simulator.pause_queue(QUEUE, paused).expect("the queue exists");
    }

    fn put_token(&self) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": { "name": TOKEN_SECRET, "namespace": NAMESPACE },
            "data": { TOKEN_KEY: encode_token(&token(self.token)) },
        });
        self.cluster.apply(secret).expect("the Secret is well-formed");
    }

    /// A new token is valid and in the Secret at once; the old one is refused a while later.
    fn rotate_token(&mut self, old_refused_after: Duration) {
        self.recoveries.rotations += 1;
        let old = Token::new(token(self.token));
        self.token += 1;
        let (simulator, valid) = (self.simulator.clone(), Arc::clone(&self.valid_tokens));
        let change = move |change: &dyn Fn(&mut Vec<Token>)| {
            let mut valid = valid.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut valid);
            simulator.set_agent_tokens(valid.clone());
        };
        let new = Token::new(token(self.token));
        change(&|valid| valid.push(new.clone()));
        self.put_token();
        self.tasks.spawn(async move {
            sleep(old_refused_after).await;
            change(&|valid| valid.retain(|token| *token != old));
        });
    }

    /// Faults cease.
    fn calm(&mut self) {
        self.bench.note(&Note::Calm);
        self.faults.calm();
        self.pause(false);
        for place in &self.places {
            place.calm();
        }
        self.bench.observe();
    }

    /// Waits until every job has ended and nothing of it is left in the cluster.
    async fn quiet(&self) -> bool {
        let mut progress = (usize::MAX, 0);
        let mut since = Instant::now();
        loop {
            let left =
                (self.bench.open_jobs(), self.cluster.count(Kind::Job) + self.cluster.count(Kind::Pod));
            if left == (0, 0) {
                return true;
            }
            if left != progress {
                progress = left;
                since = Instant::now();
            } else if since.elapsed() > PATIENCE {
                self.bench.convict(self.stuck(left));
                return false;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn stuck(&self, (jobs, objects): (usize, usize)) -> Violation {
        let some = self.bench.some_open_jobs();
        let named: Vec<String> = some
            .iter()
            .map(|(number, job)| {
                let state = self.simulator.job(*job).map_or("unknown", |job| job.state.as_str());
                format!("job {number} ({job}) is {state}")
            })
            .collect();
        let names = |kind| {
            let objects = self.cluster.objects(kind, NAMESPACE);
            let named = objects.iter().take(3).filter_map(|object| object["metadata"]["name"].as_str());
            named.map(str::to_owned).collect::<Vec<_>>()
        };
        let message = format!(
            "nothing has moved for {PATIENCE:?} after the last fault: {jobs} jobs have not ended ({}), {objects} \
             objects are left (Jobs {:?}, Pods {:?})",
            named.join(", "),
            names(Kind::Job),
            names(Kind::Pod),
        );
        let job = some.first().map(|(_, job)| *job);
        Violation { rule: "lifecycle L15", job, at: self.bench.now(), message }
    }

    /// As many jobs as may run at once: they do, unless a slot is held by nobody.
    fn probe(&mut self) {
        let limits = self.places.iter().map(|place| place.limit());
        let smallest = limits.filter(|limit| *limit > 0).min().unwrap_or(LARGEST_PROBE);
        let fate = Fate::Runs { lasts: PROBE_RUNS_FOR, code: 0 };
        let job = JobPlan::new(fate, Duration::from_millis(100));
        let first = self.jobs.last_key_value().map_or(0, |(number, _)| number + 1);
        self.build(first, &vec![job; smallest.min(LARGEST_PROBE)], true);
        self.bench.observe();
    }

    fn outcome(self, plan: &Plan) -> Outcome {
        let Record { violation, steps, takeovers, trace } = self.bench.record();
        let mut recoveries = self.recoveries;
        recoveries.takeovers = takeovers;
        recoveries.crashes = self.places.iter().map(|place| place.deaths()).sum();
        Outcome {
            seed: plan.seed,
            jobs: self.jobs.len(),
            steps,
            simulated: self.start.elapsed(),
            faults: self.faults.counts(),
            recoveries,
            violation,
            trace,
        }
    }
}
