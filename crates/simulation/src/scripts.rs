//! From the fate of a job to what the kubelet does with its pod.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cluster_sim::Value;
use cluster_sim::{ContainerScript, Interference, PodFacts, Run, Script, Start};
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use crate::{
    agents::AGENT,
    plan::{Fate, Harm, JobPlan},
};

/// The Secret with the agent token.
pub(crate) const TOKEN_SECRET: &str = "buildkite-agent-token";
/// The key in it.
pub(crate) const TOKEN_KEY: &str = "BUILDKITE_AGENT_TOKEN";
/// What says whose pod it is.
const JOB_UUID: &str = "/metadata/labels/buildkite.com~1job-uuid";

/// What the agent of a pod does, by the pod's UID.
pub(crate) type Parts = BTreeMap<String, Arc<Part>>;

/// What the agent of one pod does.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) job: Uuid,
    pub(crate) pod: String,
    /// The containers that end with the agent.
    pub(crate) containers: Vec<String>,
    pub(crate) lasts: Duration,
    pub(crate) code: i32,
    /// It ends with this status before it has asked for its job.
    pub(crate) dies: Option<i32>,
}

/// Jobs and what becomes of them.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    jobs: BTreeMap<Uuid, Entry>,
    /// Jobs that are to end without a pod, and nobody has seen to it yet.
    doomed: VecDeque<Doomed>,
    doom: Arc<Notify>,
}

/// A Job that Kubernetes ends before it has a pod.
#[derive(Debug)]
pub(crate) struct Doomed {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) at: Instant,
}

#[derive(Debug)]
struct Entry {
    plan: JobPlan,
    pods: u32,
    /// The Job that is refused its pod, and since when.
    refused: Option<(String, Instant)>,
}

impl Fates {
    /// What is planned for a job.
    pub(crate) fn of(&self, job: Uuid) -> Option<&JobPlan> {
        self.jobs.get(&job).map(|entry| &entry.plan)
    }

    pub(crate) fn add(&mut self, job: Uuid, plan: JobPlan) {
        self.jobs.insert(job, Entry { plan, pods: 0, refused: None });
    }

    /// Somebody has given the job another priority: what Buildkite makes of it has that too.
    pub(crate) fn reprioritize(&mut self, job: Option<Uuid>, priority: i64) {
        if let Some(entry) = job.and_then(|job| self.jobs.get_mut(&job)) {
            entry.plan.priority = priority;
        }
    }

    /// Jobs that are to end without a pod, since the last question.
    pub(crate) fn doomed(&mut self) -> VecDeque<Doomed> {
        std::mem::take(&mut self.doomed)
    }

    /// Tells when there is another one.
    pub(crate) fn doom(&self) -> Arc<Notify> {
        Arc::clone(&self.doom)
    }

    /// Why this Job gets no pod.
    fn refuse(&mut self, made: &Value) -> Option<String> {
        let job = made.pointer(JOB_UUID)?.as_str()?.parse().ok()?;
        let entry = self.jobs.get_mut(&job)?;
        let (quota, recovers_after, ends_after) = match entry.plan.fate {
            Fate::NoPod { quota, recovers_after } => (quota, recovers_after, None),
            Fate::EndsWithoutPod { after } => (false, None, Some(after)),
            _ => return None,
        };
        let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
        let (name, uid) = (text(&made["metadata"]["name"]), text(&made["metadata"]["uid"]));
        let known = entry.refused.as_ref().is_some_and(|(refused, _)| *refused == uid);
        if !known && entry.refused.is_some() && !entry.plan.always {
            return None;
        }
        let since = entry.refused.as_ref().map_or_else(Instant::now, |(_, since)| *since);
        if recovers_after.is_some_and(|after| since.elapsed() >= after) {
            return None;
        }
        if let Some(after) = ends_after.filter(|_| !known) {
            self.doomed.push_back(Doomed { name, uid: uid.clone(), at: Instant::now() + after });
            self.doom.notify_one();
        }
        entry.refused = Some((uid, since));
        Some(if quota {
            "exceeded quota: pods, requested: pods=1, used: pods=4, limited: pods=4".to_owned()
        } else {
            "error looking up service account buildkite/nobody: serviceaccount \"nobody\" not found"
                .to_owned()
        })
    }

    /// The script of a pod and the part of its agent.
    fn choose(&mut self, pod: &PodFacts) -> Option<(Script, Part)> {
        let job = pod.object.pointer(JOB_UUID)?.as_str()?.parse().ok()?;
        let entry = self.jobs.get_mut(&job)?;
        entry.pods += 1;
        let names = |list: &str| -> Vec<String> {
            let containers = pod.object["spec"][list].as_array();
            let name = |container: &Value| container["name"].as_str().map(str::to_owned);
            containers.into_iter().flatten().filter_map(name).collect()
        };
        let containers: Vec<String> = names("containers").into_iter().filter(|name| name != AGENT).collect();
        let mut part = Part {
            job,
            pod: pod.name.clone(),
            containers,
            lasts: Duration::from_secs(2),
            code: 0,
            dies: None,
        };
        if let Fate::Runs { lasts, code } = entry.plan.fate {
            (part.lasts, part.code) = (lasts, code);
        }
        part.lasts += entry.plan.slow_command;
        let mut script = script(&part, entry.plan.slow_start);
        if let Some(command) = part.containers.last().and_then(|name| script.containers.get_mut(name)) {
            command.start = Start::After(entry.plan.slow_command + Duration::from_millis(50));
        }
        if entry.pods == 1 || entry.plan.always {
            befall(&mut script, &mut part, &entry.plan.fate, &names("initContainers"));
        }
        Some((script, part))
    }
}

/// The scripts of a run, and what they tell the agents.
pub(crate) fn chooser(
    fates: Arc<Mutex<Fates>>,
    parts: Arc<Mutex<Parts>>,
) -> impl FnMut(&PodFacts) -> Script + Send + 'static {
    move |pod| {
        let chosen = fates.lock().unwrap_or_else(PoisonError::into_inner).choose(pod);
        let Some((script, part)) = chosen else { return Script::default() };
        parts.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.uid.clone(), Arc::new(part));
        script
    }
}

/// Why a job's first Job gets no pod, as long as it does not.
pub(crate) fn refuser(fates: Arc<Mutex<Fates>>) -> impl FnMut(&Value) -> Option<String> + Send + 'static {
    move |job| fates.lock().unwrap_or_else(PoisonError::into_inner).refuse(job)
}

/// A pod in which nothing goes wrong: everything but the init containers ends when it is told.
fn script(part: &Part, slow_start: Duration) -> Script {
    let told = || ContainerScript::new(Run::UntilTold);
    let mut containers: BTreeMap<String, ContainerScript> =
        part.containers.iter().map(|name| (name.clone(), told())).collect();
    containers.insert(AGENT.to_owned(), told());
    Script { bind_after: Some(slow_start), containers, ..Script::default() }
}

/// What goes wrong.
fn befall(script: &mut Script, part: &mut Part, fate: &Fate, inits: &[String]) {
    // The first init container brings the agent: what befalls it befalls the pod.
    let mut init = |container: ContainerScript| {
        if let Some(first) = inits.first() {
            script.containers.insert(first.clone(), container);
        }
    };
    match fate {
        Fate::Runs { .. } | Fate::Refused | Fate::NoPod { .. } | Fate::EndsWithoutPod { .. } => {}
        Fate::ImagePull { reason, recovers_after } => {
            let start = Start::Fails {
                reason: (*reason).to_owned(),
                message: "the simulated registry has no such image".to_owned(),
                recovers_after: *recovers_after,
            };
            init(ContainerScript { start, run: Run::AsUsual });
        }
        Fate::InitFails { code, oom } => {
            let reason = oom.then(|| "OOMKilled".to_owned());
            let message = "the simulated init container failed".to_owned();
            let after = Duration::from_millis(80);
            init(ContainerScript::new(Run::Exits { after, code: *code, reason, message }));
        }
        Fate::NeverScheduled => script.bind_after = None,
        Fate::Interference { after, how } => script.later.extend(interference(part, *after, *how)),
        Fate::AgentDies { code } => part.dies = Some(*code),
    }
}

fn interference(part: &Part, after: Duration, how: Harm) -> Vec<(Duration, Interference)> {
    let oom = |container: &str| Interference::OomKill { container: container.to_owned() };
    let command = part.containers.last().map_or(AGENT, String::as_str);
    let one = match how {
        Harm::Evicted => Interference::Evict,
        Harm::Preempted => Interference::Preempt,
        Harm::NodeLost { back_after } => {
            return vec![(after, Interference::NodeLost), (after + back_after, Interference::NodeBack)];
        }
        Harm::Deleted { force } => Interference::DeletedByThirdParty { force },
        Harm::AgentOom => oom(AGENT),
        Harm::CommandOom => oom(command),
    };
    vec![(after, one)]
}

/// A token as a Secret holds it.
pub(crate) fn encode_token(text: &str) -> String {
    STANDARD.encode(text)
}

/// A token out of a Secret; empty when there is none.
pub(crate) fn decode_token(text: &str) -> String {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
