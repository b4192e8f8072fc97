//! Bodies of the Stacks API; written for the simulator alone, never shared with a client.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::core::{IssuedTokens, Job, ListPage, NewNotification, Registered, World};
use crate::options::Options;

#[derive(Serialize)]
pub(super) struct TokenIdentity {
    uuid: Uuid,
    description: &'static str,
    token_type: &'static str,
    organization_slug: String,
    organization_uuid: Uuid,
    cluster_uuid: String,
    cluster_name: String,
    organization_queue_uuid: &'static str,
    organization_queue_key: &'static str,
}

impl TokenIdentity {
    pub(super) fn new(options: &Options, clustered: bool, organization: Uuid, cluster: Uuid) -> Self {
        let of_cluster = |text: String| if clustered { text } else { String::new() };
        Self {
            uuid: Uuid::new_v5(&organization, if clustered { b"cluster" } else { b"unclustered" }),
            description: "simulated agent token",
            token_type: if clustered { "cluster" } else { "organization" },
            organization_slug: options.organization_slug.clone(),
            organization_uuid: organization,
            cluster_uuid: of_cluster(cluster.to_string()),
            cluster_name: of_cluster(options.cluster_name.clone()),
            organization_queue_uuid: "",
            organization_queue_key: "",
        }
    }
}

/// Missing texts count as empty: the core says what is wrong with them.
#[derive(Deserialize)]
pub(super) struct Register {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) queue_key: String,
    pub(super) metadata: Option<IndexMap<String, String>>,
}

#[derive(Serialize)]
pub(super) struct Stack {
    id: Uuid,
    organization_uuid: Uuid,
    key: String,
    #[serde(rename = "type")]
    kind: String,
    cluster_queue_key: String,
    metadata: IndexMap<String, String>,
    last_connected_on: Option<Timestamp>,
    state: &'static str,
}

impl Stack {
    pub(super) fn new(registered: Registered) -> Self {
        let stack = registered.stack;
        Self {
            id: stack.id,
            organization_uuid: registered.organization,
            key: stack.key,
            kind: stack.kind,
            cluster_queue_key: stack.queue,
            metadata: stack.metadata,
            last_connected_on: stack.last_connected,
            state: "connected",
        }
    }
}

#[derive(Serialize)]
pub(super) struct ScheduledJobs {
    jobs: Vec<ScheduledJob>,
    page_info: PageInfo,
    cluster_queue: ClusterQueue,
}

#[derive(Serialize)]
struct ScheduledJob {
    id: Uuid,
    priority: i64,
    agent_query_rules: Vec<String>,
    scheduled_at: Option<Timestamp>,
    pipeline: PipelineRef,
    build: BuildRef,
    step: StepRef,
}

#[derive(Serialize)]
struct PipelineRef {
    slug: String,
    uuid: Uuid,
}

#[derive(Serialize)]
struct BuildRef {
    number: u64,
    branch: String,
    uuid: Uuid,
}

#[derive(Serialize)]
struct StepRef {
    key: Option<String>,
}

#[derive(Serialize)]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// Both spellings of the pause: the documented one and the one that the Go client reads
/// (stacks-api 6.3).
#[derive(Serialize)]
struct ClusterQueue {
    id: Uuid,
    dispatch_paused: bool,
    paused: bool,
}

impl ScheduledJobs {
    pub(super) fn new(world: &World, page: &ListPage) -> Self {
        Self {
            jobs: page.jobs.iter().map(|id| ScheduledJob::new(world, &world.jobs[id])).collect(),
            page_info: PageInfo { has_next_page: page.has_next, end_cursor: page.end_cursor.clone() },
            cluster_queue: ClusterQueue { id: page.queue, dispatch_paused: page.paused, paused: page.paused },
        }
    }
}

impl ScheduledJob {
    fn new(world: &World, job: &Job) -> Self {
        let build = world.build_of(job);
        Self {
            id: job.id,
            priority: job.command.priority,
            agent_query_rules: job.planned().agents.clone(),
            scheduled_at: job.scheduled_at,
            pipeline: PipelineRef { slug: build.facts.pipeline.clone(), uuid: build.pipeline_id },
            build: BuildRef { number: build.number, branch: build.facts.branch.clone(), uuid: build.id },
            step: StepRef { key: world.step_of(job).key.clone() },
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Reserve {
    pub(super) job_uuids: Vec<String>,
    pub(super) reservation_expiry_seconds: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct JobIds {
    pub(super) job_uuids: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Finish {
    pub(super) exit_status: Option<i32>,
    pub(super) detail: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Notifications {
    pub(super) notifications: Vec<Notification>,
}

#[derive(Deserialize)]
pub(super) struct Notification {
    #[serde(default)]
    job_uuid: String,
    #[serde(default)]
    detail: String,
    timestamp: Option<String>,
}

impl From<Notification> for NewNotification {
    fn from(wire: Notification) -> Self {
        Self { job: wire.job_uuid, detail: wire.detail, at: wire.timestamp }
    }
}

#[derive(Deserialize)]
pub(super) struct IssueTokens {
    #[serde(default)]
    pub(super) job_uuids: Vec<String>,
    pub(super) token_lifetime_seconds: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct AcquisitionTokens {
    job_acquisition_tokens: Vec<AcquisitionToken>,
    not_issued: Vec<String>,
}

#[derive(Serialize)]
struct AcquisitionToken {
    job_uuid: Uuid,
    job_acquisition_token: String,
    expires_at: Timestamp,
}

impl AcquisitionTokens {
    pub(super) fn new(issued: IssuedTokens) -> Self {
        let token = |(job_uuid, token, expires_at): (Uuid, crate::options::Token, Timestamp)| {
            AcquisitionToken { job_uuid, job_acquisition_token: token.expose().to_owned(), expires_at }
        };
        Self {
            job_acquisition_tokens: issued.issued.into_iter().map(token).collect(),
            not_issued: issued.not_issued,
        }
    }
}
