//! Artifacts, their bytes in memory (agent-protocol 8.3).

use std::collections::BTreeSet;

use globset::Glob;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::World;
use super::refusal::Refusal;

/// How far an artifact has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactState {
    /// Announced.
    New,
    /// Uploaded.
    Finished,
    /// The upload failed.
    Error,
}

/// An artifact as it was announced.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewArtifact {
    pub(crate) path: String,
    pub(crate) absolute_path: String,
    pub(crate) file_size: u64,
    pub(crate) sha1sum: String,
    pub(crate) sha256sum: String,
    pub(crate) content_type: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    pub(crate) id: Uuid,
    pub(crate) job: Uuid,
    /// One upload batch, by the agent's own id.
    pub(crate) batch: String,
    pub(crate) new: NewArtifact,
    pub(crate) state: ArtifactState,
    pub(crate) created_at: Timestamp,
    /// Opens upload and download without a token.
    pub(crate) ticket: String,
    pub(crate) content: Option<bytes::Bytes>,
}

/// What a search asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArtifactQuery {
    pub(crate) path: String,
    /// Key or id of a step, or id of a job.
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) include_retried_jobs: bool,
    pub(crate) include_duplicates: bool,
}

const BATCH_LIMIT: usize = 30;

impl World {
    /// Announces a batch; the same batch id again yields the same ids.
    pub(crate) fn create_artifacts(
        &mut self,
        job: Uuid,
        batch: &str,
        artifacts: Vec<NewArtifact>,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, Refusal> {
        if artifacts.len() > BATCH_LIMIT {
            return Err(Refusal::invalid("at most 30 artifacts per request"));
        }
        let build = self.job(job)?.build;
        let known: Vec<Uuid> = self.builds[&build]
            .artifacts
            .iter()
            .copied()
            .filter(|id| self.artifacts[id].job == job && self.artifacts[id].batch == batch)
            .collect();
        if !batch.is_empty() && known.len() == artifacts.len() && !known.is_empty() {
            return Ok(known);
        }
        let mut ids = Vec::new();
        for new in artifacts {
            let id = self.entropy.uuid(now);
            let ticket = self.entropy.token("").expose().to_owned();
            let batch = batch.to_owned();
            let state = ArtifactState::New;
            let artifact = Artifact { id, job, batch, new, state, created_at: now, ticket, content: None };
            self.artifacts.insert(id, artifact);
            ids.push(id);
        }
        self.known_build(build).artifacts.extend(&ids);
        self.touch();
        Ok(ids)
    }

    /// Takes the bytes of an artifact from whoever has its ticket.
    pub(crate) fn store_artifact(
        &mut self,
        ticket: &str,
        path: &str,
        content: bytes::Bytes,
    ) -> Result<(), Refusal> {
        let batch = self
            .artifacts
            .values()
            .find(|artifact| artifact.ticket == ticket)
            .map(|artifact| (artifact.job, artifact.batch.clone()))
            .ok_or_else(|| Refusal::forbidden("unknown upload ticket"))?;
        let target = self
            .artifacts
            .values_mut()
            .find(|it| it.job == batch.0 && it.batch == batch.1 && it.new.path == path)
            .ok_or_else(|| Refusal::not_found("artifact"))?;
        let announced = &target.new.sha256sum;
        if !announced.is_empty() && *announced != format!("{:x}", Sha256::digest(&content)) {
            return Err(Refusal::invalid("the bytes do not have the announced SHA-256"));
        }
        target.content = Some(content);
        self.touch();
        Ok(())
    }

    /// Marks artifacts as uploaded or failed.
    pub(crate) fn update_artifacts(&mut self, job: Uuid, states: &[(Uuid, String)]) -> Result<(), Refusal> {
        for (id, state) in states {
            let artifact = self
                .artifacts
                .get_mut(id)
                .filter(|artifact| artifact.job == job)
                .ok_or_else(|| Refusal::not_found("artifact"))?;
            artifact.state = match state.as_str() {
                "finished" => ArtifactState::Finished,
                "error" => ArtifactState::Error,
                _ => return Err(Refusal::invalid("state must be finished or error")),
            };
        }
        self.touch();
        Ok(())
    }

    /// Searches a build, newest first unless duplicates are left out.
    pub(crate) fn search_artifacts(
        &self,
        build: Uuid,
        query: &ArtifactQuery,
    ) -> Result<Vec<&Artifact>, Refusal> {
        // `*` reaches into directories here, as it does in the service's search.
        let pattern = if query.path.is_empty() { "*" } else { &query.path };
        let glob = Glob::new(pattern)
            .map_err(|error| Refusal::invalid(format!("unreadable query: {error}")))?
            .compile_matcher();
        let scope = (!query.scope.is_empty()).then_some(query.scope.as_str());
        let in_scope = |artifact: &Artifact| {
            let Some(scope) = scope else { return true };
            let job = &self.jobs[&artifact.job];
            let step = self.step_of(job);
            job.id.to_string() == scope || step.id.to_string() == scope || step.key.as_deref() == Some(scope)
        };
        let state = match query.state.as_str() {
            "" | "finished" => ArtifactState::Finished,
            "new" => ArtifactState::New,
            "error" => ArtifactState::Error,
            _ => return Err(Refusal::invalid("state must be new, finished or error")),
        };
        let mut seen = BTreeSet::new();
        let found = self.build(build)?.artifacts.iter().rev().map(|id| &self.artifacts[id]);
        Ok(found
            .filter(|artifact| artifact.state == state)
            .filter(|artifact| glob.is_match(&artifact.new.path) || artifact.new.path == query.path)
            .filter(|artifact| in_scope(artifact))
            .filter(|it| query.include_retried_jobs || self.jobs[&it.job].is_current())
            .filter(|it| query.include_duplicates || seen.insert(it.new.path.clone()))
            .collect())
    }
}
