//! What the judge reads, reduced to what rules need.

use std::fmt;
use std::time::Duration;

use buildkite_sim::What;
use cluster_sim::{Actor, Change, ContainerChange, ContainerEvent, Kind, Value, Verb};
use jiff::Timestamp;
use uuid::Uuid;

use super::expected::Expected;
use crate::{
    facts::{CONTROLLER_ID, CutOff, JOB_PREFIX, Note, USER_AGENT},
    plan::{FaultKind, Side, What as Planned, Whose},
};

const UUID_LABEL: &str = "buildkite.com/job-uuid";
const ID_LABEL: &str = "buildkite.com/controller-id";
const AGENT: &str = "agent";

/// One life of one controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life(pub(super) usize, pub(super) u32);

impl fmt::Display for Life {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "controller {}.{}", self.0, self.1)
    }
}

/// An event and its time.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(super) at: Timestamp,
    pub(super) event: Event,
}

/// What can be seen.
#[derive(Clone, Debug)]
pub(super) enum Event {
    World(World),
    Buildkite(What),
    Job(Written<JobSeen>),
    Pod(Written<PodSeen>),
    /// The Lease has this holder now.
    Lease(Option<Life>),
    Container(ContainerSeen),
}

/// What the harness does.
#[derive(Clone, Debug)]
pub(super) enum World {
    Created { job: Uuid, priority: i64, expected: Expected, probe: bool },
    Started { life: Life, limit: Option<usize> },
    Ended { life: Life },
    LeaseLost,
    StopAsked { instance: usize },
    Reprioritized { job: Uuid, priority: i64 },
    Fault { side: Side, kind: FaultKind },
    Disturbed { side: Side, lasts: Duration },
    Touched { job: Uuid },
    VerdictSent { job: Uuid },
    ReserveSent { life: Life, jobs: Vec<Uuid> },
    CutOff { job: Uuid, how: CutOff },
    Clash { job: Uuid, whose: Whose },
    NodeLost { node: u32 },
    NodeBack { node: u32 },
    JobControllerStalls { lasts: Duration },
    Calm,
}

/// A write to an object.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub(super) verb: Verb,
    pub(super) by: Writer,
    /// The client named the object's UID or version.
    pub(super) precondition: bool,
    pub(super) object: T,
}

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// A controller.
    Controller(Life),
    /// A controller, and the request came long after it was given up.
    Late(Life),
    /// Kubernetes itself.
    Kubernetes,
    /// The harness, or a client of no controller.
    Outside,
}

/// A Job of a Buildkite job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobSeen {
    pub(super) uid: Uuid,
    pub(super) job: Uuid,
    /// It carries our controller's id.
    pub(super) ours: bool,
    /// `Complete` or `Failed` is `True`.
    pub(super) finished: bool,
    pub(super) deleting: bool,
    pub(super) deadline: Option<i64>,
}

/// A Pod of a Buildkite job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PodSeen {
    pub(super) uid: Uuid,
    pub(super) job: Uuid,
    pub(super) deleting: bool,
    /// The number of its node.
    pub(super) node: Option<u32>,
}

/// The agent's container, as it really ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContainerSeen {
    pub(super) pod: Uuid,
    pub(super) job: Uuid,
    /// It runs from now on, or no longer.
    pub(super) running: bool,
}

impl Seen {
    /// A write, unless it is about something that no rule looks at.
    pub(crate) fn of_change(change: &Change) -> Option<Self> {
        let by = writer(&change.actor);
        let object = &*change.object;
        let (verb, precondition) = (change.verb, change.precondition);
        let event = match change.kind {
            Kind::Job => Event::Job(Written { verb, by, precondition, object: JobSeen::read(object)? }),
            Kind::Pod => Event::Pod(Written { verb, by, precondition, object: PodSeen::read(object)? }),
            Kind::Lease => Event::Lease(if verb == Verb::Deleted { None } else { holder(object) }),
            _ => return None,
        };
        Some(Self { at: change.at, event })
    }

    /// Start and end of an agent's container.
    pub(super) fn of_container(change: &ContainerChange) -> Option<Self> {
        if change.container != AGENT {
            return None;
        }
        let pod = change.pod_uid.parse().ok()?;
        let job = change.job_uuid.as_ref()?.parse().ok()?;
        let running = matches!(change.event, ContainerEvent::Started);
        Some(Self { at: change.at, event: Event::Container(ContainerSeen { pod, job, running }) })
    }

    /// What the harness told, unless no rule needs it.
    pub(super) fn of_note(at: Timestamp, note: &Note<'_>, pod_pending: Duration) -> Option<Self> {
        let world = match note {
            Note::JobCreated { job, plan, probe, .. } => {
                let (priority, expected) = (plan.priority, Expected::of(plan, pod_pending));
                World::Created { job: *job, priority, expected, probe: *probe }
            }
            Note::Item { what, job } => item(what, *job)?,
            Note::Started { instance, life, limit } => {
                World::Started { life: Life(*instance, *life), limit: (*limit > 0).then_some(*limit) }
            }
            Note::Ended { instance, life, .. } => World::Ended { life: Life(*instance, *life) },
            Note::Fault { side, kind, .. } => World::Fault { side: *side, kind: *kind },
            Note::VerdictSent { job } => World::VerdictSent { job: *job },
            Note::ReserveSent { instance, life, jobs } => {
                World::ReserveSent { life: Life(*instance, *life), jobs: jobs.to_vec() }
            }
            Note::Harm { job } => World::Touched { job: *job },
            Note::Clash { job, whose } => World::Clash { job: *job, whose: *whose },
            Note::NodeBack { node } => World::NodeBack { node: *node },
            Note::AgentCutOff { job, how } => World::CutOff { job: *job, how: *how },
            Note::Calm => World::Calm,
        };
        Some(Self { at, event: Event::World(world) })
    }
}

/// How long a refused token may trouble us: it is read again once a minute (lifecycle 1.4).
const TOKEN_TROUBLE: Duration = Duration::from_secs(90);

fn item(what: &Planned, job: Option<Uuid>) -> Option<World> {
    Some(match what {
        Planned::DeleteJob(_) | Planned::DeletePod { .. } => World::Touched { job: job? },
        Planned::Reprioritize { priority, .. } => World::Reprioritized { job: job?, priority: *priority },
        Planned::DeleteLease | Planned::TakeLease => World::LeaseLost,
        Planned::Stop { instance, .. } => World::StopAsked { instance: *instance },
        Planned::NodeLost { node, .. } => World::NodeLost { node: *node },
        // Whom it concerns is told job by job.
        Planned::Outage { side: Side::Agents, .. } => return None,
        // Everything else goes on; each create that is refused is told.
        Planned::Outage { how: FaultKind::Forbidden, .. } => return None,
        Planned::Outage { side, lasts, .. } => World::Disturbed { side: *side, lasts: *lasts },
        Planned::RotateToken { old_refused_after } => {
            World::Disturbed { side: Side::Buildkite, lasts: *old_refused_after + TOKEN_TROUBLE }
        }
        Planned::StallJobController { lasts } => World::JobControllerStalls { lasts: *lasts },
        Planned::Compact | Planned::CloseWatches => {
            World::Fault { side: Side::Kubernetes, kind: FaultKind::WatchCut }
        }
        _ => return None,
    })
}

fn writer(actor: &Actor) -> Writer {
    let Actor::Client { user_agent } = actor else {
        return if *actor == Actor::Operator { Writer::Outside } else { Writer::Kubernetes };
    };
    let Some(rest) = user_agent.strip_prefix(USER_AGENT) else { return Writer::Outside };
    match (life(rest.trim_start_matches('/')), rest.ends_with(" late")) {
        (Some(life), false) => Writer::Controller(life),
        (Some(life), true) => Writer::Late(life),
        (None, _) => Writer::Outside,
    }
}

/// Reads `<instance>.<life>` at the beginning of a text.
fn life(text: &str) -> Option<Life> {
    let (instance, rest) = text.split_once('.')?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    Some(Life(instance.parse().ok()?, rest[..end].parse().ok()?))
}

fn holder(lease: &Value) -> Option<Life> {
    life(lease.pointer("/spec/holderIdentity")?.as_str()?)
}

impl JobSeen {
    /// `None` when it is not about a Buildkite job, nor has the name that the Job of one would have.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let labelled = job_uuid(metadata);
        let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
        let finished = conditions.into_iter().flatten().any(|condition| {
            let ends = matches!(condition["type"].as_str(), Some("Complete" | "Failed"));
            ends && condition["status"] == "True"
        });
        Some(Self {
            uid: uid(metadata)?,
            job: labelled.or_else(|| job_of_name(metadata))?,
            ours: labelled.is_some() && metadata["labels"][ID_LABEL] == CONTROLLER_ID,
            finished,
            deleting: metadata["deletionTimestamp"].is_string(),
            deadline: object.pointer("/spec/activeDeadlineSeconds").and_then(Value::as_i64),
        })
    }
}

impl PodSeen {
    /// `None` when it is not about a Buildkite job.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let metadata = &object["metadata"];
        let deleting = metadata["deletionTimestamp"].is_string();
        let node = object["spec"]["nodeName"].as_str().and_then(cluster_sim::node_number);
        Some(Self { uid: uid(metadata)?, job: job_uuid(metadata)?, deleting, node })
    }
}

fn uid(metadata: &Value) -> Option<Uuid> {
    metadata["uid"].as_str()?.parse().ok()
}

fn job_of_name(metadata: &Value) -> Option<Uuid> {
    metadata["name"].as_str()?.strip_prefix(JOB_PREFIX)?.parse().ok()
}

fn job_uuid(metadata: &Value) -> Option<Uuid> {
    metadata["labels"][UUID_LABEL].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_controller_is_known_by_its_user_agent() {
        let by = |text: &str| writer(&Actor::Client { user_agent: Arc::from(text) });
        assert_eq!(by("agent-stack-k8s/1.12"), Writer::Controller(Life(1, 12)));
        assert_eq!(by("agent-stack-k8s/0.3 late"), Writer::Late(Life(0, 3)));
        assert_eq!(by("kubectl/1.36"), Writer::Outside);
        assert_eq!(writer(&Actor::JobController), Writer::Kubernetes);
        assert_eq!(writer(&Actor::Operator), Writer::Outside);
    }

    /// lifecycle L7, B8
    #[test]
    fn only_complete_or_failed_with_status_true_ends_a_job() {
        let job = |kind: &str, status: &str| {
            JobSeen::read(&Value::from(json!({
                "metadata": {
                    "uid": Uuid::from_u128(1),
                    "labels": { UUID_LABEL: Uuid::from_u128(2), ID_LABEL: CONTROLLER_ID },
                },
                "status": { "conditions": [{ "type": kind, "status": status }] },
            })))
            .unwrap()
        };
        assert!(job("Complete", "True").finished && job("Failed", "True").finished);
        for (kind, status) in
            [("Complete", "False"), ("SuccessCriteriaMet", "True"), ("FailureTarget", "True")]
        {
            assert!(!job(kind, status).finished, "{kind} {status}");
        }
        assert!(job("Failed", "True").ours);
    }
}
