//! Level 3: a real control plane without a node; the test plays the kubelet.

// Tests start in the order of their names. Those that break the API server run alone, so they come
// first, and none of the others has to wait for them half-way; short ones come next to them.
mod agreement;
mod api_server;
mod cluster_sim_kubectl;
mod create;
mod drain;
mod dry_run;
mod failures;
mod lease;
mod namespace;
mod outage;
mod refused;
mod rendered;
mod restart;
mod runtime;
mod stacks_client;
mod strategic_merge;
mod token;
mod verdicts;
