//! The environment of a job, as stacks and agents get it (agent-protocol 7.1, stacks-api 6.5).

use indexmap::IndexMap;
use serde_json::Value;

use super::World;
use super::job::Job;

impl World {
    /// Everything that is known without an agent: the pipeline's and build's variables, then
    /// those that the service sets itself, which win.
    pub(crate) fn job_environment(&self, job: &Job, base_url: &str) -> IndexMap<String, String> {
        let build = self.build_of(job);
        let step = self.step_of(job);
        let planned = job.planned();
        let facts = &build.facts;
        let organization = &self.options.organization_slug;
        let pipeline = &facts.pipeline;
        let number = build.number.to_string();
        let url = format!("{base_url}/{organization}/{pipeline}/builds/{number}");
        let mut env = planned.env.clone();
        for (name, value) in [
            ("BUILDKITE", "true"),
            ("CI", "true"),
            ("BUILDKITE_JOB_ID", &job.id.to_string()),
            ("BUILDKITE_BUILD_ID", &build.id.to_string()),
            ("BUILDKITE_BUILD_NUMBER", &number),
            ("BUILDKITE_BUILD_URL", &url),
            ("BUILDKITE_STEP_ID", &step.id.to_string()),
            ("BUILDKITE_STEP_KEY", step.key.as_deref().unwrap_or_default()),
            ("BUILDKITE_LABEL", planned.label.as_deref().unwrap_or_default()),
            ("BUILDKITE_COMMAND", &planned.command),
            ("BUILDKITE_REPO", &facts.repository),
            ("BUILDKITE_BRANCH", &facts.branch),
            ("BUILDKITE_COMMIT", &facts.commit),
            ("BUILDKITE_TAG", &facts.tag),
            ("BUILDKITE_MESSAGE", &facts.message),
            ("BUILDKITE_SOURCE", &facts.source),
            ("BUILDKITE_ORGANIZATION_SLUG", organization),
            ("BUILDKITE_ORGANIZATION_ID", &self.organization_id.to_string()),
            ("BUILDKITE_PIPELINE_SLUG", pipeline),
            ("BUILDKITE_PIPELINE_NAME", pipeline),
            ("BUILDKITE_PIPELINE_ID", &build.pipeline_id.to_string()),
            ("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "main"),
            ("BUILDKITE_PIPELINE_PROVIDER", "git"),
            ("BUILDKITE_PULL_REQUEST", "false"),
            ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", ""),
            ("BUILDKITE_PULL_REQUEST_REPO", ""),
            ("BUILDKITE_ARTIFACT_PATHS", &planned.artifact_paths.join(";")),
            ("BUILDKITE_AGENT_META_DATA_QUEUE", &job.queue),
            ("BUILDKITE_RETRY_COUNT", &job.retries.to_string()),
        ] {
            env.insert(name.to_owned(), value.to_owned());
        }
        if let Some(minutes) = job.command.timeout_in_minutes {
            env.insert("BUILDKITE_TIMEOUT".to_owned(), minutes.to_string());
        }
        if let Some(group) = &step.group {
            let label = group.label.clone().unwrap_or_default();
            env.insert("BUILDKITE_GROUP_LABEL".to_owned(), label);
            env.insert("BUILDKITE_GROUP_KEY".to_owned(), group.key.clone().unwrap_or_default());
        }
        if let Some(image) = &planned.image {
            env.insert("BUILDKITE_IMAGE".to_owned(), image.clone());
        }
        if !planned.plugins.is_empty() {
            let plugins = planned.plugins.iter().cloned().map(Value::Object).collect();
            env.insert("BUILDKITE_PLUGINS".to_owned(), Value::Array(plugins).to_string());
        }
        env
    }

    /// The environment for the agent that holds the job.
    pub(crate) fn agent_environment(&self, job: &Job, base_url: &str) -> IndexMap<String, String> {
        let mut env = self.job_environment(job, base_url);
        if let Some(agent) = job.agent.and_then(|id| self.agents.get(&id)) {
            env.insert("BUILDKITE_AGENT_NAME".to_owned(), agent.name.clone());
            env.insert("BUILDKITE_AGENT_ID".to_owned(), agent.id.to_string());
            for (name, value) in agent.tags.iter().filter_map(|tag| tag.split_once('=')) {
                let name: String =
                    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                let name = format!("BUILDKITE_AGENT_META_DATA_{}", name.to_ascii_uppercase());
                env.insert(name, value.to_owned());
            }
        }
        env
    }
}
