//! Agents and their sessions (agent-protocol 4).

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::auth::Identity;
use super::job::JobState;
use super::refusal::Refusal;
use super::timers::Timer;
use crate::options::Token;
use crate::record::Actor;

/// Whether an agent is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentConnection {
    /// Registered and heard of lately.
    Connected,
    /// Signed off.
    Disconnected,
    /// Silent for too long.
    Lost,
}

impl AgentConnection {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Lost => "lost",
        }
    }
}

/// A registered agent.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) session: Token,
    pub(crate) tags: Vec<String>,
    pub(crate) version: String,
    pub(crate) connection: AgentConnection,
    pub(crate) last_seen: Timestamp,
    /// Runs only what it acquires by id.
    ignore_in_dispatches: bool,
    /// Registered with a token for this job alone.
    pub(super) only_job: Option<Uuid>,
    pub(crate) job: Option<Uuid>,
    paused: bool,
    stopping: bool,
}

/// What an agent says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) hostname: String,
    pub(crate) version: String,
    pub(crate) tags: Vec<String>,
    pub(crate) ignore_in_dispatches: bool,
}

/// What a ping tells the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    CarryOn,
    Pause,
    Disconnect,
    Run(Uuid),
}

impl World {
    /// Signs an agent in.
    pub(crate) fn register_agent(
        &mut self,
        token: Option<&str>,
        registration: Registration,
        now: Timestamp,
    ) -> Result<Agent, Refusal> {
        let only_job = match self.identify(token, now)? {
            Identity::Cluster | Identity::Unclustered => None,
            Identity::Acquisition(job) => Some(job),
            Identity::Session(_) | Identity::Job(_) => return Err(Refusal::unauthorized()),
        };
        let id = self.entropy.uuid(now);
        let session = self.entropy.token("sess_");
        let Registration { name, hostname, version, tags, ignore_in_dispatches } = registration;
        let name = match name.replace("%hostname", &hostname) {
            name if name.is_empty() => format!("agent-{}", &id.simple().to_string()[20..]),
            name => name,
        };
        let agent = Agent {
            id,
            name,
            session: session.clone(),
            tags,
            version,
            connection: AgentConnection::Connected,
            last_seen: now,
            ignore_in_dispatches,
            only_job,
            job: None,
            paused: false,
            stopping: false,
        };
        self.sessions.insert(session.expose().to_owned(), id);
        self.agents.insert(id, agent.clone());
        self.remind(now + self.options.agent_lost_after, Timer::Silence(id));
        self.touch();
        Ok(agent)
    }

    /// Seconds between heartbeats: three of them fit into the time after which an agent is lost.
    pub(crate) fn heartbeat_interval_seconds(&self) -> u64 {
        (self.options.agent_lost_after.as_secs() / 3).clamp(1, 60)
    }

    pub(super) fn agent_mut(&mut self, id: Uuid) -> Result<&mut Agent, Refusal> {
        self.agents.get_mut(&id).ok_or_else(|| Refusal::not_found("agent"))
    }

    /// Connect and heartbeat: the agent is there, even if it was believed lost.
    pub(crate) fn agent_seen(&mut self, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        let lost_after = self.options.agent_lost_after;
        let agent = self.agent_mut(id)?;
        agent.last_seen = now;
        if agent.connection != AgentConnection::Connected {
            agent.connection = AgentConnection::Connected;
            self.remind(now + lost_after, Timer::Silence(id));
            self.touch();
        }
        Ok(())
    }

    /// Signs an agent off; a job that it still holds ends with -1.
    pub(crate) fn disconnect_agent(&mut self, id: Uuid, now: Timestamp) -> Result<(), Refusal> {
        self.record.acting(|| Actor::Agent(id));
        let agent = self.agent_mut(id)?;
        agent.connection = AgentConnection::Disconnected;
        let job = agent.job.take();
        self.touch();
        if let Some(job) = job {
            self.end_lost_job(job, "its agent disconnected without finishing it", now);
        }
        Ok(())
    }

    /// What the agent shall do next; a free agent that takes dispatches may get a job.
    pub(crate) fn ping(&mut self, id: Uuid, now: Timestamp) -> Result<Instruction, Refusal> {
        self.agent_seen(id, now)?;
        self.record.acting(|| Actor::Agent(id));
        let agent = self.agent_mut(id)?;
        if agent.stopping {
            return Ok(Instruction::Disconnect);
        }
        if agent.paused {
            return Ok(Instruction::Pause);
        }
        if agent.ignore_in_dispatches || agent.job.is_some() {
            return Ok(Instruction::CarryOn);
        }
        let tags = agent.tags.clone();
        Ok(match self.dispatchable(&tags) {
            None => Instruction::CarryOn,
            Some(job) => {
                self.set_job_state(job, JobState::Assigned, "dispatched to an agent", now);
                self.known_job(job).agent = Some(id);
                self.remind(now + self.options.start_within, Timer::Start(job));
                Instruction::Run(job)
            }
        })
    }

    fn dispatchable(&self, tags: &[String]) -> Option<Uuid> {
        let wanted = tags.iter().find_map(|tag| tag.strip_prefix("queue="));
        let queue = self.queues.get(wanted.unwrap_or(&self.options.default_queue))?;
        if queue.paused {
            return None;
        }
        let fits = |rule: &String| {
            let Some((name, value)) = rule.split_once('=') else { return false };
            name == "queue"
                || tags
                    .iter()
                    .filter_map(|tag| tag.split_once('='))
                    .any(|(tag, have)| tag == name && (value == "*" || have == value))
        };
        let matching =
            queue.scheduled.iter().filter(|(_, id)| self.jobs[id].planned().agents.iter().all(fits));
        // The oldest of those with the highest priority.
        matching
            .min_by_key(|(since, id)| (std::cmp::Reverse(self.jobs[id].command.priority), *since))
            .map(|(_, id)| *id)
    }

    /// Tells an agent to pause, to go on, or to leave.
    pub(crate) fn steer_agent(&mut self, id: Uuid, order: Steer) -> Result<(), Refusal> {
        let agent = self.agent_mut(id)?;
        match order {
            Steer::Pause => agent.paused = true,
            Steer::Resume => agent.paused = false,
            Steer::Stop => agent.stopping = true,
        }
        self.touch();
        Ok(())
    }
}

/// An order for an agent, delivered with its next ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steer {
    Pause,
    Resume,
    Stop,
}
