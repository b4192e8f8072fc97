//! What the page shows, apart from where it comes from.

use jiff::Timestamp;

/// A row of the list of builds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BuildHead {
    /// Path of the build's page.
    pub(crate) path: String,
    /// Slug of its pipeline.
    pub(crate) pipeline: String,
    /// Its number there.
    pub(crate) number: u64,
    /// State as the APIs write it.
    pub(crate) state: String,
    /// First line of the message.
    pub(crate) message: String,
    /// Branch.
    pub(crate) branch: String,
    /// Commit, or `HEAD`.
    pub(crate) commit: String,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When its first job started.
    pub(crate) started_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) finished_at: Option<Timestamp>,
    /// Nothing happens to it any more.
    pub(crate) is_over: bool,
    /// States of its current jobs in order.
    pub(crate) job_states: Vec<String>,
}

/// A build with everything that is shown beside its log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BuildPage {
    /// The build.
    pub(crate) head: BuildHead,
    /// Its steps in order.
    pub(crate) steps: Vec<StepRow>,
    /// Annotations, the most important first.
    pub(crate) annotations: Vec<AnnotationBox>,
    /// The job whose log is shown.
    pub(crate) shown: Option<JobRow>,
}

/// A step of a build.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepRow {
    /// UUID.
    pub(crate) id: String,
    /// Key, for people who depend on it.
    pub(crate) key: Option<String>,
    /// Label, or what stands for it.
    pub(crate) label: String,
    /// `command`, `wait`, `block` or `input`.
    pub(crate) kind: &'static str,
    /// State as the APIs write it.
    pub(crate) state: String,
    /// Label of its group.
    pub(crate) group: Option<String>,
    /// Why it is in that state, if that says more.
    pub(crate) cause: String,
    /// Its jobs, retries included.
    pub(crate) jobs: Vec<JobRow>,
    /// For a block or input step that waits: what it asks.
    pub(crate) question: Option<Question>,
}

/// What a waiting block or input step asks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// Text above the fields.
    pub(crate) prompt: String,
    /// Text of the button.
    pub(crate) submit: String,
    /// The fields.
    pub(crate) fields: Vec<crate::pipeline::model::InputField>,
}

/// A job of a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JobRow {
    /// UUID.
    pub(crate) id: String,
    /// Label, or the first line of its command.
    pub(crate) label: String,
    /// `passed`, `failed` or `soft_failed` once it has ended, else its state.
    pub(crate) state: String,
    /// Exit status once it has ended.
    pub(crate) exit_status: Option<i32>,
    /// What else is known about its end: signal reason, explanation of the stack.
    pub(crate) reason: String,
    /// Name of its agent.
    pub(crate) agent: Option<String>,
    /// Its queue.
    pub(crate) queue: String,
    /// Which attempt it is, from 1.
    pub(crate) attempt: u32,
    /// When the command started.
    pub(crate) started_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) finished_at: Option<Timestamp>,
    /// Nothing happens to it any more.
    pub(crate) is_over: bool,
    /// All states with time and cause.
    pub(crate) history: Vec<(Timestamp, String, String)>,
    /// Path and size of each artifact.
    pub(crate) artifacts: Vec<(String, u64)>,
}

/// An annotation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnnotationBox {
    /// Its context.
    pub(crate) context: String,
    /// `info`, `success`, `warning`, `error` or `default`.
    pub(crate) style: String,
    /// Markdown as written.
    pub(crate) body: String,
}
