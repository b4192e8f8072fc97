//! Nodes: which of them takes a pod, and what it means that one is not heard.

use std::sync::Arc;

use jiff::Timestamp;

use super::interference::SILENCE;
use super::script::Interference;
use super::{Kubelet, NODES};
use crate::store::Store;

/// What a node is called.
pub(super) fn name(node: u32) -> String {
    format!("node-{}", node + 1)
}

/// The number of the node of this name, counted from 0; `None` when it is none of the cluster's.
#[must_use]
pub fn node_number(name: &str) -> Option<u32> {
    let number: u32 = name.strip_prefix("node-")?.parse().ok()?;
    number.checked_sub(1).filter(|node| *node < NODES)
}

impl Kubelet {
    /// Where the next pod goes: round the nodes, past those that are known to be silent.
    pub(super) fn next_node(&self, now: Timestamp) -> u32 {
        let first = self.bound % NODES;
        let known = |node: &u32| self.silent.get(node).is_some_and(|since| *since + SILENCE <= now);
        let nodes = (0..NODES).map(|step| (first + step) % NODES);
        nodes.clone().find(|node| !known(node)).unwrap_or(first)
    }

    /// A node falls silent with everything on it.
    pub(crate) fn lose_node(&mut self, store: &mut Store, node: u32, now: Timestamp) {
        self.silent.entry(node).or_insert(now);
        for uid in self.pods_on(node) {
            self.interfere(store, &uid, Interference::NodeLost, now);
        }
    }

    /// A node is heard again.
    pub(crate) fn return_node(&mut self, store: &mut Store, node: u32, now: Timestamp) {
        self.silent.remove(&node);
        for uid in self.pods_on(node) {
            self.interfere(store, &uid, Interference::NodeBack, now);
        }
    }

    fn pods_on(&self, node: u32) -> Vec<Arc<str>> {
        self.pods
            .values()
            .filter(|pod| pod.bound && pod.node == node)
            .map(|pod| Arc::clone(&pod.uid))
            .collect()
    }
}
