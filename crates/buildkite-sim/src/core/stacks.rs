//! Stacks themselves: register and deregister (stacks-api 6.1, 6.2), and the limits they share.

use indexmap::IndexMap;
use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::limits::{RateStatus, Scope};
use super::refusal::Refusal;
use crate::record::What;

/// A registered stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) id: Uuid,
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) queue: String,
    pub(crate) metadata: IndexMap<String, String>,
    pub(crate) last_connected: Option<Timestamp>,
}

/// What a stack says about itself.
#[derive(Clone, Debug)]
pub(crate) struct StackRequest {
    pub(crate) key: String,
    pub(crate) kind: String,
    pub(crate) queue: String,
    pub(crate) metadata: IndexMap<String, String>,
}

/// Answer to a registration.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) stack: Stack,
    pub(crate) organization: Uuid,
    pub(crate) is_new: bool,
}

const KEY_LIMIT: usize = 80;
const METADATA_LIMIT: usize = 100;
const METADATA_KEY_LIMIT: usize = 64;
const METADATA_VALUE_LIMIT: usize = 256;

impl World {
    /// Creates or refreshes a stack.
    pub(crate) fn register_stack(
        &mut self,
        request: StackRequest,
        now: Timestamp,
    ) -> Result<Registered, Refusal> {
        check_request(&request)?;
        let queue = self.resolve_queue(&request.queue)?;
        let known = self.stacks.get(&request.key).map(|stack| stack.id);
        let full = self.options.stack_limit.is_some_and(|limit| self.stacks.len() >= limit);
        if known.is_none() && full {
            return Err(Refusal::forbidden("the organization's stack limit is reached"));
        }
        let id = known.unwrap_or_else(|| self.entropy.uuid(now));
        let StackRequest { key, kind, queue: _, metadata } = request;
        let stack = Stack { id, key: key.clone(), kind, queue, metadata, last_connected: Some(now) };
        self.record.note(now, || What::Registered { stack: key.as_str().into() });
        self.stacks.insert(key, stack.clone());
        self.touch();
        Ok(Registered { stack, organization: self.organization_id, is_new: known.is_none() })
    }

    /// Forgets a stack; its reservations stay until they lapse.
    pub(crate) fn deregister_stack(&mut self, key: &str, now: Timestamp) -> Result<(), Refusal> {
        self.stacks.remove(key).ok_or_else(|| Refusal::not_found("stack"))?;
        self.record.note(now, || What::Deregistered { stack: key.into() });
        self.touch();
        Ok(())
    }

    pub(super) fn stack(&self, key: &str) -> Result<&Stack, Refusal> {
        self.stacks.get(key).ok_or_else(|| Refusal::not_found("stack"))
    }

    pub(super) fn stack_seen(&mut self, key: &str, now: Timestamp) -> Result<(), Refusal> {
        let stack = self.stacks.get_mut(key).ok_or_else(|| Refusal::not_found("stack"))?;
        stack.last_connected = Some(now);
        Ok(())
    }

    /// All registered stacks.
    pub(crate) fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.stacks.values()
    }

    /// Counts a request against its limit.
    pub(crate) fn rate(&mut self, scope: Scope, stack: &str, now: Timestamp) -> Option<RateStatus> {
        self.windows.hit(&self.options.rate_limits, scope, stack, now)
    }

    /// Ids behind `GET /token`: organization and cluster.
    pub(crate) fn identity_ids(&self) -> (Uuid, Uuid) {
        (self.organization_id, self.cluster_id)
    }
}

fn check_request(request: &StackRequest) -> Result<(), Refusal> {
    let StackRequest { key, kind, queue, metadata } = request;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if key.is_empty() || key.len() > KEY_LIMIT || !key.bytes().all(legal) {
        return Err(Refusal::invalid("key must be 1 to 80 letters, digits, underscores or hyphens"));
    }
    if !matches!(kind.as_str(), "kubernetes" | "elastic" | "custom") {
        return Err(Refusal::invalid("type must be kubernetes, elastic or custom"));
    }
    if queue.is_empty() {
        return Err(Refusal::invalid("queue_key is required"));
    }
    let fits = |(key, value): (&String, &String)| {
        key.chars().count() <= METADATA_KEY_LIMIT && value.chars().count() <= METADATA_VALUE_LIMIT
    };
    if metadata.len() > METADATA_LIMIT || !metadata.iter().all(fits) {
        return Err(Refusal::invalid(
            "metadata may have 100 keys of 64 characters and values of 256 characters",
        ));
    }
    Ok(())
}
