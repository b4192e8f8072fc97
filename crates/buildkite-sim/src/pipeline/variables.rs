//! What is known of a build when its steps are created.

use indexmap::IndexMap;

/// Variables that conditions may name (pipeline-format 14).
pub const NAMES: &[&str] = &[
    "build.author.email",
    "build.author.id",
    "build.author.name",
    "build.author.teams",
    "build.branch",
    "build.commit",
    "build.creator.email",
    "build.creator.id",
    "build.creator.name",
    "build.creator.teams",
    "build.id",
    "build.message",
    "build.number",
    "build.pull_request.base_branch",
    "build.pull_request.draft",
    "build.pull_request.id",
    "build.pull_request.label",
    "build.pull_request.labels",
    "build.pull_request.repository",
    "build.pull_request.repository.fork",
    "build.merge_queue.base_branch",
    "build.merge_queue.base_commit",
    "build.source",
    "build.source_event",
    "build.source_action",
    "build.tag",
    "pipeline.default_branch",
    "pipeline.id",
    "pipeline.repository",
    "pipeline.slug",
    "organization.id",
    "organization.slug",
];

/// Variables of notifications, which the simulator does not send.
pub(super) const NOT_SIMULATED: &[&str] = &["pipeline.started_failing", "pipeline.started_passing"];

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Bool(bool),
    /// Several texts.
    List(Vec<String>),
    /// Unknown or not set.
    Null,
}

/// Facts about the build, its pipeline and its organization. An empty text counts as null,
/// except for the message.
///
/// The simulator has no pull requests, merge queues or teams: those variables are null, false or
/// empty lists, as for a build that somebody created by hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildVariables {
    /// UUID of the build.
    pub id: String,
    /// Number of the build in its pipeline.
    pub number: u64,
    /// Branch.
    pub branch: String,
    /// Tag, if the build is for one.
    pub tag: Option<String>,
    /// Commit, or `HEAD`.
    pub commit: String,
    /// Commit message.
    pub message: String,
    /// `ui`, `api`, `webhook`, `trigger_job` or `schedule`.
    pub source: String,
    /// Name of whoever created it.
    pub creator_name: String,
    /// Their e-mail address.
    pub creator_email: String,
    /// UUID of the pipeline.
    pub pipeline_id: String,
    /// Slug of the pipeline.
    pub pipeline_slug: String,
    /// Default branch of the pipeline.
    pub default_branch: String,
    /// Repository of the pipeline.
    pub repository: String,
    /// UUID of the organization.
    pub organization_id: String,
    /// Slug of the organization.
    pub organization_slug: String,
    /// Variables given when the build was created.
    pub env: IndexMap<String, String>,
}

impl BuildVariables {
    /// The value of a variable of [`NAMES`]; null for any other name.
    pub fn variable(&self, name: &str) -> Variable {
        match name {
            "build.id" => text(&self.id),
            "build.number" => i64::try_from(self.number).map_or(Variable::Null, Variable::Integer),
            "build.branch" => text(&self.branch),
            "build.tag" => self.tag.as_deref().map_or(Variable::Null, text),
            "build.commit" => text(&self.commit),
            "build.message" => Variable::Text(self.message.clone()),
            "build.source" => text(&self.source),
            "build.author.name" | "build.creator.name" => text(&self.creator_name),
            "build.author.email" | "build.creator.email" => text(&self.creator_email),
            "build.author.teams" | "build.creator.teams" | "build.pull_request.labels" => {
                Variable::List(Vec::new())
            }
            "build.pull_request.draft" | "build.pull_request.repository.fork" => Variable::Bool(false),
            "pipeline.id" => text(&self.pipeline_id),
            "pipeline.slug" => text(&self.pipeline_slug),
            "pipeline.default_branch" => text(&self.default_branch),
            "pipeline.repository" => text(&self.repository),
            "organization.id" => text(&self.organization_id),
            "organization.slug" => text(&self.organization_slug),
            _ => Variable::Null,
        }
    }

    /// What `build.env("NAME")` yields: a variable given with the build, or one of those that
    /// Buildkite derives from the build.
    pub fn environment(&self, name: &str) -> Option<String> {
        if let Some(value) = self.env.get(name) {
            return Some(value.clone());
        }
        let derived = match name {
            "BUILDKITE_BRANCH" => &self.branch,
            "BUILDKITE_TAG" => self.tag.as_ref()?,
            "BUILDKITE_COMMIT" => &self.commit,
            "BUILDKITE_MESSAGE" => &self.message,
            "BUILDKITE_SOURCE" => &self.source,
            "BUILDKITE_BUILD_ID" => &self.id,
            "BUILDKITE_BUILD_NUMBER" => return Some(self.number.to_string()),
            "BUILDKITE_BUILD_CREATOR" | "BUILDKITE_BUILD_AUTHOR" => &self.creator_name,
            "BUILDKITE_BUILD_CREATOR_EMAIL" | "BUILDKITE_BUILD_AUTHOR_EMAIL" => &self.creator_email,
            "BUILDKITE_PIPELINE_ID" => &self.pipeline_id,
            "BUILDKITE_PIPELINE_SLUG" => &self.pipeline_slug,
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH" => &self.default_branch,
            "BUILDKITE_REPO" => &self.repository,
            "BUILDKITE_ORGANIZATION_SLUG" => &self.organization_slug,
            "BUILDKITE_PULL_REQUEST" => return Some("false".to_owned()),
            "BUILDKITE" | "CI" => return Some("true".to_owned()),
            _ => return None,
        };
        Some(derived.clone())
    }
}

fn text(value: &str) -> Variable {
    if value.is_empty() { Variable::Null } else { Variable::Text(value.to_owned()) }
}
