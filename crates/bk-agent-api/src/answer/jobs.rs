//! Answers about jobs: the list, reservations, one job.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::lenient::{items, null_as_default, object, or_nothing, text_or_nothing};

/// One page of scheduled jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduledPage {
    /// The jobs, oldest first as the server orders them; starting order is the caller's business.
    pub jobs: Vec<ScheduledJob>,
    /// Entries that could not be read, a job id that is no UUID among them (`lifecycle` D3).
    pub malformed: usize,
    /// Whether the queue is paused: no new job may be started (`stacks-api` P1).
    pub dispatch_paused: bool,
    /// Whether the server says that there is more.
    pub has_next_page: bool,
    /// Cursor of the next page.
    pub end_cursor: Option<String>,
}

impl ScheduledPage {
    /// The cursor to go on with after a page fetched with `used`; nothing when the list is at its
    /// end or the server would send us round in a circle (`stacks-api` P11).
    #[must_use]
    pub fn next_cursor(&self, used: Option<&str>) -> Option<&str> {
        let cursor = self.end_cursor.as_deref()?;
        (self.has_next_page && Some(cursor) != used).then_some(cursor)
    }
}

/// A job that waits for a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledJob {
    /// The job's id.
    pub id: Uuid,
    /// Higher starts first; absent reads as 0.
    pub priority: i64,
    /// `key=value` rules that an agent must meet.
    pub agent_query_rules: Vec<String>,
    /// When the job became ready.
    pub scheduled_at: Option<Timestamp>,
    /// Slug of the pipeline.
    pub pipeline_slug: Option<String>,
    /// Id of the pipeline.
    pub pipeline_uuid: Option<String>,
    /// Number of the build.
    pub build_number: Option<u64>,
    /// Branch of the build.
    pub build_branch: Option<String>,
    /// Id of the build.
    pub build_uuid: Option<String>,
    /// Key of the step.
    pub step_key: Option<String>,
}

/// Which of the jobs asked for are ours now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reservation {
    /// Reserved for us, in the order asked.
    pub reserved: Vec<Uuid>,
    /// Not ours: taken, ended, or not mentioned in the answer. Normal, no error (`stacks-api` P18).
    pub not_reserved: Vec<Uuid>,
}

/// Environment and command of one job. `Debug` shows their size only: they hold user secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct JobDetails {
    /// The job's id.
    pub id: Uuid,
    /// The job's environment.
    pub env: BTreeMap<String, String>,
    /// The command; empty when plugins supply it.
    pub command: String,
}

impl fmt::Debug for JobDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobDetails")
            .field("id", &self.id)
            .field("env", &format_args!("{} variables", self.env.len()))
            .field("command", &format_args!("{} bytes", self.command.len()))
            .finish()
    }
}

#[derive(Deserialize)]
struct PageBody {
    #[serde(default, deserialize_with = "null_as_default")]
    jobs: Vec<Value>,
    #[serde(default, deserialize_with = "or_nothing")]
    page_info: Option<PageInfo>,
    #[serde(default, deserialize_with = "or_nothing")]
    cluster_queue: Option<ClusterQueue>,
}

#[derive(Deserialize)]
struct PageInfo {
    #[serde(default, deserialize_with = "null_as_default")]
    has_next_page: bool,
    #[serde(default, deserialize_with = "text_or_nothing")]
    end_cursor: Option<String>,
}

/// Both spellings of the pause; a paused queue must not be missed because one is malformed.
#[derive(Deserialize)]
struct ClusterQueue {
    #[serde(default, deserialize_with = "or_nothing")]
    dispatch_paused: Option<bool>,
    #[serde(default, deserialize_with = "or_nothing")]
    paused: Option<bool>,
}

#[derive(Deserialize)]
struct JobBody {
    id: Uuid,
    #[serde(default, deserialize_with = "null_as_default")]
    priority: i64,
    // Not lenient: a rule that is dropped could run the job on the wrong stack.
    #[serde(default, deserialize_with = "null_as_default")]
    agent_query_rules: Vec<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    scheduled_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_nothing")]
    pipeline: Option<PipelineBody>,
    #[serde(default, deserialize_with = "or_nothing")]
    build: Option<BuildBody>,
    #[serde(default, deserialize_with = "or_nothing")]
    step: Option<StepBody>,
}

#[derive(Default, Deserialize)]
struct PipelineBody {
    #[serde(default, deserialize_with = "text_or_nothing")]
    slug: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    uuid: Option<String>,
}

#[derive(Default, Deserialize)]
struct BuildBody {
    #[serde(default, deserialize_with = "or_nothing")]
    number: Option<u64>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    branch: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    uuid: Option<String>,
}

#[derive(Default, Deserialize)]
struct StepBody {
    #[serde(default, deserialize_with = "text_or_nothing")]
    key: Option<String>,
}

impl From<JobBody> for ScheduledJob {
    fn from(body: JobBody) -> Self {
        let pipeline = body.pipeline.unwrap_or_default();
        let build = body.build.unwrap_or_default();
        Self {
            id: body.id,
            priority: body.priority,
            agent_query_rules: body.agent_query_rules,
            scheduled_at: body.scheduled_at,
            pipeline_slug: pipeline.slug,
            pipeline_uuid: pipeline.uuid,
            build_number: build.number,
            build_branch: build.branch,
            build_uuid: build.uuid,
            step_key: body.step.unwrap_or_default().key,
        }
    }
}

pub(crate) fn parse_page(body: &[u8]) -> serde_json::Result<ScheduledPage> {
    let PageBody { jobs, page_info, cluster_queue } = object(body)?;
    let (jobs, malformed) = items::<JobBody>(jobs);
    let paused = |queue: ClusterQueue| queue.dispatch_paused == Some(true) || queue.paused == Some(true);
    let (has_next_page, end_cursor) =
        page_info.map_or((false, None), |info| (info.has_next_page, info.end_cursor));
    Ok(ScheduledPage {
        jobs: jobs.into_iter().map(ScheduledJob::from).collect(),
        malformed,
        dispatch_paused: cluster_queue.is_some_and(paused),
        has_next_page,
        end_cursor,
    })
}

/// Sorts the ids asked for by a set lookup (`lifecycle` V9); ids we did not ask for are ignored.
pub(crate) fn parse_reservation(body: &[u8], asked: &[Uuid]) -> serde_json::Result<Reservation> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "null_as_default")]
        reserved: Vec<Value>,
    }
    let body: Body = object(body)?;
    let granted: HashSet<Uuid> = items(body.reserved).0.into_iter().collect();
    let (reserved, not_reserved) = asked.iter().partition(|id| granted.contains(id));
    Ok(Reservation { reserved, not_reserved })
}

pub(crate) fn parse_job(body: &[u8], id: Uuid) -> serde_json::Result<JobDetails> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "null_as_default")]
        env: BTreeMap<String, Value>,
        #[serde(default, deserialize_with = "null_as_default")]
        command: String,
    }
    let Body { env, command } = object(body)?;
    let text = |value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        // Documented as texts; anything else keeps its JSON spelling rather than losing the job.
        other => other.to_string(),
    };
    let env = env.into_iter().map(|(name, value)| (name, text(value))).collect();
    Ok(JobDetails { id, env, command })
}

#[cfg(test)]
mod tests;
