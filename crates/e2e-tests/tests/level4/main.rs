//! Level 4: real kubelet, containerd and agent, the simulator as Buildkite.

mod agent_process;
mod cancel;
mod cluster_cleanup;
mod demo;
mod features;
mod page;
mod pipelines;
#[cfg(test)]
mod scripts;
