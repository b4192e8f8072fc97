//! One container of a pod: what it does now, and how the API shows it.

use jiff::Timestamp;
use shared_json::{Map, Text, Value, object};

use super::script::{ContainerScript, Role};
use crate::object;

/// A container, as its kubelet knows it.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) role: Role,
    pub(super) script: ContainerScript,
    pub(super) state: State,
    /// Its last end before the present state, if it was started again.
    pub(super) last: Option<Ended>,
    pub(super) restarts: u32,
    /// Its turn has come: what precedes it is done.
    pub(super) called: bool,
    /// SIGTERM was sent to the running process.
    pub(super) asked: bool,
    /// Grows with each state: timers of former states are void.
    pub(super) epoch: u32,
    /// Sixty-four hexadecimal digits, from its first start on.
    pub(super) id: String,
    /// Since when starting it fails.
    pub(super) failing_since: Option<Timestamp>,
    /// Failed attempts to start it.
    pub(super) attempts: u32,
}

/// What a container does now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has never run, or waits to be started again.
    Waiting {
        /// `None`: for those before it, or for its creation.
        reason: Option<String>,
        message: String,
    },
    /// It runs.
    Running(Timestamp),
    /// It has run.
    Ended(Ended),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) started: Option<Timestamp>,
    pub(super) finished: Option<Timestamp>,
}

impl Ended {
    /// A container of which nobody knows how it ended, or that it ever ran.
    pub(super) fn unknown() -> Self {
        Self {
            code: 137,
            reason: "ContainerStatusUnknown".to_owned(),
            message: "The container could not be located when the pod was terminated".to_owned(),
            started: None,
            finished: None,
        }
    }

    fn json(&self, id: &str) -> Value {
        let mut ended = Map::new();
        ended.insert("exitCode", self.code.into());
        ended.insert("reason", (&self.reason).into());
        if !self.message.is_empty() {
            ended.insert("message", (&self.message).into());
        }
        ended.insert("startedAt", self.started.map(object::seconds).into());
        ended.insert("finishedAt", self.finished.map(object::seconds).into());
        if !id.is_empty() {
            ended.insert("containerID", runtime_id(id).into());
        }
        object! { "terminated": ended }
    }
}

fn runtime_id(id: &str) -> String {
    format!("containerd://{id}")
}

impl Container {
    pub(super) const fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    pub(super) const fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Its present end, or its last one if it waits to be started again.
    pub(super) fn last_end(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            State::Waiting { .. } => self.last.as_ref(),
            State::Running(_) => None,
        }
    }

    /// True for what waits for its very first start.
    pub(super) const fn never_ran(&self) -> bool {
        matches!(self.state, State::Waiting { .. }) && self.last.is_none()
    }

    /// Puts it into a state; what was planned for the former one is void.
    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
    }

    /// True once those that follow an init container may start.
    pub(super) fn is_passed(&self) -> bool {
        match self.role {
            Role::Init => self.ended().is_some_and(|ended| ended.code == 0),
            Role::Sidecar => self.is_running() || self.last.is_some() || self.ended().is_some(),
            Role::Main => false,
        }
    }

    fn is_ready(&self) -> bool {
        match self.role {
            Role::Init => self.is_passed(),
            Role::Sidecar | Role::Main => self.is_running(),
        }
    }

    /// As `containerStatuses` has it. `waiting` is the reason while nothing more is known.
    pub(super) fn json(&self, waiting: &str) -> Value {
        let state = match &self.state {
            State::Waiting { reason: None, .. } => {
                object! { "waiting": object! { "reason": Text::copied(waiting) } }
            }
            State::Waiting { reason: Some(reason), message } if message.is_empty() => {
                object! { "waiting": object! { "reason": reason } }
            }
            State::Waiting { reason: Some(reason), message } => {
                object! { "waiting": object! { "message": message, "reason": reason } }
            }
            State::Running(since) => object! { "running": object! { "startedAt": object::seconds(*since) } },
            State::Ended(ended) => ended.json(&self.id),
        };
        let last = self.last.as_ref().map_or_else(|| Value::Object(Map::new()), |ended| ended.json(&self.id));
        let mut status = Map::with_capacity(9);
        status.insert("name", (&self.name).into());
        status.insert("state", state);
        status.insert("lastState", last);
        status.insert("ready", self.is_ready().into());
        status.insert("restartCount", self.restarts.into());
        status.insert("image", (&self.image).into());
        let image_id = if self.id.is_empty() { "" } else { self.image.as_str() };
        status.insert("imageID", Text::copied(image_id).into());
        if !self.id.is_empty() {
            status.insert("containerID", runtime_id(&self.id).into());
        }
        status.insert("started", self.is_running().into());
        Value::Object(status)
    }
}
