//! Who is asking: which tokens open which doors (agent-protocol 2, stacks-api 1).

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::refusal::Refusal;

/// The bearer of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A cluster agent token.
    Cluster,
    /// An agent token without a cluster.
    Unclustered,
    /// A job acquisition token for this job.
    Acquisition(Uuid),
    /// The session of this agent.
    Session(Uuid),
    /// The token of this job.
    Job(Uuid),
}

impl World {
    /// Recognizes a token.
    pub(crate) fn identify(&self, token: Option<&str>, now: Timestamp) -> Result<Identity, Refusal> {
        let token = token.ok_or_else(Refusal::unauthorized)?;
        if self.options.agent_tokens.iter().any(|known| known.expose() == token) {
            return Ok(Identity::Cluster);
        }
        if self.options.unclustered_tokens.iter().any(|known| known.expose() == token) {
            return Ok(Identity::Unclustered);
        }
        if let Some(agent) = self.sessions.get(token) {
            return Ok(Identity::Session(*agent));
        }
        if let Some(job) = self.job_tokens.get(token) {
            return Ok(Identity::Job(*job));
        }
        match self.acquisition_tokens.get(token) {
            Some(issued) if self.is_live(issued, now) => Ok(Identity::Acquisition(issued.job)),
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// Replaces the accepted cluster agent tokens.
    pub(crate) fn set_agent_tokens(&mut self, tokens: Vec<crate::options::Token>) {
        self.options.agent_tokens = tokens;
        self.touch();
    }

    /// For the Stacks API: cluster agent tokens only.
    pub(crate) fn authorize_stack(&self, token: Option<&str>, now: Timestamp) -> Result<(), Refusal> {
        match self.identify(token, now)? {
            Identity::Cluster => Ok(()),
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// For an agent's own calls: its session.
    pub(crate) fn authorize_session(&self, token: Option<&str>, now: Timestamp) -> Result<Uuid, Refusal> {
        match self.identify(token, now)? {
            Identity::Session(agent) => Ok(agent),
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// For stop, pause and resume: the session, or the token of the job that it runs.
    pub(crate) fn authorize_agent(&self, token: Option<&str>, now: Timestamp) -> Result<Uuid, Refusal> {
        match self.identify(token, now)? {
            Identity::Session(agent) => Ok(agent),
            Identity::Job(job) => self.job(job)?.agent.ok_or_else(Refusal::unauthorized),
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// The job that the token speaks for, or `fallback` when a session holds it.
    fn acting_job(
        &self,
        token: Option<&str>,
        fallback: Option<Uuid>,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        match self.identify(token, now)? {
            Identity::Job(job) => Ok(job),
            Identity::Session(agent) => {
                let held = self.agents.get(&agent).and_then(|agent| agent.job);
                match (held, fallback) {
                    (Some(held), _) => Ok(held),
                    (None, Some(job)) if self.job(job)?.agent == Some(agent) => Ok(job),
                    _ => Err(Refusal::forbidden("this agent holds no job")),
                }
            }
            _ => Err(Refusal::unauthorized()),
        }
    }

    /// For `/jobs/{id}/…`: the token of that very job, or the session that holds it.
    pub(crate) fn authorize_job(
        &self,
        token: Option<&str>,
        job: Uuid,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let acting = self.acting_job(token, Some(job), now)?;
        self.job(job)?;
        if acting == job { Ok(()) } else { Err(Refusal::forbidden("the token belongs to another job")) }
    }

    /// For `/builds/{id}/…` and `/steps/{id}/…`: the token of any job of that build.
    pub(crate) fn authorize_build(
        &self,
        token: Option<&str>,
        build: Uuid,
        now: Timestamp,
    ) -> Result<Uuid, Refusal> {
        let acting = self.acting_job(token, None, now)?;
        self.build(build)?;
        if self.job(acting)?.build == build {
            Ok(acting)
        } else {
            Err(Refusal::forbidden("the token belongs to another build"))
        }
    }

    /// For `/steps/{id}/…` without a build id: the build of the job that asks.
    pub(crate) fn acting_build(&self, token: Option<&str>, now: Timestamp) -> Result<Uuid, Refusal> {
        let acting = self.acting_job(token, None, now)?;
        Ok(self.job(acting)?.build)
    }
}
