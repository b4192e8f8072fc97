//! Level 4: real kubelet, containerd and agent, the simulator as Buildkite.
