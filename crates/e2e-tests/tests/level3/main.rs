//! Level 3: a real control plane without a node; the test plays the kubelet.

mod disturbances;
mod drain;
mod runtime;
mod stacks_client;
